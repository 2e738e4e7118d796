package timeline

import (
	"bytes"
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Stats returns the figures of now.
func (t *Timeline) Stats() observe.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s := t.figures.Stats(now)
	s.Watches, s.Overdue, s.RequestsInFlight = t.watches.Len(), t.ready.Waiting(), t.ready.Asking()
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

// Pending is a job that is waited for.
type Pending struct {
	Kind  string
	Began time.Time        // when its watch did
	Last  transport.Status // the newest, with the job's id
}

// Pending returns what is waited for, in no order.
func (t *Timeline) Pending() []Pending {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Pending, 0, t.watches.Len())
	for x := range t.watches.All() {
		p := Pending{Kind: x.waiters.call.Kind, Began: t.epoch.Add(x.began), Last: x.status()}
		p.Last.Result = bytes.Clone(p.Last.Result)
		all = append(all, p)
	}
	return all
}
