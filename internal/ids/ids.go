// Package ids says how much of a job's id is printed.
package ids

import (
	"strings"
	"unicode/utf8"
)

// maxShort bounds, in bytes, what Short shows of an id.
const maxShort = 64

// Short returns an id as it is printed in errors, logs and lines for a person: as far as its first
// question mark, and 64 bytes of it at most, with "…" for what is left out. An id may be a URL whose
// query holds a token.
func Short(id string) string {
	cut := id
	if i := strings.IndexByte(cut, '?'); i >= 0 {
		cut = cut[:i]
	}
	if n := maxShort; len(cut) > n {
		for n > 0 && !utf8.RuneStart(cut[n]) {
			n--
		}
		cut = cut[:n]
	}
	if len(cut) < len(id) {
		cut += "…"
	}
	return cut
}
