package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
)

// endless yields ids without an end, and counts them.
func endless(taken *atomic.Int64) iter.Seq[string] {
	return func(yield func(string) bool) {
		for yield(fmt.Sprint("job-", taken.Add(1))) {
		}
	}
}

// paced yields ids. It sleeps on the clock before each id except the first.
func paced(w world, d time.Duration, ids ...string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, id := range ids {
			if i > 0 {
				w.clock.Sleep(d)
			}
			if !yield(id) {
				return
			}
		}
	}
}

// fault 58: the call ends with its context although the sequence is endless.
func TestAnEndedContextEndsACallWhoseIDsAreEndless(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(never), every(time.Second), jobstatus.WithMaxWatches(10))
		w.run(func() {
			var taken atomic.Int64
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			enough := errors.New("enough")
			began, results := w.clock.Now(), 0
			var last error
			for st, err := range watcher.WaitForJobs(ctx, endless(&taken)) {
				if results++; results == 5000 {
					cancel(enough)
				}
				if last = err; results > 5000 {
					require.ErrorIs(w, err, enough)
					continue
				}
				require.ErrorIs(w, err, jobstatus.ErrMaxWatches, st.ID)
			}
			var gaveUp *jobstatus.WaitError
			require.ErrorAs(w, last, &gaveUp)
			assert.Empty(w, gaveUp.ID, "the last result is that ids are left")
			assert.ErrorContains(w, last, "ids not yet taken")
			assert.Less(w, results, 7000)
			assert.EqualValues(w, results-1, taken.Load(), "each id that was taken has a result")
			assert.Zero(w, w.clock.Since(began))
		})
	})
}

// fault 58
func TestFinishedJobsAreYieldedWhileTheSequenceIsQuiet(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(3, jobstatus.Completed)), every(time.Second))
		w.run(func() {
			began := w.clock.Now()
			var at []time.Duration
			for st, err := range watcher.WaitForJobs(context.Background(), paced(w, time.Hour, "a", "b", "c")) {
				require.NoError(w, err, st.ID)
				at = append(at, w.clock.Since(began).Round(time.Microsecond))
			}
			assert.Equal(w, seconds(2, 3602, 7202), at)
		})
	})
}

// fault 58: exactly, to the nanosecond.
func TestAnEndedContextEndsACallWhoseSequenceIsQuiet(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(never), every(time.Second))
		w.run(func() {
			ctx, cancel := w.clock.WithTimeout(context.Background(), 90*time.Second)
			defer cancel()
			began, got := w.clock.Now(), []string{}
			for st, err := range watcher.WaitForJobs(ctx, paced(w, time.Hour, "a", "b")) {
				var gaveUp *jobstatus.WaitError
				require.ErrorAs(w, err, &gaveUp)
				require.ErrorIs(w, err, context.DeadlineExceeded)
				assert.Equal(w, 90*time.Second, gaveUp.Elapsed)
				got = append(got, st.ID)
			}
			assert.Equal(w, []string{"a", ""}, got)
			assert.Equal(w, 90*time.Second, w.clock.Since(began))
		})
		w.run(func() { w.clock.Sleep(2 * time.Hour) }) // the sequence returns
	})
}

// fault 36 and fault 58
func TestCloseEndsACallWhoseSequenceIsQuiet(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(1, jobstatus.Completed)))
		w.clock.AfterFunc(time.Minute, func() { _ = watcher.Close() })
		w.run(func() {
			began, errs := w.clock.Now(), []error{}
			for _, err := range watcher.WaitForJobs(context.Background(), paced(w, time.Hour, "a", "b")) {
				errs = append(errs, err)
			}
			require.Len(w, errs, 2)
			require.NoError(w, errs[0])
			require.ErrorIs(w, errs[1], jobstatus.ErrClosed)
			assert.Equal(w, time.Minute, w.clock.Since(began))
		})
		w.run(func() { w.clock.Sleep(2 * time.Hour) })
	})
}

