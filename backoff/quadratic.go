package backoff

import "time"

// Quadratic makes poll n at n² * worth, counted from 0, where worth is the delay in hearing of the end that one more
// request is worth avoiding. Choose it where nothing is known of how long jobs take, but what a request is worth is:
// with Quadratic(2*time.Second) you would rather hear up to two seconds later than ask once more.
//
//	Quadratic(time.Second)
//	attempt  0  1   2   3   4   5   ...  31
//	wait     0  1s  3s  5s  7s  9s       1m1s
//	age      0  1s  4s  9s  16s 25s      16m1s
//
// The wait before attempt n is (2n-1) * worth. With κ = 1/worth requests a second of delay, polls at n²/κ cost, in
// requests and delay together, at most about √2 of what the best fixed interval does, however long jobs turn out to be.
// The cost is that of R. Barlow and F. Proschan, Mathematical Theory of Reliability, 1965, chapter 4. An Adaptive
// begins so, and then learns. Zero means DefaultBase, and so does less, which Validate reports.
func Quadratic(worth time.Duration) Strategy { return quadratic{worth} }

type quadratic struct{ worth time.Duration }

func (q quadratic) Next(p Poll) time.Duration { return times(q.first(), 2*float64(p.Attempt)-1) }

func (q quadratic) first() time.Duration { return orDefault(q.worth, DefaultBase) }

func (q quadratic) Validate() error { return notNegative("Quadratic", "worth", q.worth) }
