package adaptive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
)

func TestForecastKnowsTheDurationsOfAKind(t *testing.T) {
	t.Parallel()
	f, ok := taught(500, uniform).Forecast("")
	require.True(t, ok)
	assert.InDelta(t, 500, f.Jobs, 20, "as many as when it planned last")
	for share, want := range map[float64]time.Duration{0.02: 5200 * time.Millisecond, 0.25: 7500 * time.Millisecond, 0.5: 10 * time.Second, 0.9: 14 * time.Second, 1: 15 * time.Second} {
		assert.InEpsilon(t, want, f.Quantile(share), 0.12, "%v", share)
	}
	assert.InEpsilon(t, 2500*time.Millisecond, f.Remaining(10*time.Second, 0.5), 0.15, "of those that last 10 s")
	assert.Less(t, f.Remaining(-time.Hour, 1), 20*time.Second)
}

// A job that is older than all known ones runs for as long again, at any age.
func TestForecastOfAJobThatIsOlderThanAllIsItsAge(t *testing.T) {
	t.Parallel()
	for _, jobs := range []int{1, 20, 500} {
		f, ok := taught(jobs, uniform).Forecast("")
		require.True(t, ok)
		for _, age := range []time.Duration{time.Hour, 24 * time.Hour, 1000 * time.Hour} {
			assert.InEpsilon(t, age, f.Remaining(age, 0.5), 1e-6, "%d jobs", jobs)
			assert.InEpsilon(t, age/9, f.Remaining(age, 0.1), 1e-6, "%d jobs", jobs)
		}
		for age := 20 * time.Second; age < time.Hour; age += time.Second {
			assert.Greater(t, f.Remaining(age, 0.5), age/8, "%d jobs", jobs)
			assert.Less(t, f.Remaining(age, 0.5), 8*age, "%d jobs", jobs)
		}
	}
}

func TestForecastExpectsTheRequestsAndTheDelayThatAJobThenCosts(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(*rand.Rand) time.Duration{"uniform": uniform, "two sorts": twoSorts} {
		for _, opt := range []Option{About(5), Worth(time.Second)} {
			a := taught(500, draw, opt)
			f, ok := a.Forecast("")
			require.True(t, ok)
			polls, delay := performance(a, 2000, draw)
			assert.InEpsilon(t, polls, f.Requests, 0.15, name)
			assert.InEpsilon(t, delay, f.Delay.Seconds(), 0.25, name)
		}
	}
}

func TestForecastOfAKindIsThatOfItsSistersUntilItIsKnown(t *testing.T) {
	t.Parallel()
	a, r := New(), rand.New(rand.NewPCG(1, 2))
	_, ok := a.Forecast("new")
	assert.False(t, ok, "nothing is known")
	for kind := range kinKinds {
		for i := range 2 * kinJobs {
			a.Observe(exactly(fmt.Sprint(i), fmt.Sprint(kind), uniform(r)))
		}
	}
	f, ok := a.Forecast("new")
	require.True(t, ok)
	assert.Zero(t, f.Jobs)
	assert.InEpsilon(t, 10*time.Second, f.Quantile(0.5), 0.2)
	a.Follow("runs", "new", 0)
	again, ok := a.Forecast("new")
	assert.True(t, ok)
	assert.Equal(t, f, again, "one that runs is no news yet")
}

func TestForecastIsALineOfText(t *testing.T) {
	t.Parallel()
	a := New(Worth(time.Second))
	assert.Equal(t, "nothing is known", a.String())
	for i := range 5 {
		a.Observe(exactly(fmt.Sprint(i), "b", 10*time.Second))
		a.Observe(exactly(fmt.Sprint(i), "a", 20*time.Second))
	}
	assert.Regexp(t, `^"a": 5 jobs: half end within (19\.9|20)s, .*\n"b": 5 jobs: half end within (9\.99|10)s, .*; [12]\.\d requests a job, [0-9.]+ms late$`, a.String())
	assert.Equal(t, "nothing is known", Forecast{}.String())
	assert.Zero(t, Forecast{}.Quantile(0.5))
}

func TestForecastIsInOrderWhateverALearnerSaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := New()
		for range rapid.IntRange(0, 20).Draw(t, "observations") {
			a.Observe(anyOutcome(t))
		}
		f, ok := a.Forecast(rapid.SampledFrom([]string{"", "one"}).Draw(t, "kind"))
		if !ok {
			return
		}
		age := time.Duration(rapid.Int64().Draw(t, "age"))
		x, y := rapid.Float64Range(-1, 2).Draw(t, "share"), rapid.Float64Range(0, 1).Draw(t, "other")
		low, high := f.Remaining(age, min(x, y)), f.Remaining(age, max(x, y))
		if low < 0 || high < low {
			t.Fatalf("Remaining(%v): %v for %v, %v for %v", age, low, min(x, y), high, max(x, y))
		}
		if !(f.Requests >= 1-1e-3) || math.IsInf(f.Requests, 0) || f.Delay < 0 {
			t.Fatalf("%+v", f)
		}
		_ = f.String()
	})
}

func TestForecastIsThatOfTheMomentItWasMade(t *testing.T) {
	t.Parallel()
	a := taught(50, uniform)
	f, _ := a.Forecast("")
	before := f.String()
	for i := range 100 {
		a.Observe(exactly(fmt.Sprint("later", i), "", time.Hour))
	}
	a.Next(backoff.Poll{})
	assert.Equal(t, before, f.String())
}
