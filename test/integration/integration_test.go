// Package integration runs the library against the real jobserver process over a socket.
package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// jobserver is the path of the built command.
var jobserver string

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) {
	if url := os.Getenv(leased); url != "" {
		if err := pollWhileLeased(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "jobserver")
	if err == nil {
		jobserver = filepath.Join(dir, "jobserver")
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		err = exec.CommandContext(ctx, "go", "build", "-o", jobserver, "../../mock/cmd/jobserver").Run()
		cancel()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build jobserver:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// A process is a jobserver that runs.
type process struct {
	url  string
	cmd  *exec.Cmd
	done chan struct{} // it has ended, and so has its output
}

var listening = regexp.MustCompile(`listening on (http://\S+?)[\s",]`)

// patience is how long a process may take to start or to end.
const patience = 30 * time.Second

// serve starts a jobserver and waits until it listens. It ends with the test.
func serve(t *testing.T, args ...string) *process {
	t.Helper()
	p := start(t, args...)
	require.NotEmpty(t, p.url, "jobserver does not say where it listens")
	return p
}

// start is serve, and leaves the URL empty if the process does not listen.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(jobserver, append([]string{"serve"}, args...)...), done: make(chan struct{})}
	out, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	found := make(chan string, 1)
	go func() { // ends with the process
		defer close(p.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := listening.FindStringSubmatch(lines.Text() + " "); m != nil && len(found) == 0 {
				found <- m[1]
			}
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() { p.stop(t, syscall.SIGTERM) })
	select {
	case p.url = <-found:
	case <-p.done:
	case <-time.After(patience):
	}
	return p
}

// stop sends a signal and returns when the process has ended, with its exit code.
func (p *process) stop(t *testing.T, sig os.Signal) int {
	t.Helper()
	_ = p.cmd.Process.Signal(sig) // if it has not ended
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
		assert.Fail(t, "jobserver does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

func watch(t *testing.T, url string, opts ...jobstatus.Option) *jobstatus.Watcher {
	t.Helper()
	w, err := jobstatus.NewHTTP(url, append([]jobstatus.Option{
		jobstatus.WithBaseDelay(5 * time.Millisecond), jobstatus.WithMaxDelay(50 * time.Millisecond),
		jobstatus.WithMaxAttempts(jobstatus.Unlimited)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestJobCompletes(t *testing.T) {
	t.Parallel()
	p := serve(t, "--addr", "127.0.0.1:0", "--duration", "uniform:100ms,200ms", "--fail", "0")
	w := watch(t, p.url)
	id, err := w.CreateJob(context.Background())
	require.NoError(t, err)
	var states []jobstatus.State
	for st, err := range w.Updates(context.Background(), id) {
		require.NoError(t, err)
		states = append(states, st.State)
	}
	last := len(states) - 1
	assert.Equal(t, jobstatus.Completed, states[last])
	for _, state := range states[:last] { // none, if the machine is slow
		assert.Equal(t, jobstatus.Pending, state)
	}
}

// With --running a job is seen to run, however slow the machine is, as it does so for an hour.
func TestJobRuns(t *testing.T) {
	t.Parallel()
	p := serve(t, "--addr", "127.0.0.1:0", "--duration", "1h", "--pending", "0")
	w := watch(t, p.url)
	id, err := w.CreateJob(context.Background())
	require.NoError(t, err)
	for st, err := range w.Updates(context.Background(), id) {
		require.NoError(t, err)
		assert.Equal(t, jobstatus.Running, st.State)
		break
	}
}

// fault 12: the service answers 500 for a job that failed.
func TestJobFailsWith500(t *testing.T) {
	t.Parallel()
	p := serve(t, "--addr", "127.0.0.1:0", "--duration", "uniform:100ms,200ms", "--fail", "1")
	w := watch(t, p.url)
	id, err := w.CreateJob(context.Background())
	require.NoError(t, err)
	st, err := w.WaitForJob(context.Background(), id)
	require.ErrorIs(t, err, jobstatus.ErrJobFailed)
	assert.Equal(t, jobstatus.Failed, st.State)
	assert.Equal(t, "error", st.Raw)
}

func TestLimitsEndTheWaitAndNotTheJob(t *testing.T) {
	t.Parallel()
	p := serve(t, "--addr", "127.0.0.1:0", "--duration", "1h")
	w := watch(t, p.url)
	id, err := w.CreateJob(context.Background())
	require.NoError(t, err)
	_, err = w.WaitForJob(context.Background(), id, jobstatus.MaxAttempts(3))
	require.ErrorIs(t, err, jobstatus.ErrMaxAttempts)
	_, err = w.WaitForJob(context.Background(), id, jobstatus.Timeout(50*time.Millisecond))
	require.ErrorIs(t, err, jobstatus.ErrTimeout)
	require.NoError(t, w.CancelJob(context.Background(), id), "the job is still there")
	st, err := w.WaitForJob(context.Background(), id)
	require.ErrorIs(t, err, jobstatus.ErrJobCanceled)
	assert.Equal(t, jobstatus.Canceled, st.State)
}

// fault 18
func TestUnknownID(t *testing.T) {
	t.Parallel()
	p := serve(t, "--addr", "127.0.0.1:0")
	_, err := watch(t, p.url).WaitForJob(context.Background(), "no-such-job", jobstatus.Timeout(2*time.Second))
	require.ErrorIs(t, err, jobstatus.ErrNotFound)
	assert.False(t, errors.As(err, new(*jobstatus.WaitError)))
}

// fault 1: while the service is down the watch goes on, and it takes up with the one that comes in
// its place.
func TestServerKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	p := serve(t, "--addr", "127.0.0.1:0", "--duration", "1h")
	w := watch(t, p.url)
	id, err := w.CreateJob(context.Background())
	require.NoError(t, err)
	next, stop := iter.Pull2(w.Updates(context.Background(), id))
	defer stop()
	st, err, _ := next()
	require.NoError(t, err)
	require.Equal(t, jobstatus.Pending, st.State)

	require.Equal(t, -1, p.stop(t, syscall.SIGKILL))
	_, err = w.WaitForJob(context.Background(), id, jobstatus.MaxAttempts(3))
	require.ErrorIs(t, err, jobstatus.ErrMaxAttempts)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)

	restart := func() *process { return start(t, "--addr", p.url[len("http://"):], "--duration", "0s", "--fail", "0") }
	again := restart()
	for limit := time.Now().Add(patience); again.url == "" && time.Now().Before(limit); again = restart() {
	} // for a moment a connection of another test may have the port
	require.Equal(t, p.url, again.url)
	fresh, err := w.CreateJob(context.Background())
	require.NoError(t, err)
	st, err = w.WaitForJob(context.Background(), fresh)
	require.NoError(t, err)
	assert.Equal(t, jobstatus.Completed, st.State)

	// The new process does not know the old one's job: that is what the first watch now sees, and
	// it has not ended.
	_, err = w.WaitForJob(context.Background(), id, jobstatus.MaxAttempts(3))
	require.ErrorIs(t, err, jobstatus.ErrNotFound)
}

func TestServerEndsWellOnASignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		assert.Equal(t, 0, serve(t, "--addr", "127.0.0.1:0").stop(t, sig), sig)
	}
}
