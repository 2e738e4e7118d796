package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// every asks at once and then each d.
func every(d time.Duration) jobstatus.Option {
	return jobstatus.WithBackoff(backoff.Func(func(p backoff.Poll) time.Duration {
		if p.Attempt == 0 {
			return 0
		}
		return d
	}))
}

func seconds(s ...float64) []time.Duration {
	var ds []time.Duration
	for _, s := range s {
		ds = append(ds, time.Duration(s*float64(time.Second)))
	}
	return ds
}

func TestWaitPollsOnScheduleUntilTheJobCompletes(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(4, jobstatus.Completed))
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			st, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
			assert.Equal(w, jobstatus.Status{ID: "a", State: jobstatus.Completed, Raw: "completed"}, st)
		})
		assert.Equal(w, seconds(0, 1, 2, 3), s.polls("a"))
	})
}

func TestDefaultScheduleAsksAtOnceAndStaysWithinItsBounds(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s)
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
		})
		polls := s.polls("a")
		require.Len(w, polls, jobstatus.DefaultMaxAttempts)
		assert.Zero(w, polls[0])
		wait := jobstatus.DefaultBaseDelay
		for i := range polls[1:] {
			gap := polls[i+1] - polls[i]
			assert.LessOrEqual(w, gap, wait)
			assert.GreaterOrEqual(w, gap, wait/2)
			wait = min(2*wait, jobstatus.DefaultMaxDelay)
		}
	})
}

// A longest delay that is less than the default of the first one bounds that, too.
func TestALongestDelayBoundsTheDefaultOfTheFirst(t *testing.T) {
	inVirtualTime(t, func(w world) {
		const longest = 50 * time.Millisecond
		s := w.service(never)
		watcher := w.watcher(s, jobstatus.WithMaxDelay(longest))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
		})
		polls := s.polls("a")
		for i := range polls[1:] {
			assert.LessOrEqual(w, polls[i+1]-polls[i], longest)
			assert.GreaterOrEqual(w, polls[i+1]-polls[i], longest/2)
		}
	})
}

// fault 16: jitter is on by default. Jobs that begin together do not stay together.
func TestTheDefaultScheduleDiffersFromJobToJob(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s)
		const n = 50 // few enough that all are polled at once
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(n)) {
				require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
			}
		})
		for attempt := 1; attempt < jobstatus.DefaultMaxAttempts; attempt++ {
			gaps := map[time.Duration]bool{}
			least, most := time.Hour, time.Duration(0)
			for id := range ids(n) {
				polls := s.polls(id)
				gap := polls[attempt] - polls[attempt-1]
				gaps[gap] = true
				least, most = min(least, gap), max(most, gap)
			}
			assert.Greater(w, len(gaps), n/2, "waits before poll %d", attempt)
			assert.Greater(w, most-least, most/4, "waits before poll %d", attempt)
		}
	})
}

func TestWaitReturnsJobErrorTogetherWithTheStatus(t *testing.T) {
	for state, sentinel := range map[jobstatus.State]error{
		jobstatus.Failed:   jobstatus.ErrJobFailed,
		jobstatus.Canceled: jobstatus.ErrJobCanceled,
	} {
		t.Run(state.String(), func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				watcher := w.watcher(w.service(func(context.Context, string, int) (jobstatus.Status, error) {
					return jobstatus.Status{State: state, Message: "disk full"}, nil
				}))
				w.run(func() {
					st, err := watcher.WaitForJob(context.Background(), "a")
					var jobErr *jobstatus.JobError
					require.ErrorAs(w, err, &jobErr)
					assert.Equal(w, st, jobErr.Status)
					assert.Equal(w, jobstatus.Status{ID: "a", State: state, Message: "disk full"}, st)
					assert.EqualError(w, err, fmt.Sprintf(`jobstatus: job "a" %v: "disk full"`, state))
					for _, s := range []error{jobstatus.ErrJobFailed, jobstatus.ErrJobCanceled, jobstatus.ErrTimeout,
						jobstatus.ErrMaxAttempts, jobstatus.ErrNotFound, jobstatus.ErrClosed} {
						assert.Equal(w, s == sentinel, errors.Is(err, s), "errors.Is(err, %v)", s)
					}
				})
			})
		})
	}
}

// fault 39: what a wait that gave up saw last is in its error.
func TestWaitThatReachesItsAttemptsTellsWhatItSaw(t *testing.T) {
	inVirtualTime(t, func(w world) {
		refused := errors.New("connection refused")
		watcher := w.watcher(w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			if n == 3 {
				return jobstatus.Status{}, refused
			}
			return jobstatus.Status{State: jobstatus.Running, Raw: "encoding"}, nil
		}), every(time.Second), jobstatus.WithMaxAttempts(3))
		w.run(func() {
			st, err := watcher.WaitForJob(context.Background(), "a")
			var waitErr *jobstatus.WaitError
			require.ErrorAs(w, err, &waitErr)
			require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
			require.ErrorIs(w, err, refused)
			assert.Equal(w, jobstatus.Status{ID: "a", State: jobstatus.Running, Raw: "encoding"}, st)
			assert.Equal(w, st, waitErr.Last)
			assert.Equal(w, 3, waitErr.Polls)
			assert.Equal(w, 2*time.Second, waitErr.Elapsed)
			assert.Contains(w, err.Error(), "WithMaxAttempts")
			assert.Contains(w, err.Error(), "connection refused")
		})
	})
}

