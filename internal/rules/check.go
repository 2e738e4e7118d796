package rules

import (
	"fmt"
	"strings"
)

// checker looks for mistakes in the rules of a Table. It is used only during New.
type checker[T comparable] struct {
	*Table[T]
	columns []column
	numbers [][]int // numbers[i][n] is the number of the pattern of rule n in column i
}

// check returns what is wrong with the rules together. Two rules conflict if they fit the same
// answer, have different meanings, and neither is more specific, unless they are rivals. A rule is
// useless if more specific rules fit all that it fits.
func (t *Table[T]) check() (problems []error) {
	c := newChecker(t)
	for i := range t.rules {
		for j := range i {
			if err := c.compare(j, i); err != nil {
				problems = append(problems, err)
			}
		}
	}
	if problems != nil {
		return problems
	}
	for i := range t.rules {
		if !c.isReachable(i) {
			problems = append(problems, fmt.Errorf("%q can be reached by no answer: more specific rules fit all that it fits", t.rules[i].key))
		}
	}
	return problems
}

func newChecker[T comparable](t *Table[T]) *checker[T] {
	c := &checker[T]{Table: t, columns: make([]column, t.places), numbers: make([][]int, t.places)}
	for i := range c.columns {
		all := make([]*pattern, len(t.rules))
		for n := range t.rules {
			all[n] = &t.rules[n].patterns[i]
		}
		c.columns[i], c.numbers[i] = newColumn(all, &t.lists[i])
	}
	return c
}

// relate returns how rule a relates to rule b: the facts that are true of their patterns at every
// place.
func (c *checker[T]) relate(a, b int) relation {
	r := covers | covered | meets | exact
	for i := range c.columns {
		if r &= c.columns[i].relate(c.numbers[i][a], c.numbers[i][b]); r&meets == 0 {
			return 0
		}
	}
	return r
}

// compare returns what is wrong with two rules together. If they fit the same answers, and no rule
// can fit just those answers, the two become rivals.
func (c *checker[T]) compare(one, other int) error {
	a, b := &c.rules[one], &c.rules[other]
	if a.means == b.means {
		return nil
	}
	switch r := c.relate(one, other); {
	case r&meets == 0:
		return nil
	case r&covers != 0 && r&covered != 0:
		return fmt.Errorf("%q and %q are the same rule, and mean %v and %v", a.key, b.key, a.means, b.means)
	case r&(covers|covered) != 0:
		return nil
	case r&exact == 0:
		a.rivals, b.rivals = append(a.rivals, other), append(b.rivals, one)
		return nil
	default:
		return c.conflict(a, b)
	}
}

// conflict returns the error of two rules that fit the same answers, unless a third rule decides
// about these answers.
func (t *Table[T]) conflict(a, b *rule[T]) error {
	both, names := make([]pattern, t.places), make([]string, t.places)
	for i := range both {
		both[i], _, _ = a.patterns[i].meets(&b.patterns[i])
		names[i] = both[i].String()
	}
	if t.has(both) {
		return nil
	}
	return fmt.Errorf("%q (%v) and %q (%v) fit the same answers, and neither is more specific: say what %q means",
		a.key, a.means, b.key, b.means, strings.Join(names, ", "))
}

// has reports whether there is a rule with exactly these patterns.
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

// isReachable reports whether rule n decides about any answer. It looks for values that rule n fits
// and no more specific rule fits. If there are very many combinations of values, it gives up and
// returns true.
func (c *checker[T]) isReachable(n int) bool {
	rivals := c.rivals(n)
	if len(rivals) == 0 && c.fitsOwn(n) {
		return true
	}
	choices := make([][]set, c.places)
	for i := range choices {
		for _, v := range c.columns[i].samples(c.numbers[i][n]) {
			fitting := newSet(len(rivals))
			for k, j := range rivals {
				if c.lists[i].fits(&c.rules[j].patterns[i], &v) {
					fitting.add(k)
				}
			}
			choices[i] = keepLeast(choices[i], fitting)
		}
		if choices[i] == nil {
			return false
		}
	}
	all := newSet(len(rivals))
	for k := range rivals {
		all.add(k)
	}
	tries := maxTried
	return escapes(choices, all, &tries)
}

// rivals returns the rules that are tried before rule n and may fit an answer that rule n fits.
func (c *checker[T]) rivals(n int) (rivals []int) {
	for i := range n {
		if c.relate(i, n)&meets != 0 {
			rivals = append(rivals, i)
		}
	}
	return rivals
}

// fitsOwn reports whether rule n fits an answer that consists of the samples of its patterns.
func (c *checker[T]) fitsOwn(n int) bool {
	for i := range c.columns {
		if !c.columns[i].fitsOwn(c.numbers[i][n]) {
			return false
		}
	}
	return true
}

// escapes reports whether there are choices, one at each place, that none of the fitting rules
// fits. It also returns true if it gives up.
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
