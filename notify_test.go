package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
)

// radio is a Notifier that reports what the test tells it to.
type radio struct {
	trusted bool
	mu      sync.Mutex
	notify  func(transport.Status)
	lose    chan error
	starts  atomic.Int32
}

func newRadio(trusted bool) *radio { return &radio{trusted: trusted, lose: make(chan error)} }

func (r *radio) Trusted() bool { return r.trusted }

func (r *radio) Notify(ctx context.Context, notify func(transport.Status)) error {
	r.starts.Add(1)
	r.mu.Lock()
	r.notify = notify
	r.mu.Unlock()
	notify(transport.Status{})
	select {
	case err := <-r.lose:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *radio) say(st transport.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notify(st)
}

// counter is a Transport that answers polls and counts them.
type counter struct {
	mu    sync.Mutex
	jobs  map[string]transport.Status
	polls int
}

func newCounter() *counter { return &counter{jobs: map[string]transport.Status{}} }

func (s *counter) set(id string, state transport.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[id] = transport.Status{ID: id, State: state}
}

func (s *counter) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polls
}

func (s *counter) Status(_ context.Context, id string) (transport.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls++
	if st, ok := s.jobs[id]; ok {
		return st, nil
	}
	return transport.Status{ID: id, State: transport.Running}, nil
}

func newHearing(t *testing.T, s transport.Transport, r transport.Notifier, opts ...jobstatus.Option) *jobstatus.Watcher {
	w, err := jobstatus.New(s, append([]jobstatus.Option{jobstatus.WithNotifier(r), jobstatus.WithTimeout(time.Hour)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	synctest.Wait()
	return w
}

// ending is how and when a wait ended.
type ending struct {
	status jobstatus.Status
	err    error
	after  time.Duration
}

func heardBy(ctx context.Context, w *jobstatus.Watcher, id string, opts ...jobstatus.WatchOption) <-chan ending {
	began, c := time.Now(), make(chan ending, 1)
	go func() {
		st, err := w.WaitForJob(ctx, id, opts...)
		c <- ending{st, err, time.Since(began)}
	}()
	synctest.Wait()
	return c
}

// fault 29: a trusted notification ends the wait without a poll. Any other ends it after one.
func TestANotificationEndsTheWaitAtOnce(t *testing.T) {
	t.Parallel()
	for trusted, polls := range map[bool]int{true: 0, false: 1} {
		t.Run(fmt.Sprint("trusted ", trusted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := newCounter(), newRadio(trusted)
				w := newHearing(t, s, r)
				ended := heardBy(t.Context(), w, "a")
				time.Sleep(20 * time.Second)
				s.set("a", transport.Completed)
				r.say(transport.Status{ID: "a", State: transport.Completed})
				e := <-ended
				require.NoError(t, e.err)
				assert.Equal(t, 20*time.Second, e.after)
				assert.Equal(t, polls, s.count())
				assert.EqualValues(t, 1, w.Stats().Notifications)
			})
		})
	}
}

// fault 29: an untrusted end is not the end until a poll confirms it. After a poll that does not,
// the Backoff sets the pace.
func TestAForgedEndIsNoEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(false)
		w := newHearing(t, s, r)
		ended := heardBy(t.Context(), w, "a")
		time.Sleep(5 * time.Second)
		r.say(transport.Status{ID: "a", State: transport.Completed})
		synctest.Wait()
		assert.Empty(t, ended)
		assert.Equal(t, 1, s.count())
		time.Sleep(2 * time.Second)
		assert.Greater(t, s.count(), 1)
		s.set("a", transport.Failed)
		e := <-ended
		require.ErrorIs(t, e.err, jobstatus.ErrJobFailed)
		assert.Less(t, e.after, 25*time.Second)
	})
}

// fault 29: a slow poll decides when a notification was lost.
func TestALostNotificationIsMadeUpForByAQuietPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(true)
		w := newHearing(t, s, r, jobstatus.WithQuietInterval(10*time.Second))
		ended := heardBy(t.Context(), w, "a")
		assert.Equal(t, 1, w.Stats().Heard)
		time.Sleep(65 * time.Second)
		assert.InDelta(t, 6, s.count(), 1, "one poll each ten seconds, and a little more")
		s.set("a", transport.Completed)
		e := <-ended
		require.NoError(t, e.err)
		assert.Less(t, e.after, 78*time.Second)
	})
}

