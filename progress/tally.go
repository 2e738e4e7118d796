package progress

import (
	"errors"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
)

// settles is the maximum time that a Board waits for the events of jobs that have ended.
const settles = time.Second

// A tally counts the results of the calls in progress, and the events that report the same ends. A
// wait may return before its Watcher has called the Observer, and the line of a job needs the
// event.
type tally struct {
	observes bool // whether any event was seen
	results  int
	ends     int
	met      chan struct{} // closed once there are as many events as results; nil if nobody waits
}

func (t *tally) begin() { t.results, t.ends = 0, 0 }

// result counts the result of a wait. If its job was never polled, it does not count, because there
// may be no event.
func (t *tally) result(err error) {
	var gaveUp *jobstatus.WaitError
	switch {
	case errors.As(err, &gaveUp) && gaveUp.Polls == 0:
	case errors.Is(err, jobstatus.ErrInvalidID), errors.Is(err, jobstatus.ErrMaxWatches):
	default:
		t.results++
	}
}

func (t *tally) observe(e *observe.Event) {
	t.observes = true
	if e.Kind == observe.WatchEnded {
		t.ends++
	}
	if t.met != nil && t.ends >= t.results {
		close(t.met)
		t.met = nil
	}
}

// settle blocks until each result has its event, at most for the time settles. It does not block if
// the Board has seen no event.
func (b *Board) settle() {
	b.mu.Lock()
	if b.view == nil || !b.tally.observes || b.tally.ends >= b.tally.results {
		b.mu.Unlock()
		return
	}
	met := make(chan struct{})
	b.tally.met = met
	b.mu.Unlock()
	select {
	case <-met:
	case <-time.After(settles):
	}
}
