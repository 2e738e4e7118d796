package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// A hold is why a wait whose timeout was reached is held on for a last look: a poll had been due,
// and could not be made.
type hold uint8

const (
	notHeld hold = iota
	heldByLimit
	heldByBudget
	heldByWorkers
	heldByStandstill
	heldByAbsence // nobody waited when the timeout passed
)

var holds = [...]string{
	heldByLimit:      "the rate limit (WithRateLimit)",
	heldByBudget:     "the retry budget, as the service fails",
	heldByWorkers:    "busy workers (WithConcurrency)",
	heldByStandstill: "the process, which stood still",
	heldByAbsence:    "nobody, as its timeout had passed when the wait was resumed",
}

func (h hold) String() string { return holds[h] }

// expire ends what waits for x no longer than until now, or holds it on for a last look.
func (t *Timeline) expire(x *watch, now time.Duration, stood bool) {
	x.deadline = instant.Forever
	for m := x.waiters; m != nil; {
		next := m.next
		if m.deadline() <= now && m.held == notHeld {
			if m.held = t.hold(x, m, stood); m.held != notHeld && !x.held {
				x.held = true
				if x.queued {
					t.ready.Hurry(x, x.poll)
				}
			}
		}
		if end := m.deadline(); end <= now {
			t.giveUp(m, ErrTimeout)
		} else {
			x.deadline = min(x.deadline, end)
		}
		m = next
	}
}

// hold returns why m is held on: its watch was due for a poll before m's end, which was not made,
// or the process stood still while it was made.
func (t *Timeline) hold(x *watch, m *waiter, stood bool) hold {
	switch {
	case x.run != nil && stood:
		return heldByStandstill
	case !x.queued || x.poll >= m.end():
		return notHeld
	case t.gate.Shut() > 0 && t.gate.Recovering():
		return heldByBudget
	case t.busy >= t.Concurrency:
		return heldByWorkers
	case t.gate.Limited() && !stood:
		return heldByLimit
	default:
		return heldByStandstill
	}
}
