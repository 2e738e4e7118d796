package jobstatus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
)

// A limit that was set applies. The test tries every combination of limits of a Watcher and a
// watch.
func TestTheLimitThatWasSetHolds(t *testing.T) {
	t.Parallel()
	const unlimited = jobstatus.Unlimited
	minute := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for _, hasBackoff := range []bool{false, true} {
		for _, timeout := range []time.Duration{0, minute(5), unlimited} {
			for _, attempts := range []int{0, 3, unlimited} {
				for _, own := range []time.Duration{0, minute(3), unlimited} {
					for _, ownAttempts := range []int{0, 4, unlimited} {
						name := fmt.Sprintf("backoff %v, Watcher %v %d, watch %v %d", hasBackoff, timeout, attempts, own, ownAttempts)
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							virtually(t, func(w world) {
								opts := []jobstatus.Option{jobstatus.WithTimeout(timeout), jobstatus.WithMaxAttempts(attempts)}
								if hasBackoff {
									opts = append(opts, every(time.Second))
								}
								wantTimeout, wantAttempts := own, ownAttempts
								if own == 0 {
									wantTimeout = timeout
								}
								if ownAttempts == 0 {
									wantAttempts = attempts
								}
								if wantAttempts == 0 && (hasBackoff || wantTimeout != 0) {
									wantAttempts = unlimited
								}
								expectLimits(w, opts, []jobstatus.WatchOption{jobstatus.Timeout(own), jobstatus.MaxAttempts(ownAttempts)},
									wantTimeout, wantAttempts)
							})
						})
					}
				}
			}
		}
	}
}

// expectLimits waits for a job that never ends, under a context of an hour. It checks that the
// first of the limits ends the wait. Zero means the default.
func expectLimits(w world, opts []jobstatus.Option, own []jobstatus.WatchOption, timeout time.Duration, attempts int) {
	if timeout == 0 {
		timeout = jobstatus.DefaultTimeout
	}
	if attempts == 0 {
		attempts = jobstatus.DefaultMaxAttempts
	}
	s := w.service(never)
	watcher := w.watcher(s, opts...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	began := w.clock.Now()
	_, err := watcher.WaitForJob(ctx, "a", own...)
	switch {
	case attempts != jobstatus.Unlimited:
		require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
		assert.Len(w, s.polls("a"), attempts)
	case timeout != jobstatus.Unlimited:
		require.ErrorIs(w, err, jobstatus.ErrTimeout)
		assert.Equal(w, timeout, w.clock.Since(began))
	default:
		require.ErrorIs(w, err, context.DeadlineExceeded)
		assert.NotErrorIs(w, err, jobstatus.ErrTimeout)
		assert.Equal(w, time.Hour, w.clock.Since(began))
	}
}

// Options for the default Backoff do not count as a Backoff of the user.
func TestTheDefaultScheduleKeepsTheDefaultAttempts(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		expectLimits(w, []jobstatus.Option{jobstatus.WithBaseDelay(time.Millisecond), jobstatus.WithMaxDelay(time.Second),
			jobstatus.WithTimeout(time.Hour), jobstatus.WithTimeout(0), jobstatus.WithBackoff(backoff.Constant(1)),
			jobstatus.WithBackoff(nil)}, nil, 0, 0)
	})
}

// fault 39: the context can be the only limit. The error of a wait that it ends has its cause.
func TestAWaitThatItsContextEndsTellsTheCause(t *testing.T) {
	t.Parallel()
	shutdown := errors.New("the shift is over")
	for name, test := range map[string]struct {
		make  func(parent context.Context) (context.Context, context.CancelFunc)
		cause error
		err   error
	}{
		"timeout": {func(p context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(p, time.Minute)
		}, context.DeadlineExceeded, context.DeadlineExceeded},
		"deadline with a cause": {func(p context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadlineCause(p, time.Now().Add(time.Minute), shutdown)
		}, shutdown, context.DeadlineExceeded},
		"timeout with a cause": {func(p context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(p, time.Minute, shutdown)
		}, shutdown, context.DeadlineExceeded},
		"canceled with a cause": {func(p context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(p)
			time.AfterFunc(time.Minute, func() { cancel(shutdown) })
			return ctx, func() { cancel(nil) }
		}, shutdown, context.Canceled},
	} {
		for method, wait := range waits() {
			for _, late := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", method, " ended before ", late), func(t *testing.T) {
					t.Parallel()
					virtually(t, func(w world) {
						s := w.service(never)
						watcher := w.watcher(s, every(7*time.Second), jobstatus.WithTimeout(jobstatus.Unlimited))
						ctx, cancel := test.make(context.Background())
						defer cancel()
						if late {
							time.Sleep(2 * time.Minute)
						}
						began := time.Now()
						st, err := wait(watcher, ctx, "a")
						var gaveUp *jobstatus.WaitError
						require.ErrorAs(w, err, &gaveUp)
						assert.Equal(w, test.cause, gaveUp.Reason)
						require.ErrorIs(w, err, test.cause)
						require.ErrorIs(w, err, test.err)
						assert.NotErrorIs(w, err, jobstatus.ErrTimeout)
						assert.Equal(w, "a", gaveUp.ID)
						assert.Equal(w, "a", st.ID)
						assert.Equal(w, st, gaveUp.Last)
						if late {
							assert.Empty(w, s.polls("a"))
							assert.Zero(w, time.Since(began))
							return
						}
						assert.Equal(w, jobstatus.Pending, st.State)
						assert.Equal(w, time.Minute, gaveUp.Elapsed)
						assert.Equal(w, time.Minute, time.Since(began))
					})
				})
			}
		}
	}
}

