package fleet

import (
	"math"
	"time"

	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// allowance sets the rate limit of a worker's Watcher to the worker's part of the fleet's limit.
// [part] computes that part.
type allowance struct {
	part    part
	watcher *jobstatus.Watcher
	counts  *counts
	log     *zap.Logger
}

// lend returns what the worker's next heartbeat says about the rate limit: see [part.lend].
func (a *allowance) lend(beat, owned int, to []string, now time.Time) (short bool, loans map[string]float64) {
	if a.part.rate == 0 {
		return false, nil
	}
	return a.part.lend(beat, owned, a.watcher.Stats().Requests, to, now)
}

// lends reports whether other workers may use some of the worker's part at now.
func (a *allowance) lends(now time.Time) bool { return a.part.lending.reserved(now) > 0 }

// cameBack records that a heartbeat has come back, and when its loans end.
func (a *allowance) cameBack(beat int, free time.Time) { a.part.lending.cameBack(beat, free) }

// keep sets the limit of the Watcher if it changes. The arguments are the number of partitions that
// the worker watches, and how many more partitions' parts it has borrowed.
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

// tell updates the figures of the limit.
func (a *allowance) tell(perSecond float64) { a.counts.rate.Store(math.Float64bits(perSecond)) }
