package lro

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// minSecret is the length from which a value in a query is masked in quotes.
const minSecret = 8

// Reach decides where requests may go.
type Reach struct {
	Base    *url.URL   // the base URL of the service
	Origins []*url.URL // the other allowed origins
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

// Check returns the reason why no request may go to a URL, or nil.
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

// Refer returns the reference of a URL that an answer names. The argument asked is the URL of the
// request. The reference is the path and query if the URL has the origin of the base URL, and
// otherwise the whole URL. An http URL of the same host becomes an https URL if the base URL is
// one.
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
	web.Secure(u, r.Base, r.Origins)
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
		return url.URL{}, errors.New("the first answer named a URL for the result that may not be requested: allow its origin with AllowOrigin when the operation is started")
	}
	u, err := url.ParseRequestURI(ref)
	if err != nil || strings.ContainsAny(ref, "#\\") {
		return url.URL{}, errNoURL
	}
	if strings.HasPrefix(ref, "/") { // also if it begins with two slashes
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

// SecretsIn returns the values in a query, both escaped and unescaped. They may be credentials.
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

// WithQuery adds the parameters that a query lacks. The rest of the query is not changed, because
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

// hasParameter reports whether a query has a parameter, in any case.
func hasParameter(query, name string) bool {
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(key); err == nil && strings.EqualFold(plain, name) {
			return true
		}
	}
	return false
}
