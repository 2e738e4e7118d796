package backoff_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const longest = time.Duration(math.MaxInt64)

// waits returns what s answers to the first n polls of a job.
func waits(s backoff.Strategy, n int) []time.Duration {
	var ds []time.Duration
	for i := range n {
		ds = append(ds, s.Next(backoff.Poll{Key: "job-1", Attempt: i}))
	}
	return ds
}

func millis(ms ...int64) []time.Duration {
	var ds []time.Duration
	for _, m := range ms {
		ds = append(ds, time.Duration(m)*time.Millisecond)
	}
	return ds
}

// The tables of the doc comments.
func TestStrategiesWaitAsTheirDocsSay(t *testing.T) {
	t.Parallel()
	exponential := backoff.Exponential(100*time.Millisecond, 2)
	for name, test := range map[string]struct {
		s    backoff.Strategy
		want []time.Duration
	}{
		"constant":                {backoff.Constant(5 * time.Second), millis(0, 5000, 5000, 5000)},
		"constant of zero":        {backoff.Constant(0), millis(0, 1000, 1000)},
		"constant below zero":     {backoff.Constant(-time.Second), millis(0, 1000, 1000)},
		"exponential":             {exponential, millis(0, 100, 200, 400, 800, 1600)},
		"exponential of zero":     {backoff.Exponential(0, 0), millis(0, 100, 200, 400)},
		"exponential of nonsense": {backoff.Exponential(-1, math.NaN()), millis(0, 100, 200, 400)},
		"factor 1":                {backoff.Exponential(time.Second, 1), millis(0, 1000, 1000)},
		"sequence":                {backoff.Sequence(4*time.Minute, 10*time.Second, time.Minute), millis(240000, 10000, 60000, 60000)},
		"sequence of nothing":     {backoff.Sequence(), millis(0, 1000, 1000)},
		"sequence of nonsense":    {backoff.Sequence(-1, 0, -1), millis(0, 1000, 1000, 1000)},
		"cap":                     {backoff.Cap(exponential, 300*time.Millisecond), millis(0, 100, 200, 300, 300)},
		"cap of zero":             {backoff.Cap(exponential, 0), millis(0, 100, 200, 400)},
		"floor":                   {backoff.Floor(exponential, 300*time.Millisecond), millis(0, 300, 300, 400)},
		"no jitter":               {backoff.Jitter(exponential, 0), millis(0, 100, 200, 400)},
		"cap around nil":          {backoff.Cap(nil, time.Minute), millis(0, 1000, 1000)},
		"func": {backoff.Func(func(p backoff.Poll) time.Duration { return time.Duration(p.Attempt) * time.Second }),
			millis(0, 1000, 2000)},
		"within is negative": {backoff.Jitter(backoff.Func(func(backoff.Poll) time.Duration { return math.MinInt64 }), 1), millis(0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, waits(test.s, len(test.want)))
		})
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	err := validate(t, backoff.Jitter(backoff.Floor(backoff.Cap(backoff.Exponential(-time.Second, 0.5), -2), -3), math.NaN()))
	for _, want := range []string{"Exponential: base -1s", "Exponential: factor 0.5", "Cap: longest -2ns", "Floor: shortest -3ns",
		"Jitter: share NaN"} {
		assert.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, validate(t, backoff.Constant(-1)), "Constant: d -1ns")
	require.ErrorContains(t, validate(t, backoff.Sequence(1, -1)), "Sequence: wait -1ns")
	require.ErrorContains(t, validate(t, backoff.EqualJitter(nil)), "EqualJitter: the Strategy within is nil")
	require.ErrorContains(t, validate(t, backoff.RetryAfter(backoff.FullJitter(backoff.Constant(-1)))), "Constant")
	require.NoError(t, validate(t, backoff.Jitter(backoff.Cap(backoff.Exponential(0, 0), 0), 0)))
	require.NoError(t, validate(t, backoff.Cap(backoff.Func(nil), time.Second)))
}

func validate(t *testing.T, s backoff.Strategy) error {
	t.Helper()
	require.Implements(t, (*backoff.Validator)(nil), s)
	return s.(backoff.Validator).Validate()
}

var attempts = rapid.OneOf(rapid.IntRange(0, 10_000), rapid.SampledFrom([]int{0, 1, 62, 63, 64, 65, 1 << 20, math.MaxInt32, math.MaxInt}))
var durations = rapid.OneOf(rapid.Int64Range(0, int64(time.Hour)), rapid.Int64(), rapid.SampledFrom([]int64{0, 1, math.MaxInt64 - 1,
	math.MaxInt64, math.MinInt64}))

