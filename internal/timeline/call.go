package timeline

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/figures"
	"github.com/iamber12/job-status-monitoring/internal/instant"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Limits are those of one call. A limit is more than zero, or Unlimited.
type Limits struct {
	Kind string
	// Began is when the jobs began to be waited for, now if zero.
	Began       time.Time
	MaxAttempts int
	// ByDefault is whether a timeout of a job lifts MaxAttempts.
	ByDefault bool
	Timeout   time.Duration
	// First is the least wait before the first poll.
	First time.Duration
	// StopWhenBlocked ends a wait with ErrBlocked once its job is [transport.Blocked].
	StopWhenBlocked bool
}

// A Call waits for one job or many. One goroutine uses it, beside that of its source.
type Call struct {
	Limits
	t       *Timeline
	updates bool          // it wants to see each update
	joined  int           // how many jobs it has waited for so far
	wake    chan struct{} // one token, for whoever is parked
	until   time.Duration // when its context ends, as far as that can be told in time for a last look

	// What follows is guarded by Timeline.mu.
	parked  bool
	own     *part            // of the jobs of the kind of Limits
	parts   map[string]*part // of those of other kinds
	source  *source          // of jobs; nil if Join names them
	members []*waiter
	drains  bool          // Leave waits for the polls in flight of its jobs
	flying  int           // requests in flight of jobs that it has left, if it drains
	results []*Result     // not yet taken
	update  *Result       // the newest that is not final, not yet taken
	left    []*waiter     // given up when the context ended; their results are made when they are taken
	cause   error         // why it ended
	over    error         // the context's Err
	ended   time.Duration // when
}

// A part is the jobs of one kind that a call waits for.
type part struct {
	call    *Call
	kind    string
	figures *figures.Kind
	holders int // its waiters, and whoever joins
	// interval is over what the first polls of its jobs are spread, 0 until that is known. Only
	// whoever joins uses it.
	interval time.Duration
}

// A waiter is one call's part in one watch.
type waiter struct {
	part           *part
	watch          *watch
	next, previous *waiter // of the same watch
	began, timeout time.Duration
	joined         int32     // the watch's attempt when its own polls began to count
	member         int32     // its place in call.members
	ordinal        int32     // how many had joined the call before it
	extended       extension // why it goes on after its timeout, if it does
	persists       bool      // it has no limit of attempts
}

// end is when m's timeout is reached, instant.Forever if it has none.
func (m *waiter) end() time.Duration { return instant.Later(m.began, m.timeout) }

// deadline is when m gives up: at its end, or so much later if it is held on for a last look.
func (m *waiter) deadline() time.Duration {
	if m.extended == notExtended {
		return m.end()
	}
	return instant.Later(m.end(), max(m.timeout, m.part.call.t.PollTimeout))
}

// Result is what a Call is told about a job.
type Result struct {
	// Status is the job's newest.
	transport.Status
	// End says what the result is.
	End End
	// Err is why the wait gave up or the watch failed.
	Err error
	// LastErr is the error of the last poll, nil if it was answered; with GaveUp alone.
	LastErr error
	// HeldUp says what kept the last polls from being made in time, empty if nothing did; with
	// GaveUp alone.
	HeldUp string
	// Context is the context's Err if its end is why, so that Err is its cause; with GaveUp alone.
	Context error
	// Polls and Elapsed are how many polls and how long the wait took; with GaveUp alone.
	Polls   int
	Elapsed time.Duration
}

// End says what a Result is.
type End uint8

const (
	// Update is a status that differs from the one before it; more is to come.
	Update End = iota
	// Ended is the job's terminal status.
	Ended
	// GaveUp is the end of a wait whose job goes on.
	GaveUp
	// Broken is the end of a watch that no further poll would help.
	Broken
)

// NewCall returns a Call that waits for nothing yet. Its owner ends it with Leave.
func (t *Timeline) NewCall(ctx context.Context, limits Limits, updates bool) *Call {
	c := &Call{Limits: limits, t: t, updates: updates, wake: make(chan struct{}, 1), until: instant.Forever}
	if end, ok := ctx.Deadline(); ok && wait.Real(t.Clock) {
		c.until = end.Sub(t.epoch)
	}
	wait.OnEnd(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		c.wakeUp()
	})
	return c
}

