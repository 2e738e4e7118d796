package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// virtually runs test in a bubble, with a Watcher of a service in memory.
func virtually(t *testing.T, opts []jobstatus.Option, jobs []mock.Option, test func(*testing.T, *jobstatus.Watcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		service, err := mock.NewService(jobs...)
		require.NoError(t, err)
		w, err := jobstatus.New(&mock.Transport{Service: service}, append(opts, jobstatus.WithTimeout(time.Hour))...)
		require.NoError(t, err)
		defer w.Close()
		test(t, w)
	})
}

func TestTotalsCountEachWayToEnd(t *testing.T) {
	t.Parallel()
	jobs := []mock.Option{mock.Job("a", mock.Completed(nil)), mock.Job("b", mock.Failed("no space")), mock.Job("c", mock.Canceled()),
		mock.Job("d", mock.Running(30*time.Second), mock.Completed(nil))}
	virtually(t, nil, jobs, func(t *testing.T, w *jobstatus.Watcher) {
		board := New(nil)
		assert.Equal(t, Totals{}, board.Totals())
		results := 0
		for range board.WaitForJobs(t.Context(), w, slices.Values([]string{"a", "b", "c", "d", ".."})) {
			if results++; results == 4 {
				assert.Equal(t, "4 of 5 jobs · completed 1 · failed 1 · canceled 1 · gave up 1 · running 1", board.Totals().String())
			}
		}
		got := board.Totals()
		assert.GreaterOrEqual(t, got.Elapsed, 30*time.Second)
		got.Elapsed = 0
		assert.Equal(t, Totals{Taken: 5, Total: 5, Completed: 2, Failed: 1, Canceled: 1, GaveUp: 1}, got)
		assert.Equal(t, 5, got.Ended())
		assert.Zero(t, got.Running())
		time.Sleep(time.Minute)
		assert.Less(t, board.Totals().Elapsed, time.Minute, "the totals stand when the call is over")

		for range board.WaitForJobs(t.Context(), w, slices.Values([]string{"a"})) {
			assert.Equal(t, "1 of 1 jobs · completed 1 · failed 0", board.Totals().String(), "each call counts anew")
		}
	})
}

// late is an Observer that passes events on only once the wait has returned.
type late struct{ to observe.Observer }

func (l late) Observe(ctx context.Context, e *observe.Event) context.Context {
	if e.Kind == observe.WatchEnded {
		time.Sleep(settles / 2)
	}
	return l.to.Observe(ctx, e)
}

// An Observer hears of the end of a watch after the wait has returned, if it is slow.
func TestAJobWhoseEventIsLateHasItsLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		board := New(&out)
		service, err := mock.NewService(mock.Job("broken", mock.Failed("the disk is full")))
		require.NoError(t, err)
		w, err := jobstatus.New(&mock.Transport{Service: service}, jobstatus.WithObserver(late{board}))
		require.NoError(t, err)
		defer w.Close()
		began := time.Now()
		for range board.WaitForJobs(t.Context(), w, slices.Values([]string{"broken"})) {
			assert.Zero(t, time.Since(began), "the wait does not wait for the Observer")
		}
		assert.Regexp(t, `(?m)^broken +failed .*  "the disk is full"$`, out.String())
		assert.Equal(t, settles/2, time.Since(began))

		out.Reset()
		began = time.Now()
		for range board.WaitForJobs(t.Context(), w, slices.Values([]string{".."})) {
		}
		assert.Zero(t, time.Since(began), "no event is awaited for a job that was not polled")
	})
}

// A call that ends before its sequence has one result more, which is no job's.
func TestTotalsLeaveOutTheEndOfTheCallItself(t *testing.T) {
	t.Parallel()
	virtually(t, nil, []mock.Option{mock.Job("a", mock.Running(mock.Forever))}, func(t *testing.T, w *jobstatus.Watcher) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		board := New(nil, Total(7))
		yielded := 0
		for range board.WaitForJobs(ctx, w, func(yield func(string) bool) {
			yield("a")
			time.Sleep(2 * time.Minute) // it goes on for longer than the call
		}) {
			yielded++
		}
		assert.Equal(t, 2, yielded)
		assert.Equal(t, "1 of 7 jobs · completed 0 · failed 0 · gave up 1", board.Totals().String())
		time.Sleep(2 * time.Minute)
	})
}

