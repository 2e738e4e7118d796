package main

import (
	"cmp"
	"fmt"
	"io"
	"math"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// holdRules are the rules that are compared. The others are measured against the first. The second
// holds no watch.
var holdRules = []holdRule{
	{name: "whoever is due", index: func(*keeper, contender) float64 { return 1 }, length: full},
	{name: "nobody", index: func(*keeper, contender) float64 { return math.Inf(-1) }, length: full},
	{name: "rank in 5 s, when due", index: rankIn(5), length: full},
	{name: "rank in 5 s, when answered", index: rankIn(5), length: full, answered: true, within: true},
	{name: "rank in 20 s, when answered", index: rankIn(20), length: full, answered: true, within: true},
	{name: "rank in 5 s, at any check", index: rankIn(5), length: full, answered: true, checked: true, within: true},
	{name: "rank in 5 s, when answered, for ten waits", index: rankIn(5), answered: true, within: true,
		length: func(c contender) float64 { return 10 * c.wait }},
	{name: "chance by the law, when due", index: byLaw, length: full},
}

func full(contender) float64 { return longestHold }

// rankIn weighs a contender by the rank that its poll will have after a time.
func rankIn(d float64) func(k *keeper, c contender) float64 {
	return func(k *keeper, c contender) float64 {
		p := c.Poll
		p.Elapsed = seconds(c.age)
		return k.Strategy.(backoff.Ranker).Rank(p, seconds(d))
	}
}

// byLaw weighs a contender by the true probability that its job ends within a second.
func byLaw(_ *keeper, c contender) float64 {
	live := c.law.beyond(c.age)
	if live <= 0 {
		return 1
	}
	return 1 - c.law.beyond(c.age+1)/live
}

// beyond returns the probability of a duration longer than t.
func (l law) beyond(t float64) float64 {
	low, high := 0.0, 1.0
	for range 40 {
		if mid := (low + high) / 2; l.quantile(mid) <= t {
			low = mid
		} else {
			high = mid
		}
	}
	return 1 - low
}

// holdMix is a mix of jobs that are pending at once.
type holdMix struct {
	name  string
	kinds []share
}

// holdMixes are the nine laws, each as one kind of 60 s and as three of 10, 60 and 600 s.
func holdMixes() (all []holdMix) {
	for _, l := range nineLaws {
		to := func(seconds float64) law { return l.scaled(seconds / mean(l.points(points))) }
		all = append(all, holdMix{l.name, []share{{"60 s", 1, to(60)}}},
			holdMix{"mix of " + l.name, []share{{"10 s", 0.6, to(10)}, {"60 s", 0.3, to(60)}, {"600 s", 0.1, to(600)}}})
	}
	return all
}

// span returns the mean duration, the mean duration of the longest kind, and the two times between
// which jobs count.
func (m holdMix) span() (mean1, longest, from, to float64) {
	for _, k := range m.kinds {
		of := mean(k.law.points(points))
		mean1, longest = mean1+k.of*of, max(longest, of)
	}
	if longest > 300 {
		return mean1, longest, 1200, 1900
	}
	return mean1, longest, 300, 700
}

// play runs a rule with a learner with the given worth.
func (m holdMix) play(r holdRule, worth float64) score {
	_, longest, from, to := m.span()
	k := keeper{Strategy: adaptive.New(adaptive.Worth(seconds(worth))), holdRule: r, choice: choice{steep: cmp.Or(r.steep, steepness)}}
	return k.run(drawVigils(m.kinds, to+longest, 1), from, to)
}

// atRequests plays a rule with the worth at which it makes about the given number of requests per
// job.
func (m holdMix) atRequests(r holdRule, worth, requests float64) (s score) {
	at := math.Log(worth)
	low, high := at-4, at+4
	for range 6 {
		s = m.play(r, math.Exp(at))
		if math.Abs(s.n/requests-1) < 0.02 {
			return s
		}
		if s.n > requests {
			low = at
		} else {
			high = at
		}
		at = (low + high) / 2
	}
	return s
}

// holdTables prints the scores of the rules, and the least possible mean delay.
func holdTables(w io.Writer, only string) {
	fmt.Fprintf(w, "\nMean delay in s where %d jobs are pending and %d requests are held, at the requests a job that the first rule "+
		"makes with κ·E[T] = %d:\n\n", pending, slots, overlapWorth)
	row(w, "law", "rule", "requests a job", "mean delay", "ratio", "p99")
	rule(w, 6)
	for _, m := range holdMixes() {
		if only != "" && only != m.name {
			continue
		}
		mean, _, _, _ := m.span()
		base := m.play(holdRules[0], mean/overlapWorth)
		scores := make([]score, len(holdRules))
		together(len(holdRules), func(i int) {
			if scores[i] = base; i > 0 {
				scores[i] = m.atRequests(holdRules[i], mean/overlapWorth, base.n)
			}
		})
		for i, s := range scores {
			row(w, m.name, holdRules[i].name, f2(s.n), f3(s.d), f2(s.d/base.d), f2(s.p99))
		}
		least := bound(m.kinds, base.n, slots)
		row(w, m.name, "the least possible by the law", f2(base.n), f3(least), f2(least/base.d), "")
	}
}
