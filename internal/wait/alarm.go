package wait

import (
	"reflect"
	"time"

	"github.com/benbjohnson/clock"
)

// Alarm calls a function at an instant that can be changed. It has at most one timer. Its owner
// must guard it with a mutex.
//
// The function may also be called when the alarm was just set or stopped. So it must check whether
// anything is due.
type Alarm struct {
	clk   clock.Clock
	f     func()
	real  *time.Timer // on the real clock, whose timers are cheap to reset
	timer *clock.Timer
	at    time.Duration
	set   bool
}

// NewAlarm returns an alarm that calls f on a goroutine of its own.
func NewAlarm(clk clock.Clock, f func()) *Alarm { return &Alarm{clk: clk, f: f} }

// Set sets the alarm to the instant at. The function left returns the time until then. On the real
// clock, an alarm that is set to an earlier instant stays set, because one needless call costs less
// than resetting a timer each time.
func (a *Alarm) Set(at time.Duration, left func() time.Duration) {
	if a.set && (a.at == at || a.at < at && a.real != nil) {
		return
	}
	a.Stop()
	d := left()
	a.at, a.set = at, true
	switch {
	case !Real(a.clk):
		a.timer = a.clk.AfterFunc(d, a.f)
	case a.real == nil:
		a.real = time.AfterFunc(d, a.f)
	default:
		a.real.Reset(d)
	}
}

// Stop stops the alarm.
func (a *Alarm) Stop() {
	if !a.set {
		return
	}
	a.set = false
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	} else {
		a.real.Stop()
	}
}

// Rang notes that the function was called. The instant of the alarm then counts as past, even if
// the clock shows an earlier time. A timer may run by a finer clock than the one that is read.
func (a *Alarm) Rang() { a.Stop() }

// Late returns how long before the instant now the alarm was due, or 0 if it is not due yet.
func (a *Alarm) Late(now time.Duration) time.Duration {
	if !a.set {
		return 0
	}
	return max(now-a.at, 0)
}

var realClock = reflect.TypeOf(clock.New())

// Real reports whether clk is the real clock of package clock.
func Real(clk clock.Clock) bool { return reflect.TypeOf(clk) == realClock }
