package field

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// errShift is why a context of these tests ends.
var errShift = errors.New("the shift is over")

// fault 39: a limit is what it says, however small or large, and the first one that is reached
// holds.
func TestALimitIsWhatItSaysHoweverSmallOrLarge(t *testing.T) {
	t.Parallel()
	const huge = math.MaxInt64
	every := func(d time.Duration) jobstatus.Option { return jobstatus.WithBackoff(backoff.Constant(d)) }
	huges := []jobstatus.Option{every(huge), jobstatus.WithTimeout(huge), jobstatus.WithPollTimeout(huge), jobstatus.WithPatience(huge),
		jobstatus.WithMaxRetryAfter(huge), jobstatus.WithMaxDelay(huge), jobstatus.WithMaxAttempts(huge), jobstatus.WithConcurrency(huge),
		jobstatus.WithMaxWatches(huge), jobstatus.WithHolds(huge), jobstatus.WithRateLimit(math.MaxFloat64, huge)}
	tiny := []jobstatus.Option{every(1), jobstatus.WithPollTimeout(1), jobstatus.WithPatience(1), jobstatus.WithMaxDelay(1),
		jobstatus.WithConcurrency(1), jobstatus.WithMaxWatches(1), jobstatus.WithTimeout(1)}
	negative := jobstatus.WithBackoff(backoff.Func(func(backoff.Poll) time.Duration { return math.MinInt64 }))
	defaults := []jobstatus.Option{jobstatus.WithTimeout(0), jobstatus.WithBackoff(nil)}
	own := func(opts ...jobstatus.WatchOption) []jobstatus.WatchOption { return opts }
	asks := func(d time.Duration) service {
		return func(context.Context, string, int) (jobstatus.Status, error) {
			return jobstatus.Status{State: jobstatus.Running, RetryAfter: d}, nil
		}
	}
	refuses := func(d time.Duration) service {
		return func(context.Context, string, int) (jobstatus.Status, error) {
			return jobstatus.Status{}, &transport.Error{Class: transport.Throttled, RetryAfter: d}
		}
	}
	forever := runsFor(huge)
	for name, row := range map[string]struct {
		service
		opts  []jobstatus.Option
		own   []jobstatus.WatchOption
		until time.Duration // of the context; 0 for none
		ends  error         // nil if the job is seen to complete
		after time.Duration
		polls int
	}{
		"a nanosecond":                        {forever, nil, own(jobstatus.Timeout(1)), 0, jobstatus.ErrTimeout, 1, 1},
		"a nanosecond suffices":               {runsFor(0), nil, own(jobstatus.Timeout(1)), 0, nil, 0, 1},
		"shorter than the first wait":         {runsFor(0), []jobstatus.Option{every(time.Hour)}, own(jobstatus.Timeout(1000)), 0, nil, 1000, 1},
		"a nanosecond of everything":          {forever, tiny, nil, 0, jobstatus.ErrTimeout, 1, 1},
		"one attempt":                         {forever, nil, own(jobstatus.MaxAttempts(1)), 0, jobstatus.ErrMaxAttempts, 0, 1},
		"zero is the default":                 {forever, defaults, own(jobstatus.Timeout(0), jobstatus.MaxAttempts(0)), 0, jobstatus.ErrMaxAttempts, 0, 10},
		"a huge timeout":                      {forever, nil, own(jobstatus.Timeout(huge)), 90 * time.Second, errShift, 90 * time.Second, 0},
		"everything is huge":                  {forever, huges, nil, 90 * time.Second, errShift, 90 * time.Second, 0},
		"the context alone":                   {forever, []jobstatus.Option{jobstatus.WithTimeout(jobstatus.Unlimited)}, nil, time.Hour, errShift, time.Hour, 0},
		"a context of a nanosecond":           {forever, nil, nil, 1, errShift, 1, 1},
		"a context that has ended":            {forever, nil, nil, -1, errShift, 0, 0},
		"a pace beyond the timeout":           {asks(huge), nil, nil, 0, jobstatus.ErrThrottled, 0, 1},
		"a pace just beyond the timeout":      {asks(2 * time.Minute), nil, own(jobstatus.Timeout(time.Minute)), 0, jobstatus.ErrTimeout, time.Minute, 1},
		"a refusal beyond the timeout":        {refuses(huge), nil, nil, 0, jobstatus.ErrThrottled, 0, 1},
		"a refusal just beyond the timeout":   {refuses(2 * time.Minute), nil, own(jobstatus.Timeout(time.Minute)), 0, jobstatus.ErrThrottled, time.Minute, 1},
		"a refusal beyond the context":        {refuses(2 * time.Hour), []jobstatus.Option{jobstatus.WithTimeout(jobstatus.Unlimited)}, nil, time.Hour, errShift, time.Hour, 1},
		"a negative pace":                     {asks(math.MinInt64), nil, own(jobstatus.Timeout(time.Minute)), 0, jobstatus.ErrTimeout, time.Minute, 60},
		"a backoff that waits less than none": {forever, []jobstatus.Option{negative}, own(jobstatus.Timeout(time.Second)), 0, jobstatus.ErrTimeout, time.Second, 1000},
		"a wait that began nine years ago":    {forever, nil, []jobstatus.WatchOption{jobstatus.Began(time.Date(1991, 1, 1, 0, 0, 0, 0, time.UTC))}, 0, jobstatus.ErrTimeout, 0, 1},
		"a wait that began in the year 1":     {forever, nil, own(jobstatus.Began(time.Time{}.Add(1))), 0, jobstatus.ErrTimeout, 10 * time.Minute, 600},
		"a wait that begins in the future":    {forever, nil, own(jobstatus.Began(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))), 0, jobstatus.ErrTimeout, 10 * time.Minute, 600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := t.Context(), func() {}
				if row.until != 0 {
					ctx, cancel = context.WithTimeoutCause(ctx, row.until, errShift)
				}
				defer cancel()
				c := row.service.counted()
				w := watcherOf(t, c, row.opts...)
				began := time.Now()
				_, err := w.WaitForJob(ctx, "1", row.own...)
				if row.ends == nil {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, row.ends)
					require.ErrorAs(t, err, new(*jobstatus.WaitError))
				}
				if row.after > 0 && row.ends != nil || row.until != 0 {
					assert.Equal(t, row.after, time.Since(began))
				}
				assert.LessOrEqual(t, time.Since(began), max(row.after, time.Minute))
				if row.polls > 0 || row.until < 0 {
					assert.Equal(t, row.polls, c.of("1"))
				}
			})
		})
	}
}

