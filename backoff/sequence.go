package backoff

import (
	"errors"
	"time"
)

// Sequence uses the listed waits, and then repeats the last one. Choose it if the ages at which
// jobs end are known, such as a build that takes four minutes.
//
//	Sequence(4*time.Minute, 10*time.Second, time.Minute)
//	attempt  0   1    2   3
//	wait     4m  10s  1m  1m
//
// Unlike the other strategies of this package, a Sequence also sets the wait before the first poll.
// A first wait of zero means a poll at once. Any other wait of zero means [DefaultInterval]. So
// does a negative value, which Validate reports. An empty Sequence is a [Constant] of
// DefaultInterval.
func Sequence(waits ...time.Duration) Strategy { return append(sequence{}, waits...) }

type sequence []time.Duration

func (s sequence) Next(p Poll) time.Duration {
	switch n := max(p.Attempt, 0); {
	case n == 0 && (len(s) == 0 || s[0] <= 0):
		return 0
	case len(s) == 0 || s[min(n, len(s)-1)] <= 0:
		return DefaultInterval
	default:
		return s[min(n, len(s)-1)]
	}
}

func (s sequence) Validate() error {
	var errs []error
	for _, d := range s {
		errs = append(errs, notNegative("Sequence", "wait", d))
	}
	return errors.Join(errs...)
}
