package timeline

import (
	"context"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A pool is the bounded number of workers that poll, and their calls in flight. All of it is
// guarded by core.mu.
type pool struct {
	*core
	board    *board
	work     func(*call) // the function of a worker
	alarm    *wait.Alarm // rings when the next event is due
	calls    flight      // requests in flight, except holds
	stopping flight      // canceled requests that have not returned yet
	strays   flight      // written-off requests that have not returned yet
	stuck    flight      // canceled requests that cannot be written off, because there are too many strays
	held     flight      // holds, the next to expire first
	holds    int         // the number of workers that wait for holds
	lost     int         // the number of strays
	idle     idle
	busy     int // the number of workers, not counting holds
}

func newPool(k *core, b *board) *pool { return &pool{core: k, board: b} }

// proceedLocked starts workers for ready watches, and sets the alarm to the next event.
func (p *pool) proceedLocked(now time.Duration) {
	p.hireLocked(now)
	p.armLocked()
}

// armLocked sets the alarm to the next event. After Close, that is a canceled request that does not
// return.
func (p *pool) armLocked() {
	next := min(p.board.line.Next(), p.calls.next(), p.held.next(), p.stopping.next())
	if shut := p.board.gate.Shut(); shut > 0 && p.board.ready.Waiting() > 0 && p.busy < p.Concurrency {
		next = min(next, shut)
	}
	if next != instant.Forever {
		p.alarm.Set(next, func() time.Duration { return next - p.now() })
	} else {
		p.alarm.Stop()
	}
}

// hireLocked starts workers for ready watches. A worker ends when nothing is left for it to do.
// Close waits for all workers.
func (p *pool) hireLocked(now time.Duration) {
	size := p.board.size.Now()
	for waiting := p.board.ready.Waiting(); waiting > 0 && p.busy < p.Concurrency && p.board.gate.Shut() <= now && !p.closed; waiting -= size {
		p.board.gate.Open() // otherwise the alarm would be set to an instant in the past
		p.busy++
		p.workers.Add(1)
		p.track.Begin()
		go p.idleCallLocked().work()
	}
}

// idle is a list of calls that no worker uses. The next worker reuses the context and the buffers
// of one.
type idle []*call

// maxIdle is the maximum number of idle calls that are kept.
const maxIdle = 64

// idleCallLocked returns an idle call, or a new one.
func (p *pool) idleCallLocked() *call {
	n := len(p.idle)
	if n == 0 {
		c := &call{}
		c.work = func() { p.work(c) }
		return c
	}
	c := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
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
func (p *pool) launchLocked(c *call, now time.Duration) {
	if c.ctx == nil || c.cause != nil {
		c.ctx, c.cancel = context.WithCancelCause(p.ctx)
		c.ctx = transport.WithHost(c.ctx, transport.HostOf(p.ctx)) // so that a poll finds it at once
	}
	c.asked, c.until = now, instant.Later(instant.Later(now, p.PollTimeout), c.hold)
	c.present, c.cause, c.observed, c.unbind, c.polled = len(c.polls), nil, nil, nil, false
	c.claim.Store(unclaimed)
	if c.hold > 0 {
		p.busy--
		p.holds++
		for m := c.polls[0].x.waiters; m != nil; m = m.next {
			c.until = min(c.until, m.holdsUntil())
		}
		p.held.insert(c)
	} else {
		p.board.ready.Begin(c.lane)
		p.calls.add(c)
	}
	p.board.figures.Request(now)
	p.board.figures.InFlight += len(c.polls)
}

// pollsLocked counts the worker of c among the workers that poll, if c was held. It reports false
// if there is no room for another such worker.
func (p *pool) pollsLocked(c *call) bool {
	if c.hold == 0 {
		return true
	}
	if p.busy >= p.Concurrency {
		return false
	}
	p.busy++
	c.hold = 0
	return true
}

// stopLocked cancels the request of c. The request counts as work of the test clock until it has
// returned.
func (p *pool) stopLocked(c *call, cause error) {
	if c.cause != nil {
		return
	}
	c.cause = cause
	c.leave()
	c.until = instant.Later(p.now(), writeOffAfter)
	p.stopping.add(c)
	p.track.Begin()
	c.cancel(cause)
}

const (
	// writeOffAfter is how long a canceled request may take to return. After that its worker is
	// written off, so that the watches continue without it.
	writeOffAfter = time.Second
	// maxLost is how many workers can be written off at a time, or Concurrency if that is more. So if
	// a Transport ignores the end of its context for a few jobs, the other jobs lose no worker.
	maxLost = 1024
)

// giveUpOnLocked handles a canceled request that does not return in time. Nobody who has left it
// waits for it any longer. Its worker is written off, now or once another such worker has returned.
func (p *pool) giveUpOnLocked(c *call) {
	if p.mayWriteOffLocked() {
		p.writeOffLocked(c)
		return
	}
	c.leave()
	p.stuck.add(c)
	c.overLocked()
}

// returnedLocked notes that a worker that was written off has returned.
func (p *pool) returnedLocked() {
	for p.lost--; p.stuck.first != nil && p.mayWriteOffLocked(); {
		p.writeOffLocked(p.stuck.first)
	}
}

// mayWriteOffLocked reports whether one more worker may be written off.
func (p *pool) mayWriteOffLocked() bool { return p.lost < max(p.Concurrency, maxLost) }

// writeOffLocked makes another worker handle the end of c, because the worker of c does not return.
func (p *pool) writeOffLocked(c *call) {
	c.leave()
	o := &call{progress: progress{stage: stageConclude}, contexts: contexts{observed: c.ctx}}
	switch {
	case c.claim.CompareAndSwap(unclaimed, writtenOff):
	case c.claim.CompareAndSwap(asking, writtenOff):
		o.observed, o.unbind = c.observed, c.unbind
	default:
		return // it has just returned
	}
	p.strays.add(c)
	p.lost++
	o.ctx, o.cancel, o.cause, o.lane, o.present = c.ctx, c.cancel, c.cause, c.lane, c.present
	o.leavers, c.leavers = c.leavers, nil
	o.hold, o.polled, o.tried = c.hold, c.polled, c.tried
	o.polls, o.ids, o.asked, o.ended = slices.Clone(c.polls), slices.Clone(c.ids), c.asked, p.now()
	o.pollErr = sighting.PollError{Err: c.cause}
	o.claim.Store(asking)
	o.work = func() { p.work(o) }
	for i := range o.polls {
		if x := o.polls[i].x; x.call == c {
			x.call = o
		}
	}
	p.workers.Add(1)
	go o.work() // it takes the place of the worker of c, also in the counts of a test clock
}

// prolongLocked extends the timeouts of the requests in flight by the time for which the process
// was suspended. Their answers may have arrived meanwhile.
func (p *pool) prolongLocked(still time.Duration) {
	for _, list := range []*flight{&p.calls, &p.held} {
		for c := list.first; c != nil; c = c.next {
			c.until = instant.Later(c.until, still)
		}
	}
}

// maxNamed is the maximum number of ids in a log line.
const maxNamed = 16

// unreturned returns some ids of the polls that have not returned.
func (p *pool) unreturned() (ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range []*flight{&p.strays, &p.stuck, &p.stopping, &p.calls, &p.held} {
		for c := list.first; c != nil && len(ids) < maxNamed; c = c.next {
			ids = append(ids, c.ids...)
		}
	}
	return ids[:min(len(ids), maxNamed)]
}
