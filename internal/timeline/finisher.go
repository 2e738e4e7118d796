package timeline

import (
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A finisher gives each waiter its one Result, and removes a watch whose last waiter has left.
type finisher struct {
	*core
	board  *board
	pool   *pool
	offers map[*Consumer]struct{} // the Consumers that Close must wake, although they have no member; guarded by core.mu
}

func newFinisher(k *core, b *board, w *pool) *finisher {
	return &finisher{core: k, board: b, pool: w, offers: make(map[*Consumer]struct{})}
}

// settleLocked gives m its final Result and removes it from its watch.
func (f *finisher) settleLocked(m *waiter, r *Result) {
	c := m.part.consumer
	f.dismissLocked(m, r.Err, &r.Status)
	c.inbox.put(r)
	c.wakeUpLocked()
}

// giveUpLocked ends m for a reason other than the end of its job.
func (f *finisher) giveUpLocked(m *waiter, reason error) {
	f.settleLocked(m, m.gaveUp(reason, f.now()))
}

// dismissAllLocked removes all members from c, and returns them.
func (f *finisher) dismissAllLocked(c *Consumer, why error) []*waiter {
	all := c.members.All()
	for _, m := range all {
		f.dismissLocked(m, why, nil)
	}
	f.pool.proceedLocked(f.now())
	return all
}

// dismissLocked removes m from its Consumer and its watch, and ends the watch if m was its last
// waiter. If the job ended, why is nil, and final is its status.
func (f *finisher) dismissLocked(m *waiter, why error, final *transport.Status) {
	c, x := m.part.consumer, m.watch
	if last := c.members.Pop(); last != m {
		*c.members.At(int(m.member)), last.member = last, m.member
	}
	m.part.figures.Waits--
	m.part.release()
	f.board.figures.Waits--
	if m.previous != nil {
		m.previous.next = m.next
	} else {
		x.waiters = m.next
	}
	if m.next != nil {
		m.next.previous = m.previous
	}
	if c.drains && x.call != nil && x.waiters == nil && x.call.in != &f.pool.stuck {
		x.call.leftByLocked(c)
	}
	if x.waiters == nil {
		f.endLocked(x, m.part, why, final)
	}
}

// endLocked removes x, whose last waiter belonged to p.
func (f *finisher) endLocked(x *watch, p *part, why error, final *transport.Status) {
	state, kind := transport.Unknown, f.board.kindLocked(x, p)
	if why == nil {
		state = final.State
	}
	if x.isBlocked() {
		f.board.figures.Blocked--
	}
	f.board.figures.End(state)
	f.board.figures.Of(kind).End(state, x.attempt)
	if f.audience != nil {
		now := f.now()
		e := observe.Event{Kind: observe.WatchEnded, Time: f.steady.Time(now), ID: x.id, JobKind: kind, Attempt: int(x.attempt),
			Elapsed: now - x.began, Status: x.status(), Err: why}
		if why == nil {
			e.Status = *final
			_, e.Delay = x.outcome(kind, final, x.alive, x.alive, e.Elapsed)
		}
		f.events = append(f.events, e)
	}
	if why != nil {
		f.endedLocked(x, backoff.Outcome{Key: x.id, Kind: kind, After: x.alive})
	}
	f.board.gate.Demand(x.previous, 0)
	f.board.moveLocked(x, gone)
	if x.call != nil {
		f.board.figures.InFlight--
		if x.call.present--; x.call.present == 0 {
			f.pool.stopLocked(x.call, why)
		}
	}
}