// The last error that a service answered with is not lost when a limit is reached.
func TestALimitTellsTheLastError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := script(reply{code: 500, body: "boom"}).wait(t, rest.Dialect{}, jobstatus.WithTimeout(20*time.Second))
		require.ErrorIs(t, o.err, jobstatus.ErrTimeout)
		require.ErrorIs(t, o.err, context.DeadlineExceeded)
		var e *transport.Error
		require.ErrorAs(t, o.err, &e)
		assert.Equal(t, 500, e.Code)
		assert.ErrorContains(t, o.err, "boom")
		assert.Equal(t, 20*time.Second, o.took)
	})
}

// fault 3, fault 39: a poll that takes longer than is left does not put off the end.
func TestASlowPollDoesNotPutOffTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway(func(_ int, r *http.Request) reply {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
			return reply{err: context.Cause(r.Context())}
		})
		o := g.wait(t, rest.Dialect{}, jobstatus.WithTimeout(time.Second))
		require.ErrorIs(t, o.err, jobstatus.ErrTimeout)
		assert.Equal(t, time.Second, o.took)
		w := g.watcher(t, rest.Dialect{})
		ctx, cancel := context.WithTimeoutCause(t.Context(), 700*time.Millisecond, errShift)
		defer cancel()
		began := time.Now()
		_, err := w.WaitForJob(ctx, "2")
		require.ErrorIs(t, err, errShift)
		assert.Equal(t, 700*time.Millisecond, time.Since(began))
	})
}