// Await blocks until there is a Result, or, if out is not nil, until st was sent on it.
func (c *Call) Await(ctx context.Context, out chan<- transport.Status, st *transport.Status) (r *Result, sent bool) {
	r, sent = c.await(ctx, out, st)
	return r.owned(), sent
}

// await is Await with bytes that other waiters have too. Results go by pointer, so that the stack
// of a goroutine that waits stays within 4 KiB.
func (c *Call) await(ctx context.Context, out chan<- transport.Status, st *transport.Status) (r *Result, sent bool) {
	c.t.mu.Lock()
	defer c.t.unlockAside()
	for {
		if r = c.take(); r != nil {
			return r, false
		}
		if c.park(ctx, out, st) {
			return nil, true
		}
		if ctx.Err() != nil {
			c.giveUpLocked(ctx)
		}
	}
}

// giveUpLocked ends what c waits for, as its context has ended.
func (c *Call) giveUpLocked(ctx context.Context) {
	if c.over == nil {
		c.cause, c.over, c.ended = context.Cause(ctx), ctx.Err(), c.t.now()
	}
	left := c.dismissAll(c.cause)
	for _, m := range left {
		if m.watch.waiters != nil { // it goes on for others
			x := *m.watch
			m.watch = &x
		}
	}
	c.left = append(c.left, left...)
}

// Offer blocks until st was sent on out, ctx is done, the Timeline is closed, or as much of the
// call's timeout as is left since began has passed.
func (c *Call) Offer(ctx context.Context, out chan<- transport.Status, st *transport.Status, began time.Time) {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if c.Timeout != Unlimited {
		defer wait.AfterFunc(t.Clock, c.Timeout-t.Clock.Since(began), func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			c.wakeUp()
		})()
	}
	t.offers[c] = struct{}{}
	defer delete(t.offers, c) // also if out is closed
	c.park(ctx, out, st)
}

// park blocks until the call is woken, ctx is done, or st was sent on out. It is called with mu
// held, and holds it again when it returns.
func (c *Call) park(ctx context.Context, out chan<- transport.Status, st *transport.Status) (sent bool) {
	c.parked = true
	c.t.track.Park()
	c.t.mu.Unlock()
	defer c.unpark() // also if out is closed
	if out == nil {
		select {
		case <-c.wake:
		case <-ctx.Done():
		}
		return false
	}
	select {
	case <-c.wake:
	case out <- *st:
		sent = true
	case <-ctx.Done():
	}
	return sent
}

func (c *Call) unpark() {
	c.t.mu.Lock()
	if c.parked {
		c.parked = false
		c.t.track.Unpark()
		return
	}
	select { // a token that came together with what else ended the wait
	case <-c.wake:
	default:
	}
}

// owned returns r, if it is any, with bytes that no other waiter has.
func (r *Result) owned() *Result {
	if r != nil {
		r.Result = bytes.Clone(r.Result)
	}
	return r
}

// Leave ends what c still waits for, without a Result.
func (c *Call) Leave() {
	c.t.mu.Lock()
	defer c.t.unlockAside()
	c.dismissAll(context.Canceled)
	c.source.leaveLocked()
	for c.flying > 0 {
		c.park(context.Background(), nil, nil)
	}
}

// Drain makes Leave return only when no poll is in flight of a job that c waited for. A poll that
// nobody else waits for is canceled, and waited for as long as any other: see writeOffAfter.
func (c *Call) Drain() { c.drains = true }

func (c *Call) dismissAll(why error) []*waiter {
	all := slices.Clone(c.members)
	for _, m := range all {
		c.t.dismiss(m, why, nil)
	}
	c.t.proceed(c.t.now())
	return all
}

