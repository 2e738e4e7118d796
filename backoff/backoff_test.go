package backoff_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/backofftest"
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
		"exponential of infinity": {backoff.Exponential(0, math.Inf(1)), millis(0, 100, 200, 400)},
		"factor 1":                {backoff.Exponential(time.Second, 1), millis(0, 1000, 1000)},
		"linear":                  {backoff.Linear(time.Second), millis(0, 1000, 2000, 3000, 4000, 5000)},
		"linear of zero":          {backoff.Linear(0), millis(0, 100, 200)},
		"linear below zero":       {backoff.Linear(-1), millis(0, 100, 200)},
		"quadratic":               {backoff.Quadratic(time.Second), millis(0, 1000, 3000, 5000, 7000, 9000)},
		"quadratic of zero":       {backoff.Quadratic(0), millis(0, 100, 300)},
		"quadratic below zero":    {backoff.Quadratic(-1), millis(0, 100, 300)},
		"fibonacci":               {backoff.Fibonacci(time.Second), millis(0, 1000, 2000, 3000, 5000, 8000, 13000, 21000)},
		"fibonacci of zero":       {backoff.Fibonacci(0), millis(0, 100, 200, 300)},
		"fibonacci below zero":    {backoff.Fibonacci(-1), millis(0, 100, 200, 300)},
		"sequence":                {backoff.Sequence(time.Minute, time.Second, 9*time.Second), millis(60000, 1000, 9000, 9000)},
		"sequence of nothing":     {backoff.Sequence(), millis(0, 1000, 1000)},
		"sequence of nonsense":    {backoff.Sequence(-1, 0, -1), millis(0, 1000, 1000, 1000)},
		"cap":                     {backoff.Cap(exponential, 300*time.Millisecond), millis(0, 100, 200, 300, 300)},
		"cap of zero":             {backoff.Cap(exponential, 0), millis(0, 100, 200, 400)},
		"floor":                   {backoff.Floor(exponential, 300*time.Millisecond), millis(0, 300, 300, 400)},
		"jitter of nonsense":      {backoff.Jitter(exponential, math.NaN()), millis(0, 100, 200, 400)},
		"jitter below zero":       {backoff.Jitter(exponential, -1), millis(0, 100, 200, 400)},
		"no jitter":               {backoff.Jitter(exponential, 0), millis(0, 100, 200, 400)},
		"cap around nil":          {backoff.Cap(nil, time.Minute), millis(0, 1000, 1000)},
		"func": {backoff.Func(func(p backoff.Poll) time.Duration { return time.Duration(p.Attempt) * time.Second }),
			millis(0, 1000, 2000)},
		"within is negative": {backoff.Jitter(backoff.Func(func(backoff.Poll) time.Duration { return -longest }), 1), millis(0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, waits(test.s, len(test.want)))
		})
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	wrong := backoff.Floor(backoff.Cap(backoff.Exponential(-time.Second, 0.5), -2), -3)
	err := validate(t, backoff.Jitter(wrong, math.NaN()))
	for _, want := range []string{
		"Exponential: base -1s", "Exponential: factor 0.5", "Cap: longest -2ns", "Floor: shortest -3ns", "Jitter: share NaN",
	} {
		assert.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, validate(t, backoff.Constant(-1)), "Constant: d -1ns")
	require.ErrorContains(t, validate(t, backoff.Sequence(1, -1)), "Sequence: wait -1ns")
	require.ErrorContains(t, validate(t, backoff.EqualJitter(nil)), "EqualJitter: the Strategy within is nil")
	require.ErrorContains(t, validate(t, backoff.Exponential(0, math.Inf(1))), "Exponential: factor +Inf")
	require.ErrorContains(t, validate(t, backoff.Linear(-1)), "Linear: step -1ns")
	require.ErrorContains(t, validate(t, backoff.Quadratic(-1)), "Quadratic: worth -1ns")
	require.ErrorContains(t, validate(t, backoff.Fibonacci(-1)), "Fibonacci: base -1ns")
	require.ErrorContains(t, validate(t, backoff.Jitter(nil, 2)), "Jitter: share 2")
	for _, s := range []backoff.Strategy{
		backoff.Constant(9), backoff.Linear(9), backoff.Quadratic(9), backoff.Fibonacci(9), backoff.Exponential(9, 2),
		backoff.Floor(backoff.Constant(1), 9),
	} {
		require.ErrorContains(t, validate(t, backoff.Cap(s, 5)), "Cap: longest 5ns: is below the first wait, 9ns")
		require.NoError(t, validate(t, backoff.Cap(s, 9)))
	}
	wrong = backoff.Floor(backoff.Cap(backoff.Constant(1), 5), 9)
	require.ErrorContains(t, validate(t, wrong), "Floor: shortest 9ns: is above the cap within, 5ns")
	require.ErrorContains(t, validate(t, backoff.RetryAfterJitter(backoff.FullJitter(backoff.Constant(-1)))), "Constant")
	require.NoError(t, validate(t, backoff.Jitter(backoff.Cap(backoff.Exponential(0, 0), 0), 0)))
	require.NoError(t, validate(t, backoff.Cap(backoff.Func(nil), time.Second)))
}

