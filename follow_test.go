package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A follower is a Backoff that records its calls. Its waits come from the function next.
type follower struct {
	next func(p backoff.Poll) time.Duration

	mu   sync.Mutex
	told []string
}

func (f *follower) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprintf(format, args...))
}

func (f *follower) Next(p backoff.Poll) time.Duration {
	f.note("next %d at %v, waited %v", p.Attempt, p.Elapsed, p.Waited)
	return f.next(p)
}

func (f *follower) Follow(key, kind string, age time.Duration) {
	f.note("follow %s/%s at %v", key, kind, age)
}

func (f *follower) Observe(o backoff.Outcome) {
	f.note("%s/%s ended %v, after %v, before %v", o.Key, o.Kind, o.Ended, o.After, o.Before)
}

func TestAFollowerIsToldOfWhatBeginsRunsAndEnds(t *testing.T) {
	inVirtualTime(t, func(w world) {
		f := &follower{next: func(p backoff.Poll) time.Duration { return min(time.Duration(p.Attempt), 1) * time.Second }}
		watcher := w.watcher(w.service(after(2, jobstatus.Completed)), jobstatus.WithBackoff(f))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Kind("k"))
			require.NoError(w, err)
		})
		assert.Equal(w, []string{
			"follow a/k at 0s", "next 0 at 0s, waited 0s", "next 0 at 0s, waited 0s", "next 1 at 0s, waited 0s", "next 1 at 0s, waited 1s",
			"a/k ended true, after 0s, before 1s",
		}, f.told)
	})
}

// What is learned from other jobs can postpone a poll that is due, but not for ever: a last look is
// taken.
func TestAFollowerPutsOffAPollThatIsDue(t *testing.T) {
	inVirtualTime(t, func(w world) {
		f := &follower{next: func(p backoff.Poll) time.Duration {
			switch {
			case p.Attempt == 0:
				return 0
			case p.Attempt == 1 && p.Waited >= 10*time.Second:
				return 25 * time.Second
			case p.Attempt == 1:
				return 10 * time.Second
			default:
				return p.Waited + time.Minute // never now
			}
		}}
		s := w.service(never)
		watcher := w.watcher(s, jobstatus.WithBackoff(f), jobstatus.WithTimeout(5*time.Minute))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.ErrorIs(w, err, jobstatus.ErrTimeout)
		})
		assert.Equal(w, seconds(0, 25, 299), s.polls("a"))
	})
}

// For each watch that begins, Observe is called when the watch ends, in whatever way.
func TestAFollowerHearsOfEachWatchThatIsLeft(t *testing.T) {
	inVirtualTime(t, func(w world) {
		f := &follower{next: func(backoff.Poll) time.Duration { return time.Second }}
		watcher := w.watcher(w.service(never), jobstatus.WithBackoff(f), jobstatus.WithMaxWatches(2))
		w.run(func() {
			for st, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"a", "b", "c"}), jobstatus.Timeout(3*time.Second)) {
				require.Error(w, err, st.ID)
			}
			for range watcher.Updates(context.Background(), "d") {
				break
			}
		})
		for _, id := range []string{"a", "b", "c", "d"} {
			begun, left := 0, 0
			for _, line := range f.told {
				if line == fmt.Sprintf("follow %s/ at 0s", id) {
					begun++
				}
				if strings.HasPrefix(line, id+"/ ended false") {
					left++
				}
			}
			assert.Positive(w, begun, id)
			assert.Equal(w, 1, left, "%s: %v", id, f.told)
		}
	})
}

// A Follower hears once that a watch begins and once that it ends, even if its Next is slow and
// several callers join the same job meanwhile.
func TestAFollowerHearsOnceOfAWatchThatSeveralCallersBegin(t *testing.T) {
	t.Parallel()
	for _, slow := range [][]int{{0, 0}, {1, 1}, {1, 0}, {0, 1}, {20, 0}, {0, 20}, {20, 5, 0}, {5, 5, 5}} { // seconds of Next
		t.Run(fmt.Sprint(slow), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				f := &follower{next: func(p backoff.Poll) time.Duration {
					if n := int(asked.Add(1)); n <= len(slow) {
						time.Sleep(time.Duration(slow[n-1]) * time.Second)
					}
					return time.Second
				}}
				w, err := jobstatus.New(transportFunc(func(context.Context, string) (transport.Status, error) {
					return transport.Status{State: transport.Completed}, nil
				}), jobstatus.WithBackoff(f))
				require.NoError(t, err)
				var callers sync.WaitGroup
				for range slow {
					callers.Go(func() {
						_, err := w.WaitForJob(t.Context(), "a")
						assert.NoError(t, err)
					})
				}
				callers.Wait()
				require.NoError(t, w.Close())
				open := 0
				for _, line := range f.told {
					switch {
					case line == "follow a/ at 0s":
						open++
					case strings.HasPrefix(line, "a/ ended true"):
						open--
					}
					require.True(t, open == 0 || open == 1, "%q", f.told)
				}
				assert.Zero(t, open, "%q", f.told)
			})
		})
	}
}

