package backoff_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
)

func TestDecorrelatedJitterFillsBaseToThreeTimesThePrevious(t *testing.T) {
	t.Parallel()
	s := backoff.DecorrelatedJitter(time.Second, 30*time.Second)
	for previous, high := range map[time.Duration]time.Duration{
		0: 3 * time.Second, -1: 3 * time.Second, 4 * time.Second: 12 * time.Second, time.Hour: 30 * time.Second,
		math.MaxInt64: 30 * time.Second,
	} {
		least, most := time.Hour, time.Duration(0)
		for i := range 1000 {
			d := s.Next(backoff.Poll{Key: fmt.Sprint(i), Attempt: 3, Previous: previous})
			least, most = min(least, d), max(most, d)
		}
		assert.InDelta(t, time.Second, least, 0.02*float64(high))
		assert.GreaterOrEqual(t, least, time.Second)
		assert.InDelta(t, high, most, 0.02*float64(high))
		assert.LessOrEqual(t, most, high)
	}
}

func TestDecorrelatedJitterHoldsForAnyValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base, ceiling := anyDuration(t, "base"), anyDuration(t, "cap")
		s := backoff.DecorrelatedJitter(base, ceiling, backoff.Seed(rapid.Uint64().Draw(t, "seed")))
		p := backoff.Poll{Attempt: attempts.Draw(t, "attempt"), Previous: anyDuration(t, "previous")}
		d := s.Next(p)
		assert.Equal(t, p.Attempt > 0, d > 0)
		if ceiling > 0 {
			assert.LessOrEqual(t, d, ceiling)
		}
		if p.Attempt > 0 && (base <= ceiling || ceiling <= 0) {
			assert.GreaterOrEqual(t, d, base)
		}
		assert.LessOrEqual(t, backoff.EqualJitter(s).Next(p), max(d, base))
	})
}

func TestDecorrelatedJitterNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, validate(t, backoff.DecorrelatedJitter(-1, 5)), "DecorrelatedJitter: base -1ns")
	require.ErrorContains(t, validate(t, backoff.DecorrelatedJitter(1, -5)), "DecorrelatedJitter: longest -5ns")
	require.ErrorContains(t, validate(t, backoff.DecorrelatedJitter(9, 5)), "longest 5ns: is below base 9ns")
	require.NoError(t, validate(t, backoff.DecorrelatedJitter(0, 0)))
	require.NoError(t, validate(t, backoff.DecorrelatedJitter(9, 9)))
}

func ExampleDecorrelatedJitter() {
	s := backoff.DecorrelatedJitter(time.Second, time.Minute)
	d := s.Next(backoff.Poll{Key: "job-1", Attempt: 2, Previous: 2 * time.Second})
	fmt.Println(d >= time.Second, d <= 6*time.Second)
	// Output: true true
}