func validate(t *testing.T, s backoff.Strategy) error {
	t.Helper()
	require.Implements(t, (*backoff.Validator)(nil), s)
	return s.(backoff.Validator).Validate()
}

var (
	attempts = rapid.OneOf(rapid.IntRange(0, 10_000),
		rapid.SampledFrom([]int{0, 1, 62, 63, 64, 65, 1 << 20, math.MaxInt32, math.MaxInt}))
	durations = rapid.OneOf(rapid.Int64Range(0, int64(time.Hour)), rapid.Int64(),
		rapid.SampledFrom([]int64{0, 1, math.MaxInt64 - 1, math.MaxInt64, math.MinInt64}))
)

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
		for _, s := range []backoff.Strategy{backoff.Constant(base), backoff.Linear(base), backoff.Quadratic(base),
			backoff.Exponential(base, factor), backoff.Fibonacci(base), backoff.Sequence(base, ceiling)} {
			bare := s.Next(p)
			assert.GreaterOrEqual(t, bare, time.Duration(0))
			if p.Attempt > 0 {
				assert.Positive(t, bare, "a strategy does not spin")
			}
			assert.LessOrEqual(t, s.Next(backoff.Poll{}), max(base, 0), "a poll that is due at once is")
			most := longest
			if ceiling > 0 {
				most = ceiling
			}
			capped := backoff.Cap(s, ceiling)
			assert.Equal(t, min(bare, most), capped.Next(p))
			for _, jittered := range []backoff.Strategy{
				backoff.Jitter(capped, share, seed),
				backoff.EqualJitter(capped, seed),
				backoff.FullJitter(capped, seed),
			} {
				d := jittered.Next(p)
				assert.GreaterOrEqual(t, d, time.Duration(0))
				assert.LessOrEqual(t, d, most)
				assert.Equal(t, bare == 0, d == 0, "jitter neither makes a wait nor takes it away")
				assert.Equal(t, d, jittered.Next(p), "a strategy is pure")
			}
			contradicted := backoff.FullJitter(backoff.Cap(backoff.Floor(s, base), ceiling), seed)
			assert.LessOrEqual(t, contradicted.Next(p), most, "the outer bound holds")
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
	nearCap := backoff.Cap(backoff.Constant(9800*time.Millisecond), 10*time.Second)
	floored := backoff.Floor(backoff.Exponential(time.Second, 2), 4*time.Second)
	for name, test := range map[string]struct {
		s         backoff.Strategy
		attempt   int
		low, high time.Duration
	}{
		"jitter":             {backoff.Jitter(capped, 0.1), 3, 3600 * time.Millisecond, 4400 * time.Millisecond},
		"jitter at the cap":  {backoff.Jitter(capped, 0.1), 9, 8 * time.Second, 10 * time.Second},
		"jitter near it":     {backoff.Jitter(nearCap, 0.1), 1, 8040 * time.Millisecond, 10 * time.Second},
		"jitter, no cap":     {backoff.Jitter(backoff.Constant(5*time.Second), 0.2), 1, 4 * time.Second, 6 * time.Second},
		"too much jitter":    {backoff.Jitter(backoff.Constant(5*time.Second), 9), 1, 0, 10 * time.Second},
		"jitter at a floor":  {backoff.Jitter(floored, 0.5), 1, 4 * time.Second, 6 * time.Second},
		"full over a floor":  {backoff.FullJitter(floored), 4, 4 * time.Second, 8 * time.Second},
		"full over a hint":   {backoff.FullJitter(backoff.RetryAfterJitter(capped)), 3, 0, 4 * time.Second},
		"a chosen cap":       {backoff.Jitter(backoff.ByKind(nil, capped), 0.1), 9, 8 * time.Second, 10 * time.Second},
		"jitter of a jitter": {backoff.FullJitter(backoff.Jitter(capped, 0)), 9, 0, 10 * time.Second},
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
		s := backoff.FullJitter(backoff.Constant(time.Hour), backoff.Seed(seed))
		return s.Next(backoff.Poll{Key: key, Attempt: attempt})
	}
	assert.NotEqual(t, next(0, "a", 1), next(1, "a", 1))
	assert.NotEqual(t, next(0, "a", 1), next(0, "b", 1))
	assert.NotEqual(t, next(0, "a", 1), next(0, "a", 2))
	assert.Equal(t, next(7, "a", 2), next(7, "a", 2))
}

