package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// nineLaws are the distributions of the scenarios with overlap.
var nineLaws = []law{
	laws[1], laws[2], laws[3], laws[4], laws[5], laws[6],
	{"bimodal 2/120", func(u float64) float64 {
		if u < 0.5 {
			return 2 * (0.9 + 0.4*u)
		}
		return 120 * (0.9 + 0.4*(u-0.5))
	}},
	{"fixed ± 2 %", func(u float64) float64 { return 10 * (0.98 + 0.04*u) }},
	{"5 % fast", func(u float64) float64 {
		if u < 0.05 {
			return 0.5 + 20*u
		}
		return 30 * math.Exp(0.2*normalQuantile((u-0.05)/0.95))
	}},
}

// aims are the settings of the learner.
type aim struct {
	name string
	opt  func(mean float64) adaptive.Option
}

const overlapWorth = 50 // κ times the mean duration

var aims = []aim{
	{"About(5)", func(float64) adaptive.Option { return adaptive.About(5) }},
	{"Worth", func(mean float64) adaptive.Option { return adaptive.Worth(seconds(mean / overlapWorth)) }},
}

// scenario is a set of jobs that overlap.
type scenario struct {
	name string
	// jobs draws jobs of a law with a mean. The jobs from the returned index on count.
	jobs    func(l law, mean float64, r *rand.Rand) (all []*running, from int)
	taught  int
	timeout float64
	outage  float64
	factor  float64 // factor of the durations that count; 0 means that they are those of the law
	repeat  int     // minimum number of repetitions
}

func bulk(n int) func(law, float64, *rand.Rand) ([]*running, int) {
	return func(l law, _ float64, r *rand.Rand) ([]*running, int) {
		all := make([]*running, n)
		for i := range all {
			all[i] = begun(i, kindName, 0, l.quantile(r.Float64()))
		}
		return all, 0
	}
}

// sorted returns a bulk whose jobs begin in the order of their durations. So the learner follows
// the shortest jobs.
func sorted(n int) func(law, float64, *rand.Rand) ([]*running, int) {
	return func(l law, mean float64, r *rand.Rand) ([]*running, int) {
		all, from := bulk(n)(l, mean, r)
		slices.SortStableFunc(all, func(a, b *running) int { return cmp.Compare(a.end, b.end) })
		return all, from
	}
}

// waves returns bulks that each begin when the previous one has ended. From the wave changes on,
// all jobs take a number of times as long, and these jobs count.
func waves(n, of, change int, factor float64) func(law, float64, *rand.Rand) ([]*running, int) {
	return func(l law, mean float64, r *rand.Rand) ([]*running, int) {
		var all []*running
		begin := 0.0
		for w := range n {
			end := begin
			for range of {
				d := l.quantile(r.Float64())
				if w >= change {
					d *= factor
				}
				x := begun(len(all), kindName, begin, d)
				end = max(end, x.end)
				all = append(all, x)
			}
			begin = end + mean
		}
		return all, change * of
	}
}

// poisson returns n jobs that arrive at random. On average, a given number of them run at once.
func poisson(n, atOnce int) func(law, float64, *rand.Rand) ([]*running, int) {
	return func(l law, mean float64, r *rand.Rand) ([]*running, int) {
		all := make([]*running, n)
		t := 0.0
		for i := range all {
			t += r.ExpFloat64() * mean / float64(atOnce)
			all[i] = begun(i, kindName, t, l.quantile(r.Float64()))
		}
		return all, 0
	}
}

var scenarios = []scenario{
	{name: "cold 100", jobs: bulk(100), repeat: 10},
	{name: "cold 1,000", jobs: bulk(1000), repeat: 3},
	{name: "cold 10,000", jobs: bulk(10000), repeat: 1},
	{name: "1,000 after 20", jobs: bulk(1000), taught: 20, repeat: 3},
	{name: "ten waves of 100", jobs: waves(10, 100, 0, 1), repeat: 2},
	{name: "Poisson, 100", jobs: poisson(1000, 100), repeat: 2},
	{name: "Poisson, 10,000", jobs: poisson(30000, 10000), repeat: 1},
	{name: "5 x longer", jobs: waves(10, 100, 5, 5), factor: 5, repeat: 2},
	{name: "5 x shorter", jobs: waves(10, 100, 5, 0.2), factor: 0.2, repeat: 2},
	{name: "sorted 1,000", jobs: sorted(1000), repeat: 3},
	{name: "all time out", jobs: func(law, float64, *rand.Rand) ([]*running, int) {
		return bulk(1000)(law{"endless", func(float64) float64 { return 1e9 }}, 0, rand.New(rand.NewPCG(1, 1)))
	}, timeout: 300, repeat: 1},
	{name: "outage", jobs: bulk(1000), timeout: 300, outage: 5, repeat: 1},
}

