package jsonscan

import (
	"bytes"
	"encoding/json"
)

// Repaired returns body with null in place of each NaN, Infinity and -Infinity outside of strings.
// Some encoders, such as Python's json module, write these words, although JSON does not have them.
// It returns nil if there are none, or if the result is not JSON.
func Repaired(body []byte) []byte {
	var b []byte
	from, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString || c != 'N' && c != 'I' && c != '-':
		default:
			if n := notANumber(body[i:]); n > 0 {
				b = append(append(b, body[from:i]...), "null"...)
				i += n - 1
				from = i + 1
			}
		}
	}
	if b == nil {
		return nil
	}
	if b = append(b, body[from:]...); !json.Valid(b) {
		return nil
	}
	return b
}

// notANumber returns the length of NaN, Infinity or -Infinity if text begins with it, and otherwise
// 0.
func notANumber(text []byte) int {
	for _, word := range [...]string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(text, []byte(word)) {
			return len(word)
		}
	}
	return 0
}
