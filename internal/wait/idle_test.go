package wait

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
)

func TestABubbleIsIdleOnceAllItsGoroutinesWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var worked atomic.Int64
		idle, began := make(chan int64), time.Now()
		AfterIdle(clock.New(), func() { idle <- worked.Load() })
		go func() {
			for range 1_000_000 {
				worked.Add(1)
			}
		}()
		assert.EqualValues(t, 1_000_000, <-idle)
		assert.Equal(t, time.Nanosecond, time.Since(began))
	})
	assert.False(t, inBubble())
}

func TestIdleIsNotAwaitedOnceStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := AfterIdle(clock.New(), func() { t.Error("it was not stopped") })
		assert.True(t, stop())
		time.Sleep(time.Hour)
	})
}
