package adaptive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// uniform draws durations of 5 to 15 s.
func uniform(r *rand.Rand) time.Duration { return time.Duration((5 + 10*r.Float64()) * 1e9) }

// taught is an Adaptive that was told the exact ends of n jobs.
func taught(n int, draw func(*rand.Rand) time.Duration, opts ...Option) *Learner {
	a := New(opts...)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		a.Observe(exactly(fmt.Sprint(i), "", draw(r)))
	}
	return a
}

// performance is the mean polls and delay of s over n jobs.
func performance(s backoff.Strategy, n int, draw func(*rand.Rand) time.Duration) (polls, delay float64) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		p, d := backoff.Poll{Key: fmt.Sprint("judged", i)}, draw(r)
		for p.Elapsed < d {
			p.Previous = s.Next(p)
			p.Elapsed += p.Previous
			p.Attempt++
		}
		polls += float64(p.Attempt) / float64(n)
		delay += (p.Elapsed - d).Seconds() / float64(n)
	}
	return polls, delay
}

func TestLearnerHearsSoonerForFewerPollsAfterTwentyJobs(t *testing.T) {
	t.Parallel()
	cold, coldDelay := performance(New(Worth(time.Second)), 2000, uniform)
	warm, warmDelay := performance(taught(20, uniform, Worth(time.Second)), 2000, uniform)
	assert.Less(t, warm+warmDelay, 0.65*(cold+coldDelay), "a poll is worth a second")
}

func TestLearnerMakesAboutAsManyPollsAsAsked(t *testing.T) {
	t.Parallel()
	for _, about := range []float64{2, 3, 5, 10} {
		polls, _ := performance(taught(100, twoSorts, About(about)), 2000, twoSorts)
		assert.InEpsilon(t, about, polls, 0.25, "About(%v)", about)
	}
}

func TestLearnerPollsOnceWhereJobsTakeTheSameTime(t *testing.T) {
	t.Parallel()
	a := taught(5, func(*rand.Rand) time.Duration { return 10 * time.Second }, Worth(time.Second))
	wait := a.Next(backoff.Poll{Key: "job"})
	assert.GreaterOrEqual(t, wait, 10*time.Second)
	assert.Less(t, wait, 10100*time.Millisecond)
}

func TestLearnerLearnsFromItsOwnPolls(t *testing.T) {
	t.Parallel()
	best, bestDelay := performance(taught(1000, uniform, Worth(time.Second)), 2000, uniform)
	const repetitions = 5
	cost := 0.0
	for rep := range uint64(repetitions) {
		a, r := New(Worth(time.Second)), rand.New(rand.NewPCG(1, rep))
		for i := range 100 {
			a.Observe(watched(a, fmt.Sprint(i), "", uniform(r)))
		}
		polls, delay := performance(a, 500, uniform)
		cost += (polls + delay) / (best + bestDelay) / repetitions
	}
	assert.Less(t, cost, 1.08)
}

func TestLearnerDropsWhatItLearnedWhenJobsChange(t *testing.T) {
	t.Parallel()
	a, r := taught(200, uniform, Worth(time.Second)), rand.New(rand.NewPCG(5, 6))
	slow := func(r *rand.Rand) time.Duration { return 10 * uniform(r) }
	for i := range 20 {
		a.Observe(exactly(fmt.Sprint("slow", i), "", slow(r)))
	}
	assert.LessOrEqual(t, len(a.kinds.all[""].record.spans), 20)
	polls, delay := performance(a, 1000, slow)
	best, bestDelay := performance(taught(1000, slow, Worth(time.Second)), 1000, slow)
	assert.Less(t, polls+delay, 1.25*(best+bestDelay))
}

func TestLearnerSpreadsWatchesThatBeginTogether(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*Learner{"cold": New(), "taught": taught(50, uniform)} {
		times := map[time.Duration]bool{}
		for i := range 100 {
			times[a.Next(backoff.Poll{Key: fmt.Sprint(i)})] = true
		}
		assert.Greater(t, len(times), 90, name)
	}
}

// Kinds that were used at the same time are forgotten in the order of their names.
func TestLearnerForgetsTheSameKindsInEachRun(t *testing.T) {
	t.Parallel()
	for range 20 {
		a := New(Kinds(9))
		for _, name := range "ihgfedcba" {
			a.Observe(exactly(string(name), string(name), time.Second))
		}
		for _, name := range "ihgfedcba" {
			a.Next(backoff.Poll{Kind: string(name)})
		}
		for _, name := range "xyz" {
			a.Observe(exactly(string(name), string(name), time.Second))
		}
		for _, name := range "abc" {
			assert.Nil(t, a.kinds.planned(string(name)))
		}
	}
}

