package main

import (
	"container/heap"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// This file simulates one Watcher at its rate limit. For each request that it may make, it polls
// one of the watches that are due. Times are in seconds.

// load is a mix of jobs that arrive one by one, at random.
type load struct {
	name  string
	kinds []share
}

// share is a kind, its share of the jobs, and how long its jobs take.
type share struct {
	kind string
	of   float64
	law  law
}

const (
	arrivals = 0.5 // jobs per second
	// Jobs that end between settled and horizon count, and so do the requests in that time.
	settled = 1500.0
	horizon = 4500.0
	beyond  = 20000.0 // jobs arrive until this time at the latest, so that the load stays constant
	known   = 100     // number of jobs of each kind that a learner has watched before, without a limit
)

// A Watcher ranks the watch that has been due for the longest, and a number of others drawn at
// random. One time in fair, it polls the former, whatever its rank is.
const (
	samples = 16
	fair    = 8
)

var loads = []load{
	{"narrow", []share{{"10 s", 0.6, lasting("uniform 5-15", 10)}, {"60 s", 0.3, lasting("lognormal .5", 60)}, {"600 s", 0.1, lasting("weibull 3", 600)}}},
	{"wide", []share{{"10 s", 0.6, lasting("exponential", 10)}, {"60 s", 0.3, lasting("lognormal 1", 60)}, {"600 s", 0.1, lasting("lognormal 1", 600)}}},
	{"mixed", []share{{"10 s", 0.4, lasting("constant", 10)}, {"60 s", 0.4, lasting("mixture", 60)}, {"600 s", 0.2, lasting("weibull .5", 600)}}},
	{"long tails", []share{{"10 s", 0.5, lasting("pareto 1.5", 10)}, {"60 s", 0.3, lasting("lognormal 2", 60)}, {"600 s", 0.2, lasting("exponential", 600)}}},
	{"one kind", []share{{"60 s", 1, lasting("lognormal 1", 60)}}},
}

// lasting returns the law of that name, scaled to a mean.
func lasting(name string, seconds float64) law {
	l := laws[slices.IndexFunc(laws, func(l law) bool { return l.name == name })]
	return l.scaled(seconds / mean(l.points(points)))
}

// followed is a job and its watch.
type followed struct {
	backoff.Poll
	begin, end, due float64
}

// jobs draws the jobs of one repetition.
func (l load) jobs(repetition int) []*followed {
	r := rand.New(rand.NewPCG(31, uint64(repetition)))
	var all []*followed
	for t := r.ExpFloat64() / arrivals; t < beyond; t += r.ExpFloat64() / arrivals {
		i, u := 0, r.Float64()
		for ; i < len(l.kinds)-1 && u >= l.kinds[i].of; i++ {
			u -= l.kinds[i].of
		}
		k := l.kinds[i]
		all = append(all, &followed{
			Poll:  backoff.Poll{Key: "job-" + strconv.Itoa(len(all)), Kind: k.kind},
			begin: t, end: t + k.law.quantile(r.Float64()),
		})
	}
	return all
}

// service is the simulation: a Strategy, a limit, and the watches.
type service struct {
	backoff.Strategy
	gap float64 // time between two requests; 0 for no limit
	// pick returns which of the due watches to poll. The first of them has been due for the longest.
	pick func(due []*followed, t float64) int

	now     float64
	coming  []*followed // in the order in which they begin
	waiting dueFirst
	due     []*followed // in the order in which they became due
	delays  []float64   // delays of the jobs that count
	polls   float64     // number of polls of these jobs
	made    float64     // requests between settled and horizon
}

// run follows the jobs until all that count are known to have ended. It returns their score and the
// requests per second.
func (s *service) run(jobs []*followed) (score, float64) {
	s.coming = jobs
	left := 0
	for _, f := range jobs {
		if f.counts() {
			left++
		}
	}
	for next := 0.0; len(s.delays) < left; next = s.now + s.gap {
		s.now = max(s.now, next)
		s.admit()
		for len(s.due) == 0 {
			s.now = s.upcoming()
			s.admit()
		}
		i := s.pick(s.due, s.now)
		f := s.due[i]
		s.due = slices.Delete(s.due, i, i+1)
		s.poll(f)
	}
	slices.Sort(s.delays)
	n := float64(len(s.delays))
	return score{s.polls / n, mean(s.delays), s.delays[len(s.delays)*99/100]}, s.made / (horizon - settled)
}

func (f *followed) counts() bool { return settled <= f.end && f.end < horizon }

// upcoming returns when a watch next begins or becomes due.
func (s *service) upcoming() float64 {
	t := math.Inf(1)
	if len(s.coming) > 0 {
		t = s.coming[0].begin
	}
	if len(s.waiting) > 0 {
		t = min(t, s.waiting[0].due)
	}
	return t
}

// admit begins the watches of jobs that have come, and finds those that are due.
func (s *service) admit() {
	for t := s.upcoming(); t <= s.now; t = s.upcoming() {
		if len(s.coming) > 0 && s.coming[0].begin == t {
			s.wait(s.coming[0], t)
			s.coming = s.coming[1:]
			continue
		}
		s.due = append(s.due, heap.Pop(&s.waiting).(*followed))
	}
}

func (s *service) wait(f *followed, now float64) {
	f.due = now + s.Next(f.Poll).Seconds()
	heap.Push(&s.waiting, f)
}

func (s *service) poll(f *followed) {
	if settled <= s.now && s.now < horizon {
		s.made++
	}
	age := seconds(s.now - f.begin)
	f.Attempt++
	if s.now < f.end {
		f.Elapsed, f.Previous = age, age-f.Elapsed
		s.wait(f, s.now)
		return
	}
	if l, ok := s.Strategy.(backoff.Learner); ok {
		l.Observe(backoff.Outcome{Key: f.Key, Kind: f.Kind, After: f.Elapsed, Before: age, Ended: true})
	}
	if f.counts() {
		s.delays = append(s.delays, s.now-f.end)
		s.polls += float64(f.Attempt)
	}
}

// dueFirst is a heap of watches that wait.
type dueFirst []*followed

func (q dueFirst) Len() int           { return len(q) }
func (q dueFirst) Less(i, j int) bool { return q[i].due < q[j].due }
func (q dueFirst) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *dueFirst) Push(x any)        { *q = append(*q, x.(*followed)) }
func (q *dueFirst) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// order makes the function that picks the watch to poll.
type order func(backoff.Strategy) func(due []*followed, t float64) int

