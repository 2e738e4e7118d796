package fleet

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve returns JetStream on a server in this process that stores its data in dir, and a function
// that stops both.
func serve(t *testing.T, dir string) (jetstream.JetStream, func()) {
	t.Helper()
	s, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true})
	require.NoError(t, err)
	s.Start()
	require.True(t, s.ReadyForConnections(guard))
	closed := make(chan struct{})
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	require.NoError(t, err)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return js, func() { nc.Close(); <-closed; s.Shutdown(); s.WaitForShutdown() }
}

// fillDisk makes each write to the open files of a stream fail as on a full disk.
func fillDisk(t *testing.T, dir, stream string) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	require.NoError(t, err)
	defer full.Close()
	files, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	found := 0
	for _, f := range files {
		name, err := os.Readlink(f)
		if err != nil || !strings.HasPrefix(name, dir) || !strings.Contains(name, "/streams/"+stream+"/msgs/") {
			continue
		}
		fd, err := strconv.Atoi(filepath.Base(f))
		require.NoError(t, err)
		require.NoError(t, syscall.Dup3(int(full.Fd()), fd, 0))
		found++
	}
	require.Positive(t, found)
}

// After a write that failed, the server no longer answers messages for the stream. Submit and
// Forget do not wait for ever, and what Submit has accepted ends when the server is started again.
func TestSubmitReportsADiskThatIsFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	js, stop := serve(t, dir)
	f := open(t, js)
	names := jobIDs(20)
	submit(t, f, names...)
	fillDisk(t, dir, f.name)
	require.ErrorIs(t, f.Submit(t.Context(), Job{ID: "refused"}), ErrFull)
	require.ErrorIs(t, f.Forget(t.Context(), names[0]), ErrFull)
	_, err := f.Wait(t.Context(), "refused")
	require.ErrorIs(t, err, fs.ErrNotExist)
	stop()

	js, stop = serve(t, dir)
	defer stop()
	f = open(t, js)
	submit(t, f, "refused")
	leave := run(t, f, newService(0).watcher(t, "w"))
	for id, keys := range collect(t, f, len(names)+1) {
		assert.Len(t, keys, 1, id)
	}
	assert.Zero(t, stored(t, f))
	require.NoError(t, leave())
}
