package mock

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Guard is how long a [Clock] waits, in real time, while work is in progress and nothing changes.
// After that it fails the test. On a busy machine it waits for up to three times as long.
const Guard = 10 * time.Second

// busyLooks is how many looks a Clock takes in a Guard at least, unless the machine is busy.
const busyLooks = 100

// A patience says how a Clock finds out that only time can end what is in progress. Its durations
// are of real time.
type patience struct {
	grace time.Duration // how long everything has to stand still
	looks int           // how many snapshots have to say so, one after another
	soon  time.Duration // how long it is from one of the first looks to the next
	late  time.Duration // the same for the others
}

// usual is the patience of a Clock. Its grace is longer than the delays of real time that a test's
// code may hide behind a channel. On a busy machine the snapshots take longer, and so does the
// vigil.
var usual = patience{grace: 2 * time.Second, looks: 10, soon: 5 * time.Millisecond, late: 50 * time.Millisecond}

// A vigil watches whether the work in progress still changes.
type vigil struct {
	patience
	timer   *time.Timer
	rang    bool
	began   time.Time
	changed time.Time   // when something changed last
	version int         // of the Clock, then
	looked  int         // how often, so far
	idle    int         // how often since something changed
	quiet   int         // how many of the last looks found that nothing goes on
	since   time.Time   // when the first of these was
	still   []goroutine // that have stopped at one place since then
	last    stillness
}

// see records one look. It reports whether only time can end the work in progress.
func (v *vigil) see(s stillness, now time.Time) bool {
	v.last = s
	if !s.quiet {
		if s.own {
			v.quiet = 0
		}
		return false
	}
	still := same(v.still, s.stopped)
	if v.quiet == 0 || len(still) == 0 && len(v.still) > 0 {
		v.quiet, v.since, still = 0, now, s.stopped
	}
	v.quiet++
	v.still = still
	return v.quiet >= v.looks && (now.Sub(v.since) >= v.grace || places.all(still))
}

// isOver reports whether nothing has changed for too long.
func (v *vigil) isOver(now time.Time) bool {
	still := now.Sub(v.changed)
	return still >= 3*Guard || still >= Guard && v.idle >= busyLooks
}

// pause returns the time to the next look. The cost of a look bounds how often there is one.
func (v *vigil) pause(cost time.Duration) time.Duration {
	if v.looked < 2*v.looks {
		return max(v.soon, 10*cost)
	}
	return max(v.late, 10*cost)
}

// An ending is how a Clock's wait for rest ended.
type ending uint8

const (
	atRest  ending = iota
	stopped        // something is under way that only time can end
	hung           // something is under way, and nothing has changed for too long
)

// settle waits until no work is in progress, until done, or until only time can end the work. A
// patient caller waits longer while no event is set, because time can end nothing then.
func (c *Clock) settle(done *bool, patient bool) (how ending, why stillness) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var v *vigil
	for (done == nil || !*done) && (c.busy != 0 || c.parked < c.callers) {
		if v == nil {
			v = c.keepVigilLocked()
			defer v.timer.Stop()
		}
		c.changed.Wait()
		if !v.rang {
			continue
		}
		v.rang = false
		switch how := c.lookLocked(v); {
		case how == hung:
			return hung, v.last
		case how == stopped && !(patient && !c.comingLocked()):
			places.add(v.still)
			return stopped, v.last
		}
	}
	return atRest, stillness{}
}

// keepVigilLocked begins a vigil, whose owner stops its timer.
func (c *Clock) keepVigilLocked() *vigil {
	now := time.Now()
	v := &vigil{patience: c.patience, began: now, changed: now, version: c.version}
	v.timer = time.AfterFunc(v.soon, func() {
		c.mu.Lock()
		v.rang = true
		c.mu.Unlock()
		c.changed.Broadcast()
	})
	return v
}

// lookLocked looks once and sets the timer for the next look. It unlocks mu while it looks.
func (c *Clock) lookLocked(v *vigil) ending {
	version, known, test := c.version, c.answeringLocked(), []int64{c.owner, c.mover}
	c.mu.Unlock()
	before := time.Now()
	all, ok := snapshot()
	s := stillness{own: true}
	if ok {
		s = judge(all, known, test...)
	}
	c.mu.Lock()
	now := time.Now()
	v.looked++
	v.idle++
	defer v.timer.Reset(v.pause(now.Sub(before)))
	if c.version != version || c.version != v.version {
		v.version, v.changed, v.quiet, v.idle = c.version, now, 0, 0
		if now.Sub(v.began) < 6*Guard {
			return atRest
		}
		return hung
	}
	switch {
	case v.see(s, now):
		if v.isOver(now) {
			return hung
		}
		return stopped
	case !v.isOver(now):
		return atRest
	case !s.own && len(s.moving) == 0: // others make it hard to tell
		return stopped
	default:
		return hung
	}
}

// answeringLocked returns the number of requests that wait for a Service on this Clock.
func (c *Clock) answeringLocked() (n int) {
	for _, a := range c.asking {
		if a.served {
			n++
		}
	}
	return n + c.strangers
}

// comingLocked reports whether any event is set.
func (c *Clock) comingLocked() bool {
	c.sweep()
	return len(c.events) > 0
}

// rest waits until no work is in progress, until done, or until only time can end the work. It
// fails the test if nothing changes for Guard. It reports whether work is still in progress.
func (c *Clock) rest(done *bool, patient bool) bool {
	c.t.Helper()
	how, why := c.settle(done, patient)
	switch {
	case how != hung:
	case why.quiet:
		c.t.Fatalf("mock: nothing can happen any more: %s%s", c.describe(), why.describe())
	default:
		c.t.Fatalf("mock: not at rest, and nothing has changed for %v; is this Clock given to all that waits, by jobstatus.WithClock and "+
			"mock.WithClock, and do its contexts come from Clock.WithTimeout? %s%s", Guard, c.describe(), why.describe())
	}
	return how != atRest
}

// mostDescribed bounds the lines of each kind in a description.
const mostDescribed = 10

// describe lists what has stopped, and what has not.
func (s *stillness) describe() string {
	var b strings.Builder
	for _, g := range s.stopped[:min(len(s.stopped), mostDescribed)] {
		fmt.Fprintf(&b, "\n\twaits: %v", g)
	}
	for _, g := range s.moving[:min(len(s.moving), mostDescribed)] {
		fmt.Fprintf(&b, "\n\tgoes on: %v", g)
	}
	return b.String()
}

// describe says what the Clock waits for.
func (c *Clock) describe() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep()
	s := fmt.Sprintf("at %v after the start, %d of %d callers wait to be woken, %d pieces of work are under way, "+
		"%d requests are under way, %d timers are set", c.now.Sub(Start), c.parked, c.callers, c.busy, len(c.asking), len(c.events))
	requests := make([]string, 0, len(c.asking))
	for _, a := range c.asking {
		line := "\n\trequest " + a.what
		if a.served && a.until.IsZero() {
			line += ", which the service does not answer"
		} else if a.served {
			line += fmt.Sprintf(", which the service goes on with in %v", a.until.Sub(c.now))
		}
		requests = append(requests, line)
	}
	slices.Sort(requests)
	s += strings.Join(requests[:min(len(requests), mostDescribed)], "")
	timers := slices.SortedFunc(slices.Values(c.events), func(a, b *event) int { return a.at.Compare(b.at) })
	for _, e := range timers[:min(len(timers), mostDescribed)] {
		s += fmt.Sprintf("\n\ttimer in %v, set by %s", e.at.Sub(c.now), e.setter())
	}
	return s
}