func TestTimeoutIsPrecededByALastLook(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s, every(40*time.Second), jobstatus.WithTimeout(time.Minute))
		w.run(func() {
			began := w.clock.Now()
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.ErrorIs(w, err, jobstatus.ErrTimeout)
			require.ErrorIs(w, err, context.DeadlineExceeded)
			assert.Contains(w, err.Error(), "WithTimeout")
			assert.Equal(w, time.Minute, w.clock.Since(began))
		})
		assert.Equal(w, seconds(0, 40, 59), s.polls("a"))
	})
}

func TestTheLastLookCanFindTheEnd(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(2, jobstatus.Completed)), every(time.Hour))
		w.run(func() {
			st, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(5*time.Second))
			require.NoError(w, err)
			assert.Equal(w, jobstatus.Completed, st.State)
		})
	})
}

// A wait before the first poll is a wait too.
func TestTheLastLookIsTakenWhereTheFirstPollWouldComeTooLate(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(1, jobstatus.Completed))
		watcher := w.watcher(s, jobstatus.WithBackoff(backoff.Func(func(backoff.Poll) time.Duration { return time.Hour })))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(time.Minute))
			require.NoError(w, err)
		})
		assert.Equal(w, seconds(59), s.polls("a")) // the service counts from when it was made
	})
}

func TestAWaiterThatJoinsHasALastLookOfItsOwn(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s, every(time.Hour), jobstatus.WithTimeout(3*time.Hour))
		w.run(func() {
			for range watcher.Updates(context.Background(), "a") { // has made its first poll, and goes on
				_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(time.Minute))
				require.ErrorIs(w, err, jobstatus.ErrTimeout)
				break
			}
		})
		assert.Equal(w, seconds(0, 59), s.polls("a"))
	})
}

// A waiter that joins does not make the service be asked sooner than it said.
func TestALastLookOfAWaiterThatJoinsKeepsToRetryAfter(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(func(context.Context, string, int) (jobstatus.Status, error) {
			return jobstatus.Status{State: jobstatus.Pending, RetryAfter: 2 * time.Minute}, nil
		})
		watcher := w.watcher(s, every(time.Hour), jobstatus.WithTimeout(3*time.Hour))
		w.run(func() {
			for range watcher.Updates(context.Background(), "a") {
				_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(time.Minute))
				require.ErrorIs(w, err, jobstatus.ErrTimeout)
				_, err = watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(2*time.Minute))
				require.ErrorIs(w, err, jobstatus.ErrTimeout)
				break
			}
		})
		assert.Equal(w, seconds(0, 120), s.polls("a"), "the second one gets a poll as soon as the service allows it")
	})
}

// What a service says of one job is never told of another.
func TestEachJobKeepsWhatItsServiceSaidOfIt(t *testing.T) {
	inVirtualTime(t, func(w world) {
		at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		say := map[string]jobstatus.Status{
			"created": {Created: at}, "updated": {Updated: at}, "finished": {Finished: at}, "finished later": {Finished: at.Add(1)},
			"plain": {}, "plain too": {}, "progress": {Progress: 0.5}, "message": {Message: "m"}, "result": {Result: []byte("1")},
			"revision": {Revision: "1"}, "retry": {RetryAfter: time.Second},
		}
		watcher := w.watcher(w.service(func(_ context.Context, id string, _ int) (jobstatus.Status, error) {
			st := say[id]
			st.State, st.Raw = jobstatus.Completed, "done"
			return st, nil
		}))
		w.run(func() {
			for range 3 {
				for st, err := range watcher.WaitForJobs(context.Background(), maps.Keys(say)) {
					require.NoError(w, err)
					want := say[st.ID]
					want.ID, want.State, want.Raw = st.ID, jobstatus.Completed, "done"
					assert.Equal(w, want, st)
				}
			}
		})
	})
}

// fault 28
func TestUnlimitedWatchGoesOnForADay(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(nil)
		s.answer = func(context.Context, string, int) (jobstatus.Status, error) {
			if w.clock.Since(s.began) >= 24*time.Hour {
				return jobstatus.Status{State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{State: jobstatus.Unknown, Raw: "defragmenting"}, nil
		}
		watcher := w.watcher(s, every(time.Minute), jobstatus.WithTimeout(jobstatus.Unlimited), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
		assert.Len(w, s.polls("a"), 24*60+1)
	})
}

// fault 38
func TestContextThatIsOverMakesNoRequest(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		var asked atomic.Int32
		watcher := w.watcher(s, jobstatus.WithBackoff(backoff.Func(func(backoff.Poll) time.Duration {
			asked.Add(1)
			return 0
		})))
		cause := errors.New("user left")
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		w.run(func() {
			_, err := watcher.WaitForJob(ctx, "a")
			require.ErrorIs(w, err, cause)
			for _, err := range watcher.WaitForJobs(ctx, slices.Values([]string{"a", "b"})) {
				require.ErrorIs(w, err, cause)
			}
			w.clock.Sleep(time.Second) // until a poll that should not be has been made
		})
		assert.Empty(w, s.polls("a"))
		assert.Zero(w, asked.Load(), "nor is the Backoff asked")
	})
}

