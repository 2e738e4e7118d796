package jobstatus_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
)

func TestStatsCountWaitsBesideWatchesAndByKind(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		states := map[string]jobstatus.State{"a": jobstatus.Completed, "b": jobstatus.Failed, "c": jobstatus.Canceled, "d": jobstatus.Running}
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			return after(3, states[id])(ctx, id, n)
		}), every(time.Second), jobstatus.WithTimeout(time.Minute))
		var calls sync.WaitGroup
		wait := func(kind string, ids ...string) {
			calls.Go(func() {
				for range watcher.WaitForJobs(context.Background(), slices.Values(ids), jobstatus.Kind(kind)) {
				}
			})
		}
		wait("video", "a", "b", "d")
		wait("video", "a", "d", "d")
		wait("", "c")
		synctest.Wait()
		time.Sleep(100 * time.Millisecond)
		s := watcher.Stats()
		assert.Equal(t, 7, s.Waits)
		assert.Equal(t, 4, s.Watches)
		assert.Equal(t, map[string]observe.KindStats{"video": {Waits: 6, Watches: 3}, "": {Waits: 1, Watches: 1}}, s.Kinds)
		calls.Wait()

		s = watcher.Stats()
		assert.Zero(t, s.Waits)
		second := observe.Quantiles{P50: 1100 * time.Millisecond, P90: 1100 * time.Millisecond, P99: 1100 * time.Millisecond}
		assert.Equal(t, second, s.Delay)
		assert.Equal(t, map[string]observe.KindStats{
			"video": {Completed: 1, Failed: 1, GaveUp: 1, Polls: 3 + 3 + s.Requests - 9, Delay: second},
			"":      {Canceled: 1, Polls: 3, Delay: second},
		}, s.Kinds)
		assert.Zero(t, s.OtherKinds)
		s.Kinds["video"] = observe.KindStats{} // the caller's own
		assert.EqualValues(t, 1, watcher.Stats().Kinds["video"].Completed)
	})
}

// A request whose waits have all ended is still in flight, though its watch is not.
func TestStatsCountRequestsThatOutliveTheirWaits(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		release := make(chan struct{})
		watcher := w.watcher(w.service(func(context.Context, string, int) (jobstatus.Status, error) {
			<-release
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}))
		_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(time.Second))
		require.ErrorIs(t, err, jobstatus.ErrTimeout)
		s := watcher.Stats()
		assert.Equal(t, []int{0, 0, 0, 1}, []int{s.Waits, s.Watches, s.InFlight, s.RequestsInFlight})
		close(release)
		synctest.Wait()
		assert.Zero(t, watcher.Stats().RequestsInFlight)
	})
}
