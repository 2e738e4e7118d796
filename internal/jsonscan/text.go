package jsonscan

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// text passes over a string, and reports whether it has escapes.
func (s *scan) text() (escaped bool, err error) {
	if i := plain(s.body, s.at+1); i < len(s.body) && s.body[i] == '"' { // nearly always
		s.at = i + 1
		return false, nil
	}
	return s.anyText()
}

func (s *scan) anyText() (escaped bool, err error) {
	body := s.body
	for i := plain(body, s.at+1); ; i = plain(body, i+1) {
		if i >= len(body) {
			return escaped, errGrammar
		}
		switch body[i] {
		case '"':
			s.at = i + 1
			return escaped, nil
		case '\\':
			escaped = true
			if i++; i < len(body) && body[i] == 'u' {
				if !isHex(body[i+1:]) {
					return true, errGrammar
				}
				i += 4
			} else if i == len(body) || strings.IndexByte(`"\/bfnrt`, body[i]) < 0 {
				return true, errGrammar
			}
		default:
			return escaped, errGrammar
		}
	}
}

// plain returns the place of the first byte of b, from i on, that ends a string, begins an escape,
// or may not stand in a string. It returns len(b) if there is none. It looks at eight bytes at a
// time: a byte is one of those if it is less than a space, or is 0 after an exclusive or with '"'
// or '\\'. A subtraction that borrows may hit bytes after the first one, but none before it.
func plain(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		eight := binary.LittleEndian.Uint64(b[i:])
		quote, escape := eight^ones*'"', eight^ones*'\\'
		special := ((quote-ones)&^quote | (escape-ones)&^escape | (eight-ones*' ')&^eight) & highs
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// isHex reports whether b begins with four hexadecimal digits.
func isHex(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	for _, c := range b[:4] {
		if !(isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
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

// Inner returns the part of raw that Text would return, or nil if raw is a string that has to be
// decoded.
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
