package backoff

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Cap limits each wait to longest. Put a jitter around a Cap, not within it. A jitter around a Cap
// spreads its waits below the cap. A Cap around a jitter would make many waits equal to the cap.
//
//	Cap(Exponential(time.Second, 2), 10*time.Second)
//	attempt  0  1   2   3   4   5    6
//	wait     0  1s  2s  4s  8s  10s  10s
//
// Zero and negative values mean no cap. Validate reports a negative cap, a cap below the first
// wait, and a cap below a [Floor] within.
func Cap(s Strategy, longest time.Duration) Strategy {
	return decorated(s, &capped{inner{"Cap", s}, longest})
}

type capped struct {
	inner
	longest time.Duration
}

func (c *capped) Next(p Poll) time.Duration {
	return min(c.next(&p), orDefault(c.longest, math.MaxInt64))
}

func (c *capped) bounds(p Poll) (least, most time.Duration) {
	least, most = c.inner.bounds(&p)
	longest := orDefault(c.longest, math.MaxInt64)
	return min(least, longest), min(most, longest)
}

func (c *capped) Validate() error {
	err := errors.Join(notNegative("Cap", "longest", c.longest), c.inner.Validate())
	least, _ := c.inner.bounds(&Poll{Attempt: 1})
	if s, ok := c.Strategy.(interface{ first() time.Duration }); ok {
		least = s.first()
	}
	if c.longest > 0 && c.longest < least {
		err = errors.Join(err, fmt.Errorf("backoff: Cap: longest %v: is below the first wait, %v", c.longest, least))
	}
	return err
}

// Floor raises each wait between two polls to at least shortest. It leaves the wait before the
// first poll as it is. Choose it to keep polls apart with a [FullJitter] or a Strategy of your own.
//
//	Floor(Exponential(time.Second, 2), 3*time.Second)
//	attempt  0  1   2   3   4
//	wait     0  3s  3s  4s  8s
//
// Zero and negative values mean no floor. Validate reports a negative floor and a floor above a
// [Cap] within.
func Floor(s Strategy, shortest time.Duration) Strategy {
	return decorated(s, &floored{inner{"Floor", s}, shortest})
}

type floored struct {
	inner
	shortest time.Duration
}

func (f *floored) Next(p Poll) time.Duration {
	if p.Attempt <= 0 {
		return f.next(&p)
	}
	return max(f.next(&p), f.shortest)
}

func (f *floored) bounds(p Poll) (least, most time.Duration) {
	least, most = f.inner.bounds(&p)
	if p.Attempt <= 0 {
		return least, most
	}
	return max(least, f.shortest), max(most, f.shortest)
}

func (f *floored) Validate() error {
	err := errors.Join(notNegative("Floor", "shortest", f.shortest), f.inner.Validate())
	if _, most := f.inner.bounds(&Poll{Attempt: 1}); f.shortest > most {
		err = errors.Join(err, fmt.Errorf("backoff: Floor: shortest %v: is above the cap within, %v", f.shortest, most))
	}
	return err
}
