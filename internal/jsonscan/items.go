package jsonscan

import (
	"bytes"
	"iter"
	"strconv"
)

// Items yields the values of an array or an object. Each value of an array has a nil key. Each
// value of an object has the JSON text of its key, which may occur more than once. The argument
// text is a result of Find. A text that is neither an array nor an object has no items.
func Items(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if len(text) == 0 || text[0] != '[' && text[0] != '{' {
			return
		}
		s := scan{cursor: cursor{body: text}}
		for s.at++; ; s.at++ { // over the bracket or the comma
			s.space()
			if s.body[s.at] == ']' || s.body[s.at] == '}' {
				return
			}
			var key []byte
			if text[0] == '{' {
				start := s.at
				s.text()
				key = s.body[start:s.at]
				s.take() // the colon
				s.space()
			}
			start := s.at
			if s.value(&unwanted, 0) != nil || !yield(key, s.body[start:s.at]) {
				return
			}
			if s.space(); s.body[s.at] != ',' {
				return
			}
		}
	}
}

// tag returns the tag of a value: see [Tag].
func tag(raw []byte) (key []byte) {
	if raw[0] != '{' {
		return raw
	}
	for k, v := range Items(raw) {
		switch {
		case string(v) == "null" || string(v) == "false":
		case key != nil:
			return raw
		default:
			key = k
		}
	}
	return key
}

// IsHollow reports whether the JSON text of a value is an array without elements, or an object
// whose members are all null, an empty string, 0 or hollow.
func IsHollow(raw []byte) bool {
	switch {
	case len(raw) == 0:
		return false
	case raw[0] == '[':
		return len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
	case raw[0] != '{':
		return false
	}
	for _, v := range Items(raw) {
		switch {
		case string(v) == "null" || string(v) == `""` || IsHollow(v):
		case v[0] == '-' || isDigit(v[0]):
			if n, err := strconv.ParseFloat(string(v), 64); err != nil || n != 0 {
				return false
			}
		default:
			return false
		}
	}
	return true
}
