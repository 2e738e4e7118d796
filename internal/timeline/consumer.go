package timeline

import (
	"context"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/blocks"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Limits are the limits of one call. Each limit is above zero or Unlimited.
type Limits struct {
	Kind string
	// Began is when the waits began. Zero means now.
	Began       time.Time
	MaxAttempts int
	// ByDefault is whether MaxAttempts is the default, so that a timeout of a job removes it.
	ByDefault bool
	Timeout   time.Duration
	// First is the least wait before the first poll.
	First time.Duration
	// Started is the id of a job that the service has just started, or "".
	Started string
	// StopWhenBlocked ends a wait with ErrBlocked once its job is [transport.Blocked].
	StopWhenBlocked bool
}

// A Consumer waits for one job or many. Only one goroutine may use it, besides the goroutine of its
// source.
type Consumer struct {
	Limits
	parker
	finisher *finisher
	joiner   *joiner
	joined   int           // the number of jobs that have joined so far
	until    time.Duration // the deadline of its context, if that is on the clock of the Timeline
	updates  bool          // it receives updates
	drains   bool          // Leave waits for the polls of its jobs that are in flight

	// What follows is guarded by core.mu.
	parts   parts
	source  *source // the source of its jobs; nil if Join names them
	members blocks.List[*waiter]
	flying  int // if it drains, the requests in flight about jobs that it has left
	inbox   inbox
}

// Await blocks until there is a Result, or until st was sent on out, if out is not nil.
func (c *Consumer) Await(ctx context.Context, out chan<- transport.Status, st *transport.Status) (r *Result, sent bool) {
	r, sent = c.await(ctx, out, st)
	return r.owned(), sent
}

// await is like Await, but its Result shares bytes with other waiters. Results are passed by
// pointer, so that the stack of a waiting goroutine stays within 4 KiB.
func (c *Consumer) await(ctx context.Context, out chan<- transport.Status, st *transport.Status) (r *Result, sent bool) {
	c.core.mu.Lock()
	defer c.core.unlockAside()
	for {
		if r = c.inbox.take(); r != nil {
			return r, false
		}
		if c.parkLocked(ctx, out, st) {
			return nil, true
		}
		if c.isOverLocked() {
			c.giveUpLocked()
		}
	}
}

// giveUpLocked ends all waits of c, because its context has ended.
func (c *Consumer) giveUpLocked() {
	left := c.finisher.dismissAllLocked(c, c.over.Cause)
	for _, m := range left {
		if m.watch.waiters != nil { // the watch continues for other waiters
			x := *m.watch
			m.watch = &x
		}
	}
	c.inbox.left = append(c.inbox.left, left...)
}

// Offer blocks until st was sent on out, ctx is done, the Timeline is closed, or the timeout of the
// call, counted from began, has passed.
func (c *Consumer) Offer(ctx context.Context, out chan<- transport.Status, st *transport.Status, began time.Duration) {
	k := c.core
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	if c.Timeout != Unlimited {
		defer wait.AfterFunc(k.Clock, c.Timeout-(k.now()-began), func() {
			k.mu.Lock()
			defer k.mu.Unlock()
			c.wakeUpLocked()
		})()
	}
	c.finisher.offers[c] = struct{}{}
	defer delete(c.finisher.offers, c) // also if out is closed
	c.parkLocked(ctx, out, st)
}

// Leave ends all remaining waits of c without a Result.
func (c *Consumer) Leave() {
	c.core.mu.Lock()
	defer c.core.unlockAside()
	c.finisher.dismissAllLocked(c, context.Canceled)
	c.source.leaveLocked()
	for c.flying > 0 {
		c.parkLocked(context.Background(), nil, nil)
	}
}

// Drain changes what Leave does: it then waits until none of the polls that only c waited for is in
// flight. These polls are canceled. Leave waits until each returns, but no longer than
// writeOffAfter.
func (c *Consumer) Drain() { c.drains = true }

// seeLocked gives c the newest status of x, if c receives updates.
func (c *Consumer) seeLocked(x *watch) {
	if c.updates && x.seen.Answered {
		c.inbox.update = &Result{Status: x.status()}
		c.wakeUpLocked()
	}
}
