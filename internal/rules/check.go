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
	known := make([]map[pattern][]value, t.places)
	for i := range known {
		known[i] = map[pattern][]value{}
	}
	for i := range t.rules {
		if !t.isReachable(i, known) {
			problems = append(problems, fmt.Errorf("%q can be reached by no answer: more specific rules fit all that it fits", t.rules[i].key))
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

// isReachable reports whether rule n decides about any answer. It looks for values of the places
// that none of the more specific rules fits, unless there are very many combinations to try. The
// samples of patterns at each place are kept in known.
func (t *Table[T]) isReachable(n int, known []map[pattern][]value) bool {
	choices := make([][]set, t.places)
	for i := range choices {
		p := t.rules[n].patterns[i]
		samples, ok := known[i][p]
		if !ok {
			samples = t.samples(&p, i)
			known[i][p] = samples
		}
		for _, v := range samples {
			fitting := newSet(n)
			for j := range t.rules[:n] {
				if t.lists[i].fits(&t.rules[j].patterns[i], &v) {
					fitting.add(j)
				}
			}
			choices[i] = keepLeast(choices[i], fitting)
		}
		if choices[i] == nil {
			return false
		}
	}
	all := newSet(n)
	for j := range n {
		all.add(j)
	}
	tries := maxTried
	return escapes(choices, all, &tries)
}

// escapes reports whether a choice at each place leaves no rule of those that fit, or that it gave
// up trying.
func escapes(choices [][]set, fitting set, tries *int) bool {
	if fitting.isEmpty() {
		return true
	}
	if len(choices) == 0 {
		return false
	}
	for _, c := range choices[0] {
		if *tries--; *tries < 0 || escapes(choices[1:], fitting.and(c), tries) {
			return true
		}
	}
	return false
}

// set is some of the rules, by their numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) isEmpty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s set) and(o set) set {
	both := make(set, len(s))
	for i := range s {
		both[i] = s[i] & o[i]
	}
	return both
}

// in reports whether o has all that s has.
func (s set) in(o set) bool {
	for i := range s {
		if s[i]&^o[i] != 0 {
			return false
		}
	}
	return true
}

// keepLeast adds s to sets, of which it keeps those that have none of the others in them.
func keepLeast(sets []set, s set) []set {
	least := sets[:0]
	for _, o := range sets {
		if o.in(s) {
			return sets // it is no better
		}
	}
	for _, o := range sets {
		if !s.in(o) {
			least = append(least, o)
		}
	}
	return append(least, s)
}

// samples returns the values at place i that p fits and that rules tell apart.
func (t *Table[T]) samples(p *pattern, i int) (samples []value) {
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