func TestWhatWasHeardBeforeTheWaitJoinsCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(true)
		w := newHearing(t, s, r)
		r.say(transport.Status{ID: "a", State: transport.Completed})
		r.say(transport.Status{ID: "b", State: transport.Completed})
		time.Sleep(59 * time.Second)
		e := <-heardBy(t.Context(), w, "a")
		require.NoError(t, e.err)
		assert.Zero(t, e.after)
		time.Sleep(time.Second)
		ended := heardBy(t.Context(), w, "b")
		assert.Empty(t, ended, "that was a minute ago")
		s.set("b", transport.Completed)
		require.NoError(t, (<-ended).err)
	})
}

// When a source is lost, every job is polled once. The Backoff then decides when to poll, until the
// source has listened for a minute.
func TestALostSourceIsStoodInForByPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(true)
		w := newHearing(t, s, r)
		for i := range 10 {
			_ = heardBy(t.Context(), w, fmt.Sprint(i))
		}
		time.Sleep(10 * time.Second)
		assert.Zero(t, s.count())
		r.lose <- errors.New("reset")
		synctest.Wait()
		assert.Equal(t, 10, s.count(), "each is looked at once")
		assert.Zero(t, w.Stats().Heard)
		time.Sleep(59 * time.Second)
		polled := s.count()
		assert.Greater(t, polled, 80)
		time.Sleep(12 * time.Second)
		assert.Equal(t, 10, w.Stats().Heard)
		assert.EqualValues(t, 2, r.starts.Load())
		polled = s.count()
		time.Sleep(25 * time.Second)
		assert.LessOrEqual(t, s.count()-polled, 10)
	})
}

// Nobody hears what happens between the loss of a source and its return. So jobs are polled at
// both, but only once each while the source comes and goes.
func TestWhatASourceMissesWhileItIsLostIsSoonKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(true)
		w := newHearing(t, s, r, jobstatus.WithBackoff(backoff.Constant(30*time.Minute)))
		ended, other := heardBy(t.Context(), w, "a"), heardBy(t.Context(), w, "b")
		time.Sleep(time.Minute)
		before := s.count()
		r.lose <- errors.New("gone")
		time.Sleep(time.Second / 2)
		require.Equal(t, before+2, s.count())
		s.set("a", transport.Completed)
		e := <-ended
		require.NoError(t, e.err)
		assert.InDelta(t, 61*time.Second, e.after, float64(time.Second))

		synctest.Wait()
		before = s.count()
		for range 10 {
			r.lose <- errors.New("gone again")
			time.Sleep(time.Minute)
		}
		assert.Equal(t, before, s.count(), "a source that comes and goes")
		assert.Empty(t, other)
	})
}

func TestUpdatesThatAreHeardAreYieldedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(true)
		w := newHearing(t, s, r)
		var got []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			for st, err := range w.Updates(t.Context(), "a") {
				assert.NoError(t, err)
				got = append(got, fmt.Sprint(st.State, st.Progress))
			}
		}()
		synctest.Wait()
		at := time.Now()
		for _, st := range []transport.Status{
			{State: transport.Running, Progress: 0.5, Updated: at.Add(2 * time.Second)},
			{State: transport.Running, Progress: 0.5, Updated: at.Add(2 * time.Second)}, // twice
			{State: transport.Running, Progress: 0.25, Updated: at.Add(time.Second)},    // late
			{State: transport.Pending}, // late, without a time
			{State: transport.Completed, Progress: 1},
			{State: transport.Running, Progress: 0.75}, // after the end
		} {
			st.ID = "a"
			r.say(st)
			synctest.Wait()
		}
		<-done
		assert.Equal(t, []string{"running 0.5", "completed 1"}, got)
		assert.Zero(t, s.count())
	})
}

