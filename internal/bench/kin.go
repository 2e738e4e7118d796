package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

const (
	sisters    = 20 // number of known kinds
	sisterJobs = 50 // number of known jobs of each
)

// sisterScales are the largest factors by which a kind's jobs are longer or shorter than the common
// scale.
var sisterScales = []float64{1.25, 1.5, 2}

// kinTable prints the cost of a new kind when other kinds of the same law are known, each with its
// own scale.
func kinTable(w io.Writer, repetitions int, detail bool) {
	at := []int{0, 1, 5}
	fmt.Fprintf(w, "\nA new kind, after so many jobs of its own: cost over the oracle's, alone and beside %d kinds of the same law whose "+
		"jobs take longer or shorter by up to a factor (%d laws, κ·E[T] = %d):\n\n", sisters, len(nineLaws), overlapWorth)
	row(w, "factor", "after jobs", "alone", "beside sisters", "worst", "")
	rule(w, 6)
	for _, factor := range sisterScales {
		results := make([][2][]average, len(nineLaws))
		together(len(nineLaws), func(i int) { results[i] = besideSisters(nineLaws[i], factor, at, repetitions) })
		for n, jobs := range at {
			var alone, beside average
			worst := 0
			for i, r := range results {
				alone.add(r[0][n].geometric())
				beside.add(r[1][n].geometric())
				if r[1][n].geometric() > results[worst][1][n].geometric() {
					worst = i
				}
			}
			row(w, factor, jobs, f2(alone.geometric()), f2(beside.geometric()), f2(results[worst][1][n].geometric()), nineLaws[worst].name)
			if !detail {
				continue
			}
			for i, r := range results {
				fmt.Fprintf(w, "    %-16s alone %6.2f  beside %6.2f\n", nineLaws[i].name, r[0][n].geometric(), r[1][n].geometric())
			}
		}
	}
}

func besideSisters(l law, factor float64, at []int, repetitions int) (results [2][]average) {
	results[0], results[1] = make([]average, len(at)), make([]average, len(at))
	base := mean(l.points(points))
	for rep := range repetitions {
		r := rand.New(rand.NewPCG(51, uint64(rep)))
		scale := func() float64 { return math.Pow(factor, 2*r.Float64()-1) }
		opt := adaptive.Worth(seconds(base / overlapWorth))
		alone, beside := adaptive.New(opt), adaptive.New(opt)
		scales := make([]float64, sisters)
		for k := range scales {
			scales[k] = scale()
		}
		for i := range sisterJobs {
			for k, c := range scales {
				teach(beside, "sister-"+strconv.Itoa(k), strconv.Itoa(i), c*l.quantile(r.Float64()))
			}
		}
		c := scale()
		x := l.scaled(c).points(points / 10)
		kappa := overlapWorth / base
		best := judgeTimes(oracle(x, kappa), x).cost(kappa)
		n := 0
		for i, to := range at {
			for ; n < to; n++ {
				d := c * l.quantile(r.Float64())
				teach(alone, kindName, strconv.Itoa(n), d)
				teach(beside, kindName, strconv.Itoa(n), d)
			}
			for j, s := range []backoff.Strategy{alone, beside} {
				results[j][i].add(judge(ours(s), x, 40).cost(kappa) / best)
			}
		}
	}
	return results
}

// teach makes s watch a job of a kind.
func teach(s backoff.Learner, kind, key string, duration float64) {
	_, after, before := watchOf(s, key, kind, duration)
	s.Observe(backoff.Outcome{Key: key, Kind: kind, After: after, Before: before, Ended: true})
}
