package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
)

// MaxDepth is the maximum depth of nested arrays and objects.
const MaxDepth = 64

var errDepth = fmt.Errorf("nested more than %d deep", MaxDepth)

// A scan reads a JSON text once and keeps the values at which paths end.
type scan struct {
	cursor
	found [][]byte
	name  string // fills the holes of the paths

	siblings bool // whether a key may occur several times where no path is strict

	// While picking, the scan reads a field for a comparison, and stores it in picked and not in
	// found.
	picking bool
	picked  []byte
}

// unwanted is the node of values that are on no path.
var unwanted node

// document reads the whole text.
func (s *scan) document(root *node) error {
	if err := s.value(root, 0); err != nil {
		return err
	}
	if s.space(); s.at < len(s.body) {
		return errGrammar
	}
	return nil
}

// value reads the next value, whose node is n.
func (s *scan) value(n *node, depth int) (err error) {
	first := s.next()
	start := s.at
	switch first {
	case '{':
		err = s.object(n, depth+1)
	case '[':
		err = s.array(n, depth+1)
	case '"':
		if _, err = s.text(); err == nil && n.inside != nil {
			err = s.inside(n.inside, s.body[start:s.at], depth+1)
		}
	case 't':
		err = s.word("true")
	case 'f':
		err = s.word("false")
	case 'n':
		err = s.word("null")
	default:
		err = s.number()
	}
	if err != nil || n.wanted|n.tagged == 0 || first == 'n' {
		return err
	}
	if s.picking {
		s.picked = s.body[start:s.at]
		return nil
	}
	s.keep(n.wanted, s.body[start:s.at])
	if n.tagged != 0 {
		s.keep(n.tagged, tag(s.body[start:s.at]))
	}
	return nil
}

// keep stores a value for some paths.
func (s *scan) keep(wanted uint64, value []byte) {
	for ; wanted != 0; wanted &= wanted - 1 {
		found := &s.found[bits.TrailingZeros64(wanted)]
		if !s.siblings || len(*found) == 0 || string(*found) == `""` {
			*found = value
		}
	}
}

// inside reads the JSON within a string. A string without JSON has no values.
func (s *scan) inside(n *node, text []byte, depth int) error {
	held := Inner(text)
	if held == nil {
		held = []byte(Text(text))
	}
	if !json.Valid(held) {
		held = Repaired(held)
	}
	if depth > MaxDepth || held == nil {
		return nil
	}
	outer := s.cursor
	s.cursor = cursor{body: held}
	err := s.value(n, depth)
	s.cursor = outer
	return err
}

func (s *scan) object(n *node, depth int) error {
	if depth > MaxDepth {
		return errDepth
	}
	s.at++
	if s.next() == '}' {
		s.at++
		return nil
	}
	var seen, taken uint64
	for {
		children, err := s.key(n, &seen)
		if err != nil {
			return err
		}
		if s.take() != ':' {
			return errGrammar
		}
		if err := s.member(n, children, &taken, depth); err != nil {
			return err
		}
		switch s.take() {
		case ',':
		case '}':
			return nil
		default:
			return errGrammar
		}
	}
}

// member reads a value of the object at n, once for each child of n to which its key leads. The
// argument taken has a bit for each element of n that was found before.
func (s *scan) member(n *node, children uint64, taken *uint64, depth int) error {
	s.next()
	start := s.at
	if children == 0 {
		if err := s.value(&unwanted, depth); err != nil {
			return err
		}
	}
	for ; children != 0; children &= children - 1 {
		s.at = start
		if err := s.value(n.children[bits.TrailingZeros64(children)], depth); err != nil {
			return err
		}
	}
	if len(n.elements) == 0 {
		return nil
	}
	return s.choose(n, inObject, 0, start, taken, depth)
}

