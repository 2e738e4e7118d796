package place

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
)

// Answer is the answer in which places are looked for.
type Answer struct {
	Code   int
	Header http.Header
	Body   []byte
	Text   []byte // the original body, if Body is another form of it; otherwise nil
	Name   string // fills the holes of places

	// Siblings is whether a key of the Body may occur several times. The first value counts, unless
	// a place that decides is on the way.
	Siblings bool
}

// Kind is the kind of a Value.
type Kind uint8

const (
	// Nothing is a value that is absent or null, or an empty object or array.
	Nothing Kind = iota
	// Word is a JSON string or the text of a header.
	Word
	// Number is a JSON number or boolean, or the status code.
	Number
	// Composite is an object or an array that is not empty.
	Composite
)

// A Value is the value at a place, as JSON. It is a part of the answer, or nil if there is no
// value.
type Value []byte

// Kind returns the kind of v.
func (v Value) Kind() Kind {
	switch {
	case len(v) == 0:
		return Nothing
	case v[0] == '"':
		return Word
	case v[0] != '{' && v[0] != '[':
		return Number
	case len(bytes.TrimSpace(v[1:len(v)-1])) == 0:
		return Nothing
	default:
		return Composite
	}
}

// IsNothing reports whether v is absent, null, an empty object, array or text, or a zero time.
func (v Value) IsNothing() bool {
	switch kind := v.Kind(); kind {
	case Word:
		return len(v) == len(`""`) || len(v) <= maxTime && isZeroTime(v.Text())
	case Number:
		return isZeroTime(string(v))
	default:
		return kind == Nothing
	}
}

// maxTime is the longest text of a time, quoted, in bytes. Some of its characters may be escaped.
const maxTime = 64

// IsSaid reports whether v is neither nothing nor false, zero or empty. An object whose values are
// all null, zero or empty counts as empty.
func (v Value) IsSaid() bool {
	if v.IsNothing() {
		return false
	}
	switch v.Kind() {
	case Word:
		return true
	case Number:
		if v[0] == 'f' {
			return false
		}
		n, err := strconv.ParseFloat(string(v), 64)
		return err != nil || n != 0
	default:
		return !jsonscan.IsHollow(v)
	}
}

// IsEmpty reports whether v is absent or null.
func (v Value) IsEmpty() bool { return len(v) == 0 }

// Text returns the text of a string, and any other value as JSON.
func (v Value) Text() string { return jsonscan.Text(v) }

// Set is a set of places that are looked for together. It does not change, and is safe for
// concurrent use.
type Set struct {
	places  []Place
	paths   *jsonscan.Paths // nil if no place is in the body
	outside []int           // the indexes of places that are not in the body
	pairs   [][2]int        // the indexes of places that compare, and of their second paths
}

// NewSet returns a Set of places. The argument strict is how many places, counted from the first,
// are strict: see [jsonscan.Path].
func NewSet(places []Place, strict int) (*Set, error) {
	s := &Set{places: places}
	paths := make([]jsonscan.Path, len(places))
	for i := range places {
		inBody := places[i].Source == Body
		paths[i] = jsonscan.Path{Steps: places[i].Steps, Strict: i < strict, Never: !inBody}
		if inBody && s.paths == nil {
			s.paths = &jsonscan.Paths{}
		}
		if src := places[i].Source; src == Code || src == Header || src == Link || src == Text {
			s.outside = append(s.outside, i)
		}
		if other := places[i].Other; other != nil {
			s.pairs = append(s.pairs, [2]int{i, len(paths)})
			paths = append(paths, jsonscan.Path{Steps: other, Strict: i < strict})
		}
	}
	if s.paths == nil {
		return s, nil
	}
	var err error
	s.paths, err = jsonscan.CompilePaths(paths)
	return s, err
}

// Found holds the values that a Set finds. The zero Found is ready for use, and a Found can be used
// again.
type Found struct {
	Values  [][]byte // each a Value
	outside []byte   // the text of the values that are not in the body
}

// Find sets f.Values[i] to the value at place i. The values are parts of the answer. The error says
// what is wrong with the body; the values outside the body are set even then.
func (s *Set) Find(a *Answer, f *Found) (err error) {
	n := len(s.places) + len(s.pairs)
	if cap(f.Values) < n {
		f.Values = make([][]byte, n)
	}
	f.Values = f.Values[:n]
	switch {
	case s.paths == nil:
		clear(f.Values)
	case a.Siblings:
		err = s.paths.FindAmongSiblings(a.Name, a.Body, f.Values)
	default:
		err = s.paths.FindFor(a.Name, a.Body, f.Values)
	}
	for _, pair := range s.pairs {
		f.Values[pair[0]] = compare(f.Values[pair[0]], f.Values[pair[1]])
	}
	f.Values = f.Values[:len(s.places)]
	f.outside = f.outside[:0]
	for _, i := range s.outside {
		start := len(f.outside)
		switch p := &s.places[i]; p.Source {
		case Code:
			f.outside = strconv.AppendInt(f.outside, int64(a.Code), 10)
		case Header:
			if values := a.Header[p.Name]; len(values) > 0 {
				f.outside = appendText(f.outside, combined(values))
			}
		case Text:
			text := a.Text
			if text == nil {
				text = a.Body
			}
			f.outside = appendText(f.outside, bytes.TrimSpace(text))
		default:
			f.outside = appendText(f.outside, link(a.Header["Link"], p.Name))
		}
		if end := len(f.outside); end > start {
			f.Values[i] = f.outside[start:end:end]
		}
	}
	return err
}

var isEqual, isUnequal = []byte("true"), []byte("false")

// compare reports, in JSON, whether two values are equal. It returns nil if one is missing.
func compare(a, b Value) []byte {
	switch {
	case a.IsEmpty() || b.IsEmpty():
		return nil
	case bytes.Equal(a, b), a.Text() == b.Text(), isSameNumber(a, b):
		return isEqual
	default:
		return isUnequal
	}
}

func isSameNumber(a, b Value) bool {
	x, ok := NumberValue(string(a))
	y, isNumber := NumberValue(string(b))
	return ok && isNumber && x == y
}

// combined joins the values of a header that occurs several times (RFC 9110, 5.3). Equal values in
// a row count once.
func combined(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(slices.Compact(slices.Clone(values)), ", ")
}

// appendText appends a text as a JSON string. It appends nothing for an empty text.
func appendText[T string | []byte](b []byte, text T) []byte {
	if len(text) == 0 {
		return b
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(string(text)) // a string always can be
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

// Clear removes the values, so that the answer can be freed.
func (f *Found) Clear() { clear(f.Values[:cap(f.Values)]) }

// link returns the URL of a relation in the header Link (RFC 8288, 3).
func link(values []string, relation string) string {
	for _, value := range values {
		for {
			_, rest, opened := strings.Cut(value, "<")
			url, rest, closed := strings.Cut(rest, ">")
			if !opened || !closed {
				break
			}
			params, next := cutUnquoted(rest, ',')
			if hasRelation(params, relation) {
				return url
			}
			value = next
		}
	}
	return ""
}

func hasRelation(params, relation string) bool {
	for params != "" {
		var param string
		param, params = cutUnquoted(params, ';')
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for _, rel := range strings.Fields(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(rel, relation) {
				return true
			}
		}
	}
	return false
}

// cutUnquoted cuts a text at the first sep that is not quoted.
func cutUnquoted(text string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\\' && quoted:
			i++
		case text[i] == sep && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}
