//go:build unix

package integration

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// underWay bounds the requests that were being sent as the process was stopped.
const underWay = 16

// fault 40: a process that stood still polls nothing before it has seen that its lease is over.
func TestAfterAStandstillALeaseThatIsOverIsSeenFirst(t *testing.T) {
	t.Parallel()
	var polls atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		polls.Add(1)
		_, _ = w.Write([]byte(`{"payload":{"status":"running"}}`))
	}))
	defer srv.Close()
	self, err := os.Executable()
	require.NoError(t, err)
	p := exec.Command(self)
	p.Env = append(os.Environ(), leased+"="+srv.URL)
	require.NoError(t, p.Start())
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }() // ends with the process
	defer func() { _ = p.Process.Kill() }()
	until(t, func() bool { return polls.Load() > 200 })
	require.NoError(t, p.Process.Signal(syscall.SIGSTOP))
	began, before := time.Now(), int64(0)
	until(t, func() bool { before = polls.Load(); return time.Since(began) > 2*lease })
	require.NoError(t, p.Process.Signal(syscall.SIGCONT))
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("the process does not end")
	}
	assert.LessOrEqual(t, polls.Load()-before, int64(underWay), "polls after the standstill")
}

// until waits for what comes in real time.
func until(t *testing.T, done func() bool) {
	t.Helper()
	require.Eventually(t, done, patience, time.Millisecond)
}
