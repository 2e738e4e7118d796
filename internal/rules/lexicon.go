package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
)

// lexicon holds the words that rules name at one place. A text stands for the word with the same
// spelling. If there is none, it stands for the word that differs from it only by case and
// surrounding space, or for the number with the same value. If several words with different
// meanings qualify, it stands for none.
type lexicon struct {
	exact   map[string]struct{}
	folded  map[string]string // from a folded text to its word
	numbers map[string]string // from the value of a number to its word
}

// newLexicon returns the words that rules name at place i.
func newLexicon[T comparable](rules []rule[T], i int) lexicon {
	l := lexicon{exact: map[string]struct{}{}}
	namers := map[string][]int{} // the rules that name each word
	for n := range rules {
		if p := &rules[n].patterns[i]; p.kind == word {
			l.exact[p.text] = struct{}{}
			namers[p.text] = append(namers[p.text], n)
		}
	}
	same := func(a, b string) bool {
		return slices.Equal(roles(rules, namers[a], i), roles(rules, namers[b], i))
	}
	words := slices.Sorted(maps.Keys(namers))
	l.folded = alike(words, same, func(w string) (string, bool) { return fold(w), true })
	l.numbers = alike(words, same, place.NumberValue)
	return l
}

// roles returns the rest of some rules besides their word at place i, sorted.
func roles[T comparable](rules []rule[T], some []int, i int) (said []string) {
	for _, n := range some {
		said = append(said, rules[n].besides(i))
	}
	slices.Sort(said)
	return said
}

// besides returns the rest of a rule besides its word at place i, as a text.
func (r *rule[T]) besides(i int) string {
	var b strings.Builder
	for j := range r.patterns {
		if j != i {
			fmt.Fprintf(&b, "%d %q ", r.patterns[j].kind, r.patterns[j].String())
		}
	}
	fmt.Fprint(&b, r.means)
	return b.String()
}

// alike maps what several spellings have in common to a word. It leaves out words that differ only
// by spelling and have different meanings.
func alike(words []string, same func(a, b string) bool, common func(string) (string, bool)) map[string]string {
	all := map[string]string{}
	ambiguous := map[string]bool{}
	for _, w := range words {
		key, ok := common(w)
		if !ok {
			continue
		}
		if old, twice := all[key]; !twice {
			all[key] = w
		} else if !ambiguous[key] && !same(old, w) {
			ambiguous[key] = true
		}
	}
	for key := range ambiguous {
		delete(all, key)
	}
	return all
}

// look finds the word for which v stands, if there is one.
func (l *lexicon) look(v *value) {
	v.choice, v.known = "", false
	if v.kind != place.Word && v.kind != place.Number || len(v.text) > MaxWord {
		return
	}
	if _, ok := l.exact[v.text]; ok {
		v.choice, v.known = v.text, true
		return
	}
	if v.choice, v.known = l.folded[fold(v.text)]; v.known {
		return
	}
	if n, ok := place.NumberValue(v.text); ok {
		v.choice, v.known = l.numbers[n]
	}
}

// fits reports whether a pattern at this place fits v.
func (l *lexicon) fits(p *pattern, v *value) bool {
	switch p.kind {
	case anything:
		return true
	case said:
		return v.kind != place.Nothing && !v.vague
	case absent:
		return v.kind == place.Nothing
	case word:
		return v.known && v.choice == p.text
	default:
		return (v.kind == place.Word || v.kind == place.Number) && p.fits(fold(v.text))
	}
}
