package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// The parameters of the benchmark: the laws, the worth of a second of delay, and the numbers of
// jobs after which the learner is frozen and judged.
const points = 20000

var (
	worths = []float64{10, 50, 250} // κ times the mean duration
	frozen = []int{0, 1, 5, 20, 100, 1000}
)

// cell is a law and a worth, with all values that do not depend on the learner.
type cell struct {
	law
	k, kappa float64
	x        []float64
	best     score
}

func cells() []cell {
	var all []cell
	for _, l := range laws {
		x := l.points(points)
		for _, k := range worths {
			kappa := k / mean(x)
			all = append(all, cell{l, k, kappa, x, judgeTimes(oracle(x, kappa), x)})
		}
	}
	return all
}

func (c cell) String() string { return fmt.Sprintf("%s, κ·E[T] = %v", c.name, c.k) }

func (c cell) learner() *adaptive.Learner {
	return adaptive.New(adaptive.Worth(time.Duration(float64(time.Second) / c.kappa)))
}

// ratio returns the cost of s, divided by the oracle's cost.
func (c cell) ratio(s score) float64 { return s.cost(c.kappa) / c.best.cost(c.kappa) }

// atEqualPolls returns the ratio of two mean delays: that of s, and that of the best schedule with
// the same number of polls.
func (c cell) atEqualPolls(s score) float64 {
	every := c.x[:0:0]
	for i := 0; i < len(c.x); i += 10 {
		every = append(every, c.x[i])
	}
	low, high := math.Log(c.kappa)-8, math.Log(c.kappa)+8
	for range 24 {
		mid := (low + high) / 2
		if judgeTimes(oracle(every, math.Exp(mid)), every).n > s.n {
			high = mid
		} else {
			low = mid
		}
	}
	return s.d / judgeTimes(oracle(every, math.Exp(low)), every).d
}

// each runs f for each cell, as many at once as there are processors.
func each(all []cell, f func(i int, c cell)) {
	together(len(all), func(i int) { f(i, all[i]) })
}

// together runs f for each i below n, as many at once as there are processors.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			f(i)
		})
	}
	wg.Wait()
}

// course has the scores of a learner: those of each repetition at each of the frozen counts.
func (c cell) course(see seeing, at []int, repetitions, keys int) [][]score {
	scores := make([][]score, len(at))
	for r := range repetitions {
		s, draw, n := c.learner(), source(c.law, r), 0
		for i, to := range at {
			for ; n < to; n++ {
				train(s, see, fmt.Sprint("train-", r, "-", n), draw())
			}
			scores[i] = append(scores[i], judge(ours(s), c.x, keys))
		}
	}
	return scores
}

// learnerTables prints the scores of the learner, for both ways of seeing.
func learnerTables(w io.Writer, all []cell, repetitions, keys int, detail bool) {
	for _, see := range []seeing{exact, between} {
		courses := make([][][]score, len(all))
		each(all, func(i int, c cell) { courses[i] = c.course(see, frozen, repetitions, keys) })

		fmt.Fprintf(w, "\nTold of each finished job %s (%d laws, κ·E[T] in %v, %d repetitions):\n\n", see, len(laws), worths, repetitions)
		row(w, "after jobs", "polls", "mean delay / E[T]", "p99 delay / E[T]", "cost / oracle", "worst cell", "", "delay at equal polls")
		rule(w, 8)
		for n, jobs := range frozen {
			var polls, delay, p99, ratio, equal average
			worst, where := 0.0, ""
			for i, c := range all {
				var here, n1, d1 average
				for _, s := range courses[i][n] {
					here.add(c.ratio(s))
					n1.add(s.n)
					d1.add(s.d)
					polls.add(s.n)
					delay.add(s.d / mean(c.x))
					p99.add(s.p99 / mean(c.x))
				}
				ratio.add(here.geometric())
				if c.best.d > 0 {
					equal.add(c.atEqualPolls(score{n: n1.arithmetic(), d: d1.arithmetic()}))
				}
				if here.geometric() > worst {
					worst, where = here.geometric(), c.String()
				}
			}
			row(w, jobs, f2(polls.arithmetic()), f3(delay.arithmetic()), f3(p99.arithmetic()), f3(ratio.geometric()), f2(worst), where, f2(equal.geometric()))
		}
		if detail {
			lawTable(w, all, courses)
		}
	}
}

// lawTable prints the cost of each cell, by the number of jobs that the learner has seen.
func lawTable(w io.Writer, all []cell, courses [][][]score) {
	fmt.Fprintln(w, "\nCost / oracle by law:")
	fmt.Fprintln(w)
	row(w, "law, worth", 0, 1, 5, 20, 100, 1000)
	rule(w, 7)
	for i, c := range all {
		values := []any{c}
		for n := range frozen {
			var here average
			for _, s := range courses[i][n] {
				here.add(c.ratio(s))
			}
			values = append(values, f3(here.geometric()))
		}
		row(w, values...)
	}
}

// coldTable prints costs of a learner without history. Each is a ratio to the cost of the best
// fixed interval for the law.
func coldTable(w io.Writer, all []cell, keys int) {
	fmt.Fprintf(w, "\nCold start: cost of an untaught learner over the best fixed interval that knows the law:\n\n")
	row(w, "law", "κ·E[T] = 10", "50", "250")
	rule(w, 4)
	for i := 3; i < len(all); i += 3 {
		values := []any{all[i].name}
		for _, c := range all[i : i+3] {
			values = append(values, f2(judge(ours(c.learner()), c.x, keys).cost(c.kappa)/bestFixed(c.x, c.kappa).cost(c.kappa)))
		}
		row(w, values...)
	}
}