// fault 58: a sequence that never returns keeps its own goroutine, and nothing else.
func TestASequenceThatBlocksForEverHoldsNobody(t *testing.T) {
	t.Parallel()
	watcher, err := jobstatus.New(transportFunc(func(context.Context, string) (jobstatus.Status, error) {
		return jobstatus.Status{State: jobstatus.Completed}, nil
	}))
	require.NoError(t, err)
	for _, breaks := range []bool{true, false} {
		release, returned := make(chan struct{}), make(chan struct{})
		ctx, cancel := context.WithCancel(context.Background())
		results := 0
		for st, err := range watcher.WaitForJobs(ctx, func(yield func(string) bool) {
			defer close(returned)
			_ = yield("a")
			<-release
			assert.False(t, yield("b"), "nobody takes it any more")
		}) {
			if results++; results > 1 {
				require.ErrorIs(t, err, context.Canceled)
				continue
			}
			require.NoError(t, err, st.ID)
			if breaks {
				break
			}
			cancel()
		}
		cancel()
		_, err = watcher.WaitForJob(context.Background(), "c")
		require.NoError(t, err)
		if !breaks {
			assert.Equal(t, 2, results)
			require.NoError(t, watcher.Close())
		}
		close(release)
		<-returned
	}
}

// A sequence that yields its ids quickly may share variables with the body of the loop.
func TestASequenceAndTheLoopOverItsResultsTakeTurns(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(1, jobstatus.Completed)))
		w.run(func() {
			left, most := 0, 0 // without a lock: the race detector would report a race
			for _, err := range watcher.WaitForJobs(context.Background(), func(yield func(string) bool) {
				for i := range 300 {
					left++
					most = max(most, left)
					runtime.Gosched()
					if !yield(fmt.Sprint(i)) {
						return
					}
				}
			}) {
				require.NoError(w, err)
				left--
			}
			assert.Zero(w, left)
			assert.Positive(w, most)
		})
	})
}

func TestNoIDIsTakenDuringTheBodyOfTheLoop(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(1, jobstatus.Completed)), jobstatus.WithConcurrency(1))
		w.run(func() {
			var taken atomic.Int64
			// Here the sequence is not endless, because in virtual time no poll is made while ids
			// are taken without a pause.
			for range watcher.WaitForJobs(context.Background(), func(yield func(string) bool) {
				for range 3000 {
					if !yield(fmt.Sprint("job-", taken.Add(1))) {
						return
					}
				}
			}) {
				before := taken.Load()
				w.clock.Sleep(time.Hour)
				assert.Equal(w, before, taken.Load())
				if before > 100 {
					break
				}
			}
		})
	})
}

// fault 37: when the loop ends, the sequence's resources are freed.
func TestBreakingOutOfARangeWaitsForASequenceBetweenTwoIDs(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(1, jobstatus.Completed)))
		w.run(func() {
			for range 10 {
				returned := false
				var taken atomic.Int64
				for range watcher.WaitForJobs(context.Background(), func(yield func(string) bool) {
					defer func() { returned = true }()
					w.clock.Sleep(time.Second)
					endless(&taken)(yield)
					w.clock.Sleep(time.Second)
				}) {
					break
				}
				require.True(w, returned)
			}
		})
	})
}

// fault 35: the caller gets the panic, as in any range.
func TestASequenceThatPanicsDoesSoOnTheCallersGoroutine(t *testing.T) {
	boom := errors.New("boom")
	for name, fail := range map[string]func(){"panic": func() { panic(boom) }, "Goexit": runtime.Goexit} {
		for when, ids := range map[string]func(w world) iter.Seq[string]{
			"at once":  func(world) iter.Seq[string] { return func(func(string) bool) { fail() } },
			"later":    func(w world) iter.Seq[string] { return then(paced(w, time.Hour, "a", "b"), fail) },
			"at break": func(world) iter.Seq[string] { return then(slices.Values([]string{"a", "b", "c"}), fail) },
		} {
			t.Run(name+" "+when, func(t *testing.T) {
				inVirtualTime(t, func(w world) {
					watcher := w.watcher(w.service(after(1, jobstatus.Completed)), jobstatus.WithConcurrency(1))
					w.run(func() {
						returned, recovered := false, any(nil)
						inGoroutine(w, func() {
							defer func() { recovered = recover() }()
							for range watcher.WaitForJobs(context.Background(), ids(w)) {
								if when == "at break" {
									break
								}
							}
							returned = true
						})
						assert.False(w, returned)
						if name == "panic" {
							assert.Equal(w, boom, recovered)
						} else {
							assert.Nil(w, recovered)
						}
					})
				})
			})
		}
	}
}

