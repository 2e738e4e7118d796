package progress

import (
	"errors"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
)

// settles is how long a Board waits at most for the events of jobs that have ended.
const settles = time.Second

// A tally compares the results of the calls in progress with the events that say the same. A wait
// may return before its Watcher has told the Observer so, and the event has what the line of the
// job says.
type tally struct {
	observes bool // any event was seen
	results  int
	ends     int
	met      chan struct{} // closed once there are as many events as results; nil if nobody waits
}

func (t *tally) begin() { t.results, t.ends = 0, 0 }

// result counts the result of a wait, unless its job was never polled: there may be no event then.
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

// settle blocks until each result has its event, or for the time of settles. A Board that observes
// nothing does not wait.
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
