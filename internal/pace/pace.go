// Package pace says at which instants watches are polled: how far a poll may be moved so that it
// meets others, where the polls of a bulk are spread, and when a wait takes its last look. It knows
// no lock and no clock.
package pace

import (
	"math/bits"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// SmallBulk is how many jobs of a bulk are polled at once, or AtOnce batches. The first polls
	// of the others are spread.
	SmallBulk = 64
	AtOnce    = 2
	// SmallCohort is how many of the others come together, or a batch: a request that comes alone
	// wakes an idle machine, which costs more than the request.
	SmallCohort = 16
	// slackShare is the share of a wait by which a poll may be late, so that one wake-up or one
	// request serves several.
	slackShare = 1.0 / 20
	// batchShare is that share where the Transport is a Batcher: the more watches meet, the fewer
	// requests there are.
	batchShare = 1.0 / 6
	// batchWindow is the least time by which a poll may be late where the Transport is a Batcher.
	batchWindow = 5 * time.Millisecond
	// wakeWindow bounds how late a poll may be where the Transport is no Batcher. A wake-up then
	// serves several polls only if they come often.
	wakeWindow = 50 * time.Millisecond
	// fewWatches is the number of watches below which wake-ups are not shared where the Transport
	// is no Batcher: with fewer there is nothing to gain.
	fewWatches = 64
)

// Exact is a [Rule.Slack]: every watch is polled at its own instant.
const Exact = -1

// Rule says by how much a poll may be late.
type Rule struct {
	// Slack is the share of the wait before a poll by which the poll may be late, Exact for none,
	// the default if zero.
	Slack float64
	// Batches is whether the Transport asks about many jobs in one request.
	Batches bool
	// Real is whether time is real, so that a wake-up costs something.
	Real bool
}

// Late returns how late a poll may be that comes after a wait, with a number of watches pending.
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

// Align rounds the instant of a poll that comes after a wait up to a grid, so that the polls of
// watches with like waits meet. The step of the grid never exceeds what the poll may be late.
func (r Rule) Align(at, wait time.Duration, watches int) time.Duration {
	slack := r.Late(wait, watches)
	if slack <= 1 || at > instant.Forever-slack {
		return at
	}
	step := time.Duration(1) << (bits.Len64(uint64(slack)) - 1)
	if wait == 0 {
		at++ // not at once, so that the jobs of a bulk that begin now meet
	}
	return (at + step - 1) &^ (step - 1)
}

// Spread returns where in [0, 1) the nth of many goes, so that they are spread evenly however many
// they are: the fractions of multiples of the golden ratio (Knuth, The Art of Computer Programming,
// vol. 3, 6.4).
func Spread(n int) float64 { return float64(uint64(n)*0x9e3779b97f4a7c15>>11) / (1 << 53) }

// Fraction returns a number in [0, 1) that looks random but is the same for the same key and n
// (FNV-1a, finished by the mixer of splitmix64; Steele, Lea and Flood 2014).
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

// maxLastLook bounds how long before its timeout a watch makes its last poll, which is otherwise a
// tenth of the timeout. Those of a bulk make theirs anywhere in that tenth.
const maxLastLook = time.Second

// LastLook returns when the last look of a wait is due that lasts from began until end, and when it
// is due at the latest: a tenth of that time before its end, and a second at most. The looks of a
// bulk, but for its first jobs, are spread over the last tenth. The ordinal is how many jobs of the
// bulk came before.
func LastLook(began, end time.Duration, ordinal int) (look, latest time.Duration) {
	tenth := max((end-began)/10, 1)
	latest = end - min(tenth, maxLastLook)
	look = latest
	if ordinal >= SmallBulk {
		look -= time.Duration(float64(max(tenth-maxLastLook, 0)) * Spread(ordinal))
	}
	return look, latest
}

const (
	// maxInterval bounds the interval over which the first polls of a bulk are spread.
	maxInterval = 10 * time.Minute
	// maxSteady is after how many waits that have not grown by half a Backoff is taken to have
	// stopped growing. Jitter can hide the growth of a single one.
	maxSteady = 3
)

// LongRun returns the interval at which a Backoff asks about a job in the long run: the longest of
// its waits, followed until they stop to grow. It is at most ten minutes and a tenth of the
// timeout, so that a bulk does not begin too late. The Backoff is asked by next.
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

// First returns the wait before the first poll of the nth job of a bulk, where the Backoff says
// first. The jobs are put into cohorts of a size, which are spread evenly over an interval. A first
// wait that is not zero at most doubles.
func First(first, interval time.Duration, n, cohort int) time.Duration {
	if first > 0 {
		interval = min(interval, first)
	}
	n /= max(SmallCohort, cohort)
	return instant.Later(first, time.Duration(float64(interval)*Spread(n)))
}
