package rules

import (
	"slices"

	"github.com/iamber12/job-status-monitoring/internal/place"
)

// column holds the patterns of all rules at one place, each pattern once, and how they relate. The
// number of a pattern is its index in patterns.
type column struct {
	lexicon  *lexicon
	patterns []pattern
	rows     [][]relation // the relations of each pattern that may fit several values; nil for other patterns
	sampled  [][]value    // the results of samples, or nil for patterns without a call of samples
}

// relation is a set of facts about two patterns, or about two rules.
type relation uint8

const (
	covers  relation = 1 << iota // the first fits all that the second fits
	covered                      // the second fits all that the first fits
	meets                        // a value may fit both
	exact                        // one pattern fits just the values that fit both
)

// newColumn returns the column of some patterns and, for each of them, its number.
func newColumn(all []*pattern, l *lexicon) (c column, numbers []int) {
	c.lexicon = l
	known := make(map[pattern]int, len(all))
	for _, p := range all {
		n, ok := known[*p]
		if !ok {
			n = len(c.patterns)
			known[*p] = n
			c.patterns = append(c.patterns, *p)
		}
		numbers = append(numbers, n)
	}
	c.rows, c.sampled = make([][]relation, len(c.patterns)), make([][]value, len(c.patterns))
	for i := range c.patterns {
		p := &c.patterns[i]
		if p.kind == word || p.kind == absent {
			continue
		}
		c.rows[i] = make([]relation, len(c.patterns))
		for j := range c.patterns {
			c.rows[i][j] = p.relate(&c.patterns[j])
		}
	}
	return c, numbers
}

// relate returns how p relates to q.
func (p *pattern) relate(q *pattern) (r relation) {
	if p.covers(q) {
		r |= covers
	}
	if q.covers(p) {
		r |= covered
	}
	if _, ok, meet := p.meets(q); meet {
		r |= meets
		if ok {
			r |= exact
		}
	}
	return r
}

// relate returns how pattern a relates to pattern b.
func (c *column) relate(a, b int) relation {
	switch {
	case a == b:
		return covers | covered | meets | exact
	case c.rows[a] != nil:
		return c.rows[a][b]
	case c.rows[b] == nil: // two words, or a word and absent
		return 0
	}
	r := c.rows[b][a]
	turned := r & (meets | exact)
	if r&covers != 0 {
		turned |= covered
	}
	if r&covered != 0 {
		turned |= covers
	}
	return turned
}

// fitsOwn reports whether pattern n fits its own sample. Only a word that is too long does not fit
// it.
func (c *column) fitsOwn(n int) bool {
	v := c.patterns[n].sample()
	c.lexicon.look(&v)
	return c.lexicon.fits(&c.patterns[n], &v)
}

// samples returns values that pattern n fits and that other patterns distinguish.
func (c *column) samples(n int) []value {
	if c.sampled[n] != nil {
		return c.sampled[n]
	}
	p, samples := &c.patterns[n], []value{}
	add := func(v value) {
		c.lexicon.look(&v)
		if c.lexicon.fits(p, &v) && !slices.Contains(samples, v) {
			samples = append(samples, v)
		}
	}
	add(p.sample())
	add(value{kind: place.Nothing})
	add(value{kind: place.Composite})
	for i := range c.patterns {
		q := &c.patterns[i]
		add(q.sample())
		if both, ok, _ := p.meets(q); ok {
			add(both.sample())
		}
	}
	c.sampled[n] = samples
	return samples
}
