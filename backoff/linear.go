package backoff

import "time"

// Linear asks at once, then after step, and waits a step longer each time. Choose it where jobs differ by some factor,
// not by magnitudes: it slows down, but an Exponential soon waits much longer.
//
//	Linear(time.Second)
//	attempt  0  1   2   3   4   5   ...  60
//	wait     0  1s  2s  3s  4s  5s       1m
//
// The wait before attempt n is n * step. A job of duration t is polled about sqrt(2t/step) times and heard of about
// sqrt(t*step/2) late. Zero means DefaultBase, and so does less, which Validate reports.
func Linear(step time.Duration) Strategy { return linear{step} }

type linear struct{ step time.Duration }

func (l linear) Next(p Poll) time.Duration { return times(l.first(), float64(max(p.Attempt, 0))) }

func (l linear) first() time.Duration { return orDefault(l.step, DefaultBase) }

func (l linear) Validate() error { return notNegative("Linear", "step", l.step) }
