package adaptive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// durations of two sorts: a fifth end at once, the rest take half a minute.
func twoSorts(r *rand.Rand) time.Duration {
	if r.Float64() < 0.2 {
		return time.Duration((0.2 + 0.8*r.Float64()) * 1e9)
	}
	return time.Duration(30 * math.Exp(0.5*r.NormFloat64()) * 1e9)
}

// watched is what a watch under s sees of a job.
func watched(s backoff.Strategy, key, kind string, d time.Duration) backoff.Outcome {
	p := backoff.Poll{Key: key, Kind: kind}
	for p.Attempt < 1e6 {
		p.Previous = s.Next(p)
		p.Attempt++
		if p.Elapsed+p.Previous >= d {
			break
		}
		p.Elapsed += p.Previous
	}
	return backoff.Outcome{Key: key, Kind: kind, After: p.Elapsed, Before: p.Elapsed + p.Previous, Ended: true}
}

func exactly(key, kind string, d time.Duration) backoff.Outcome {
	return backoff.Outcome{Key: key, Kind: kind, After: d, Before: d, Ended: true}
}

func BenchmarkLearnerReplan(b *testing.B) {
	for _, opt := range []Option{Worth(time.Second), About(5)} {
		for _, n := range []int{1, 5, 20, 100, 1000} {
			for _, seen := range []string{"exact", "between"} {
				a := New(opt)
				b.Run(fmt.Sprint(seen, n, "about", a.goal.wish().kappa == 0), func(b *testing.B) {
					r := rand.New(rand.NewPCG(1, 2))
					for i := range n {
						key, d := fmt.Sprint(i), twoSorts(r)
						if seen == "exact" {
							a.Observe(exactly(key, "", d))
						} else {
							a.Observe(watched(a, key, "", d))
						}
					}
					k := a.kinds.all[""]
					b.ReportAllocs()
					for b.Loop() {
						a.replan(k)
					}
				})
			}
		}
	}
}

func BenchmarkLearnerNext(b *testing.B) {
	a := New()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		a.Observe(watched(a, fmt.Sprint(i), "", twoSorts(r)))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Next(backoff.Poll{Key: "8f14e45f-ceea-467f-a8f2-8d9d6d2b6c11", Attempt: i & 7, Elapsed: time.Duration(i&7) * 5 * time.Second})
	}
}

func BenchmarkLearnerNextWithProgress(b *testing.B) {
	a := shown(50, func(x float64, _ *rand.Rand) float64 { return x })
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Next(backoff.Poll{Key: "8f14e45f-ceea-467f-a8f2-8d9d6d2b6c11", Attempt: 3, Elapsed: 50 * time.Second, Progress: 0.5})
	}
}

func BenchmarkLearnerRank(b *testing.B) {
	a := New()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		a.Observe(watched(a, fmt.Sprint(i), "", twoSorts(r)))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Rank(backoff.Poll{Key: "8f14e45f-ceea-467f-a8f2-8d9d6d2b6c11", Attempt: i & 7, Elapsed: time.Duration(i&7) * 5 * time.Second}, 7*time.Second)
	}
}

func BenchmarkLearnerRankWithProgress(b *testing.B) {
	a := shown(50, func(x float64, _ *rand.Rand) float64 { return x })
	b.ReportAllocs()
	for b.Loop() {
		a.Rank(backoff.Poll{Key: "8f14e45f-ceea-467f-a8f2-8d9d6d2b6c11", Attempt: 3, Elapsed: 50 * time.Second, Progress: 0.5}, 30*time.Second)
	}
}
