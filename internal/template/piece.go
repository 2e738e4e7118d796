package template

import "strings"

// piece is a text and the hole after it.
type piece struct {
	plain, raw string // the text, and the text as it is sent
	hole       string // "" for no hole
	slashes    bool   // whether slashes in the value of the hole are not escaped
}

// pair is one parameter of a query.
type pair struct {
	pieces   []piece
	optional bool // whether it is omitted if one of its optional holes has no value
}

// field is a header of a Call.
type field struct {
	name     string
	pieces   []piece
	optional bool // whether it is omitted if one of its optional holes has no value
}

// cut divides a text at its holes. Other braces belong to the text, and {{id}} becomes {id}.
func cut(text string) (pieces []piece) {
	plain := ""
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		plain, text = plain+text[:open], text[open:]
		if literal, length := literalHole(text); length > 0 {
			plain, text = plain+literal, text[length:]
			continue
		}
		end := max(strings.IndexByte(text, '}'), 0)
		hole, slashes := strings.CutPrefix(text[1:max(end, 1)], "+")
		if !isHole(hole) {
			plain, text = plain+"{", text[1:]
			continue
		}
		pieces = append(pieces, piece{plain: plain, raw: plain, hole: hole, slashes: slashes})
		plain, text = "", text[end+1:]
	}
	return append(pieces, piece{plain: plain + text, raw: plain + text})
}

// literalHole returns the text for which a hole in double braces at the beginning of text stands,
// and the length of the hole with its braces. The length is 0 if there is no such hole.
func literalHole(text string) (literal string, length int) {
	inner, doubled := strings.CutPrefix(text, "{{")
	end := strings.IndexByte(inner, '}')
	if !doubled || end < 0 || !strings.HasPrefix(inner[end:], "}}") {
		return "", 0
	}
	switch name := strings.TrimPrefix(inner[:end], "+"); {
	case isHole(name), name == "input", name == "id:number":
		return "{" + inner[:end] + "}", len("{{}}") + end
	default:
		return "", 0
	}
}

// escapeLiterals returns a path and its query, with each hole in double braces replaced by its
// escaped text.
func escapeLiterals(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); {
		if literal, length := literalHole(path[i:]); length > 0 {
			b.WriteString("%7B" + literal[1:len(literal)-1] + "%7D")
			i += length
			continue
		}
		b.WriteByte(path[i])
		i++
	}
	return b.String()
}

func isHole(s string) bool {
	return s == ID || s == Rev || s == Key || s == Result || s == Page || s == Hold
}

// isOptional reports whether a parameter or a header with this hole is omitted if the hole has no
// value.
func isOptional(hole string) bool { return hole == Rev || hole == Page || hole == Hold }

// isLeftOut reports whether an optional hole of the pieces has no value.
func isLeftOut(pieces []piece, v *Vars) bool {
	for i := range pieces {
		if hole := pieces[i].hole; isOptional(hole) && v.get(hole) == "" {
			return true
		}
	}
	return false
}

// join returns the pieces with v in their holes.
func join(pieces []piece, v *Vars, escape func(string) string) string {
	var b strings.Builder
	for i := range pieces {
		b.WriteString(pieces[i].plain)
		if hole := pieces[i].hole; hole != "" {
			b.WriteString(escape(v.get(hole)))
		}
	}
	return b.String()
}
