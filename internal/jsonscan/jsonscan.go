// Package jsonscan picks a few values out of a JSON text whose other content is of no interest,
// without building maps. It refuses what a decoder lets pass and two decoders read differently: a
// key that stands twice, or in another case too.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may stand in one another.
const MaxDepth = 64

// maxPaths is the number of bits in a mask.
const maxPaths = 64

// Paths is a set of paths to look for at once. It does not change, and is safe for concurrent use.
type Paths struct{ root node }

// node is a value on the way of a path.
type node struct {
	key      Name
	bytes    []byte     // of a key without a hole
	wanted   uint64     // a bit for each path that ends here
	strict   bool       // on the way of a path that is
	children []*node    // by key, if the value is an object
	elements []*element // if it is an array
	backward bool       // whether an element is counted from the end

	// begins has a bit for each child that a key with this first byte may lead to; nil for no
	// children.
	begins *[256]uint64
}

// Compile prepares the search for paths such as "payload.status": the keys on the way, joined by
// dots. "." is the whole text, and "" is a path that is never found. The first path is strict: see
// [Path].
func Compile(paths ...string) (*Paths, error) {
	all := make([]Path, len(paths))
	for i, path := range paths {
		all[i].Strict = i == 0
		switch path {
		case "":
			all[i].Never = true
		case ".":
		default:
			for key := range strings.SplitSeq(path, ".") {
				if key == "" {
					return nil, fmt.Errorf("path %q: a key is empty", path)
				}
				all[i].Steps = append(all[i].Steps, Step{Key: Name{Before: key}})
			}
		}
	}
	return CompilePaths(all)
}

// CompilePaths prepares the search for paths.
func CompilePaths(paths []Path) (*Paths, error) {
	p := new(Paths)
	if len(paths) > maxPaths {
		return nil, fmt.Errorf("%d paths, at most %d", len(paths), maxPaths)
	}
	for i := range paths {
		if paths[i].Never {
			continue
		}
		n := &p.root
		for j := range paths[i].Steps {
			n = n.to(&paths[i].Steps[j])
			n.strict = n.strict || paths[i].Strict
		}
		n.wanted |= 1 << i
	}
	p.root.index()
	return p, nil
}

// index sets begins of n and of the nodes below.
func (n *node) index() {
	if len(n.children) > 0 {
		n.begins = new([256]uint64)
	}
	for i, c := range n.children {
		for b := range n.begins {
			if c.mayBegin(byte(b)) {
				n.begins[b] |= 1 << i
			}
		}
		c.index()
	}
	for _, e := range n.elements {
		e.index()
	}
}

// mayBegin reports whether a key that begins with b may lead to n, or differ from the key that does
// by case alone.
func (n *node) mayBegin(b byte) bool {
	switch {
	case n.key.Hole:
		return true
	case len(n.bytes) == 0:
		return false
	case !n.strict:
		return n.bytes[0] == b
	default: // a letter beyond ASCII may be another case of one within
		return (n.bytes[0]^b)&^0x20 == 0 || n.bytes[0] >= utf8.RuneSelf || b >= utf8.RuneSelf
	}
}

// to returns the node that a step leads to from n.
func (n *node) to(s *Step) *node {
	if s.Kind == Key {
		return n.child(s.Key)
	}
	for _, e := range n.elements {
		if e.step.Equals(s) {
			return &e.node
		}
	}
	e := &element{step: *s}
	if s.Kind == Where {
		e.where = comparisons(&e.step)
	}
	n.elements = append(n.elements, e)
	n.backward = n.backward || s.Kind == Index && s.Index < 0
	return &e.node
}

func (n *node) child(key Name) *node {
	for _, c := range n.children {
		if c.key == key {
			return c
		}
	}
	c := &node{key: key, bytes: []byte(key.Before)}
	n.children = append(n.children, c)
	return c
}

// Find sets found[i] to the JSON text of the value at path i of Compile, or to nil if there is none
// or it is null. The texts are parts of body. An error says what is wrong with body, and quotes no
// more of it than a key that was looked for.
func (p *Paths) Find(body []byte, found [][]byte) error { return p.FindFor("", body, found) }

// FindFor is Find, with name in the holes of the paths.
func (p *Paths) FindFor(name string, body []byte, found [][]byte) error {
	clear(found)
	s := scan{body: body, found: found, name: name}
	err := s.document(&p.root)
	if err == nil {
		return nil
	}
	clear(found)
	if json.Valid(body) {
		return err
	}
	var v json.RawMessage
	return json.Unmarshal(body, &v)
}

// scan walks over a JSON text once, and checks its grammar (RFC 8259) on the way: it refuses what
// encoding/json refuses.
type scan struct {
	body  []byte
	at    int
	found [][]byte
	name  string // in the holes of the paths

	// A field that a path compares is picked on the way, not found.
	picking bool
	picked  []byte
}

var (
	unwanted   node
	errDepth   = fmt.Errorf("nested more than %d deep", MaxDepth)
	errGrammar = errors.New("not JSON") // encoding/json has better words for it
)

func (s *scan) document(root *node) error {
	if err := s.value(root, 0); err != nil {
		return err
	}
	if s.space(); s.at < len(s.body) {
		return errGrammar
	}
	return nil
}