// fault 39
func TestContextThatEndsBetweenPollsEndsTheWaitAtOnce(t *testing.T) {
	inVirtualTime(t, func(w world) {
		reset := errors.New("connection reset")
		watcher := w.watcher(w.service(func(context.Context, string, int) (jobstatus.Status, error) {
			return jobstatus.Status{}, reset
		}), every(time.Minute), jobstatus.WithTimeout(time.Hour))
		w.run(func() {
			began := w.clock.Now()
			ctx, cancel := w.clock.WithTimeout(context.Background(), 24*time.Hour)
			w.clock.AfterFunc(90*time.Second, cancel)
			_, err := watcher.WaitForJob(ctx, "a")
			var waitErr *jobstatus.WaitError
			require.ErrorAs(w, err, &waitErr)
			require.ErrorIs(w, err, context.Canceled)
			require.ErrorIs(w, err, reset)
			assert.NotErrorIs(w, err, jobstatus.ErrTimeout)
			assert.Equal(w, 90*time.Second, w.clock.Since(began))

			ctx, cancel = w.clock.WithTimeout(context.Background(), 70*time.Second)
			defer cancel()
			_, err = watcher.WaitForJob(ctx, "a")
			require.ErrorIs(w, err, context.DeadlineExceeded)
			assert.NotErrorIs(w, err, jobstatus.ErrTimeout)
			assert.Equal(w, 160*time.Second, w.clock.Since(began))
		})
	})
}

func TestPollThatHangsIsStoppedAndTheWatchGoesOn(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(func(ctx context.Context, _ string, n int) (jobstatus.Status, error) {
			if n == 1 {
				return jobstatus.Status{}, hang(ctx, w.clock)
			}
			return jobstatus.Status{State: jobstatus.Completed}, nil
		})
		watcher := w.watcher(s, every(time.Second), jobstatus.WithPollTimeout(7*time.Second))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
		assert.Equal(w, seconds(0, 8), s.polls("a"))
	})
}

// hang returns once ctx is done. A clock that follows what is under way learns from its sleep that
// nothing is.
func hang(ctx context.Context, clk clock.Clock) error {
	track := wait.Track(clk)
	track.End()
	defer track.Begin()
	<-ctx.Done()
	return ctx.Err()
}

// fault 18
func TestJobThatIsNotKnownYetIsWaitedForAWhile(t *testing.T) {
	missing := &transport.Error{Class: transport.NotFound, Code: 404, Err: errors.New("no such job")}
	t.Run("known in time", func(t *testing.T) {
		inVirtualTime(t, func(w world) {
			s := w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
				if n <= 5 {
					return jobstatus.Status{}, missing
				}
				return jobstatus.Status{State: jobstatus.Completed}, nil
			})
			watcher := w.watcher(s, every(5*time.Second))
			w.run(func() {
				_, err := watcher.WaitForJob(context.Background(), "a")
				require.NoError(w, err)
			})
		})
	})
	t.Run("not known after 30 s", func(t *testing.T) {
		inVirtualTime(t, func(w world) {
			s := w.service(func(context.Context, string, int) (jobstatus.Status, error) { return jobstatus.Status{}, missing })
			watcher := w.watcher(s, every(20*time.Second))
			w.run(func() {
				_, err := watcher.WaitForJob(context.Background(), "a")
				require.ErrorIs(w, err, jobstatus.ErrNotFound)
				assert.False(w, errors.As(err, new(*jobstatus.WaitError)))
			})
			assert.Equal(w, seconds(0, 20, 40), s.polls("a"))
		})
	})
	t.Run("never known before a limit", func(t *testing.T) {
		inVirtualTime(t, func(w world) {
			watcher := w.watcher(w.service(func(context.Context, string, int) (jobstatus.Status, error) {
				return jobstatus.Status{}, missing
			}), every(time.Second), jobstatus.WithMaxAttempts(3))
			w.run(func() {
				_, err := watcher.WaitForJob(context.Background(), "a")
				require.ErrorIs(w, err, jobstatus.ErrNotFound)
				assert.NotErrorIs(w, err, jobstatus.ErrMaxAttempts)
			})
		})
	})
}

// fault 1 and fault 17: fault 1 passes, fault 17 does so four times in a row, not five.
func TestErrorsThatPassAndThoseThatDoNot(t *testing.T) {
	refused := errors.New("connection refused")
	malformed := &transport.Error{Class: transport.Malformed, Err: errors.New("unexpected end of JSON input")}
	permanent := &transport.Error{Class: transport.Permanent, Code: 403, Err: errors.New("forbidden")}
	for name, test := range map[string]struct {
		err   error
		times int
		want  error
		polls int
	}{
		"an error that says nothing passes":    {refused, 20, nil, 21},
		"unreadable for 29 s":                  {malformed, 30, nil, 31},
		"unreadable for 30 s":                  {malformed, 31, transport.ErrMalformed, 31},
		"permanent at once":                    {permanent, 1, permanent, 1},
		"transient wrapped by a plugin passes": {fmt.Errorf("ask: %w", io.ErrUnexpectedEOF), 3, nil, 4},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				s := w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
					if n <= test.times {
						return jobstatus.Status{}, test.err
					}
					return jobstatus.Status{State: jobstatus.Completed}, nil
				})
				watcher := w.watcher(s, every(time.Second), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
				w.run(func() {
					_, err := watcher.WaitForJob(context.Background(), "a")
					if test.want == nil {
						require.NoError(w, err)
						return
					}
					require.ErrorIs(w, err, test.want)
					assert.False(w, errors.As(err, new(*jobstatus.WaitError)))
				})
				assert.Len(w, s.polls("a"), test.polls)
			})
		})
	}
}