// driftTable prints the cost of the learner, divided by the oracle's, after the scale of the law
// has changed.
func driftTable(w io.Writer, all []cell, repetitions, keys int) {
	const before = 100
	for _, see := range []seeing{exact, between} {
		at := []int{0, 5, 10, 20, 60}
		fmt.Fprintf(w, "\nAfter %d jobs all jobs take longer or shorter by a factor; told of each %s, cost / oracle (worst cell) so many jobs later, and of doubling from 100 ms:\n\n", before, see)
		row(w, "factor", 0, 5, 10, 20, 60, "doubling")
		rule(w, 7)
		for _, factor := range []float64{0.1, 1.0 / 3, 3, 10} {
			ratios := make([][]float64, len(all))
			each(all, func(i int, c cell) { ratios[i] = c.drift(see, factor, before, at, repetitions, keys) })
			values := []any{f2(factor)}
			for n := range len(at) + 1 {
				var a average
				worst := 0.0
				for i := range all {
					a.add(ratios[i][n])
					worst = max(worst, ratios[i][n])
				}
				values = append(values, fmt.Sprintf("%.2f (%.1f)", a.geometric(), worst))
			}
			row(w, values...)
		}
	}
}

func (c cell) drift(see seeing, factor float64, before int, at []int, repetitions, keys int) []float64 {
	y := c.scaled(factor).points(points / 10)
	best := judgeTimes(oracle(y, c.kappa), y).cost(c.kappa)
	all := make([]average, len(at)+1)
	for r := range repetitions {
		s, draw, n := c.learner(), source(c.law, r), 0
		for i := range before {
			train(s, see, fmt.Sprint("before-", r, "-", i), draw())
		}
		for i, to := range at {
			for ; n < to; n++ {
				train(s, see, fmt.Sprint("after-", r, "-", n), factor*draw())
			}
			all[i].add(judge(ours(s), y, keys).cost(c.kappa) / best)
		}
	}
	doubling := ours(backoff.Exponential(100*time.Millisecond, 2))
	all[len(at)].add(judge(doubling, y, 1).cost(c.kappa) / best)
	ratios := make([]float64, len(all))
	for i, a := range all {
		ratios[i] = a.geometric()
	}
	return ratios
}

// uniformTable prints the scores of a learner that has seen twenty jobs of 5 to 15 s.
func uniformTable(w io.Writer, repetitions, keys int) {
	l := laws[1]
	x := l.points(points)
	fmt.Fprintf(w, "\nJobs of 5 to 15 s, after 20 of them (%d repetitions):\n\n", repetitions)
	row(w, "a request is worth", "polls", "mean delay, s", "p99 delay, s", "best mean delay with as many, s")
	rule(w, 5)
	for _, worth := range []time.Duration{3 * time.Second, 2 * time.Second, time.Second, 900 * time.Millisecond, 500 * time.Millisecond, 200 * time.Millisecond} {
		c := cell{law: l, kappa: 1 / worth.Seconds(), x: x}
		var n, d, p99 average
		for _, s := range c.course(exact, []int{20}, repetitions, keys)[0] {
			n.add(s.n)
			d.add(s.d)
			p99.add(s.p99)
		}
		mean := score{n: n.arithmetic(), d: d.arithmetic()}
		row(w, worth, f2(mean.n), f2(mean.d), f2(p99.arithmetic()), f2(mean.d/c.atEqualPolls(mean)))
	}
}

// peerTable prints, for each peer, how much its mean delay exceeds the least possible delay with as
// many polls.
func peerTable(w io.Writer, keys int) {
	fmt.Fprintf(w, "\nSchedules that know nothing of the job: mean delay over the least possible for as many polls, over the laws but the constant one:\n\n")
	row(w, "schedule", "geometric mean", "least", "most", "5-15 s: polls", "mean delay, s", "p99 delay, s")
	rule(w, 7)
	all := cells()
	for _, p := range peers {
		var ratio average
		least, most := math.Inf(1), 0.0
		var here score
		for i := 3; i < len(all); i += 3 {
			s := judge(p.begin, all[i].x, keys)
			r := all[i].atEqualPolls(s)
			ratio.add(r)
			least, most = min(least, r), max(most, r)
			if i == 3 {
				here = s
			}
		}
		row(w, p.name, f2(ratio.geometric()), f2(least), f2(most), f2(here.n), f2(here.d), f2(here.p99))
	}
}

// average gathers values.
type average struct{ n, sum, logs float64 }

func (a *average) add(v float64) {
	a.n++
	a.sum += v
	a.logs += math.Log(v)
}

func (a average) arithmetic() float64 { return a.sum / a.n }
func (a average) geometric() float64  { return math.Exp(a.logs / a.n) }

func f2(v float64) string { return fmt.Sprintf("%.2f", v) }
func f3(v float64) string { return fmt.Sprintf("%.3f", v) }

// row prints a row of a Markdown table. rule prints the line under its head.
func row(w io.Writer, values ...any) {
	fmt.Fprint(w, "|")
	for _, v := range values {
		fmt.Fprintf(w, " %v |", v)
	}
	fmt.Fprintln(w)
}

func rule(w io.Writer, columns int) {
	fmt.Fprint(w, "|")
	for range columns {
		fmt.Fprint(w, "---|")
	}
	fmt.Fprintln(w)
}
