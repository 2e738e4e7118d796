package web

import (
	"fmt"
	"strings"
)

// EscapeQuery escapes the bytes of a query that a request line must not have, such as a space. A
// service may name a URL with such a query, and net/http sends a query unchanged. The bytes are the
// query percent-encode set of the URL standard (https://url.spec.whatwg.org).
func EscapeQuery(query string) string {
	at := strings.IndexFunc(query, isUnsafe)
	if at < 0 {
		return query
	}
	var b strings.Builder
	b.WriteString(query[:at])
	for ; at < len(query); at++ {
		if c := query[at]; isUnsafe(rune(c)) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isUnsafe reports whether a byte or a rune is in the query percent-encode set.
func isUnsafe(r rune) bool {
	return r <= ' ' || r > '~' || r == '"' || r == '#' || r == '<' || r == '>'
}