func TestSequenceKeepsACopy(t *testing.T) {
	t.Parallel()
	list := []time.Duration{0, time.Second}
	s := backoff.Sequence(list...)
	list[1] = time.Hour
	assert.Equal(t, time.Second, s.Next(backoff.Poll{Attempt: 1}))
}

// fault 13
func TestRetryAfterIsAFloorThatIsPassedUpwardsOnly(t *testing.T) {
	t.Parallel()
	s := backoff.RetryAfterJitter(backoff.Constant(time.Second))
	assert.Equal(t, time.Second, s.Next(backoff.Poll{Attempt: 1}))
	assert.Equal(t, time.Second, s.Next(backoff.Poll{Attempt: 1, RetryAfter: -time.Hour}))
	assert.Equal(t, longest, s.Next(backoff.Poll{Attempt: 1, RetryAfter: longest}))
	jittered := backoff.Jitter(backoff.RetryAfterJitter(backoff.Cap(s, 10*time.Second)), 0.1)
	different := map[time.Duration]bool{}
	for i := range 100 {
		d := s.Next(backoff.Poll{Key: fmt.Sprint(i), Attempt: 1, RetryAfter: time.Minute})
		assert.GreaterOrEqual(t, d, time.Minute)
		assert.LessOrEqual(t, d, 66*time.Second)
		different[d] = true
		d = jittered.Next(backoff.Poll{Key: fmt.Sprint(i), Attempt: 1, RetryAfter: time.Minute})
		assert.True(t, time.Minute <= d && d <= 66*time.Second, "%v", d)
	}
	assert.Greater(t, len(different), 90)
}

type learner struct {
	mu   sync.Mutex
	seen []backoff.Outcome
}

func (l *learner) Next(backoff.Poll) time.Duration { return time.Second }
func (l *learner) Observe(o backoff.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, o)
}

func TestADecoratedLearnerLearns(t *testing.T) {
	t.Parallel()
	l := &learner{}
	s := backoff.EqualJitter(backoff.FullJitter(backoff.Cap(l, time.Minute)))
	s = backoff.RetryAfterJitter(backoff.Floor(backoff.Jitter(s, 0.1), 1))
	require.Implements(t, (*backoff.Learner)(nil), s)
	s.(backoff.Learner).Observe(backoff.Outcome{Key: "a"})
	assert.Equal(t, []backoff.Outcome{{Key: "a"}}, l.seen)
	require.NoError(t, validate(t, s))
	_, learns := backoff.Cap(backoff.Constant(1), 1).(backoff.Learner)
	assert.False(t, learns)
}

// promised is a Strategy with what it promises.
type promised struct {
	new    func() backoff.Strategy
	limits backofftest.Limits
}

