// Package place parses places. A place says where in an answer over HTTP a value is.
//
//	payload.status  ["a.b"].x  jobs[0].x  steps[-1]  conditions[type=Complete]  flags[=DONE]
//	conditions[type=Complete,status!=False]  steps[name="a, b"]
//	{id}.outputs  jobs[id={id}]  data.@json.status  state.@tag
//	@text  @code  @header.X-State  @link.next  @key
//	metadata.generation = status.observedGeneration
//	.  -
package place

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
)

// Source says in which part of an answer a place is.
type Source uint8

const (
	// Body is a value within the body.
	Body Source = iota
	// Nowhere is "-" or the empty text.
	Nowhere
	// Code is the status code.
	Code
	// Header is a header.
	Header
	// Link is the URL of a relation in the header Link.
	Link
	// Text is the whole body as a text, whether or not it is JSON.
	Text
	// Key is the idempotency key of the request, which is not a part of the answer.
	Key
)

// A Place says where a value is.
type Place struct {
	Text   string // as it was written
	Source Source
	Steps  []jsonscan.Step // the path within the body
	Name   string          // the canonical name of the header, or the name of the relation

	// Other is the path of a second value. If it is not nil, the value at the place is true or false:
	// whether both values are equal. Without one of them there is no value. Sides are both paths as
	// they were written.
	Other []jsonscan.Step
	Sides [2]string
}

// IsInBody reports whether p is in the body, as a value or as its text.
func (p Place) IsInBody() bool { return p.Source == Body || p.Source == Text }

// HasHole reports whether p contains {id} or {key}.
func (p *Place) HasHole() bool {
	return slices.ContainsFunc(p.Steps, hasHole) || slices.ContainsFunc(p.Other, hasHole)
}

func hasHole(s jsonscan.Step) bool { return s.HasHole() }

// Within returns p as a place within outer. If p is not a part of outer, the result is Nowhere. If
// p is the whole body or outside the body, the result is p.
func (p Place) Within(outer Place) Place {
	if p.Source != Body || len(p.Steps) == 0 {
		return p
	}
	var ok, both bool
	p.Steps, ok = within(p.Steps, outer.Steps)
	if both = p.Other == nil; !both {
		p.Other, both = within(p.Other, outer.Steps)
	}
	if !ok || !both {
		return Place{Text: p.Text, Source: Nowhere}
	}
	return p
}

// within returns the part of a path after outer, and reports whether the path begins with outer.
func within(steps, outer []jsonscan.Step) (rest []jsonscan.Step, ok bool) {
	if len(steps) < len(outer) || !slices.EqualFunc(steps[:len(outer)], outer, func(a, b jsonscan.Step) bool { return a.Equals(&b) }) {
		return nil, false
	}
	return steps[len(outer):], true
}

// Error is the error of a text that is not a place. It prints the text with a caret under the wrong
// character.
type Error struct {
	Text    string
	At      int // the index of the wrong byte
	Problem string
}

func (e *Error) Error() string {
	if strings.ContainsAny(e.Text, "\n\t") || len(e.Text) > 200 {
		return fmt.Sprintf("place %.200q: %s", e.Text, e.Problem)
	}
	column := len([]rune(e.Text[:min(e.At, len(e.Text))]))
	return fmt.Sprintf("place %q: %s\n\t%s\n\t%s^", e.Text, e.Problem, e.Text, strings.Repeat(" ", column))
}

// ParseList reads places joined by commas.
func ParseList(text string) ([]Place, error) {
	var places []Place
	for at := 0; ; {
		p := parser{text: text, at: at}
		place, err := p.place()
		if err != nil {
			return nil, err
		}
		places = append(places, place)
		if p.at == len(text) {
			return places, nil
		}
		at = p.at + 1
	}
}

