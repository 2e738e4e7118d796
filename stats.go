package jobstatus

import "github.com/iamber12/job-status-monitoring/observe"

// Stats is what a Watcher has done and has before it, at one moment; see package observe.
type Stats = observe.Stats

// Stats returns the figures of now. It may be called at any time and as often as one likes; polls don't wait for it.
func (w *Watcher) Stats() Stats {
	if w == nil || w.timeline == nil {
		return Stats{}
	}
	return w.timeline.Stats()
}
