package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is what one call of the command printed and returned.
type result struct {
	code        int
	out, errors string
}

// call runs the command with an input and arguments. Durations are kept in a folder of the test.
func call(t *testing.T, ctx context.Context, stdin string, args ...string) result { //nolint:revive // t first, as in all helpers
	t.Helper()
	var out, errs bytes.Buffer
	code := run(ctx, args, strings.NewReader(stdin), &out, &errs)
	return result{code, out.String(), errs.String()}
}

// waitFor runs a wait with a cache of its own.
func waitFor(t *testing.T, args ...string) result {
	t.Helper()
	return call(t, t.Context(), "", append(args, "--cache", t.TempDir())...)
}

func TestTheExitCodeTellsHowTheWaitEnded(t *testing.T) {
	t.Parallel()
	github := dialects.GitHubActionsRun("golang/go").Dialect
	own := rest.Dialect{State: "state", Error: "why", States: map[string]transport.State{"ok": transport.Completed, "on": transport.Running, "bad": transport.Failed, "off": transport.Canceled}}
	for _, c := range []struct {
		name    string
		dialect rest.Dialect
		steps   []mock.Step
		args    []string
		code    int
		says    string // on the standard output, or else on the other one
	}{
		{"a run that completed", github, []mock.Step{mock.Completed(nil)}, []string{"github-run", "golang/go", "7"}, 0, "7: completed"},
		{"a run that failed", github, []mock.Step{mock.Failed("")}, []string{"github-run", "golang/go", "7"}, 1, `job "7" failed`},
		{"a run that was canceled", github, []mock.Step{mock.Canceled()}, []string{"github-run", "golang/go", "7"}, 2, `job "7" canceled`},
		{"a run that goes on", github, []mock.Step{mock.Running(mock.Forever)}, []string{"github-run", "golang/go", "7", "--timeout", "50ms"}, 3, "timeout reached (--timeout raises it); "},
		{"a run that waits for a person", github, []mock.Step{mock.Answer(200, `{"status":"waiting"}`), mock.Completed(nil)}, []string{"github-run", "golang/go", "7", "--stop-when-blocked"}, 3, "blocked"},
		{"a URL with the usual words", rest.Dialect{}, []mock.Step{mock.Completed(nil)}, []string{"/status/7"}, 0, "/status/7: completed"},
		{"a URL with words of its own", own, []mock.Step{mock.Completed(nil)}, []string{"/status/7", "--state", "state", "--done", "ok"}, 0, "completed (ok)"},
		{"a failure at a URL", own, []mock.Step{mock.Failed("no disk")}, []string{"/status/7", "--state=state", "--done=ok", "--failed=bad", "--error=why"}, 1, "no disk"},
		{"an end by cancel at a URL", own, []mock.Step{mock.Canceled()}, []string{"--state", "state", "/status/7", "--canceled", "off"}, 2, "canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := mock.NewServer(t, mock.WithDialect(c.dialect), mock.Job("7", c.steps...))
			args := append([]string{"--base-url", srv.URL}, c.args...) // flags may stand before and after
			if strings.HasPrefix(c.args[0], "/") || strings.HasPrefix(c.args[0], "--") {
				args = c.args
				for i := range args {
					if strings.HasPrefix(args[i], "/") {
						args[i] = srv.URL + args[i]
					}
				}
			}
			r := waitFor(t, args...)
			assert.Equal(t, c.code, r.code, r)
			assert.Contains(t, r.out+r.errors, c.says)
			assert.NotContains(t, r.errors, "jobstatus:")
		})
	}
}

