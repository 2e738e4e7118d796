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

// shown is an Adaptive that has seen n jobs of very different durations whose service reported the
// progress that curve gives.
func shown(n int, curve func(passed float64, r *rand.Rand) float64) *Learner {
	a, r := New(Worth(time.Second)), rand.New(rand.NewPCG(1, 2))
	for i := range n {
		d := time.Duration(float64(30*time.Second) * math.Exp(r.NormFloat64()))
		o := exactly(fmt.Sprint(i), "", d)
		for _, share := range []float64{0.1, 0.3, 0.5, 0.7, 0.9} {
			o.Marks = append(o.Marks, backoff.Mark{Age: time.Duration(share * float64(d)), Progress: curve(share, r)})
		}
		a.Observe(o)
	}
	return a
}

func TestLearnerLearnsWhatProgressMeans(t *testing.T) {
	t.Parallel()
	for name, curve := range map[string]func(float64, *rand.Rand) float64{
		"linear": func(x float64, _ *rand.Rand) float64 { return x },
		"slow":   func(x float64, _ *rand.Rand) float64 { return x * x * x },
		"fast":   func(x float64, _ *rand.Rand) float64 { return math.Sqrt(x) },
	} {
		a := shown(30, curve)
		for _, whole := range []time.Duration{10 * time.Second, 100 * time.Second, 1000 * time.Second} {
			p := backoff.Poll{Key: "x", Attempt: 3, Elapsed: whole / 2, Progress: curve(0.5, nil)}
			assert.InEpsilon(t, whole/2, a.Next(p), 0.15, "%s, %v", name, whole)
			p.Progress = 0
			without := a.Next(p)
			assert.Greater(t, math.Abs(math.Log(float64(without)/float64(whole/2))), 0.2, "%s: it is the progress that tells", name)
		}
	}
}

func TestLearnerDoesNotMindProgressThatMeansNothing(t *testing.T) {
	t.Parallel()
	a := shown(100, func(_ float64, r *rand.Rand) float64 { return r.Float64() })
	differs := 0
	for i := range 100 {
		p := backoff.Poll{Key: fmt.Sprint(i), Attempt: 3, Elapsed: time.Duration(i+1) * time.Second}
		without := a.Next(p)
		p.Progress = float64(i+1) / 100
		if a.Next(p) != without {
			differs++
		}
	}
	assert.Less(t, differs, 20)
}

func TestLearnerNeedsSeveralReports(t *testing.T) {
	t.Parallel()
	a := shown(minReports-1, func(x float64, _ *rand.Rand) float64 { return x })
	p := backoff.Poll{Key: "x", Attempt: 3, Elapsed: 50 * time.Second}
	without := a.Next(p)
	p.Progress = 0.5
	assert.Equal(t, without, a.Next(p))
}

func TestLearnerAllocatesNothingForProgress(t *testing.T) {
	a := shown(30, func(x float64, _ *rand.Rand) float64 { return x })
	p := backoff.Poll{Key: "x", Attempt: 3, Elapsed: 50 * time.Second, Progress: 0.5}
	assert.Zero(t, testing.AllocsPerRun(100, func() { a.Next(p) }))
}

func FuzzSoonIsLater(f *testing.F) {
	f.Add(10.0, 3.0, 0.1, 1.0)
	f.Add(1e8, -5.0, 0.01, 1e-9)
	f.Add(1e-3, 18.0, 4.0, 1e6)
	f.Fuzz(func(t *testing.T, age, mean, sd, kappa float64) {
		if !(age > 0 && age <= maxSeconds && math.Abs(mean) < 20 && sd >= leastSpread && sd < 10 && kappa > 0 && kappa < 1e9) {
			return
		}
		if at := (outlook{mean, sd, costsOf(mean, sd)}).soon(age, kappa); !(at > age) {
			t.Errorf("after %v it polls at %v", age, at)
		}
	})
}
