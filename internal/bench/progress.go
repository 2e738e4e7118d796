package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// curve is how a service reports progress. It returns the reported share of the work when a share
// of the job's time has passed. The number u is drawn for each job, and v for each report, both
// evenly from 0 to 1.
type curve struct {
	name string
	at   func(passed, u, v float64) float64
}

var curves = []curve{
	{"none", func(float64, float64, float64) float64 { return 0 }},
	{"linear", func(x, _, _ float64) float64 { return x }},
	{"fast, then slow: x^0.3", func(x, _, _ float64) float64 { return math.Pow(x, 0.3) }},
	{"slow, then fast: x^3", func(x, _, _ float64) float64 { return x * x * x }},
	{"x^0.5 to x^2, by job", func(x, u, _ float64) float64 { return math.Pow(x, math.Pow(2, 2*u-1)) }},
	{"linear, in tenths", func(x, _, _ float64) float64 { return math.Floor(10*x) / 10 }},
	{"noise", func(_, _, v float64) float64 { return v }},
}

// follow polls a job whose service reports progress like a Watcher, and s learns from it.
func (c curve) follow(s backoff.Learner, key string, duration float64, r *rand.Rand, learn bool) (polls int, late float64) {
	end, u := seconds(duration), r.Float64()
	p := backoff.Poll{Key: key, Kind: kindName}
	o := backoff.Outcome{Key: key, Kind: kindName, Ended: true}
	for p.Attempt < maxPolls {
		wait := s.Next(p)
		p.Attempt++
		if p.Elapsed+wait >= end {
			o.After, o.Before = p.Elapsed, p.Elapsed+wait
			break
		}
		p.Elapsed += wait
		p.Previous = wait
		p.Progress = min(max(c.at(p.Elapsed.Seconds()/duration, u, r.Float64()), 0), 1)
		if p.Progress > 0 && len(o.Marks) < 8 {
			o.Marks = append(o.Marks, backoff.Mark{Age: p.Elapsed, Progress: p.Progress})
		}
	}
	if learn {
		s.Observe(o)
	}
	return p.Attempt, (o.Before - end).Seconds()
}

// progressTable prints how much reports of progress gain for a learner that knows only its own
// polls.
func progressTable(w io.Writer, repetitions int) {
	const worth, judged = 50, 2000
	at := []int{20, 100}
	costs := map[string][2]average{}
	for _, l := range laws[1:] {
		x := l.points(points)
		kappa := worth / mean(x)
		for _, c := range curves {
			sums := costs[c.name]
			for rep := range repetitions {
				s := adaptive.New(adaptive.Worth(time.Duration(float64(time.Second) / kappa)))
				draw, r, n := source(l, rep), rand.New(rand.NewPCG(7, uint64(rep))), 0
				for i, to := range at {
					for ; n < to; n++ {
						c.follow(s, fmt.Sprint("train-", rep, "-", n), draw(), r, true)
					}
					cost := 0.0
					for j := range judged {
						polls, late := c.follow(s, fmt.Sprint("judge-", j), x[(j*len(x)+len(x)/2)/judged], r, false)
						cost += float64(polls) + kappa*late
					}
					sums[i].add(cost / judged)
				}
			}
			costs[c.name] = sums
		}
	}
	fmt.Fprintf(w, "\nJobs whose service reports progress: cost over that of the same learner without (%d laws, κ·E[T] = %d, %d repetitions):\n\n",
		len(laws)-1, worth, repetitions)
	row(w, "progress, where the share x of the time has passed", "after 20 jobs", "after 100")
	rule(w, 3)
	none := costs["none"]
	for _, c := range curves[1:] {
		here := costs[c.name]
		row(w, c.name, f2(here[0].geometric()/none[0].geometric()), f2(here[1].geometric()/none[1].geometric()))
	}
}