// then calls f when the sequence has ended or was stopped.
func then(ids iter.Seq[string], f func()) iter.Seq[string] {
	return func(yield func(string) bool) {
		defer f()
		ids(yield)
	}
}

// inGoroutine calls f on a new goroutine, which f may end, and waits on the clock until it has
// ended.
func inGoroutine(w world, f func()) {
	start, track := func(f func()) { go f() }, wait.Track(w.clock)
	if clk, ok := w.clock.(*mock.Clock); ok {
		start = clk.Go
	}
	done := make(chan struct{})
	start(func() {
		defer close(done)
		defer track.Unpark() // the caller
		f()
	})
	track.Park()
	<-done
}

// A panic after the call does not end the program, and is logged.
func TestASequenceThatPanicsAfterItsCallIsLogged(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		core, logs := observer.New(zap.ErrorLevel)
		watcher := w.watcher(w.service(never), jobstatus.WithLogger(zap.New(core)))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for range watcher.WaitForJobs(ctx, func(yield func(string) bool) {
			time.Sleep(time.Hour)
			panic("boom")
		}) {
		}
		assert.Zero(t, logs.Len())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 1, logs.Len())
		assert.Equal(t, "boom", logs.All()[0].ContextMap()["value"])
	})
}

// fault 33: each id that is taken has one result, at whatever time the context ends.
func TestIDsThatAreTakenAfterTheEndOfTheContextHaveAResultToo(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		w.run(func() {
			got := map[string]bool{}
			for st, err := range watcher.WaitForJobs(ctx, ids(100)) {
				require.ErrorIs(w, err, context.Canceled)
				require.ErrorAs(w, err, new(*jobstatus.WaitError))
				got[st.ID] = true
			}
			assert.Len(w, got, 100)
			assert.False(w, got[""])
		})
		assert.Empty(w, s.asked)
	})
}

// A call whose context ends does not take its sequence for a slow one while a plugin is slow.
func TestIDsHaveAResultIfTheContextEndsWhileThePluginsAreSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := backoff.Func(func(backoff.Poll) time.Duration {
			time.Sleep(5 * time.Nanosecond)
			return time.Second
		})
		w, err := jobstatus.New(transportFunc(func(context.Context, string) (transport.Status, error) {
			return transport.Status{State: transport.Running}, nil
		}), jobstatus.WithBackoff(slow))
		require.NoError(t, err)
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Nanosecond)
		defer cancel()
		var ids []string
		for st, err := range w.WaitForJobs(ctx, slices.Values([]string{"a", "b", "c"})) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			ids = append(ids, st.ID)
		}
		slices.Sort(ids)
		assert.Equal(t, []string{"a", "b", "c"}, ids)
	})
}

// An invalid id among many has one result, like any other id.
func TestAnInvalidIDInASequenceIsOneResult(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(2, jobstatus.Completed)))
		w.run(func() {
			got := map[string]error{}
			for st, err := range watcher.WaitForJobs(context.Background(), paced(w, time.Hour, "..", "a")) {
				got[st.ID] = err
			}
			require.ErrorIs(w, got[".."], transport.ErrInvalidID)
			require.Contains(w, got, "a")
			require.NoError(w, got["a"])
			assert.Len(w, got, 2)
		})
	})
}
