// Package longrunning waits for operations whose status is at a URL that the service names. Each
// answer decides which URL to poll next. The long-running operations of Azure work this way, and so
// do those of any service that answers 202 with a Location.
//
//	ops, err := longrunning.New("https://management.azure.com", rest.WithToken(token))
//	if err != nil {
//		log.Fatal(err)
//	}
//	w, err := jobstatus.New(ops, jobstatus.WithTimeout(time.Hour))
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer w.Close()
//	first, err := ops.Send(ctx, put, "")
//	if err != nil {
//		log.Fatal(err)
//	}
//	status, err := w.WaitForJob(ctx, first.ID, jobstatus.From(first))
//
// For operations that have a name, as in AIP-151, use a dialect of package rest.
//
// # Which URL is polled
//
// The first row of this table that matches an answer decides what is polled:
//
//	Azure-AsyncOperation   that URL, or a newer one that an answer names in this header; the
//	                       status in the answer is the state of the operation
//	Operation-Location     the same
//	201 with Location      nothing: the location is the result, which is fetched once; a PUT or PATCH
//	                       whose body says that it goes on is polled as in its own row
//	Location               that URL, then the newest Location of any answer, until it is not a 202
//	PUT or PATCH           the URL of the request; its properties.provisioningState is the state
//	200, 204               nothing: the operation has ended, and the body is its result
//
// The words Succeeded, Completed, PartiallySucceeded and PartiallyCompleted mean success. The words
// Failed, ValidationFailed and DeleteFailed mean failure, and Canceled and Cancelled mean canceled.
// Case does not matter. Any other word means that the operation is running, except as described
// below for a Location. A 202 without a body means running too.
//
// An operation whose answer has an error never counts as completed. In an answer without a status,
// the error must be a text, true, or an object with a code or a message. Anything else at error is
// a part of the result.
//
// When a Location is polled, an answer of 4xx or 5xx means that the operation has failed. The
// following answers are exceptions, and mean what package rest says:
//
//   - codes that refuse the request: 401, 403, 404, 407, 410, 421
//   - transient codes: 408, 425, 429, 449, 499, 500
//   - codes that gateways send: 502, 503, 504, 511, 520 to 530, 598, 599
//   - a 409, 418, 420 or 423 that names a wait
//   - a page of HTML, which a firewall or a proxy sends
//
// The field status in the answer of a Location counts only if it is a usual word for failed,
// canceled or running, such as Error or InProgress. A 202 without a status always means running. If
// the answer has an instanceId, as those of Durable Functions have, its runtimeStatus counts if it
// is Failed, Terminated or Canceled.
//
// After success, [Final] and the method of the first request say where the result is. The result is
// fetched once, into Status.Result. If that request fails with a transient error, later polls
// repeat only that request. A 202 is such an error if it has no body, or if its status means
// running. If the request is refused, or if the result is not found or malformed for half a minute,
// the operation has completed without a Result, and Status.Message says why. A result that is not
// JSON becomes a JSON string. A result that is JSON without its end, or with a text after it, is
// malformed.
//
// A result larger than [rest.WithMaxBody] is not in the Status: use [Client.Fetch]. If an answer
// about the operation is larger, only its beginning is read. It is malformed if the status may be
// in the rest.
//
// # Ids
//
// An id has everything that is needed to continue, even in another process. It has the kind of the
// operation, URLs relative to the base URL's origin, and the state. It has no credential of the
// Client. But the query of a URL may be a secret, so protect an id like the URL.
//
// An id is refused before any request if it was edited, or if another package or a later version
// made it. It is also refused if it has a URL of an origin that is not allowed. See [Sign].
//
// # Where requests go
//
// Requests go only to the origin of the base URL and to the origins of [AllowOrigin]. This applies
// to the first request, to each URL that the service names, to redirects, and to ids. A URL with a
// user name is refused, and so is a change from https to http. Requests to another origin carry no
// credential.
//
// The default pool of connections refuses private addresses, as package rest describes
// under Where requests go. Your own RoundTripper must check them itself.
package longrunning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/lro"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Client is a [transport.Transport] for the operations of one service. Use [New] to make one. A
// Client is safe for concurrent use.
type Client struct {
	*settings // settings and known are pointers, so that printing a Client prints no secret
	calls     sync.Pool
	known     *lro.Known
}

// settings is made from the options by New, and does not change afterwards.
type settings struct {
	*exchange.Settings
	reach *lro.Reach
	key   []byte // nil if ids are not signed
}

var (
	_ transport.Transport   = (*Client)(nil)
	_ transport.Conditional = (*Client)(nil)
	_ transport.Fetcher     = (*Client)(nil)
)

// New returns a Client for the service at baseURL. The URL begins with http:// or https:// and has
// no query. New accepts the options of this package, and the options of package rest that do not
// concern a Dialect. The error joins all problems with the URL and the options.
func New(baseURL string, opts ...rest.Option) (*Client, error) {
	cfg := exchange.NewConfig(exchange.Defaults{
		Name: "longrunning", UserAgent: rest.UserAgent, Connections: rest.DefaultMaxConnections, Retries: rest.DefaultRetries,
		MaxBody: rest.DefaultMaxBody, MaxResult: rest.DefaultMaxResult,
	})
	cfg.Strict = true
	exchange.Apply(cfg, opts)
	s := &settings{Settings: cfg.Settings(baseURL)}
	query, _ := cfg.Take(queryOption).([]lro.Parameter)
	s.reach = &lro.Reach{Base: s.Base, Origins: s.Origins, Query: query}
	s.key, _ = cfg.Take(signOption).([]byte)
	for _, p := range query {
		s.AddSecrets(p.Value)
	}
	if err := cfg.Err(); err != nil {
		return nil, err
	}
	c := &Client{settings: s, known: &lro.Known{}}
	c.calls.New = func() any { return s.NewCall() }
	return c, nil
}

