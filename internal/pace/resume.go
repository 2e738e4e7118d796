package pace

import (
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// maxWalk is how many polls are walked one by one. The place after more of them is estimated.
	maxWalk = 1000
	// maxCatchUp is how many polls are walked after the estimate, which can fall short.
	maxCatchUp = 100
	// catchUp is over how many times the gap the polls that came due in it are spread. They then
	// raise the rate of requests by a fifth at most.
	catchUp = 5
)

// A Place is where a watch stands in the schedule of a Backoff.
type Place struct {
	// Attempt is how many polls were made.
	Attempt int
	// Last is the age of the watch at the last of them, zero before the first.
	Last time.Duration
	// Wait is the wait after it.
	Wait time.Duration
}

// Resume returns the place of a watch of that age, which is found by walking the Backoff from its
// first wait on. The Backoff is asked by next. Where the age is that of very many polls, the place
// is estimated from the mean of those that were walked.
func Resume(age time.Duration, next func(attempt int, age, last time.Duration) time.Duration) Place {
	p := Place{Wait: next(0, 0, 0)}
	if !p.walk(age, maxWalk/2, next) {
		return p
	}
	half := p.Last
	if !p.walk(age, maxWalk/2, next) {
		return p
	}
	mean := max((p.Last-half)/(maxWalk/2), 1)
	skipped := (age - p.Last) / mean
	p.Attempt = int(min(int64(p.Attempt)+int64(skipped), math.MaxInt32))
	p.Last += skipped * mean
	p.Wait = next(p.Attempt, p.Last, mean)
	if p.walk(age, maxCatchUp, next) {
		p.Last = age
	}
	return p
}

// walk makes at most n polls that come before an age, and reports whether there are more.
func (p *Place) walk(age time.Duration, n int, next func(attempt int, age, last time.Duration) time.Duration) (more bool) {
	for range n {
		due := instant.Later(p.Last, p.Wait)
		if due >= age {
			return false
		}
		p.Attempt++
		p.Last = due
		p.Wait = next(p.Attempt, p.Last, p.Wait)
	}
	return instant.Later(p.Last, p.Wait) < age
}

// CatchUp returns the wait before the nth poll that came due in a gap. Those of a small bulk are
// made at once.
func CatchUp(gap time.Duration, n int) time.Duration {
	if n < SmallBulk {
		return 0
	}
	window := instant.Forever
	if gap < instant.Forever/catchUp {
		window = gap * catchUp
	}
	return time.Duration(float64(window) * Spread(n))
}
