package backoff

import "time"

// Linear polls at once, then after step, and each wait is a step longer than the last. Choose it if
// the durations of jobs have the same order of magnitude. It slows down, but less than an
// [Exponential].
//
//	Linear(time.Second)
//	attempt  0  1   2   3   4   5   ...  60
//	wait     0  1s  2s  3s  4s  5s       1m
//
// The wait before attempt n is n * step. A job of duration t takes about sqrt(2t/step) polls, and
// its detection delay is about sqrt(t*step/2). Zero means [DefaultBase]. So does a negative value,
// which Validate reports.
func Linear(step time.Duration) Strategy { return &linear{step} }

type linear struct{ step time.Duration }

func (l *linear) Next(p Poll) time.Duration { return times(l.first(), float64(max(p.Attempt, 0))) }

func (l *linear) first() time.Duration { return orDefault(l.step, DefaultBase) }

func (l *linear) Validate() error { return notNegative("Linear", "step", l.step) }