// fault 53: whatever a Notifier does, jobs are polled and Close returns.
func TestANotifierThatMisbehavesIsStoodInForByPolls(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(context.Context, func(transport.Status)) error{
		"panic":  func(context.Context, func(transport.Status)) error { panic("oh") },
		"Goexit": func(context.Context, func(transport.Status)) error { runtime.Goexit(); return nil },
		"nil":    func(context.Context, func(transport.Status)) error { return nil },
		"permanent": func(context.Context, func(transport.Status)) error {
			return &transport.Error{Class: transport.Permanent}
		},
		"typed nil": func(context.Context, func(transport.Status)) error { return (*explosive)(nil) },
		"says it is well and leaves": func(_ context.Context, notify func(transport.Status)) error {
			notify(transport.Status{})
			return errors.New("gone")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newCounter()
				s.set("a", transport.Completed)
				w := newHearing(t, s, notifierFunc(f))
				time.Sleep(time.Minute)
				e := <-heardBy(t.Context(), w, "a")
				require.NoError(t, e.err)
				assert.LessOrEqual(t, e.after, time.Second)
			})
		})
	}
}

type notifierFunc func(context.Context, func(transport.Status)) error

func (f notifierFunc) Notify(ctx context.Context, notify func(transport.Status)) error {
	return f(ctx, notify)
}

type explosive struct{}

func (explosive) Error() string { panic("Error") }

// fault 29: notifications of many jobs are lost, doubled and late at random. Each job still ends
// once and with the right state.
func TestEachJobEndsOnceWhateverBecomesOfItsNotifications(t *testing.T) {
	t.Parallel()
	const jobs = 5_000 // a hundred thousand were tried
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(false)
		w := newHearing(t, s, r, jobstatus.WithQuietInterval(20*time.Second), jobstatus.WithConcurrency(1000))
		rng := rand.New(rand.NewPCG(1, 2))
		type event struct {
			at time.Duration
			st transport.Status
			is bool // it has ended, and was not only reported
		}
		var course []event
		want := map[string]transport.State{}
		ids := make([]string, jobs)
		for i := range ids {
			id := fmt.Sprint("job-", i)
			ids[i] = id
			end := time.Duration(rng.Int64N(int64(time.Minute)))
			state := []transport.State{transport.Completed, transport.Failed, transport.Canceled}[rng.IntN(3)]
			want[id] = state
			course = append(course, event{end, transport.Status{ID: id, State: state}, true})
			say := func(st transport.Status) {
				for range rng.IntN(3) { // lost, sent once, or sent twice
					at := end + time.Duration(rng.Int64N(int64(5*time.Second))) - time.Second
					course = append(course, event{max(at, 0), st, false})
				}
			}
			say(transport.Status{ID: id, State: transport.Running, Progress: 0.5})
			say(transport.Status{ID: id, State: state})
		}
		slices.SortStableFunc(course, func(a, b event) int { return int(a.at - b.at) })
		go func() {
			began := time.Now()
			for _, e := range course {
				if d := e.at - time.Since(began); d > time.Second/10 {
					time.Sleep(d)
				}
				if e.is {
					s.set(e.st.ID, e.st.State)
				} else {
					r.say(e.st)
				}
			}
		}()
		got := map[string]transport.State{}
		for st, err := range w.WaitForJobs(t.Context(), slices.Values(ids)) {
			if _, twice := got[st.ID]; twice {
				t.Fatalf("%s ended twice", st.ID)
			}
			got[st.ID] = st.State
			if st.State == transport.Completed {
				require.NoError(t, err)
			}
		}
		assert.Equal(t, want, got)
	})
}

// slow is a counter whose polls take a second. The answer is the state at the beginning of the
// poll.
type slow struct{ *counter }

func (s slow) Status(ctx context.Context, id string) (transport.Status, error) {
	st, err := s.counter.Status(ctx, id)
	time.Sleep(time.Second)
	return st, err
}