// fault 3, fault 56: a service that keeps a request for longer than it was asked to does not take
// the last look from a wait, not from one that joins later either.
func TestARequestThatIsHeldTooLongLeavesTimeForALook(t *testing.T) {
	t.Parallel()
	for _, joins := range []bool{false, true} {
		t.Run(fmt.Sprint(joins), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				g := newGateway(func(_ int, r *http.Request) reply {
					if time.Since(began) > 65*time.Second {
						return says("completed")
					}
					if r.URL.Query().Has("wait") {
						<-r.Context().Done()
						return reply{err: context.Cause(r.Context())}
					}
					return says("running")
				})
				w := g.watcher(t, rest.Dialect{Status: rest.Call{Path: "/status/{id}?wait={hold}"}})
				if joins { // while a request is held for a wait that lasts longer
					go func() { _, _ = w.WaitForJob(t.Context(), "1") }()
					time.Sleep(30 * time.Second)
				}
				_, err := w.WaitForJob(t.Context(), "1", jobstatus.Timeout(70*time.Second-time.Since(began)))
				require.NoError(t, err)
				assert.LessOrEqual(t, time.Since(began), 70*time.Second)
			})
		})
	}
}

// A skewed clock is off by what a test says, while its timers run on.
type skewed struct {
	clock.Clock
	off func() time.Duration
}

func (s *skewed) Now() time.Time                                   { return s.Clock.Now().Add(s.off()) }
func (s *skewed) Since(t time.Time) time.Duration                  { return s.Now().Sub(t) }
func (s *skewed) Until(t time.Time) time.Duration                  { return t.Sub(s.Now()) }
func (s *skewed) Timer(d time.Duration) *clock.Timer               { return s.Clock.Timer(d) }
func (s *skewed) AfterFunc(d time.Duration, f func()) *clock.Timer { return s.Clock.AfterFunc(d, f) }

// fault 40, fault 56: a process that stood still past its timeout asks once more, also if it stood
// still during a poll.
func TestAClockThatJumpsPastTheTimeoutLeavesTimeForALook(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{time.Hour, 24 * 365 * time.Hour, math.MaxInt64 / 2} {
		for _, state := range []string{"running", "completed"} {
			for _, took := range []time.Duration{0, time.Second} { // a poll
				t.Run(fmt.Sprint(jump, state, took), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { jumpPastTheTimeout(t, jump, state, took) })
				})
			}
		}
	}
}

func jumpPastTheTimeout(t *testing.T, jump time.Duration, state string, took time.Duration) {
	t.Helper()
	began := time.Now()
	jumped := func() bool { return time.Since(began) > 10500*time.Millisecond }
	clk := &skewed{clock.New(), func() time.Duration {
		if jumped() {
			return jump
		}
		return 0
	}}
	g := newGateway(func(int, *http.Request) reply {
		if jumped() {
			return says(state)
		}
		time.Sleep(took)
		return says("running")
	})
	o := g.wait(t, rest.Dialect{}, jobstatus.WithClock(clk), jobstatus.WithTimeout(5*time.Minute))
	after := 0
	for _, at := range o.at {
		if at > 10500*time.Millisecond {
			after++
		}
	}
	assert.Equal(t, 1, after, "one look for all that were missed: %v", o.at)
	assert.LessOrEqual(t, o.took, 12*time.Second+took)
	if state == "completed" {
		require.NoError(t, o.err)
	} else {
		require.ErrorIs(t, o.err, jobstatus.ErrTimeout)
		assert.ErrorContains(t, o.err, "stood still")
	}
}

// fault 18, fault 40: the time for which a process stood still uses up no patience.
func TestAStandstillUsesUpNoPatience(t *testing.T) {
	t.Parallel()
	for name, odd := range map[string]reply{"unknown": {code: 404}, "unreadable": ok(`{"status":`)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				clk := &skewed{clock.New(), func() time.Duration {
					if time.Since(began) > 10500*time.Millisecond {
						return time.Hour
					}
					return 0
				}}
				opts := []jobstatus.Option{jobstatus.WithClock(clk), jobstatus.WithTimeout(24 * time.Hour), jobstatus.WithBackoff(backoff.Constant(2 * time.Second))}
				end := 30 * time.Second
				g := newGateway(func(int, *http.Request) reply {
					switch past := time.Since(began); {
					case past < 5*time.Second:
						return says("running")
					case past < end:
						return odd
					default:
						return says("completed")
					}
				})
				o := g.wait(t, rest.Dialect{}, opts...)
				require.NoError(t, o.err)
				end = time.Hour
				began = time.Now()
				o = g.wait(t, rest.Dialect{}, opts...)
				assert.Regexp(t, `\(for 3\d(\.\d)?s, \d+ polls\)`, o.err.Error())
			})
		})
	}
}

