// Package rules decides what the values at several places of an answer mean together, such as the
// state of a job. A rule has a pattern for each place. The most specific rule that fits decides.
package rules

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/place"
)

// MaxWord is the longest text, in bytes, that counts as a word.
const MaxWord = 256

const (
	maxMemo     = 32      // the number of outcomes that are remembered
	maxMemoSize = 512     // the largest size, in bytes, of the values of a remembered outcome
	maxTried    = 1 << 16 // the number of combinations of values that isReachable tries
)

// Table is a set of rules with their meanings. It is safe for concurrent use.
type Table[T comparable] struct {
	places int
	rules  []rule[T] // the most specific first
	lists  []lexicon // the words of each place
	memo   atomic.Pointer[[]known[T]]
}

// rule is one rule.
type rule[T comparable] struct {
	key      string
	patterns []pattern
	means    T
	rivals   []int // rules with another meaning that may fit the same text, such as *a* and *b*
}

// Outcome is the meaning of the values of an answer.
type Outcome[T comparable] struct {
	Means T
	// Fits is whether a rule fits and decides.
	Fits bool
	// Rule is the rule, as it was written.
	Rule string
	// Rival is a rule that fits as well and means something else. Then no rule decides.
	Rival string
	// Raw has the words of the service, as the service wrote them.
	Raw string
	// Named has a bit for each place whose whole word the rule names. Parts has a bit for each place
	// of whose word it names a part.
	Named, Parts uint64
}

// New returns the Table of rules for the given number of places. The error joins all problems with
// the rules.
func New[T comparable](places int, rules map[string]T) (*Table[T], error) {
	t := &Table[T]{places: places, rules: make([]rule[T], 0, len(rules)+1), lists: make([]lexicon, places)}
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(rules)) {
		r, err := parse(key, places, rules[key])
		if err != nil {
			problems = append(problems, err)
			continue
		}
		t.rules = append(t.rules, r)
		if key == "null" && places == 1 { // the text, too
			t.rules = append(t.rules, rule[T]{key: key, patterns: []pattern{{kind: word, text: "null"}}, means: r.means})
		}
	}
	slices.SortStableFunc(t.rules, func(a, b rule[T]) int { return cmp.Compare(b.weight(), a.weight()) })
	for i := range t.lists {
		t.lists[i] = newLexicon(t.rules, i)
	}
	t.memo.Store(new([]known[T]))
	problems = append(problems, t.check()...)
	return t, errors.Join(problems...)
}

// parse reads a rule.
func parse[T comparable](key string, places int, means T) (rule[T], error) {
	r := rule[T]{key: key, patterns: make([]pattern, 0, places), means: means}
	elements := split(key)
	if places == 1 && len(elements) == 1 {
		elements[0] = key // a word may have space around it
	}
	switch n := len(elements); {
	case n == places:
	case places == 1:
		return r, fmt.Errorf(`%q has %d patterns, for 1 place: a rule has one, and a word with a comma is quoted, as in "\"a, b\""`, key, n)
	case n == 1:
		return r, fmt.Errorf("%q has 1 pattern, for %d places: a rule has one for each, with commas between them, and * is anything", key, places)
	default:
		return r, fmt.Errorf("%q has %d patterns, for %d places: a rule has one for each, with commas between them, and * is anything", key, n, places)
	}
	for _, element := range elements {
		p, err := parsePattern(element)
		if err != nil {
			return r, err
		}
		r.patterns = append(r.patterns, p)
	}
	return r, nil
}

// split cuts a rule at the commas that are not quoted.
func split(key string) (elements []string) {
	start, quoted := 0, false
	for i := 0; i < len(key); i++ {
		switch {
		case key[i] == '"':
			quoted = !quoted
		case key[i] == '\\' && quoted:
			i++
		case key[i] == ',' && !quoted:
			elements, start = append(elements, strings.TrimSpace(key[start:i])), i+1
		}
	}
	return append(elements, strings.TrimSpace(key[start:]))
}

func (r *rule[T]) weight() (sum int) {
	for i := range r.patterns {
		sum += r.patterns[i].weight()
	}
	return sum
}

// value is one value while it is looked up.
type value struct {
	kind   place.Kind
	text   string
	vague  bool   // whether it is there and says nothing, as 0 and false
	choice string // the word of the lexicon for which it stands
	known  bool   // whether there is such a word
}