// TestAWordThatIsNotDoneIsNoSuccess: once --done names the word, the usual ones mean nothing.
func TestAWordThatIsNotDoneIsNoSuccess(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"s":"completed"}`)) }))
	t.Cleanup(srv.Close)
	r := waitFor(t, srv.URL, "--state", "s", "--done", "ok", "--timeout", "2s")
	assert.Equal(t, exitGaveUp, r.code, r)
	assert.Contains(t, r.errors, `"completed" is no word for a state (--done, --failed and others name words)`)
	r = waitFor(t, srv.URL, "--state", "s", "--failed", "Completed")
	assert.Equal(t, exitFailed, r.code, r)
}

func TestUpdatesArePrintedInTheirOrder(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.Job("7", mock.Running(mock.Polls(1)), mock.Completed(nil)))
	r := waitFor(t, srv.URL+"/status/7")
	assert.Equal(t, "/status/7: running\n/status/7: completed\n", r.out)
	r = waitFor(t, srv.URL+"/status/7", "--show", "none")
	assert.Empty(t, r.out)
	r = waitFor(t, srv.URL+"/status/7", "--show", "line")
	assert.Contains(t, r.out, "\r")
	assert.Contains(t, r.out, strings.Repeat("━", barWidth)+" 0s  /status/7: completed\x1b[")
	assert.True(t, strings.HasSuffix(r.out, "\n"))
}

func TestAnEndedContextGivesUp(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.Job("7", mock.Running(mock.Forever)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := call(t, ctx, "", srv.URL+"/status/7", "--cache", t.TempDir())
	assert.Equal(t, exitGaveUp, r.code, r)
	assert.Contains(t, r.errors, "context canceled")
}

// TestTheFirstRequestIsMadeAtOnce: the job may have ended before the wait began.
func TestTheFirstRequestIsMadeAtOnce(t *testing.T) {
	t.Parallel()
	l := adaptive.New()
	assert.Zero(t, eager{l}.Next(backoff.Poll{Key: "7"}))
	assert.Equal(t, l.Next(backoff.Poll{Key: "7", Attempt: 1}), eager{l}.Next(backoff.Poll{Key: "7", Attempt: 1}))
	assert.Positive(t, l.Next(backoff.Poll{Key: "7"}))
}

func TestDurationsAreKept(t *testing.T) {
	t.Parallel()
	script := []mock.Step{mock.Running(30 * time.Millisecond), mock.Completed(nil)}
	srv := mock.NewServer(t, mock.Job("a", script...), mock.Job("b", script...), mock.Job("c", script...))
	folder := t.TempDir()
	jobs := func() float64 {
		files, err := filepath.Glob(filepath.Join(folder, "*.durations"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		l := adaptive.New()
		saved, err := os.ReadFile(files[0])
		require.NoError(t, err)
		require.NoError(t, l.UnmarshalBinary(saved))
		f, _ := l.Forecast("k")
		return float64(f.Jobs)
	}
	for i, id := range []string{"a", "b", "c"} {
		r := call(t, t.Context(), "", srv.URL+"/status/"+id, "--cache", folder, "--kind", "k")
		require.Equal(t, exitCompleted, r.code, r)
		require.Empty(t, r.errors)
		assert.EqualValues(t, i+1, jobs())
	}
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 1, "no temporary file is left")

	// A file that is damaged is no reason not to wait.
	require.NoError(t, os.WriteFile(filepath.Join(folder, files[0].Name()), []byte("rubbish"), 0o600))
	r := call(t, t.Context(), "", srv.URL+"/status/a", "--cache", folder, "--kind", "k")
	assert.Equal(t, exitCompleted, r.code, r)
	assert.Contains(t, r.errors, "no durations are known")
	assert.EqualValues(t, 1, jobs())
	r = call(t, t.Context(), "", srv.URL+"/status/a", "--no-cache")
	assert.Equal(t, exitCompleted, r.code, r)
}

func TestWhatAnotherWaitHasKeptIsNotLost(t *testing.T) {
	t.Parallel()
	m, err := newMemory(t.TempDir(), "k")
	require.NoError(t, err)
	other, err := newMemory(filepath.Dir(m.file), "k")
	require.NoError(t, err)
	for _, memory := range []*memory{m, other} { // both began before either ended
		l := adaptive.New()
		require.NoError(t, memory.load(l))
		l.Observe(ended("k"))
		defer func() { require.NoError(t, memory.save(l)) }()
	}
	t.Cleanup(func() {
		l := adaptive.New()
		require.NoError(t, m.load(l))
		f, _ := l.Forecast("k")
		assert.EqualValues(t, 2, f.Jobs)
	})
}

// Whatever the file of durations holds, a wait that begins with it leaves one that can be read.
func FuzzDurations(f *testing.F) {
	l := adaptive.New()
	l.Observe(ended("k"))
	saved, err := l.MarshalBinary()
	require.NoError(f, err)
	f.Add(saved)
	f.Add(saved[:len(saved)-1])
	f.Add([]byte{})
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := newMemory(folder, "k")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(m.file, data, 0o600))
		l := adaptive.New()
		if err := m.load(l); err != nil {
			require.ErrorContains(t, err, m.file)
			l = adaptive.New()
		}
		l.Observe(ended("k"))
		require.NoError(t, m.save(l))
		l = adaptive.New()
		require.NoError(t, m.load(l))
		known, _ := l.Forecast("k")
		require.NotZero(t, known.Jobs)
		files, err := os.ReadDir(folder)
		require.NoError(t, err)
		require.Len(t, files, 1)
	})
}

// service answers that a job is done to whoever has the credential, and 401 to others.
func service(t *testing.T, header, value string) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get(header) != value {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"payload":{"status":"completed"}}`))
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/status/7", asked
}

func TestATokenComesFromTheEnvironmentOrACommand(t *testing.T) {
	t.Setenv("JOBWAIT_TEST_TOKEN", "canary-1")
	t.Setenv("JOBWAIT_TEST_USER", "ann:canary-2")
	bearer, _ := service(t, "Authorization", "Bearer canary-1")
	named, _ := service(t, "X-Token", "canary-1")
	basic, _ := service(t, "Authorization", "Basic YW5uOmNhbmFyeS0y")
	for _, args := range [][]string{
		{bearer, "--token-env", "JOBWAIT_TEST_TOKEN"},
		{bearer, "--token-command", "echo canary-1"},
		{named, "--token-env", "JOBWAIT_TEST_TOKEN", "--token-header", "X-Token"},
		{basic, "--token-env", "JOBWAIT_TEST_USER", "--basic"},
		{basic, "--token-command", "echo ann:canary-2", "--basic"},
	} {
		r := waitFor(t, append(args, "--verbose")...)
		assert.Equal(t, exitCompleted, r.code, args, r)
		assert.NotContains(t, r.out+r.errors, "canary", args)
	}
	for _, args := range [][]string{
		{bearer},
		{bearer, "--token-command", "echo canary-9"},
		{bearer, "--token-command", "exit 3"},
		{bearer, "--token-command", "true"},
		{bearer, "--token-command", "echo a; echo b"},
	} {
		r := waitFor(t, args...)
		assert.Equal(t, exitGaveUp, r.code, args, r)
		assert.NotContains(t, r.out+r.errors, "canary", args)
	}
}
