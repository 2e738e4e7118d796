package progress

import (
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// blocked are the ids of the jobs that wait for a person. Its zero value is empty.
type blocked map[string]struct{}

// observe records an event. It reports whether the event's job waits for a person and did not
// before.
func (b *blocked) observe(e *observe.Event) (began bool) {
	_, was := (*b)[e.ID]
	switch {
	case e.Kind == observe.WatchEnded:
		delete(*b, e.ID)
	case e.Kind != observe.Answered && e.Kind != observe.Notified || e.Err != nil:
	case e.Status.State != transport.Blocked:
		delete(*b, e.ID)
	case !was:
		if *b == nil {
			*b = blocked{}
		}
		(*b)[e.ID] = struct{}{}
		return true
	}
	return false
}
