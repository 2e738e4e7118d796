package mock

import (
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// A stray is a wait that begins while nobody moves the Clock. It is right on another goroutine
// while the test's goroutine goes on to move the Clock. If that goroutine waits too, the test would
// hang.

// A lookout looks for strays.
type lookout struct {
	*ground
	agenda *agenda
	tally  *tally
	rester *rester
	stray  *vigil // over waits that began while nobody moves the Clock; guarded by ground.mu
}

// close ends what the Clock has set, as the test has ended.
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

// schedule has fire called after d. If nobody moves the Clock, the lookout begins.
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

// strayGrace is how long everything must stand still, in real time, before a stray fails the test.
// If the test's own goroutine waits in this library, a quarter of the usual grace is enough.
const strayGrace = quiet.Guard / 2

// watchStray looks from time to time whether the test waits for a Clock that nobody moves. The
// argument own says that the test's own goroutine is about to wait in this library.
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

// lookForStray looks once, and again later as long as there is need.
func (l *lookout) lookForStray(v *vigil, own bool) {
	if l.strayed(v, own) {
		l.t.Errorf("mock: nobody moves the Clock, and the test waits for it: wait within Run, clk.Run(func() { … }); or wait on another "+
			"goroutine, and call Next or Advance on the test's. The Clock now runs by itself, so that the test can end: %s%s",
			l.rester.describe(), v.Last.Describe())
		l.runAway()
	}
}

// strayed reports whether the test waits for a Clock that nobody moves. If it cannot tell yet, it
// sets the timer.
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

// runAway moves the Clock from event to event until nobody waits for it, or until somebody else
// moves it.
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

// maxRunAway bounds the events that a Clock goes through by itself.
const maxRunAway = 100_000
