package rules

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
)

// kind is the kind of a pattern.
type kind uint8

const (
	anything kind = iota // any value or no value
	said
	absent
	glob
	word
)

// pattern is the part of a rule that is about one place.
type pattern struct {
	kind kind
	text string // a word, as it was written
	// A glob fits a text that begins with before, ends with after and contains within. The three may
	// overlap. They are folded.
	before, within, after string
}

// parsePattern reads one pattern.
func parsePattern(text string) (pattern, error) {
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		var inner string
		if json.Unmarshal([]byte(text), &inner) == nil {
			return pattern{kind: word, text: inner}, nil
		}
	}
	switch text {
	case "*":
		return pattern{kind: anything}, nil
	case "+":
		return pattern{kind: said}, nil
	case "-", "null":
		return pattern{kind: absent}, nil
	}
	parts := strings.Split(text, "*")
	p := pattern{kind: glob}
	switch {
	case len(parts) == 1:
		return pattern{kind: word, text: text}, nil
	case len(parts) == 2:
		p.before, p.after = fold(parts[0]), fold(parts[1])
	case len(parts) == 3 && parts[0] == "" && parts[1] != "" && parts[2] == "":
		p.within = fold(parts[1])
	default:
		return p, fmt.Errorf(`%q: a pattern is foo*, *foo, foo*bar or *foo*`, text)
	}
	return p, nil
}

// fits reports whether p, which is a glob, fits a folded text.
func (p *pattern) fits(folded string) bool {
	return strings.HasPrefix(folded, p.before) && strings.HasSuffix(folded, p.after) && strings.Contains(folded, p.within)
}

// weight orders patterns so that a more specific one is heavier.
func (p *pattern) weight() int {
	const heaviest = 1 << 20
	switch p.kind {
	case word, absent:
		return heaviest
	case glob:
		w := 2 + 4*(len(p.before)+len(p.within)+len(p.after))
		if p.within == "" {
			w += 2 // foo* is more specific than *foo*
		}
		return min(w, heaviest-1)
	case said:
		return 1
	default:
		return 0
	}
}

// covers reports whether p fits all that q fits.
func (p *pattern) covers(q *pattern) bool {
	switch {
	case p.kind == anything || *p == *q:
		return true
	case p.kind == said:
		return q.kind == word && !isVague(q.text) || q.kind == glob || q.kind == said
	case p.kind != glob:
		return false
	case q.kind == word:
		return p.fits(fold(q.text))
	case q.kind == glob:
		return strings.HasPrefix(q.before, p.before) && strings.HasSuffix(q.after, p.after) &&
			(strings.Contains(q.before, p.within) || strings.Contains(q.within, p.within) || strings.Contains(q.after, p.within))
	default:
		return false
	}
}

// meets reports whether p and q may fit the same value. If ok is true, both is the pattern that
// fits exactly those values.
func (p *pattern) meets(q *pattern) (both pattern, ok, meets bool) {
	switch {
	case p.covers(q):
		return *q, true, true
	case q.covers(p):
		return *p, true, true
	case p.kind != glob || q.kind != glob:
		return both, false, false
	}
	before, after := p.before, p.after
	if len(q.before) > len(before) {
		before = q.before
	}
	if len(q.after) > len(after) {
		after = q.after
	}
	if !strings.HasPrefix(before, p.before) || !strings.HasPrefix(before, q.before) ||
		!strings.HasSuffix(after, p.after) || !strings.HasSuffix(after, q.after) {
		return both, false, false
	}
	return pattern{kind: glob, before: before, after: after}, p.within == "" && q.within == "", true
}

// sample returns a value that p fits, and that other patterns usually do not fit.
func (p *pattern) sample() value {
	const odd = "\x00"
	switch p.kind {
	case absent:
		return value{kind: place.Nothing}
	case word:
		return value{kind: place.Word, text: p.text, vague: isVague(p.text)}
	case glob:
		return value{kind: place.Word, text: p.before + odd + p.within + odd + p.after}
	default:
		return value{kind: place.Word, text: odd}
	}
}

func (p *pattern) String() string {
	switch p.kind {
	case anything:
		return "*"
	case said:
		return "+"
	case absent:
		return "-"
	case word:
		if strings.ContainsAny(p.text, `,*"`) || strings.TrimSpace(p.text) != p.text {
			return strconv.Quote(p.text)
		}
		return p.text
	default:
		if p.within != "" {
			return "*" + p.within + "*"
		}
		return p.before + "*" + p.after
	}
}

func fold(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// AnyText is the text that [Example] returns for a place at which a rule fits any value.
const AnyText = "said"

// Example returns one text for each place, which together fit a rule. The text "" stands for no
// value. Example is for code that answers in place of a service, such as package mock.
func Example(places int, key string) (texts []string, err error) {
	r, err := parse(key, places, 0)
	if err != nil {
		return nil, err
	}
	for i := range r.patterns {
		switch p := &r.patterns[i]; p.kind {
		case word:
			texts = append(texts, p.text)
		case said:
			texts = append(texts, AnyText)
		case glob:
			texts = append(texts, p.before+p.within+p.after)
		default:
			texts = append(texts, "")
		}
	}
	return texts, nil
}
