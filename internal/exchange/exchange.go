// Package exchange makes the requests of a transport over HTTP. It knows neither what a request
// asks nor what an answer means.
//
// A [Request] is data. A [Call] sends it until it is answered or given up. Its attempts wait on the
// clock of a Watcher and keep to its retry budget. Each attempt is one round trip, which adds
// headers and the token, follows redirects, and reads the body up to a bound. The result is an
// [Answer], which the caller's [Reader] judges.
//
// [Config] collects the options of a client. [Settings] are what its calls share.
package exchange

import (
	"net/http"
	"net/url"
	"time"
)

// Request is the request to send. It does not change while a Call is in flight.
type Request struct {
	Method string
	URL    url.URL
	// Header has names and values in turn. Headers that a user has set in the settings take
	// precedence.
	Header []string
	// Extra is the name and the value of one header that takes precedence over all others. It is empty
	// for none.
	Extra [2]string
	// Body is sent if it is not nil. Type is its Content-Type. The default is JSON.
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

// String returns the method, the host and the path, without the query.
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
	// second. The watch makes longer waits.
	LongestWait time.Duration
	// Hold is how long the service may keep the request, or 0 for a request that is not held. The
	// headers of the answer may take longer by as much.
	Hold time.Duration
	// Stream leaves the body of a 2xx to the caller, as Answer.Open.
	Stream bool
	// Unread says that nobody needs the body of a 2xx. Only its beginning is read, so that the
	// connection of a short body can be used again. What is wrong with the body is no fault.
	Unread bool
	// SeeOther makes a 303 an answer. Otherwise it is a redirect.
	SeeOther bool
	// Answers are the status codes of other redirects that are answers, too.
	Answers []int
	// Secrets are removed from everything that is quoted, in addition to the secrets of the settings.
	Secrets []string
	// Limit bounds the body in bytes; the default is Settings.MaxBody.
	Limit int
}

// Answer is the answer to a request.
type Answer struct {
	// Code is the status code; 0 if there was no answer.
	Code int
	// Header must not be changed.
	Header http.Header
	// Body is kept until the next attempt or the call's end.
	Body []byte
	// Large is whether the body is longer than the limit.
	Large bool
	// Wait is the wait that the headers name: see [web.RetryAfter].
	Wait time.Duration
	// Open is the answer if its body is left to the caller, or else nil.
	Open *http.Response
}

// Reader judges answers.
type Reader interface {
	// Read returns nil if the answer is acceptable, or else an error. The class of the error, a
	// [*transport.Error], decides whether the request may be sent again.
	Read() error
}

// ReaderFunc is a function that judges answers.
type ReaderFunc func() error

// Read calls f.
func (f ReaderFunc) Read() error { return f() }
