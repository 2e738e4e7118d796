// Package rest has a Transport for services that speak HTTP and JSON, or HTTP and XML.
//
//	t, err := rest.New("https://jobs.example.com")
//	if err != nil {
//		log.Fatal(err)
//	}
//	w, err := jobstatus.New(t)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer w.Close()
//	status, err := w.WaitForJob(ctx, "7f3c")
//
// Without options it speaks the default dialect:
//
//	POST /                {"payload":{"jobID":"7f3c"}}
//	GET /status/7f3c      {"payload":{"status":"running","progress":0.4,"message":"second pass"}}
//	DELETE /status/7f3c   cancels the job
//
// A [Dialect] describes any other service: its requests, the places of values in its answers, and
// its words for each state. A Dialect with a Batch asks about many jobs in one request.
//
// # What an answer means
//
//	1xx                           permanent; its body is not read
//	2xx with a status             that status; unknown if States does not have its word
//	202, 204 without a status     pending, whether the body is empty, a text or JSON
//	other 2xx without a status    malformed; transient if it is an HTML page, as of a captive portal
//	2xx larger than WithMaxBody   malformed; transient if it is an HTML page; if no place of State is
//	                              in the body, a status by the code: see Dialect.State
//	401                           sent again if WithToken returns a new token; else permanent;
//	                              for another code, say transport.Unauthorized in Faults
//	403, 409, 418, 420, 423       throttled if a header names a wait or says that a quota is used up;
//	                              else permanent
//	404                           not found
//	408, 425, 449, 499            transient
//	421                           misdirected
//	429                           throttled
//	501, 505 without an end       permanent
//	502, 504, 511                 transient, whatever the body says: a gateway sends it
//	520 to 530, 598, 599          the same
//	503                           the same, but throttled under the conditions of 403
//	other 5xx without an end      transient
//	any other 5xx with an end     that status: some services answer 500 for a job that failed;
//	                              transient if Dialect.AnswerID is set and the answer names no job
//	303 with a status             that status
//	303 without a status          completed, with the location as its result; misdirected if the
//	                              location is at another origin, or is a sign-in page, the front
//	                              page, an error page or the job itself
//	304, unconditional request    malformed
//	other 3xx                     misdirected, because the redirect was not followed
//	other 4xx                     permanent
//	a page of HTML with a 4xx     misdirected if it would be permanent: a firewall or a proxy sent it
//
// An end is a terminal status at the place Dialect.State. A status that is null or absent counts as
// no status, unless Dialect.States has the word "null". For the answer to a batch, a few rules
// differ: see [Client.StatusBatch].
//
// The rules of a Dialect take precedence over this table. Its Faults say which answers are errors.
// If "@code" is among the places of State, its States say which status codes mean a state; 502, 503
// and 504 never do. If there is a value at Dialect.Error, the job never counts as completed. An
// answer that names another job is malformed.
//
// A connection that fails is transient. A TLS error and a refused redirect are misdirected, because
// the request did not reach the service. The error of a proxy that refuses the connection is
// permanent, but throttled for a 429, and transient for a 408, 425, 449, 499 or 5xx.
//
// Every error is a [*transport.Error], except the error of a context that ended and an error that
// Dialect.Classify returns. Its text names the method, host and path, and quotes at most 256 bytes
// of the body. Known secrets are removed, even if they are escaped, and so is text that looks like
// a secret. The text has no header, no query, no token and no user name of a URL.
//
// # The wait that a service asks for
//
// The RetryAfter of a status or an error is the wait that the answer names. These headers are read
// in this order, and the first valid one decides:
//
//	Retry-After-Ms, X-Ms-Retry-After-Ms
//	Retry-After
//	RateLimit
//	RateLimit-Reset, X-RateLimit-Reset-After, X-RateLimit-Reset, X-RateLimit-Reset-Requests,
//	X-Rate-Limit-Reset
//
// The headers from RateLimit on are read only if the quota is used up. A 429 or 420 means that it
// is, unless the answer says what remains. If a header has several values, the longest wait
// applies. Seconds may have a fraction or a unit. A number too large for a wait is a time, in
// seconds or milliseconds since 1970. Dates may have the format of HTTP, of mail or of RFC 3339. A
// wait until a date counts from the answer's own Date header, or from now if there is none. A wait
// of zero is [transport.NoWait]. Negative waits, waits of more than a year, and values that cannot
// be parsed are ignored.
//
// # Where requests go
//
// Requests go only to the origin of the base URL, to the origins of [AllowOrigin], and to redirect
// targets that your own CheckRedirect allows. The default pool of connections makes no connection
// to a private address, such as a loopback, private-network or link-local address. The address is
// checked when the connection is made, after its name was resolved. These addresses are not
// checked:
//
//   - the host and port of the base URL
//   - the host and port of an AllowOrigin whose host is an address or has no dot, or ends in
//     .internal, .local, .localhost or .home.arpa
//   - the host and port of a proxy that the environment names
//
// A request whose connection is refused by this rule is misdirected. A proxy resolves names itself.
// Behind a proxy, the pool therefore checks only URLs whose host is an address, and the proxy must
// check the names. Your own RoundTripper must check addresses itself. Use one to allow an origin
// whose public name has a private address.
//
// # Requests within a poll
//
// After a broken connection or an answer of 502, 503 or 504, a request is sent again, at most twice
// by default: see [WithRetries]. If the service asks for a wait of more than a second, the watch
// waits instead. Within a Watcher, all waits are on its clock. Each request is logged at debug
// level, under the name "rest".
//
// A request with If-None-Match that is refused by a 400, 412 or 431 is sent again at once without
// that header. If the service then answers, the Client does not send it the header any more.
//
// Package net/http itself sends a request again if the connection is closed before the answer, as
// by an HTTP/2 GOAWAY. The first time does not count as a retry. Nor do ten more times while other
// requests are answered. Any further time counts as a retry.
package rest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Client is a [transport.Transport] for one HTTP service. Use [New] to make one. A Client is safe
// for concurrent use.
type Client struct {
	*settings // behind a pointer, so that printing a Client prints none of it

	name     string
	calls    sync.Pool
	followed followed
	unsent   unsentKeys
}

