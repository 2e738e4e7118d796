package adaptive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// ownCosts has the mean cost of each hundred of n jobs, in polls, under a Learner that is told of
// each job only between which of its own polls the job ended. A poll is worth some delay.
func ownCosts(seed, n int, worth time.Duration, draw func(*rand.Rand) time.Duration) (costs []float64) {
	l, r := New(Worth(worth)), rand.New(rand.NewPCG(uint64(seed), 5))
	for i := range n {
		d := draw(r)
		p := watchToItsEnd(l, fmt.Sprint("job-", seed, "-", i), d)
		if i%100 == 0 {
			costs = append(costs, 0)
		}
		costs[len(costs)-1] += (float64(p.Attempt) + float64(p.Elapsed-d)/float64(worth)) / 100
	}
	return costs
}

// watchToItsEnd makes l watch a job of duration d, and returns the last poll.
func watchToItsEnd(l *Learner, key string, d time.Duration) (p backoff.Poll) {
	after := time.Duration(0)
	for p.Key = key; p.Elapsed < d; p.Attempt++ {
		after = p.Elapsed
		p.Previous = l.Next(p)
		p.Elapsed += p.Previous
	}
	l.Observe(backoff.Outcome{Key: key, After: after, Before: p.Elapsed, Ended: true})
	return p
}

// The least cost of a job is one poll. A Learner once forgot now and then how narrow the
// distribution is, and made up to ten polls a job until it knew again.
func TestJobsThatTakeJustAsLongCostLittleMoreThanOnePoll(t *testing.T) {
	t.Parallel()
	for _, worth := range []time.Duration{time.Second, 200 * time.Millisecond, 40 * time.Millisecond} {
		var early, sum, most float64
		const seeds = 6
		for seed := range seeds {
			costs := ownCosts(seed, 1000, worth, func(*rand.Rand) time.Duration { return 10 * time.Second })
			for i, c := range costs[1:] {
				if i < 2 {
					early += c / seeds / 2
				}
				sum += c / seeds / float64(len(costs)-1)
				most = math.Max(most, c)
			}
		}
		assert.Less(t, early, 1.2, "the second and third hundred, worth %v", worth)
		assert.Less(t, sum, 1.2, "worth %v", worth)
		assert.Less(t, most, 1.7, "the worst hundred, worth %v", worth)
	}
}

// A fifth of the jobs end at once, which only early polls show.
func TestALearnerFindsOutThatSomeJobsEndAtOnce(t *testing.T) {
	t.Parallel()
	var sum float64
	const seeds = 6
	for seed := range seeds {
		costs := ownCosts(seed, 1500, 2500*time.Millisecond, func(r *rand.Rand) time.Duration {
			if r.Float64() < 0.2 {
				return time.Duration(float64(time.Second) * (0.2 + 0.8*r.Float64()))
			}
			return time.Duration(30 * math.Exp(0.2*r.NormFloat64()) * float64(time.Second))
		})
		for _, c := range costs[10:] {
			sum += c / seeds / float64(len(costs)-10)
		}
	}
	assert.Less(t, sum, 4.3)
}

// An early poll can show that jobs have become shorter, and not that they have become longer. A
// Learner once made many early polls for some time after each job that took unusually long.
func TestOneLongJobIsNoReasonForEarlyPolls(t *testing.T) {
	t.Parallel()
	for seed := range 4 {
		l, r := New(Worth(500*time.Millisecond)), rand.New(rand.NewPCG(uint64(seed), 6))
		for i := range 100 {
			watchToItsEnd(l, fmt.Sprint("job-", i), time.Duration(10*math.Exp(0.5*r.NormFloat64())*float64(time.Second)))
		}
		usual := meanFirstWait(l)
		watchToItsEnd(l, "long", 65*time.Second)
		assert.Greater(t, meanFirstWait(l), 0.97*usual)
	}
}

// meanFirstWait returns the mean wait until the first poll, in seconds.
func meanFirstWait(l *Learner) (wait float64) {
	const watches = 2000
	for i := range watches {
		wait += l.Next(backoff.Poll{Key: fmt.Sprint("first-", i)}).Seconds() / watches
	}
	return wait
}
