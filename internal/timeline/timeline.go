// Package timeline is the engine: it decides when each watch is polled and what each waiter is
// told. It has a heap of due times behind one timer of the injected clock, and a bounded number of
// workers that poll. Package jobstatus is its public face, and docs/design.md has its parts, phases
// and events.
//
// A waiting watch is a small struct, without a goroutine, a timer or a context. Waiters for the
// same id share one watch.
package timeline

import (
	"bytes"
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Timeline follows jobs. It is safe for concurrent use.
//
// Its parts share one lock. Each part knows only the parts before it in this list: the board, the
// pool, the finisher, the hub, then the chooser, the joiner and the judge, then the settler, then
// the worker.
type Timeline struct {
	*core
	board    *board
	pool     *pool
	finisher *finisher
	hub      *hub
	joiner   *joiner
}

// New returns a Timeline. Without jobs, it has one goroutine for each Notifier, and no other.
func New(c Config) *Timeline {
	k := newCore(c)
	b := newBoard(k)
	p := newPool(k, b)
	f := newFinisher(k, b, p)
	h := &hub{core: k, board: b, pool: p, finisher: f}
	o := &chooser{core: k, board: b, pool: p, hub: h, seed: 0x9e3779b97f4a7c15}
	o.holding.Priced = b.size.Most() > 1
	j := &judge{core: k, board: b, answeredAt: -1, triedAt: -1}
	s := &settler{core: k, board: b, pool: p, finisher: f, hub: h, chooser: o, judge: j}
	p.work = (&worker{core: k, board: b, pool: p, chooser: o, judge: j, settler: s}).work
	t := &Timeline{core: k, board: b, pool: p, finisher: f, hub: h}
	t.joiner = &joiner{core: k, board: b, pool: p, finisher: f, hub: h,
		beginnings: &beginnings{core: k, board: b, of: map[string]*beginning{}}}
	p.alarm = wait.NewAlarm(c.Clock, t.fire)
	carried := wait.Carried{Clock: c.Clock, Logger: k.guard.Logger, Retry: b.retry}
	k.ctx, k.cancel = context.WithCancelCause(wait.NewContext(context.Background(), carried))
	h.listenToAll(carried)
	return t
}

// Now returns the present instant.
func (t *Timeline) Now() time.Duration { return t.now() }

// Context returns the parent of the contexts of all polls. It ends with Close.
func (t *Timeline) Context() context.Context { return t.ctx }

// Close ends every wait with ErrClosed, and waits until all polls in flight have returned. It waits
// for at most five seconds of real time, and logs the ids of polls that have not returned. It may
// be called more than once.
func (t *Timeline) Close() {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		for _, x := range slices.Collect(t.board.watches.All()) {
			for x.waiters != nil {
				t.finisher.giveUpLocked(x.waiters, ErrClosed)
			}
		}
		for c := range t.finisher.offers {
			c.wakeUpLocked()
		}
		t.pool.armLocked()
		t.cancel(ErrClosed)
	}
	t.unlockAside()
	if !wait.Within(closeGrace, t.workers.Wait) {
		t.guard.Log(zap.ErrorLevel, "polls did not come back after Close", func() []zap.Field {
			return []zap.Field{zap.Strings("ids", t.pool.unreturned())}
		})
	}
}

// standstill is how late the timer must be for the process to count as suspended, for example
// because the machine was.
const standstill = 500 * time.Millisecond

// letOthersSee is how long nothing is polled after the process was suspended. So other events that
// were due come first: a context ends, or a lease expires and gives the job to another process.
const letOthersSee = 100 * time.Millisecond

// fire handles all events that are due. The alarm calls it.
func (t *Timeline) fire() {
	t.mu.Lock()
	defer t.unlock()
	now := t.now()
	t.pool.alarm.Rang()
	late := now - min(t.board.line.Next(), t.pool.calls.next(), t.pool.held.next())
	if late >= standstill {
		t.stood.Add(int64(late))
		t.pool.prolongLocked(late)
		if wait.Real(t.Clock) {
			t.board.gate.Pause(now + letOthersSee)
		}
	}
	for c := t.pool.calls.first; c != nil && c.until <= now; c = t.pool.calls.first {
		t.pool.stopLocked(c, ErrPollTimeout)
	}
	for c := t.pool.held.first; c != nil && c.until <= now; c = t.pool.held.first {
		t.pool.stopLocked(c, ErrPollTimeout)
	}
	for c := t.pool.stopping.first; c != nil && c.until <= now; c = t.pool.stopping.first {
		t.pool.giveUpOnLocked(c)
	}
	for t.board.line.Next() <= now {
		x := t.board.line.First()
		if x.poll <= now && x.phase == waiting {
			t.board.moveLocked(x, ready)
		}
		if x.deadline <= now {
			t.finisher.expireLocked(x, now, late >= standstill)
		}
		if x.waiters != nil {
			t.board.line.Put(x, x.due())
		}
	}
	t.pool.proceedLocked(now)
}

// SetRateLimit changes the limit of requests. A perSecond of zero means no limit.
func (t *Timeline) SetRateLimit(perSecond float64, burst int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.board.gate.SetLimit(now, perSecond, burst)
	t.pool.proceedLocked(now)
}

// Retry reports whether a request that failed with an error of the given class may be sent again
// within its poll. If so, it charges the retry budget. A Transport calls it by
// transport.Host.MayRetry.
func (t *Timeline) Retry(class transport.Class) bool { return t.board.retry(class) }

// NewConsumer returns a Consumer that waits for nothing yet. The caller must call Leave at the end.
func (t *Timeline) NewConsumer(ctx context.Context, limits Limits, updates bool) *Consumer {
	c := &Consumer{Limits: limits, parker: parker{core: t.core, wake: make(chan struct{}, 1)}, finisher: t.finisher, joiner: t.joiner,
		updates: updates, until: instant.Forever}
	if end, ok := ctx.Deadline(); ok && wait.Real(t.Clock) {
		c.until = t.steady.Instant(end)
	}
	wait.OnEnd(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		c.wakeUpLocked()
	})
	return c
}

// Stats returns the present figures.
func (t *Timeline) Stats() observe.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s := t.board.figures.Stats(now)
	s.Watches, s.Overdue, s.RequestsInFlight = t.board.watches.Len(), t.board.ready.Waiting(), t.board.ready.Asking()+t.pool.holds
	s.Held = t.pool.holds
	if t.hub.isHeardLocked(now) {
		s.Heard = s.Watches
	}
	s.Waiting = s.Watches - s.Overdue - s.InFlight
	if since := t.board.ready.Since(); since < now {
		s.Lag = now - since
	}
	for kind, k := range s.Kinds {
		k.Watches, k.Overdue = t.board.ready.Of(kind)
		s.Kinds[kind] = k
	}
	return s
}

// Pending returns the jobs that are waited for, in no particular order. If the poll of a job is
// overdue or in flight, the PolledUntil of the job is the time of its last answer.
func (t *Timeline) Pending() []Job {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	all := make([]Job, 0, t.board.watches.Len())
	for x := range t.board.watches.All() {
		polled := now
		if x.phase != waiting {
			polled = max(x.poll-x.previous, x.began)
		}
		job := Job{ID: x.id, Kind: t.board.kindLocked(x, x.waiters.part), Began: t.steady.Time(x.began), PolledUntil: t.steady.Time(polled),
			Timeout: x.timeout(), Last: x.status()}
		job.Last.Result = bytes.Clone(job.Last.Result)
		all = append(all, job)
	}
	return all
}