func firstCome(backoff.Strategy) func([]*followed, float64) int {
	return func([]*followed, float64) int { return 0 }
}

func (f *followed) rank(s backoff.Strategy, t float64) float64 {
	return s.(backoff.Ranker).Rank(f.Poll, seconds(t-f.begin)-f.Elapsed)
}

func byRank(s backoff.Strategy) func([]*followed, float64) int {
	return func(due []*followed, t float64) int {
		best, most := 0, math.Inf(-1)
		for i, f := range due {
			if r := f.rank(s, t); r > most {
				best, most = i, r
			}
		}
		return best
	}
}

// bySample ranks the first watch and a number of others drawn at random. One time in fair, it takes
// the first, whatever its rank is. If fair is 0, it never does.
func bySample(samples, fair int) order {
	return func(s backoff.Strategy) func([]*followed, float64) int {
		r, picks := rand.New(rand.NewPCG(32, 1)), 0
		return func(due []*followed, t float64) int {
			if picks++; len(due) == 1 || fair > 0 && picks%fair == 0 {
				return 0
			}
			best, most := 0, due[0].rank(s, t)
			for range samples {
				i := r.IntN(len(due))
				if rank := due[i].rank(s, t); rank > most {
					best, most = i, rank
				}
			}
			return best
		}
	}
}

// wanted is a setting of the learner, and the fixed interval to compare it with, for jobs of a mean
// duration.
type wanted struct {
	name  string
	opt   adaptive.Option
	fixed func(mean float64) float64
}

var wants = []wanted{
	{"5 a job", adaptive.About(5), func(mean float64) float64 { return mean / 4.5 }},
	{"worth 4 s", adaptive.Worth(4 * time.Second), func(mean float64) float64 { return math.Sqrt(2 * mean * 4) }},
}