// fault 13: what an answer asks for holds from then on; what a refusal asks for holds once.
func TestWaitAskedForByTheServiceIsKept(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			switch n {
			case 1:
				return jobstatus.Status{State: jobstatus.Pending, RetryAfter: 7 * time.Second}, nil
			case 3:
				return jobstatus.Status{}, &transport.Error{Class: transport.Throttled, RetryAfter: 20 * time.Second}
			case 5:
				return jobstatus.Status{State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{State: jobstatus.Pending}, nil
		})
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
		assert.Equal(w, seconds(0, 7, 14, 34, 41), s.polls("a"))
	})
}

// fault 13: a wait above the cap is cut to it where the timeout can hold it, and ends the wait
// where it cannot. fault 13: a wait that the service asks for is never cut short, but by the user's
// bound.
func TestAWaitThatTheServiceAsksForIsNeverCutShort(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			if n == 1 {
				return jobstatus.Status{}, &transport.Error{Class: transport.Throttled, RetryAfter: time.Hour}
			}
			return jobstatus.Status{State: jobstatus.Completed}, nil
		})
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "short")
			require.ErrorIs(w, err, transport.ErrThrottled)
			require.ErrorAs(w, err, new(*jobstatus.WaitError))
			_, err = watcher.WaitForJob(context.Background(), "long", jobstatus.Timeout(2*time.Hour))
			require.NoError(w, err)
		})
		assert.Equal(w, seconds(0), s.polls("short"))
		assert.Equal(w, seconds(0, 3600), s.polls("long"))
		s.reset()
		watcher = w.watcher(s, every(time.Second), jobstatus.WithMaxRetryAfter(5*time.Minute))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "bounded", jobstatus.Timeout(2*time.Hour))
			require.NoError(w, err)
		})
		assert.Equal(w, seconds(0, 300), s.polls("bounded"))
	})
}

// fault 26
func TestTheFirstTerminalStatusIsFinal(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			if n == 2 {
				return jobstatus.Status{State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{State: jobstatus.Pending}, nil
		})
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			var seen []jobstatus.State
			for st, err := range watcher.Updates(context.Background(), "a") {
				require.NoError(w, err)
				seen = append(seen, st.State)
			}
			assert.Equal(w, []jobstatus.State{jobstatus.Pending, jobstatus.Completed}, seen)
		})
		assert.Len(w, s.polls("a"), 2)
	})
}

// fault 27
func TestAnAnswerOlderThanTheOneBeforeItIsDropped(t *testing.T) {
	inVirtualTime(t, func(w world) {
		at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		answers := []jobstatus.Status{
			{State: jobstatus.Running, Progress: 0.5, Updated: at.Add(time.Second)},
			{State: jobstatus.Pending, Updated: at},
			{State: jobstatus.Running, Progress: 0.6, Updated: at.Add(2 * time.Second)},
			{State: jobstatus.Completed, Updated: at},
		}
		watcher := w.watcher(w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			return answers[n-1], nil
		}), every(time.Second))
		w.run(func() {
			var seen []float64
			for st, err := range watcher.Updates(context.Background(), "a") {
				require.NoError(w, err)
				seen = append(seen, st.Progress)
			}
			assert.Equal(w, []float64{0.5, 0.6, 0}, seen)
		})
	})
}

// fault 22: a poll never inherits from the one before it.
func TestUpdatesAreTheStatusesThatDiffer(t *testing.T) {
	inVirtualTime(t, func(w world) {
		answers := []jobstatus.Status{
			{State: jobstatus.Pending}, {State: jobstatus.Pending},
			{State: jobstatus.Running, Progress: 0.5, Message: "half way", Revision: "1"},
			{State: jobstatus.Running, Progress: 0.5, Message: "half way", Revision: "2"},
			{State: jobstatus.Running, Progress: math.NaN()},
			{State: jobstatus.Running, Raw: "sorting"}, {State: jobstatus.Running, Raw: "writing"},
			{State: jobstatus.Completed, Result: []byte(`{"n":1}`)},
		}
		watcher := w.watcher(w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			return answers[n-1], nil
		}), every(time.Second))
		w.run(func() {
			var lines []string
			for st, err := range watcher.Updates(context.Background(), "a") {
				require.NoError(w, err)
				lines = append(lines, st.String())
			}
			assert.Equal(w, []string{"a: pending", "a: running 50%: half way", "a: running", "a: running (sorting)", "a: running (writing)",
				"a: completed"}, lines)
		})
	})
}

// fault 22: what an answer does not say was not said, whatever the one before it said.
func TestTheTerminalStatusInheritsNothing(t *testing.T) {
	inVirtualTime(t, func(w world) {
		at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		watcher := w.watcher(w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			if n == 2 {
				return jobstatus.Status{State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{State: jobstatus.Running, Raw: "sorting", Progress: 0.5, Message: "half way", Result: []byte(`{"n":1}`),
				Revision: "1", RetryAfter: time.Second, Created: at, Updated: at, Finished: at}, nil
		}), every(time.Second))
		w.run(func() {
			st, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
			assert.Equal(w, jobstatus.Status{ID: "a", State: jobstatus.Completed}, st)
		})
	})
}

func TestUpdatesYieldTheErrorLast(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(2, jobstatus.Failed)), every(time.Second))
		w.run(func() {
			var errs []error
			for _, err := range watcher.Updates(context.Background(), "a") {
				errs = append(errs, err)
			}
			require.Len(w, errs, 2)
			require.NoError(w, errs[0])
			require.ErrorIs(w, errs[1], jobstatus.ErrJobFailed)
		})
	})
}