// newValue returns the value v. The empty text and a zero time are words where a rule names them,
// and otherwise nothing.
func newValue(v place.Value, l *lexicon) value {
	one := value{kind: v.Kind()}
	if one.kind == place.Word || one.kind == place.Number {
		one.text = v.Text()
	}
	l.look(&one)
	switch {
	case !one.known && v.IsNothing():
		one.kind = place.Nothing
	case one.kind == place.Number:
		one.vague = !v.IsSaid()
	case one.kind == place.Word:
		one.vague = isVague(one.text)
	}
	return one
}

// isVague reports whether a text is there and says nothing.
func isVague(text string) bool {
	if len(text) > maxVague {
		return false
	}
	n, isNumber := place.NumberValue(text)
	text = fold(text)
	return isNumber && n == "0" || text == "" || text == "false" || text == "null"
}

// maxVague is the longest text, in bytes, that can be vague.
const maxVague = 32

// known is a remembered outcome with its values.
type known[T comparable] struct {
	values  [][]byte
	outcome Outcome[T]
}

// is reports whether k has exactly these values.
func (k *known[T]) is(values [][]byte) bool {
	for i, v := range values {
		if !bytes.Equal(v, k.values[i]) {
			return false
		}
	}
	return true
}

// Find returns the meaning of the values, which are in the order of the places.
func (t *Table[T]) Find(values [][]byte) Outcome[T] {
	met := *t.memo.Load()
	for i := range met {
		if met[i].is(values) {
			return met[i].outcome
		}
	}
	all := make([]value, len(values))
	size := 0
	for i, v := range values {
		size += len(v)
		all[i] = newValue(v, &t.lists[i])
	}
	o := t.find(all)
	if len(met) < maxMemo && size <= maxMemoSize {
		t.remember(values, o)
	}
	return o
}

// remember keeps an outcome, so that answers with the same values share its texts.
func (t *Table[T]) remember(values [][]byte, o Outcome[T]) {
	k := known[T]{outcome: o}
	for _, v := range values {
		k.values = append(k.values, bytes.Clone(v))
	}
	for {
		old := t.memo.Load()
		next := append(slices.Clip(*old), k)
		if len(next) > maxMemo || t.memo.CompareAndSwap(old, &next) {
			return
		}
	}
}

func (t *Table[T]) find(all []value) Outcome[T] {
	o := Outcome[T]{}
	r := t.first(all)
	o.Raw = raw(all)
	if r == nil {
		return o
	}
	if rival := t.rival(r, all); rival != nil {
		o.Rule, o.Rival = r.key, rival.key
		return o
	}
	o.Means, o.Fits, o.Rule = r.means, true, r.key
	for i := range r.patterns {
		switch r.patterns[i].kind {
		case word:
			o.Named |= 1 << i
		case glob:
			o.Parts |= 1 << i
		}
	}
	if o.Raw == "" && r.key == "null" {
		o.Raw = r.key
	}
	return o
}

// first returns the most specific rule that fits, or nil if none fits.
func (t *Table[T]) first(all []value) *rule[T] {
	for i := range t.rules {
		if r := &t.rules[i]; t.fits(r, all) {
			return r
		}
	}
	return nil
}

// rival returns a rival of r that fits, or nil if none fits.
func (t *Table[T]) rival(r *rule[T], all []value) *rule[T] {
	for _, i := range r.rivals {
		if rival := &t.rules[i]; t.fits(rival, all) {
			return rival
		}
	}
	return nil
}

// fits reports whether each pattern of a rule fits its value.
func (t *Table[T]) fits(r *rule[T], all []value) bool {
	for i := range r.patterns {
		if !t.lists[i].fits(&r.patterns[i], &all[i]) {
			return false
		}
	}
	return true
}

// raw joins the words of the service.
func raw(all []value) string {
	if len(all) == 1 && len(all[0].text) <= MaxWord {
		return all[0].text
	}
	var said []string
	for i := range all {
		if all[i].text != "" && len(all[i].text) <= MaxWord {
			said = append(said, all[i].text)
		}
	}
	return strings.Join(said, ", ")
}

// Names reports whether a rule names the value at place i, by a word or by a part of a word.
func (t *Table[T]) Names(i int, v place.Value) bool {
	one := newValue(v, &t.lists[i])
	for j := range t.rules {
		if p := &t.rules[j].patterns[i]; (p.kind == word || p.kind == glob) && t.lists[i].fits(p, &one) {
			return true
		}
	}
	return false
}
