package timeline

import (
	"context"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// A crew is the bounded number of workers that poll, and their calls in flight. All of it is
// guarded by core.mu.
type crew struct {
	*core
	board    *board
	work     func(*call) // what a worker does
	alarm    *wait.Alarm // rings when there is something to do
	calls    flight      // in flight
	stopping flight      // canceled, and not come back yet
	strays   flight      // written off, and not come back yet
	held     flight      // that the service keeps, the next to expire first
	holds    int         // workers that wait for them
	lost     int         // strays
	idle     idle
	busy     int // workers
}

func newCrew(k *core, b *board) *crew { return &crew{core: k, board: b} }

// proceedLocked starts workers for ready watches, and sets the alarm to the next event.
func (w *crew) proceedLocked(now time.Duration) {
	w.hireLocked(now)
	w.armLocked()
}

// armLocked sets the alarm to the next event.
func (w *crew) armLocked() {
	next := min(w.board.line.Next(), w.calls.next(), w.held.next())
	if w.mayWriteOffLocked() {
		next = min(next, w.stopping.next())
	}
	if shut := w.board.gate.Shut(); shut > 0 && w.board.ready.Waiting() > 0 && w.busy < w.Concurrency {
		next = min(next, shut)
	}
	if next != instant.Forever && !w.closed {
		w.alarm.Set(next, func() time.Duration { return next - w.now() })
	} else {
		w.alarm.Stop()
	}
}

// hireLocked starts workers for ready watches. A worker ends when nothing is left for it to do.
// Close waits for all workers.
func (w *crew) hireLocked(now time.Duration) {
	size := w.board.size.Now()
	for waiting := w.board.ready.Waiting(); waiting > 0 && w.busy < w.Concurrency && w.board.gate.Shut() <= now && !w.closed; waiting -= size {
		w.board.gate.Open() // else the alarm would be set for what may be long past
		w.busy++
		w.workers.Add(1)
		w.track.Begin()
		go w.idleCallLocked().work()
	}
}

// idle are calls that no worker uses. The next worker reuses the context and the buffers of one.
type idle []*call

// maxIdle is how many are kept.
const maxIdle = 64

// idleCallLocked returns an idle call, or a new one.
func (w *crew) idleCallLocked() *call {
	n := len(w.idle)
	if n == 0 {
		c := &call{}
		c.work = func() { w.work(c) }
		return c
	}
	c := w.idle[n-1]
	w.idle[n-1] = nil
	w.idle = w.idle[:n-1]
	return c
}

// put keeps c for reuse. It reports false if c is not kept.
func (i *idle) put(c *call) bool {
	if len(*i) == maxIdle || cap(c.polls) > 1 {
		return false
	}
	c.lane = nil
	*i = append(*i, c)
	return true
}

// launchLocked counts c, which is filled, as in flight.
func (w *crew) launchLocked(c *call, now time.Duration) {
	if c.ctx == nil || c.cause != nil {
		c.ctx, c.cancel = context.WithCancelCause(w.ctx)
	}
	c.asked, c.until = now, instant.Later(instant.Later(now, w.PollTimeout), c.hold)
	c.present, c.cause, c.observed, c.unbind, c.polled = len(c.polls), nil, nil, nil, false
	c.claim.Store(unclaimed)
	if c.hold > 0 {
		w.busy--
		w.holds++
		for m := c.polls[0].x.waiters; m != nil; m = m.next {
			c.until = min(c.until, m.holdsUntil())
		}
		w.held.insert(c)
	} else {
		w.board.ready.Begin(c.lane)
		w.calls.add(c)
	}
	w.board.figures.Request(now)
	w.board.figures.InFlight += len(c.polls)
}

// pollsLocked counts the worker of c among the workers that poll, if c was held. It reports false
// if there is no room for another such worker.
func (w *crew) pollsLocked(c *call) bool {
	if c.hold == 0 {
		return true
	}
	if w.busy >= w.Concurrency {
		return false
	}
	w.busy++
	c.hold = 0
	return true
}

// stopLocked cancels the request of c. The request counts as work of the test clock until it has
// returned.
func (w *crew) stopLocked(c *call, cause error) {
	if c.cause != nil {
		return
	}
	c.cause = cause
	c.leave()
	c.until = instant.Later(w.now(), writeOffAfter)
	w.stopping.add(c)
	w.track.Begin()
	c.cancel(cause)
}

const (
	// writeOffAfter is how long a canceled request may take to return. Then its worker is written
	// off, so that the watches go on without it.
	writeOffAfter = time.Second
	// maxLost is how many workers are written off at a time, unless Concurrency is more. So a
	// Transport that ignores the end of its context for a few jobs takes no worker from the others.
	maxLost = 1024
)

// mayWriteOffLocked reports whether one more worker may be written off.
func (w *crew) mayWriteOffLocked() bool { return w.lost < max(w.Concurrency, maxLost) }

// writeOffLocked makes another worker handle the end of c, because the worker of c does not return.
func (w *crew) writeOffLocked(c *call) {
	c.leave()
	o := &call{progress: progress{stage: stageConclude}, observed: c.ctx}
	switch {
	case c.claim.CompareAndSwap(unclaimed, writtenOff):
	case c.claim.CompareAndSwap(asking, writtenOff):
		o.observed, o.unbind = c.observed, c.unbind
	default:
		return // it has just come back
	}
	w.strays.add(c)
	w.lost++
	o.ctx, o.cancel, o.cause, o.lane, o.present = c.ctx, c.cancel, c.cause, c.lane, c.present
	o.leavers, c.leavers = c.leavers, nil
	o.hold, o.polled = c.hold, c.polled
	o.polls, o.ids, o.asked, o.ended = slices.Clone(c.polls), slices.Clone(c.ids), c.asked, w.now()
	o.fault = sighting.Fault{Err: c.cause}
	o.claim.Store(asking)
	o.work = func() { w.work(o) }
	for i := range o.polls {
		if x := o.polls[i].x; x.call == c {
			x.call = o
		}
	}
	w.workers.Add(1)
	go o.work() // in the place of c's worker, also as far as a test clock knows
}

// prolongLocked extends the timeouts of the requests in flight by the time for which the process
// stood still. Their answers may have arrived meanwhile.
func (w *crew) prolongLocked(still time.Duration) {
	for _, list := range []*flight{&w.calls, &w.held} {
		for c := list.first; c != nil; c = c.next {
			c.until = instant.Later(c.until, still)
		}
	}
}

// maxNamed bounds the ids that a line of the log names.
const maxNamed = 16

// unreturned returns some ids of the polls that have not returned.
func (w *crew) unreturned() (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, list := range []*flight{&w.strays, &w.stopping, &w.calls, &w.held} {
		for c := list.first; c != nil && len(ids) < maxNamed; c = c.next {
			ids = append(ids, c.ids...)
		}
	}
	return ids[:min(len(ids), maxNamed)]
}
