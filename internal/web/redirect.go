package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MaxRedirects bounds the redirects of one request.
const MaxRedirects = 5

// maxUserRedirects bounds the redirects of one request that a user's CheckRedirect allows. It is
// the bound of net/http, which does not apply beside a CheckRedirect.
const maxUserRedirects = 10

// redirectError says why a redirect was not followed.
type redirectError struct{ err error }

func (e redirectError) Error() string { return e.err.Error() }
func (e redirectError) Unwrap() error { return e.err }

// foreignError is the origin to which a redirect was not followed.
type foreignError string

func (e foreignError) Error() string {
	return fmt.Sprintf("a redirect to another origin, %.128q", string(e))
}

// IsForeign reports whether a redirect was not followed because it leads to another origin.
func IsForeign(err error) bool { return errors.As(err, new(foreignError)) }

func refuse(format string, args ...any) error { return redirectError{fmt.Errorf(format, args...)} }

// RedirectPolicy returns the CheckRedirect function of an [http.Client]. It asks the user's
// function, or [CheckRedirect] if there is none. A redirect to a URL with a user name is always
// refused, because net/http would send that name in place of the configured credentials. More than
// ten redirects are refused, too: a function that allows each one would follow a loop until the
// poll ends. [ClassOfFault] calls each refusal Misdirected.
func RedirectPolicy(user func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	if user == nil {
		return CheckRedirect
	}
	return func(next *http.Request, via []*http.Request) error {
		switch {
		case next.URL.User != nil:
			return errUserName
		case len(via) > maxUserRedirects:
			return refuse("more than %d redirects", maxUserRedirects)
		}
		err := user(next, via)
		if err == nil || err == http.ErrUseLastResponse { //nolint:errorlint // net/http compares it so, too
			return err
		}
		return redirectError{err}
	}
}

var (
	errUserName  = refuse("a redirect to a URL with a user name")
	errDowngrade = refuse("a redirect from https to http")
)

// CheckRedirect is the CheckRedirect of an [http.Client] for which the user sets none. It follows a
// redirect only of a GET, to the same origin, without a user name, at most five times, and never
// from https to http. A redirect to http of the same host is followed by https: see [Secure].
func CheckRedirect(next *http.Request, via []*http.Request) error {
	Secure(next.URL, via[len(via)-1].URL, nil)
	if first := via[0]; first.Method != http.MethodGet && !IsDowngrade(next, via) {
		return refuse("a redirect of a %s to %.128q: only a GET follows one", first.Method, next.URL.Scheme+"://"+next.URL.Host)
	}
	return checkTarget(next, via)
}

// CheckRedirectWithBody is [CheckRedirect], but a POST is followed too if the redirect is a 307 or
// 308. Those keep the method and the body.
func CheckRedirectWithBody(next *http.Request, via []*http.Request) error {
	Secure(next.URL, via[len(via)-1].URL, nil)
	code := next.Response.StatusCode
	if via[0].Method == http.MethodPost && (code == http.StatusTemporaryRedirect || code == http.StatusPermanentRedirect) {
		return checkTarget(next, via)
	}
	return CheckRedirect(next, via)
}

// checkTarget checks a redirect whose method is allowed.
func checkTarget(next *http.Request, via []*http.Request) error {
	switch {
	case IsDowngrade(next, via):
		return errDowngrade
	case !SameOrigin(via[0].URL, next.URL):
		return redirectError{foreignError(next.URL.Scheme + "://" + next.URL.Host)}
	case next.URL.User != nil:
		return errUserName
	case len(via) > MaxRedirects:
		return refuse("more than %d redirects", MaxRedirects)
	default:
		return nil
	}
}

// IsDowngrade reports whether a redirect leads from https to http.
func IsDowngrade(next *http.Request, via []*http.Request) bool {
	return via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https"
}

// CheckRedirectWithin is like [CheckRedirect], but also follows redirects to the given origins.
func CheckRedirectWithin(base *url.URL, origins []*url.URL, next *http.Request, via []*http.Request) error {
	Secure(next.URL, via[len(via)-1].URL, nil)
	switch {
	case IsDowngrade(next, via):
		return errDowngrade
	case next.URL.User != nil:
		return errUserName
	case via[0].Method == http.MethodGet && len(via) <= MaxRedirects && (SameOrigin(base, next.URL) || IsOneOf(origins, next.URL)):
		return nil
	default:
		return CheckRedirect(next, append([]*http.Request{{Method: via[0].Method, URL: base}}, via[1:]...))
	}
}

