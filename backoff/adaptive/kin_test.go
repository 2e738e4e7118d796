package adaptive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lasting returns a draw of durations whose logarithms have that mean and standard deviation.
func lasting(mean, sd float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return time.Duration(1e9 * math.Exp(mean+sd*r.NormFloat64())) }
}

// Kinds whose widths and scales have nothing in common once led to a grid of guesses without bound:
// a plan took minutes and gigabytes.
func TestLearnerPlansInBoundedSpaceBesideKindsThatAreNothingAlike(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		a, r := New(Worth(time.Second)), rand.New(rand.NewPCG(1, 2))
		for kind, draw := range []func(*rand.Rand) time.Duration{
			lasting(3, 0), lasting(-5, 1e-3), lasting(15, 0), lasting(5, 3),
		} {
			for i := range 2 * kinJobs {
				name, key := fmt.Sprint(kind), fmt.Sprint(i)
				if d := draw(r); own {
					a.Observe(watched(a, key, name, d))
				} else {
					a.Observe(exactly(key, name, d))
				}
			}
		}
		require.NotNil(t, a.kinship.kin.Load())
		f := new(fitter)
		f.kin = a.kinship.kin.Load()
		for jobs := range 5 {
			var spans []span
			for range jobs {
				d := float32(lasting(2, 2)(r).Seconds())
				spans = append(spans, span{0.9 * d, d})
			}
			f.believe(spans)
			assert.Less(t, cap(f.guesses), 10_000, "after %d jobs", jobs)
		}
	}
}

func TestANewKindIsPolledAsItsSistersAre(t *testing.T) {
	t.Parallel()
	alone, beside := New(Worth(time.Second)), New(Worth(time.Second))
	r := rand.New(rand.NewPCG(1, 2))
	for kind := range 10 {
		for i := range 2 * kinJobs {
			beside.Observe(watched(beside, fmt.Sprint(i), fmt.Sprint("sister", kind), uniform(r)))
		}
	}
	polls, delay := performance(alone, 1000, uniform)
	fewer, sooner := performance(beside, 1000, uniform)
	assert.Less(t, fewer+sooner, 0.7*(polls+delay), "a poll is worth a second")
}

// The share of short jobs differs between few jobs of equal kinds, and so do the quantiles between
// the short and the long jobs. Such kinds must not count as unlike.
func TestEqualKindsWithTwoSortsOfJobsAreAlike(t *testing.T) {
	t.Parallel()
	a, r := New(Worth(time.Second)), rand.New(rand.NewPCG(3, 4))
	for i := range 2 * kinJobs {
		for kind := range 12 {
			scale := 2.0
			if r.Float64() < 0.5 {
				scale = 120
			}
			d := time.Duration(1e9 * scale * (0.9 + 0.2*r.Float64()))
			a.Observe(watched(a, fmt.Sprint(i), fmt.Sprint(kind), d))
		}
	}
	assert.Greater(t, a.kinship.kin.Load().alike, 0.4)
}