func TestWaitWithUpdatesSendsEachAndClosesTheChannel(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(3, jobstatus.Completed)), every(time.Second))
		updates := make(chan jobstatus.Status, 10)
		w.run(func() {
			st, err := watcher.WaitForJobWithUpdates(context.Background(), "a", updates)
			require.NoError(w, err)
			assert.Equal(w, jobstatus.Completed, st.State)
		})
		var states []jobstatus.State
		for st := range updates {
			states = append(states, st.State)
		}
		assert.Equal(w, []jobstatus.State{jobstatus.Pending, jobstatus.Completed}, states)
	})
}

// fault 34: polls go on, and the call returns the terminal status all the same.
func TestConsumerThatNeverReadsHoldsUpNothing(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(5, jobstatus.Completed))
		watcher := w.watcher(s, every(time.Second), jobstatus.WithTimeout(time.Minute))
		w.run(func() {
			began := w.clock.Now()
			st, err := watcher.WaitForJobWithUpdates(context.Background(), "a", make(chan jobstatus.Status))
			require.NoError(w, err)
			assert.Equal(w, jobstatus.Completed, st.State)
			assert.Equal(w, time.Minute, w.clock.Since(began))
		})
		assert.Equal(w, seconds(0, 1, 2, 3, 4), s.polls("a"))
	})
}

// fault 34: the latest status wins.
func TestSlowConsumerSeesTheNewestStatus(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			st := jobstatus.Status{State: jobstatus.Running, Progress: float64(n) / 100}
			if n == 10 {
				st.State = jobstatus.Completed
			}
			return st, nil
		}), every(time.Second))
		updates := make(chan jobstatus.Status, 1)
		w.clock.AfterFunc(20*time.Second, func() {
			assert.InDelta(w, 0.01, (<-updates).Progress, 1e-9)
		})
		w.run(func() {
			_, err := watcher.WaitForJobWithUpdates(context.Background(), "a", updates)
			require.NoError(w, err)
		})
		st, ok := <-updates
		require.True(w, ok)
		assert.Equal(w, jobstatus.Completed, st.State)
	})
}

// fault 34 and fault 36
func TestCloseReleasesAWaitWhoseConsumerIsAbsent(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(1, jobstatus.Completed)), jobstatus.WithTimeout(jobstatus.Unlimited))
		w.clock.AfterFunc(time.Hour, func() { _ = watcher.Close() })
		w.run(func() {
			st, err := watcher.WaitForJobWithUpdates(context.Background(), "a", make(chan jobstatus.Status))
			require.NoError(w, err)
			assert.Equal(w, jobstatus.Completed, st.State)
		})
	})
}

// fault 32: nor does it harm the Watcher.
func TestUpdatesOnAChannelThatIsClosedPanicAsAnySendDoes(t *testing.T) {
	t.Parallel()
	watcher, err := jobstatus.New(transportFunc(func(context.Context, string) (jobstatus.Status, error) {
		return jobstatus.Status{State: jobstatus.Completed}, nil
	}))
	require.NoError(t, err)
	defer watcher.Close()
	updates := make(chan jobstatus.Status)
	close(updates)
	assert.Panics(t, func() { _, _ = watcher.WaitForJobWithUpdates(context.Background(), "a", updates) })
	_, err = watcher.WaitForJob(context.Background(), "a")
	require.NoError(t, err)
}

func TestWaitersForOneJobShareItsPolls(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(4, jobstatus.Completed))
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			results := 0
			for st, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"a", "a", "a"})) {
				require.NoError(w, err)
				assert.Equal(w, "a", st.ID)
				results++
			}
			assert.Equal(w, 3, results)
		})
		assert.Equal(w, seconds(0, 1, 2, 3), s.polls("a"))
	})
}

func TestWaitersForOneJobKeepTheirOwnLimits(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(9, jobstatus.Completed))
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			first := watcher.Updates(context.Background(), "a")
			for range first { // the first wait has begun, and stands at its first update while the others run
				_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.MaxAttempts(2))
				require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
				_, err = watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(1500*time.Millisecond))
				require.ErrorIs(w, err, jobstatus.ErrTimeout)
				_, err = watcher.WaitForJob(context.Background(), "a")
				require.NoError(w, err)
				break
			}
		})
		assert.Equal(w, seconds(0, 1, 2, 3, 3.35, 4.35, 5.35, 6.35, 7.35), s.polls("a"))
	})
}

func TestWaitForJobsYieldsInTheOrderInWhichJobsEnd(t *testing.T) {
	inVirtualTime(t, func(w world) {
		ends := map[string]int{"slow": 9, "quick": 2, "middle": 5}
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			return after(ends[id], jobstatus.Completed)(ctx, id, n)
		}), every(time.Second))
		w.run(func() {
			var order []string
			ids := []string{"slow", "", "quick", "middle"}
			for st, err := range watcher.WaitForJobs(context.Background(), slices.Values(ids)) {
				if st.ID == "" {
					require.ErrorIs(w, err, transport.ErrInvalidID)
				} else {
					require.NoError(w, err)
				}
				order = append(order, st.ID)
			}
			assert.Equal(w, []string{"", "quick", "middle", "slow"}, order)
		})
	})
}

