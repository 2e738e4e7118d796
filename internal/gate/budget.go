package gate

import (
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// The size of the retry budget, and the costs of a failed request. An answered request refills the
// budget by 1. With these numbers, a failing service gets no more requests than a healthy one.
const (
	budgetTokens  = 500
	transientCost = 14
	throttledCost = 5
)

// budget is the retry budget. The ends of requests at one instant count from the next instant on.
// So the order of requests that end together does not matter, unless they would spend the whole
// budget. On the real clock no two requests end at the same instant.
type budget struct {
	tokens     int
	recovering bool // the budget was empty, and the recovery has not ended: see Gate.Recovering

	at    time.Duration // the newest instant; the next three fields are about it
	paid  int           // tokens from answered requests
	spent int           // tokens for failed requests
	lent  int           // tokens for retries
}

// turn adds the counts of earlier instants to the tokens.
func (b *budget) turn(now time.Duration) {
	if now <= b.at {
		return
	}
	b.tokens = min(max(b.left(), 0), budgetTokens)
	b.at, b.paid, b.spent, b.lent = now, 0, 0, 0
}

// answered refills the budget for a request that was answered.
func (b *budget) answered(now time.Duration) {
	b.turn(now)
	b.paid++
}

// fail charges for a request that failed with an error of the given class.
func (b *budget) fail(now time.Duration, class transport.Class) {
	b.turn(now)
	if cost := costOf(class); cost > 0 {
		b.spent += cost
		b.recovering = b.recovering || b.left() <= 0
	}
}

// left returns the tokens that are left. The result may be negative.
func (b *budget) left() int { return b.tokens + b.paid - b.spent - b.lent }

// allows reports whether a request that failed with an error of a class may be sent again.
func (b *budget) allows(now time.Duration, class transport.Class) bool {
	b.turn(now)
	return !b.recovering && b.tokens-b.lent > costOf(class)
}

// caughtUp ends a recovery if half of the budget is refilled. It reports whether it did.
func (b *budget) caughtUp(now time.Duration) (recovered bool) {
	b.turn(now)
	recovered = b.recovering && min(b.tokens, b.left()) > budgetTokens/2
	b.recovering = b.recovering && !recovered
	return recovered
}

func costOf(class transport.Class) int {
	switch class {
	case transport.Transient:
		return transientCost
	case transport.Throttled:
		return throttledCost
	default:
		return 0
	}
}
