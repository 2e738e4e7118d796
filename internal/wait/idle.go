package wait

import (
	"time"

	"github.com/benbjohnson/clock"
)

// quietTime is the time after which AfterIdle calls its function on the real clock.
const quietTime = 10 * time.Millisecond

// AfterIdle calls f on another goroutine once all goroutines that can run have run, unless stop is
// called before. A goroutine that has made no progress by then waits for something else.
//
// A test clock knows that moment, and no time passes on it. A testing/synctest bubble knows it too,
// and a nanosecond passes. On the real clock, f is called after 10 ms, which may be too early on a
// busy machine. So an early call of f must do no harm.
func AfterIdle(clk clock.Clock, f func()) (stop func() bool) {
	switch {
	case IsTracked(clk):
		return AfterFunc(clk, 0, f)
	case inBubble():
		return time.AfterFunc(1, f).Stop
	default:
		return time.AfterFunc(quietTime, f).Stop
	}
}

// IsTracked reports whether clk is a test clock that is told of work in flight.
func IsTracked(clk clock.Clock) bool {
	_, ok := clk.(Tracked)
	return ok
}

// inBubble reports whether the caller is in a testing/synctest bubble. There, times have no
// monotonic reading.
func inBubble() bool {
	now := time.Now()
	return now == now.Round(0)
}
