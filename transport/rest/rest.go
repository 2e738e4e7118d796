// Package rest asks an HTTP service about its jobs, in JSON.
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
// As it stands it speaks the default dialect:
//
//	POST /                {"payload":{"jobID":"7f3c"}}
//	GET /status/7f3c      {"payload":{"status":"running","progress":0.4,"message":"second pass"}}
//	DELETE /status/7f3c   cancels the job
//
// A Dialect describes any other service: how it is asked, where in its answers what stands, and its
// words for each state. Its Batch asks about many jobs in one request.
//
// # What becomes of an answer
//
//	1xx                           permanent; its body is not read
//	2xx with a status             that status; unknown if States lacks its word, which is in Raw
//	202, 204 without a status     pending, whether the body is empty, a text or JSON
//	other 2xx without a status    malformed; transient if it is an HTML page, as of a portal
//	2xx over WithMaxBody          malformed; transient if it is an HTML page
//	401                           asked again if WithToken has a new token; else permanent
//	403, 409, 420, 423            throttled if a header names a wait or says that nothing remains of
//	                              a quota; else permanent
//	404                           not found
//	408, 425                      transient
//	421                           misdirected
//	429                           throttled
//	501, 505 without an end       permanent
//	502, 504                      transient whatever the body says: a gateway speaks
//	503                           likewise, but throttled if a header paces as above
//	other 5xx without an end      transient
//	5xx but 502-504 with an end   that status: some services answer 500 for a job that failed
//	303 with a status             that status
//	303 without a status          completed, with the location as its result; misdirected if that is
//	                              at another origin, where one signs in, the front page, an error
//	                              page or the same place again
//	304 that was not asked for    malformed
//	other 3xx                     misdirected: a redirect that is refused or leads nowhere
//	other 4xx                     permanent
//
// An end is a terminal status that stands where Dialect.State says. A status that is null or absent
// counts as none, unless Dialect.States has the word "null". The answer to a batch differs in a few
// points, which [Client.StatusBatch] names.
//
// A dialect comes before all this: its Faults name answers that are errors, and where "@code" is
// among the places of State, its States name the codes that tell a state. 502, 503 and 504 never
// do. What Dialect.Error points at is said of no job that is told as completed, and an answer that
// names another job is malformed.
//
// A connection that fails is transient. A fault of TLS and a redirect that is refused are
// misdirected, because the request did not reach the service. A proxy that refuses the connection
// is permanent, but transient if its code is a 5xx.
//
// Every error is a [*transport.Error], but for that of a context that ended and that of Classify.
// It names the method, host and path. It quotes at most 256 bytes of the body, without the known
// secrets, in whatever escapes they stand, and without what looks like one. It holds no header, no
// query, no token and no user name of a URL.
//
// # How long the service is left alone
//
// Statuses and errors carry the wait that the answer names, as RetryAfter. These headers are heard,
// and the first that makes sense decides:
//
//	Retry-After-Ms, X-Ms-Retry-After-Ms
//	Retry-After
//	RateLimit
//	RateLimit-Reset, X-RateLimit-Reset, X-Rate-Limit-Reset
//
// The last two lines count if nothing of the quota remains. A 429 or 420 without a count of what
// remains means that. Seconds may have a fraction or a unit. Dates may be written as in HTTP, in
// mail or as RFC 3339, and are measured from the answer's own Date header. A wait of zero is
// [transport.NoWait]. A wait of more than a year, a negative one and rubbish are ignored.
//
// # Requests within a poll
//
// A call that meets a fault of the connection, or an answer of 502, 503 or 504, is sent again after
// a short wait, a few times: see [WithRetries]. Waits longer than a second are left to the watch.
// The requests that net/http repeats by itself are bounded likewise: where connections are closed
// before the answer, as by an HTTP/2 GOAWAY, one repetition is free, and the others count. While
// other requests are answered, ten more are free. Within a Watcher all waits are on its clock. Each
// request is logged at debug level by its logger, named "rest".
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

// Client is a Transport for one HTTP service. It does not change once made, and is safe for
// concurrent use.
type Client struct {
	*settings // behind a pointer, so that printing a Client prints none of it

	name     string
	calls    sync.Pool
	followed followed
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

// New returns a Client of the service at baseURL, which begins with http:// or https:// and has no
// query. A user name and password in it are sent as basic authentication and printed nowhere. The
// error tells of all that is wrong with the URL and with the options.
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

// Close closes the idle connections that the Client made; those of a RoundTripper of the user's are
// not touched. Calls under way come to their end, and later ones connect anew. It always returns
// nil.
func (c *Client) Close() error {
	if c != nil && c.settings != nil {
		c.CloseIdleConnections()
	}
	return nil
}

// Status asks about a job once. What comes back is described at the top of this package.
func (c *Client) Status(ctx context.Context, id string) (st transport.Status, err error) {
	err = c.ask(ctx, id, nil, 0, &st)
	return st, err
}

// StatusSince is Status, but a service that gave last an ETag is asked for a newer answer only. If
// there is none, StatusSince returns last, with the RetryAfter that the new answer names.
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
			err = k.follow(&c.followed, at)
		case a.status.State.Terminal():
			c.followed.end(id)
		}
	}
	if err == nil {
		*st = k.answer.status
	}
	return err
}

// Cancel asks the service to cancel a job. It returns nil for an answer of 2xx.
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
	k.wire.Terms = exchange.Terms{Seed: id, Repeatable: method == http.MethodDelete || method == http.MethodPut || method == http.MethodGet}
	return k.do(ctx, (*answer).readCancel)
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
