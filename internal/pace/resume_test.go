package pace_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
)

func walker(b backoff.Strategy) func(int, time.Duration, time.Duration) time.Duration {
	return func(attempt int, age, last time.Duration) time.Duration {
		return b.Next(backoff.Poll{Key: "a", Attempt: attempt, Elapsed: age, Previous: last})
	}
}

func TestAWatchIsResumedWhereItWouldHaveBeen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		b    backoff.Strategy
		age  time.Duration
		want pace.Place
	}{
		{"new", backoff.Constant(time.Second), 0, pace.Place{}},
		{"after its first poll", backoff.Constant(time.Second), time.Second, pace.Place{Attempt: 1, Wait: time.Second}},
		{"after its second", backoff.Constant(time.Second), time.Second + 1, pace.Place{Attempt: 2, Last: time.Second, Wait: time.Second}},
		{"doubled", backoff.Exponential(time.Second, 2), 10 * time.Second, pace.Place{Attempt: 4, Last: 7 * time.Second, Wait: 8 * time.Second}},
		{"long ago", backoff.Constant(time.Second), 24*time.Hour + time.Second/2,
			pace.Place{Attempt: 86401, Last: 24 * time.Hour, Wait: time.Second}},
	} {
		assert.Equal(t, c.want, pace.Resume(c.age, 0, walker(c.b)), c.name)
	}
}

// fault 9: no arithmetic on time overflows.
func TestAResumedWatchIsDueWithinItsWait(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, "base"))
		age := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "age"))
		b := backoff.EqualJitter(backoff.Cap(backoff.Exponential(base, 2), 1000*time.Hour))
		p := pace.Resume(age, rapid.IntRange(0, 100).Draw(t, "n"), walker(b))
		assert.LessOrEqual(t, p.Last, age)
		assert.GreaterOrEqual(t, p.Last, time.Duration(0))
		assert.GreaterOrEqual(t, instant.Later(p.Last, p.Wait), age)
		assert.GreaterOrEqual(t, p.Attempt, 0)
	})
}

func TestTheJobsOfABulkAreResumedAfterFewSteps(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]backoff.Strategy{
		"default": backoff.EqualJitter(backoff.Cap(backoff.Exponential(100*time.Millisecond, 2), 10*time.Second)),
		"linear":  backoff.Linear(time.Second),
	} {
		asked := 0
		next := walker(b)
		exact := pace.Resume(3*time.Hour, 0, next)
		quick := pace.Resume(3*time.Hour, pace.SmallBulk, func(attempt int, age, last time.Duration) time.Duration {
			asked++
			return next(attempt, age, last)
		})
		assert.InEpsilon(t, exact.Attempt, quick.Attempt, 0.05, name)
		assert.LessOrEqual(t, asked, 200, name)
	}
}

func TestWhatCameDueInAGapIsMadeUpForOverFiveTimesTheGap(t *testing.T) {
	t.Parallel()
	var early int
	for n := range 10_000 {
		wait := pace.CatchUp(time.Minute, n)
		if n < pace.SmallBulk {
			assert.Zero(t, wait)
			continue
		}
		assert.Less(t, wait, 5*time.Minute)
		if wait < time.Minute {
			early++
		}
	}
	assert.InDelta(t, 2000, early, 50)
	assert.GreaterOrEqual(t, pace.CatchUp(math.MaxInt64, 99), time.Duration(0))
}
