package fleet

import "sync/atomic"

// counts are what a worker has done. They are for its log lines.
type counts struct {
	watches atomic.Int64 // that were taken over
	ends    atomic.Int64 // that were stored
}

func (c *counts) replayed(n int) { c.watches.Add(int64(n)) }
func (c *counts) ended()         { c.ends.Add(1) }
