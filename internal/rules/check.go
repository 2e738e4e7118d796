package rules

import (
	"fmt"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
)

// check returns what is wrong with the rules together: two that fit the same and mean different
// things, of which neither is more specific, and those that nothing can reach.
func (t *Table[T]) check() (problems []error) {
	for i := range t.rules {
		for j := range i {
			if err := t.compare(&t.rules[j], &t.rules[i]); err != nil {
				problems = append(problems, err)
			}
		}
	}
	if problems != nil {
		return problems
	}
	for i := range t.rules {
		if r := &t.rules[i]; !t.isReachable(r) {
			problems = append(problems, fmt.Errorf("%q can be reached by no answer: more specific rules fit all that it fits", r.key))
		}
	}
	return problems
}

// compare returns what is wrong with two rules together.
func (t *Table[T]) compare(a, b *rule[T]) error {
	if a.means == b.means {
		return nil
	}
	both := make([]pattern, t.places)
	exact := true
	for i := range both {
		p, ok, meets := a.patterns[i].meets(&b.patterns[i])
		if !meets {
			return nil
		}
		both[i], exact = p, exact && ok
	}
	switch one, other := a.covers(b), b.covers(a); {
	case one && other:
		return fmt.Errorf("%q and %q are the same rule, and mean %v and %v", a.key, b.key, a.means, b.means)
	case one || other || exact && t.has(both):
		return nil
	}
	names := make([]string, len(both))
	for i := range both {
		names[i] = both[i].String()
	}
	hint := ""
	if exact {
		hint = fmt.Sprintf(": say what %q means", strings.Join(names, ", "))
	}
	return fmt.Errorf("%q (%v) and %q (%v) fit the same answers, and neither is more specific%s", a.key, a.means, b.key, b.means, hint)
}

// has reports whether there is a rule of just these patterns.
func (t *Table[T]) has(patterns []pattern) bool {
rules:
	for i := range t.rules {
		for j := range patterns {
			if t.rules[i].patterns[j] != patterns[j] {
				continue rules
			}
		}
		return true
	}
	return false
}

// isReachable reports whether r decides about any answer. It tries those that differ for any of
// the rules, unless there are very many.
func (t *Table[T]) isReachable(r *rule[T]) bool {
	samples := make([][]value, t.places)
	combinations := 1
	for i := range samples {
		samples[i] = t.samples(r, i)
		if combinations *= len(samples[i]); combinations > maxTried {
			return true
		}
	}
	all := make([]value, t.places)
	for n := range combinations {
		for i := range samples {
			all[i] = samples[i][n%len(samples[i])]
			n /= len(samples[i])
		}
		if t.first(all) == r {
			return true
		}
	}
	return false
}

// samples returns the values at place i that r fits and that other rules tell apart.
func (t *Table[T]) samples(r *rule[T], i int) (samples []value) {
	p := &r.patterns[i]
	add := func(v value) {
		t.lists[i].look(&v)
		if !t.lists[i].fits(p, &v) {
			return
		}
		for _, old := range samples {
			if old == v {
				return
			}
		}
		samples = append(samples, v)
	}
	add(p.sample())
	add(value{kind: place.Nothing})
	add(value{kind: place.Composite})
	for j := range t.rules {
		q := &t.rules[j].patterns[i]
		add(q.sample())
		if both, ok, _ := p.meets(q); ok {
			add(both.sample())
		}
	}
	return samples
}