var (
	_ transport.Transport   = (*Client)(nil)
	_ transport.Conditional = (*Client)(nil)
	_ transport.Creator     = (*Client)(nil)
	_ transport.Starter     = (*Client)(nil)
	_ transport.Fetcher     = (*Client)(nil)
	_ transport.Canceler    = (*Client)(nil)
	_ transport.Batcher     = (*Client)(nil)
	_ transport.Fitter      = (*Client)(nil)
)

// New returns a Client for the service at baseURL. The URL begins with http:// or https:// and has
// no query. A user name and password in it are sent as basic authentication and are never printed.
// The error joins all problems of the URL and the options.
func New(baseURL string, opts ...Option) (*Client, error) {
	s, err := newSettings(baseURL, opts)
	if err != nil {
		return nil, err
	}
	c := &Client{settings: s, name: "rest: " + s.Base.Scheme + "://" + s.Base.Host}
	c.followed.on = s.follows
	c.calls.New = func() any { return newCall(s) }
	return c, nil
}

// String returns the scheme and host of the service.
func (c *Client) String() string {
	if c == nil || c.name == "" {
		return "rest: " + errNotMade.Error()
	}
	return c.name
}

// Close closes the idle connections of the Client's own pool. It does not touch the connections of
// [WithRoundTripper]. Calls in flight continue, and later calls open new connections. Close always
// returns nil.
func (c *Client) Close() error {
	if c != nil && c.settings != nil {
		c.CloseIdleConnections()
	}
	return nil
}

// Status asks about a job once. The documentation of this package says what each answer means.
func (c *Client) Status(ctx context.Context, id string) (st transport.Status, err error) {
	err = c.ask(ctx, id, nil, 0, &st)
	return st, err
}

// StatusSince is like [Client.Status], but if last has a Revision, it asks only for a newer answer.
// If there is none, StatusSince returns last with the RetryAfter of the new answer.
func (c *Client) StatusSince(ctx context.Context, id string, last transport.Status) (st transport.Status, err error) {
	err = c.ask(ctx, id, &last, 0, &st)
	return st, err
}

// ask asks about a job, and fills st if there is no error.
func (c *Client) ask(ctx context.Context, id string, last *transport.Status, d time.Duration, st *transport.Status) error {
	k, err := c.begin(ctx, transport.CheckID(id))
	if err != nil {
		return err
	}
	defer k.end(&c.calls)
	at := c.followed.where(id)
	if err := k.status(ctx, id, at, last, d); err != nil {
		return err
	}
	if c.follows {
		switch a := &k.answer; {
		case a.reading.next != "" && a.last == nil:
			if err = k.follow(&c.followed, id, at, a.reading.next); c.followed.where(id) != at {
				a.status.Revision = "" // it is the revision of another answer than the next
			}
		case a.status.State.Terminal():
			c.followed.end(id)
		}
	}
	if err == nil {
		*st = k.answer.status
	}
	return err
}

// Cancel asks the service to cancel a job. It returns nil if the service answers 2xx, or 303 with
// the location of the job. A DELETE is sent again after a broken connection, and a 404 or 410
// then means that the attempt before has canceled the job. If the Dialect has no Cancel, the error
// matches [errors.ErrUnsupported].
func (c *Client) Cancel(ctx context.Context, id string) error {
	k, err := c.begin(ctx, transport.CheckID(id))
	if err != nil {
		return err
	}
	defer k.end(&c.calls)
	at := c.followed.where(id)
	if k.enter(at.stage); k.stage.cancel == nil {
		return unsupported("Cancel")
	}
	if err := k.ask(k.stage.cancel, &template.Vars{ID: at.id}); err != nil {
		return err
	}
	k.answer.id, k.answer.asked = id, at.id
	method := k.wire.Request.Method
	k.wire.Terms = exchange.Terms{Seed: id, SeeOther: true, Repeatable: method == http.MethodDelete || method == http.MethodPut || method == http.MethodGet}
	return k.do(ctx, readCancel)
}

// begin returns a call to make, or the error of one that is not to be made, such as problem.
func (c *Client) begin(ctx context.Context, problem error) (*call, error) {
	switch {
	case c == nil || c.settings == nil:
		problem = errNotMade
	case ctx == nil:
		problem = errNilContext
	case problem == nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	if problem != nil {
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", problem)}
	}
	return c.calls.Get().(*call), nil
}
