package exchange

import (
	"net/http"
	"slices"
	"strings"
)

const (
	// minSecret is the length of the shortest word that is removed from quotes. Shorter words occur in
	// any text.
	minSecret = 4
	// minPart is the same for a part of a header's value, which may be an ordinary word.
	minPart = 8
)

// publicHeaders are the headers whose values are not secret.
var publicHeaders = []string{"Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "User-Agent"}

// SecretsOf returns the words in a header's value that may be credentials: the whole, and its
// parts, as in "Token 7f3c" or "id=7f3c".
func SecretsOf(name, value string) []string {
	if slices.Contains(publicHeaders, http.CanonicalHeaderKey(name)) {
		return nil
	}
	secrets := []string{value}
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ;,\"", r) }) {
		_, after, _ := strings.Cut(part, "=")
		for _, word := range []string{part, after} {
			if len(word) >= minPart {
				secrets = append(secrets, word)
			}
		}
	}
	return secrets
}

// HeaderSecrets returns the words in a caller's headers that may be credentials.
func HeaderSecrets(h http.Header) (words []string) {
	for name, values := range h {
		for _, value := range values {
			for _, word := range SecretsOf(name, value) {
				if len(word) >= minPart {
					words = append(words, word)
				}
			}
		}
	}
	return words
}
