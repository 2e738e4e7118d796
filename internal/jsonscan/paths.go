package jsonscan

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPaths is the number of bits in a mask.
const maxPaths = 64

// Paths is a set of paths to look for at once. It does not change, and is safe for concurrent use.
type Paths struct{ root node }

// node is a value on a path.
type node struct {
	key      Name
	bytes    []byte     // the key, if it has no hole
	wanted   uint64     // has a bit for each path that ends here
	tagged   uint64     // has a bit for each path that ends at the tag
	strict   bool       // it is on a strict path
	children []*node    // the next nodes by key, if the value is an object
	elements []*element // the next nodes, if the value is an array, or an object whose values are compared
	backward bool       // an element is counted from the end
	inside   *node      // the JSON within the value, if the value is a string

	// begins is indexed by the first byte of a key, modulo its length. Each entry has a bit for each
	// child to which such a key may lead. It is nil if there are no children.
	begins *[64]uint64
}

// Compile prepares the search for paths such as "payload.status", which are keys joined by dots.
// The path "." is the whole text, and "" is never found. The first path is strict: see [Path].
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
		n, wanted := &p.root, &p.root.wanted
		for j := range paths[i].Steps {
			if paths[i].Steps[j].Kind == Tag {
				wanted = &n.tagged
				break
			}
			n = n.to(&paths[i].Steps[j])
			n.strict = n.strict || paths[i].Strict
			wanted = &n.wanted
		}
		*wanted |= 1 << i
	}
	p.root.index()
	return p, nil
}

// index sets begins of n and of the nodes below n.
func (n *node) index() {
	if len(n.children) > 0 {
		n.begins = new([64]uint64)
	}
	for i, c := range n.children {
		for b := range 256 {
			if c.mayBegin(byte(b)) {
				n.begins[b%len(n.begins)] |= 1 << i
			}
		}
		c.index()
	}
	for _, e := range n.elements {
		e.index()
	}
	if n.inside != nil {
		n.inside.index()
	}
}

// mayBegin reports whether a key that begins with b may be the key of n, or differ from it only by
// case.
func (n *node) mayBegin(b byte) bool {
	switch {
	case n.key.Hole:
		return true
	case len(n.bytes) == 0:
		return false
	case !n.strict:
		return n.bytes[0] == b
	default: // a letter outside ASCII may be another case of an ASCII letter
		return (n.bytes[0]^b)&^0x20 == 0 || n.bytes[0] >= utf8.RuneSelf || b >= utf8.RuneSelf
	}
}

// to returns the node to which a step leads from n.
func (n *node) to(s *Step) *node {
	switch s.Kind {
	case Key:
		return n.child(s.Key)
	case Inside:
		if n.inside == nil {
			n.inside = &node{}
		}
		return n.inside
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

// element is an element of an array, or a value of an object, on a path.
type element struct {
	node
	step  Step
	where []comparison // the comparisons of a Where
}

// comparison is a comparison that an element must meet.
type comparison struct {
	field *Paths // the path of the field; nil if the element itself is compared
	equal *Name
	not   bool
}

// comparisons returns the comparisons of a Where.
func comparisons(s *Step) (all []comparison) {
	for ; s != nil; s = s.And {
		c := comparison{equal: &s.Equal, not: s.Not}
		if len(s.Field) > 0 {
			where := Path{}
			for _, key := range s.Field {
				where.Steps = append(where.Steps, Step{Key: Name{Before: key}})
			}
			c.field, _ = CompilePaths([]Path{where})
		}
		all = append(all, c)
	}
	return all
}
