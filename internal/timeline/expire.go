package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// An extension is why a wait whose timeout was reached goes on for a last look: a poll had been
// due, and could not be made.
type extension uint8

const (
	notExtended extension = iota
	extendedByLimit
	extendedByBudget
	extendedByWorkers
	extendedByStandstill
	extendedByAbsence // nobody waited when the timeout passed
)

var extensions = [...]string{
	extendedByLimit:      "the rate limit (WithRateLimit)",
	extendedByBudget:     "the retry budget, as the service fails",
	extendedByWorkers:    "busy workers (WithConcurrency)",
	extendedByStandstill: "the process, which stood still",
	extendedByAbsence:    "nobody, as its timeout had passed when the wait was resumed",
}

func (e extension) String() string { return extensions[e] }

// expire ends what waits for x no longer than until now, or extends its wait for a last look.
func (t *Timeline) expire(x *watch, now time.Duration, stood bool) {
	x.deadline = instant.Forever
	for m := x.waiters; m != nil; {
		next := m.next
		if m.deadline() <= now && m.extended == notExtended {
			if m.extended = t.extension(x, m, stood); m.extended != notExtended {
				m.began = max(m.began, now-m.timeout) // what it goes on for counts from now
			}
			if m.extended != notExtended && !x.urgent {
				x.urgent = true
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

// extension returns why the wait of m goes on: its watch was due for a poll before m's end, which
// was not made, or the process stood still while it was made.
func (t *Timeline) extension(x *watch, m *waiter, stood bool) extension {
	switch {
	case x.run != nil && stood:
		return extendedByStandstill
	case !x.queued || x.poll >= m.end():
		return notExtended
	case t.gate.Shut() > 0 && t.gate.Recovering(t.now()):
		return extendedByBudget
	case t.busy >= t.Concurrency:
		return extendedByWorkers
	case t.gate.Limited() && !stood:
		return extendedByLimit
	default:
		return extendedByStandstill
	}
}