func TestLearnerWaitsAtLeastRetryAfter(t *testing.T) {
	t.Parallel()
	for _, a := range []*Learner{New(), taught(20, uniform)} {
		assert.Equal(t, time.Hour, a.Next(backoff.Poll{RetryAfter: time.Hour}))
	}
}

func TestLearnerWithinBoundsEachWaitByAShareOfAge(t *testing.T) {
	t.Parallel()
	for _, a := range []*Learner{New(Within(0.1)), taught(50, uniform, Within(0.1)), taught(50, twoSorts, Within(0.1))} {
		p := backoff.Poll{Key: "job"}
		for range 200 {
			p.Previous = a.Next(p)
			if p.Attempt > 0 {
				require.LessOrEqual(t, p.Previous, time.Duration(0.101*float64(p.Elapsed))+leastWait, "at %v", p.Elapsed)
			}
			p.Elapsed += p.Previous
			p.Attempt++
		}
	}
}

func TestLearnerNeverWaitsLongerThanHalfItsAgeBeyondWhatItHasSeen(t *testing.T) {
	t.Parallel()
	a := taught(100, uniform, Worth(time.Hour))
	p := backoff.Poll{Key: "job", Elapsed: 16 * time.Second, Attempt: 3}
	for range 30 {
		wait := a.Next(p)
		require.LessOrEqual(t, wait, p.Elapsed/2+leastWait)
		p.Elapsed += wait
		p.Attempt++
	}
}

func TestLearnerForgetsTheKindUsedLeastRecently(t *testing.T) {
	t.Parallel()
	a := New(Kinds(2))
	a.Observe(exactly("1", "one", time.Second))
	a.Observe(exactly("2", "two", time.Second))
	a.Next(backoff.Poll{Kind: "one"})
	a.Observe(exactly("3", "three", time.Second))
	assert.NotNil(t, a.kinds.planned("one"))
	assert.Nil(t, a.kinds.planned("two"))
	assert.NotNil(t, a.kinds.planned("three"))
}

func TestLearnerNeedsLessThan16KiBAKind(t *testing.T) {
	const kinds = 16
	r := rand.New(rand.NewPCG(1, 2))
	var full state
	for range minReports {
		for bin := range progressBins {
			full.progress = full.progress.with([]backoff.Mark{{Age: time.Second, Progress: (float64(bin) + 0.5) / progressBins}}, span{1, 2})
		}
	}
	for range maxSpans {
		d := float32(twoSorts(r).Seconds())
		full.spans = append(full.spans, span{0.8 * d, 1.1 * d})
	}
	saved := func(kinds int) []byte {
		states := make([]state, kinds)
		for i := range states {
			states[i] = full
			states[i].name = fmt.Sprint(i)
		}
		return encodeAll(states)
	}
	least := int64(math.MaxInt64)
	for range 3 { // a workspace of planning may not be freed yet
		least = min(least, heapOf(t, saved(2*kinds), 2*kinds)-heapOf(t, saved(kinds), kinds))
	}
	t.Logf("%d bytes a kind", least/kinds)
	assert.Less(t, least/kinds, int64(16<<10))
}