// fault 29: a notification that arrives during a poll is not lost, although the poll's answer is
// older.
func TestWhatIsHeardDuringAPollCounts(t *testing.T) {
	t.Parallel()
	once := backoff.Func(func(p backoff.Poll) time.Duration { return time.Duration(min(p.Attempt, 1)) * time.Hour })
	for trusted, after := range map[bool]time.Duration{true: 500 * time.Millisecond, false: 2100 * time.Millisecond} {
		t.Run(fmt.Sprint("trusted ", trusted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := newCounter(), newRadio(trusted)
				w, err := jobstatus.New(slow{s}, jobstatus.WithNotifier(r), jobstatus.WithBackoff(once), jobstatus.WithQuietInterval(1))
				require.NoError(t, err)
				defer w.Close()
				ended := heardBy(t.Context(), w, "a")
				time.Sleep(500 * time.Millisecond)
				require.Equal(t, 1, s.count(), "a poll is in flight")
				s.set("a", transport.Completed)
				r.say(transport.Status{ID: "a", State: transport.Completed})
				e := <-ended
				require.NoError(t, e.err)
				assert.InDelta(t, after, e.after, float64(time.Millisecond), "a second poll begins once the first is answered")
			})
		})
	}
}

// An end that was reported stays urgent after a notification without a state, and after a late one
// that says that the job runs.
func TestAClaimedEndStaysClaimed(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]transport.Status{
		"something has changed": {ID: "a"},
		"it runs":               {ID: "a", State: transport.Running, Progress: 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, r := newCounter(), newRadio(false)
				w := newHearing(t, s, r)
				_ = heardBy(t.Context(), w, "a")
				time.Sleep(time.Second)
				r.say(transport.Status{ID: "a", State: transport.Completed})
				time.Sleep(time.Second)
				r.say(late)
				time.Sleep(time.Second)
				polled := s.count()
				time.Sleep(20 * time.Second)
				assert.Greater(t, s.count(), polled, "polls go on at the pace of the Backoff")
			})
		})
	}
}

// A service may report an end before its answers to polls do. So if the poll does not confirm the
// end, the next one comes after the quiet interval, unless the Backoff asks for it sooner.
func TestAClaimThatIsNotConfirmedIsCheckedAgainSoon(t *testing.T) {
	t.Parallel()
	for wait, after := range map[time.Duration]time.Duration{10 * time.Minute: 33 * time.Second, 10 * time.Second: 13 * time.Second} {
		for name, b := range map[string]backoff.Strategy{"strategy": backoff.Constant(wait), "follower": following{wait: wait}} {
			t.Run(fmt.Sprint(name, " ", wait), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, r := newCounter(), newRadio(false)
					w := newHearing(t, s, r, jobstatus.WithBackoff(b))
					ended := heardBy(t.Context(), w, "a")
					for range 2 { // the second is a repeated delivery
						time.Sleep(time.Second)
						r.say(transport.Status{ID: "a", State: transport.Completed})
					}
					time.Sleep(time.Second)
					s.set("a", transport.Completed)
					e := <-ended
					require.NoError(t, e.err)
					assert.InDelta(t, after, e.after, float64(2*time.Second))
				})
			})
		}
	}
}

// following is a Follower that asks for a constant wait.
type following struct{ wait time.Duration }

func (f following) Next(backoff.Poll) time.Duration    { return f.wait }
func (following) Observe(backoff.Outcome)              {}
func (following) Follow(string, string, time.Duration) {}

// A source that is asked to wait is not started before that, up to the limit of the user.
func TestASourceIsStartedAgainWhenItsServiceAllows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		opts  []jobstatus.Option
	}{
		"as asked": {after: 10 * time.Minute},
		"limited":  {after: 2 * time.Minute, opts: []jobstatus.Option{jobstatus.WithMaxRetryAfter(2 * time.Minute)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRadio(true)
				newHearing(t, newCounter(), r, c.opts...)
				r.lose <- fmt.Errorf("stream: %w", &transport.Error{Class: transport.Transient, RetryAfter: 10 * time.Minute})
				time.Sleep(c.after - time.Nanosecond)
				synctest.Wait()
				assert.EqualValues(t, 1, r.starts.Load())
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				assert.EqualValues(t, 2, r.starts.Load())
				r.lose <- errors.New("lost")
				time.Sleep(2 * time.Second)
				synctest.Wait()
				assert.EqualValues(t, 3, r.starts.Load(), "the wait that was asked for counts once")
			})
		})
	}
}

