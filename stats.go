package jobstatus

import (
	"github.com/iamber12/job-status-monitoring/observe"
)

// Stats are the figures of a Watcher at one moment: see [observe.Stats].
type Stats = observe.Stats

// Stats returns the current figures. It is safe for concurrent use. It delays polls while it copies
// the figures, by a few microseconds for each kind of job.
func (w *Watcher) Stats() Stats {
	if w == nil || w.timeline == nil {
		return Stats{}
	}
	return w.timeline.Stats()
}
