package fleet

import (
	"sync/atomic"
	"time"
)

// serverClock turns the server's time into that of this process, and back. Until it has learned
// how much they differ, it takes them for equal. It is safe for concurrent use.
type serverClock struct {
	ahead   atomic.Int64 // the server's time less this process's, in nanoseconds
	learned atomic.Bool  // ahead is known
}

// learn takes in that something happened at an instant of the server, between two of this process.
func (c *serverClock) learn(at, before, after time.Time) {
	c.ahead.Store(int64(at.Sub(before.Add(after.Sub(before) / 2))))
	c.learned.Store(true)
}

// local returns the time of this process at an instant of the server. The zero time stays zero.
func (c *serverClock) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Duration(c.ahead.Load()))
}

// server returns the time of the server at an instant of this process.
func (c *serverClock) server(t time.Time) time.Time { return t.Add(time.Duration(c.ahead.Load())) }
