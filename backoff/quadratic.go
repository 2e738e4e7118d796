package backoff

import "time"

// Quadratic makes poll n at n² * worth, counted from 0. The argument worth is the price of a
// request: the detection delay that one more request must save. Choose it if you know this price,
// and nothing about the durations of jobs. With Quadratic(2*time.Second), one more request pays off
// only if it shortens the delay by more than two seconds.
//
//	Quadratic(time.Second)
//	attempt  0  1   2   3   4   5   ...  31
//	wait     0  1s  3s  5s  7s  9s       1m1s
//	age      0  1s  4s  9s  16s 25s      16m1s
//
// The wait before attempt n is (2n-1) * worth, so poll n comes at the age n² * worth. Let the cost
// of a job be its requests plus its detection delay divided by worth. For any duration, the
// schedule then costs at most about √2 times as much as the best fixed interval. The model of cost
// is from R. Barlow and F. Proschan, Mathematical Theory of Reliability, 1965, chapter 4. An
// adaptive learner begins with this schedule. Zero means [DefaultBase]. So does a negative value,
// which Validate reports.
func Quadratic(worth time.Duration) Strategy { return &quadratic{worth} }

type quadratic struct{ worth time.Duration }

func (q *quadratic) Next(p Poll) time.Duration { return times(q.first(), 2*float64(p.Attempt)-1) }

func (q *quadratic) first() time.Duration { return orDefault(q.worth, DefaultBase) }

func (q *quadratic) Validate() error { return notNegative("Quadratic", "worth", q.worth) }
