package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// An extension is the reason why a wait continues after its timeout for a last look: a poll was due
// before the timeout, and could not be made.
type extension uint8

const (
	notExtended extension = iota
	extendedByLimit
	extendedByBudget
	extendedByWorkers
	extendedByStandstill
	extendedByAbsence // no process waited when the timeout passed
)

var extensions = [...]string{
	extendedByLimit:      "the rate limit (WithRateLimit)",
	extendedByBudget:     "the retry budget, as the service fails",
	extendedByWorkers:    "busy workers (WithConcurrency)",
	extendedByStandstill: "the process, which was busy or stood still",
	extendedByAbsence:    "a pause, after which the wait was resumed: its timeout had passed by then",
}

func (e extension) String() string { return extensions[e] }

// expireLocked ends the waits for x whose deadline has come, or extends them for a last look.
func (d *finisher) expireLocked(x *watch, now time.Duration, stood bool) {
	x.deadline = instant.Forever
	for m := x.waiters; m != nil; {
		next := m.next
		if m.deadline() <= now && m.extended == notExtended {
			if m.extended = d.extensionLocked(x, m, stood); m.extended != notExtended {
				m.began = max(m.began, now-m.timeout) // the extension counts from now
				d.board.hurryLocked(x)
			}
		}
		if end := m.deadline(); end <= now {
			d.giveUpLocked(m, ErrTimeout)
		} else {
			x.deadline = min(x.deadline, end)
		}
		m = next
	}
}

// extensionLocked returns why the wait of m continues after its end, or notExtended. A wait is
// extended if a poll was due before the end and was not made, or if the process was suspended
// during the poll.
func (d *finisher) extensionLocked(x *watch, m *waiter, stood bool) extension {
	switch {
	case x.phase == asked && stood:
		return extendedByStandstill
	case x.phase != ready || x.poll >= m.end():
		return notExtended
	case d.board.gate.Shut() > 0 && d.board.gate.Recovering(d.now()):
		return extendedByBudget
	case d.pool.busy >= d.Concurrency:
		return extendedByWorkers
	case d.board.gate.Limited() && !stood:
		return extendedByLimit
	default:
		return extendedByStandstill
	}
}
