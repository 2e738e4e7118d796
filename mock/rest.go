package mock

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// Guard is how long a [Clock] waits, in real time, while work is in progress and nothing changes.
// After that it fails the test. On a busy machine it waits for up to three times as long.
const Guard = quiet.Guard

// A vigil watches whether the work in progress still changes.
type vigil struct {
	quiet.Watch
	timer   *time.Timer
	rang    bool
	began   time.Time
	version int // of the Clock, when something changed last
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
func (c *Clock) settle(done *bool, patient bool) (how ending, why quiet.Stillness) {
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
			return hung, v.Last
		case how == stopped && !(patient && !c.comingLocked()):
			v.Remember()
			return stopped, v.Last
		}
	}
	return atRest, quiet.Stillness{}
}

// keepVigilLocked begins a vigil, whose owner stops its timer.
func (c *Clock) keepVigilLocked() *vigil {
	now := time.Now()
	v := &vigil{Watch: quiet.NewWatch(c.patience, now), began: now, version: c.version}
	v.timer = time.AfterFunc(v.Soon, func() {
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
	all, ok := quiet.Snapshot()
	s := quiet.Stillness{Own: true}
	if ok {
		s = quiet.Judge(all, known, test...)
	}
	c.mu.Lock()
	now := time.Now()
	v.Looked()
	defer v.timer.Reset(v.Pause(now.Sub(before)))
	if c.version != version || c.version != v.version {
		v.version = c.version
		v.Changed(now)
		if now.Sub(v.began) < 6*Guard {
			return atRest
		}
		return hung
	}
	switch {
	case v.See(s, now):
		if v.IsOver(now) {
			return hung
		}
		return stopped
	case !v.IsOver(now):
		return atRest
	case !s.Own && len(s.Moving) == 0: // others make it hard to tell
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
	case why.Quiet:
		c.t.Fatalf("mock: nothing can happen any more: %s%s", c.describe(), why.Describe())
	default:
		c.t.Fatalf("mock: not at rest, and nothing has changed for %v; is this Clock given to all that waits, by jobstatus.WithClock and "+
			"mock.WithClock, and do its contexts come from Clock.WithTimeout? %s%s", Guard, c.describe(), why.Describe())
	}
	return how != atRest
}

// mostDescribed bounds the lines of each kind in a description.
const mostDescribed = 10

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