// next passes over white space and returns the byte that follows, or 0 at the end.
func (s *scan) next() byte {
	if s.at < len(s.body) && s.body[s.at] > ' ' {
		return s.body[s.at]
	}
	if s.space(); s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

func (s *scan) space() {
	for s.at < len(s.body) && (s.body[s.at] == ' ' || s.body[s.at] == '\t' || s.body[s.at] == '\r' || s.body[s.at] == '\n') {
		s.at++
	}
}

// value passes over a value, at whose place in the text n stands among the paths.
func (s *scan) value(n *node, depth int) (err error) {
	first := s.next()
	start := s.at
	switch first {
	case '{':
		err = s.object(n, depth+1)
	case '[':
		err = s.array(n, depth+1)
	case '"':
		_, err = s.text()
	case 't':
		err = s.word("true")
	case 'f':
		err = s.word("false")
	case 'n':
		err = s.word("null")
	default:
		err = s.number()
	}
	if err != nil || n.wanted == 0 || first == 'n' {
		return err
	}
	if s.picking {
		s.picked = s.body[start:s.at]
		return nil
	}
	for wanted := n.wanted; wanted != 0; wanted &= wanted - 1 {
		s.found[bits.TrailingZeros64(wanted)] = s.body[start:s.at]
	}
	return nil
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
	var seen uint64
	for {
		child, err := s.key(n, &seen)
		if err != nil {
			return err
		}
		if s.next() != ':' {
			return errGrammar
		}
		s.at++
		if err := s.value(child, depth); err != nil {
			return err
		}
		c := s.next()
		s.at++
		switch c {
		case ',':
		case '}':
			return nil
		default:
			return errGrammar
		}
	}
}

// key passes over a key of the object at n and returns the node of its value. In seen is a bit for
// each child of n whose key stood before.
func (s *scan) key(n *node, seen *uint64) (*node, error) {
	if s.next() != '"' {
		return nil, errGrammar
	}
	start := s.at
	escaped, err := s.text()
	if err != nil || len(n.children) == 0 {
		return &unwanted, err
	}
	key := s.body[start+1 : s.at-1]
	if escaped {
		key = []byte(Text(s.body[start:s.at]))
	}
	candidates := ^uint64(0) >> (maxPaths - len(n.children)) // all, for the empty key
	if len(key) > 0 {
		candidates = n.begins[key[0]]
	}
	child := &unwanted
	for ; candidates != 0; candidates &= candidates - 1 {
		i := bits.TrailingZeros64(candidates)
		c := n.children[i]
		switch {
		case !c.key.Hole && bytes.Equal(c.bytes, key) || c.key.Hole && c.key.is(key, s.name):
			if *seen&(1<<i) != 0 {
				return nil, fmt.Errorf("key %q stands twice", key)
			}
			*seen |= 1 << i
			child = c
		case c.strict && !c.key.Hole && bytes.EqualFold(c.bytes, key):
			return nil, fmt.Errorf("key %q stands in another case", c.key.Before)
		}
	}
	return child, nil
}

// array passes over an array at n.
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

// elements passes over the elements of an array at n, and counts them. In all is how many there
// are, if n counts any from the end.
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
		end := s.at
		for i, e := range n.elements {
			fits, err := s.fits(e, *count, all, start)
			if err != nil {
				return err
			}
			if !fits || taken&(1<<i) != 0 {
				continue
			}
			taken |= 1 << i
			s.at = start
			if err := s.value(&e.node, depth); err != nil {
				return err
			}
			s.at = end
			if len(e.where) > 0 && !s.picking && e.node.wanted != 0 {
				s.markPart(e.node.wanted, s.body[start:end])
			}
		}
		if more, err := s.more(']'); !more {
			*count++
			return err
		}
	}
}

// markPart sets what was found to an array that holds the element, if that is null or empty. An
// element that was chosen is there, whatever it says.
func (s *scan) markPart(wanted uint64, element []byte) {
	var mark []byte
	switch {
	case element[0] == 'n':
		mark = []byte("[null]")
	case element[0] == '{' && len(bytes.TrimSpace(element[1:len(element)-1])) == 0:
		mark = []byte("[{}]")
	case element[0] == '[' && len(bytes.TrimSpace(element[1:len(element)-1])) == 0:
		mark = []byte("[[]]")
	default:
		return
	}
	for ; wanted != 0; wanted &= wanted - 1 {
		s.found[bits.TrailingZeros64(wanted)] = mark
	}
}

// more passes over the comma or the end that follows an element, and reports whether it was the
// comma.
func (s *scan) more(end byte) (bool, error) {
	c := s.next()
	s.at++
	switch c {
	case ',':
		return true, nil
	case end:
		return false, nil
	default:
		return false, errGrammar
	}
}

// word passes over a word that stands for a value.
func (s *scan) word(w string) error {
	end := s.at + len(w)
	if end > len(s.body) || string(s.body[s.at:end]) != w {
		return errGrammar
	}
	s.at = end
	return nil
}

func (s *scan) number() error {
	s.accept('-')
	if !s.accept('0') && !s.digits() {
		return errGrammar
	}
	if s.accept('.') && !s.digits() {
		return errGrammar
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return errGrammar
		}
	}
	return nil
}

// accept passes over c and reports whether it stood there.
func (s *scan) accept(c byte) bool {
	if s.at < len(s.body) && s.body[s.at] == c {
		s.at++
		return true
	}
	return false
}

// digits passes over digits and reports whether there was one.
func (s *scan) digits() bool {
	start := s.at
	for s.at < len(s.body) && isDigit(s.body[s.at]) {
		s.at++
	}
	return s.at > start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