// fault 63: the first bulk of a kind that is new to the learner does not flood the service.
func TestABulkOfAnUnknownKindIsNotAFlood(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		const n = 3000
		s := w.service(nil)
		s.answer = func(_ context.Context, id string, _ int) (jobstatus.Status, error) {
			var number int
			_, _ = fmt.Sscanf(id, "job-%d", &number)
			if w.clock.Since(s.began) < 5*time.Second+time.Duration(number*7919%n)*10*time.Second/n { // in random order
				return running, nil
			}
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}
		watcher := w.watcher(s, jobstatus.WithBackoff(adaptive.New(adaptive.About(5))), jobstatus.WithTimeout(time.Hour))
		for st, err := range watcher.WaitForJobs(context.Background(), ids(n)) {
			require.NoError(t, err, st.ID)
		}
		perJob := float64(watcher.Stats().Requests) / n
		t.Logf("%.2f requests a job", perJob)
		assert.LessOrEqual(t, perJob, 7.0)
	})
}

// fault 13: if the wait that the service asked for leaves no time for a last poll, the error says
// so.
func TestATimeoutThatARefusalOutlastsIsThrottledToo(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(say(running, &transport.Error{Class: transport.Throttled, RetryAfter: time.Minute, Err: errors.New("too many")}))
		watcher := w.watcher(s, every(time.Second), jobstatus.WithTimeout(30*time.Second))
		w.run(func() {
			began := w.clock.Now()
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.ErrorIs(w, err, jobstatus.ErrTimeout)
			require.ErrorIs(w, err, jobstatus.ErrThrottled)
			assert.Equal(w, 30*time.Second, w.clock.Since(began))
		})
		assert.Equal(w, seconds(0, 1), s.polls("a"))
	})
}

// A Learner hears of each watch once, and last of its end, whether the watch ends before the answer
// to its poll, while the answer is judged, or by the answer.
func TestALearnerHearsOfEachWatchOnceWheneverItEnds(t *testing.T) {
	t.Parallel()
	told := func(r *radio, _ context.CancelFunc) { r.say(transport.Status{ID: "a", State: transport.Completed}) }
	left := func(_ *radio, leave context.CancelFunc) { leave() }
	for how, ends := range map[string]func(*radio, context.CancelFunc){"left": left, "told": told} {
		for _, state := range []jobstatus.State{jobstatus.Running, jobstatus.Completed} {
			for _, when := range []string{"poll", "poll ended", "follow", "next", "ended"} {
				if when == "ended" && state == jobstatus.Running || (when == "follow" || when == "next") && state == jobstatus.Completed {
					continue
				}
				t.Run(fmt.Sprint(how, " ", state, " ", when), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { endsWhile(t, state, when, ends) })
				})
			}
		}
	}
}

// endsWhile ends the watch of a job during a call of a plugin. The poll is answered with the state.
func endsWhile(t *testing.T, state jobstatus.State, when string, ends func(*radio, context.CancelFunc)) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newRadio(true)
	var ended atomic.Bool
	reached := func(place string) {
		if place == when && ended.CompareAndSwap(false, true) {
			go ends(r, cancel)
			time.Sleep(time.Nanosecond) // the watch has ended
		}
	}
	f := &pausing{&follower{next: func(backoff.Poll) time.Duration { return time.Second }}, reached}
	w := newHearing(t, transportFunc(func(context.Context, string) (transport.Status, error) {
		reached("poll")
		return transport.Status{State: state}, nil
	}), r, jobstatus.WithBackoff(f), jobstatus.WithQuietInterval(1), jobstatus.WithObserver(observe.Func(
		func(ctx context.Context, e *observe.Event) context.Context {
			reached(e.Kind.String())
			return ctx
		})))
	<-heardBy(ctx, w, "a")
	require.NoError(t, w.Close())
	f.mu.Lock()
	defer f.mu.Unlock()
	told := slices.DeleteFunc(f.told, func(line string) bool { return strings.HasPrefix(line, "next") })
	isEnd := func(line string) bool { return strings.HasPrefix(line, "a/ ended") }
	assert.Equal(t, len(told)-1, slices.IndexFunc(told, isEnd), "%q", told)
}

// A pausing follower calls a function when a poll was answered: before it is followed, before the
// next wait, and before the end is learned.
type pausing struct {
	*follower
	reached func(place string)
}

func (f *pausing) Follow(key, kind string, age time.Duration) {
	if age > 0 {
		f.reached("follow")
	}
	f.follower.Follow(key, kind, age)
}

func (f *pausing) Next(p backoff.Poll) time.Duration {
	if p.Attempt > 0 && p.Waited == 0 {
		f.reached("next")
	}
	return f.follower.Next(p)
}

func (f *pausing) Observe(o backoff.Outcome) {
	f.reached("ended")
	f.follower.Observe(o)
}
