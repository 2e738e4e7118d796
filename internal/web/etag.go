package web

import "strings"

// maxETag is the largest size of an ETag, in bytes. A watch keeps the ETag until it ends.
const maxETag = 256

// IsETag reports whether s is an entity tag (RFC 9110, 8.8.3), so that it can be sent in a header.
func IsETag(s string) bool {
	opaque := strings.TrimPrefix(s, "W/")
	if len(s) > maxETag || len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return false
	}
	return !strings.ContainsFunc(opaque[1:len(opaque)-1], func(r rune) bool { return r < '!' || r == '"' || r == 0x7f })
}
