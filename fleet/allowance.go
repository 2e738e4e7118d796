package fleet

import (
	"math"
	"time"

	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// allowance keeps the Watcher of a worker at the worker's part of the fleet's rate limit, which
// [part] computes.
type allowance struct {
	part    part
	watcher *jobstatus.Watcher
	counts  *counts
	log     *zap.Logger
}

// lend returns what a heartbeat of the worker is to say of the rate limit: see [part.lend].
func (a *allowance) lend(beat, owned int, to []string, now time.Time) (short bool, loans map[string]float64) {
	if a.part.rate == 0 {
		return false, nil
	}
	return a.part.lend(beat, owned, a.watcher.Stats().Requests, to, now)
}

// lends reports whether others may use something of the worker's part at now.
func (a *allowance) lends(now time.Time) bool { return a.part.lending.reserved(now) > 0 }

// cameBack says that a heartbeat has come back, so that what it lent is free again at an instant.
func (a *allowance) cameBack(beat int, free time.Time) { a.part.lending.cameBack(beat, free) }

// keep sets the limit of the Watcher, if it changes. The worker watches so many partitions, and has
// borrowed the parts of so many more.
func (a *allowance) keep(owned int, borrowed float64, now time.Time) {
	limit, changed := a.part.limit(owned, borrowed, now)
	if !changed {
		return
	}
	a.tell(limit)
	if err := a.watcher.SetRateLimit(limit, 1); err != nil {
		a.log.Error("set the rate limit", zap.Error(err))
	}
}

// tell tells the figures of the limit.
func (a *allowance) tell(perSecond float64) { a.counts.rate.Store(math.Float64bits(perSecond)) }
