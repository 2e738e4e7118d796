package jsonscan

import (
	"bytes"
	"encoding/json"
)

// Repaired returns a JSON text in which null stands for each NaN, Infinity and -Infinity outside of
// strings. Some encoders, such as Python's json module, write these words for numbers that JSON
// does not have. It returns nil if there are none, or if the result is no JSON.
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

// notANumber returns the length of the word that text begins with, if it stands for a number that
// JSON does not have, or else 0.
func notANumber(text []byte) int {
	for _, word := range [...]string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(text, []byte(word)) {
			return len(word)
		}
	}
	return 0
}
