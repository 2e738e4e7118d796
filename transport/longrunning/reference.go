package longrunning

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// minSecret is the length from which a value in a query is kept out of what is quoted.
const minSecret = 8

var (
	errNoURL    = errors.New("the URL does not parse")
	errUserName = errors.New("the URL has a user name")
	errDots     = errors.New(`the URL has a segment "." or ".."`)
)

func origin(u *url.URL) string { return fmt.Sprintf("%.128s", u.Scheme+"://"+u.Host) }

// check returns why no request may go to a URL.
func (s *settings) check(u *url.URL) error {
	switch {
	case u.User != nil:
		return errUserName
	case u.Opaque != "" || u.Host == "":
		return errNoURL
	case !web.SameOrigin(u, s.Base) && !web.IsOneOf(s.Origins, u):
		return fmt.Errorf("%q is another origin than %q (AllowOrigin allows it)", origin(u), origin(s.Base))
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return errDots
		}
	}
	return nil
}

// refer returns how a URL is kept that an answer of another URL named: as path and query if it is of
// the base URL's origin, else as a whole.
func (s *settings) refer(named string, asked *url.URL) (string, error) {
	parsed, err := url.Parse(strings.TrimSpace(named))
	if err != nil || named == "" {
		return "", errNoURL
	}
	u := asked.ResolveReference(parsed)
	u.Fragment, u.RawFragment = "", ""
	if parsed.User == nil && parsed.Host == "" {
		u.User = nil // that of the URL that was asked
	}
	if err := s.check(u); err != nil {
		return "", err
	}
	if asked.Scheme == "https" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not https, as %q is", origin(u), origin(asked))
	}
	if web.SameOrigin(u, s.Base) {
		return u.RequestURI(), nil
	}
	return u.String(), nil
}

// resolve returns the URL of a reference.
func (s *settings) resolve(ref string) (url.URL, error) {
	if ref == unusable {
		return url.URL{}, errors.New("the first answer named a place for the result to which no request may go")
	}
	u, err := url.ParseRequestURI(ref)
	if err != nil || strings.ContainsAny(ref, "#\\") {
		return url.URL{}, errNoURL
	}
	if strings.HasPrefix(ref, "/") { // two slashes begin a path here, too
		u.Scheme, u.Host = s.Base.Scheme, s.Base.Host
	}
	if err := s.check(u); err != nil {
		return url.URL{}, err
	}
	if web.SameOrigin(u, s.Base) {
		u.RawQuery = withQuery(u.RawQuery, s.query)
	}
	return *u, nil
}

// secretsIn returns the values in a query, which may be credentials, as they are sent and as they
// read.
func secretsIn(u *url.URL) (words []string) {
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