// every is one of each Strategy.
func every() map[string]promised {
	const second, minute = time.Second, time.Minute
	is := func(s backoff.Strategy, most, least time.Duration) promised {
		return promised{func() backoff.Strategy { return s }, backofftest.Limits{Cap: most, Floor: least}}
	}
	capped, even := backoff.Cap(backoff.Exponential(second, 2), minute), backoff.Constant(minute)
	return map[string]promised{
		"Constant":           is(backoff.Constant(second), second, second),
		"Linear":             is(backoff.Linear(second), 0, second),
		"Quadratic":          is(backoff.Quadratic(second), 0, second),
		"Exponential":        is(backoff.Exponential(second, 2), 0, second),
		"Fibonacci":          is(backoff.Fibonacci(second), 0, second),
		"DecorrelatedJitter": is(backoff.DecorrelatedJitter(second, minute), minute, second),
		"Sequence":           is(backoff.Sequence(0, minute, second), minute, second),
		"ByAge":              is(backoff.ByAge(map[time.Duration]backoff.Strategy{minute: capped}, even), minute, second),
		"ByKind":             is(backoff.ByKind(named{"a": capped}, even), minute, second),
		"ByState":            is(backoff.ByState(named{"running": capped}, even), minute, second),
		"Cap":                is(capped, minute, second),
		"Floor":              is(backoff.Floor(capped, 5*second), minute, 5*second),
		"RetryAfterJitter":   is(backoff.RetryAfterJitter(capped), minute, second),
		"Jitter":             is(backoff.Jitter(capped, 0.1), minute, second*9/10),
		"EqualJitter":        is(backoff.EqualJitter(capped), minute, second/2),
		"FullJitter":         is(backoff.FullJitter(capped), minute, 0),
		"Learner within": {func() backoff.Strategy {
			return backoff.Cap(backoff.ByKind(named{"": capped}, backoff.Jitter(&learner{}, 0.1)), minute)
		}, backofftest.Limits{Cap: minute}},
	}
}

func TestEveryStrategyKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, s := range every() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backofftest.Run(t, s.new, s.limits)
		})
	}
}

// Not parallel: what other tests allocate would count.
func TestNextDoesNotAllocate(t *testing.T) {
	for name, of := range every() {
		s := of.new()
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			s.Next(backoff.Poll{Key: "a", Kind: "b", Attempt: 5, RetryAfter: 3, State: "running", Elapsed: time.Hour})
		}), name)
	}
}

func FuzzStrategiesStayWithinTheirCapAndDoNotSpin(f *testing.F) {
	f.Add(int64(100*time.Millisecond), 2.0, int64(10*time.Second), 3, int64(0))
	f.Add(int64(math.MaxInt64), math.MaxFloat64, int64(math.MaxInt64), math.MaxInt, int64(math.MaxInt64))
	f.Add(int64(math.MinInt64), math.NaN(), int64(-1), 64, int64(-1))
	f.Fuzz(func(t *testing.T, base int64, factor float64, ceiling int64, attempt int, previous int64) {
		d, most := time.Duration(base), time.Duration(ceiling)
		p := backoff.Poll{Key: "a", Attempt: attempt, Previous: time.Duration(previous)}
		for i, s := range []backoff.Strategy{
			backoff.Constant(d), backoff.Linear(d), backoff.Quadratic(d), backoff.Fibonacci(d),
			backoff.Exponential(d, factor), backoff.DecorrelatedJitter(d, most),
		} {
			wait := backoff.Cap(s, most).Next(p)
			assert.Equal(t, attempt > 0, wait > 0, "strategy %d waits %v", i, wait)
			assert.True(t, most <= 0 || wait <= most, "strategy %d waits %v", i, wait)
		}
	})
}

