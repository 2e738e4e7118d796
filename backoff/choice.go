package backoff

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// ByKind asks the Strategy of the job's kind, or otherwise. Choose it where jobs of some kinds take
// seconds and of others hours.
//
//	ByKind(map[string]Strategy{"thumbnail": Constant(time.Second)}, Constant(time.Minute))
//	kind  thumbnail  any other
//	wait  1s         1m
//
// A Learner within is told of the kinds that are its own. If any within is a Ranker, the answer is
// one, here and below: it ranks a job whose Strategy is none as one that may last any time.
func ByKind(kinds map[string]Strategy, otherwise Strategy) Strategy {
	names, all := choices("ByKind", kinds, otherwise)
	find := func(kind string) int { return find(names, kind) }
	return choice{all: all,
		index: func(p Poll) int { return find(p.Kind) },
		told:  func(kind string) []inner { i := find(kind); return all[i : i+1] },
	}.kept()
}

// ByState asks the Strategy of the job's state in the newest answer, or otherwise. Choose it to ask
// after a running job more often than after one that is queued.
//
//	ByState(map[string]Strategy{"running": Constant(2 * time.Second)}, Constant(20*time.Second))
//	state  running  pending  unknown
//	wait   2s       20s      20s
//
// States are as in Poll: "pending", "running", "unknown", and "" before the first answer; Validate
// reports any other. Each Strategy is told all of the Poll: its Attempt counts all polls, not those
// in this state. A Learner within is told of every job.
func ByState(states map[string]Strategy, otherwise Strategy) Strategy {
	names, all := choices("ByState", states, otherwise)
	c := choice{all: all, index: func(p Poll) int { return find(names, p.State) }}
	for _, name := range names {
		if !slices.Contains([]string{"", "pending", "running", "unknown"}, name) {
			c.wrong = errors.Join(c.wrong, fmt.Errorf("backoff: ByState: state %q: is none that a job waits in", name))
		}
	}
	return c.kept()
}

// ByAge asks the Strategy of the next greater age while the watch is younger than that, and
// otherwise once it is older than all. Choose it where the pace is agreed on by the clock, such as
// every second for a minute, every ten for an hour, then every minute.
//
//	ByAge(map[time.Duration]Strategy{
//		time.Minute: Constant(time.Second),
//		time.Hour:   Constant(10 * time.Second),
//	}, Constant(time.Minute))
//	age   under 1m  under 1h  1h and more
//	wait  1s        10s       1m
//
// An age is a Poll's Elapsed; it must be above zero, which Validate sees to. Each Strategy is told
// all of the Poll, so one that grows goes on from the Attempt that it finds. A Learner within is
// told of every job.
func ByAge(under map[time.Duration]Strategy, otherwise Strategy) Strategy {
	ages, all := choices("ByAge", under, otherwise)
	c := choice{all: all, index: func(p Poll) int {
		i, reached := slices.BinarySearch(ages, max(p.Elapsed, 0))
		if reached {
			i++
		}
		return i
	}}
	for _, age := range ages {
		if age <= 0 {
			c.wrong = errors.Join(c.wrong, fmt.Errorf("backoff: ByAge: age %v: must be above zero", age))
		}
	}
	return c.kept()
}

// choice asks one of several.
type choice struct {
	all   []inner
	index func(Poll) int
	told  func(kind string) []inner // those who learn of jobs of a kind, all if nil
	wrong error                     // about what is chosen by
}

func (c choice) Next(p Poll) time.Duration { return c.all[c.index(p)].next(p) }

func (c choice) bounds(p Poll) (least, most time.Duration) { return c.all[c.index(p)].bounds(p) }

func (c choice) Validate() error {
	errs := []error{c.wrong}
	for _, i := range c.all {
		errs = append(errs, i.Validate())
	}
	return errors.Join(errs...)
}

// kept returns c, which is also a Learner, a Follower and a Ranker if it chooses from one.
func (c choice) kept() Strategy {
	var learns, follows, ranks bool
	for _, i := range c.all {
		_, learner := i.Strategy.(Learner)
		_, follower := i.Strategy.(Follower)
		_, ranker := i.Strategy.(Ranker)
		learns, follows, ranks = learns || learner, follows || follower, ranks || ranker
	}
	switch {
	case follows && ranks:
		return followingRankingChoice{followingChoice{learningChoice{c}}}
	case follows:
		return followingChoice{learningChoice{c}}
	case learns && ranks:
		return learningRankingChoice{learningChoice{c}}
	case learns:
		return learningChoice{c}
	case ranks:
		return rankingChoice{c}
	}
	return c
}

// learners returns those who learn of jobs of a kind.
func (c choice) learners(kind string) []inner {
	if c.told == nil {
		return c.all
	}
	return c.told(kind)
}

type learningChoice struct{ choice }

func (c learningChoice) Observe(o Outcome) {
	for _, i := range c.learners(o.Kind) {
		if l, ok := i.Strategy.(Learner); ok {
			l.Observe(o)
		}
	}
}

type followingChoice struct{ learningChoice }

func (c followingChoice) Follow(key, kind string, age time.Duration) {
	for _, i := range c.learners(kind) {
		if f, ok := i.Strategy.(Follower); ok {
			f.Follow(key, kind, age)
		}
	}
}

type rankingChoice struct{ choice }

func (c rankingChoice) Rank(p Poll, since time.Duration) float64 { return c.rank(p, since) }

type learningRankingChoice struct{ learningChoice }

func (c learningRankingChoice) Rank(p Poll, since time.Duration) float64 { return c.rank(p, since) }

type followingRankingChoice struct{ followingChoice }

func (c followingRankingChoice) Rank(p Poll, since time.Duration) float64 { return c.rank(p, since) }

// rank returns the rank by the chosen Strategy. One that is no Ranker ranks a job as one that may
// last any time.
func (c choice) rank(p Poll, since time.Duration) float64 {
	if r, ok := c.all[c.index(p)].Strategy.(Ranker); ok {
		return r.Rank(p, since)
	}
	return unknown(p, since)
}

// unknown ranks a job that may last any time, as backoff/adaptive ranks one of a kind that it knows
// nothing of.
func unknown(p Poll, since time.Duration) float64 {
	const poll, certainty = 0.4, 0.1 // a poll is worth so many seconds of delay
	age, passed := max(p.Elapsed, 0).Seconds(), max(since, 0).Seconds()
	from, to := math.Sqrt(age+poll), math.Sqrt(age+passed+poll)
	return (to - from) * (to - from) / (1 + certainty - (to-from)/to)
}

// choices returns the keys of from in order, and in the same order what they stand for, with
// otherwise at the end.
func choices[K cmp.Ordered](of string, from map[K]Strategy, otherwise Strategy) (keys []K, all []inner) {
	keys = slices.Sorted(maps.Keys(from))
	for _, k := range keys {
		all = append(all, inner{fmt.Sprintf("%s: %v", of, k), from[k]})
	}
	return keys, append(all, inner{of + ": otherwise", otherwise})
}

// find returns the place of name among names, or the one behind them.
func find(names []string, name string) int {
	if i, ok := slices.BinarySearch(names, name); ok {
		return i
	}
	return len(names)
}
