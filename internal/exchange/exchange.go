// Package exchange makes the requests of a transport over HTTP. It knows neither the purpose of a
// request nor the meaning of an answer.
//
// A [Request] is data. A [Call] sends it, and sends it again until it is answered or no retry is
// allowed. The attempts of a Call wait on the clock of the Watcher, and respect its retry budget.
// Each attempt is one round trip, which adds headers and the token, follows redirects, and reads
// the body up to a bound. The result is an [Answer]. The caller's [Reader] decides what it means.
//
// [Config] collects the options of a client. [Settings] are what its calls share.
package exchange

import (
	"net/http"
	"net/url"
	"time"
)

// Condition is the header of a conditional request. If the service refuses such a request, it is
// sent again without this header. If the service answers that, it gets no such header any more.
const Condition = "If-None-Match"

// Request is the request to send. It does not change while a Call is in flight.
type Request struct {
	Method string
	URL    url.URL
	// Header has names and values in turn. Headers that a user has set in the settings take
	// precedence.
	Header []string
	// Extra is the name and the value of one header that takes precedence over all others. By default
	// there is none.
	Extra [2]string
	// Body is sent if it is not nil. Type is its Content-Type. The default is JSON.
	Body []byte
	Type string
}

// maxPath is how many bytes of a path are printed. A path may be long, because an id may be a URL
// of many KiB.
const maxPath = 512

// path returns the path, shortened for printing.
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

// Terms are the rules for making one request.
type Terms struct {
	// Seed makes the waits between attempts differ from those of other calls.
	Seed string
	// Repeatable is whether the request may reach the service twice.
	Repeatable bool
	// Acts is whether the request starts a job, so that MayHaveActed counts what net/http sends again.
	Acts bool
	// Repeats reports the status codes after which the request is also sent again, even if it is not
	// Repeatable. Nil means none.
	Repeats func(code int) bool
	// LongestWait is the longest wait within the call that the service may ask for. The default is a
	// second. For a longer wait, the call returns and the watch waits.
	LongestWait time.Duration
	// Hold is how long the service may keep the request, or 0 for a request that is not held. The
	// timeout for the headers of the answer is longer by Hold.
	Hold time.Duration
	// Stream leaves the body of a 2xx to the caller, as Answer.Open.
	Stream bool
	// Unread says that the body of a 2xx is not needed. Only its beginning is read, so that the
	// connection can be used again if the body is short. An error of reading it is ignored.
	Unread bool
	// Suffices reports whether an answer is of use without its body, so that an error of reading the
	// body is ignored. Nil means that none is.
	Suffices func(a *Answer) bool
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
	// Body is valid until the next attempt or the end of the call.
	Body []byte
	// Large is whether the body is longer than the limit.
	Large bool
	// Wait is the wait that the headers name: see [web.RetryAfter].
	Wait time.Duration
	// Open is the answer if the caller reads its body, and otherwise nil.
	Open *http.Response
}

// Reader decides what answers mean.
type Reader interface {
	// Read returns nil if the answer is acceptable, or else an error. The class of the error, a
	// [*transport.Error], decides whether the request may be sent again.
	Read() error
}

// ReaderFunc is a function that serves as a Reader.
type ReaderFunc func() error

// Read calls f.
func (f ReaderFunc) Read() error { return f() }
