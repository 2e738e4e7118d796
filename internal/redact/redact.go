// Package redact makes a text that a server or a library wrote fit to stand in an error or a log.
package redact

import (
	"regexp"
	"slices"
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
)

// Words of which one stands, in some case, in whatever named and scheme match. A regular expression
// takes a hundred times as long to find that there is no match.
var (
	namedWords  = []string{"token", "secret", "passw", "pwd", "auth", "cookie", "session", "credential", "signature", "private", "api"}
	schemeWords = []string{"bearer", "basic", "digest"}
)

// hasAny reports whether one of the words, which are in lower case, may stand in s in any case. It
// says so of any s that is not ASCII, where letters have cases that are longer.
func hasAny(s string, words []string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return true
		}
	}
	s = strings.ToLower(s)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(s, word) })
}

// minOpaque is how long a run is that is too long for a word and may be a token.
const minOpaque = 24

// isOpaque reports whether c may stand in a token.
func isOpaque(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c < utf8.RuneSelf && strings.ContainsRune("_+/=.~%-", c)
}

// maxID is the length of the longest run that is quoted for its name.
const maxID = 64

var (
	// idName matches the name of an id in JSON, and what stands between it and its value.
	idName = regexp.MustCompile(`"((?:[iI][dD]|[\w-]*(?:[_-][iI][dD]|[a-z]I[dD]|[uUgG][uU][iI][dD])))"\s*:\s*"$`)
	// noID is in the name of what is no id of a job.
	noID = regexp.MustCompile(`(?i)key|sign|client|account|user`)
	// idForm is what ids are made of, and credential is how known tokens begin.
	idForm     = regexp.MustCompile(`^[\w-]+$`)
	credential = regexp.MustCompile(`^(?:eyJ|A[KS]IA|gh[a-z]_|github_pat|glpat|sk[-_]|pk[-_]|rk[-_]|xox|whsec|ya29)`)
)

// isID reports whether an opaque run is likely the id of a job, and no token, by the name before it
// and by its form. Without the id, nobody finds a job whose answer was not understood.
func isID(before, run string) bool {
	const longestName = 64
	name := idName.FindStringSubmatch(before[max(len(before)-longestName, 0):])
	return name != nil && !noID.MatchString(name[1]) && hasFormOfID(run)
}

func hasFormOfID(run string) bool {
	return len(run) <= maxID && idForm.MatchString(run) && !credential.MatchString(run)
}

const (
	leastWord      = 4  // letters of the words of a name, on average
	longestWord    = 20 // letters
	longestAcronym = 5  // letters
)

// noWord matches what the words of English lack: vowels, or five consonants in a row.
var noWord = regexp.MustCompile(`(?i)^[^aeiouy]*$|[^aeiouy]{5}`)

// isName reports whether an opaque run is made of words, such as the code of an error:
// InternalError.RouteNotFound, UPDATE_ROLLBACK_COMPLETE. Of random tokens as long that have letters
// only, one in 400 is taken for a name, and few tokens have letters only.
func isName(run string) bool {
	words, letters, last := 0, 0, 0 // last is where the newest word begins
	end := func(at int) bool {
		word := run[last:at]
		if last = at; word == "" {
			return true
		}
		words, letters = words+1, letters+len(word)
		isAcronym := len(word) <= longestAcronym && isUpper(word[len(word)-1])
		return isAcronym || len(word) <= longestWord && !noWord.MatchString(word)
	}
	for i := range len(run) {
		switch c := run[i]; {
		case strings.IndexByte("_-./", c) >= 0:
			if !end(i) {
				return false
			}
			last = i + 1
		case !isLetter(c):
			return false
		case i > last && isUpper(c) && (!isUpper(run[i-1]) || i+1 < len(run) && isLetter(run[i+1]) && !isUpper(run[i+1])):
			if !end(i) {
				return false
			}
		}
	}
	return end(len(run)) && words > 1 && letters >= leastWord*words
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func isLetter(c byte) bool { return isUpper(c) || c >= 'a' && c <= 'z' }

// ID returns an id that a service wrote, without the given secrets and without what looks like one,
// and shortened if it is very long.
func ID(id string, secrets ...string) string {
	s := Text(id, secrets...)
	if !hasFormOfID(s) {
		s = withoutOpaque(s)
	}
	if len(s) > maxID {
		s = strings.ToValidUTF8(s[:maxID], "") + "…"
	}
	return s
}

// withoutOpaque returns s with Mask in place of each run that may be a token.
func withoutOpaque(s string) string {
	var b strings.Builder
	whole := s
	for s != "" {
		run := strings.IndexFunc(s, func(c rune) bool { return !isOpaque(c) })
		if run < 0 {
			run = len(s)
		}
		if run >= minOpaque && !isName(s[:run]) && !isID(whole[:len(whole)-len(s)], s[:run]) {
			b.WriteString(Mask)
		} else {
			b.WriteString(s[:run])
		}
		s = s[run:]
		next := strings.IndexFunc(s, isOpaque)
		if next < 0 {
			next = len(s)
		}
		b.WriteString(s[:next])
		s = s[next:]
	}
	return b.String()
}

// Text returns s without the given secrets, however they are escaped, and without what looks like
// one: user names and queries of URLs, values behind a name such as "token" or "password", and
// credentials of HTTP's authentication schemes.
func Text(s string, secrets ...string) string {
	s = without(s, secrets)
	if hasAny(s, namedWords) {
		s = named.ReplaceAllString(s, "${1}"+Mask)
	}
	if hasAny(s, schemeWords) {
		s = scheme.ReplaceAllString(s, "${1} "+Mask)
	}
	if strings.Contains(s, "://") && strings.Contains(s, "@") {
		s = userInfo.ReplaceAllString(s, "://"+Mask+"@")
	}
	if strings.Contains(s, "?") {
		s = query.ReplaceAllString(s, "${1}?"+Mask)
	}
	return s
}

// Excerpt quotes the beginning of a body: at most MaxExcerpt bytes of it after Text, in one line
// that prints, and with every run of 24 or more letters, digits and signs taken out that a token
// could be. The id of a job behind its name stays, and so does a name that is made of words.
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
		s = strings.TrimRightFunc(s, isOpaque)
	}
	s = Text(s)
	s = withoutOpaque(s)
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