// fault 33: every id gets exactly one result, whatever becomes of it.
func TestEveryIDGetsExactlyOneResult(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		ends := rapid.SliceOfN(rapid.IntRange(1, 15), 0, 40).Draw(r, "polls that each job takes")
		attempts := rapid.IntRange(1, 15).Draw(r, "attempts")
		workers := rapid.IntRange(1, 8).Draw(r, "workers")
		want := map[string]error{}
		var ids []string
		for i, n := range ends {
			id := fmt.Sprint(i)
			ids = append(ids, id)
			if n > attempts {
				want[id] = jobstatus.ErrMaxAttempts
			} else {
				want[id] = nil
			}
		}
		virtually(t, func(w world) {
			watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
				var i int
				_, _ = fmt.Sscan(id, &i)
				return after(ends[i], jobstatus.Completed)(ctx, id, n)
			}), jobstatus.WithMaxAttempts(attempts), jobstatus.WithConcurrency(workers))
			got := map[string]error{}
			for st, err := range watcher.WaitForJobs(context.Background(), slices.Values(ids)) {
				_, twice := got[st.ID]
				require.False(w, twice, "two results for %s", st.ID)
				if errors.Is(err, jobstatus.ErrMaxAttempts) {
					err = jobstatus.ErrMaxAttempts
				}
				got[st.ID] = err
			}
			assert.True(w, maps.Equal(want, got), "got %v, want %v", got, want)
		})
	})
}

// fault 33
func TestOneWatcherServesManyGoroutines(t *testing.T) {
	t.Parallel()
	watcher, err := jobstatus.New(transportFunc(func(_ context.Context, id string) (jobstatus.Status, error) {
		if len(id) > 3 {
			return jobstatus.Status{}, io.ErrUnexpectedEOF
		}
		return jobstatus.Status{State: jobstatus.Completed}, nil
	}), every(time.Millisecond), jobstatus.WithMaxAttempts(2), jobstatus.WithConcurrency(4))
	require.NoError(t, err)
	defer watcher.Close()
	var waits sync.WaitGroup
	for g := range 64 {
		waits.Go(func() {
			for i := range 50 {
				id := strings.Repeat("x", 1+(g+i)%6)
				_, err := watcher.WaitForJob(context.Background(), id)
				if len(id) > 3 {
					assert.ErrorIs(t, err, jobstatus.ErrMaxAttempts)
				} else {
					assert.NoError(t, err)
				}
			}
		})
	}
	waits.Wait()
}

type transportFunc func(ctx context.Context, id string) (jobstatus.Status, error)

func (f transportFunc) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	return f(ctx, id)
}

// fault 37
func TestBreakingOutOfARangeEndsTheWatch(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s)
		ids := slices.Values([]string{"a", "b", "", "c"})
		w.run(func() {
			for i := range 5000 {
				for range watcher.Updates(context.Background(), "a") {
					break
				}
				for range watcher.WaitForJobs(context.Background(), ids) {
					break
				}
				if i%250 == 249 {
					w.clock.Sleep(time.Millisecond) // until the polls in flight have come back
				}
			}
		})
		polled := len(s.polls("a"))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "x", jobstatus.MaxAttempts(3))
			require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
		})
		assert.Len(w, s.polls("a"), polled)
	})
}

// fault 35
func TestPanicEndsOnlyItsOwnWatch(t *testing.T) {
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		transport func(id string)
		backoff   func(id string)
	}{
		"in a Transport": {func(id string) { panicFor(id, boom) }, func(string) {}},
		"in a Backoff":   {func(string) {}, func(id string) { panicFor(id, boom) }},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				s := w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
					if n == 2 {
						test.transport(id)
					}
					return after(3, jobstatus.Completed)(ctx, id, n)
				})
				watcher := w.watcher(s, jobstatus.WithBackoff(backoff.Func(func(p backoff.Poll) time.Duration {
					if p.Attempt == 2 {
						test.backoff(p.Key)
					}
					return time.Second
				})))
				w.run(func() {
					for st, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"good", "bad"})) {
						if st.ID == "good" {
							assert.NoError(w, err)
							continue
						}
						var panicked *jobstatus.PanicError
						require.ErrorAs(w, err, &panicked)
						require.ErrorIs(w, err, boom)
						assert.Contains(w, string(panicked.Stack), "panicFor")
					}
				})
			})
		})
	}
}

func panicFor(id string, v any) {
	if id == "bad" {
		panic(v)
	}
}

// fault 35
func TestTransportThatEndsItsGoroutineEndsOnlyItsOwnWatch(t *testing.T) {
	inVirtualTime(t, func(w world) {
		ended := make(chan struct{})
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if id == "bad" {
				context.AfterFunc(ctx, func() { close(ended) })
				(&testing.T{}).SkipNow()
			}
			return after(3, jobstatus.Completed)(ctx, id, n)
		}), jobstatus.WithConcurrency(1))
		w.run(func() {
			for st, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"good", "bad"})) {
				assert.Equal(w, st.ID == "bad", errors.As(err, new(*jobstatus.PanicError)), "%v", err)
			}
		})
		<-ended // the poll's context, before the Watcher is closed
	})
}

// fault 35: in a batch, too.
func TestABatchThatEndsItsGoroutineEndsNoWatchButItsOwn(t *testing.T) {
	bad := fmt.Sprintf("job-%032d", 3)
	inVirtualTime(t, func(w world) {
		b := &batcher{service: w.service(nil), most: 8, reply: func(ids []string) ([]transport.Answer, error) {
			if slices.Contains(ids, bad) {
				runtime.Goexit()
			}
			return nil, nil
		}}
		b.answer = func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if id == bad {
				runtime.Goexit()
			}
			return after(3, jobstatus.Completed)(ctx, id, n)
		}
		watcher := w.watcher(b, every(time.Second))
		w.run(func() {
			n := 0
			for st, err := range watcher.WaitForJobs(context.Background(), ids(8)) {
				assert.Equal(w, st.ID == bad, errors.As(err, new(*jobstatus.PanicError)), "%s: %v", st.ID, err)
				n++
			}
			assert.Equal(w, 8, n)
		})
	})
}

