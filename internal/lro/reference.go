package lro

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// minSecret is the length from which a value in a query is kept out of what is quoted.
const minSecret = 8

// Reach says where requests may go.
type Reach struct {
	Base    *url.URL   // of the service
	Origins []*url.URL // others that are allowed
	Query   []Parameter
}

// Parameter is a part of a query that each request to the base URL's origin carries.
type Parameter struct{ Name, Value string }

var (
	errNoURL    = errors.New("the URL does not parse")
	errUserName = errors.New("the URL has a user name")
	errDots     = errors.New(`the URL has a segment "." or ".."`)
)

// Origin returns the scheme and host of a URL, as it is printed.
func Origin(u *url.URL) string { return fmt.Sprintf("%.128s", u.Scheme+"://"+u.Host) }

// Check returns why no request may go to a URL.
func (r *Reach) Check(u *url.URL) error {
	switch {
	case u.User != nil:
		return errUserName
	case u.Opaque != "" || u.Host == "":
		return errNoURL
	case !web.SameOrigin(u, r.Base) && !web.IsOneOf(r.Origins, u):
		return fmt.Errorf("%q is another origin than %q (AllowOrigin allows it)", Origin(u), Origin(r.Base))
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return errDots
		}
	}
	return nil
}

// Refer returns how a URL is kept that an answer of another URL named: as path and query if it is
// of the base URL's origin, else as a whole.
func (r *Reach) Refer(named string, asked *url.URL) (string, error) {
	parsed, err := url.Parse(strings.TrimSpace(named))
	if err != nil || named == "" {
		return "", errNoURL
	}
	u := asked.ResolveReference(parsed)
	u.Fragment, u.RawFragment = "", ""
	if parsed.User == nil && parsed.Host == "" {
		u.User = nil // the reference itself names no user
	}
	if err := r.Check(u); err != nil {
		return "", err
	}
	if asked.Scheme == "https" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not https, as %q is", Origin(u), Origin(asked))
	}
	if web.SameOrigin(u, r.Base) {
		return u.RequestURI(), nil
	}
	return u.String(), nil
}

// Resolve returns the URL of a reference.
func (r *Reach) Resolve(ref string) (url.URL, error) {
	if ref == Unusable {
		return url.URL{}, errors.New("the first answer named a place for the result to which no request may go")
	}
	u, err := url.ParseRequestURI(ref)
	if err != nil || strings.ContainsAny(ref, "#\\") {
		return url.URL{}, errNoURL
	}
	if strings.HasPrefix(ref, "/") { // two slashes begin a path here, too
		u.Scheme, u.Host = r.Base.Scheme, r.Base.Host
	}
	if err := r.Check(u); err != nil {
		return url.URL{}, err
	}
	if web.SameOrigin(u, r.Base) {
		u.RawQuery = WithQuery(u.RawQuery, r.Query)
	}
	return *u, nil
}

// SecretsIn returns the values in a query, which may be credentials, as they are sent and as they
// read.
func SecretsIn(u *url.URL) (words []string) {
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ := strings.Cut(part, "=")
		if len(value) < minSecret {
			continue
		}
		words = append(words, value)
		if plain, err := url.QueryUnescape(value); err == nil && plain != value {
			words = append(words, plain)
		}
	}
	return words
}

// WithQuery returns a query with the parameters that it lacks. The rest of it stays as it is, for
// it may be signed.
func WithQuery(query string, parameters []Parameter) string {
	for _, p := range parameters {
		if hasParameter(query, p.Name) {
			continue
		}
		if query != "" {
			query += "&"
		}
		query += url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value)
	}
	return query
}

// hasParameter reports whether a query has a parameter, in whatever letters.
func hasParameter(query, name string) bool {
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(key); err == nil && strings.EqualFold(plain, name) {
			return true
		}
	}
	return false
}