func TestTwoCallsAtOnceAreCountedTogether(t *testing.T) {
	t.Parallel()
	jobs := []mock.Option{mock.Job("a", mock.Running(time.Minute), mock.Completed(nil)), mock.Job("b", mock.Running(time.Hour/2), mock.Completed(nil))}
	virtually(t, nil, jobs, func(t *testing.T, w *jobstatus.Watcher) {
		var out safe
		board := New(&out)
		var all sync.WaitGroup
		for _, id := range []string{"a", "b"} {
			all.Go(func() {
				for range board.WaitForJobs(t.Context(), w, slices.Values([]string{id})) {
				}
			})
		}
		all.Wait()
		assert.Equal(t, "2 of 2 jobs · completed 2 · failed 0", board.Totals().String())
		assert.Contains(t, out.String(), "1 of 2 jobs · completed 1 · failed 0 · running 1 · 2m0s\n")
	})
}

func TestTimeLeftIsWhatTheNewestJobStillTakes(t *testing.T) {
	t.Parallel()
	jobs := []mock.Option{mock.Job("a", mock.Running(50*time.Second), mock.Completed(nil)), mock.Job("b", mock.Running(5*time.Minute), mock.Completed(nil))}
	virtually(t, nil, jobs, func(t *testing.T, w *jobstatus.Watcher) {
		var board *Board
		known := false
		board = New(nil, Takes(func() time.Duration {
			if !known {
				return 0
			}
			return 2 * time.Minute
		}))
		ids := func(yield func(string) bool) {
			_ = yield("a") && func() bool { time.Sleep(10 * time.Second); return yield("b") }()
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for range board.WaitForJobs(t.Context(), w, ids) {
			}
		}()
		time.Sleep(40*time.Second + time.Nanosecond)
		assert.Zero(t, board.Totals().Left, "nothing is known")
		known = true
		assert.InDelta(t, 90*time.Second, board.Totals().Left, float64(time.Microsecond))
		time.Sleep(3 * time.Minute)
		assert.Zero(t, board.Totals().Left, "it has passed")
		<-ended
		assert.Zero(t, board.Totals().Left)
	})
}

func TestWithoutTerminalEachEndIsALineAndTheTotalsComeNowAndThen(t *testing.T) {
	t.Parallel()
	var out safe
	board := New(&out)
	jobs := []mock.Option{mock.Job("render-1", mock.Running(3*time.Second), mock.Completed(nil)),
		mock.Job("render-2", mock.Running(7*time.Second), mock.Failed("no\nspace")), mock.Job("render-3", mock.Running(mock.Forever))}
	virtually(t, []jobstatus.Option{jobstatus.WithObserver(board), every(time.Second)}, jobs, func(t *testing.T, w *jobstatus.Watcher) {
		for range board.WaitForJobs(t.Context(), w, slices.Values([]string{"render-1", "render-2", "render-3"}), jobstatus.Timeout(9*time.Second)) {
		}
	})
	assert.Equal(t, `
render-1       completed    3.0s   4 polls  at most 1.0s late
1 of 3 jobs · completed 1 · failed 0 · running 2 · 5.1s
requests N, N a second · half at most 1.1s late, nine in ten 1.1s
render-2       failed       7.0s   8 polls  at most 1.0s late  "no\nspace"
render-3       gave up      9.0s  10 polls  "timeout reached (WithTimeout raises it; Timeout does so for one wait)"
3 of 3 jobs · completed 1 · failed 1 · gave up 1 · 9.0s
requests N, N a second · half at most 1.1s late, nine in ten 1.1s
`, "\n"+regexp.MustCompile(`requests \d+, [\d.]+`).ReplaceAllString(out.String(), "requests N, N"))
}

// safe is a buffer that two goroutines use.
type safe struct {
	mu sync.Mutex
	bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.Write(p)
}

func every(d time.Duration) jobstatus.Option {
	return jobstatus.WithBackoff(constant(d))
}