// heapOf returns the bytes of a Learner of a saved state, each of whose kinds has as many watches
// as are followed.
func heapOf(t *testing.T, data []byte, kinds int) int64 {
	a, r := New(Worth(time.Second)), rand.New(rand.NewPCG(1, 2))
	a.Observe(exactly("", "", time.Second)) // makes the tables that all kinds share
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	require.NoError(t, a.UnmarshalBinary(data))
	for kind := range kinds {
		for i := range 2 * maxFollowed {
			a.Follow(fmt.Sprint(i), fmt.Sprint(kind), 0)
		}
		for i := range 4 {
			o := watched(a, fmt.Sprint(i), fmt.Sprint(kind), twoSorts(r))
			o.Marks = []backoff.Mark{{Age: o.After / 2, Progress: 0.5}}
			a.Observe(o)
		}
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Len(t, a.kinds.all, kinds)
	runtime.KeepAlive(data)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

func TestLearnerNextDoesNotAllocate(t *testing.T) {
	for _, a := range []*Learner{New(), taught(50, twoSorts)} {
		p := backoff.Poll{Key: "job", Elapsed: 3 * time.Second, Attempt: 2}
		assert.Zero(t, testing.AllocsPerRun(100, func() { a.Next(p) }))
	}
}

func TestLearnerNamesEachImpossibleOption(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		opts []Option
		want []string
	}{
		{nil, nil},
		{[]Option{About(3), Within(0.5), Kinds(1)}, nil},
		{[]Option{About(0), Worth(0), Within(0), Kinds(0)}, nil},
		{[]Option{About(0.5)}, []string{"About(0.5)"}},
		{[]Option{About(math.NaN())}, []string{"About(NaN)"}},
		{[]Option{Worth(-time.Second)}, []string{"Worth(-1s)"}},
		{[]Option{Worth(-5)}, []string{"Worth(-5ns)"}},
		{[]Option{About(2), Worth(time.Second)}, []string{"About(2) and Worth(1s)"}},
		{[]Option{Within(2), Kinds(-1)}, []string{"Within(2)", "Kinds(-1)"}},
		{[]Option{Within(math.NaN())}, []string{"Within(NaN)"}},
	} {
		a := New(c.opts...)
		err := a.Validate()
		if c.want == nil {
			require.NoError(t, err)
		}
		for _, w := range c.want {
			require.ErrorContains(t, err, w)
		}
		a.Observe(exactly("job", "", time.Minute))
		assert.GreaterOrEqual(t, a.Next(backoff.Poll{}), leastWait, "%v", c.want)
	}
}

func TestLearnerIgnoresWhatCannotBe(t *testing.T) {
	t.Parallel()
	a := New()
	for _, o := range []backoff.Outcome{
		{},
		{Ended: true},
		{After: -time.Second, Before: time.Second, Ended: true},
		{After: 2 * time.Second, Before: time.Second, Ended: true},
		{After: -5 * time.Second, Before: -time.Second, Ended: true},
		{After: -time.Second},
	} {
		a.Observe(o)
	}
	assert.Empty(t, a.kinds.all)
}

func TestLearnerSurvivesOneEndlessJob(t *testing.T) {
	t.Parallel()
	a := taught(50, uniform, Worth(time.Second))
	a.Observe(exactly("endless", "", math.MaxInt64))
	polls, delay := performance(a, 1000, uniform)
	best, bestDelay := performance(taught(50, uniform, Worth(time.Second)), 1000, uniform)
	assert.Less(t, polls+delay, 1.15*(best+bestDelay))
}

// anyOutcome is an outcome that a service, or a broken caller, might report.
func anyOutcome(t *rapid.T) backoff.Outcome {
	d := rapid.OneOf(rapid.Int64Range(0, int64(time.Hour)), rapid.Int64())
	return backoff.Outcome{
		Kind:   rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "kind"),
		After:  time.Duration(d.Draw(t, "after")),
		Before: time.Duration(d.Draw(t, "before")),
		Ended:  rapid.Bool().Draw(t, "ended"),
	}
}

func TestLearnerKeepsItsRulesWhateverItSees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opts := []Option{About(rapid.Float64Range(1, 100).Draw(t, "about"))}
		if rapid.Bool().Draw(t, "worth") {
			opts = []Option{Worth(time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, "delay")))}
		}
		if rapid.Bool().Draw(t, "within") {
			opts = append(opts, Within(rapid.Float64Range(1e-6, 1).Draw(t, "share")))
		}
		a := New(opts...)
		for range rapid.IntRange(0, 20).Draw(t, "observations") {
			a.Observe(anyOutcome(t))
		}
		p := backoff.Poll{
			Key:        rapid.String().Draw(t, "key"),
			Kind:       rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "polled"),
			Attempt:    rapid.IntRange(0, math.MaxInt32).Draw(t, "attempt"),
			Elapsed:    time.Duration(rapid.Int64().Draw(t, "elapsed")),
			RetryAfter: time.Duration(rapid.Int64().Draw(t, "retryAfter")),
		}
		wait := a.Next(p)
		if wait < leastWait || wait < p.RetryAfter {
			t.Fatalf("Next(%+v) = %v", p, wait)
		}
		if again := a.Next(p); again != wait {
			t.Fatalf("Next(%+v) = %v, then %v", p, wait, again)
		}
	})
}

func TestLearnerIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	a := New(Kinds(4))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for i := range 60 {
				kind := fmt.Sprint(r.IntN(6))
				a.Observe(watched(a, fmt.Sprint(w, i), kind, twoSorts(r)))
				if i%20 == 0 {
					data, err := a.MarshalBinary()
					assert.NoError(t, err)
					assert.NoError(t, a.UnmarshalBinary(data))
				}
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, len(a.kinds.all), 4)
}
