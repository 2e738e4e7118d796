package backoff

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Defaults of the strategies that grow.
const (
	// DefaultBase is the first wait of an [Exponential], [Linear], [Quadratic], [Fibonacci] or
	// [DecorrelatedJitter] whose argument is zero.
	DefaultBase = 100 * time.Millisecond
	// DefaultFactor is the factor of an [Exponential] whose argument is zero.
	DefaultFactor = 2
)

// Exponential polls at once, then after base, and multiplies the wait by factor each time. Choose
// it, with a [Cap], if some jobs end within a second and others take minutes. The detection delay
// then stays in proportion to the duration of the job.
//
//	Exponential(100*time.Millisecond, 2)
//	attempt  0  1      2      3      4      5     ...  38 and more
//	wait     0  100ms  200ms  400ms  800ms  1.6s       292 years
//
// The wait before attempt n is base * factor^(n-1), at most the longest [time.Duration]. Zero means
// [DefaultBase] and [DefaultFactor]. So do impossible values, which Validate reports: a negative
// base, and a factor below 1, infinite or NaN.
func Exponential(base time.Duration, factor float64) Strategy { return &exponential{base, factor} }

type exponential struct {
	base   time.Duration
	factor float64
}

func (e *exponential) Next(p Poll) time.Duration {
	if p.Attempt <= 0 {
		return 0
	}
	factor := e.factor
	if !(factor >= 1) || math.IsInf(factor, 1) {
		factor = DefaultFactor
	}
	return times(e.first(), math.Pow(factor, float64(p.Attempt-1)))
}

func (e *exponential) first() time.Duration { return orDefault(e.base, DefaultBase) }

func (e *exponential) Validate() error {
	err := notNegative("Exponential", "base", e.base)
	if e.factor != 0 && (!(e.factor >= 1) || math.IsInf(e.factor, 1)) {
		err = errors.Join(err, fmt.Errorf("backoff: Exponential: factor %v: must be finite and at least 1", e.factor))
	}
	return err
}

// times returns n times d, at most the longest duration.
func times(d time.Duration, n float64) time.Duration { return instant.Saturated(float64(d) * n) }
