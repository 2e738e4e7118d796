// Package instant has the arithmetic of instants and durations. An instant is a duration since an
// epoch that the user of the package chooses. Instants before the epoch are negative.
package instant

import (
	"math"
	"time"
)

// Forever is an instant that is never reached.
const Forever = time.Duration(math.MaxInt64)

// Unlimited is a limit or a duration that is never reached. No program computes a remaining time of
// this value, so that any other negative time can be refused.
const Unlimited = math.MinInt32

// Later returns t+d, or Forever if d is Unlimited or the sum does not fit.
func Later(t, d time.Duration) time.Duration {
	if d == Unlimited || d > Forever-max(t, 0) {
		return Forever
	}
	return t + d
}

// Saturated returns ns nanoseconds as a duration in [0, Forever]. NaN becomes Forever, because an
// unknown wait must not become a short one.
func Saturated(ns float64) time.Duration {
	switch {
	case ns <= 0:
		return 0
	case ns < math.MaxInt64:
		return time.Duration(ns)
	default:
		return Forever
	}
}