// key reads a key of the object at n. It returns a bit for each child of n to which the key leads;
// there can be several if the keys of children have holes. The argument seen has a bit for each
// child whose key occurred before.
func (s *scan) key(n *node, seen *uint64) (children uint64, err error) {
	if s.next() != '"' {
		return 0, errGrammar
	}
	start := s.at
	escaped, err := s.text()
	if err != nil || len(n.children) == 0 {
		return 0, err
	}
	key := s.body[start+1 : s.at-1]
	if escaped {
		key = []byte(Text(s.body[start:s.at]))
	}
	candidates := ^uint64(0) >> (maxPaths - len(n.children)) // all, for the empty key
	if len(key) > 0 {
		candidates = n.begins[int(key[0])%len(n.begins)]
	}
	for ; candidates != 0; candidates &= candidates - 1 {
		i := bits.TrailingZeros64(candidates)
		c := n.children[i]
		switch {
		case !c.key.Hole && bytes.Equal(c.bytes, key) || c.key.Hole && c.key.is(key, s.name):
			if *seen&(1<<i) != 0 && (!s.siblings || s.picking || c.strict) {
				return 0, fmt.Errorf("key %q stands twice", key)
			}
			*seen |= 1 << i
			children |= 1 << i
		case c.strict && !c.key.Hole && bytes.EqualFold(c.bytes, key):
			return 0, fmt.Errorf("key %q stands in another case", c.key.Before)
		}
	}
	return children, nil
}

// array reads the array at n.
func (s *scan) array(n *node, depth int) error {
	if depth > MaxDepth {
		return errDepth
	}
	count := 0
	if n.backward {
		start := s.at
		err := s.elements(&unwanted, depth, 0, &count)
		if err != nil {
			return err
		}
		s.at = start
	}
	return s.elements(n, depth, count, new(int))
}

// elements reads the elements of the array at n, and counts them. The argument all is their number
// if an element of n is counted from the end.
func (s *scan) elements(n *node, depth, all int, count *int) error {
	s.at++
	if s.next() == ']' {
		s.at++
		return nil
	}
	var taken uint64
	for ; ; *count++ {
		s.next()
		start := s.at
		if err := s.value(&unwanted, depth); err != nil {
			return err
		}
		if err := s.choose(n, *count, all, start, &taken, depth); err != nil {
			return err
		}
		switch s.take() {
		case ',':
		case ']':
			*count++
			return nil
		default:
			return errGrammar
		}
	}
}

// inObject is the index of the values of an object. No Index of a Step is so small.
const inObject = -1 << 30

// choose looks for the paths that continue in the element of an array, or the value of an object,
// between start and the cursor. The argument taken has a bit for each element of n that was found
// before.
func (s *scan) choose(n *node, at, all, start int, taken *uint64, depth int) error {
	end := s.at
	for i, e := range n.elements {
		fits, err := s.fits(e, at, all, start)
		if err != nil {
			return err
		}
		if !fits || *taken&(1<<i) != 0 {
			continue
		}
		*taken |= 1 << i
		s.at = start
		if err := s.value(&e.node, depth); err != nil {
			return err
		}
		s.at = end
		if len(e.where) > 0 && e.node.wanted != 0 {
			s.markPart(e.node.wanted, s.body[start:end])
		}
	}
	return nil
}

// markPart replaces the found value by an array with the element, if the element is null or hollow.
// So an element that meets its comparisons counts as present even if it is empty.
func (s *scan) markPart(wanted uint64, element []byte) {
	if element[0] != 'n' && !IsHollow(element) {
		return
	}
	mark := slices.Concat([]byte("["), element, []byte("]"))
	for ; wanted != 0; wanted &= wanted - 1 {
		s.found[bits.TrailingZeros64(wanted)] = mark
	}
}

// fits reports whether the step of e leads to the element between start and the cursor. The
// arguments at and all are its index and the number of elements.
func (s *scan) fits(e *element, at, all, start int) (bool, error) {
	switch {
	case e.step.Kind == Index && e.step.Index < 0:
		return at == all+e.step.Index, nil
	case e.step.Kind == Index:
		return at == e.step.Index, nil
	}
	for i := range e.where {
		if ok, err := s.compare(&e.where[i], start); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// compare reports whether the element between start and the cursor meets a comparison.
func (s *scan) compare(c *comparison, start int) (bool, error) {
	end := s.at
	value := s.body[start:end]
	if c.field != nil {
		s.at, s.picking, s.picked = start, true, nil
		err := s.value(&c.field.root, 0)
		s.at, s.picking = end, false
		if err != nil {
			return false, err
		}
		value = s.picked
	}
	return c.equal.IsValue(value, s.name) != c.not, nil
}