func anyDuration(t *rapid.T, name string) time.Duration {
	return time.Duration(durations.Draw(t, name))
}

func TestNoStrategyOverflowsSpinsOrPassesItsCap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base, ceiling := anyDuration(t, "base"), anyDuration(t, "cap")
		factor, share := rapid.Float64().Draw(t, "factor"), rapid.Float64Range(-0.5, 1.5).Draw(t, "share")
		p := backoff.Poll{Key: rapid.String().Draw(t, "key"), Attempt: attempts.Draw(t, "attempt")}
		seed := backoff.Seed(rapid.Uint64().Draw(t, "seed"))
		for _, s := range []backoff.Strategy{backoff.Constant(base), backoff.Exponential(base, factor), backoff.Sequence(base, ceiling)} {
			bare := s.Next(p)
			assert.GreaterOrEqual(t, bare, time.Duration(0))
			if p.Attempt > 0 {
				assert.Positive(t, bare, "a strategy does not spin")
			}
			most := longest
			if ceiling > 0 {
				most = ceiling
			}
			capped := backoff.Cap(s, ceiling)
			assert.Equal(t, min(bare, most), capped.Next(p))
			for _, jittered := range []backoff.Strategy{
				backoff.Jitter(capped, share, seed), backoff.EqualJitter(capped, seed), backoff.FullJitter(capped, seed),
			} {
				d := jittered.Next(p)
				assert.GreaterOrEqual(t, d, time.Duration(0))
				assert.LessOrEqual(t, d, most)
				assert.Equal(t, d, jittered.Next(p), "a strategy is pure")
			}
			equal := backoff.EqualJitter(capped, seed).Next(p)
			assert.GreaterOrEqual(t, equal, capped.Next(p)/2)
			assert.GreaterOrEqual(t, backoff.Floor(capped, base).Next(backoff.Poll{Attempt: max(p.Attempt, 1)}), base)
		}
	})
}

func TestJitterFillsItsWindowAndDoesNotPileUpAtTheCap(t *testing.T) {
	t.Parallel()
	const n = 10_000
	capped := backoff.Cap(backoff.Exponential(time.Second, 2), 10*time.Second)
	for name, test := range map[string]struct {
		s         backoff.Strategy
		attempt   int
		low, high time.Duration
	}{
		"jitter":             {backoff.Jitter(capped, 0.1), 3, 3600 * time.Millisecond, 4400 * time.Millisecond},
		"jitter at the cap":  {backoff.Jitter(capped, 0.1), 9, 8 * time.Second, 10 * time.Second},
		"jitter near it":     {backoff.Jitter(backoff.Cap(backoff.Constant(9800*time.Millisecond), 10*time.Second), 0.1), 1, 7840 * time.Millisecond, 9800 * time.Millisecond},
		"wide at the cap":    {backoff.Jitter(capped, 1), 9, 0, 10 * time.Second},
		"equal at the cap":   {backoff.EqualJitter(capped), 9, 5 * time.Second, 10 * time.Second},
		"full below the cap": {backoff.FullJitter(capped), 3, 0, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tenths [10]int
			width := (test.high - test.low) / 10
			for i := range n {
				d := test.s.Next(backoff.Poll{Key: fmt.Sprint(i), Attempt: test.attempt})
				require.GreaterOrEqual(t, d, test.low)
				require.LessOrEqual(t, d, test.high)
				tenths[min((d-test.low)/width, 9)]++
			}
			for _, got := range tenths {
				assert.InDelta(t, n/10, got, n/50)
			}
		})
	}
}

func TestJitterDiffersBySeedKeyAndAttempt(t *testing.T) {
	t.Parallel()
	next := func(seed uint64, key string, attempt int) time.Duration {
		return backoff.FullJitter(backoff.Constant(time.Hour), backoff.Seed(seed)).Next(backoff.Poll{Key: key, Attempt: attempt})
	}
	assert.NotEqual(t, next(0, "a", 1), next(1, "a", 1))
	assert.NotEqual(t, next(0, "a", 1), next(0, "b", 1))
	assert.NotEqual(t, next(0, "a", 1), next(0, "a", 2))
	assert.Equal(t, next(7, "a", 2), next(7, "a", 2))
}

