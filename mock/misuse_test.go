package mock_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
)

// watcherOn returns a Watcher of jobs that take a minute, or no time.
func watcherOn(t *testing.T, clk *mock.Clock) *jobstatus.Watcher {
	t.Helper()
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.Job("a", mock.Pending(time.Minute), mock.Completed(nil)),
		mock.Job("now", mock.Completed(nil)))
	w, err := jobstatus.New(tr, jobstatus.WithClock(clk))
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// If a test waits and nobody moves the clock, the test fails with a message, and does not hang.
func TestAWaitThatNobodyMovesTheClockForFailsTheTest(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(t *testing.T, clk *mock.Clock, w *jobstatus.Watcher){
		"in the library": func(t *testing.T, _ *mock.Clock, w *jobstatus.Watcher) {
			_, err := w.WaitForJob(t.Context(), "a", jobstatus.MaxAttempts(jobstatus.Unlimited))
			assert.NoError(t, err, "it ends all the same")
		},
		"in Sleep": func(_ *testing.T, clk *mock.Clock, _ *jobstatus.Watcher) { clk.Sleep(time.Hour) },
		"for a goroutine": func(t *testing.T, _ *mock.Clock, w *jobstatus.Watcher) {
			done := make(chan error)
			go func() {
				_, err := w.WaitForJob(t.Context(), "a", jobstatus.MaxAttempts(jobstatus.Unlimited))
				done <- err
			}()
			assert.NoError(t, <-done)
		},
		"for a timer": func(_ *testing.T, clk *mock.Clock, _ *jobstatus.Watcher) { <-clk.After(time.Hour) },
		"for a timer that is not the first": func(_ *testing.T, clk *mock.Clock, _ *jobstatus.Watcher) {
			clk.AfterFunc(time.Second, func() {})
			<-clk.Timer(time.Hour).C
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			over := make(chan struct{})
			message := failure(t, func(tb mock.TB) {
				defer close(over)
				clk := mock.NewClock(tb)
				wait(t, clk, watcherOn(t, clk))
			})
			assert.Contains(t, message, "nobody moves the Clock")
			assert.Contains(t, message, "clk.Run(func() {")
			assert.Regexp(t, `so that the test can end: at 0s after the start; callers that wait: [01]; functions of Run and Go: 0;`, message)
			select {
			case <-over:
			case <-time.After(2 * time.Minute):
				t.Error("the test hangs")
			}
		})
	}
}

// A wait that needs no time needs nobody to move the clock. The test can move the clock for a wait
// on another goroutine.
func TestWaitsOutsideOfRunThatAreRight(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	w := watcherOn(t, clk)
	_, err := w.WaitForJob(t.Context(), "now")
	require.NoError(t, err)
	_, err = w.CreateJob(t.Context())
	require.NoError(t, err)
	done := make(chan error)
	go func() {
		_, err := w.WaitForJob(t.Context(), "a", jobstatus.MaxAttempts(jobstatus.Unlimited))
		done <- err
	}()
	for clk.Elapsed() < 2*time.Minute {
		clk.Advance(time.Second)
	}
	require.NoError(t, <-done)
}

func TestADeadlineOfAnotherClockFailsTheTest(t *testing.T) {
	t.Parallel()
	within := func(parent context.Context, clk *mock.Clock, d time.Duration) context.Context {
		ctx, cancel := clk.WithTimeout(parent, d)
		t.Cleanup(cancel)
		return ctx
	}
	realTime := func(parent context.Context) context.Context {
		ctx, cancel := context.WithTimeout(parent, time.Hour)
		t.Cleanup(cancel)
		return ctx
	}
	call := map[string]func(ctx context.Context, w *jobstatus.Watcher) error{
		"wait": func(ctx context.Context, w *jobstatus.Watcher) error {
			_, err := w.WaitForJob(ctx, "now")
			return err
		},
		"create": func(ctx context.Context, w *jobstatus.Watcher) error {
			_, err := w.CreateJob(ctx)
			return err
		},
	}
	for name, c := range map[string]struct {
		ctx  func(clk *mock.Clock) context.Context
		want bool
	}{
		"none":         {func(*mock.Clock) context.Context { return context.Background() }, false},
		"of the clock": {func(clk *mock.Clock) context.Context { return within(context.Background(), clk, time.Hour) }, false},
		"of the clock, twice": {func(clk *mock.Clock) context.Context {
			return within(within(context.Background(), clk, time.Minute), clk, time.Hour)
		}, false},
		"of the clock, and a child": {func(clk *mock.Clock) context.Context {
			return context.WithoutCancel(within(context.Background(), clk, time.Hour))
		}, false},
		"of real time":          {func(*mock.Clock) context.Context { return realTime(context.Background()) }, true},
		"of real time, within":  {func(clk *mock.Clock) context.Context { return realTime(within(context.Background(), clk, time.Hour)) }, true},
		"of real time, without": {func(clk *mock.Clock) context.Context { return within(realTime(context.Background()), clk, time.Hour) }, true},
		"of another clock":      {func(*mock.Clock) context.Context { return within(context.Background(), mock.NewClock(t), time.Hour) }, true},
	} {
		for what, call := range call {
			r := recorder{t, make(chan string, 1)}
			clk := mock.NewClock(r)
			err := call(c.ctx(clk), watcherOn(t, clk))
			if !c.want {
				assert.NoError(t, err, name)
				assert.Empty(t, r.failed, name)
				continue
			}
			assert.ErrorContains(t, err, "WithTimeout or WithDeadline of this Clock", "%s %s", what, name)
			if assert.NotEmpty(t, r.failed, name) {
				assert.Contains(t, <-r.failed, "a deadline on the real clock")
			}
		}
	}
}

func TestASocketInABubbleFailsTheTest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		message := failure(t, func(tb mock.TB) { mock.NewServer(tb) })
		assert.Contains(t, message, "InMemory")
		mock.NewServer(t, mock.InMemory())
	})
}

// The port of the Server's URL is 0. So a request past its Client fails at once, without a name
// lookup.
func TestAServerInMemoryRefusesAnyOtherClientAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mock.NewServer(t, mock.InMemory(), mock.Job("a", mock.Completed(nil)))
		w, err := jobstatus.NewHTTP(srv.URL)
		require.NoError(t, err)
		defer w.Close()
		_, err = w.WaitForJob(t.Context(), "a")
		var fault *net.OpError
		require.ErrorAs(t, err, &fault)
		assert.Equal(t, "dial", fault.Op)
		var name *net.DNSError
		assert.NotErrorAs(t, err, &name)
	})
}
