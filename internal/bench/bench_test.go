package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// cheapest tries every set of poll times among the durations.
func cheapest(x []float64, kappa float64) float64 {
	least := math.Inf(1)
	for set := range 1 << (len(x) - 1) {
		var times []float64
		for i, t := range x {
			if i == len(x)-1 || set>>i&1 == 1 {
				times = append(times, t)
			}
		}
		least = min(least, judgeTimes(times, x).cost(kappa))
	}
	return least
}

func TestOracleIsTheCheapestOfAllSchedules(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		x := make([]float64, 1+r.IntN(10))
		for i := range x {
			x[i] = math.Ceil(math.Exp(2*r.NormFloat64())*4) / 4 // some are equal
		}
		slices.Sort(x)
		kappa := math.Exp(2 * r.NormFloat64())
		if got, want := judgeTimes(oracle(x, kappa), x).cost(kappa), cheapest(x, kappa); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("oracle(%v, %v) costs %v, the cheapest %v", x, kappa, got, want)
		}
	}
}

func TestJudgesAgree(t *testing.T) {
	t.Parallel()
	x := laws[1].points(1000)
	var times []float64
	for i := range 20 {
		times = append(times, float64(i+1))
	}
	a, b := judgeTimes(times, x), judge(fixed(time.Second), x, 7)
	if math.Abs(a.n-b.n) > 1e-9 || math.Abs(a.d-b.d) > 1e-6 || math.Abs(a.p99-b.p99) > 1e-6 {
		t.Fatalf("%v, %v", a, b)
	}
}

func TestLawsHaveTheMeansTheyAreKnownFor(t *testing.T) {
	t.Parallel()
	for i, want := range []float64{10, 10, 10, 10 * math.Exp(0.125), 10 * math.Exp(0.5), 0, 0, 0.2*0.6 + 0.8*30*math.Exp(0.02), 10, 10} {
		if got := mean(laws[i].points(points)); want > 0 && math.Abs(got-want) > 0.005*want {
			t.Errorf("%s: mean %v, want %v", laws[i].name, got, want)
		}
	}
}

func TestLearnerKeepsCloseToTheOracle(t *testing.T) {
	t.Parallel()
	for see, limit := range map[seeing]float64{exact: 1.08, between: 1.2} {
		var ratio average
		for _, c := range cells() {
			for _, s := range c.course(see, []int{20}, 2, 20)[0] {
				ratio.add(c.ratio(s))
			}
		}
		if ratio.geometric() > limit {
			t.Errorf("told %v, after 20 jobs: %v, want at most %v", see, ratio.geometric(), limit)
		}
	}
}

func TestReadTraceNamesTheLineThatIsWrong(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"t,kind,duration_s\n1,a,2\n2,a,x\n": "line 3: duration_s is no number of seconds",
		"1,a\n":                             "line 1: want t,kind,duration_s",
		"1,a,2\n\nsoon,a,2\n":               "line 3: t is no number",
		"1,a,-2\n":                          "line 1: duration_s",
		"1,a,NaN\n":                         "line 1: duration_s",
	} {
		if _, err := readTrace(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
	jobs, err := readTrace(strings.NewReader("t,kind,duration_s\n5,b,1.5\n1,a,2\n"))
	if err != nil || len(jobs) != 2 || jobs[0] != (traced{1, "a", 2}) {
		t.Errorf("%v, %v", jobs, err)
	}
}

func TestPrequentialChargesForTheColdStart(t *testing.T) {
	t.Parallel()
	x := []float64{10, 10, 10, 10, 10, 10, 10, 10}
	got := prequential(exact, "same", x, 1)
	first, _, _ := watch(adaptive.New(adaptive.Worth(time.Second)), "same-0", 10)
	if want := (float64(first) + 7) / 8; got.n < want-1e-9 {
		t.Errorf("%v polls a job, want at least %v", got.n, want)
	}
}
