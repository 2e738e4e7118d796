package backoff

import (
	"fmt"
	"time"
)

// DefaultInterval is the wait of a [Constant] or a [Sequence] whose argument is zero.
const DefaultInterval = time.Second

// Constant polls at once and then every d. Choose it if the durations of jobs are unpredictable and
// a delay of d is acceptable.
//
//	Constant(5 * time.Second)
//	attempt  0  1   2   3
//	wait     0  5s  5s  5s
//
// Zero means [DefaultInterval]. So does a negative value, which Validate reports.
func Constant(d time.Duration) Strategy { return &constant{d} }

type constant struct{ d time.Duration }

func (c *constant) Next(p Poll) time.Duration {
	if p.Attempt <= 0 {
		return 0
	}
	return c.first()
}

func (c *constant) first() time.Duration { return orDefault(c.d, DefaultInterval) }

func (c *constant) Validate() error { return notNegative("Constant", "d", c.d) }

// orDefault returns d, or otherwise if d is zero or negative.
func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

func notNegative(of, name string, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("backoff: %s: %s %v: must not be negative", of, name, d)
	}
	return nil
}