// fault 13
func TestRetryAfterIsAFloorThatIsPassedUpwardsOnly(t *testing.T) {
	t.Parallel()
	s := backoff.RetryAfter(backoff.Constant(time.Second))
	assert.Equal(t, time.Second, s.Next(backoff.Poll{Attempt: 1}))
	assert.Equal(t, time.Second, s.Next(backoff.Poll{Attempt: 1, RetryAfter: -time.Hour}))
	assert.Equal(t, longest, s.Next(backoff.Poll{Attempt: 1, RetryAfter: longest}))
	different := map[time.Duration]bool{}
	for i := range 100 {
		d := s.Next(backoff.Poll{Key: fmt.Sprint(i), Attempt: 1, RetryAfter: time.Minute})
		assert.GreaterOrEqual(t, d, time.Minute)
		assert.LessOrEqual(t, d, 66*time.Second)
		different[d] = true
	}
	assert.Greater(t, len(different), 90)
}

type learner struct{ seen []backoff.Outcome }

func (l *learner) Next(backoff.Poll) time.Duration { return time.Second }
func (l *learner) Observe(o backoff.Outcome)       { l.seen = append(l.seen, o) }

func TestADecoratedLearnerLearns(t *testing.T) {
	t.Parallel()
	l := &learner{}
	s := backoff.RetryAfter(backoff.Floor(backoff.Jitter(backoff.EqualJitter(backoff.FullJitter(backoff.Cap(l, time.Minute))), 0.1), 1))
	require.Implements(t, (*backoff.Learner)(nil), s)
	s.(backoff.Learner).Observe(backoff.Outcome{Key: "a"})
	assert.Equal(t, []backoff.Outcome{{Key: "a"}}, l.seen)
	require.NoError(t, validate(t, s))
	_, learns := backoff.Cap(backoff.Constant(1), 1).(backoff.Learner)
	assert.False(t, learns)
}

func TestNextDoesNotAllocate(t *testing.T) {
	exponential := backoff.Exponential(time.Second, 1.5)
	for name, s := range map[string]backoff.Strategy{
		"constant": backoff.Constant(1), "exponential": exponential, "sequence": backoff.Sequence(1, 2),
		"decorated": backoff.RetryAfter(backoff.Jitter(backoff.EqualJitter(backoff.FullJitter(backoff.Floor(backoff.Cap(exponential, 1), 1))), 0.1)),
	} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { s.Next(backoff.Poll{Key: "a", Attempt: 5, RetryAfter: 3}) }), name)
	}
}

func FuzzExponentialWithJitterStaysWithinItsCap(f *testing.F) {
	f.Add(int64(100*time.Millisecond), 2.0, int64(10*time.Second), 0.1, 3, "a")
	f.Add(int64(math.MaxInt64), math.MaxFloat64, int64(math.MaxInt64), 1.0, math.MaxInt, "")
	f.Fuzz(func(t *testing.T, base int64, factor float64, ceiling int64, share float64, attempt int, key string) {
		s := backoff.Jitter(backoff.Cap(backoff.Exponential(time.Duration(base), factor), time.Duration(ceiling)), share)
		d := s.Next(backoff.Poll{Key: key, Attempt: attempt})
		assert.GreaterOrEqual(t, d, time.Duration(0))
		if ceiling > 0 {
			assert.LessOrEqual(t, d, time.Duration(ceiling))
		}
	})
}

func ExampleExponential() {
	s := backoff.Cap(backoff.Exponential(100*time.Millisecond, 2), time.Second)
	for attempt := range 6 {
		fmt.Println(s.Next(backoff.Poll{Attempt: attempt}))
	}
	// Output:
	// 0s
	// 100ms
	// 200ms
	// 400ms
	// 800ms
	// 1s
}

func ExampleSequence() {
	build := backoff.Sequence(4*time.Minute, 10*time.Second)
	fmt.Println(build.Next(backoff.Poll{Attempt: 0}), build.Next(backoff.Poll{Attempt: 1}), build.Next(backoff.Poll{Attempt: 2}))
	// Output: 4m0s 10s 10s
}

func ExampleEqualJitter() {
	s := backoff.EqualJitter(backoff.Constant(10 * time.Second))
	for _, id := range []string{"job-1", "job-2", "job-3"} {
		d := s.Next(backoff.Poll{Key: id, Attempt: 1})
		fmt.Println(d >= 5*time.Second, d <= 10*time.Second)
	}
	// Output:
	// true true
	// true true
	// true true
}

func ExampleFunc() {
	patient := backoff.Func(func(p backoff.Poll) time.Duration {
		if p.State == "running" {
			return time.Second
		}
		return 10 * time.Second
	})
	fmt.Println(patient.Next(backoff.Poll{Attempt: 1, State: "pending"}), patient.Next(backoff.Poll{Attempt: 2, State: "running"}))
	// Output: 10s 1s
}
