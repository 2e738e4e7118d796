package exchange

import (
	"context"
	"net/http"
	"net/url"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Call sends one request until it is answered or given up. It serves one request after another, and
// keeps its hooks and buffers. It must be used by one goroutine at a time.
type Call struct {
	errand
	round    round
	attempts attempts
}

// An errand is a request with its terms and its answer.
type errand struct {
	Request Request
	Terms   Terms
	Answer  Answer
}

// NewCall returns a Call with the settings s.
func (s *Settings) NewCall() *Call {
	c := &Call{round: round{Settings: s, client: *s.http}}
	c.round.errand = &c.errand
	c.round.client.Transport, c.round.client.CheckRedirect = &c.round, c.round.redirect
	c.attempts.prepare(c)
	return c
}

// Reset prepares c for the next request. It keeps only the buffer, if the buffer is small, and
// reports whether it kept it.
func (c *Call) Reset() (kept bool) {
	c.round.leave()
	kept = c.round.reset()
	c.errand = errand{}
	c.attempts.reset()
	return kept
}

// Answered returns the URL that answered: the URL of the last redirect, or of the Request if there
// was no redirect. A relative URL in the answer is relative to it.
func (c *Call) Answered() *url.URL {
	if c.round.url != nil {
		return c.round.url
	}
	return &c.Request.URL
}

// MayHaveActed reports whether an attempt before the present one may have reached the service,
// whose answer was lost. After Do, it includes the last attempt.
func (c *Call) MayHaveActed() bool {
	return c.attempts.lost || c.round.sentTwice != nil && c.round.sentTwice.Load()
}

// outgoing is a request together with its URL, in one allocation. Calls do not share one, because a
// RoundTripper may keep it for longer than the call lasts.
type outgoing struct {
	request http.Request
	url     url.URL
}

// Do sends the request until it is answered or given up. It returns the error that reader returned
// for the last answer, or the error of the last attempt if that was not answered.
func (c *Call) Do(ctx context.Context, reader Reader) error {
	r := &c.round
	r.host = transport.HostOf(ctx)
	if r.own != nil {
		var err error
		if r.token, err = r.own.tokens.Get(ctx, nil); err != nil {
			return c.tokenError(ctx, err)
		}
	}
	out := &outgoing{url: c.Request.URL}
	out.request = *r.blank.WithContext(ctx)
	out.request.Method, out.request.URL = c.Request.Method, &out.url
	if r.blank.Header == nil {
		out.request.Header, out.request.Host = make(http.Header), out.url.Host
	}
	return c.attempts.do(ctx, &out.request, reader)
}
