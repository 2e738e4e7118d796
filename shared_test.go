package jobstatus_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

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
