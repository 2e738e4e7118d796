package wait

import (
	"reflect"
	"time"

	"github.com/benbjohnson/clock"
)

// Alarm calls a function at an instant that can be moved. It has at most one timer. The owner
// guards it with a mutex.
//
// The function may also be called when the alarm was just moved or stopped, so it looks for itself
// whether anything is due.
type Alarm struct {
	clk   clock.Clock
	f     func()
	real  *time.Timer // on the real clock, where moving a timer costs nothing
	timer *clock.Timer
	at    time.Duration
	set   bool
}

// NewAlarm returns an alarm that calls f on a goroutine of its own.
func NewAlarm(clk clock.Clock, f func()) *Alarm { return &Alarm{clk: clk, f: f} }

// Set moves the alarm to the instant at, which is as far from now as left says. On the real clock
// an alarm that is set for earlier stays: to be called once in vain costs less than to move a timer
// each time.
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

// Stop takes the alarm back.
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

// Rang says that the function was called. What the alarm was set for counts as past, even if by the
// clock's reading it is still to come: timers may run by a finer clock than the one that is read.
func (a *Alarm) Rang() { a.Stop() }

// Late returns by how much the function should have been called before the instant now, 0 if it
// should not.
func (a *Alarm) Late(now time.Duration) time.Duration {
	if !a.set {
		return 0
	}
	return max(now-a.at, 0)
}

var realClock = reflect.TypeOf(clock.New())

// Real reports whether clk is the real clock of package clock.
func Real(clk clock.Clock) bool { return reflect.TypeOf(clk) == realClock }
