package wait

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
)

// tallied is a clock that is told of work in flight.
type tallied struct {
	clock.Clock
	untracked
	work, begun *atomic.Int32
}

func newTallied() tallied {
	return tallied{clock.New(), untracked{}, new(atomic.Int32), new(atomic.Int32)}
}

func (c tallied) Tracker() Tracker { return c }
func (c tallied) Begin()           { c.work.Add(1); c.begun.Add(1) }
func (c tallied) End()             { c.work.Add(-1) }

func TestAListenerIsWorkUntilItWaits(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string]func(l *Listener){
		"says so":      (*Listener).End,
		"does nothing": func(*Listener) { time.Sleep(time.Nanosecond) },
	} {
		synctest.Test(t, func(t *testing.T) {
			clk := newTallied()
			l := NewListener(clk)
			for range 2 {
				l.Begin()
				l.Begin()
				assert.EqualValues(t, 1, clk.work.Load(), name)
				waits(l)
				synctest.Wait()
				assert.Zero(t, clk.work.Load(), name)
				l.End()
				time.Sleep(time.Second)
				assert.Zero(t, clk.work.Load(), name)
			}
		})
	}
}

func TestAListenerIsWorkAfterItsSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clk := newTallied()
		c := Carried{Listener: NewListener(clk)}
		c.Listener.Begin()
		time.AfterFunc(time.Second, func() { assert.Zero(t, clk.work.Load()) })
		assert.NoError(t, c.Sleep(context.Background(), time.Hour))
		assert.EqualValues(t, 2, clk.begun.Load())
	})
}