// A clock that stands still makes no burst, and the context ends the wait.
func TestAClockThatStandsStillMakesNoBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		clk := &skewed{clock.New(), func() time.Duration { return min(10*time.Second-time.Since(began), 0) }}
		g := script(says("running"))
		w := g.watcher(t, rest.Dialect{}, jobstatus.WithClock(clk))
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, errShift)
		defer cancel()
		_, err := w.WaitForJob(ctx, "1")
		require.ErrorIs(t, err, errShift)
		assert.LessOrEqual(t, len(g.at()), 12)
	})
}

// fault 40: a clock that is set back holds up a wait for no longer than the wait between two polls.
// The timeout, and how long the wait says it lasted, take no account of it.
func TestAClockThatIsSetBackHoldsUpAWaitForOnePollAtMost(t *testing.T) {
	t.Parallel()
	for _, back := range []time.Duration{time.Second, time.Hour, 24 * 365 * time.Hour, math.MaxInt64 / 2} {
		for _, took := range []time.Duration{0, time.Second} { // a poll
			t.Run(fmt.Sprint(back, took), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { setBack(t, back, took) })
			})
		}
	}
}

func setBack(t *testing.T, back, took time.Duration) {
	t.Helper()
	began := time.Now()
	clk := &skewed{clock.New(), func() time.Duration {
		if time.Since(began) > 10500*time.Millisecond {
			return -back
		}
		return 0
	}}
	g := newGateway(func(_ int, r *http.Request) reply {
		time.Sleep(took)
		if r.URL.Path == "/status/1" && time.Since(began) > 30*time.Second {
			return says("completed")
		}
		return says("running")
	})
	w := g.watcher(t, rest.Dialect{}, jobstatus.WithClock(clk), jobstatus.WithTimeout(time.Minute))
	late := 2 * (time.Second + took)
	endless := make(chan error, 1)
	go func() {
		_, err := w.WaitForJob(t.Context(), "endless")
		endless <- err
	}()
	_, err := w.WaitForJob(t.Context(), "1")
	require.NoError(t, err)
	assert.LessOrEqual(t, time.Since(began), 31*time.Second+late)
	for job := range w.Pending() {
		assert.WithinRange(t, job.Began, clk.Now().Add(-time.Minute), clk.Now(), "by the clock as it is now")
	}
	var gaveUp *jobstatus.WaitError
	require.ErrorAs(t, <-endless, &gaveUp)
	require.ErrorIs(t, gaveUp, jobstatus.ErrTimeout)
	assert.Empty(t, gaveUp.HeldUp)
	assert.InDelta(t, time.Minute, gaveUp.Elapsed, float64(took))
	assert.InDelta(t, time.Minute, time.Since(began), float64(late))
}

// The clock of package clock can be moved by hand, in small steps and in large ones.
func TestAClockThatIsMovedByHand(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{100 * time.Millisecond, time.Second, time.Minute} {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				clk := clock.NewMock()
				g := script(says("running"), says("running"), says("completed"))
				w := g.watcher(t, rest.Dialect{}, jobstatus.WithClock(clk))
				ended := make(chan error, 1)
				go func() {
					_, err := w.WaitForJob(t.Context(), "1")
					ended <- err
				}()
				for range 100 {
					synctest.Wait()
					select {
					case err := <-ended:
						require.NoError(t, err)
						return
					default:
						clk.Add(step)
					}
				}
				t.Error("the wait hangs")
			})
		})
	}
}

// A function that the clock calls may call the clock.
func TestAFunctionThatTheClockCallsMayCallTheClock(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	timer := clk.Timer(20 * time.Second)
	called := 0
	clk.AfterFunc(10*time.Second, func() {
		timer.Stop()
		clk.AfterFunc(time.Second, func() { called++ })
		clk.AfterFunc(0, func() { called++; _ = clk.Now() })
	})
	clk.Advance(15 * time.Second)
	clk.Advance(15 * time.Second)
	assert.Equal(t, 2, called)
	select {
	case <-timer.C:
		t.Error("a timer fires that was stopped")
	default:
	}
}
