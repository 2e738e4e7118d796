package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const maxRedirects = 5

// redirectError says why a redirect was not followed.
type redirectError struct{ err error }

func (e redirectError) Error() string { return e.err.Error() }
func (e redirectError) Unwrap() error { return e.err }

func refuse(format string, args ...any) error { return redirectError{fmt.Errorf(format, args...)} }

// RedirectPolicy returns the CheckRedirect function of an [http.Client]. It asks the user's
// function, or [CheckRedirect] if there is none. A redirect to a URL with a user name is always
// refused, since net/http would send that name in place of our own credentials. [ClassOfFault]
// calls each refusal Misdirected.
func RedirectPolicy(user func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	if user == nil {
		return CheckRedirect
	}
	return func(next *http.Request, via []*http.Request) error {
		if next.URL.User != nil {
			return errUserName
		}
		err := user(next, via)
		if err == nil || err == http.ErrUseLastResponse { //nolint:errorlint // net/http compares it so, too
			return err
		}
		return redirectError{err}
	}
}

var errUserName = refuse("a redirect to a URL with a user name")

// CheckRedirect is the CheckRedirect of an [http.Client] whose user has none: a redirect is
// followed for GET alone, to the same origin, without a user name, at most five times.
func CheckRedirect(next *http.Request, via []*http.Request) error {
	switch first := via[0]; {
	case first.Method != http.MethodGet:
		return refuse("a redirect is followed for GET alone")
	case !SameOrigin(first.URL, next.URL):
		return refuse("a redirect to another origin, %.128q", next.URL.Scheme+"://"+next.URL.Host)
	case next.URL.User != nil:
		return errUserName
	case len(via) > maxRedirects:
		return refuse("more than %d redirects", maxRedirects)
	default:
		return nil
	}
}

// SameOrigin reports whether two URLs have the same scheme, host and port.
func SameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && (a.Host == b.Host || strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b))
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}
