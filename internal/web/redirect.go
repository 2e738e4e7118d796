package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const maxRedirects = 5

// redirectError says why a redirect was not followed.
type redirectError string

func (e redirectError) Error() string { return string(e) }

// CheckRedirect is an http.Client's: a redirect is followed for GET alone, to the same origin, at most five times.
func CheckRedirect(next *http.Request, via []*http.Request) error {
	switch first := via[0]; {
	case first.Method != http.MethodGet:
		return redirectError("a redirect is followed for GET alone")
	case !SameOrigin(first.URL, next.URL):
		return redirectError(fmt.Sprintf("a redirect to another origin, %.128q", next.URL.Scheme+"://"+next.URL.Host))
	case len(via) > maxRedirects:
		return redirectError(fmt.Sprintf("more than %d redirects", maxRedirects))
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
