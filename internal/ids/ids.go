// Package ids shortens the ids of jobs for printing.
package ids

import (
	"strings"
	"unicode/utf8"
)

// maxShort is the maximum number of bytes of an id that Short returns.
const maxShort = 64

// Short returns an id as it is printed in errors and logs: up to its first question mark, at most
// 64 bytes, with "…" in place of the rest. The query is left out because an id may be a URL whose
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
