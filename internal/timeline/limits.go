package timeline

import (
	"math/bits"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/transport"
)

// The retry budget: what failing costs, so that a service in trouble is not asked more than one
// that is well.
const (
	budgetTokens  = 500
	transientCost = 14
	throttledCost = 5
	// recoveryShare is how much more than the demand may be asked while a service recovers, so that
	// what is overdue is caught up with.
	recoveryShare = 1.05
	// recoveryPace is the longest time between two requests while a service recovers: where demand
	// is small, or not known yet as nothing was polled, asking more often is no burden.
	recoveryPace = 10 * time.Millisecond
)

const (
	// smallBulk is how many jobs of a bulk are polled at once, or atOnce batches. The first polls
	// of the others are spread.
	smallBulk = 64
	atOnce    = 2
	// smallCohort is how many of the others come together, or a batch: a request that comes alone
	// wakes an idle machine, which costs more than the request.
	smallCohort = 16
	// slackShare is the share of a wait by which a poll may be late, so that one wake-up or one
	// request serves several.
	slackShare = 1.0 / 20
	// batchShare is that share where the Transport is a Batcher: the more watches meet, the fewer
	// requests there are.
	batchShare = 1.0 / 6
	// batchWindow is by how much it may be late at least where the Transport is a Batcher.
	batchWindow = 5 * time.Millisecond
	// wakeWindow is by how much at most where it is none: a wake-up then serves several only if
	// polls come often.
	wakeWindow = 50 * time.Millisecond
	// fewWatches is from how many watches on polls share wake-ups where the Transport is no
	// Batcher. Fewer would gain nothing, and each is polled at its very instant.
	fewWatches = 64
)

// Exact is a Slack: every watch is polled at its own instant.
const Exact = -1

// slack is by how much a poll may be late that comes after a wait.
func (t *Timeline) slack(wait time.Duration) time.Duration {
	share := t.Slack
	switch {
	case share == 0 && t.batcher != nil:
		share = batchShare
	case share == 0:
		share = slackShare
	}
	slack := time.Duration(share * float64(wait))
	switch {
	case t.Slack == Exact:
		return 0
	case t.batcher != nil:
		return max(slack, batchWindow)
	case t.Slack > 0:
		return slack
	case t.real && t.watches.taken >= fewWatches:
		return min(slack, wakeWindow)
	default:
		return 0
	}
}

// align returns when to poll that is due at an instant after a wait: at the next of the instants
// that divide all time evenly, as far apart as the slack allows. Watches with like waits so meet
// there.
func (t *Timeline) align(at, wait time.Duration) time.Duration {
	slack := t.slack(wait)
	if slack <= 1 || at > forever-slack {
		return at
	}
	step := time.Duration(1) << (bits.Len64(uint64(slack)) - 1)
	if wait == 0 {
		at++ // not at once, so that the jobs of a bulk that begin now meet
	}
	return (at + step - 1) &^ (step - 1)
}

// spread returns where in [0, 1) the nth of many goes, so that however many there are they are
// spread evenly: the fractions of multiples of the golden ratio (Knuth, The Art of Computer
// Programming, vol. 3, 6.4).
func spread(n int) float64 { return float64(uint64(n)*0x9e3779b97f4a7c15>>11) / (1 << 53) }

// limits say when the next request may be made. All fields are guarded by Timeline.mu.
type limits struct {
	gate       time.Duration // not before then
	tokens     int           // of the retry budget
	recovering bool          // from an empty budget: requests keep to the demand until nothing is overdue
	pace       time.Duration // while recovering, when the next request may be made
	demand     int64         // polls that all watches make in a thousand million seconds, if nothing holds them up
}

// admit reports whether a request about n jobs may be made now. If not, gate is when to ask again.
func (t *Timeline) admit(now time.Duration, n int) bool {
	l := &t.limits
	if l.recovering && now < l.pace {
		l.gate = l.pace
		return false
	}
	if t.Limiter != nil {
		at := t.epoch.Add(now)
		r := t.Limiter.ReserveN(at, 1)
		if delay := r.DelayFrom(at); delay > 0 {
			r.CancelAt(at)
			l.gate = later(now, delay)
			return false
		}
	}
	if l.recovering {
		l.pace = later(max(l.pace, now), l.interval(n))
	}
	return true
}

// interval is the time between two requests, of which the first is about n jobs, that keeps to the
// demand.
func (l *limits) interval(n int) time.Duration {
	d := float64(n) * 1e18 / (recoveryShare * float64(max(l.demand, 1)))
	return time.Duration(min(d, float64(recoveryPace)))
}

// wants returns what a watch that waits so long between polls adds to the demand.
func wants(wait time.Duration) int64 {
	if wait <= 0 {
		return 0
	}
	return int64(1e18 / max(wait, minWait))
}

// waits says how long x waits for its next poll.
func (t *Timeline) waits(x *watch, wait time.Duration) {
	t.limits.demand += wants(wait) - wants(x.previous)
	x.previous = wait
}

// charge takes from the budget what a request costs that ended with a fault, or pays back if f is
// nil.
func (l *limits) charge(f *sighting.Fault) {
	cost := -1
	if f != nil {
		cost = costOf(f.Class)
	}
	l.tokens = min(max(l.tokens-cost, 0), budgetTokens)
	if l.tokens == 0 {
		l.recovering = true
	}
}

// caughtUp ends a recovery.
func (l *limits) caughtUp() {
	if l.recovering && l.tokens > budgetTokens/2 {
		l.recovering, l.pace = false, 0
	}
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

// Retry reports whether a poll that failed with an error of a class may be made again at once,
// within the same poll, and charges it. A Transport that retries asks by package wait.
func (t *Timeline) Retry(class transport.Class) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	cost := costOf(class)
	if t.limits.recovering || t.limits.tokens <= cost || t.Limiter != nil && !t.Limiter.AllowN(t.Clock.Now(), 1) {
		return false
	}
	t.limits.tokens -= cost
	return true
}
