package embedded_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/fleet/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStartKeepsItsDataAcrossARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	js, stop, err := embedded.Start(dir)
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "s", Subjects: []string{"a"}})
	require.NoError(t, err)
	_, err = js.Publish(t.Context(), "a", []byte("kept"))
	require.NoError(t, err)
	stop()

	js, stop, err = embedded.Start(dir)
	require.NoError(t, err)
	defer stop()
	s, err := js.Stream(t.Context(), "s")
	require.NoError(t, err)
	m, err := s.GetMsg(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, "kept", string(m.Data))
}

func TestStartOpensNoSocket(t *testing.T) {
	t.Parallel()
	js, stop, err := embedded.Start(t.TempDir())
	require.NoError(t, err)
	defer stop()
	assert.Equal(t, "pipe", js.Conn().ConnectedAddr())
}

func TestStartRefusesADirectoryItCannotUse(t *testing.T) {
	t.Parallel()
	_, _, err := embedded.Start("")
	require.ErrorContains(t, err, "the directory is empty")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, _, err = embedded.Start(file)
	require.ErrorContains(t, err, file)
}

func TestStartTellsTheLimitOfItsStorage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 {
		js, stop, err := embedded.Start(dir)
		require.NoError(t, err)
		account, err := js.AccountInfo(t.Context())
		require.NoError(t, err)
		assert.Positive(t, account.Limits.MaxStore)
		_, err = js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "s", Subjects: []string{"a"}})
		require.NoError(t, err)
		_, err = js.Publish(t.Context(), "a", []byte("stored"))
		require.NoError(t, err)
		stop()
	}
	js, stop, err := embedded.Start(dir)
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "reserved", Subjects: []string{"b"}, MaxBytes: 1 << 20})
	require.NoError(t, err)
	stop()
	_, stop, err = embedded.Start(dir)
	require.NoError(t, err, "a stream has a limit of its own")
	stop()
}
