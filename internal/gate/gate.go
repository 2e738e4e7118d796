// Package gate decides when the next request may be made, by a rate limit and a retry budget. The
// retry budget keeps a failing service from getting more requests than a healthy one. The package
// knows no lock and no clock: instants are arguments.
package gate

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// recoveryShare is the rate of requests while a service recovers, as a share of the demand. It is
	// more than 1, so that the number of overdue polls decreases.
	recoveryShare = 1.05
	// recoveryPace is the longest time between two requests while a service recovers. If the demand is
	// small, or not known yet, more requests are no burden.
	recoveryPace = 10 * time.Millisecond
)

// minWait is the shortest wait between two polls of a watch.
const minWait = time.Millisecond

// Gate says when the next request may be made. Use [New] to make one.
type Gate struct {
	limiter *rate.Limiter // nil if there is no limit
	epoch   time.Time
	shut    time.Duration // the instant until which the gate is shut, or 0 if it is open
	budget  budget
	pace    time.Duration // the earliest instant of the next request during a recovery
	demand  int64         // the polls that all watches make in 10⁹ seconds if nothing delays them
}

// New returns an open gate with a full budget. The limiter may be nil. Instants count from epoch.
func New(limiter *rate.Limiter, epoch time.Time) *Gate {
	return &Gate{limiter: limiter, epoch: epoch, budget: budget{tokens: budgetTokens}}
}

// Limited reports whether there is a rate limit.
func (g *Gate) Limited() bool { return g.limiter != nil }

// SetLimit changes the rate limit, to none if perSecond is zero. A change does not refill the
// burst.
func (g *Gate) SetLimit(now time.Duration, perSecond float64, burst int) {
	g.shut = 0
	switch at := g.epoch.Add(now); {
	case perSecond == 0:
		g.limiter = nil
	case g.limiter == nil:
		g.limiter = rate.NewLimiter(rate.Limit(perSecond), burst)
	default:
		g.limiter.SetLimitAt(at, rate.Limit(perSecond))
		g.limiter.SetBurstAt(at, burst)
	}
}

// Recovering reports whether the service recovers. A recovery begins when the retry budget is
// empty. It ends when nothing is overdue and half of the budget is refilled. Meanwhile the rate of
// requests is limited to about the demand.
func (g *Gate) Recovering(now time.Duration) bool {
	g.budget.turn(now)
	return g.budget.recovering
}

// Shut returns the instant until which the gate is shut, or 0 if it is open.
func (g *Gate) Shut() time.Duration { return g.shut }

// Pause shuts the gate until an instant, unless it is already shut for longer.
func (g *Gate) Pause(until time.Duration) { g.shut = max(g.shut, until) }

// Open opens the gate. [Gate.Admit] shuts it again if it has to.
func (g *Gate) Open() { g.shut = 0 }

// Admit reports whether a request about n jobs may be made now, and counts it. If not, the gate is
// shut.
func (g *Gate) Admit(now time.Duration, n int) bool {
	if !g.reserve(now, true) {
		return false
	}
	if g.Recovering(now) {
		g.pace = instant.Later(max(g.pace, now), g.interval(n))
	}
	return true
}

// Admits reports whether Admit would return true now. If not, the gate is shut.
func (g *Gate) Admits(now time.Duration) bool { return g.reserve(now, false) }

// reserve reports whether a request may be made now, and takes a token of the limiter for it if the
// request is made. If none may be made, reserve shuts the gate.
func (g *Gate) reserve(now time.Duration, made bool) bool {
	if g.Recovering(now) && now < g.pace {
		g.shut = g.pace
		return false
	}
	if g.limiter == nil {
		return true
	}
	at := g.epoch.Add(now)
	r := g.limiter.ReserveN(at, 1)
	delay := r.DelayFrom(at)
	if delay > 0 || !made {
		r.CancelAt(at)
	}
	if delay > 0 {
		g.shut = instant.Later(now, delay)
	}
	return delay == 0
}

// interval returns the time between a request about n jobs and the next request at which the rate
// is about the demand.
func (g *Gate) interval(n int) time.Duration {
	d := float64(n) * 1e18 / (recoveryShare * float64(max(g.demand, 1)))
	return time.Duration(min(d, float64(recoveryPace)))
}

// Demand notes that the wait between the polls of a watch has changed. The argument before is zero
// for a new watch, and now is zero for a watch that has ended.
func (g *Gate) Demand(before, now time.Duration) { g.demand += wants(now) - wants(before) }

// wants returns what a watch with the given wait between polls adds to the demand.
func wants(wait time.Duration) int64 {
	if wait <= 0 {
		return 0
	}
	return int64(1e18 / max(wait, minWait))
}

// Answered refills the retry budget for a request that was answered.
func (g *Gate) Answered(now time.Duration) { g.budget.answered(now) }

// Failed charges the retry budget for a request that failed with an error of the given class.
func (g *Gate) Failed(now time.Duration, class transport.Class) { g.budget.fail(now, class) }

// CaughtUp notes that nothing is overdue. That ends a recovery if half of the budget is refilled.
func (g *Gate) CaughtUp(now time.Duration) {
	if g.budget.caughtUp(now) {
		g.pace = 0
	}
}

// Retry reports whether a request that failed with an error of the given class may be sent again at
// once. If so, it charges the retry budget and the rate limit.
func (g *Gate) Retry(now time.Duration, class transport.Class) bool {
	if !g.budget.allows(now, class) || g.limiter != nil && !g.limiter.AllowN(g.epoch.Add(now), 1) {
		return false
	}
	g.budget.lent += costOf(class)
	return true
}
