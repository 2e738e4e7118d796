package timeline

import (
	"bytes"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/observe"
)

// Stats returns the figures of now.
func (t *Timeline) Stats() observe.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s := t.figures.Stats(now)
	s.Watches, s.Overdue, s.RequestsInFlight = t.watches.Len(), t.ready.Waiting(), t.ready.Asking()+t.holds
	s.Held = t.holds
	if t.isHeard(now) {
		s.Heard = s.Watches
	}
	s.Waiting = s.Watches - s.Overdue - s.InFlight
	if since := t.ready.Since(); since < now {
		s.Lag = now - since
	}
	for kind, k := range s.Kinds {
		k.Watches, k.Overdue = t.ready.Of(kind)
		s.Kinds[kind] = k
	}
	return s
}

// Pending returns what is waited for, in no order.
func (t *Timeline) Pending() []Job {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Clock.Now()
	all := make([]Job, 0, t.watches.Len())
	for x := range t.watches.All() {
		job := Job{ID: x.id, Kind: x.waiters.part.kind, Began: t.epoch.Add(x.began), PolledUntil: now,
			Timeout: x.timeout(), Last: x.status()}
		job.Last.Result = bytes.Clone(job.Last.Result)
		all = append(all, job)
	}
	return all
}

// timeout returns the timeout of x's waiters, counted from when x began: that of the one who waits
// for longest.
func (x *watch) timeout() time.Duration {
	var longest time.Duration
	for m := x.waiters; m != nil; m = m.next {
		if m.end() == instant.Forever {
			return Unlimited
		}
		longest = max(longest, m.end()-x.began)
	}
	return longest
}
