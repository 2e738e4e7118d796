package timeline

import "github.com/iamber12/job-status-monitoring/observe"

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
