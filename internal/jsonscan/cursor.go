package jsonscan

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strings"
)

// errGrammar is replaced by the error of encoding/json, which is more precise.
var errGrammar = errors.New("not JSON")

// A cursor is a position in a JSON text. Each method moves past one item of the text and checks its
// grammar (RFC 8259). It refuses the same texts as encoding/json.
type cursor struct {
	body []byte
	at   int
}

// next skips white space and returns the next byte, or 0 at the end.
func (c *cursor) next() byte {
	if c.at < len(c.body) && c.body[c.at] > ' ' {
		return c.body[c.at]
	}
	if c.space(); c.at < len(c.body) {
		return c.body[c.at]
	}
	return 0
}

// take skips white space and the next byte. It returns that byte, or 0 at the end.
func (c *cursor) take() byte {
	b := c.next()
	c.at++
	return b
}

func (c *cursor) space() {
	for c.at < len(c.body) && (c.body[c.at] == ' ' || c.body[c.at] == '\t' || c.body[c.at] == '\r' || c.body[c.at] == '\n') {
		c.at++
	}
}

// word skips a literal such as true.
func (c *cursor) word(w string) error {
	end := c.at + len(w)
	if end > len(c.body) || string(c.body[c.at:end]) != w {
		return errGrammar
	}
	c.at = end
	return nil
}

func (c *cursor) number() error {
	c.accept('-')
	if !c.accept('0') && !c.digits() {
		return errGrammar
	}
	if c.accept('.') && !c.digits() {
		return errGrammar
	}
	if c.accept('e') || c.accept('E') {
		if !c.accept('+') {
			c.accept('-')
		}
		if !c.digits() {
			return errGrammar
		}
	}
	return nil
}

// accept skips b if it is the next byte, and reports whether it was.
func (c *cursor) accept(b byte) bool {
	if c.at < len(c.body) && c.body[c.at] == b {
		c.at++
		return true
	}
	return false
}

// digits skips digits and reports whether there was one.
func (c *cursor) digits() bool {
	start := c.at
	for c.at < len(c.body) && isDigit(c.body[c.at]) {
		c.at++
	}
	return c.at > start
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// text skips a string and reports whether it has escapes.
func (c *cursor) text() (escaped bool, err error) {
	if i := plain(c.body, c.at+1); i < len(c.body) && c.body[i] == '"' { // nearly always
		c.at = i + 1
		return false, nil
	}
	return c.anyText()
}

func (c *cursor) anyText() (escaped bool, err error) {
	body := c.body
	for i := plain(body, c.at+1); ; i = plain(body, i+1) {
		if i >= len(body) {
			return escaped, errGrammar
		}
		switch body[i] {
		case '"':
			c.at = i + 1
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

// plain returns the index of the first byte of b, from i on, that ends a string, begins an escape,
// or is not allowed in a string. It returns len(b) if there is none. It looks at eight bytes at a
// time. Such a byte is less than a space, or is 0 after an exclusive or with '"' or '\\'. A borrow
// of the subtraction can mark a wrong byte only after the first right one.
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
