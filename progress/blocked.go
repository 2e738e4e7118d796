package progress

import (
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// blocked are the jobs that wait for a person. Its zero value is empty.
type blocked map[job]struct{}

// job names a job. Jobs of two services may have the same id.
type job struct{ kind, id string }

// observe records an event. It reports whether the event's job waits for a person and did not
// before.
func (b *blocked) observe(e *observe.Event) (began bool) {
	j := job{e.JobKind, e.ID}
	_, was := (*b)[j]
	switch {
	case e.Kind == observe.WatchEnded:
		delete(*b, j)
	case e.Kind != observe.Answered && e.Kind != observe.Notified || e.Err != nil:
	case e.Status.State != transport.Blocked:
		delete(*b, j)
	case !was:
		if *b == nil {
			*b = blocked{}
		}
		(*b)[j] = struct{}{}
		return true
	}
	return false
}
