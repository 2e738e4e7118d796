package mock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
)

func TestReplayAnswersOthersThanGetInTheirOrder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "r.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"version":1,"exchanges":[
		{"at":"0s","method":"POST","path":"/","code":503,"header":{"Retry-After":"1"}},
		{"at":"1s","method":"POST","path":"/","code":200,"base64":"AP8="}]}`), 0o600))
	srv := mock.NewServer(t, mock.Replay(file))
	assert.Equal(t, "503 ", ask(t, "POST", srv.URL+"/"))
	for range 2 {
		assert.Equal(t, "200 \x00\xff", ask(t, "POST", srv.URL+"/"))
	}
	assert.Equal(t, `404 {"message":"not recorded: GET /status/a?token=%5Bredacted%5D"}`, ask(t, "GET", srv.URL+"/status/a?token=x"))
}

func TestRecordingsThatCannotBeFailTheTestWithTheirLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "r.json")
	for text, want := range map[string]string{
		``:                               "EOF",
		`{"version":2}`:                  "its version is 2",
		`{"version":1}`:                  "it is empty",
		`{"version":1,"more":1}`:         "unknown field",
		`{"version":1,"exchanges":[{}]}`: "exchange 1: its times",
		`{"version":1,"exchanges":[{"at":"0s","method":"GET","path":"/","code":200,"base64":"!"}]}`:                                     "illegal base64",
		`{"version":1,"exchanges":[{"at":"2s","method":"GET","path":"/","code":200},{"at":"1s","method":"GET","path":"/","code":200}]}`: "exchange 2: its times",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		message := failure(t, func(t mock.TB) { mock.NewServer(t, mock.Replay(file)) })
		assert.Contains(t, message, want)
		assert.Contains(t, message, "replay_test.go:")
	}
	assert.Contains(t, failure(t, func(t mock.TB) { mock.NewServer(t, mock.Replay(file+"x")) }), "no such file")
	require.NoError(t, os.WriteFile(file, []byte(`{"version":1,"exchanges":[{"at":"0s","method":"GET","path":"/","code":200}]}`), 0o600))
	assert.Contains(t, failure(t, func(t mock.TB) { mock.NewTransport(t, mock.Replay(file)) }), "Replay needs HTTP")
}

func FuzzReplay(f *testing.F) {
	f.Add([]byte(`{"version":1,"exchanges":[{"at":"0s","took":"1ms","method":"GET","path":"/status/a","code":200,"json":{}}]}`))
	f.Add([]byte(`{"version":1,"exchanges":[{"at":"-1s","method":"GET","path":"/","code":200}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "r.json")
		require.NoError(t, os.WriteFile(file, data, 0o600))
		s, err := mock.NewService(mock.Replay(file))
		require.NotNil(t, s)
		if err != nil {
			assert.ErrorContains(t, err, "replay of")
		}
	})
}
