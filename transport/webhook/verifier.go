package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// Verifier decides whether a request comes from the service. [StandardWebhooks], [HMAC], [Timed],
// [SharedHeader] and [SharedQuery] return a Verifier. If their arguments are wrong, [New] returns
// an error. A program can implement its own Verifier. The module transport/webhook/jwt has one for
// JSON Web Tokens.
//
// Verify is called with the request and its raw body; the request's own Body has already been read.
// It returns what the signature covers besides the body, or an error that matches [ErrForged].
// Verify must compare secrets in constant time and must put no secret in its error. It must be safe
// for concurrent use.
type Verifier interface {
	Verify(r *http.Request, body []byte) (Receipt, error)
}

// Receipt is what the signature of a delivery covers besides the body.
type Receipt struct {
	// ID is the id of the delivery. It stays the same if the service sends the delivery again. It is
	// empty if the delivery has none.
	ID string
	// Time is when the delivery was signed. It is zero if the delivery has no time.
	Time time.Time
}

// ErrForged is matched by the error of a request without a valid signature.
var ErrForged = errors.New("not signed with a known key")

// ErrStale is matched by the error of a request whose signature is more than [Tolerance] in the
// past or the future.
var ErrStale = errors.New("signed too long ago or ahead")

// check returns an error that matches ErrStale if the time of the signature is too far from now.
func (r Receipt) check(now time.Time) error {
	if r.Time.IsZero() {
		return nil
	}
	if age := now.Sub(r.Time); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("%w: by %v", ErrStale, age)
	}
	return nil
}

func forged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrForged}, args...)...)
}

// checker is a Verifier whose configuration New checks.
type checker interface{ check() error }

// Limits of what is read from headers.
const (
	maxSignatures = 16
	maxHeader     = 8 << 10
	maxID         = 256
)

// one returns the value of a header that must occur once.
func one(h http.Header, name string) (string, error) {
	switch values := h.Values(name); {
	case len(values) == 0:
		return "", forged("no header %s", name)
	case len(values) > 1:
		return "", forged("header %s stands %d times", name, len(values))
	case len(values[0]) > maxHeader:
		return "", forged("header %s is too long", name)
	default:
		return strings.TrimSpace(values[0]), nil
	}
}

// readTime reads the time of a signature. A text of digits is in seconds since 1970, or in
// milliseconds if it has more than eleven digits. Any other text is a time as in RFC 3339.
func readTime(text string) (time.Time, error) {
	const digits = "0123456789"
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err == nil:
	case text == "" || len(text) > 15 || strings.Trim(text, digits) != "":
		return time.Time{}, forged("no time of the signature")
	default:
		n, _ := strconv.ParseInt(text, 10, 64) // 15 digits always fit
		if at = time.Unix(n, 0); len(text) > 11 {
			at = time.UnixMilli(n)
		}
	}
	if at.UnixMilli() <= 0 { // a zero Time means that no time is signed
		return time.Time{}, forged("no time of the signature")
	}
	return at, nil
}

// checkKeys returns what is wrong with the keys of a Verifier. Its error prints no key.
func checkKeys(name string, keys [][]byte) error {
	if len(keys) == 0 {
		return fmt.Errorf("%s: no key", name)
	}
	var problems []error
	for i, key := range keys {
		if len(key) < MinKeyBytes {
			problems = append(problems, fmt.Errorf("%s: key %d has %d bytes, at least %d", name, i+1, len(key), MinKeyBytes))
		}
	}
	return errors.Join(problems...)
}

// checkHeader returns what is wrong with the name of a header.
func checkHeader(verifier, name string) error {
	if !web.IsToken(name) {
		return fmt.Errorf("%s: %.80q: not a header's name", verifier, name)
	}
	return nil
}

func bytesOf(texts []string) [][]byte {
	all := make([][]byte, len(texts))
	for i, text := range texts {
		all[i] = []byte(text)
	}
	return all
}

// sums returns the HMAC of the parts under each key.
func sums(newHash func() hash.Hash, keys [][]byte, parts ...[]byte) [][]byte {
	all := make([][]byte, len(keys))
	for i, key := range keys {
		mac := hmac.New(newHash, key)
		for _, part := range parts {
			_, _ = mac.Write(part) // never fails
		}
		all[i] = mac.Sum(nil)
	}
	return all
}

// isAny reports whether signature is one of sums. It compares in constant time: how long it takes
// depends on the number of sums, but not on their contents.
func isAny(sums [][]byte, signature []byte) bool {
	found := 0
	for _, sum := range sums {
		found |= subtle.ConstantTimeCompare(sum, signature)
	}
	return found == 1
}

// SharedHeader returns a Verifier for a service that sends a shared secret in a header, such as
// X-Gitlab-Token. Each of the values is accepted, so that a secret can be replaced. A value has at
// least [MinKeyBytes], not counting a scheme such as "Bearer ". A shared secret does not protect
// the body, so use it only over TLS.
func SharedHeader(name string, values ...string) Verifier { return shared{name, values, false} }

// SharedQuery is like [SharedHeader] for a service that signs nothing and sends no header that the
// user chooses. The secret is a parameter of the query of the URL that the service is told to call:
//
//	https://example.com/hooks/jobs?token=SECRET
//
// Proxies and servers often log URLs. So whoever reads such a log can send webhooks. The Handler
// itself logs no URL.
func SharedQuery(name string, values ...string) Verifier { return shared{name, values, true} }

type shared struct {
	name    string
	values  []string
	inQuery bool
}

func (s shared) check() error {
	keys := make([]string, len(s.values))
	for i, value := range s.values {
		keys[i] = value
		if !s.inQuery {
			keys[i] = value[strings.LastIndexByte(value, ' ')+1:]
		}
	}
	if s.inQuery {
		if s.name == "" {
			return errors.New("SharedQuery: the parameter has no name")
		}
		return checkKeys("SharedQuery", bytesOf(keys))
	}
	return errors.Join(checkHeader("SharedHeader", s.name), checkKeys("SharedHeader", bytesOf(keys)), s.checkValues())
}

// checkValues returns an error if a value cannot stand in a header. A value that was read from a
// file may end with a line break.
func (s shared) checkValues() error {
	for i, value := range s.values {
		if strings.TrimSpace(value) != value || !web.IsHeaderValue(value) {
			return fmt.Errorf("SharedHeader: value %d has a line break, a space around it or a control character", i+1)
		}
	}
	return nil
}

func (s shared) Verify(r *http.Request, _ []byte) (Receipt, error) {
	got, err := s.get(r)
	if err != nil {
		return Receipt{}, err
	}
	known := make([][]byte, len(s.values))
	for i, value := range s.values {
		sum := sha256.Sum256([]byte(value)) // hashes have equal lengths, so the time does not reveal the length of the secret
		known[i] = sum[:]
	}
	if sum := sha256.Sum256([]byte(got)); !isAny(known, sum[:]) {
		return Receipt{}, forged("another value of %.64q", s.name)
	}
	return Receipt{}, nil
}

func (s shared) get(r *http.Request) (string, error) {
	if !s.inQuery {
		return one(r.Header, s.name)
	}
	switch values := r.URL.Query()[s.name]; len(values) {
	case 0:
		return "", forged("no parameter %.64q", s.name)
	case 1:
		return values[0], nil
	default:
		return "", forged("parameter %.64q stands %d times", s.name, len(values))
	}
}

// String names the Verifier without its values.
func (s shared) String() string { return "shared value of " + s.name }

// GoString returns what String returns, so that no verb of package fmt prints a value.
func (s shared) GoString() string { return s.String() }
