package longrunning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/lro"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxSent is the largest body of a request that Send sends. The body is held in memory.
	maxSent = 16 << 20
	// longestWait is the longest wait that a service may ask for between two attempts of Send.
	longestWait = time.Minute
)

// Send starts an operation by sending r, and returns the first Status of the operation. The URL of
// r must have the base URL's origin, and its body at most 16 MiB. The polls of the operation carry
// the headers of r, except credentials and headers about r alone, such as X-HTTP-Method-Override.
// The argument via says where the result of the operation will be. Pass the ID of the Status to
// jobstatus.Watcher.WaitForJob, and the Status to jobstatus.From.
//
// After a 408, 429, 500, 502, 503 or 504 and after a broken connection, Send sends the request
// again, as often as [rest.WithRetries] says. A POST or PATCH is sent again only after a 429 or
// 503, unless it has an Idempotency-Key or a Repeatability-Request-Id. If the service asks for a
// wait of more than a minute, Send returns the error at once. Any code except 200, 201, 202 and 204
// is an error, and so is a page of HTML in place of a result. If the answer may be lost or cannot
// be read, the error says that the operation may have been started. The body of an answer whose
// headers name the URL to poll may be lost.
func (c *Client) Send(ctx context.Context, r *http.Request, via Final) (transport.Status, error) {
	if err := c.ready(ctx); err != nil {
		return transport.Status{}, err
	}
	if r == nil || r.URL == nil {
		return transport.Status{}, permanent(errors.New("Send: no request"))
	}
	k := c.calls.Get().(*exchange.Call)
	defer c.put(k)
	if err := c.prepare(k, r, via); err != nil {
		return transport.Status{}, permanent(fmt.Errorf("Send: %w", err))
	}
	var first transport.Status
	err := k.Do(ctx, exchange.ReaderFunc(func() (err error) {
		first, err = c.first(k, r.Header, via)
		return err
	}))
	if err != nil && (k.MayHaveActed() || lro.IsFine(k.Answer.Code)) {
		err = fmt.Errorf("%w (the operation may have been started)", err)
	}
	return first, err
}

// prepare makes k send r, the request of a caller of Send.
func (c *Client) prepare(k *exchange.Call, r *http.Request, via Final) (err error) {
	if err := c.reach.Check(r.URL); err != nil {
		return err
	}
	switch {
	case !web.SameOrigin(r.URL, c.Base):
		return fmt.Errorf("%q is another origin than %q: operations start there", lro.Origin(r.URL), lro.Origin(c.Base))
	case !lro.Final(via).IsKnown():
		return fmt.Errorf("Final: no such value: %.40q", string(via))
	}
	if k.Request, err = exchange.NewRequest(r, maxSent); err != nil {
		return err
	}
	u := &k.Request.URL
	u.RawQuery = lro.WithQuery(u.RawQuery, c.reach.Query)
	twice := k.Request.Method != http.MethodPost && k.Request.Method != http.MethodPatch ||
		r.Header.Get("Idempotency-Key") != "" || r.Header.Get("Repeatability-Request-Id") != ""
	k.Terms = exchange.Terms{Repeatable: twice, Acts: true, LongestWait: longestWait, Repeats: lro.NotBegun, Secrets: append(lro.SecretsIn(u), exchange.HeaderSecrets(r.Header)...)}
	if twice {
		k.Terms.Repeats = lro.Passes
	}
	k.Terms.Suffices = lro.NamesMonitor // otherwise an operation that was started could not be followed
	return nil
}

// first returns the first status of the operation that the call k has started. The headers of its
// request were h.
func (c *Client) first(k *exchange.Call, h http.Header, via Final) (transport.Status, error) {
	switch code := k.Answer.Code; {
	case code == http.StatusNotFound: // the URL to start at was not found, not an operation
		return transport.Status{}, k.Fail(transport.Permanent, k.Quote())
	case !lro.IsFine(code):
		return transport.Status{}, k.Refused()
	}
	o := lro.Opening{Reach: c.reach, Answer: &k.Answer, Method: k.Request.Method, Asked: k.Answered(), Via: lro.Final(via)}
	first, err := o.Read(c.key)
	switch {
	case errors.Is(err, lro.ErrPage):
		return transport.Status{}, k.Fail(transport.Transient, fmt.Errorf("%w %w", k.Quote(), err))
	case err != nil:
		return transport.Status{}, k.Fail(lro.ClassOf(err), err)
	}
	if first.State == transport.Completed && first.Result == nil && k.Answer.Large {
		first.Message = fmt.Sprintf("the result has more than %d bytes (WithMaxBody)", c.MaxBody)
	}
	c.known.Remember(first, h)
	return first, nil
}

// Accept returns the first Status of an operation that was started outside this Client. The
// argument r is the answer to the request that started it, with the code 200, 201, 202 or 204. The
// field r.Request must be set. Accept reads and closes the body of r. If the headers of r name the
// URL to poll, the body may already be closed. The argument via says where the result of the
// operation will be.
func (c *Client) Accept(r *http.Response, via Final) (transport.Status, error) {
	if r != nil && r.Body != nil {
		defer r.Body.Close()
	}
	switch {
	case c == nil || c.settings == nil:
		return transport.Status{}, permanent(errNotMade)
	case r == nil || r.Request == nil || r.Request.URL == nil:
		return transport.Status{}, permanent(errors.New("Accept: no answer to a request"))
	case !lro.Final(via).IsKnown():
		return transport.Status{}, permanent(fmt.Errorf("Accept: Final: no such value: %.40q", string(via)))
	}
	k := c.calls.Get().(*exchange.Call)
	defer c.put(k)
	k.Request = exchange.Request{Method: cmp.Or(r.Request.Method, http.MethodGet), URL: *r.Request.URL}
	k.Terms.Suffices = lro.NamesMonitor
	k.Terms.Secrets = append(lro.SecretsIn(r.Request.URL), exchange.HeaderSecrets(r.Request.Header)...)
	if err := c.reach.Check(r.Request.URL); err != nil {
		return transport.Status{}, permanent(fmt.Errorf("Accept: %w", err))
	}
	if err := exchange.Take(k, r); err != nil {
		return transport.Status{}, err
	}
	return c.first(k, r.Request.Header, via)
}
