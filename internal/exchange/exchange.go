// Package exchange makes the requests of a transport over HTTP. It knows nothing of what is asked
// or of what an answer means.
//
// A [Request] is data. A [Call] sends it as often as it takes. Its attempts wait on the clock of a
// Watcher and keep to its retry budget. Each attempt is one round trip: it adds headers and the
// token, follows redirects, and reads the body up to a bound. What came back is an [Answer]. The
// [Reader] of the caller judges it.
//
// [Config] gathers the options of a client, and [Settings] are what its calls share.
package exchange

import (
	"net/http"
	"net/url"
	"time"
)

// Request is what is sent. It does not change while a Call is under way.
type Request struct {
	Method string
	URL    url.URL
	// Header has names and values in turn. The headers of the settings that a user has set come
	// before these.
	Header []string
	// Extra is the name and the value of one header that comes before all others; "" for none.
	Extra [2]string
	// Body is sent if it is not nil. Type is its Content-Type; the default is JSON.
	Body []byte
	Type string
}

// maxPath bounds what is printed of a path: an id may be a URL of many KiB.
const maxPath = 512

// path returns the path as it is printed.
func (r *Request) path() string {
	path := r.URL.EscapedPath()
	if len(path) > maxPath {
		return path[:maxPath] + "…"
	}
	return path
}

// String returns what is asked, without the query.
func (r *Request) String() string {
	return r.Method + " " + r.URL.Scheme + "://" + r.URL.Host + r.path()
}

// Terms say how a request is made.
type Terms struct {
	// Seed makes the waits between attempts differ from those of other calls.
	Seed string
	// Repeatable is whether the request may reach the service twice.
	Repeatable bool
	// Repeats adds status codes after which the request is sent again, whether it is Repeatable or
	// not; nil adds none.
	Repeats func(code int) bool
	// LongestWait is the longest wait that the service may ask for within the call. The default is a
	// second: a longer wait is the watch's.
	LongestWait time.Duration
	// Hold is for how long the service may keep the request; 0 for a plain one. The headers of the
	// answer may take as much longer.
	Hold time.Duration
	// Stream leaves the body of a 2xx to the caller, as Answer.Open.
	Stream bool
	// SeeOther makes a 303 an answer. Otherwise it is a redirect.
	SeeOther bool
	// Secrets are cut out of all that is quoted, beside those of the settings.
	Secrets []string
	// Limit bounds the body in bytes; the default is Settings.MaxBody.
	Limit int
}

// Answer is what came back.
type Answer struct {
	// Code is the status code; 0 if there was no answer.
	Code int
	// Header must not be changed.
	Header http.Header
	// Body is kept until the next attempt or the call's end.
	Body []byte
	// Large is whether the body is longer than the limit.
	Large bool
	// Wait is the wait that the headers name; see web.RetryAfter.
	Wait time.Duration
	// Open is the answer whose body is left to the caller; nil for none.
	Open *http.Response
}

// Reader judges answers.
type Reader interface {
	// Read returns nil if the answer of the call is one, or the error that it is. The class of that
	// error, a *transport.Error, decides whether the request is sent again.
	Read() error
}

// ReaderFunc is a function that judges answers.
type ReaderFunc func() error

// Read calls f.
func (f ReaderFunc) Read() error { return f() }
