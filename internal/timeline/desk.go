package timeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A desk gives each waiter its one Result, and removes a watch that nobody waits for.
type desk struct {
	*core
	board  *board
	crew   *crew
	offers map[*Consumer]struct{} // that wait to send; guarded by core.mu
}

func newDesk(k *core, b *board, w *crew) *desk {
	return &desk{core: k, board: b, crew: w, offers: make(map[*Consumer]struct{})}
}

// settleLocked gives m its one final Result and takes it out of its watch.
func (d *desk) settleLocked(m *waiter, r *Result) {
	c := m.part.consumer
	d.dismissLocked(m, r.Err, &r.Status)
	c.inbox.put(r)
	c.wakeUpLocked()
}

// giveUpLocked ends m for a reason other than the end of its job.
func (d *desk) giveUpLocked(m *waiter, reason error) { d.settleLocked(m, m.gaveUp(reason, d.now())) }

// longRetryAfter is the longest wait of the service that a wait sits out until its own timeout. If
// the service asks for more, a wait that cannot last so long ends at once.
const longRetryAfter = 5 * time.Minute

// throttleLocked ends the wait of m at once if the service asks for a wait of more than
// longRetryAfter that m cannot last for.
func (d *desk) throttleLocked(m *waiter, now, leaveAlone time.Duration) (ended bool) {
	if leaveAlone <= longRetryAfter || instant.Later(now, leaveAlone) <= m.deadline() {
		return false
	}
	d.giveUpLocked(m, fmt.Errorf("%w: the service asks to be left alone for %v", transport.ErrThrottled, leaveAlone))
	return true
}

// dismissAllLocked removes all members from c, and returns them.
func (d *desk) dismissAllLocked(c *Consumer, why error) []*waiter {
	all := slices.Clone(c.members)
	for _, m := range all {
		d.dismissLocked(m, why, nil)
	}
	d.crew.proceedLocked(d.now())
	return all
}

// dismissLocked removes m from its Consumer and its watch, and ends the watch if m was its last
// waiter. If the job ended, why is nil, and final is its status.
func (d *desk) dismissLocked(m *waiter, why error, final *transport.Status) {
	c, x := m.part.consumer, m.watch
	last := c.members[len(c.members)-1]
	c.members[m.member], last.member = last, m.member
	c.members[len(c.members)-1] = nil
	c.members = c.members[:len(c.members)-1]
	m.part.figures.Waits--
	m.part.leave()
	d.board.figures.Waits--
	if m.previous != nil {
		m.previous.next = m.next
	} else {
		x.waiters = m.next
	}
	if m.next != nil {
		m.next.previous = m.previous
	}
	if c.drains && x.call != nil {
		x.call.leftByLocked(c)
	}
	if x.waiters == nil {
		d.endLocked(x, m.part, why, final)
	}
}

// endLocked removes x, whose last waiter belonged to p, from all that refers to it.
func (d *desk) endLocked(x *watch, p *part, why error, final *transport.Status) {
	state, kind := transport.Unknown, p.kind
	if why == nil {
		state = final.State
	}
	if x.isBlocked() {
		d.board.figures.Blocked--
	}
	d.board.figures.End(state)
	p.figures.End(state, x.attempt)
	if d.audience != nil {
		now := d.now()
		e := observe.Event{Kind: observe.WatchEnded, Time: d.epoch.Add(now), ID: x.id, JobKind: kind, Attempt: int(x.attempt),
			Elapsed: now - x.began, Status: x.status(), Err: why}
		if why == nil {
			e.Status = *final
			_, e.Delay = x.outcome(kind, final, x.alive, e.Elapsed)
		}
		d.events = append(d.events, e)
	}
	if why != nil && d.schedule.Learns() {
		d.outcomes = append(d.outcomes, backoff.Outcome{Key: x.id, Kind: kind, After: x.alive})
	}
	d.board.gate.Demand(x.previous, 0)
	d.board.moveLocked(x, gone)
	if x.call != nil {
		d.board.figures.InFlight--
		if x.call.present--; x.call.present == 0 {
			d.crew.stopLocked(x.call, why)
		}
	}
}
