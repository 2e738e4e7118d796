package mock

import (
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// A stray is a wait that begins while no call advances the Clock. It is correct if it is on another
// goroutine, and the test's goroutine advances the Clock later. If the test's goroutine waits too,
// the test would hang.

// A lookout finds strays.
type lookout struct {
	*ground
	agenda *agenda
	tally  *tally
	rester *rester
	stray  *vigil // watches a stray; nil if there is none; guarded by ground.mu
}

// close stops all timers of the Clock, because the test has ended.
func (l *lookout) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.stray != nil {
		l.stray.timer.Stop()
	}
	for _, e := range l.agenda.events {
		e.timer.Stop()
	}
}

// Park marks a caller that waits for the library. It is for this library's own code.
func (l *lookout) Park() {
	l.tally.count(0, 1)
	if l.stands() {
		l.watchStray(quiet.CurrentID() == l.owner)
	}
}

// schedule arranges that fire is called after d. If no call advances the Clock, the wait is watched
// as a stray.
func (l *lookout) schedule(d time.Duration, fire func(time.Time)) *clock.Timer {
	l.mu.Lock()
	timer := l.agenda.scheduleLocked(d, fire)
	watch := l.moving == 0 && !l.closed && l.stray == nil
	l.mu.Unlock()
	if watch {
		l.watchStray(false)
	}
	return timer
}

// strayGrace is how long all goroutines must be still, in real time, before a stray fails the test.
// If the test's own goroutine waits in this library, a quarter of the usual grace is enough.
const strayGrace = quiet.Guard / 2

// watchStray begins to check from time to time whether the test waits for a Clock that no call
// advances. The argument own says that the test's own goroutine is about to wait in this library.
func (l *lookout) watchStray(own bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.moving > 0 || l.stray != nil && !own {
		return
	}
	if l.stray != nil {
		l.stray.timer.Stop()
	}
	v := &vigil{Watch: quiet.NewWatch(l.patience, time.Now()), version: l.version}
	l.stray = v
	v.timer = time.AfterFunc(v.Soon, func() { l.lookForStray(v, own) })
}

// lookForStray checks once for a stray. It fails the test if there is one.
func (l *lookout) lookForStray(v *vigil, own bool) {
	if l.strayed(v, own) {
		l.t.Errorf("mock: the test waits, and nobody moves the Clock: put the wait into clk.Run(func() { … }), or wait on another "+
			"goroutine while the test calls Next or Advance. The Clock now runs by itself, so that the test can end: %s%s",
			l.rester.describe(), v.Last.Describe())
		l.runAway()
	}
}

// strayed reports whether the test waits for a Clock that no call advances. If that is not certain
// yet, it sets the timer for another check.
func (l *lookout) strayed(v *vigil, own bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stray != v {
		return false
	}
	if l.closed || l.moving > 0 || l.tally.parked == 0 && !l.agenda.comingLocked() {
		l.stray = nil
		return false
	}
	version, known, owner := l.version, l.tally.answeringLocked(), l.owner
	l.mu.Unlock()
	before := time.Now()
	all, ok := quiet.Snapshot()
	s := quiet.Stillness{Own: true}
	if ok {
		s = quiet.Judge(all, known, owner)
	}
	waits := quiet.WaitsForLibrary(all, owner, own)
	l.mu.Lock()
	now := time.Now()
	if l.version != version || l.version != v.version || !waits {
		v.version, s.Quiet, s.Own = l.version, false, true
	}
	v.Looked(now)
	v.See(s, now)
	still := v.Still(now)
	if still > 0 && (own && still >= v.Grace/4 || still >= strayGrace) && l.moving == 0 && !l.closed {
		return true
	}
	pause := v.Pause(now.Sub(before))
	if !own {
		pause *= 4
	}
	v.timer.Reset(pause)
	return false
}

// runAway advances the Clock from event to event until no caller waits for it, or until another
// call advances it.
func (l *lookout) runAway() {
	for range maxRunAway {
		l.rester.settle(nil, false)
		l.mu.Lock()
		over := l.closed || l.moving > 0 || l.tally.parked == 0 && !l.agenda.comingLocked()
		l.mu.Unlock()
		if over || !l.rester.step(far) {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stray = nil
}

// maxRunAway is the maximum number of events for which a Clock advances by itself.
const maxRunAway = 100_000
