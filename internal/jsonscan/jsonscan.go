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
	err := p.scan(name, body, found)
	if err == nil || json.Valid(body) {
		return err
	}
	if repaired := Repaired(body); repaired != nil {
		return p.scan(name, repaired, found)
	}
	var v json.RawMessage
	return json.Unmarshal(body, &v)
}

// scan is FindFor for a text that is JSON.
func (p *Paths) scan(name string, body []byte, found [][]byte) error {
	clear(found)
	s := scan{cursor: cursor{body: body}, found: found, name: name}
	err := s.document(&p.root)
	if err != nil {
		clear(found)
	}
	return err
}