// However often an end is reported, there is one poll for each report, and one more.
func TestAnEndThatIsClaimedAgainAndAgainIsPolledOnceForEachClaim(t *testing.T) {
	t.Parallel()
	for every, claims := range map[time.Duration]int{time.Second: 100, 20 * time.Second: 20, 40 * time.Second: 20, time.Hour: 1} {
		t.Run(every.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, r := newCounter(), newRadio(false)
				w := newHearing(t, s, r, jobstatus.WithBackoff(backoff.Constant(2*time.Hour)), jobstatus.WithTimeout(3*time.Hour))
				_ = heardBy(t.Context(), w, "a")
				time.Sleep(time.Second)
				before := s.count()
				for range claims {
					r.say(transport.Status{ID: "a", State: transport.Completed})
					time.Sleep(every)
				}
				assert.LessOrEqual(t, s.count()-before, claims+1)
			})
		})
	}
}

// Whoever repeats a notification that polls deny causes ever fewer polls. Once a poll finds
// something new, the next notification is heeded at once.
func TestNotificationsThatPollsDenyAreHeededEverLess(t *testing.T) {
	t.Parallel()
	type row struct {
		state transport.State
		holds bool
	}
	for _, c := range []row{{transport.Completed, false}, {transport.Unknown, false}, {transport.Blocked, false}, {transport.Completed, true}, {transport.Unknown, true}} {
		t.Run(fmt.Sprintf("%v, holds %v", c.state, c.holds), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, r := newCounter(), newRadio(false)
				var service transport.Transport = s
				if c.holds {
					service = holdingCounter{s}
				}
				w := newHearing(t, service, r, jobstatus.WithBackoff(backoff.Constant(2*time.Hour)), jobstatus.WithTimeout(3*time.Hour))
				ended := heardBy(t.Context(), w, "a")
				shout := func() {
					r.say(transport.Status{ID: "a", State: c.state})
					time.Sleep(10 * time.Millisecond)
				}
				for range 60_000 { // ten minutes
					shout()
				}
				assert.LessOrEqual(t, s.count(), 32, "in ten minutes")
				s.set("a", transport.Pending)
				for range 3000 {
					shout()
				}
				time.Sleep(time.Minute)
				s.set("a", transport.Completed)
				r.say(transport.Status{ID: "a", State: transport.Completed})
				e := <-ended
				require.NoError(t, e.err)
				assert.Less(t, e.after, 11*time.Minute+31*time.Second)
			})
		})
	}
}

// holdingCounter is a counter that holds requests. It counts them, too.
type holdingCounter struct{ *counter }

func (s holdingCounter) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	select {
	case <-ctx.Done():
		return last, context.Cause(ctx)
	case <-time.After(d):
		return s.Status(ctx, id)
	}
}

// A notification may be wrong, and so may its time. The answer to a poll counts, however often a
// source reports something newer. A time in the future is wrong, wherever it comes from.
func TestAnAnswerCountsWhateverTimeANotificationNames(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s, r := newCounter(), newRadio(trusted)
			w := newHearing(t, s, r)
			ended := heardBy(t.Context(), w, "a", jobstatus.StopWhenBlocked())
			time.Sleep(time.Second)
			s.mu.Lock()
			s.jobs["a"] = transport.Status{ID: "a", State: transport.Blocked, Updated: time.Now()}
			s.mu.Unlock()
			for i := range 10 {
				r.say(transport.Status{ID: "a", State: transport.Running, Progress: float64(i) / 10, Updated: time.Now().Add(time.Hour)})
				time.Sleep(20 * time.Second)
			}
			e := <-ended
			require.ErrorIs(t, e.err, jobstatus.ErrBlocked)
			assert.Less(t, e.after, time.Minute, trusted)
		})
	}
}

// A notification that is older than an earlier one changes nothing.
func TestAnUnconfirmedNotificationThatComesLateChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(false)
		w := newHearing(t, s, r)
		var seen []float64
		begun := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for u := range w.Updates(ctx, "a") {
				seen = append(seen, u.Progress)
			}
		}()
		for _, n := range []int{2, 1, 3, 2} {
			synctest.Wait()
			r.say(transport.Status{ID: "a", State: transport.Running, Progress: float64(n) / 10, Updated: begun.Add(time.Duration(n) * time.Second)})
		}
		synctest.Wait()
		assert.Equal(t, []float64{0.2, 0.3}, seen)
		cancel()
		synctest.Wait()
	})
}

