package peers

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/draw"
)

// stretched draws each wait from a share below it to a share above it. Unlike [backoff.Jitter] it
// may exceed the cap of the Strategy within, as some libraries do.
type stretched struct {
	of       string
	within   backoff.Strategy
	down, up float64
	seed     uint64
}

var _ backoff.Validator = stretched{}

func newStretched(of string, within backoff.Strategy, down, up float64, opts []backoff.JitterOption) stretched {
	s := stretched{of: of, within: within, down: down, up: up}
	for _, opt := range opts {
		if opt != nil {
			opt(&s.seed)
		}
	}
	return s
}

func (s stretched) Next(p backoff.Poll) time.Duration {
	d := float64(s.within.Next(p))
	if d == 0 {
		return 0
	}
	low, high := d*(1-share(s.down)), d*(1+share(s.up))
	wait := low + (high-low)*draw.Of(p.Key).Unit(s.seed, p.Attempt)
	if wait >= math.MaxInt64 {
		return math.MaxInt64
	}
	return max(time.Duration(wait), 1)
}

// share returns s limited to [0, 1], and 0 for NaN.
func share(s float64) float64 {
	if !(s > 0) {
		return 0
	}
	return min(s, 1)
}

func (s stretched) Validate() error {
	var errs []error
	if most := max(s.down, s.up); !(most >= 0 && most <= 1) {
		errs = append(errs, fmt.Errorf("peers: %s: share %v: must be from 0 to 1", s.of, most))
	}
	if v, ok := s.within.(backoff.Validator); ok {
		errs = append(errs, v.Validate())
	}
	return errors.Join(errs...)
}
