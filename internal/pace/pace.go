// Package pace decides at which instants watches are polled: how late a poll may be so that it
// meets others, how the first polls of a bulk are spread, and when a wait makes its last poll. It
// knows no lock and no clock.
package pace

import (
	"math/bits"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// SmallBulk is the number of jobs of a bulk whose first polls are not spread, or the jobs of
	// atOnce batches if that is more. The first polls of the other jobs are spread.
	SmallBulk = 64
	atOnce    = 2
	// smallCohort is the number of spread first polls that are made together, or the jobs of one batch
	// if that is more. A single request wakes an idle machine, which costs more than the request.
	smallCohort = 16
	// slackShare is the share of a wait by which a poll may be late, so that one wake-up or one
	// request serves several.
	slackShare = 1.0 / 20
	// batchShare is that share if the Transport is a Batcher. The more polls are made together, the
	// fewer requests are needed.
	batchShare = 1.0 / 6
	// batchWindow is how late a poll may always be if the Transport is a Batcher.
	batchWindow = 5 * time.Millisecond
	// wakeWindow bounds how late a poll may be by default if the Transport is not a Batcher. A wake-up
	// then serves several polls only if polls are frequent.
	wakeWindow = 50 * time.Millisecond
	// fewWatches is the number of watches below which polls are not late by default, if the Transport
	// is not a Batcher. With fewer watches there is nothing to gain.
	fewWatches = 64
)

// Exact is a [Rule.Slack] that means that no poll is late.
const Exact = -1

// Rule says how late a poll may be.
type Rule struct {
	// Slack is how late a poll may be, as a share of the wait before it. Exact means not at all, and
	// zero means the default.
	Slack float64
	// Batches is whether the Transport asks about many jobs in one request.
	Batches bool
	// Real is whether the clock is the real one, so that a wake-up costs CPU time.
	Real bool
}

// Late returns how late a poll after the given wait may be. The argument watches is the number of
// pending watches.
func (r Rule) Late(wait time.Duration, watches int) time.Duration {
	share := r.Slack
	switch {
	case share == 0 && r.Batches:
		share = batchShare
	case share == 0:
		share = slackShare
	}
	slack := time.Duration(share * float64(wait))
	switch {
	case r.Slack == Exact:
		return 0
	case r.Batches:
		return max(slack, batchWindow)
	case r.Slack > 0:
		return slack
	case r.Real && watches >= fewWatches:
		return min(slack, wakeWindow)
	default:
		return 0
	}
}

// Align rounds the instant of a poll up to a grid, so that polls after similar waits are made
// together. The step of the grid is at most [Rule.Late].
func (r Rule) Align(at, wait time.Duration, watches int) time.Duration {
	slack := r.Late(wait, watches)
	if slack <= 1 || at > instant.Forever-slack {
		return at
	}
	step := time.Duration(1) << (bits.Len64(uint64(slack)) - 1)
	if wait == 0 {
		at++ // later than now, so that the jobs of a bulk that begin now are polled together
	}
	return (at + step - 1) &^ (step - 1)
}

// Spread returns the place in [0, 1) of the nth of many items. The places are evenly spread,
// however many items there are. They are the fractions of multiples of the golden ratio (Knuth, The
// Art of Computer Programming, vol. 3, 6.4).
func Spread(n int) float64 { return float64(uint64(n)*0x9e3779b97f4a7c15>>11) / (1 << 53) }

// Fraction returns a pseudorandom number in [0, 1) that is the same for the same key and n (FNV-1a,
// finished by the mixer of splitmix64; Steele, Lea and Flood 2014).
func Fraction(key string, n int) float64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	h += (uint64(n) + 1) * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return float64((h^h>>31)>>11) / (1 << 53)
}

// IsSmall reports whether the nth job of a call is one of the first jobs, which are not spread. The
// argument group is the number of jobs in one request.
func IsSmall(n, group int) bool { return n < max(SmallBulk, atOnce*group) }

// Cohort returns the number of the cohort in which the nth job of a call makes its last poll. It
// returns 0 for the first jobs: see [IsSmall].
func Cohort(n, group int) int {
	if IsSmall(n, group) {
		return 0
	}
	return n / group
}

// maxLastLook is the longest time between the last poll of a wait and its timeout. For a timeout of
// less than ten times that, the time is a tenth of the timeout. The last polls of a bulk are spread
// over the last tenth of the timeout.
const maxLastLook = time.Second

// LastLook returns when the last look of a wait from began until end is due, and when it is due at
// the latest. The latest instant is a tenth of that time before the end, but at most a second. In a
// bulk, the looks of all but the first jobs are spread over the last tenth: see [Cohort].
func LastLook(began, end time.Duration, cohort int) (look, latest time.Duration) {
	tenth := max((end-began)/10, 1)
	latest = end - min(tenth, maxLastLook)
	look = latest
	if cohort > 0 {
		look -= time.Duration(float64(max(tenth-maxLastLook, 0)) * Spread(cohort))
	}
	return look, latest
}

// maxShared bounds the result of Shared.
const maxShared = 5 * time.Second

// Shared returns how long before the last look of a wait from began until end another wait for the
// same job may make its own, so that it serves both. The time is a tenth of the wait, but at most
// five seconds.
func Shared(began, end time.Duration) time.Duration { return min((end-began)/10, maxShared) }

const (
	// maxInterval bounds the interval over which the first polls of a bulk are spread.
	maxInterval = 10 * time.Minute
	// maxSteady is the number of waits in a row, none of which is 1.5 times the longest one before,
	// after which a Backoff counts as steady. Jitter can hide the growth of a single wait.
	maxSteady = 3
)

// LongRun returns the interval between the polls of a job in the long run. It calls next, which
// asks the Backoff, until the waits stop growing, and returns the longest. The result is at most
// ten minutes and at most a tenth of the timeout, so that no job of a bulk begins too late.
func LongRun(timeout time.Duration, next func(attempt int, age, last time.Duration) (time.Duration, error)) (interval time.Duration, err error) {
	most := maxInterval
	if timeout != instant.Unlimited {
		most = min(most, timeout/10)
	}
	var age, last time.Duration
	for attempt, grew := 1, 0; attempt-grew <= maxSteady; attempt++ {
		if last, err = next(attempt, age, last); err != nil {
			return 0, err
		}
		if last >= interval+interval/2 {
			grew = attempt
		}
		if interval = max(interval, last); interval >= most {
			return max(most, 1), nil
		}
		age = instant.Later(age, last)
	}
	return interval, nil
}

// First returns the wait before the first poll of the nth job of a bulk. The argument first is the
// wait that the Backoff asks for. The jobs form cohorts of the given size, at least smallCohort,
// which are spread evenly over the interval. If first is not zero, the result is at most twice as
// long.
func First(first, interval time.Duration, n, cohort int) time.Duration {
	if first > 0 {
		interval = min(interval, first)
	}
	n /= max(smallCohort, cohort)
	return instant.Later(first, time.Duration(float64(interval)*Spread(n)))
}
