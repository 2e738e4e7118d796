package wait

import (
	"time"

	"github.com/benbjohnson/clock"
)

// quietTime is for how long, on the real clock, a goroutine does nothing that is taken for idle.
const quietTime = 10 * time.Millisecond

// AfterIdle calls f on a goroutine of its own once the goroutines that can run have had their turn,
// unless stop is called before. What has done nothing by then waits for something else.
//
// A test clock knows when that is, and no time passes on it. So does a testing/synctest bubble, in
// which a nanosecond passes. Otherwise it is a guess, which a busy machine can prove wrong: f must
// do no harm if it comes too early.
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

// inBubble reports whether it is called in a testing/synctest bubble, where no time has a monotonic
// reading.
func inBubble() bool {
	now := time.Now()
	return now == now.Round(0)
}
