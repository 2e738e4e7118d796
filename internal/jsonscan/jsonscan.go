// Package jsonscan picks a few values out of a JSON text whose other content is of no interest,
// without building maps. It refuses what a decoder lets pass and two decoders read differently: a
// key that stands twice, or in another case too.
package jsonscan

import "encoding/json"

// Find sets found[i] to the JSON text of the value at path i of Compile, or to nil if there is none
// or it is null. The texts are parts of body, or of what Repaired makes of it. An error says what
// is wrong with body, and quotes no more of it than a key that was looked for.
func (p *Paths) Find(body []byte, found [][]byte) error { return p.FindFor("", body, found) }

// FindFor is Find, with name in the holes of the paths.
func (p *Paths) FindFor(name string, body []byte, found [][]byte) error {
	err := p.scan(name, body, found, false)
	if err == nil || json.Valid(body) {
		return err
	}
	if repaired := Repaired(body); repaired != nil {
		return p.scan(name, repaired, found, false)
	}
	var v json.RawMessage
	return json.Unmarshal(body, &v)
}

// FindAmongSiblings is FindFor for a text in which a key may stand several times, such as one made
// of XML. The first value that is not empty is found. On the way of a strict path, such a key is an
// error here, too.
func (p *Paths) FindAmongSiblings(name string, body []byte, found [][]byte) error {
	return p.scan(name, body, found, true)
}

// scan is FindFor for a text that is JSON, or FindAmongSiblings.
func (p *Paths) scan(name string, body []byte, found [][]byte, siblings bool) error {
	clear(found)
	s := scan{cursor: cursor{body: body}, found: found, name: name, siblings: siblings}
	err := s.document(&p.root)
	if err != nil {
		clear(found)
	}
	return err
}
