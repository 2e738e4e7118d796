package jobstatus_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestAWaitThatJoinsGivesUpAtOnceIfTheServiceAskedForALongerWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newCounter()
		s.jobs["a"] = transport.Status{State: transport.Running, RetryAfter: time.Hour}
		w := feedWatcher(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		first := heardBy(ctx, w, "a", jobstatus.Timeout(3*time.Hour))
		time.Sleep(50 * time.Minute)
		short := <-heardBy(ctx, w, "a", jobstatus.Timeout(9*time.Minute))
		require.ErrorIs(t, short.err, jobstatus.ErrThrottled)
		assert.Zero(t, short.after)
		long := <-heardBy(ctx, w, "a", jobstatus.Timeout(11*time.Minute))
		require.ErrorIs(t, long.err, jobstatus.ErrThrottled, "the next poll is answered with the same wait")
		assert.Equal(t, 10*time.Minute, long.after)
		cancel()
		<-first
	})
}

// A wait that went on after its timeout has its last look, and the watch is then like any other.
func TestAWatchIsNoLongerUrgentOnceTheWaitThatWasHeldUpHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := revised{newCounter(), make(chan string, 100)}
		s.jobs["a"] = transport.Status{State: transport.Running, Revision: "1"}
		w := feedWatcher(t, s, jobstatus.WithBackoff(backoff.Constant(10*time.Second)), jobstatus.WithRateLimit(1, 1))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		other := heardBy(ctx, w, "a", jobstatus.Timeout(time.Hour))
		require.NoError(t, w.SetRateLimit(1e-9, 1))
		time.Sleep(9 * time.Second)
		short := heardBy(ctx, w, "a", jobstatus.Timeout(5*time.Second))
		time.Sleep(6 * time.Second)
		require.NoError(t, w.SetRateLimit(100, 1))
		e := <-short
		require.ErrorIs(t, e.err, jobstatus.ErrTimeout)
		require.ErrorContains(t, e.err, "WithRateLimit")
		polls := s.count()
		<-other
		assert.LessOrEqual(t, s.count()-polls, 2, "the last two polls ask whatever was seen before")
		assert.NotEmpty(t, s.asked)
	})
}

// fault 16: waits for one job that give up shortly after each other share a last look. So their
// number is not the number of polls.
func TestWaitsForOneJobShareTheirLastLooks(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]bool{"polled": false, "held": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := newKeeper()
				var service transport.Transport = k
				if !hold {
					service = transportFunc(k.Status)
				}
				w := feedWatcher(t, service, jobstatus.WithBackoff(backoff.Constant(90*time.Second)))
				const n, first, last = 1000, 30 * time.Second, 150 * time.Second
				var all []<-chan ending
				for i := range n {
					timeout := first + time.Duration(i)*(last-first)/n
					all = append(all, heardBy(t.Context(), w, "a", jobstatus.Timeout(timeout)))
				}
				for _, ended := range all {
					e := <-ended
					require.ErrorIs(t, e.err, jobstatus.ErrTimeout)
					end := time.Now()
					polls := k.of("a")
					assert.LessOrEqual(t, end.Sub(polls[len(polls)-1]), min(e.after/10, 5*time.Second)+time.Second, "the last poll of a wait of %v", e.after)
				}
				holds, _ := k.held()
				assert.LessOrEqual(t, len(k.of("a"))+holds, 45, "one every three to five seconds")
			})
		})
	}
}

