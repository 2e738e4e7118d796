package mock

import (
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// A stray is a wait that begins while nobody moves the Clock. It is right on another goroutine
// while the test's goroutine goes on to move the Clock. If that goroutine waits too, the test would
// hang.

// strayGrace is how long everything must stand still, in real time, before a stray fails the test.
// If the test's own goroutine waits in this library, a quarter of the usual grace is enough.
const strayGrace = Guard / 2

// watchStray looks from time to time whether the test waits for a Clock that nobody moves. The
// argument own says that the test's own goroutine is about to wait in this library.
func (c *Clock) watchStray(own bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.moving > 0 || c.stray != nil && !own {
		return
	}
	if c.stray != nil {
		c.stray.timer.Stop()
	}
	v := &vigil{Watch: quiet.NewWatch(c.patience, time.Now()), version: c.version}
	c.stray = v
	v.timer = time.AfterFunc(v.Soon, func() { c.lookForStray(v, own) })
}

// lookForStray looks once, and again later as long as there is need.
func (c *Clock) lookForStray(v *vigil, own bool) {
	if c.strayed(v, own) {
		c.t.Errorf("mock: nobody moves the Clock, and the test waits for it: wait within Run, clk.Run(func() { … }); or wait on another "+
			"goroutine, and call Next or Advance on the test's. The Clock now runs by itself, so that the test can end. %s%s",
			c.describe(), v.Last.Describe())
		c.runAway()
	}
}

// strayed reports whether the test waits for a Clock that nobody moves. If it cannot tell yet, it
// sets the timer.
func (c *Clock) strayed(v *vigil, own bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stray != v {
		return false
	}
	if c.closed || c.moving > 0 || c.parked == 0 && !c.comingLocked() {
		c.stray = nil
		return false
	}
	version, known, owner := c.version, c.answeringLocked(), c.owner
	c.mu.Unlock()
	before := time.Now()
	all, ok := quiet.Snapshot()
	s := quiet.Stillness{Own: true}
	if ok {
		s = quiet.Judge(all, known, owner)
	}
	waits := quiet.WaitsForLibrary(all, owner, own)
	c.mu.Lock()
	now := time.Now()
	if c.version != version || c.version != v.version || !waits {
		v.version, s.Quiet, s.Own = c.version, false, true
	}
	v.Looked()
	v.See(s, now)
	still := v.Still(now)
	if still > 0 && (own && still >= v.Grace/4 || still >= strayGrace) && c.moving == 0 && !c.closed {
		return true
	}
	pause := v.Pause(now.Sub(before))
	if !own {
		pause *= 4
	}
	v.timer.Reset(pause)
	return false
}

// runAway moves the Clock from event to event until nobody waits for it, or until somebody else
// moves it.
func (c *Clock) runAway() {
	for range maxRunAway {
		c.settle(nil, false)
		c.mu.Lock()
		over := c.closed || c.moving > 0 || c.parked == 0 && !c.comingLocked()
		c.mu.Unlock()
		if over || !c.step(far) {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stray = nil
}

// maxRunAway bounds the events that a Clock goes through by itself.
const maxRunAway = 100_000
