package jsonscan

import (
	"bytes"
	"slices"
	"strings"
)

// A Path is the way from the whole text to a value.
type Path struct {
	// Steps lead from the whole text to the value. Without steps, the value is the whole text.
	Steps []Step
	// Strict says that it is an error if a key on the path occurs in another case.
	Strict bool
	// Never says that the path leads to no value.
	Never bool
}

// Kind says what a Step leads to.
type Kind uint8

const (
	// Key is a member of an object.
	Key Kind = iota
	// Index is an element of an array, by its number.
	Index
	// Where is the first element of an array, or the first value of an object, that meets one or more
	// comparisons.
	Where
	// Inside is the JSON within a string.
	Inside
	// Tag is the key of an object's only value, null and false aside. An object without such a value
	// has no tag. An object with several is its own tag, and so is any other value. It is the last
	// step of a path.
	Tag
)

// A Step leads from an object or an array to one of its values.
type Step struct {
	Kind Kind
	// Key is the name of a member.
	Key Name
	// Index is the index of an element. A negative index counts from the end: -1 is the last element.
	Index int
	// Field is the path within an element to the value that is compared with Equal. If it is empty,
	// the element itself is compared. An empty Equal means a value that is missing, null or empty.
	Field []string
	Equal Name
	// Not negates the comparison. A missing value is not equal to Equal, unless Equal is empty.
	Not bool
	// And is a further comparison. Only its Field, Equal, Not and And are used.
	And *Step
}

// Equals reports whether s and o lead to the same value.
func (s *Step) Equals(o *Step) bool {
	return s.Kind == o.Kind && s.Key == o.Key && s.Index == o.Index && s.Equal == o.Equal && s.Not == o.Not && slices.Equal(s.Field, o.Field) &&
		(s.And == o.And || s.And != nil && o.And != nil && s.And.Equals(o.And))
}

// HasHole reports whether a [Name] in s has a hole.
func (s *Step) HasHole() bool {
	return s.Key.Hole || s.Equal.Hole || s.And != nil && s.And.HasHole()
}

// A Name is a text that may have a hole. The hole is filled with a name when the path is looked
// for.
type Name struct {
	Before, After string
	Hole          bool
}

// is reports whether text equals t with name in its hole.
func (t *Name) is(text []byte, name string) bool {
	if !t.Hole {
		return string(text) == t.Before
	}
	return len(text) == len(t.Before)+len(name)+len(t.After) && bytes.HasPrefix(text, []byte(t.Before)) &&
		string(text[len(t.Before):len(text)-len(t.After)]) == name && bytes.HasSuffix(text, []byte(t.After))
}

// IsValue reports whether a value equals t. The argument raw is the JSON text of the value. A
// string, a number or a boolean can equal t; case is ignored if t has no hole. A value that is
// missing, null or empty equals an empty t.
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
