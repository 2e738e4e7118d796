package fleet

import (
	"math"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/observe"
)

// counts are the figures of a process. Any goroutine changes them.
type counts struct {
	owned, pending, workers, unacked, backlog  atomic.Int64
	cut                                        atomic.Bool
	rate                                       atomic.Uint64 // the bits of a float64
	claimed, gaveUp, takenOver, taken, fenced  atomic.Uint64
	submitted, ended, doubled, acked, putAside atomic.Uint64
	resumed                                    atomic.Uint64 // watches that were taken up, for the log
}

// Stats returns the figures of this process. It sends no request, and is safe for concurrent use.
func (f *Fleet) Stats() observe.FleetStats {
	if f == nil || f.engine == nil {
		return observe.FleetStats{}
	}
	c := &f.counts
	return observe.FleetStats{
		Partitions: f.partitions, Owned: int(c.owned.Load()), Pending: int(c.pending.Load()),
		Workers: int(c.workers.Load()), Cut: c.cut.Load(), RateLimit: math.Float64frombits(c.rate.Load()),
		Claimed: c.claimed.Load(), GaveUp: c.gaveUp.Load(), TakenOver: c.takenOver.Load(), Taken: c.taken.Load(),
		Fenced: c.fenced.Load(), Submitted: c.submitted.Load(), Ended: c.ended.Load(), Doubled: c.doubled.Load(),
		Unacked: int(c.unacked.Load()), Acked: c.acked.Load(), Backlog: int(c.backlog.Load()), PutAside: c.putAside.Load(),
	}
}
