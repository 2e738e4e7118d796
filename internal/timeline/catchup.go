package timeline

import (
	"sync/atomic"
	"time"
)

// catchUps counts the missed polls that are added. All calls share it, because they poll the same
// service.
type catchUps struct {
	newest atomic.Int64 // the instant of the newest poll that was counted
	count  atomic.Int64
}

// next counts one poll, and returns how many were counted before it. If the newest one is longer
// ago than the gap, it counts from zero again.
func (c *catchUps) next(now, gap time.Duration) int {
	if before := c.newest.Swap(int64(now)); now-time.Duration(before) > gap {
		c.count.Store(0)
	}
	return int(c.count.Add(1)) - 1
}
