package backoff

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// DecorrelatedJitter asks at once, and then draws each wait from base to three times the wait before, at most longest.
// Choose it where many who were refused together must come back apart: unlike jitter on a schedule, what one drew moves
// all that follows.
//
//	DecorrelatedJitter(time.Second, time.Minute)
//	attempt  0  1       2       3        4        5
//	wait     0  1s..3s  1s..9s  1s..27s  1s..60s  1s..60s
//
// The wait before is the Previous of a Poll, so that a watch can be taken up again anywhere. A base of zero means
// DefaultBase, a longest of zero no cap, and so does less, which Validate reports, as it does a longest below base.
//
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; but where that cuts off at the
// cap, so that most waits come to stand on it, this draws from what is below.
func DecorrelatedJitter(base, longest time.Duration, opts ...JitterOption) Strategy {
	return decorrelated{base, longest, newSeed(opts)}
}

type decorrelated struct {
	base, longest time.Duration
	seed          uint64
}

func (d decorrelated) Next(p Poll) time.Duration {
	if p.Attempt <= 0 {
		return 0
	}
	least, most := d.bounds(p)
	return between(least, min(times(max(p.Previous, least), 3), most), d.seed, p)
}

func (d decorrelated) bounds(Poll) (least, most time.Duration) {
	most = orDefault(d.longest, math.MaxInt64)
	return min(orDefault(d.base, DefaultBase), most), most
}

func (d decorrelated) Validate() error {
	const of = "DecorrelatedJitter"
	err := errors.Join(notNegative(of, "base", d.base), notNegative(of, "longest", d.longest))
	if d.longest > 0 && d.base > d.longest {
		err = errors.Join(err, fmt.Errorf("backoff: %s: longest %v: is below base %v", of, d.longest, d.base))
	}
	return err
}