// Parse reads one place.
func Parse(text string) (Place, error) {
	places, err := ParseList(text)
	switch {
	case err != nil:
		return Place{}, err
	case len(places) > 1:
		return Place{}, &Error{text, strings.IndexByte(text, ','), "one place is wanted here"}
	default:
		return places[0], nil
	}
}

// parser reads one place after another.
type parser struct {
	text string
	at   int
}

func (p *parser) fail(at int, format string, args ...any) error {
	return &Error{p.text, min(at, len(p.text)), fmt.Sprintf(format, args...)} // a quoted key may be longer when decoded
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) space() {
	for p.peek() == ' ' {
		p.at++
	}
}

// place reads one place, up to a comma or the end.
func (p *parser) place() (Place, error) {
	p.space()
	start := p.at
	var pl Place
	var err error
	switch {
	case p.peek() == '@' && !isStep(p.text[p.at:]):
		err = p.special(&pl)
	case p.word() == "" && p.peek() != '[' || p.word() == "-":
		if pl.Source = Nowhere; p.word() == "" && (p.peek() == ',' || strings.Contains(p.text, ",")) {
			return pl, p.fail(p.at, "a place is empty")
		}
		p.at += len(p.word())
	case p.word() == ".":
		p.at++
	default:
		if err = p.steps(&pl); err == nil {
			err = readSecond(p, start, &pl)
		}
	}
	if err != nil {
		return pl, err
	}
	pl.Text = strings.TrimRight(p.text[start:p.at], " ")
	p.space()
	if p.at < len(p.text) && p.peek() != ',' {
		return pl, p.fail(p.at, "a dot, a bracket or a comma is wanted here")
	}
	return pl, nil
}

// word returns the text up to the next comma or bracket, without trailing space.
func (p *parser) word() string {
	rest := p.text[p.at:]
	if i := strings.IndexAny(rest, ",["); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimRight(rest, " ")
}

// special reads a place that begins with an @.
func (p *parser) special(pl *Place) error {
	start, word := p.at, p.word()
	p.at += len(word)
	kind, name, named := strings.Cut(word, ".")
	switch {
	case word == "@code":
		pl.Source = Code
	case word == "@text":
		pl.Source = Text
	case word == "@key":
		pl.Source = Key
	case kind == "@header" && named && isHeaderName(name):
		pl.Source, pl.Name = Header, http.CanonicalHeaderKey(name)
	case kind == "@link" && named && name != "":
		pl.Source, pl.Name = Link, name
	default:
		p.at = start
		return p.fail(start, `@code, @header.NAME, @link.RELATION, @text, @json, @tag or @key is wanted here; a key that begins with @ is written ["@name"]`)
	}
	return nil
}

func isHeaderName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

// steps reads keys and brackets.
func (p *parser) steps(pl *Place) error {
	for first := true; ; first = false {
		start := p.at
		switch c := p.peek(); {
		case c == '[':
			step, err := p.bracket()
			if err != nil {
				return err
			}
			pl.Steps = append(pl.Steps, step)
		case first:
			step, err := p.key()
			if err != nil {
				return err
			}
			pl.Steps = append(pl.Steps, step)
		case c == '.':
			if p.at++; p.peek() == '[' {
				return p.fail(p.at, "no dot stands before a bracket")
			}
			step, err := p.key()
			if err != nil {
				return err
			}
			pl.Steps = append(pl.Steps, step)
		default:
			return nil
		}
		if n := len(pl.Steps); n > 1 && pl.Steps[n-2].Kind == jsonscan.Tag {
			return p.fail(start, "nothing follows @tag")
		}
	}
}

// equals is between two places whose values are compared.
const equals = " = "

