package jobstatus

import (
	"iter"
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
)

// Stats are the figures of a Watcher at one moment: see [observe.Stats].
type Stats = observe.Stats

// Stats returns the present figures. It may be called at any time. It delays polls while it copies
// the figures, for a few microseconds for each kind of job.
func (w *Watcher) Stats() Stats {
	if w == nil || w.timeline == nil {
		return Stats{}
	}
	return w.timeline.Stats()
}

// Job is a job that a Watcher waits for.
type Job struct {
	// ID is the job's id, and Kind is the kind that its wait named.
	ID, Kind string
	// Began says when the Watcher began to wait for the job, on the Watcher's clock.
	Began time.Time
	// Last is the newest status seen. Its State is Unknown if there was none yet.
	Last Status
}

// Pending returns the jobs that are waited for when the iteration begins, in no order. A program
// can save them and wait for them again after a restart. Memory is proportional to their number.
func (w *Watcher) Pending() iter.Seq[Job] {
	return func(yield func(Job) bool) {
		if w == nil || w.timeline == nil {
			return
		}
		for _, p := range w.timeline.Pending() {
			if !yield(Job{ID: p.Last.ID, Kind: p.Kind, Began: p.Began, Last: p.Last}) {
				return
			}
		}
	}
}
