// Package redact makes a text that a server or a library wrote fit to stand in an error or a log.
package redact

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask stands for what was taken out.
const Mask = "[redacted]"

// MaxExcerpt is how many bytes of a body Excerpt quotes at most.
const MaxExcerpt = 256

// window is how much of a body Excerpt reads, beside what the longest secret takes, which is at
// most maxOverlap.
const (
	window     = 4 * MaxExcerpt
	maxOverlap = 64 << 10
)

// names are the parts of a name that sound like a secret's.
const names = `token|secret|passw|pwd|auth|cookie|session|credential|signature|private|api.?key`

var secretName = regexp.MustCompile(`(?i)` + names)

// IsSecretName reports whether a name, of a header or of a value, sounds like a secret's.
func IsSecretName(name string) bool { return secretName.MatchString(name) }

var (
	// named is a value behind a name that sounds like a secret's, in JSON, in a form, in a query or
	// in a header. An array or an object is taken out with all that follows, since where it ends is
	// not a regular expression's to say.
	named = regexp.MustCompile(`(?is)([\w.-]*(?:` + names + `)` +
		`[\w.-]*\\?["']?\s*[:=]\s*)(?:[{\[].*|\\?"(?:[^"\\]|\\.)*(?:"|\\?$)|'[^']*'?|(?:(?:bearer|basic|digest)\s+)?[^\s,;&}\]"']+)`)
	scheme   = regexp.MustCompile(`(?i)\b(bearer|basic|digest)\s+[^\s,;"'}]+`)
	userInfo = regexp.MustCompile(`://[^/\s"'<>]*@`)
	query    = regexp.MustCompile(`(://[^\s?"'<>]*|/[\w./%-]*)\?[^\s"'<>]+`)
	// opaque is a run that is too long for a word and may be a token.
	opaque = regexp.MustCompile(`[\w+/=.~%-]{24,}`)
	tail   = regexp.MustCompile(`[\w+/=.~%-]*$`)
)

// Text returns s without the given secrets, however they are escaped, and without what looks like
// one: user names and queries of URLs, values behind a name such as "token" or "password", and
// credentials of HTTP's authentication schemes.
func Text(s string, secrets ...string) string {
	s = named.ReplaceAllString(without(s, secrets), "${1}"+Mask)
	s = scheme.ReplaceAllString(s, "${1} "+Mask)
	s = userInfo.ReplaceAllString(s, "://"+Mask+"@")
	return query.ReplaceAllString(s, "${1}?"+Mask)
}

// Excerpt quotes the beginning of a body: at most MaxExcerpt bytes of it after Text, in one line
// that prints, and with every run of 24 or more letters, digits and signs taken out that a token
// could be.
func Excerpt(body []byte, secrets ...string) string {
	longest := 0
	for _, secret := range secrets {
		longest = max(longest, len(secret)*maxSpelling)
	}
	read := window + min(longest, maxOverlap)
	s := without(string(body[:min(len(body), read)]), secrets)
	if len(body) > read {
		// The window may cut a secret in two, which then is not known as one: leave out what could
		// be its first part.
		s = s[:max(len(s)-longest, 0)]
		s = s[:len(s)-len(tail.FindString(s))]
	}
	s = Text(s)
	s = opaque.ReplaceAllString(s, Mask)
	if len(s) > MaxExcerpt {
		s = s[:MaxExcerpt]
		for range utf8.UTFMax - 1 {
			if r, n := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && n == 1 {
				s = s[:len(s)-1]
			}
		}
		s += "…"
	} else if len(body) > read {
		s += "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError || r == '`' }) {
		return strconv.Quote(s)
	}
	return "`" + s + "`"
}