// fault 35: whatever event it is told of when it ends its goroutine, nobody is lost.
func TestAnObserverThatEndsItsGoroutineHoldsUpNobody(t *testing.T) {
	for _, kind := range []observe.Kind{observe.PollStarted, observe.PollEnded, observe.Answered, observe.WatchEnded} {
		t.Run(kind.String(), func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				watcher := w.watcher(w.service(after(3, jobstatus.Completed)), every(time.Second), jobstatus.WithConcurrency(1),
					jobstatus.WithObserver(observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
						if e.Kind == kind {
							runtime.Goexit()
						}
						return ctx
					})))
				w.run(func() {
					n := 0
					for range watcher.WaitForJobs(context.Background(), slices.Values([]string{"a", "b", "c"})) {
						n++
					}
					assert.Equal(w, 3, n)
				})
			})
		})
	}
}

func TestBackoffThatAnswersRubbishIsClampedAndLoggedOnce(t *testing.T) {
	inVirtualTime(t, func(w world) {
		core, logs := observer.New(zap.WarnLevel)
		s := w.service(after(6, jobstatus.Completed))
		watcher := w.watcher(s, jobstatus.WithLogger(zap.New(core)),
			jobstatus.WithBackoff(backoff.Func(func(p backoff.Poll) time.Duration {
				return []time.Duration{math.MinInt64, -1, 0, 1, math.MaxInt64, time.Second}[p.Attempt]
			})), jobstatus.WithMaxDelay(time.Minute))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
		assert.Equal(w, seconds(0, 0.001, 0.002, 0.003, 60.003, 61.003), s.polls("a"))
		assert.Equal(w, 1, logs.Len())
	})
}

// fault 40: the machine slept through many polls' time, and one is made when it wakes.
func TestClockThatJumpsMakesOnePoll(t *testing.T) {
	t.Parallel()
	w := world{T: t, clock: &jumpingClock{Clock: clock.New()}}
	s := w.service(nil)
	jump := w.clock.(*jumpingClock)
	s.answer = func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
		switch n {
		case 1:
			jump.by.Store(int64(time.Minute))
		case 2:
			jump.by.Store(int64(time.Minute + 5*time.Millisecond))
		case 3:
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}
		return jobstatus.Status{State: jobstatus.Pending}, nil
	}
	_, err := w.watcher(s, every(time.Millisecond)).WaitForJob(context.Background(), "a")
	require.NoError(t, err)
	assert.Len(t, s.polls("a"), 3)
}

type jumpingClock struct {
	clock.Clock
	by atomic.Int64
}

func (c *jumpingClock) Now() time.Time                  { return c.Clock.Now().Add(time.Duration(c.by.Load())) }
func (c *jumpingClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// fault 40: a timer that rings when its time has not come by a clock that is read less finely is
// set again.
func TestAClockThatIsReadCoarselyLosesNoPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := world{t, coarseClock{clock.New()}, func(f func()) { f() }}
		watcher := w.watcher(w.service(after(3, jobstatus.Completed)), every(15*time.Millisecond))
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		_, err := watcher.WaitForJob(ctx, "a")
		require.NoError(t, err)
	})
}

type coarseClock struct{ clock.Clock }

func (c coarseClock) Now() time.Time                  { return c.Clock.Now().Truncate(10 * time.Millisecond) }
func (c coarseClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

func TestConcurrencyBoundsPollsUnderWay(t *testing.T) {
	inVirtualTime(t, func(w world) {
		var now, most atomic.Int32
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			defer now.Add(-1)
			for polls := now.Add(1); ; {
				if m := most.Load(); polls <= m || most.CompareAndSwap(m, polls) {
					break
				}
			}
			return after(3, jobstatus.Completed)(ctx, id, n)
		}), jobstatus.WithConcurrency(3))
		w.run(func() {
			n := 0
			for _, err := range watcher.WaitForJobs(context.Background(), ids(200)) {
				require.NoError(w, err)
				n++
			}
			assert.Equal(w, 200, n)
		})
		assert.LessOrEqual(w, most.Load(), int32(3))
	})
}

func TestRateLimitSpreadsPolls(t *testing.T) {
	inVirtualTime(t, func(w world) {
		var mu sync.Mutex
		var times []time.Duration
		began := w.clock.Now()
		watcher := w.watcher(w.service(func(context.Context, string, int) (jobstatus.Status, error) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, w.clock.Since(began))
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}), jobstatus.WithRateLimit(10, 5))
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(45)) {
				require.NoError(w, err)
			}
			assert.Equal(w, 4*time.Second, w.clock.Since(began).Round(time.Millisecond))
		})
		require.Len(w, times, 45)
		slices.Sort(times)
		for i := 5; i < len(times); i++ {
			assert.GreaterOrEqual(w, times[i]-times[i-5], 99*time.Millisecond)
		}
	})
}

