package wait

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
)

func TestABubbleIsIdleOnceAllItsGoroutinesWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		worked, idle := 0, make(chan int)
		began := time.Now()
		AfterIdle(clock.New(), func() { idle <- worked })
		go func() {
			for began := 0; began < 10_000_000; began++ {
				worked++
			}
		}()
		assert.Equal(t, 10_000_000, <-idle)
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