// waits returns each waiting method as a function that returns the last result of the method.
func waits() map[string]func(*jobstatus.Watcher, context.Context, string) (jobstatus.Status, error) {
	return map[string]func(*jobstatus.Watcher, context.Context, string) (jobstatus.Status, error){
		"WaitForJob": func(w *jobstatus.Watcher, ctx context.Context, id string) (jobstatus.Status, error) {
			return w.WaitForJob(ctx, id)
		},
		"WaitForJobWithUpdates": func(w *jobstatus.Watcher, ctx context.Context, id string) (jobstatus.Status, error) {
			return w.WaitForJobWithUpdates(ctx, id, make(chan jobstatus.Status, 10))
		},
		"Updates": func(w *jobstatus.Watcher, ctx context.Context, id string) (last jobstatus.Status, err error) {
			for last, err = range w.Updates(ctx, id) {
			}
			return last, err
		},
		"WaitForJobs": func(w *jobstatus.Watcher, ctx context.Context, id string) (last jobstatus.Status, err error) {
			for last, err = range w.WaitForJobs(ctx, func(yield func(string) bool) { yield(id) }) {
			}
			return last, err
		},
	}
}

// fault 36: a wait that begins after Close ends like a wait that Close ended.
func TestAWaitOnAClosedWatcherIsAWaitError(t *testing.T) {
	t.Parallel()
	for method, wait := range waits() {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			watcher, err := jobstatus.New(silent{})
			require.NoError(t, err)
			require.NoError(t, watcher.Close())
			_, err = wait(watcher, context.Background(), "a")
			require.ErrorAs(t, err, new(*jobstatus.WaitError))
			require.ErrorIs(t, err, jobstatus.ErrClosed)
		})
	}
}

// For attempts, -1 is Unlimited, as in many packages.
func TestMinusOneAttemptIsUnlimited(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s, every(time.Second), jobstatus.WithMaxAttempts(-1))
		other := w.watcher(s, every(time.Second), jobstatus.WithMaxAttempts(3))
		for _, err := range []error{
			second(watcher.WaitForJob(w.Context(), "a", jobstatus.Timeout(time.Minute))),
			second(other.WaitForJob(w.Context(), "b", jobstatus.Timeout(time.Minute), jobstatus.MaxAttempts(-1))),
		} {
			require.ErrorIs(w, err, jobstatus.ErrTimeout)
			var e *jobstatus.WaitError
			require.ErrorAs(w, err, &e)
			assert.Greater(w, e.Polls, 50)
		}
	})
}

func second(_ jobstatus.Status, err error) error { return err }

// fault 32: a remaining time that was computed as -1ns lifts no limit.
func TestOnlyUnlimitedLiftsALimit(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		s := w.service(never)
		_, err := jobstatus.New(s, jobstatus.WithTimeout(-1), jobstatus.WithMaxAttempts(-2))
		require.ErrorContains(w, err, "WithTimeout(-1ns): must not be negative")
		require.ErrorContains(w, err, "WithMaxAttempts(-2): must not be negative")
		watcher := w.watcher(s, every(time.Second))
		_, err = watcher.WaitForJob(w.Context(), "a", jobstatus.Timeout(-1), jobstatus.MaxAttempts(-2))
		require.ErrorContains(w, err, "Timeout(-1ns): must not be negative")
		require.ErrorContains(w, err, "MaxAttempts(-2): must not be negative")
		feed := feedOf(jobstatus.Job{ID: "a", Timeout: -1}, jobstatus.Job{ID: "b", Timeout: jobstatus.Unlimited})
		ctx, cancel := context.WithTimeout(w.Context(), time.Hour)
		defer cancel()
		errs := map[string]error{}
		for st, err := range watcher.WaitForFeed(ctx, feed) {
			errs[st.ID] = err
		}
		require.ErrorContains(w, errs["a"], "timeout -1ns: must not be negative")
		require.ErrorIs(w, errs["b"], context.DeadlineExceeded)
		assert.Empty(w, s.polls("a"))
	})
}

// A job without a limit stays without one when it is saved and read again.
func TestUnlimitedSurvivesAFile(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(jobstatus.Job{ID: "a", Timeout: jobstatus.Unlimited})
	require.NoError(t, err)
	var job jobstatus.Job
	require.NoError(t, json.Unmarshal(text, &job))
	assert.Equal(t, time.Duration(jobstatus.Unlimited), job.Timeout)
}
