package adaptive

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// anyPoll is a Poll of one of the kinds of anyOutcome, or of one that is not known.
func anyPoll(t *rapid.T) backoff.Poll {
	elapsed := rapid.OneOf(rapid.Int64Range(0, int64(time.Hour)), rapid.Int64())
	return backoff.Poll{
		Key:      rapid.String().Draw(t, "key"),
		Kind:     rapid.SampledFrom([]string{"", "one", "two", "unknown"}).Draw(t, "polled"),
		Attempt:  rapid.IntRange(0, math.MaxInt32).Draw(t, "attempt"),
		Elapsed:  time.Duration(elapsed.Draw(t, "elapsed")),
		Progress: rapid.OneOf(rapid.Float64Range(0, 1), rapid.Just(math.NaN()), rapid.Float64()).Draw(t, "progress"),
	}
}

func TestRankRisesFromZeroWhateverAnAdaptiveSaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := New()
		if rapid.Bool().Draw(t, "worth") {
			a = New(Worth(time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, "delay"))))
		}
		for range rapid.IntRange(0, 20).Draw(t, "observations") {
			o := anyOutcome(t)
			for range rapid.IntRange(0, 8).Draw(t, "marks") {
				age := rapid.Int64Range(1, max(int64(o.After), 1)).Draw(t, "age")
				o.Marks = append(o.Marks, backoff.Mark{Age: time.Duration(age), Progress: rapid.Float64Range(0, 1).Draw(t, "mark")})
			}
			a.Observe(o)
		}
		p := anyPoll(t)
		since := rapid.OneOf(rapid.Int64Range(0, int64(time.Hour)), rapid.Int64Range(0, math.MaxInt64))
		early, late := since.Draw(t, "since"), since.Draw(t, "later")
		early, late = min(early, late), max(early, late)
		first, second := a.Rank(p, time.Duration(early)), a.Rank(p, time.Duration(late))
		assert.Zero(t, a.Rank(p, 0))
		assert.Zero(t, a.Rank(p, -time.Second))
		assert.False(t, math.IsNaN(first) || math.IsInf(first, 0) || first < 0, "%v", first)
		// The integrals are kept as float32.
		slack := 1e-5 * (max(p.Elapsed.Seconds(), 0) + time.Duration(late).Seconds())
		assert.LessOrEqual(t, first, second+slack, "%v, %v", time.Duration(early), time.Duration(late))
	})
}

func TestRankPrefersAJobThatHasSurelyEndedToOneThatCannotHave(t *testing.T) {
	t.Parallel()
	a := New()
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		a.Observe(exactly("", "short", uniform(r)))
		a.Observe(exactly("", "long", 100*uniform(r)))
	}
	ended := a.Rank(backoff.Poll{Kind: "short", Elapsed: 4 * time.Second}, 12*time.Second)
	running := a.Rank(backoff.Poll{Kind: "long", Elapsed: 4 * time.Second}, 400*time.Second)
	assert.Greater(t, ended, 10*running)
	assert.Greater(t, running, 0.0)
	assert.Greater(t, ended, a.Rank(backoff.Poll{Kind: "short", Elapsed: 4 * time.Second}, 6*time.Second))
}

func TestRankOfTwoJobsThatHaveEndedPrefersTheOneThatIsLater(t *testing.T) {
	t.Parallel()
	a := taught(50, uniform)
	assert.Greater(t, a.Rank(backoff.Poll{Elapsed: 4 * time.Second}, 31*time.Second), a.Rank(backoff.Poll{Elapsed: 4 * time.Second}, 30*time.Second))
}

func TestRankIsTheDelayPerRequestLost(t *testing.T) {
	t.Parallel()
	// Uniform from 5 to 15 s: by 10 s half have ended, 2.5 s ago on the average.
	a := taught(2000, uniform)
	assert.InEpsilon(t, 0.5*2.5/(0.5+certainty), a.Rank(backoff.Poll{}, 10*time.Second), 0.1)
	assert.InEpsilon(t, 10/certainty, a.Rank(backoff.Poll{}, 20*time.Second), 0.1)
	// Of those that lasted 10 s, all last until 15 s at the longest.
	assert.InEpsilon(t, 0.5*1.25/(0.5+certainty), a.Rank(backoff.Poll{Elapsed: 10 * time.Second}, 2500*time.Millisecond), 0.15)
}

func TestExpectedDelayIsTheIntegralOfTheChance(t *testing.T) {
	t.Parallel()
	plan := taught(50, twoSorts).kinds.all[""].plan.Load()
	kappa := plan.kappa
	for name, model := range map[string]struct {
		expected func(age, passed float64) (chance, delay float64)
		within   float64
	}{
		"plan":       {plan.expected, 0.001},
		"unknown":    {func(age, passed float64) (float64, float64) { return unknown(age, passed, kappa) }, 0.001},
		"log-normal": {outlook{mean: 1, sd: 0.5}.expected, 0.02},
	} {
		for _, age := range []float64{0.5, 3, 20, 100} {
			const steps = 10000
			passed, sum := 2*age, 0.0
			for i := range steps {
				chance, _ := model.expected(age, passed*(float64(i)+0.5)/steps)
				sum += chance * passed / steps
			}
			_, delay := model.expected(age, passed)
			assert.InDelta(t, sum, delay, model.within*sum+1e-5*age, "%s from %v s", name, age)
		}
	}
}

