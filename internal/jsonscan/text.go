package jsonscan

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Text returns the decoded string of a JSON text. It returns any other JSON text unchanged, and ""
// for nil.
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

// Inner returns the part of raw that [Text] would return, or nil if raw is a string that must be
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
