package fleet

import (
	"sync/atomic"
	"time"
)

// serverClock converts the server's time to the time of this process, and back. It assumes that
// both are equal until it learns the difference. It is safe for concurrent use.
//
// The times of this process that it returns have a monotonic reading. So they stay right if the
// wall clock of this process is set while it runs.
type serverClock struct {
	newest atomic.Pointer[moment] // nil until it learns
}

// moment is one moment on both clocks.
type moment struct{ local, server time.Time }

// learn records the server's time of something, and two times of this process between which it
// happened.
func (c *serverClock) learn(at, before, after time.Time) {
	c.newest.Store(&moment{local: before.Add(after.Sub(before) / 2), server: at})
}

// learned reports whether the difference is known.
func (c *serverClock) learned() bool { return c.newest.Load() != nil }

// local converts a time of the server to the time of this process. For the zero time it returns the
// zero time.
func (c *serverClock) local(t time.Time) time.Time {
	m := c.newest.Load()
	if t.IsZero() || m == nil {
		return t
	}
	return m.local.Add(t.Sub(m.server))
}

// server converts a time of this process to the server's time.
func (c *serverClock) server(t time.Time) time.Time {
	m := c.newest.Load()
	if m == nil {
		return t
	}
	return m.server.Add(t.Sub(m.local))
}
