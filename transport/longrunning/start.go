package longrunning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxSent bounds the body of a request that Send sends, which is held in memory.
	maxSent = 16 << 20
	// longestWait is the longest wait that a service may ask for between two attempts of Send.
	longestWait = time.Minute
)

// hopByHop are headers that net/http sets, or that are about one connection.
var hopByHop = []string{"Host", "Content-Length", "Transfer-Encoding", "Accept-Encoding", "Connection", "Keep-Alive", "Upgrade", "Te", "Trailer"}

// Send starts an operation by a request of the caller's, which goes to the base URL's origin. Its
// headers go along with the polls of this Client, but for credentials. Send returns the first
// Status, for WaitForJob and From; its RetryAfter is the wait before the first poll.
//
// Send sends the request again after 408, 429, 500, 502, 503, 504 and connections that failed, as
// often as rest.WithRetries says. A POST or PATCH is sent again only after 429 and 503, unless it
// has an Idempotency-Key or a Repeatability-Request-Id. Waits of more than a minute are the
// caller's. Any code but 200, 201, 202 and 204 is an error.
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
	err := k.Do(ctx, reader(func() (err error) {
		switch code := k.Answer.Code; {
		case code == http.StatusNotFound: // it is no operation that was not found
			return k.Fail(transport.Permanent, k.Quote())
		case !isFine(code):
			return k.Refused()
		}
		o := opening{c.settings, &k.Answer, k.Request.Method, &k.Request.URL, via}
		if first, err = o.read(); err != nil {
			return k.Fail(classOf(err), err)
		}
		c.known.remember(first, r.Header)
		return nil
	}))
	return first, err
}

// prepare sets the request of a call to one of the caller's.
func (c *Client) prepare(k *exchange.Call, r *http.Request, via Final) error {
	u := *r.URL
	u.Fragment, u.RawFragment = "", ""
	if err := c.check(&u); err != nil {
		return err
	}
	switch {
	case !web.SameOrigin(&u, c.Base):
		return fmt.Errorf("%q is another origin than %q: operations start there", origin(&u), origin(c.Base))
	case !via.isKnown():
		return fmt.Errorf("Final: no such value: %.40q", string(via))
	}
	u.RawQuery = withQuery(u.RawQuery, c.query)
	k.Request = exchange.Request{Method: cmp.Or(r.Method, http.MethodGet), URL: u, Type: r.Header.Get("Content-Type")}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := strings.Join(r.Header[name], ", ")
		switch key := http.CanonicalHeaderKey(name); {
		case slices.Contains(hopByHop, key) || key == "Content-Type":
		case !web.IsToken(name) || !web.IsHeaderValue(value):
			return fmt.Errorf("the header %.80q cannot be sent", name)
		default:
			k.Request.Header = append(k.Request.Header, key, value)
		}
	}
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxSent+1))
		if err = cmp.Or(err, r.Body.Close()); err != nil {
			return err
		}
		if len(body) > maxSent {
			return fmt.Errorf("%w: at most %d bytes", exchange.ErrTooLarge, maxSent)
		}
		k.Request.Body = body
	}
	twice := r.Method != http.MethodPost && r.Method != http.MethodPatch ||
		r.Header.Get("Idempotency-Key") != "" || r.Header.Get("Repeatability-Request-Id") != ""
	k.Terms = exchange.Terms{Repeatable: twice, LongestWait: longestWait, Repeats: notBegun, Secrets: secretsIn(&u)}
	if twice {
		k.Terms.Repeats = passes
	}
	return nil
}

// passes reports whether a request that may be sent twice is sent again after a status code.
func passes(code int) bool {
	return code == http.StatusRequestTimeout || code == http.StatusInternalServerError || notBegun(code) || web.IsGateway(code)
}

// notBegun reports whether a status code says that the service has not begun what was asked.
func notBegun(code int) bool {
	return code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable
}

// Accept returns the first Status of an operation that was started by a request which somebody else
// sent, from the answer, whose body it reads and closes. Its code is one of 200, 201, 202 and 204.
func (c *Client) Accept(r *http.Response, via Final) (transport.Status, error) {
	if r != nil && r.Body != nil {
		defer r.Body.Close()
	}
	switch {
	case c == nil || c.settings == nil:
		return transport.Status{}, permanent(errNotMade)
	case r == nil || r.Request == nil || r.Request.URL == nil:
		return transport.Status{}, permanent(errors.New("Accept: no answer to a request"))
	case !via.isKnown():
		return transport.Status{}, permanent(fmt.Errorf("Accept: Final: no such value: %.40q", string(via)))
	}
	k := c.calls.Get().(*exchange.Call)
	defer c.put(k)
	asked := *r.Request.URL
	k.Request = exchange.Request{Method: cmp.Or(r.Request.Method, http.MethodGet), URL: asked}
	k.Terms = exchange.Terms{Secrets: secretsIn(&asked)}
	if err := c.check(&asked); err != nil {
		return transport.Status{}, permanent(fmt.Errorf("Accept: %w", err))
	}
	if err := exchange.Take(k, r); err != nil {
		return transport.Status{}, err
	}
	if !isFine(k.Answer.Code) {
		return transport.Status{}, k.Fail(web.ClassOfCode(k.Answer.Code, k.Answer.IsPaced()), k.Quote())
	}
	o := opening{c.settings, &k.Answer, k.Request.Method, &asked, via}
	first, err := o.read()
	if err != nil {
		return transport.Status{}, k.Fail(classOf(err), err)
	}
	c.known.remember(first, r.Request.Header)
	return first, nil
}