// A limit of attempts counts the polls that the Backoff asked for. It does not count polls that
// notifications or other waits for the same job brought forward.
func TestPollsThatOthersBringForwardAreNoAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(false)
		w := newHearing(t, s, r, jobstatus.WithBackoff(backoff.Constant(10*time.Second)), jobstatus.WithMaxAttempts(4))
		ended := heardBy(t.Context(), w, "a", jobstatus.MaxAttempts(4))
		for i := range 20 {
			time.Sleep(time.Second)
			r.say(transport.Status{ID: "a"}) // it has changed, whatever its state
			other := heardBy(t.Context(), w, "a", jobstatus.Timeout(time.Duration(i+1)*100*time.Millisecond))
			defer func() { require.ErrorIs(t, (<-other).err, jobstatus.ErrTimeout) }()
		}
		require.Greater(t, s.count(), 20)
		time.Sleep(15 * time.Second)
		require.Empty(t, ended)
		s.set("a", transport.Completed)
		e := <-ended
		require.NoError(t, e.err)

		alone := heardBy(t.Context(), w, "b", jobstatus.MaxAttempts(4))
		e = <-alone
		var gaveUp *jobstatus.WaitError
		require.ErrorAs(t, e.err, &gaveUp)
		require.ErrorIs(t, e.err, jobstatus.ErrMaxAttempts)
		assert.Equal(t, 4, gaveUp.Polls)
	})
}

// When a job is no longer blocked, it is polled as rarely as others again.
func TestAJobThatIsNoLongerBlockedIsPolledRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(false)
		w := newHearing(t, s, r)
		_ = heardBy(t.Context(), w, "a")
		time.Sleep(time.Second)
		s.set("a", transport.Blocked)
		r.say(transport.Status{ID: "a", State: transport.Blocked})
		time.Sleep(time.Second)
		s.set("a", transport.Running)
		r.say(transport.Status{ID: "a", State: transport.Running})
		time.Sleep(time.Minute)
		polled := s.count()
		time.Sleep(time.Hour / 4)
		assert.LessOrEqual(t, s.count()-polled, 30, "one each quiet interval")
	})
}

// revised is a Conditional that records the revisions in its calls.
type revised struct {
	*counter
	asked chan string
}

func (s revised) StatusSince(_ context.Context, id string, last transport.Status) (transport.Status, error) {
	s.asked <- last.Revision
	return last, nil
}

// No poll uses the revision of a notification.
func TestAPollIsNotAskedByTheRevisionOfANotification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := revised{newCounter(), make(chan string, 9)}, newRadio(false)
		w, err := jobstatus.New(s, jobstatus.WithNotifier(r), jobstatus.WithTimeout(time.Hour))
		require.NoError(t, err)
		defer w.Close()
		synctest.Wait()
		_ = heardBy(t.Context(), w, "a")
		r.say(transport.Status{ID: "a", State: transport.Running, Progress: 0.5, Revision: "event-7"})
		time.Sleep(time.Minute)
		assert.Positive(t, s.count())
		assert.Empty(t, s.asked)
	})
}

func TestTheLossOfASourceIsLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		_ = newHearing(t, newCounter(), notifierFunc(func(context.Context, func(transport.Status)) error { return errors.New("refused") }),
			jobstatus.WithLogger(zap.New(core)))
		time.Sleep(10 * time.Minute)
		assert.Equal(t, 1, logs.Len(), "of a source that never listens, too")
	})
}

