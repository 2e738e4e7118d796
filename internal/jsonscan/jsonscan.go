// Package jsonscan finds a few values in a JSON text without decoding the rest. It refuses texts
// that two decoders may read differently: those in which a key that is looked for occurs twice, or
// also in another case.
package jsonscan

import "encoding/json"

// Find sets found[i] to the JSON text of the value at path i of [Compile], or to nil if there is no
// value or it is null. The texts are parts of body, or of the result of [Repaired]. The error says
// what is wrong with body. It quotes nothing of body except a key that was looked for.
func (p *Paths) Find(body []byte, found [][]byte) error { return p.FindFor("", body, found) }

// FindFor is [Paths.Find] with name in the holes of the paths.
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

// FindAmongSiblings is [Paths.FindFor] for a text in which a key may occur several times, such as
// one that was converted from XML. It finds the first value that is not empty. On the way of a
// strict path, such a key is an error here too.
func (p *Paths) FindAmongSiblings(name string, body []byte, found [][]byte) error {
	return p.scan(name, body, found, true)
}

// scan is FindFor for a text that is not repaired, or FindAmongSiblings if siblings is true.
func (p *Paths) scan(name string, body []byte, found [][]byte, siblings bool) error {
	clear(found)
	s := scan{cursor: cursor{body: body}, found: found, name: name, siblings: siblings}
	err := s.document(&p.root)
	if err != nil {
		clear(found)
	}
	return err
}
