// Package redact removes secrets from texts of servers and libraries, so that the texts can be used
// in errors and logs.
package redact

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask replaces each secret.
const Mask = "[redacted]"

// MaxExcerpt is the maximum number of bytes of a body that [Excerpt] quotes.
const MaxExcerpt = 256

// window is how many bytes of a body Excerpt reads, in addition to the length of the longest
// secret. That length counts as at most maxOverlap.
const (
	window     = 4 * MaxExcerpt
	maxOverlap = 64 << 10
)

// names are the parts of names that are typical for secrets.
const names = `token|secret|passw|pwd|auth|cookie|session|credential|signature|private|api.?key`

var secretName = regexp.MustCompile(`(?i)` + names)

// IsSecretName reports whether the name of a header or a value is typical for a secret.
func IsSecretName(name string) bool { return secretName.MatchString(name) }

var (
	// named matches a value after a name that is typical for a secret, in JSON, in a form, in a query
	// or in a header. For an array or an object it matches the rest of the text, because a regular
	// expression cannot find its end.
	named = regexp.MustCompile(`(?is)([\w.-]*(?:` + names + `)` +
		`[\w.-]*\\?["']?\s*[:=]\s*)(?:[{\[].*|\\?"(?:[^"\\]|\\.)*(?:"|\\?$)|'[^']*'?|(?:(?:bearer|basic|digest)\s+)?[^\s,;&}\]"']+)`)
	scheme   = regexp.MustCompile(`(?i)\b(bearer|basic|digest)\s+[^\s,;"'}]+`)
	userInfo = regexp.MustCompile(`://[^/\s"'<>]*@`)
	query    = regexp.MustCompile(`(://[^\s?"'<>]*|/[\w./%-]*)\?[^\s"'<>]+`)
)

// Each match of named or scheme contains one of these words, in any case. To look for the words
// takes a hundredth of the time of the regular expressions.
var (
	namedWords  = []string{"token", "secret", "passw", "pwd", "auth", "cookie", "session", "credential", "signature", "private", "api"}
	schemeWords = []string{"bearer", "basic", "digest"}
)

// hasAny reports whether s may contain one of the words, which are in lower case, in any case. It
// returns true for any s that is not ASCII, because a letter outside ASCII may have a case of
// another length.
func hasAny(s string, words []string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return true
		}
	}
	s = strings.ToLower(s)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(s, word) })
}

// minOpaque is the length from which a run of characters may be a token, because it is too long for
// a word.
const minOpaque = 24

// isOpaque reports whether a token may contain c.
func isOpaque(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c < utf8.RuneSelf && strings.ContainsRune("_+/=.~%-", c)
}

// maxID is the length of the longest run that counts as an id.
const maxID = 64

var (
	// idName matches the name of an id in JSON, and the characters between the name and the value.
	idName = regexp.MustCompile(`"((?:[iI][dD]|[\w-]*(?:[_-][iI][dD]|[a-z]I[dD]|[uUgG][uU][iI][dD])))"\s*:\s*"$`)
	// noID matches names of values that are not ids of jobs.
	noID = regexp.MustCompile(`(?i)key|sign|client|account|user`)
	// idForm matches texts of the characters of ids, and credential matches the beginnings of known
	// tokens.
	idForm     = regexp.MustCompile(`^[\w-]+$`)
	credential = regexp.MustCompile(`^(?:eyJ|A[KS]IA|gh[a-z]_|github_pat|glpat|sk[-_]|pk[-_]|rk[-_]|xox|whsec|ya29)`)
)

// isID reports whether a run is probably the id of a job and not a token, by the name before it and
// by its form. Ids are quoted because without its id nobody can find the job whose answer was not
// understood.
func isID(before, run string) bool {
	const longestName = 64
	name := idName.FindStringSubmatch(before[max(len(before)-longestName, 0):])
	return name != nil && !noID.MatchString(name[1]) && hasFormOfID(run)
}

func hasFormOfID(run string) bool {
	return len(run) <= maxID && idForm.MatchString(run) && !credential.MatchString(run)
}

const (
	leastWord      = 4  // the least mean length of the words of a name, in letters
	longestWord    = 20 // in letters
	longestAcronym = 5  // in letters
)

// noWord matches texts that are no English words: those without vowels, or with five consonants in
// a row.
var noWord = regexp.MustCompile(`(?i)^[^aeiouy]*$|[^aeiouy]{5}`)

// isName reports whether a run consists of words, as the code of an error does:
// InternalError.RouteNotFound, UPDATE_ROLLBACK_COMPLETE. Of random tokens of this length that have
// only letters, one in 400 counts as a name. Few tokens have only letters.
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

// ID returns an id of a service without the given secrets and without text that looks like a
// secret. It shortens an id of more than 64 bytes.
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

// withoutOpaque returns s with Mask in place of each run that may be a token: one of minOpaque or
// more characters that is neither a name nor an id.
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

// Text returns s without the given secrets, even if they are escaped, and without text that looks
// like a secret. Such text is a user name or a query in a URL, a value after a name such as "token"
// or "password", or a credential of an HTTP authentication scheme.
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

// Excerpt quotes the beginning of a body in one printable line: at most MaxExcerpt bytes of the
// result of [Text]. It also masks each run of 24 or more letters, digits and signs, which may be a
// token. It keeps the id of a job after its name, and names that consist of words.
func Excerpt(body []byte, secrets ...string) string {
	longest := 0
	for _, secret := range secrets {
		longest = max(longest, len(secret)*maxSpelling)
	}
	read := window + min(longest, maxOverlap)
	s := without(string(body[:min(len(body), read)]), secrets)
	if len(body) > read {
		// The end of the window may cut a secret in two, and its first part is then not recognized. So
		// leave out the text that may be that part.
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