func TestRangeThatIsLeftEndsTheView(t *testing.T) {
	t.Parallel()
	virtually(t, nil, []mock.Option{mock.Job("a", mock.Completed(nil)), mock.Job("b", mock.Running(mock.Forever))}, func(t *testing.T, w *jobstatus.Watcher) {
		var out safe
		board := New(&out)
		for range board.WaitForJobs(t.Context(), w, slices.Values([]string{"a", "b"})) {
			break
		}
		assert.Contains(t, out.String(), "completed 1 · failed 0 · running 1")
		assert.Panics(t, func() {
			for range board.WaitForJobs(t.Context(), w, slices.Values([]string{"a"})) {
				panic("in the body")
			}
		})
	}) // the bubble ends only if no goroutine is left
}

// broken is a writer that fails.
type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) { b.writes++; return 0, errors.New("the terminal is gone") }

func TestAnErrorOfTheWriterEndsTheViewAlone(t *testing.T) {
	t.Parallel()
	virtually(t, nil, []mock.Option{mock.Job("a", mock.Running(time.Minute), mock.Completed(nil))}, func(t *testing.T, w *jobstatus.Watcher) {
		out := &broken{}
		board := New(out)
		for _, err := range board.WaitForJobs(t.Context(), w, slices.Values([]string{"a"})) {
			require.NoError(t, err)
		}
		assert.Equal(t, 1, out.writes)
		assert.Equal(t, 1, board.Totals().Completed)
	})
}

// fault 32
func TestNilAndZeroAreTheDefault(t *testing.T) {
	t.Parallel()
	board := New(io.Discard, nil, Rows(-1), Total(-1), Takes(nil))
	w := waiter(func(_ context.Context, ids iter.Seq[string]) iter.Seq2[jobstatus.Status, error] {
		assert.Nil(t, ids)
		return func(yield func(jobstatus.Status, error) bool) {
			yield(jobstatus.Status{}, errors.New("the ids are nil"))
		}
	})
	for _, err := range board.WaitForJobs(t.Context(), w, nil) {
		require.EqualError(t, err, "the ids are nil")
	}
	assert.Equal(t, 1, board.Totals().GaveUp)
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	assert.IsType(t, &lines{}, New(file).view, "a file is no terminal")
}

// waiter is a Waiter without Stats.
type waiter func(context.Context, iter.Seq[string]) iter.Seq2[jobstatus.Status, error]

func (w waiter) WaitForJobs(ctx context.Context, ids iter.Seq[string], _ ...jobstatus.WatchOption) iter.Seq2[jobstatus.Status, error] {
	return w(ctx, ids)
}

func TestManyJobsAreWatchedAtOnce(t *testing.T) {
	t.Parallel()
	var out safe
	board := New(nil)
	board.view, board.rows = &screen{out: &out}, newRows(5)
	var ids []string
	var jobs []mock.Option
	for i := range 300 {
		ids = append(ids, fmt.Sprint("job-", i))
		jobs = append(jobs, mock.Job(ids[i], mock.Running(time.Duration(i+1)*100*time.Millisecond), mock.Completed(nil)))
	}
	virtually(t, []jobstatus.Option{jobstatus.WithObserver(board)}, jobs, func(t *testing.T, w *jobstatus.Watcher) {
		for range board.WaitForJobs(t.Context(), w, slices.Values(ids)) {
		}
	})
	assert.Equal(t, 300, board.Totals().Completed)
	assert.Equal(t, 300, strings.Count(out.String(), "  at most"))
}

// The Watcher of a Board may also wait for jobs that are no jobs of the Board's calls.
func TestJobsThatEndBetweenCallsAreNotShown(t *testing.T) {
	t.Parallel()
	for _, drawn := range []bool{false, true} {
		var out safe
		board := New(&out)
		if drawn {
			board.view, board.rows = &screen{out: &out}, newRows(1)
		}
		jobs := []mock.Option{mock.Job("before", mock.Failed("no")), mock.Job("mine", mock.Running(time.Second), mock.Failed("no")),
			mock.Job("after", mock.Failed("no")), mock.Job("last", mock.Running(time.Second), mock.Failed("no"))}
		virtually(t, []jobstatus.Option{jobstatus.WithObserver(board)}, jobs, func(t *testing.T, w *jobstatus.Watcher) {
			for _, ids := range [][]string{{"before", "mine"}, {"after", "last"}} {
				_, err := w.WaitForJob(t.Context(), ids[0])
				require.ErrorIs(t, err, jobstatus.ErrJobFailed)
				for range board.WaitForJobs(t.Context(), w, slices.Values(ids[1:])) {
				}
				assert.NotContains(t, out.String(), ids[0])
				assert.Contains(t, out.String(), ids[1])
			}
		})
		assert.Empty(t, board.rows.ends)
	}
}

