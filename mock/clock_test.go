package mock_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock"
)

// start is the time that a new Clock shows.
var start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEventsHappenInOrderAndTheClockShowsTheirTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		delays := rapid.SliceOf(rapid.IntRange(-2, 20)).Draw(r, "delays in seconds")
		stopped := rapid.SliceOfN(rapid.Bool(), len(delays), len(delays)).Draw(r, "stopped")
		clk := mock.NewClock(t)
		var mu sync.Mutex
		var got, want []string
		for at := range 21 {
			for i, d := range delays {
				if max(d, 0) == at && !stopped[i] {
					want = append(want, fmt.Sprint(i, " at ", at))
				}
			}
		}
		for i, d := range delays {
			timer := clk.AfterFunc(time.Duration(d)*time.Second, func() {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, fmt.Sprint(i, " at ", clk.Elapsed().Seconds()))
			})
			if stopped[i] {
				assert.True(t, timer.Stop())
				assert.False(t, timer.Stop())
			}
		}
		clk.Advance(30 * time.Second)
		assert.Equal(t, want, got)
		assert.Equal(t, start.Add(30*time.Second), clk.Now())
	})
}

func TestNextMovesToTheNextInstantAndThroughAllThatIsDueThen(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	var order []string
	note := func(s string) func() { return func() { order = append(order, s) } }
	clk.AfterFunc(time.Second, func() {
		note("a")()
		clk.AfterFunc(0, note("c"))
	})
	clk.AfterFunc(time.Second, note("b"))
	clk.AfterFunc(time.Minute, note("d"))
	stopped := clk.AfterFunc(time.Millisecond, note("stopped"))
	assert.True(t, stopped.Stop())
	assert.Equal(t, time.Second, clk.Next())
	assert.Equal(t, []string{"a", "b", "c"}, order)
	assert.Equal(t, 59*time.Second, clk.Next())
	assert.Equal(t, []string{"a", "b", "c", "d"}, order)
}

func TestTimersFire(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	after, timer := clk.After(time.Second), clk.Timer(2*time.Second)
	clk.Advance(time.Minute)
	assert.Equal(t, start.Add(time.Second), <-after)
	assert.Equal(t, start.Add(2*time.Second), <-timer.C)
	assert.False(t, timer.Stop(), "it has fired")
	assert.Equal(t, -time.Minute, clk.Until(start))
}

func TestRunMovesTimeWhileItsFunctionWaits(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	var slept time.Duration
	clk.Run(func() {
		for range 1000 {
			clk.Sleep(time.Hour)
		}
		slept = clk.Elapsed()
	})
	assert.Equal(t, 1000*time.Hour, slept)
}

// The same steps of several callers happen in the same order in each run.
func TestEachRunTakesTheSameCourse(t *testing.T) {
	t.Parallel()
	course := func() string {
		clk := mock.NewClock(t)
		var mu sync.Mutex
		var b strings.Builder
		for i := range 4 {
			ready := make(chan struct{})
			clk.Go(func() {
				for n := range 8 {
					d := time.Duration((i*7+n*5)%4) * time.Second
					clk.AfterFunc(d, func() {
						mu.Lock()
						defer mu.Unlock()
						fmt.Fprint(&b, i, n, "@", clk.Elapsed().Seconds(), " ")
					})
					if n == 0 {
						close(ready)
					}
					clk.Sleep(time.Duration(1+(i+n)%3) * time.Second)
				}
			})
			<-ready
			clk.Advance(time.Duration(i) * time.Second)
		}
		clk.Advance(time.Minute)
		return b.String()
	}
	want := course()
	assert.Contains(t, want, "3 7@")
	for range 500 {
		require.Equal(t, want, course())
	}
}

