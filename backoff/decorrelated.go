package backoff

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// DecorrelatedJitter polls at once, and then draws each wait from base to three times the last
// wait, at most longest. Choose it if many watches were refused together. Each wait depends on the
// last one, so the watches drift apart.
//
//	DecorrelatedJitter(time.Second, time.Minute)
//	attempt  0  1       2       3        4        5
//	wait     0  1s..3s  1s..9s  1s..27s  1s..60s  1s..60s
//
// The last wait is Previous of [Poll], so a watch can be resumed anywhere. A base of zero means
// [DefaultBase], and a longest of zero means no cap. So do negative values, which Validate reports.
// It also reports a longest below base.
//
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. That algorithm
// cuts waits off at the cap, so most waits equal the cap. This one draws from the range below the
// cap.
func DecorrelatedJitter(base, longest time.Duration, opts ...JitterOption) Strategy {
	return &decorrelated{base, longest, newSeed(opts)}
}

type decorrelated struct {
	base, longest time.Duration
	seed          uint64
}

func (d *decorrelated) Next(p Poll) time.Duration {
	if p.Attempt <= 0 {
		return 0
	}
	least, most := d.bounds(p)
	return between(least, min(times(max(p.Previous, least), 3), most), d.seed, &p)
}

func (d *decorrelated) bounds(Poll) (least, most time.Duration) {
	most = orDefault(d.longest, math.MaxInt64)
	return min(orDefault(d.base, DefaultBase), most), most
}

func (d *decorrelated) Validate() error {
	const of = "DecorrelatedJitter"
	err := errors.Join(notNegative(of, "base", d.base), notNegative(of, "longest", d.longest))
	if d.longest > 0 && d.base > d.longest {
		err = errors.Join(err, fmt.Errorf("backoff: %s: longest %v: is below base %v", of, d.longest, d.base))
	}
	return err
}