// IsOneOf reports whether u has one of the origins.
func IsOneOf(origins []*url.URL, u *url.URL) bool {
	for _, origin := range origins {
		if SameOrigin(origin, u) {
			return true
		}
	}
	return false
}

// signIn are the beginnings of path segments of pages for signing in.
var signIn = []string{"login", "log-in", "log_in", "logon", "signin", "sign-in", "sign_in", "sso", "oauth", "openid", "saml", "authorize", "authenticate", "adfs"}

// isSignIn reports whether a reference leads to a page for signing in. Some services call that page
// a new session.
func isSignIn(ref string) bool {
	path, _, _ := strings.Cut(strings.ToLower(ref), "?")
	path = strings.TrimRight(path, "/")
	return strings.HasSuffix(path, "/session/new") || strings.HasSuffix(path, "/sessions/new") || hasSegment(ref, func(segment string) bool {
		return slices.ContainsFunc(signIn, func(start string) bool { return strings.HasPrefix(segment, start) })
	})
}

// failures are the path segments of pages about a failure.
var failures = []string{"error", "errors", "error-page", "error_page", "errorpage", "maintenance", "unavailable", "denied", "forbidden", "unauthorized",
	"blocked", "failed", "failure", "failures", "exception", "timeout", "timed-out", "timed_out", "canceled", "cancelled", "aborted",
	"not-found", "not_found", "notfound", "captcha", "sorry"}

// isErrorPage reports whether a reference leads to a page about a failure, such as "/error.html",
// "/jobs/7/failed" or "/500.html".
func isErrorPage(ref string) bool {
	return hasSegment(ref, func(segment string) bool {
		name, end, _ := strings.Cut(segment, ".")
		code, _ := strconv.Atoi(name)
		return slices.Contains(failures, name) || strings.HasPrefix(end, "htm") && code >= http.StatusBadRequest && code < 600
	})
}

// CheckSeeOther returns an error if the Location of a 303 leads neither to a result nor to a job.
// The argument ref is the Location without the base URL's origin, and asked is the URL that was
// requested. A redirect to the same path leads to itself if the path has the job's id, whatever the
// query is.
func CheckSeeOther(location, ref string, asked *url.URL, hasID bool) error {
	u, err := url.Parse(ref)
	if err != nil {
		return err
	}
	path := strings.TrimSuffix(u.Path, "/")
	isSamePath := u.Host == "" && path == strings.TrimSuffix(asked.Path, "/")
	switch {
	case location == "":
		return errors.New("a redirect to nowhere")
	case isSignIn(ref):
		return errors.New("a redirect to sign in")
	case path == "":
		return errors.New("a redirect to the front page")
	case isErrorPage(ref):
		return errors.New("a redirect to an error page")
	case isSamePath && (u.RawQuery == "" || u.RawQuery == asked.RawQuery || hasID):
		return errors.New("a redirect to itself")
	default:
		return nil
	}
}

// hasSegment reports whether fits returns true for a segment of the path of a reference. The
// segments are in lower case, without dots and underscores at the beginning.
func hasSegment(ref string, fits func(segment string) bool) bool {
	path, _, _ := strings.Cut(strings.ToLower(ref), "?")
	for segment := range strings.SplitSeq(path, "/") {
		if fits(strings.TrimLeft(segment, "._")) {
			return true
		}
	}
	return false
}

// Secure makes u an https URL of the base URL's origin, or of one of the others, if it is an http
// URL with that origin's host. A service behind a proxy that ends TLS sees requests by http, and
// names its own URLs so. A URL of an origin that may be requested by http is left alone.
func Secure(u, base *url.URL, others []*url.URL) {
	if u.Scheme != "http" || SameOrigin(u, base) || IsOneOf(others, u) {
		return
	}
	_ = secureAs(u, base) || slices.ContainsFunc(others, func(origin *url.URL) bool { return secureAs(u, origin) })
}

// secureAs gives u the origin if only the scheme differs, and reports whether it did.
func secureAs(u, origin *url.URL) bool {
	samePort := u.Port() == origin.Port() || port(u) == port(origin) || port(u) == "80" && port(origin) == "443"
	if origin.Scheme != "https" || !strings.EqualFold(u.Hostname(), origin.Hostname()) || !samePort {
		return false
	}
	u.Scheme, u.Host = origin.Scheme, origin.Host
	return true
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
