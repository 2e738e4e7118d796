package fleet

import (
	"sync/atomic"
	"time"
)

// serverClock converts the server's time to the time of this process, and back. It assumes that
// both are equal until it learns the difference. It is safe for concurrent use.
type serverClock struct {
	ahead   atomic.Int64 // the server's time less this process's, in nanoseconds
	learned atomic.Bool  // whether ahead is known
}

// learn records the server's time of something, and two times of this process between which it
// happened.
func (c *serverClock) learn(at, before, after time.Time) {
	c.ahead.Store(int64(at.Sub(before.Add(after.Sub(before) / 2))))
	c.learned.Store(true)
}

// local converts a time of the server to the time of this process. For the zero time it returns the
// zero time.
func (c *serverClock) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Duration(c.ahead.Load()))
}

// server converts a time of this process to the server's time.
func (c *serverClock) server(t time.Time) time.Time { return t.Add(time.Duration(c.ahead.Load())) }