// play runs a scenario once, and returns the score of the jobs that count, and their durations in
// order.
func (c scenario) play(l law, mean float64, s backoff.Strategy, repetition int) (score, []float64) {
	r := rand.New(rand.NewPCG(41, uint64(repetition)))
	for i := range c.taught {
		w := world{Strategy: s}
		w.run([]*running{begun(-1-i, kindName, 0, l.quantile(r.Float64()))})
	}
	jobs, from := c.jobs(l, mean, r)
	for i, x := range jobs { // each repetition has its own keys
		x.Key = "r" + strconv.Itoa(repetition) + "-" + strconv.Itoa(i)
	}
	w := world{Strategy: s, timeout: c.timeout, outage: c.outage, latency: 0}
	w.run(slices.Clone(jobs))
	x := make([]float64, 0, len(jobs)-from)
	for _, j := range jobs[from:] {
		x = append(x, j.end-j.begin)
	}
	slices.Sort(x)
	return scoreOf(jobs[from:]), x
}

// result has the scores of a learner in a scenario with a law.
type result struct {
	requests, cost float64
	best           float64 // requests of the oracle per job
}

func (c scenario) fare(l law, a aim, repetitions int) result {
	mean := mean(l.points(points))
	kappa := overlapWorth / mean
	var n, ratio, best average
	for i := range max(1, repetitions*c.repeat) {
		s, x := c.play(l, mean, adaptive.New(a.opt(mean)), i)
		kappa := kappa
		if a.name == "About(5)" && c.factor > 0 {
			kappa /= c.factor
		}
		o := judgeTimes(oracle(x, kappa), x)
		n.add(s.n)
		best.add(o.n)
		ratio.add(s.cost(kappa) / o.cost(kappa))
	}
	return result{n.arithmetic(), ratio.geometric(), best.arithmetic()}
}

// byDefault returns the requests per job of a Watcher's default backoff.
func (c scenario) byDefault(l law) float64 {
	s, _ := c.play(l, mean(l.points(points)), backoff.EqualJitter(backoff.Cap(
		backoff.Exponential(jobstatus.DefaultBaseDelay, 2), jobstatus.DefaultMaxDelay)), 0)
	return s.n
}

// overlapTable prints the scores of the learner for jobs that overlap.
func overlapTable(w io.Writer, only string, repetitions int, detail bool) {
	for _, a := range aims {
		fmt.Fprintf(w, "\n%s: requests a job (the most by any law), and cost over that of the best static schedule for the same jobs:\n\n", a.name)
		row(w, "scenario", "requests a job", "most", "", "cost", "worst", "", "s")
		rule(w, 8)
		for _, c := range scenarios {
			if only != "" && only != c.name {
				continue
			}
			began := time.Now()
			all := make([]result, len(nineLaws))
			together(len(nineLaws), func(i int) { all[i] = c.fare(nineLaws[i], a, repetitions) })
			var n, cost average
			most, worst := 0, 0
			for i, r := range all {
				n.add(r.requests)
				cost.add(r.cost)
				if r.requests > all[most].requests {
					most = i
				}
				if r.cost > all[worst].cost {
					worst = i
				}
			}
			row(w, c.name, f2(n.geometric()), f2(all[most].requests), nineLaws[most].name, f2(cost.geometric()), f2(all[worst].cost), nineLaws[worst].name,
				f2(time.Since(began).Seconds()))
			if c.outage > 0 {
				n, share := average{}, 0.0
				for i, r := range all {
					d := c.byDefault(nineLaws[i])
					n.add(d)
					share = max(share, r.requests/d)
				}
				row(w, c.name+", the default backoff", f2(n.geometric()), fmt.Sprintf("ours at most %.2f of them", share), "", "", "", "", "")
			}
			if detail {
				for i, r := range all {
					fmt.Fprintf(w, "    %-16s %6.2f (oracle %.2f)  %6.2f\n", nineLaws[i].name, r.requests, r.best, r.cost)
				}
			}
		}
	}
}