// readSecond reads the second place of a comparison, if there is one. The first place, which was
// read into pl, begins at first.
func readSecond(p *parser, first int, pl *Place) error {
	end := p.at
	rest := strings.TrimLeft(p.text[p.at:], " ")
	if p.peek() != ' ' || !strings.HasPrefix(rest, equals[1:]) {
		return nil
	}
	p.at = len(p.text) - len(rest) + len(equals[1:])
	p.space()
	start := p.at
	if p.peek() == '@' && !isStep(p.text[p.at:]) {
		return p.fail(start, "only values in the body are compared")
	}
	var other Place
	if err := p.steps(&other); err != nil {
		return err
	}
	pl.Other, pl.Sides = other.Steps, [2]string{p.text[first:end], strings.TrimRight(p.text[start:p.at], " ")}
	return nil
}

// The steps that are no keys.
const (
	inside = "@json" // into the JSON within a string
	tag    = "@tag"  // to the key of the only value
)

// isStep reports whether a text begins with one of the steps that are no keys.
func isStep(text string) bool { return begins(text, inside) || begins(text, tag) }

func begins(text, step string) bool {
	rest, ok := strings.CutPrefix(text, step)
	return ok && (rest == "" || strings.IndexByte(".,[ ", rest[0]) >= 0)
}

// key reads a key without brackets, or a step that is no key.
func (p *parser) key() (step jsonscan.Step, err error) {
	switch rest := p.text[p.at:]; {
	case begins(rest, inside):
		p.at += len(inside)
		return jsonscan.Step{Kind: jsonscan.Inside}, nil
	case begins(rest, tag):
		p.at += len(tag)
		return jsonscan.Step{Kind: jsonscan.Tag}, nil
	}
	end := p.at
	for end < len(p.text) && strings.IndexByte(".,[]", p.text[end]) < 0 && !strings.HasPrefix(p.text[end:], equals) {
		end++
	}
	key := p.text[p.at:end]
	if end == len(p.text) || p.text[end] == ',' || p.text[end] == ' ' {
		key = strings.TrimRight(key, " ")
	}
	if key == "" {
		return step, p.fail(p.at, "a key is empty")
	}
	if problem := foreign(key); problem != "" {
		return step, p.fail(p.at, "%s", problem)
	}
	step.Key, err = p.name(key, p.at)
	p.at += len(key)
	return step, err
}

// foreign returns an error text for a key that has a special meaning in another path language, or
// "". A quoted key is not checked.
func foreign(key string) string {
	switch {
	case key == "$":
		return `no $ stands before the first key (a key that is $ is written ["$"])`
	case key == "*":
		return `no * stands for all elements: [0], [-1] or [field=value] is one (a key that is * is written ["*"])`
	case key[0] == '/':
		return `keys are joined by dots, not slashes (a key that begins with a slash is written ["/x"])`
	case strings.Contains(key, "->"):
		return `keys are joined by dots, not arrows (a key that holds an arrow is written ["a->b"])`
	default:
		return ""
	}
}

// name reads a text that may have a hole. A hole in double braces means the text of the hole.
func (p *parser) name(text string, at int) (n jsonscan.Name, err error) {
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		hole, doubled := holeAt(text[i:])
		switch {
		case doubled:
			plain.WriteString(hole)
			i += len(hole) + 1
		case (hole != "" || text[i] == '{' || text[i] == '}') && n.Hole:
			return n, p.fail(at, "{id} stands once at most")
		case hole != "":
			n.Before, n.Hole = plain.String(), true
			plain.Reset()
			i += len(hole) - 1
		case text[i] == '{' || text[i] == '}':
			return n, p.fail(at+i, "braces are for {id} alone, and {{id}} reads {id}")
		default:
			plain.WriteByte(text[i])
		}
	}
	if n.Hole {
		n.After = plain.String()
	} else {
		n.Before = plain.String()
	}
	return n, nil
}

// holeAt returns the hole at the beginning of a text, or "" if there is none. It also reports
// whether the braces are doubled.
func holeAt(text string) (hole string, doubled bool) {
	for _, hole := range [...]string{"{id}", "{key}"} {
		if strings.HasPrefix(text, "{"+hole+"}") {
			return hole, true
		}
		if strings.HasPrefix(text, hole) {
			return hole, false
		}
	}
	return "", false
}
