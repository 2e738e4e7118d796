package jobstatus_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
)

// countingClock counts the timers that are set. Timers beyond most are late, so that an endless
// loop slows down.
type countingClock struct {
	clock.Clock
	set, most atomic.Int64
}

func (c *countingClock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	if c.set.Add(1) > c.most.Load() {
		d = time.Second
	}
	return c.Clock.AfterFunc(d, f)
}

// A rate limit that delayed a job whose wait has ended delays nothing later. No timer is set for a
// past instant.
func TestALimitThatHeldUpAJobWhichWasLeftIsOverWithIt(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		clk := &countingClock{Clock: w.clock}
		clk.most.Store(50)
		w.clock = clk
		s := w.service(func(_ context.Context, id string, n int) (jobstatus.Status, error) {
			if n > 1 {
				return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{ID: id, State: jobstatus.Pending}, nil
		})
		waits := backoff.Func(func(p backoff.Poll) time.Duration {
			switch {
			case p.Attempt > 0:
				return 10 * time.Second
			case p.Key == "left":
				return 1100 * time.Millisecond
			default:
				return time.Second
			}
		})
		watcher := w.watcher(s, jobstatus.WithBackoff(waits), jobstatus.WithRateLimit(1, 1))
		go func() {
			ctx, cancel := context.WithTimeout(w.Context(), 1500*time.Millisecond)
			defer cancel()
			_, err := watcher.WaitForJob(ctx, "left")
			assert.ErrorIs(w, err, context.DeadlineExceeded)
		}()
		_, err := watcher.WaitForJob(w.Context(), "kept")
		require.NoError(w, err)
		assert.Empty(w, s.polls("left"), "held up by the limit")
		assert.LessOrEqual(w, clk.set.Load(), clk.most.Load(), "timers that were set")
	})
}