// A job that waits for a person is told of once each time it comes to it, with what it asks for.
func TestABoardShowsTheJobsThatWaitForAPerson(t *testing.T) {
	t.Parallel()
	for _, drawn := range []bool{false, true} {
		f, text := newFeed(2), new(strings.Builder)
		b := &Board{view: &lines{out: text}, shows: true, calls: 1, began: f.now}
		var out fmt.Stringer = text
		if drawn {
			shown := &terminal{width: 100}
			b.view, b.rows, out = &screen{out: shown, paint: paint{marks: true}}, *f.rows, shown
		}
		b.totals = Totals{Taken: 2}
		tell := func(kind observe.Kind, state transport.State, err error) {
			e := observe.Event{Kind: kind, Time: f.now, ID: "deploy-1", Attempt: 3, Elapsed: 4 * time.Second, Err: err,
				Status: transport.Status{ID: "deploy-1", State: state, Message: "approve production"}}
			b.Observe(t.Context(), &e)
		}
		const line = `deploy-1       blocked      4.0s   3 polls  "approve production"`
		told := func() int {
			require.NoError(t, b.view.draw(b.frame(f.now)))
			return strings.Count(out.String(), line)
		}
		tell(observe.Answered, transport.Running, nil)
		assert.Zero(t, told())
		tell(observe.Answered, transport.Blocked, nil)
		tell(observe.Answered, transport.Blocked, nil)
		tell(observe.Answered, transport.Blocked, errors.New("503"))
		assert.Equal(t, 1, told())
		assert.Equal(t, 1, b.Totals().Blocked)
		assert.Equal(t, "0 of 2 jobs · completed 0 · failed 0 · running 2 · blocked 1", b.Totals().String())
		if drawn {
			assert.Contains(t, out.String(), "! "+line)
			assert.Contains(t, out.String(), "deploy-1   blocked    ─")
		}
		tell(observe.Notified, transport.Running, nil)
		assert.Zero(t, b.Totals().Blocked)
		tell(observe.Notified, transport.Blocked, nil)
		assert.Equal(t, 2, told())
		assert.Equal(t, 1, b.Totals().Blocked)
		tell(observe.WatchEnded, transport.Blocked, jobstatus.ErrBlocked)
		assert.Zero(t, b.Totals().Blocked)
		assert.Equal(t, 2, told())
	}
}

// Numbers that count up are ids of many services.
func TestBlockedJobsOfTwoServicesAreCountedApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := New(nil)
		var all sync.WaitGroup
		for kind, step := range map[string]mock.Step{"build": mock.Blocked(time.Minute), "deploy": mock.Running(2 * time.Minute), "release": mock.Blocked(3 * time.Minute)} {
			w, err := jobstatus.New(mock.NewTransport(t, mock.Job("7", step, mock.Completed(nil))), jobstatus.WithObserver(b), jobstatus.WithTimeout(time.Hour))
			require.NoError(t, err)
			defer w.Close()
			all.Go(func() {
				for _, err := range b.WaitForJobs(t.Context(), w, slices.Values([]string{"7"}), jobstatus.Kind(kind)) {
					assert.NoError(t, err)
				}
			})
		}
		time.Sleep(30 * time.Second)
		assert.Equal(t, 2, b.Totals().Blocked)
		time.Sleep(time.Minute)
		assert.Equal(t, "1 of 3 jobs · completed 1 · failed 0 · running 2 · blocked 1", b.Totals().String())
		all.Wait()
		assert.Zero(t, b.Totals().Blocked)
	})
}
