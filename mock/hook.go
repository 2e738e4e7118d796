package mock

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// WithWebhook makes the service call a URL with each change of a job's state, in the form that the
// Dialect's Event describes, signed as [webhook.StandardWebhooks] verifies it. A call that fails,
// or is answered with a 5xx, is made again twice, after 5 and 10 seconds of the service's clock.
// The option can be given several times.
func WithWebhook(to, secret string) Option {
	line := caller()
	return func(c *config) {
		u, err := url.Parse(to)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			c.problem("%s: WithWebhook: the URL must begin with http:// or https://", line)
			return
		}
		c.hook(line, hook{to, secret, &http.Client{Timeout: hookTimeout, Transport: &http.Transport{DisableKeepAlives: true}}})
	}
}

// WithWebhookHandler is [WithWebhook] without a socket: the service calls the handler. Together
// with a [Clock] every run takes the same course.
func WithWebhookHandler(h http.Handler, secret string) Option {
	line := caller()
	return func(c *config) {
		if h == nil {
			c.problem("%s: WithWebhookHandler: the handler is nil", line)
			return
		}
		c.hook(line, hook{"http://webhook.test/", secret, &http.Client{Transport: direct{h}}})
	}
}

func (c *config) hook(line string, h hook) {
	if _, err := webhook.Sign(h.secret, "msg", time.Unix(1, 0), nil); err != nil {
		c.problem("%s: %w", line, err)
		return
	}
	c.pushes().hooks = append(c.pushes().hooks, h)
}

const (
	hookTimeout  = 10 * time.Second
	hookWait     = 5 * time.Second // before a call is made again; it doubles
	hookAttempts = 3
)

// hook is a URL that the service calls.
type hook struct {
	url, secret string
	client      *http.Client
}

// wallTime returns the time by which receivers verify a signature. A clock that runs faster than
// theirs has a method WallTime, which tells theirs.
func (d *world) wallTime() time.Time {
	if c, ok := d.clock.(interface{ WallTime() time.Time }); ok {
		return c.WallTime()
	}
	return d.clock.Now()
}

// otherSecret signs what is forged.
var otherSecret = base64.StdEncoding.EncodeToString([]byte("this is not the service's secret"))

// call calls the URL, for the nth time.
func (h hook) call(p *push, e *pushed, nth int) {
	signature, err := webhook.Sign(h.secret, e.id, p.service.wallTime(), e.body)
	if err != nil {
		return
	}
	r, err := http.NewRequest(http.MethodPost, h.url, bytes.NewReader(e.body))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	for _, header := range []http.Header{e.header, signature} {
		for name, values := range header {
			r.Header[name] = values
		}
	}
	answer, err := h.client.Do(r)
	if err == nil {
		_ = answer.Body.Close()
		if answer.StatusCode < http.StatusMultipleChoices {
			p.arrive(e.ends, "webhook")
		}
	}
	if (err != nil || answer.StatusCode >= http.StatusInternalServerError) && nth < hookAttempts {
		wait.AfterFunc(p.service.clock, hookWait<<(nth-1), func() { h.call(p, e, nth+1) })
	}
}

// direct hands requests to a handler.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	w := &codeOnly{header: http.Header{}, code: http.StatusOK}
	defer func() {
		if problem := recover(); problem != nil {
			answer, err = nil, errors.New("the handler panicked")
		}
	}()
	d.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.code, Header: w.header, Body: http.NoBody, Request: r}, nil
}

// codeOnly is a ResponseWriter that keeps the first code.
type codeOnly struct {
	header  http.Header
	code    int
	written bool
}

func (w *codeOnly) Header() http.Header         { return w.header }
func (w *codeOnly) Write(b []byte) (int, error) { w.written = true; return len(b), nil }
func (w *codeOnly) WriteHeader(code int) {
	if !w.written {
		w.code, w.written = code, true
	}
}
