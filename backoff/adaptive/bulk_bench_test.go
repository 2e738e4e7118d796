package adaptive

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// amid returns a Learner that was taught some jobs of the kind "" and then told of a bulk that
// begins, and the keys of that bulk.
func amid(taughtJobs, running int, opts ...Option) (*Learner, []string) {
	a, r := New(opts...), rand.New(rand.NewPCG(1, 2))
	for i := range taughtJobs {
		a.Observe(watched(a, fmt.Sprint("taught", i), "", twoSorts(r)))
	}
	keys := make([]string, running)
	for i := range keys {
		keys[i] = fmt.Sprintf("8f14e45f-ceea-467f-a8f2-%012d", i)
		a.Follow(keys[i], "", 0)
	}
	return a, keys
}

func BenchmarkLearnerNextInABulk(b *testing.B) {
	for _, jobs := range []int{0, 50} {
		for name, who := range map[string]int{"followed": 0, "other": 9999} {
			b.Run(fmt.Sprint("after", jobs, name), func(b *testing.B) {
				a, keys := amid(jobs, 10000)
				p := backoff.Poll{Key: keys[who], Attempt: 3, Elapsed: 7 * time.Second, Waited: time.Second}
				b.ReportAllocs()
				for b.Loop() {
					a.Next(p)
				}
			})
		}
	}
}

// Each call tells of a later age, as a Watcher does, so plans are made meanwhile. Those count.
func BenchmarkLearnerFollow(b *testing.B) {
	for _, jobs := range []int{0, 50} {
		for name, who := range map[string]int{"followed": 0, "other": 9999} {
			b.Run(fmt.Sprint("after", jobs, name), func(b *testing.B) {
				a, keys := amid(jobs, 10000)
				age := time.Duration(0)
				b.ReportAllocs()
				for b.Loop() {
					age += time.Microsecond
					a.Follow(keys[who], "", age)
				}
			})
		}
	}
}

// A bulk of ten thousand jobs ends, while the watches that are followed are seen to run.
func BenchmarkLearnerObserveABulk(b *testing.B) {
	const running = 10000
	for name, opt := range map[string]Option{"About": About(5), "Worth": Worth(time.Second)} {
		for _, jobs := range []int{0, 20} {
			b.Run(fmt.Sprint(name, jobs), func(b *testing.B) {
				var took time.Duration
				var calls int
				var least [running]time.Duration // of each call, as others disturb it
				for b.Loop() {
					a, keys := amid(jobs, running, opt)
					r := rand.New(rand.NewPCG(3, 4))
					ends := make([]time.Duration, running)
					for i := range ends {
						ends[i] = twoSorts(r)
					}
					order := r.Perm(running)
					slices.SortFunc(order, func(x, y int) int { return int(ends[x] - ends[y]) })
					for n, i := range order {
						age := ends[i]
						began := time.Now()
						a.Observe(backoff.Outcome{Key: keys[i], After: age * 9 / 10, Before: age, Ended: true})
						d := time.Since(began)
						took += d
						calls++
						if least[n] == 0 || d < least[n] {
							least[n] = d
						}
						if n%20 == 0 && n+1 < running {
							j := order[n+1+r.IntN(running-n-1)]
							a.Follow(keys[j], "", age)
						}
					}
				}
				b.ReportMetric(float64(took.Nanoseconds())/float64(calls), "ns/Observe")
				b.ReportMetric(float64(slices.Max(least[:]).Nanoseconds()), "ns/worst")
			})
		}
	}
}
