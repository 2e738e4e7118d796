package redact

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// maxSpelling is the number of bytes of the longest usual escape of one byte, such as \u0026 and
// &quot;.
const maxSpelling = 6

// maxLayers is the maximum number of nested escapes that are decoded, such as a query in HTML in
// JSON.
const maxLayers = 3

// without returns s with Mask in place of each of the secrets, even if they are escaped for URLs,
// JSON or HTML.
func without(s string, secrets []string) string {
	var found spans
	look(&found, plain(s), secrets, maxLayers)
	return found.mask(s)
}

// look finds the secrets in v, and in v after each escape is decoded, up to the given number of
// layers.
func look(found *spans, v view, secrets []string, layers int) {
	for _, secret := range secrets {
		v.find(found, secret)
	}
	if layers == 0 {
		return
	}
	for _, e := range escapes {
		if bytes.IndexByte(v.text, e.sign) < 0 {
			continue
		}
		if inner, changed := v.decode(e); changed {
			look(found, inner, secrets, layers-1)
		}
	}
}

// view is a text after some escapes were decoded. Byte i of text stands for the bytes from
// origin[i] to origin[i+1] of the original.
type view struct {
	text   []byte
	origin []int
}

func plain(s string) view {
	v := view{[]byte(s), make([]int, len(s)+1)}
	for i := range v.origin {
		v.origin[i] = i
	}
	return v
}

func (v view) find(found *spans, secret string) {
	if secret == "" {
		return
	}
	for from := 0; ; {
		i := bytes.Index(v.text[from:], []byte(secret))
		if i < 0 {
			return
		}
		from += i
		*found = append(*found, span{v.origin[from], v.origin[from+len(secret)]})
		from++
	}
}

// decode returns v with one layer of an escape decoded, and reports whether there was such an
// escape.
func (v view) decode(e escape) (inner view, changed bool) {
	inner = view{make([]byte, 0, len(v.text)), make([]int, 0, len(v.text)+1)}
	for i := 0; i < len(v.text); {
		text, n := "", 0
		if v.text[i] == e.sign {
			text, n = e.decode(v.text[i:])
		}
		if n == 0 {
			text, n = string(v.text[i:i+1]), 1
		} else {
			changed = true
		}
		for j := range len(text) {
			inner.text, inner.origin = append(inner.text, text[j]), append(inner.origin, v.origin[i])
		}
		i += n
	}
	inner.origin = append(inner.origin, v.origin[len(v.text)])
	return inner, changed
}

// span is a part of a text.
type span struct{ from, to int }

type spans []span

// mask returns s with Mask in place of the spans, which may overlap.
func (all spans) mask(s string) string {
	if len(all) == 0 {
		return s
	}
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	kept := 0
	for i := 0; i < len(all); {
		one := all[i]
		for i++; i < len(all) && all[i].from <= one.to; i++ {
			one.to = max(one.to, all[i].to)
		}
		b.WriteString(s[kept:one.from])
		b.WriteString(Mask)
		kept = one.to
	}
	b.WriteString(s[kept:])
	return b.String()
}

// escape is a way to write characters by other characters.
type escape struct {
	sign   byte                              // the byte with which it begins
	decode func([]byte) (text string, n int) // decodes an escape at the beginning of a text; n is 0 if there is none
}

var escapes = [...]escape{
	{'%', unescapePercent},
	{'+', func([]byte) (string, int) { return " ", 1 }}, // in a query
	{'\\', unescapeJSON},
	{'&', unescapeHTML},
}

func unescapePercent(s []byte) (string, int) {
	if !isHex(s, 1, 2) {
		return "", 0
	}
	return string([]byte{byte(hexAt(s, 1, 2))}), 3
}

func unescapeJSON(s []byte) (string, int) {
	if len(s) < 2 {
		return "", 0
	}
	switch c := s[1]; c {
	case '"', '\\', '/', '\'':
		return string(rune(c)), 2
	case 'b', 'f', 'n', 'r', 't':
		i := strings.IndexByte("bfnrt", c)
		return "\b\f\n\r\t"[i : i+1], 2
	case 'u':
		if !isHex(s, 2, 4) {
			return "", 0
		}
		r := hexAt(s, 2, 4)
		if utf16.IsSurrogate(r) && bytes.HasPrefix(s[6:], []byte(`\u`)) && isHex(s, 8, 4) {
			return string(utf16.DecodeRune(r, hexAt(s, 8, 4))), 12
		}
		return string(r), 6
	default:
		return "", 0
	}
}

// maxEntity is the length of the longest HTML entity that is decoded.
const maxEntity = 12

func unescapeHTML(s []byte) (string, int) {
	end := bytes.IndexByte(s[:min(len(s), maxEntity)], ';') + 1
	entity := string(s[:end])
	if text := html.UnescapeString(entity); text != entity {
		return text, end
	}
	return "", 0
}

// isHex reports whether s has n hexadecimal digits from the given index on.
func isHex(s []byte, from, n int) bool {
	return len(s) >= from+n && len(bytes.Trim(s[from:from+n], "0123456789abcdefABCDEF")) == 0
}

func hexAt(s []byte, from, n int) rune {
	r, _ := strconv.ParseUint(string(s[from:from+n]), 16, 32)
	return rune(r)
}
