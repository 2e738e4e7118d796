// Package jsonscan picks a few values out of a JSON text whose other content is of no interest, without building maps. It
// refuses what a decoder lets pass and two decoders read differently: a key that stands twice, or in another case too.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may stand in one another.
const MaxDepth = 64

// maxPaths is the number of bits in a mask.
const maxPaths = 32

// Paths is a set of paths to look for at once. It does not change, and is safe for concurrent use.
type Paths struct{ root node }

type node struct {
	key      []byte
	wanted   uint32 // a bit for each path that ends here
	strict   bool   // on the way of the first path
	children []*node
}

// Compile prepares the search for paths such as "payload.status": the keys on the way, joined by dots. "." is the whole
// text, and "" is a path that is never found. The first path is the one that matters: no key on its way may stand in
// another case, whether or not it also stands in its own.
func Compile(paths ...string) (*Paths, error) {
	p := new(Paths)
	if len(paths) > maxPaths {
		return nil, fmt.Errorf("%d paths, at most %d", len(paths), maxPaths)
	}
	for i, path := range paths {
		n := &p.root
		switch path {
		case "":
			continue
		case ".":
		default:
			for key := range strings.SplitSeq(path, ".") {
				if key == "" {
					return nil, fmt.Errorf("path %q: a key is empty", path)
				}
				n = n.child(key)
				n.strict = n.strict || i == 0
			}
		}
		n.wanted |= 1 << i
	}
	return p, nil
}

func (n *node) child(key string) *node {
	for _, c := range n.children {
		if string(c.key) == key {
			return c
		}
	}
	c := &node{key: []byte(key)}
	n.children = append(n.children, c)
	return c
}

// Find sets found[i] to the JSON text of the value at path i of Compile, or to nil if there is none or it is null. The
// texts are parts of body. An error says what is wrong with body, and quotes no more of it than a key that was looked for.
func (p *Paths) Find(body []byte, found [][]byte) error {
	clear(found)
	if !json.Valid(body) {
		var v json.RawMessage
		if err := json.Unmarshal(body, &v); err != nil {
			return err
		}
		return errors.New("not JSON")
	}
	s := scan{body: body, found: found}
	return s.value(&p.root, 0)
}

// scan walks over a JSON text that is known to be valid.
type scan struct {
	body  []byte
	at    int
	found [][]byte
}

func (s *scan) value(n *node, depth int) (err error) {
	s.space()
	start := s.at
	switch {
	case s.body[s.at] == '{' && len(n.children) > 0:
		err = s.object(n, depth+1)
	case s.body[s.at] == '{' || s.body[s.at] == '[':
		err = s.skip(depth)
	case s.body[s.at] == '"':
		s.text()
	default:
		for s.at < len(s.body) && strings.IndexByte(",]} \t\r\n", s.body[s.at]) < 0 {
			s.at++
		}
	}
	if err != nil || n.wanted == 0 || s.body[start] == 'n' {
		return err
	}
	for i := range s.found {
		if n.wanted&(1<<i) != 0 {
			s.found[i] = s.body[start:s.at]
		}
	}
	return nil
}

func (s *scan) object(n *node, depth int) error {
	if depth > MaxDepth {
		return errDepth
	}
	var seen uint32
	for s.at++; ; s.at++ { // over the brace or the comma
		s.space()
		if s.body[s.at] == '}' {
			s.at++
			return nil
		}
		key := s.key()
		s.space()
		s.at++ // the colon
		next := &unwanted
		for i, c := range n.children {
			switch {
			case bytes.Equal(c.key, key):
				if seen&(1<<i) != 0 {
					return fmt.Errorf("key %q stands twice", c.key)
				}
				seen |= 1 << i
				next = c
			case c.strict && bytes.EqualFold(c.key, key):
				return fmt.Errorf("key %q stands in another case", c.key)
			}
		}
		if err := s.value(next, depth); err != nil {
			return err
		}
		if s.space(); s.body[s.at] == '}' {
			s.at++
			return nil
		}
	}
}

var (
	unwanted node
	errDepth = fmt.Errorf("nested more than %d deep", MaxDepth)
)

// skip passes over an array or an object without looking into it for more than its depth.
func (s *scan) skip(depth int) error {
	inside := 0
	for {
		switch s.body[s.at] {
		case '"':
			s.text()
			continue
		case '{', '[':
			if inside++; depth+inside > MaxDepth {
				return errDepth
			}
		case '}', ']':
			inside--
		}
		if s.at++; inside == 0 {
			return nil
		}
	}
}

// text passes over a string and returns what stands between its quotes.
func (s *scan) text() []byte {
	start := s.at + 1
	for s.at++; s.body[s.at] != '"'; s.at++ {
		if s.body[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.body[start : s.at-1]
}

func (s *scan) key() []byte {
	start := s.at
	key := s.text()
	if bytes.IndexByte(key, '\\') >= 0 {
		return []byte(Text(s.body[start:s.at]))
	}
	return key
}

func (s *scan) space() {
	for s.at < len(s.body) && (s.body[s.at] == ' ' || s.body[s.at] == '\t' || s.body[s.at] == '\r' || s.body[s.at] == '\n') {
		s.at++
	}
}

// Text returns what the JSON text of a string says, and any other JSON text as it is, nil as "".
func Text(raw []byte) string {
	if inner := Inner(raw); inner != nil || len(raw) == 0 {
		return string(inner)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return string(raw)
	}
	return s
}

// Inner returns the part of raw that Text would return, or nil if raw is a string that has to be decoded.
func Inner(raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return raw
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') >= 0 || !utf8.Valid(inner) {
		return nil
	}
	return inner
}
