package jsonscan

import (
	"bytes"
	"slices"
	"strings"
)

// A Path is the way from the whole text to a value.
type Path struct {
	// Steps lead from the whole text to the value; none is the whole text itself.
	Steps []Step
	// Strict says that no key on the way may stand in another case, whether or not it also stands
	// in its own.
	Strict bool
	// Never says that nothing is to be found.
	Never bool
}

// Kind says what a Step leads to.
type Kind uint8

const (
	// Key is a member of an object.
	Key Kind = iota
	// Index is an element of an array, by its number.
	Index
	// Where is the first element of an array, or the first value of an object, that one or more
	// comparisons fit.
	Where
	// Inside is the JSON that a text holds.
	Inside
)

// A Step leads from an object or an array to one of its values.
type Step struct {
	Kind Kind
	// Key is the name of a member.
	Key Name
	// Index is the number of an element, counted from 0, or from -1 backwards.
	Index int
	// Field is where in an element the value stands that is compared with Equal; if it is empty, it
	// is the element itself. An empty Equal fits a value that is missing or says nothing.
	Field []string
	Equal Name
	// Not negates the comparison: a value that is missing is not equal, unless Equal is empty.
	Not bool
	// And is a further comparison, of which Field, Equal, Not and And count.
	And *Step
}

// Equals reports whether s and o lead to the same value.
func (s *Step) Equals(o *Step) bool {
	return s.Kind == o.Kind && s.Key == o.Key && s.Index == o.Index && s.Equal == o.Equal && s.Not == o.Not && slices.Equal(s.Field, o.Field) &&
		(s.And == o.And || s.And != nil && o.And != nil && s.And.Equals(o.And))
}

// HasHole reports whether a text of s has a hole.
func (s *Step) HasHole() bool {
	return s.Key.Hole || s.Equal.Hole || s.And != nil && s.And.HasHole()
}

// A Name is a text that may have a hole, for a name that is known only when the path is looked for.
type Name struct {
	Before, After string
	Hole          bool
}

// is reports whether text is t with name in its hole.
func (t *Name) is(text []byte, name string) bool {
	if !t.Hole {
		return string(text) == t.Before
	}
	return len(text) == len(t.Before)+len(name)+len(t.After) && bytes.HasPrefix(text, []byte(t.Before)) &&
		string(text[len(t.Before):len(text)-len(t.After)]) == name && bytes.HasSuffix(text, []byte(t.After))
}

// IsValue reports whether the JSON text of a string, a number or a boolean says t, in any case if t
// has no hole. An empty t is said by a value that is missing, null or empty.
func (t *Name) IsValue(raw []byte, name string) bool {
	switch {
	case *t == Name{}:
		return len(raw) == 0 || raw[0] == 'n' || string(raw) == `""` || IsHollow(raw)
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[':
		return false
	case raw[0] != '"':
		return t.says(raw, name)
	}
	if inner := Inner(raw); inner != nil {
		return t.says(inner, name)
	}
	return t.says([]byte(Text(raw)), name)
}

func (t *Name) says(text []byte, name string) bool {
	return t.is(text, name) || !t.Hole && len(text) == len(t.Before) && strings.EqualFold(string(text), t.Before)
}