// A waiter that joins a watch which is polled, waits for a worker, or waits for the rate limit
// changes nothing about its poll.
func TestAWaiterThatJoinsWaitsItsTurn(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			takes := map[string]time.Duration{"slow": time.Minute, "late": time.Second}
			if err := wait.Sleep(ctx, w.clock, takes[id]); err != nil {
				return jobstatus.Status{}, err
			}
			return after(2, jobstatus.Completed)(ctx, id, n)
		})
		join := func(watcher *jobstatus.Watcher, after, timeout time.Duration) {
			for _, err := range watcher.WaitForJobs(context.Background(), func(yield func(string) bool) {
				_ = yield("slow") && yield("late")
				w.clock.Sleep(after)
				for st, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"slow", "late"}),
					jobstatus.Timeout(timeout)) {
					assert.True(w, st.ID == "slow" || err == nil, "held on until the poll for which it had been due")
				}
			}) {
				require.NoError(w, err)
			}
		}
		unlimited := jobstatus.WithTimeout(jobstatus.Unlimited)
		poll := jobstatus.WithPollTimeout(2 * time.Minute)
		w.run(func() {
			join(w.watcher(s, every(10*time.Minute), unlimited, poll, jobstatus.WithConcurrency(1)), 662*time.Second, 30*time.Second)
		})
		assert.Equal(w, seconds(0, 660), s.polls("slow"))
		assert.Equal(w, seconds(60, 720), s.polls("late"))

		s.reset()
		w.run(func() {
			join(w.watcher(s, every(10*time.Minute), unlimited, poll, jobstatus.WithRateLimit(1./1024, 1)), 1700*time.Second, 1300*time.Second)
		})
		assert.Equal(w, seconds(1024, 3*1024), s.polls("late"))
	})
}

func TestLearnerIsToldBetweenWhichPollsAJobEnded(t *testing.T) {
	inVirtualTime(t, func(w world) {
		l := &learner{}
		at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			st, err := after(4, jobstatus.Completed)(ctx, id, n)
			if id == "exact" && st.State == jobstatus.Completed {
				st.Created, st.Finished = at, at.Add(2500*time.Millisecond)
			}
			if id == "telling" && n > 1 {
				st.Progress = []float64{0.5, 0.5, 0.7}[n-2]
			}
			return st, err
		}), jobstatus.WithBackoff(l))
		w.run(func() {
			for id, opt := range map[string]jobstatus.WatchOption{
				"between": jobstatus.Kind("k"), "exact": jobstatus.Kind("k"), "long": jobstatus.MaxAttempts(2),
				"telling": jobstatus.Kind("k"),
			} {
				_, _ = watcher.WaitForJob(context.Background(), id, opt)
			}
		})
		require.NoError(w, watcher.Close()) // who gives up does not wait until the Backoff was told
		slices.SortFunc(l.outcomes, func(a, b backoff.Outcome) int { return strings.Compare(a.Key, b.Key) })
		assert.Equal(w, []backoff.Outcome{
			{Key: "between", Kind: "k", After: 2 * time.Second, Before: 3 * time.Second, Ended: true},
			{Key: "exact", Kind: "k", After: 2500 * time.Millisecond, Before: 2500 * time.Millisecond, Ended: true},
			{Key: "long", After: time.Second},
			{Key: "telling", Kind: "k", After: 2 * time.Second, Before: 3 * time.Second, Ended: true,
				Marks: []backoff.Mark{{Age: time.Second, Progress: 0.5}}},
		}, l.outcomes)
	})
}

type learner struct {
	mu       sync.Mutex
	outcomes []backoff.Outcome
}

func (l *learner) Next(p backoff.Poll) time.Duration {
	return time.Duration(min(p.Attempt, 1)) * time.Second
}

func (l *learner) Observe(o backoff.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes = append(l.outcomes, o)
}

// fault 35: a Learner that panics when it is told of a watch changes nothing for those who wait,
// and is logged.
func TestALearnerThatPanicsHarmsNobody(t *testing.T) {
	inVirtualTime(t, func(w world) {
		core, logs := observer.New(zap.ErrorLevel)
		watcher := w.watcher(w.service(after(3, jobstatus.Completed)), jobstatus.WithBackoff(&badLearner{}),
			jobstatus.WithLogger(zap.New(core)))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "ends")
			require.NoError(w, err)
			_, err = watcher.WaitForJob(context.Background(), "goes on", jobstatus.MaxAttempts(2))
			require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
			_, err = watcher.WaitForJob(context.Background(), "ends later")
			require.NoError(w, err)
		})
		require.NoError(w, watcher.Close())
		assert.Equal(w, 3, logs.Len(), "%v", logs.All())
	})
}

type badLearner struct{ learner }

func (*badLearner) Observe(backoff.Outcome) { panic("no room") }

func TestLearnerIsToldAFewMarksOfALongJob(t *testing.T) {
	inVirtualTime(t, func(w world) {
		l := &learner{}
		watcher := w.watcher(w.service(func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			if n == 1000 {
				return jobstatus.Status{State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{State: jobstatus.Running, Progress: float64(n) / 1000}, nil
		}), jobstatus.WithBackoff(l), jobstatus.WithMaxAttempts(jobstatus.Unlimited), jobstatus.WithTimeout(time.Hour))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
		require.NoError(w, watcher.Close())
		marks := l.outcomes[0].Marks
		assert.GreaterOrEqual(w, len(marks), 4)
		assert.LessOrEqual(w, len(marks), 8)
		assert.IsIncreasing(w, []time.Duration{marks[0].Age, marks[1].Age, marks[2].Age, marks[3].Age})
		for _, m := range marks {
			assert.InDelta(w, m.Age.Seconds()+1, m.Progress*1000, 1e-9)
		}
	})
}

// ids yields n different ids.
func ids(n int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("job-%032d", i)) {
				return
			}
		}
	}
}
