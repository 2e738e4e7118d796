// Package web has what all transports over HTTP share: the pool of connections, the rules for
// redirects, the classes of status codes and network errors, the wait that a service asks for, and
// the shared token.
package web

import (
	"net/http"
	"strings"
)

// IsToken reports whether s is a token of HTTP, such as a method or the name of a header (RFC 9110,
// 5.6.2).
func IsToken(s string) bool {
	const signs = "!#$%&'*+-.^_`|~"
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(signs, r))
	})
}

// IsHeaderValue reports whether s can be sent as a header's value: it holds no control character.
func IsHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// MediaType returns the media type of a body in lower case, or "" if there is none. Unlike
// [mime.ParseMediaType], it accepts any parameters, because some servers and proxies add a charset
// twice.
func MediaType(h http.Header) string {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}
