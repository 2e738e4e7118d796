package timeline

import (
	"sync/atomic"
	"time"
)

// catchUps counts the missed polls that are made up for. All calls share it, because they poll the
// same service.
type catchUps struct {
	newest atomic.Int64 // when the newest was counted
	count  atomic.Int64
}

// next returns how many were counted before this one. It counts from zero again once none came
// for the length of a gap.
func (c *catchUps) next(now, gap time.Duration) int {
	if before := c.newest.Swap(int64(now)); now-time.Duration(before) > gap {
		c.count.Store(0)
	}
	return int(c.count.Add(1)) - 1
}
