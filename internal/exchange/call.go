package exchange

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// retryWait is the wait before the first time a request is sent again.
	retryWait = 100 * time.Millisecond
	// longWait is the longest wait within a call by default. If the service asks for more, the watch
	// waits.
	longWait = time.Second
)

// Call sends one request until it is answered or given up. go-retryablehttp waits on the real
// clock, so each Call has its own client of that package, with a backoff of 0 and hooks of the
// Call: check decides whether to send again and after which wait, and prepare waits on the
// context's clock. A Call serves one request after another and keeps its hooks and buffers. It must
// be used by one goroutine at a time.
type Call struct {
	Request Request
	Terms   Terms
	Answer  Answer

	round  round
	retry  retryablehttp.Client
	again  retryablehttp.Request
	reader Reader
	err    error // of the latest attempt
	errand
}

// errand is the part of a Call that belongs to one request.
type errand struct {
	requests  int
	started   time.Time // zero if nothing is logged
	refreshed bool      // whether it has asked for a new token
	fault     error     // of the latest attempt, if it got no answer
	wait      time.Duration
}

// NewCall returns a Call with the settings.
func (s *Settings) NewCall() *Call {
	c := &Call{round: round{Settings: s, client: *s.http}}
	c.round.request, c.round.terms, c.round.answer = &c.Request, &c.Terms, &c.Answer
	c.round.client.Transport, c.round.client.CheckRedirect = &c.round, c.round.redirect
	c.retry = retryablehttp.Client{
		HTTPClient:   &c.round.client,
		RetryMax:     MaxRetries + 1, // check keeps count
		CheckRetry:   c.check,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		PrepareRetry: c.prepare,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return c
}

// Reset prepares c for the next request. It keeps nothing of this request alive but the buffer, if
// that is small, and reports whether it kept it.
func (c *Call) Reset() (kept bool) {
	c.round.leave()
	kept = c.round.reset()
	c.Request, c.Terms, c.Answer = Request{}, Terms{}, Answer{}
	c.again, c.errand, c.reader, c.err = retryablehttp.Request{}, errand{}, nil, nil
	return kept
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
	c.reader = reader
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
	c.again.Request = &out.request
	if c.Request.Body != nil {
		if err := c.again.SetBody(c.Request.Body); err != nil {
			return c.Fail(transport.Permanent, err)
		}
	}
	c.start()
	// What Do returns is what check saw, unless ctx ended while it waited to try again.
	if _, err := c.retry.Do(&c.again); err != nil && c.wait >= 0 && ctx.Err() != nil {
		return fmt.Errorf("%s: %s: %w; before that: %w", r.Name, &c.Request, context.Cause(ctx), c.err)
	}
	return c.err
}

// start notes when an attempt begins, for the log.
func (c *Call) start() {
	if c.round.host.Logs(slog.LevelDebug) {
		c.started = c.round.host.Now()
	}
}

// check is called after each attempt. It reads the answer and decides whether there is another
// attempt.
func (c *Call) check(ctx context.Context, answer *http.Response, err error) (bool, error) {
	c.requests++
	c.fault = c.round.receive(answer, err)
	if c.fault == nil {
		c.err = c.reader.Read()
	} else {
		c.err = c.unanswered(ctx)
	}
	again := c.mayRepeat(ctx)
	c.log(again)
	return again, nil
}

// unanswered returns the error of an attempt that got no answer.
func (c *Call) unanswered(ctx context.Context) error {
	var unsourced sourceFault
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %s: %w", c.round.Name, &c.Request, context.Cause(ctx))
	case errors.As(c.fault, &unsourced):
		return c.tokenError(ctx, unsourced.err)
	default:
		var class transport.Class
		class, c.Answer.Code = web.ClassOfFault(c.fault)
		return c.Fail(class, web.Safe(c.fault, c.round.sensitive()...))
	}
}

// mayRepeat reports whether there is another attempt, and sets c.wait, the wait before it. This is
// the retry within a poll: see docs/design.md.
func (c *Call) mayRepeat(ctx context.Context) bool {
	r := &c.round
	c.wait = -1
	if c.err == nil || ctx.Err() != nil || errors.As(c.fault, new(sourceFault)) {
		return false
	}
	if c.Answer.Code == http.StatusUnauthorized && r.sent != nil && !c.refreshed {
		fresh, err := r.asked.tokens.Get(ctx, r.sent)
		if err != nil {
			c.err = c.tokenError(ctx, err)
			return false
		}
		if r.asked == r.own {
			r.token = fresh
		}
		c.refreshed, c.wait = true, 0
		return true
	}
	var e *transport.Error
	passing := errors.As(c.err, &e) && (e.Class == transport.Transient || e.Class == transport.Throttled)
	if !passing || !c.Terms.allow(c.fault, c.Answer.Code) || r.retried >= r.Retries || c.Answer.Wait > max(c.Terms.LongestWait, longWait) || !r.host.MayRetry(e.Class) {
		return false
	}
	c.wait = max(c.Answer.Wait, jitter(c.Terms.Seed, r.retried))
	r.retried++
	return true
}

// allow reports whether the Terms allow to send the request again after a fault or a status code.
func (t *Terms) allow(fault error, code int) bool {
	if fault == nil && t.Repeats != nil && t.Repeats(code) {
		return true
	}
	return t.Repeatable && (fault != nil && !web.IsTimeout(fault) || web.IsGateway(code))
}

// jitter returns the wait before the nth retry of a request, counted from 0. It is drawn from the
// upper half of retryWait, doubled n times. The same seed gives the same wait.
func jitter(seed string, n int) time.Duration {
	h := fnv.New32a()
	_, _ = io.WriteString(h, seed)
	_, _ = h.Write([]byte{byte(n)})
	half := retryWait << min(n, MaxRetries) / 2
	return half + half*time.Duration(h.Sum32()>>16)/(1<<16)
}

// prepare waits until it is time for the next attempt.
func (c *Call) prepare(next *http.Request) error {
	ctx := next.Context()
	if err := c.round.host.Sleep(ctx, c.wait); err != nil {
		return err
	}
	next.Header = make(http.Header) // http.Client would add its cookies a second time
	c.start()
	return nil
}

// log writes a line for an attempt at debug level. The number of the request counts the attempts of
// this call.
func (c *Call) log(again bool) {
	host := c.round.host
	if c.started.IsZero() || !host.Logs(slog.LevelDebug) { // the level may change meanwhile
		return
	}
	message := "asked"
	if again {
		message = "asking again"
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request.Method), slog.String("host", c.Request.URL.Host), slog.String("path", c.Request.path()),
		slog.Int("request", c.requests), slog.Int("code", c.Answer.Code), slog.Duration("duration", host.Now().Sub(c.started)),
	}
	if c.Answer.Wait > 0 {
		attrs = append(attrs, slog.Duration("retry_after", c.Answer.Wait))
	}
	if again {
		attrs = append(attrs, slog.Duration("wait", c.wait))
	}
	if c.fault != nil {
		attrs = append(attrs, slog.String("fault", web.Safe(c.fault, c.round.sensitive()...).Error()))
	}
	host.Log(slog.LevelDebug, c.round.Name, message, attrs...)
}