// take removes and returns the oldest Result, or the newest update if there is none, or nil. It is
// called with mu held.
func (c *Call) take() (r *Result) {
	switch {
	case len(c.results) > 0:
		r = c.results[0]
		c.results[0] = nil
		if c.results = c.results[1:]; len(c.results) == 0 {
			c.results = nil
		}
	case len(c.left) > 0:
		m := c.left[0]
		c.left = c.left[1:]
		r = m.gaveUp(c.cause, c.ended)
		r.Context = c.over
	case c.update != nil:
		r, c.update = c.update, nil
	}
	return r
}

// see tells c of the newest status of x, if it wants to know. It is called with mu held, as is
// wakeUp.
func (c *Call) see(x *watch) {
	if c.updates && x.seen.Answered {
		c.update = &Result{Status: x.status()}
		c.wakeUp()
	}
}

// wakeUp wakes whoever is parked in c.
func (c *Call) wakeUp() {
	if c.parked {
		c.parked = false
		c.t.track.Unpark()
		c.wake <- struct{}{}
	}
}

// settle gives m its one final Result and takes it out of its watch.
func (t *Timeline) settle(m *waiter, r *Result) {
	c := m.part.call
	t.dismiss(m, r.Err, &r.Status)
	c.update = nil
	c.results = append(c.results, r)
	c.wakeUp()
}

// giveUp ends m for a reason that is not the job's.
func (t *Timeline) giveUp(m *waiter, reason error) { t.settle(m, m.gaveUp(reason, t.now())) }

// gaveUp returns the Result of m, which gives up now.
func (m *waiter) gaveUp(reason error, now time.Duration) *Result {
	x := m.watch
	r := &Result{Status: x.status(), End: GaveUp, Err: reason, Polls: int(x.attempt - m.joined), Elapsed: now - m.began}
	if m.extended != notExtended {
		r.HeldUp = m.extended.String()
	}
	if x.seen != nil {
		r.LastErr = x.seen.Fault.Err
		if x.seen.IsUnknownJob() && (reason == ErrTimeout || reason == ErrMaxAttempts) {
			r.End, r.Err = Broken, x.seen.Doubt(now)
		}
	}
	return r
}

// dismiss takes m out of its call and its watch, and ends its watch if m was the last. why is nil
// if the job ended, with the status final.
func (t *Timeline) dismiss(m *waiter, why error, final *transport.Status) {
	c, x := m.part.call, m.watch
	last := c.members[len(c.members)-1]
	c.members[m.member], last.member = last, m.member
	c.members[len(c.members)-1] = nil
	c.members = c.members[:len(c.members)-1]
	m.part.figures.Waits--
	m.part.leave()
	t.figures.Waits--
	if m.previous != nil {
		m.previous.next = m.next
	} else {
		x.waiters = m.next
	}
	if m.next != nil {
		m.next.previous = m.previous
	}
	if c.drains && x.run != nil {
		x.run.leftBy(c)
	}
	if x.waiters == nil {
		t.end(x, m.part, why, final)
	}
}

// end takes x, for which nobody but p waited, out of everything.
func (t *Timeline) end(x *watch, p *part, why error, final *transport.Status) {
	state, kind := transport.Unknown, p.kind
	if why == nil {
		state = final.State
	}
	if x.isBlocked() {
		t.figures.Blocked--
	}
	t.figures.End(state)
	p.figures.End(state, x.attempt)
	if t.audience != nil {
		now := t.now()
		e := observe.Event{Kind: observe.WatchEnded, Time: t.epoch.Add(now), ID: x.id, JobKind: kind, Attempt: int(x.attempt),
			Elapsed: now - x.began, Status: x.status(), Err: why}
		if why == nil {
			e.Status = *final
			_, e.Delay = x.outcome(kind, final, x.alive, e.Elapsed)
		}
		t.events = append(t.events, e)
	}
	if why != nil && t.schedule.Learns() {
		t.outcomes = append(t.outcomes, backoff.Outcome{Key: x.id, Kind: kind, After: x.alive})
	}
	t.gate.Demand(x.previous, 0)
	t.watches.Remove(x)
	t.ready.Leave(x.lane, x.queued)
	x.queued = false
	t.line.Remove(x)
	if x.run != nil {
		t.figures.InFlight--
		if x.run.present--; x.run.present == 0 {
			t.stop(x.run, why)
		}
	}
}
