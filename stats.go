package jobstatus

import "github.com/iamber12/job-status-monitoring/observe"

// Stats is what a Watcher has done and has before it, at one moment; see [observe.Stats].
type Stats = observe.Stats

// Stats returns the current figures. It may be called at any time. Polls wait for it only as long
// as copying the figures takes, a few microseconds for each kind of job.
func (w *Watcher) Stats() Stats {
	if w == nil || w.timeline == nil {
		return Stats{}
	}
	return w.timeline.Stats()
}
