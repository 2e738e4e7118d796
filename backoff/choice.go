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

// ByKind uses the Strategy of the job's kind, or otherwise. Choose it if jobs of some kinds take
// seconds and jobs of other kinds take hours.
//
//	ByKind(map[string]Strategy{"thumbnail": Constant(time.Second)}, Constant(time.Minute))
//	kind  thumbnail  any other
//	wait  1s         1m
//
// A [Learner] among the strategies learns only from the jobs for which it is chosen. If one of the
// strategies is a [Ranker], the result is a Ranker too, as with [ByState] and [ByAge]. A job whose
// own Strategy is not a Ranker gets the rank of a job whose duration is unknown.
func ByKind(kinds map[string]Strategy, otherwise Strategy) Strategy {
	names, all := choices("ByKind", kinds, otherwise)
	find := func(kind string) int { return find(names, kind) }
	return (&choice{all: all,
		index: func(p Poll) int { return find(p.Kind) },
		told:  func(kind string) []inner { i := find(kind); return all[i : i+1] },
	}).kept()
}

// ByState uses the Strategy of the job's state in the newest answer, or otherwise. Choose it to
// poll a running job more often than a queued one.
//
//	ByState(map[string]Strategy{"running": Constant(2 * time.Second)}, Constant(20*time.Second))
//	state  running  pending  unknown
//	wait   2s       20s      20s
//
// The keys are "pending", "running", "blocked", "unknown", and "" before the first answer. Validate
// reports any other. Each Strategy gets the whole [Poll]: its Attempt counts all polls, not only
// those in the present state. A [Learner] among the strategies learns from every job.
func ByState(states map[string]Strategy, otherwise Strategy) Strategy {
	names, all := choices("ByState", states, otherwise)
	c := &choice{all: all, index: func(p Poll) int { return find(names, p.State) }}
	for _, name := range names {
		if !slices.Contains([]string{"", "pending", "running", "blocked", "unknown"}, name) {
			c.wrong = errors.Join(c.wrong, fmt.Errorf("backoff: ByState: state %q: must be pending, running, blocked or unknown", name))
		}
	}
	return c.kept()
}

// ByAge uses the Strategy of the smallest age that the watch has not reached, or otherwise if it
// has reached all. Choose it for a schedule such as every second for a minute, every ten seconds
// for an hour, then every minute.
//
//	ByAge(map[time.Duration]Strategy{
//		time.Minute: Constant(time.Second),
//		time.Hour:   Constant(10 * time.Second),
//	}, Constant(time.Minute))
//	age   under 1m  under 1h  1h and more
//	wait  1s        10s       1m
//
// The age is Elapsed of [Poll]. Ages must be above zero; Validate reports any other. Each Strategy
// gets the whole Poll. So a Strategy whose waits grow begins with the wait for the present Attempt.
// A [Learner] among the strategies learns from every job.
func ByAge(under map[time.Duration]Strategy, otherwise Strategy) Strategy {
	ages, all := choices("ByAge", under, otherwise)
	c := &choice{all: all, index: func(p Poll) int {
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

// choice uses one of several strategies for each poll.
type choice struct {
	all   []inner
	index func(Poll) int
	told  func(kind string) []inner // the strategies that learn from jobs of a kind; nil means all
	wrong error                     // what is wrong with the keys
}

func (c *choice) Next(p Poll) time.Duration { return c.all[c.index(p)].next(&p) }

func (c *choice) bounds(p Poll) (least, most time.Duration) { return c.all[c.index(p)].bounds(&p) }

func (c *choice) Validate() error {
	errs := []error{c.wrong}
	for _, i := range c.all {
		errs = append(errs, i.Validate())
	}
	return errors.Join(errs...)
}

// kept returns c as a Learner, a Follower and a Ranker if any Strategy within is one.
func (c *choice) kept() Strategy {
	var (
		l Learner
		f Follower
		r Ranker
	)
	for _, i := range c.all {
		if _, ok := i.Strategy.(Learner); ok {
			l = chosen{c}
		}
		if _, ok := i.Strategy.(Follower); ok {
			f = chosen{c}
		}
		if _, ok := i.Strategy.(Ranker); ok {
			r = chosen{c}
		}
	}
	return wrapped(c, l, f, r)
}

// learners returns the strategies that learn from jobs of a kind.
func (c *choice) learners(kind string) []inner {
	if c.told == nil {
		return c.all
	}
	return c.told(kind)
}

// chosen passes what a Learner, a Follower and a Ranker are told to the strategies of a choice.
type chosen struct{ *choice }

func (c chosen) Observe(o Outcome) {
	for _, i := range c.learners(o.Kind) {
		if l, ok := i.Strategy.(Learner); ok {
			l.Observe(o)
		}
	}
}

func (c chosen) Follow(key, kind string, age time.Duration) {
	for _, i := range c.learners(kind) {
		if f, ok := i.Strategy.(Follower); ok {
			f.Follow(key, kind, age)
		}
	}
}

// Rank returns the rank by the chosen Strategy. A Strategy that is no Ranker ranks a job like one
// of unknown duration.
func (c chosen) Rank(p Poll, since time.Duration) float64 {
	if r, ok := c.all[c.index(p)].Strategy.(Ranker); ok {
		return r.Rank(p, since)
	}
	return unknown(p, since)
}

// unknown ranks a job of unknown duration, as backoff/adaptive ranks a job of a kind that it does
// not know.
func unknown(p Poll, since time.Duration) float64 {
	const poll, certainty = 0.4, 0.1 // poll is the delay, in seconds, that a poll is worth
	age, passed := max(p.Elapsed, 0).Seconds(), max(since, 0).Seconds()
	from, to := math.Sqrt(age+poll), math.Sqrt(age+passed+poll)
	return (to - from) * (to - from) / (1 + certainty - (to-from)/to)
}

// choices returns the keys of from in order, and their strategies in the same order. The Strategy
// otherwise comes last.
func choices[K cmp.Ordered](of string, from map[K]Strategy, otherwise Strategy) (keys []K, all []inner) {
	keys = slices.Sorted(maps.Keys(from))
	for _, k := range keys {
		all = append(all, inner{fmt.Sprintf("%s: %v", of, k), from[k]})
	}
	return keys, append(all, inner{of + ": otherwise", otherwise})
}

// find returns the index of name in names, or len(names) if it is missing.
func find(names []string, name string) int {
	if i, ok := slices.BinarySearch(names, name); ok {
		return i
	}
	return len(names)
}