func TestContextsEndOnTheClock(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	ctx, cancel := clk.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	at, ok := ctx.Deadline()
	assert.True(t, ok)
	assert.Equal(t, start.Add(time.Minute), at)
	child, cancelChild := context.WithCancel(ctx)
	defer cancelChild()
	require.NoError(t, ctx.Err())
	clk.Run(func() {
		track := clk.Tracker() // as the library does around a call that may sleep
		track.Begin()
		track.Park()
		err := wait.Sleep(child, clk, time.Hour)
		track.Unpark()
		track.End()
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
	<-ctx.Done()
	require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
	assert.Equal(t, time.Minute, clk.Elapsed())

	ctx, cancel = clk.WithDeadline(context.Background(), start.Add(time.Hour))
	cancel()
	require.ErrorIs(t, ctx.Err(), context.Canceled)
}

func TestStoppedTimersDoNotPileUp(t *testing.T) {
	clk := mock.NewClock(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 200_000 {
		clk.AfterFunc(time.Hour, func() { t.Error("a stopped timer fired") }).Stop()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(4<<20))
	clk.Advance(2 * time.Hour)
}

// recorder is a test that can fail.
type recorder struct {
	mock.TB
	failed chan string
}

func (r recorder) Errorf(format string, args ...any) { r.failed <- fmt.Sprintf(format, args...) }

func (r recorder) Fatalf(format string, args ...any) {
	r.failed <- fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure returns the message with which f fails a test.
func failure(t *testing.T, f func(t mock.TB)) string {
	t.Helper()
	r := recorder{t, make(chan string, 1)}
	go f(r)
	select {
	case message := <-r.failed:
		return message
	case <-time.After(2 * time.Minute): // a busy machine needs longer to see that nothing happens
		return "it did not fail"
	}
}

// A wait without a limit for a job that never ends polls without end.
func TestARunThatNeverEndsFails(t *testing.T) {
	t.Parallel()
	message := failure(t, func(tb mock.TB) {
		clk := mock.NewClock(tb)
		clk.Bound(time.Hour, time.Millisecond)
		w, err := jobstatus.New(mock.NewTransport(t, mock.WithClock(clk), mock.KeepCalls(0), mock.Job("a", mock.Running(mock.Forever))),
			jobstatus.WithClock(clk), jobstatus.WithTimeout(jobstatus.Unlimited))
		require.NoError(t, err)
		t.Cleanup(func() { _ = w.Close() })
		clk.Run(func() { _, _ = w.WaitForJob(context.Background(), "a") })
	})
	assert.Regexp(t, `^mock: Run has advanced the Clock by 1h0m.*, and its function has not returned: a wait in it may never end\. Give each`, message)
}

func TestARunMayTakeLongOnOneClock(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	clk.Bound(time.Hour, time.Hour)
	clk.Run(func() { clk.Sleep(100 * 24 * time.Hour) })
	clk.Bound(200*24*time.Hour, 0)
	clk.Run(func() { clk.Sleep(100 * 24 * time.Hour) })
}

// It is not parallel. On a busy machine, the goroutines of other tests make the state uncertain,
// and the message says so.
func TestMisuseFailsTheTestWithAReason(t *testing.T) {
	stuck := make(chan struct{})
	t.Cleanup(func() { close(stuck) })
	for name, c := range map[string]struct {
		f    func(clk *mock.Clock)
		says []string
	}{
		"no event":      {func(clk *mock.Clock) { clk.Next() }, []string{"there is no next event"}},
		"ticker":        {func(clk *mock.Clock) { clk.Ticker(time.Second) }, []string{"has no tickers"}},
		"reset":         {func(clk *mock.Clock) { clk.Blind(); clk.AfterFunc(time.Hour, func() {}).Reset(1) }, []string{"a timer of the Clock was reset"}},
		"lasting wait":  {func(clk *mock.Clock) { clk.Run(func() { clk.Tracker().Park(); <-stuck }) }, []string{"nothing can happen any more", "callers that wait: 1; functions of Run and Go: 1;", "timers: 0"}},
		"nobody has it": {func(clk *mock.Clock) { clk.Run(func() { <-stuck }) }, []string{"nothing can happen any more", "Is it given to the Watcher, by jobstatus.WithClock?"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := failure(t, func(t mock.TB) { c.f(mock.NewClock(t)) })
			for _, part := range c.says {
				assert.Contains(t, message, part)
			}
		})
	}
}

func TestRunFailsWithItsFunction(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "as it says", failure(t, func(t mock.TB) {
		mock.NewClock(t).Run(func() { t.Fatalf("as it says") })
		t.Fatalf("Run returned")
	}))
	assert.PanicsWithValue(t, "boom", func() { mock.NewClock(t).Run(func() { panic("boom") }) })
}

var _ clock.Clock = (*mock.Clock)(nil)