// learner makes copies of an Adaptive that has watched some jobs of each kind.
func (w wanted) learner(l load, repetition int) func() backoff.Strategy {
	s := adaptive.New(w.opt)
	r := rand.New(rand.NewPCG(33, uint64(repetition)))
	for _, k := range l.kinds {
		for i := range known {
			_, after, before := watchOf(s, "known-"+strconv.Itoa(i), k.kind, k.law.quantile(r.Float64()))
			s.Observe(backoff.Outcome{Kind: k.kind, After: after, Before: before, Ended: true})
		}
	}
	data, _ := s.MarshalBinary() // the error is always nil
	return func() backoff.Strategy {
		s := adaptive.New(w.opt)
		if err := s.UnmarshalBinary(data); err != nil {
			panic(err)
		}
		return s
	}
}

// interval is a Strategy with a fixed interval for each kind.
func (w wanted) interval(l load) backoff.Strategy {
	kinds := map[string]backoff.Strategy{}
	for _, k := range l.kinds {
		kinds[k.kind] = backoff.Constant(seconds(w.fixed(mean(k.law.points(points)))))
	}
	return backoff.ByKind(kinds, nil)
}

// binding are the limits: shares of the requests that the learner would make without one.
var binding = []float64{0.9, 0.7, 0.5, 0.3}

// limited are the scores under one limit.
type limited struct{ fixed, first, ranked, sampled score }

// underLimits runs a load under each limit.
func underLimits(w wanted, l load, repetition int, limits []float64) []limited {
	learner := w.learner(l, repetition)
	_, rate := l.under(learner(), 0, firstCome, repetition)
	all := make([]limited, len(limits))
	for i, share := range limits {
		gap := 1 / (share * rate)
		all[i].fixed, _ = l.under(w.interval(l), gap, firstCome, repetition)
		all[i].first, _ = l.under(learner(), gap, firstCome, repetition)
		all[i].ranked, _ = l.under(learner(), gap, byRank, repetition)
		all[i].sampled, _ = l.under(learner(), gap, bySample(samples, fair), repetition)
	}
	return all
}

// under runs a load and returns the score and the requests per second.
func (l load) under(s backoff.Strategy, gap float64, o order, repetition int) (score, float64) {
	x := service{Strategy: s, gap: gap, pick: o(s)}
	return x.run(l.jobs(repetition))
}

// limitTable prints how much ranking gains at a rate limit.
func limitTable(w io.Writer, repetitions int) {
	fmt.Fprintf(w, "\nUnder a rate limit, a share of what the learner would ask for: delay in s, mean (p99), and over that of first come, first served "+
		"(%d runs of mixes of kinds of 10, 60 and 600 s; a sample is the first and %d others, each %dth time the first alone):\n\n",
		len(loads)*repetitions, samples, fair)
	row(w, "asked for", "limit", "requests a job", "fixed interval", "first come", "by rank", "ratio", "by rank of a sample", "ratio")
	rule(w, 9)
	for _, want := range wants {
		runs := make([][]limited, len(loads)*repetitions)
		together(len(runs), func(i int) { runs[i] = underLimits(want, loads[i/repetitions], i%repetitions, binding) })
		for n, share := range binding {
			var polls, ranked, sampled average
			var means, p99s [4]average
			for _, run := range runs {
				x := run[n]
				polls.add(x.sampled.n)
				ranked.add(x.ranked.d / x.first.d)
				sampled.add(x.sampled.d / x.first.d)
				for i, s := range []score{x.fixed, x.first, x.ranked, x.sampled} {
					means[i].add(s.d)
					p99s[i].add(s.p99)
				}
			}
			delay := func(i int) string {
				return fmt.Sprintf("%.1f (%.0f)", means[i].arithmetic(), p99s[i].arithmetic())
			}
			row(w, want.name, share, f2(polls.arithmetic()), delay(0), delay(1), delay(2), f2(ranked.geometric()), delay(3), f2(sampled.geometric()))
		}
	}
}