// String returns the scheme and host of the service.
func (c *Client) String() string {
	if c == nil || c.settings == nil {
		return "longrunning: " + errNotMade.Error()
	}
	return "longrunning: " + c.Base.Scheme + "://" + c.Base.Host
}

// Close closes the idle connections of the Client's own pool. It always returns nil.
func (c *Client) Close() error {
	if c != nil && c.settings != nil {
		c.CloseIdleConnections()
	}
	return nil
}

var errNotMade = errors.New("the Client was not made by New")

// permanent returns an error of class Permanent. It is for calls that make no request.
func permanent(err error) error {
	return &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("longrunning: %w", err)}
}

// ready returns an error if c or ctx cannot be used. A call then makes no request.
func (c *Client) ready(ctx context.Context) error {
	switch {
	case c == nil || c.settings == nil:
		return permanent(errNotMade)
	case ctx == nil:
		return permanent(errors.New("nil context"))
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return nil
	}
}

// Status asks about an operation once. If the operation has succeeded, Status also fetches the
// result.
func (c *Client) Status(ctx context.Context, id string) (transport.Status, error) {
	return c.ask(ctx, id, nil)
}

// StatusSince is like [Client.Status], but if last has a Revision, it asks only for a newer answer.
// If there is none, StatusSince returns last with the RetryAfter of the new answer.
func (c *Client) StatusSince(ctx context.Context, id string, last transport.Status) (transport.Status, error) {
	return c.ask(ctx, id, &last)
}

// Fetch returns the result of a completed operation from the URL in its id. That is the resource of
// a PUT or PATCH, a Location, or the URL that was polled last. If the id has no such URL, the error
// matches [errors.ErrUnsupported], and the result is done.Result. The same applies to an operation
// with an Operation-Location or Azure-AsyncOperation if done has a Result. Otherwise its last
// answer is requested again, which names the URL, or is the result.
//
// An answer of 202 or 206 is a transient error, because it does not have the whole result. The
// caller must close the result, and can read it until ctx ends. [rest.WithMaxResult] limits its
// size.
func (c *Client) Fetch(ctx context.Context, done transport.Status) (io.ReadCloser, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	t, err := c.reach.Open(done.ID, c.key)
	if err != nil {
		return nil, permanent(err)
	}
	j := c.known.Get(done.ID, t)
	ref := j.Final
	switch {
	case t.Kind == lro.Op && len(done.Result) > 0:
		ref = "" // it is in the last answer, or was fetched
	case t.Kind == lro.Op && t.Word == "":
		p := &poll{Client: c, id: done.ID, ticket: t, job: j}
		if err := p.locate(ctx); err != nil {
			return nil, err
		}
		ref = cmp.Or(p.job.Final, p.job.Poll)
	case ref == "" && t.Word == "" && (t.Kind != lro.Async || len(done.Result) == 0):
		ref = j.Poll
	}
	if ref == "" {
		return nil, permanent(fmt.Errorf("%w: the id does not say where the result is", errors.ErrUnsupported))
	}
	k, err := c.get(ref, done.ID, j.Header)
	if err != nil {
		return nil, err
	}
	k.Terms.Stream = true
	if err := k.Do(ctx, exchange.ReaderFunc(func() error { return checkResult(k) })); err != nil {
		c.put(k)
		return nil, err
	}
	stream := exchange.NewStream(k)
	stream.OnClose = func() { c.put(k) }
	return stream, nil
}

// checkResult returns an error if the open answer of a call is not a whole result.
func checkResult(k *exchange.Call) error {
	a := &k.Answer
	switch {
	case a.Code/100 != 2 || a.Open == nil:
		return k.Refused()
	case a.Code == http.StatusAccepted || a.Code == http.StatusPartialContent:
		_ = a.Open.Body.Close()
		a.Open = nil
		return k.Fail(transport.Transient, fmt.Errorf("the result is not there, or only a part of it: %w", k.Quote()))
	default:
		return nil
	}
}

// get returns a call that sends a GET to the URL of a reference. The caller returns it with put.
func (c *Client) get(ref, id string, header []string) (*exchange.Call, error) {
	u, err := c.reach.Resolve(ref)
	if err != nil {
		return nil, permanent(err)
	}
	k := c.calls.Get().(*exchange.Call)
	k.Request = exchange.Request{Method: http.MethodGet, URL: u, Header: header}
	k.Terms = exchange.Terms{Seed: id, Repeatable: true, Secrets: lro.SecretsIn(&u)}
	if !web.SameOrigin(&u, c.Base) {
		k.Request.Header = nil
	}
	return k, nil
}

// put returns a call to the pool.
func (c *Client) put(k *exchange.Call) {
	k.Reset()
	c.calls.Put(k)
}
