package pace

import (
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// maxWalk is the number of polls that are followed one by one. After them, the place is estimated.
	maxWalk = 1000
	// block is the number of polls over which the mean wait is computed.
	block = 20
	// maxCatchUp is the maximum number of polls that are followed after the estimate, which can be too
	// low.
	maxCatchUp = 100
	// catchUp is the time over which missed polls are spread, as a multiple of the gap. With five,
	// they raise the rate of requests by at most a fifth.
	catchUp = 5
)

// A Place is the place of a watch in the schedule of a Backoff.
type Place struct {
	// Attempt is the number of polls made so far.
	Attempt int
	// Last is the age of the watch at the last poll. It is zero before the first poll.
	Last time.Duration
	// Wait is the wait after the last poll.
	Wait time.Duration
}

// Resume returns the place of a watch of the given age. It follows the Backoff from its first wait,
// by calling next. After very many polls, it estimates the place from the mean of the waits so far.
//
// For all but the first jobs of a bulk, it estimates as soon as the mean wait is steady. The
// argument n is the number of the job in its call.
func Resume(age time.Duration, n int, next func(attempt int, age, last time.Duration) time.Duration) Place {
	p := Place{Wait: next(0, 0, 0)}
	var before, mean time.Duration // the mean waits of the last two blocks
	for p.Attempt < maxWalk && (n < SmallBulk || !steady(before, mean)) {
		from := p.Last
		if !p.walk(age, block, next) {
			return p
		}
		before, mean = mean, (p.Last-from)/block
	}
	mean = max(before/2+mean/2, 1)
	skipped := (age - p.Last) / mean
	p.Attempt = int(min(int64(p.Attempt)+int64(skipped), math.MaxInt32))
	p.Last += skipped * mean
	p.Wait = next(p.Attempt, p.Last, mean)
	if p.walk(age, maxCatchUp, next) {
		p.Last = age
	}
	return p
}

// steady reports whether the mean of the newest waits differs from the mean before it by at most a
// tenth.
func steady(before, mean time.Duration) bool {
	return before > 0 && mean >= before-before/10 && mean <= before+before/10
}

// walk follows at most n polls before the given age, and reports whether there are more.
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

// CatchUp returns the wait before the nth missed poll of a gap. The first SmallBulk polls are made
// at once.
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