// A webhook seems to listen for ever, even if its service sends no more requests.
func TestASourceThatFallsSilentIsStoodInForByPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.WarnLevel)
		s, r := newCounter(), newRadio(false)
		w := newHearing(t, s, r, jobstatus.WithLogger(zap.New(core)), jobstatus.WithBackoff(backoff.Constant(time.Second)))
		var ends []<-chan ending
		for i := range 5 {
			ends = append(ends, heardBy(t.Context(), w, fmt.Sprint(i)))
		}
		time.Sleep(50 * time.Second)
		for i := range 3 {
			s.set(fmt.Sprint(i), jobstatus.Completed) // without a notification
		}
		for i := range 3 {
			require.NoError(t, (<-ends[i]).err)
		}
		synctest.Wait()
		assert.Zero(t, w.Stats().Heard)
		s.set("3", jobstatus.Completed)
		ended := time.Now()
		require.NoError(t, (<-ends[3]).err)
		assert.LessOrEqual(t, time.Since(ended), time.Second, "polls find it")
		assert.Len(t, logs.FilterMessageSnippet("do not tell of ends").All(), 1)
		r.say(transport.Status{ID: "4", State: jobstatus.Running, Progress: 0.5})
		time.Sleep(59 * time.Second)
		assert.Zero(t, w.Stats().Heard)
		time.Sleep(2 * time.Second)
		assert.Equal(t, 1, w.Stats().Heard, "it is relied on again after a minute")
	})
}

// Jobs that end before their first quiet poll also show that notifications are missing.
func TestASourceThatNeverSaysAnythingIsStoodInForByPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newCounter()
		w := newHearing(t, s, newRadio(false), jobstatus.WithBackoff(backoff.Constant(time.Second)))
		wave := func(name string) time.Duration {
			var ends []<-chan ending
			for i := range 3 {
				id := fmt.Sprint(name, i)
				ends = append(ends, heardBy(t.Context(), w, id))
				time.AfterFunc(10*time.Second, func() { s.set(id, jobstatus.Completed) })
			}
			began := time.Now()
			for _, e := range ends {
				require.NoError(t, (<-e).err)
			}
			return time.Since(began)
		}
		for i := range 5 {
			id := fmt.Sprint("old", i)
			s.mu.Lock()
			s.jobs[id] = transport.Status{ID: id, State: jobstatus.Completed, Finished: time.Now().Add(-time.Hour)}
			s.mu.Unlock()
			require.NoError(t, (<-heardBy(t.Context(), w, id)).err)
		}
		assert.Greater(t, wave("first"), jobstatus.DefaultQuietInterval, "nobody could tell of jobs that ended long ago")
		assert.LessOrEqual(t, wave("second"), 11*time.Second)
	})
}

// A Watcher on a mock.Clock makes the same polls in every run, whatever its source does. No time
// passes while the source fails or is started again.
func TestASourceThatFailsTwiceTakesTheSameCourseInEachRun(t *testing.T) {
	t.Parallel()
	for range 30 {
		clk := mock.NewClock(t)
		var starts []time.Duration
		source := notifierFunc(func(ctx context.Context, notify func(transport.Status)) error {
			switch starts = append(starts, clk.Elapsed()); len(starts) {
			case 1:
				return errors.New("refused")
			case 2:
				_ = transport.HostOf(ctx).Sleep(ctx, 5*time.Second)
				return errors.New("no answer")
			}
			notify(transport.Status{})
			<-ctx.Done()
			return context.Cause(ctx)
		})
		service := mock.NewTransport(t, mock.WithClock(clk), mock.Job("a", mock.Running(80*time.Second), mock.Completed(nil)))
		w, err := jobstatus.New(service, jobstatus.WithNotifier(source), jobstatus.WithClock(clk), jobstatus.WithTimeout(time.Hour),
			jobstatus.WithBackoff(backoff.Constant(500*time.Millisecond)))
		require.NoError(t, err)
		clk.Run(func() {
			_, err := w.WaitForJob(t.Context(), "a")
			assert.NoError(t, err)
		})
		require.NoError(t, w.Close())
		require.Equal(t, []time.Duration{0, time.Second, 8 * time.Second}, starts)
		calls := service.Calls("a")
		require.Equal(t, 1+2*68+1, len(calls), "a minute after the last start, polls become quiet")
		require.Equal(t, 68*time.Second, calls[2*68].Time.Sub(clk.Now().Add(-clk.Elapsed())))
	}
}