func FuzzJitterStaysWithinCapAndFloor(f *testing.F) {
	f.Add(int64(9*time.Second), int64(time.Second), int64(10*time.Second), 0.1, int64(0), 3, "a")
	f.Add(int64(math.MaxInt64), int64(1), int64(math.MaxInt64), 1.0, int64(math.MaxInt64), math.MaxInt, "")
	f.Fuzz(func(t *testing.T, d, least, most int64, share float64, hint int64, attempt int, key string) {
		if attempt <= 0 || d <= 0 || least <= 0 || most < least {
			return // no such strategy
		}
		s := backoff.Floor(backoff.Cap(backoff.Constant(time.Duration(d)), time.Duration(most)), time.Duration(least))
		p := backoff.Poll{Key: key, Attempt: attempt, RetryAfter: time.Duration(hint)}
		for _, s := range []backoff.Strategy{backoff.Jitter(s, share), backoff.EqualJitter(s), backoff.FullJitter(s)} {
			wait := int64(s.Next(p))
			assert.True(t, least <= wait && wait <= most, "%d", wait)
			assert.GreaterOrEqual(t, backoff.RetryAfterJitter(s).Next(p), max(p.RetryAfter, s.Next(p)))
		}
		asked := backoff.Jitter(backoff.RetryAfterJitter(s), share).Next(p)
		assert.GreaterOrEqual(t, int64(asked), max(hint, least), "jitter does not take from what the service asked for")
	})
}

// show prints the waits before the first n polls.
func show(s backoff.Strategy, n int) {
	for attempt := range n {
		fmt.Print(s.Next(backoff.Poll{Key: "job-1", Attempt: attempt}), " ")
	}
}

func ExampleConstant() {
	show(backoff.Constant(5*time.Second), 4)
	// Output: 0s 5s 5s 5s
}

func ExampleLinear() {
	show(backoff.Linear(time.Second), 6)
	// Output: 0s 1s 2s 3s 4s 5s
}

func ExampleQuadratic() {
	worth := 2 * time.Second // rather than ask once more, hear of the end so much later
	show(backoff.Quadratic(worth), 6)
	// Output: 0s 2s 6s 10s 14s 18s
}

func ExampleExponential() {
	show(backoff.Exponential(100*time.Millisecond, 2), 6)
	// Output: 0s 100ms 200ms 400ms 800ms 1.6s
}

func ExampleFibonacci() {
	show(backoff.Fibonacci(time.Second), 7)
	// Output: 0s 1s 2s 3s 5s 8s 13s
}

func ExampleCap() {
	show(backoff.Cap(backoff.Exponential(time.Second, 2), 5*time.Second), 6)
	// Output: 0s 1s 2s 4s 5s 5s
}

func ExampleFloor() {
	show(backoff.Floor(backoff.Exponential(time.Second, 2), 3*time.Second), 5)
	// Output: 0s 3s 3s 4s 8s
}

func ExampleRetryAfterJitter() {
	s := backoff.RetryAfterJitter(backoff.Constant(5 * time.Second))
	d := s.Next(backoff.Poll{Key: "job-1", Attempt: 1, RetryAfter: 30 * time.Second})
	fmt.Println(d >= 30*time.Second, d <= 33*time.Second)
	// Output: true true
}

func ExampleJitter() {
	s := backoff.Jitter(backoff.Constant(10*time.Second), 0.1)
	p := backoff.Poll{Key: "job-1", Attempt: 1}
	d := s.Next(p)
	fmt.Println(d >= 9*time.Second, d <= 11*time.Second, d == s.Next(p))
	// Output: true true true
}

func ExampleSeed() {
	p := backoff.Poll{Key: "job-1", Attempt: 1}
	here := backoff.FullJitter(backoff.Constant(time.Minute), backoff.Seed(1))
	there := backoff.FullJitter(backoff.Constant(time.Minute), backoff.Seed(2))
	fmt.Println(here.Next(p) == there.Next(p))
	// Output: false
}

func ExampleSequence() {
	build := backoff.Sequence(4*time.Minute, 10*time.Second)
	fmt.Println(build.Next(backoff.Poll{Attempt: 0}))
	fmt.Println(build.Next(backoff.Poll{Attempt: 1}))
	fmt.Println(build.Next(backoff.Poll{Attempt: 2}))
	// Output:
	// 4m0s
	// 10s
	// 10s
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
		if p.Progress > 0.9 {
			return time.Second
		}
		return 10 * time.Second
	})
	fmt.Println(patient.Next(backoff.Poll{Attempt: 1, Progress: 0.5}), patient.Next(backoff.Poll{Attempt: 2, Progress: 0.95}))
	// Output: 10s 1s
}
