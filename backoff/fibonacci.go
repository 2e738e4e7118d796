package backoff

import (
	"math"
	"time"
)

// Fibonacci polls at once, then after base, and each wait is the sum of the two waits before it.
// Choose it, with a [Cap], if an [Exponential] that doubles grows too fast. In the long run each
// wait is 1.618 times the last.
//
//	Fibonacci(time.Second)
//	attempt  0  1   2   3   4   5   6    7    8
//	wait     0  1s  2s  3s  5s  8s  13s  21s  34s
//
// The waits are as in github.com/sethvargo/go-retry v0.5.0 (backoff_fibonacci.go), at most the
// longest [time.Duration]. Zero means [DefaultBase]. So does a negative value, which Validate
// reports.
func Fibonacci(base time.Duration) Strategy { return &fibonacci{base} }

type fibonacci struct{ base time.Duration }

func (f *fibonacci) Next(p Poll) time.Duration {
	if p.Attempt <= 0 {
		return 0
	}
	before, d := f.first(), f.first()
	for range p.Attempt - 1 {
		if d > math.MaxInt64-before {
			return math.MaxInt64 // reached after at most 91 sums
		}
		before, d = d, before+d
	}
	return d
}

func (f *fibonacci) first() time.Duration { return orDefault(f.base, DefaultBase) }

func (f *fibonacci) Validate() error { return notNegative("Fibonacci", "base", f.base) }