// A source that reads a socket and never says that it listens does not delay virtual time for long.
func TestASourceThatReadsASocketHoldsUpNoTestForEver(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	source := notifierFunc(func(ctx context.Context, _ func(transport.Status)) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer conn.Close()
		defer context.AfterFunc(ctx, func() { conn.Close() })()
		_, err = conn.Read(make([]byte, 1))
		return err
	})
	clk := mock.NewClock(t)
	service := mock.NewTransport(t, mock.WithClock(clk), mock.Job("a", mock.Running(80*time.Second), mock.Completed(nil)))
	w, err := jobstatus.New(service, jobstatus.WithNotifier(source), jobstatus.WithClock(clk), jobstatus.WithTimeout(time.Hour))
	require.NoError(t, err)
	clk.Run(func() {
		_, err := w.WaitForJob(t.Context(), "a")
		assert.NoError(t, err)
	})
	require.NoError(t, w.Close())
}

// fault 13 and fault 29: a pause that the service asks for does not end a wait if a notification
// can still report the end.
func TestNoPaceEndsAWaitWhoseEndIsStillTold(t *testing.T) {
	t.Parallel()
	paced := transport.Status{ID: "a", State: transport.Running, RetryAfter: 2 * time.Hour}
	for by, c := range map[string]struct {
		trusted bool
		quiet   time.Duration
		after   time.Duration // the longest time from the end until the wait returns
	}{
		"a notification":                {true, time.Minute, 0},
		"an unconfirmed notification":   {false, 3 * time.Hour, 5 * time.Minute},
		"an answer":                     {true, time.Minute, 0},
		"the answer that began the job": {true, time.Minute, 0},
	} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, r := newCounter(), newRadio(c.trusted)
				w := newHearing(t, s, r, jobstatus.WithQuietInterval(c.quiet))
				var opts []jobstatus.WatchOption
				switch by {
				case "the answer that began the job":
					opts = append(opts, jobstatus.From(paced))
				case "an answer":
					s.jobs["a"] = paced
				}
				ended := heardBy(t.Context(), w, "a", opts...)
				if strings.HasSuffix(by, "notification") {
					r.say(paced)
				}
				time.Sleep(time.Minute)
				_ = heardBy(t.Context(), w, "a", jobstatus.Timeout(30*time.Minute)) // the time for which the job is polled
				time.Sleep(10 * time.Minute)
				s.set("a", transport.Completed)
				told := time.Now()
				r.say(transport.Status{ID: "a", State: transport.Completed})
				e := <-ended
				require.NoError(t, e.err)
				assert.LessOrEqual(t, time.Since(told), c.after)
			})
		})
	}
}

// muddled is a counter that answers its first polls with something unreadable.
type muddled struct{ *counter }

func (s muddled) Status(ctx context.Context, id string) (transport.Status, error) {
	st, err := s.counter.Status(ctx, id)
	if s.count() <= 3 {
		err = &transport.Error{Class: transport.Malformed, Err: errors.New("no JSON")}
	}
	return st, err
}

// fault 17 and fault 29: while polls are rare, two odd answers do not use up the patience.
func TestOddAnswersToQuietPollsEndNoHealthyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(true)
		w, err := jobstatus.New(muddled{s}, jobstatus.WithNotifier(r), jobstatus.WithTimeout(time.Hour),
			jobstatus.WithBackoff(backoff.Constant(5*time.Second)))
		require.NoError(t, err)
		defer w.Close()
		synctest.Wait()
		ended := heardBy(t.Context(), w, "a")
		time.Sleep(2 * time.Minute)
		assert.LessOrEqual(t, s.count(), 7, "polls are quiet again")
		r.say(transport.Status{ID: "a", State: transport.Completed})
		require.NoError(t, (<-ended).err)
	})
}

func TestTheLongestQuietIntervalMeansNoPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(true)
		w := newHearing(t, s, r, jobstatus.WithQuietInterval(math.MaxInt64), jobstatus.WithTimeout(jobstatus.Unlimited))
		ctx, cancel := context.WithCancel(t.Context())
		var waits []<-chan ending
		for i := range 9 {
			waits = append(waits, heardBy(ctx, w, fmt.Sprint(i)))
		}
		time.Sleep(time.Hour)
		assert.Zero(t, s.count())
		cancel()
		for _, c := range waits {
			<-c
		}
	})
}
