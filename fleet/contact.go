package fleet

import "time"

// contact measures how long a worker has been in contact with the server. It uses no clock.
//
// Its time passes only while the worker's own heartbeats come back. So a worker does not suspect
// others because the server was away, or because it stood still itself.
type contact struct {
	most  time.Duration // the longest time for which one heartbeat counts
	total time.Duration // the time in contact until the newest heartbeat
	last  time.Time     // when the newest heartbeat came back; zero if none has
}

// beat records that a heartbeat came back at now.
func (c *contact) beat(now time.Time) {
	c.total = c.at(now)
	c.last = now
}

// at returns the total time in contact until now.
func (c *contact) at(now time.Time) time.Duration {
	if c.last.IsZero() {
		return c.total
	}
	return c.total + min(max(now.Sub(c.last), 0), c.most)
}