func TestRankOfAJobOlderThanAnyRises(t *testing.T) {
	t.Parallel()
	a := taught(50, uniform)
	p := backoff.Poll{Elapsed: 10000 * time.Hour}
	assert.Greater(t, a.Rank(p, 2*time.Hour), a.Rank(p, time.Hour))
	assert.Greater(t, a.Rank(p, time.Hour), 0.0)
}

func TestRankHeedsProgressThatMeansSomething(t *testing.T) {
	t.Parallel()
	a := shown(50, func(x float64, _ *rand.Rand) float64 { return x })
	nearly := a.Rank(backoff.Poll{Elapsed: 50 * time.Second, Progress: 0.9}, 20*time.Second)
	begun := a.Rank(backoff.Poll{Elapsed: 50 * time.Second, Progress: 0.1}, 20*time.Second)
	assert.Greater(t, nearly, 20*begun)
	assert.InEpsilon(t, 14.5/certainty, nearly, 0.2, "it ended 5.5 s after its age was 50 s")
	assert.Equal(t, a.Rank(backoff.Poll{Elapsed: 50 * time.Second}, 20*time.Second),
		taughtNothing(a).Rank(backoff.Poll{Elapsed: 50 * time.Second, Progress: 0.9}, 20*time.Second))
}

// taughtNothing is a, had no progress been reported.
func taughtNothing(a *Learner) *Learner {
	out := New(Worth(time.Second))
	k := out.kinds.add("")
	k.plan.Store(a.kinds.all[""].plan.Load())
	return out
}

func TestRankOfAnUnknownKindIsThatOfAJobThatMayLastAnyTime(t *testing.T) {
	t.Parallel()
	a := New(Worth(time.Second))
	assert.InEpsilon(t, 1.0/(0.5+certainty), a.Rank(backoff.Poll{}, 3*time.Second), 1e-9)
	young := a.Rank(backoff.Poll{Elapsed: time.Minute}, 20*time.Second)
	assert.Greater(t, young, a.Rank(backoff.Poll{Elapsed: time.Hour}, 20*time.Second), "the older it is, the longer it may yet take")
}

func TestRankDoesNotAllocate(t *testing.T) {
	for _, a := range []*Learner{New(), taught(50, twoSorts), shown(50, func(x float64, _ *rand.Rand) float64 { return x })} {
		p := backoff.Poll{Key: "job", Elapsed: 50 * time.Second, Attempt: 2, Progress: 0.5}
		assert.Zero(t, testing.AllocsPerRun(100, func() { a.Rank(p, time.Minute) }))
	}
}

func TestADecoratedRankerRanks(t *testing.T) {
	t.Parallel()
	a := taught(50, uniform)
	p, since := backoff.Poll{Elapsed: 4 * time.Second, Kind: ""}, 8*time.Second
	want := a.Rank(p, since)
	for name, s := range map[string]backoff.Strategy{
		"one":          backoff.Cap(a, time.Minute),
		"two":          backoff.Jitter(backoff.Floor(a, time.Second), 0.1),
		"choice":       backoff.ByKind(map[string]backoff.Strategy{"fixed": backoff.Constant(time.Second)}, a),
		"both":         backoff.Cap(backoff.ByAge(map[time.Duration]backoff.Strategy{time.Hour: a}, backoff.Constant(1)), time.Minute),
		"ranker alone": backoff.Cap(onlyRanks{a}, time.Minute),
		"in a choice":  backoff.ByKind(nil, onlyRanks{a}),
	} {
		require.Implements(t, (*backoff.Ranker)(nil), s, name)
		assert.Equal(t, want, s.(backoff.Ranker).Rank(p, since), name)
		_, learns := s.(backoff.Learner)
		assert.Equal(t, name != "ranker alone" && name != "in a choice", learns, name)
	}
	assert.NotImplements(t, (*backoff.Ranker)(nil), backoff.Cap(backoff.Constant(1), 1))
	assert.NotImplements(t, (*backoff.Ranker)(nil), backoff.ByKind(nil, backoff.Constant(1)))
}

// onlyRanks is a Ranker that does not learn.
type onlyRanks struct{ backoff.Ranker }

func TestAChoiceRanksTheOthersAsJobsThatMayLastAnyTime(t *testing.T) {
	t.Parallel()
	s := backoff.ByKind(map[string]backoff.Strategy{"fixed": backoff.Constant(time.Second)}, taught(50, uniform)).(backoff.Ranker)
	p := backoff.Poll{Kind: "fixed", Elapsed: 10 * time.Second}
	assert.Equal(t, New().Rank(p, time.Second), s.Rank(p, time.Second))
	assert.Greater(t, s.Rank(p, 2*time.Second), s.Rank(p, time.Second))
}