func TestAWaitWhoseTimeoutHasPassedHasItsLookInAWatchThatOthersBegan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, after time.Duration // the wait before the first poll, and when the wait joins
		looks        time.Duration // when its poll is made
	}{
		"in flight":          {0, time.Second, 2 * time.Second},
		"just polled":        {0, 2500 * time.Millisecond, 2500 * time.Millisecond},
		"polled long ago":    {0, time.Minute, time.Minute},
		"not polled so far":  {time.Hour, time.Minute, time.Minute},
		"due at that moment": {time.Minute, time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &busy{takes: 2 * time.Second}
				w := feedWatcher(t, b, jobstatus.WithBackoff(backoff.Sequence(c.first, time.Hour)), jobstatus.WithTimeout(24*time.Hour))
				ctx, cancel := context.WithCancel(t.Context())
				other := heardBy(ctx, w, "a")
				time.Sleep(c.after)
				late := <-heardBy(ctx, w, "a", jobstatus.Timeout(time.Minute), jobstatus.Began(time.Now().Add(-2*time.Hour)))
				require.ErrorIs(t, late.err, jobstatus.ErrTimeout)
				assert.Equal(t, c.looks-c.after+b.takes, late.after)
				cancel()
				<-other
			})
		})
	}
}

// What is learned and counted of a watch has one kind, whatever kinds its waits name.
func TestAWatchHasTheKindOfItsFirstWait(t *testing.T) {
	t.Parallel()
	for _, leaves := range []string{"none", "first", "second"} {
		t.Run(leaves, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &follower{next: func(backoff.Poll) time.Duration { return time.Second }}
				d := newDiary()
				w := feedWatcher(t, d, jobstatus.WithBackoff(f))
				var waits []<-chan ending
				var leave []context.CancelFunc
				for _, kind := range []string{"A", "B"} {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					leave = append(leave, cancel)
					waits = append(waits, heardBy(ctx, w, "a", jobstatus.Kind(kind)))
				}
				time.Sleep(2500 * time.Millisecond)
				if leaves != "none" {
					leave[map[string]int{"first": 0, "second": 1}[leaves]]()
					synctest.Wait()
				}
				s := w.Stats()
				assert.Equal(t, [2]int{1, 0}, [2]int{s.Kinds["A"].Watches, s.Kinds["B"].Watches})
				assert.Equal(t, s.Waits, s.Kinds["A"].Waits+s.Kinds["B"].Waits)
				d.end("a", transport.Completed)
				for _, c := range waits {
					<-c
				}
				kinds := w.Stats().Kinds
				assert.EqualValues(t, 1, kinds["A"].Completed)
				assert.NotZero(t, kinds["A"].Delay)
				assert.Equal(t, observe.KindStats{}, kinds["B"])
				f.mu.Lock()
				defer f.mu.Unlock()
				assert.Equal(t, "a/A ended true, after 2s, before 3s", f.told[len(f.told)-1])
				assert.NotContains(t, f.told, "follow a/B at 2s")
			})
		})
	}
}

// A shyFollower is a follower whose Follow blocks for a while.
type shyFollower struct{ *follower }

func (f shyFollower) Follow(key, kind string, age time.Duration) {
	time.Sleep(time.Millisecond)
	f.follower.Follow(key, kind, age)
}

func TestAFollowerHearsOfNoEndWhileAWatchGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &follower{next: func(backoff.Poll) time.Duration { return time.Second }}
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(shyFollower{f}))
		var waits sync.WaitGroup
		for range 3 {
			waits.Go(func() { _, _ = w.WaitForJob(t.Context(), "a") })
		}
		time.Sleep(10 * time.Second)
		f.mu.Lock()
		assert.NotContains(t, f.told, "a/ ended false, after 0s, before 0s")
		f.mu.Unlock()
		d.end("a", transport.Completed)
		waits.Wait()
	})
}

func TestAFeedThatIsLeftDoesNotWaitForAPollThatOthersNeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: 20 * time.Second}
		w := feedWatcher(t, b)
		other := heardBy(t.Context(), w, "a", jobstatus.Timeout(30*time.Second))
		began := time.Now()
		for range w.WaitForFeed(t.Context(), feedOf(jobstatus.Job{ID: "a"}, jobstatus.Job{ID: "b", Last: transport.Status{State: transport.Completed}})) {
			break
		}
		assert.Zero(t, time.Since(began))
		<-other
		time.Sleep(b.takes)
	})
}
