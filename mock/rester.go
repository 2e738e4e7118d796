package mock

import (
	"container/heap"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// A vigil is one observation of the work in progress, with its timer.
type vigil struct {
	quiet.Watch
	timer   *time.Timer
	rang    bool
	version int // the version of the Clock at the last change
}

// An ending is how a Clock's wait for rest ended.
type ending uint8

const (
	atRest  ending = iota
	stopped        // only time can end the work in progress
	hung           // there is work in progress, and nothing has changed for too long
)

// A rester waits until all work that an event started is done.
type rester struct {
	*ground
	agenda *agenda
	tally  *tally
}

// settle waits until there is no work in progress, until done is set, or until only time can end
// the work. If patient is set, it continues to wait while no event is set, because time can then
// end nothing.
func (r *rester) settle(done *bool, patient bool) (how ending, why quiet.Stillness) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var v *vigil
	for (done == nil || !*done) && (r.tally.busy != 0 || r.tally.parked < r.tally.callers) {
		if v == nil {
			v = r.keepVigilLocked()
			defer v.timer.Stop()
		}
		r.changed.Wait()
		if !v.rang {
			continue
		}
		v.rang = false
		switch how := r.lookLocked(v); {
		case how == hung:
			return hung, v.Last
		case how == stopped && !(patient && !r.agenda.comingLocked()):
			v.Remember()
			return stopped, v.Last
		}
	}
	return atRest, quiet.Stillness{}
}

// keepVigilLocked begins a vigil, whose owner stops its timer.
func (r *rester) keepVigilLocked() *vigil {
	v := &vigil{Watch: quiet.NewWatch(r.patience, time.Now()), version: r.version}
	v.timer = time.AfterFunc(v.Soon, func() {
		r.mu.Lock()
		v.rang = true
		r.mu.Unlock()
		r.changed.Broadcast()
	})
	return v
}

// lookLocked looks once, and sets the timer for the next look. It unlocks mu while it looks.
func (r *rester) lookLocked(v *vigil) ending {
	version, known, test := r.version, r.tally.answeringLocked(), []int64{r.owner, r.mover}
	r.mu.Unlock()
	before := time.Now()
	all, ok := quiet.Snapshot()
	s := quiet.Stillness{Own: true}
	if ok {
		s = quiet.Judge(all, known, test...)
	}
	r.mu.Lock()
	now := time.Now()
	v.Looked(now)
	defer v.timer.Reset(v.Pause(now.Sub(before)))
	if r.version != version || r.version != v.version {
		v.version = r.version
		v.Changed()
		if !v.IsLong() {
			return atRest
		}
		return hung
	}
	switch {
	case v.See(s, now):
		if v.IsOver() {
			return hung
		}
		return stopped
	case !v.IsOver():
		return atRest
	case !s.Own && len(s.Moving) == 0: // the work may belong to other tests
		return stopped
	default:
		return hung
	}
}

// rest waits like settle. It fails the test if nothing changes for a [quiet.Guard]. It reports
// whether work is still in progress.
func (r *rester) rest(done *bool, patient bool) bool {
	r.t.Helper()
	how, why := r.settle(done, patient)
	switch {
	case how != hung:
	case why.Quiet:
		r.t.Fatalf("mock: nothing can happen any more: %s%s%s", r.describe(), why.Describe(), r.advice(""))
	default:
		const wiring = "\n\tIs this Clock given to all that waits, by jobstatus.WithClock and mock.WithClock, and do its contexts " +
			"come from Clock.WithTimeout?"
		r.t.Fatalf("mock: not at rest, and nothing has changed for %v: %s%s%s", quiet.Guard, r.describe(), why.Describe(), r.advice(wiring))
	}
	return how != atRest
}

// mostDescribed is the maximum number of lines of each kind in a description.
const mostDescribed = 10

// advice returns a hint for the case that no caller waits on the Clock. If a caller waits, it
// returns the argument otherwise.
func (r *rester) advice(otherwise string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tally.parked > 0 {
		return otherwise
	}
	return "\n\tNobody waits on this Clock. Is it given to the Watcher, by jobstatus.WithClock?"
}

// describe returns a text that says what the Clock waits for.
func (r *rester) describe() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.agenda.sweepLocked()
	s := fmt.Sprintf("at %v after the start; callers that wait: %d; functions of Run and Go: %d; pieces of work: %d; "+
		"requests: %d; timers: %d", r.agenda.now.Sub(start), r.tally.parked, r.tally.callers, r.tally.busy, len(r.tally.asking), len(r.agenda.events))
	requests := make([]string, 0, len(r.tally.asking))
	for _, a := range r.tally.asking {
		line := "\n\trequest " + a.what
		if a.served && a.until.IsZero() {
			line += ", which the service does not answer"
		} else if a.served {
			line += fmt.Sprintf(", which the service goes on with in %v", a.until.Sub(r.agenda.now))
		}
		requests = append(requests, line)
	}
	slices.Sort(requests)
	s += strings.Join(requests[:min(len(requests), mostDescribed)], "")
	timers := slices.SortedFunc(slices.Values(r.agenda.events), func(a, b *event) int { return a.at.Compare(b.at) })
	for _, e := range timers[:min(len(timers), mostDescribed)] {
		s += fmt.Sprintf("\n\ttimer in %v, set by %s", e.at.Sub(r.agenda.now), e.setter())
	}
	return s
}

// step advances to the next event and starts it. It does nothing if the event is more than limit
// away. It reports whether it started an event.
func (r *rester) step(limit time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.agenda.events) > 0 {
		e := r.agenda.events[0]
		if !e.live() {
			heap.Pop(&r.agenda.events)
			continue
		}
		if e.at.Sub(r.agenda.now) > limit {
			return false
		}
		heap.Pop(&r.agenda.events)
		if !e.timer.Stop() { // it was stopped in the meantime
			continue
		}
		if e.at.After(r.agenda.now) {
			r.agenda.now = e.at
		}
		r.tally.busy++
		r.version++
		go func() { // ends when the function of the event returns
			defer r.tally.End()
			e.fire(e.at)
		}()
		return true
	}
	return false
}
