package template

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// bodyTemplate is the body of a Call.
type bodyTemplate struct {
	pieces []piece // a piece whose slashes is true has a number in its hole
	escape func(string) string
	input  bool // whether it contains the input
}

// InputHole is the text in a body that the input of a create replaces.
const InputHole = `"{input}"`

// newBody returns the template of a body with a Content-Type.
func newBody(body any, typ string, holes []string) (*bodyTemplate, error) {
	if text, ok := body.(string); ok && typ != "" && !IsJSON(typ) {
		b := &bodyTemplate{pieces: cut(text), escape: func(s string) string { return s }}
		switch {
		case IsForm(typ):
			b.escape = url.QueryEscape
		case IsXML(typ):
			b.escape = escapeXML
		}
		return b, nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	text := string(encoded)
	isCreate, isWhole := slices.Contains(holes, Key), strings.Contains(text, InputHole)
	if isCreate && !isWhole && strings.Contains(strings.ReplaceAll(text, "{{input}}", ""), "{input}") {
		return nil, errors.New(`{input} must be a whole text, as in "{input}", because it stands for a value of any type; {{input}} is the text {input} itself`)
	}
	b := &bodyTemplate{escape: escapeJSON, input: isWhole}
	for {
		before, after, ok := strings.Cut(text, `"{id:number}"`)
		b.pieces = append(b.pieces, bodyPieces(before, holes)...)
		if !ok {
			return b, nil
		}
		b.pieces[len(b.pieces)-1].hole = ID
		b.pieces[len(b.pieces)-1].slashes = true // marks a number
		text = after
	}
}

// bodyPieces divides JSON at the holes in its strings. Other braces belong to JSON or to a query
// language.
func bodyPieces(text string, holes []string) (pieces []piece) {
	start := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '{' {
			continue
		}
		if literal, length := literalHole(text[i:]); length > 0 {
			pieces = append(pieces, piece{plain: text[start:i] + literal})
			i += length - 1
			start = i + 1
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 || !slices.Contains(holes, text[i+1:i+end]) {
			continue
		}
		pieces = append(pieces, piece{plain: text[start:i], hole: text[i+1 : i+end]})
		i += end
		start = i + 1
	}
	return append(pieces, piece{plain: text[start:]})
}

func escapeJSON(s string) string {
	text, _ := json.Marshal(s) // a string always can be
	return string(text[1 : len(text)-1])
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder always can be written
	return b.String()
}

var errNoNumber = errors.New("the id is not a number, as the body of the call wants")

func (b *bodyTemplate) has(hole string) bool {
	return slices.ContainsFunc(b.pieces, func(p piece) bool { return p.hole == hole })
}

func (b *bodyTemplate) fill(v *Vars) ([]byte, error) {
	var out []byte
	for i := range b.pieces {
		p := &b.pieces[i]
		out = append(out, p.plain...)
		switch value := v.get(p.hole); {
		case p.hole == "":
		case p.slashes:
			if len(value) > 32 || strings.Trim(value, "-0123456789") != "" || !json.Valid([]byte(value)) {
				return nil, errNoNumber
			}
			out = append(out, value...)
		default:
			out = append(out, b.escape(value)...)
		}
	}
	return out, nil
}

// IsJSON reports whether a content type is JSON.
func IsJSON(typ string) bool {
	return strings.Contains(strings.ToLower(typ), "json") && !strings.Contains(typ, "ndjson")
}

// IsXML reports whether a content type says that the body is XML.
func IsXML(typ string) bool { return strings.Contains(strings.ToLower(typ), "xml") }

// IsForm reports whether a content type says that the body is a form.
func IsForm(typ string) bool {
	return strings.HasPrefix(strings.ToLower(typ), "application/x-www-form-urlencoded")
}
