package exchange

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// retryWait is the wait before the first time a request is sent again.
	retryWait = 100 * time.Millisecond
	// longWait is the longest wait within a call by default. If the service asks for a longer wait,
	// the call returns, and the watch waits.
	longWait = time.Second
)

// attempts sends the request of a Call, and sends it again if a retry is allowed. The package
// go-retryablehttp waits on the real clock. So each Call has its own client of that package, with a
// backoff of 0 and two hooks. The hook check decides whether to send the request again, and after
// which wait. The hook wait waits on the clock of the context. The first attempt is made without
// that client, because few requests need a second one.
type attempts struct {
	call   *Call
	client retryablehttp.Client
	series
}

// series is the part of the attempts that belongs to one request.
type series struct {
	request   retryablehttp.Request
	reader    Reader
	count     int
	refreshed bool          // whether it was sent with a new token
	started   time.Time     // when the latest attempt began; zero if nothing is logged
	fault     error         // why the latest attempt got no answer, or nil
	err       error         // the error of the latest attempt
	lost      bool          // whether an attempt may have reached the service, whose answer was lost
	pause     time.Duration // before the next attempt; negative if there is none
}

// prepare sets the Call and the hooks of a.
func (a *attempts) prepare(c *Call) {
	a.call = c
	a.client = retryablehttp.Client{
		HTTPClient:   &c.round.client,
		RetryMax:     MaxRetries + 1, // check counts the retries
		CheckRetry:   a.check,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		PrepareRetry: a.wait,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// reset forgets the request.
func (a *attempts) reset() { a.series = series{} }

// do makes one attempt after another, and returns the error of the last one.
func (a *attempts) do(ctx context.Context, q *http.Request, reader Reader) error {
	c := a.call
	a.reader, a.request.Request = reader, q
	if c.Request.Body != nil {
		if err := a.request.SetBody(c.Request.Body); err != nil {
			return c.Fail(transport.Permanent, err)
		}
	}
	a.start()
	again, err := a.first(ctx, q)
	if again {
		_, err = a.client.Do(&a.request)
	}
	// The result is the error that check set, unless ctx ended before the next attempt.
	if err != nil && a.pause >= 0 && ctx.Err() != nil {
		return fmt.Errorf("%s: %s: %w; before that: %w", c.round.Name, &c.Request, context.Cause(ctx), a.err)
	}
	return a.err
}

// first makes the first attempt, and reports whether go-retryablehttp must continue. An http.Client
// adds nothing to an answer that is not a redirect, so the attempt is made without one. If the
// outcome needs the http.Client, the round stores it and returns it to that client later.
func (a *attempts) first(ctx context.Context, q *http.Request) (again bool, err error) {
	r := &a.call.round
	if !r.direct {
		return true, nil
	}
	if q.GetBody != nil {
		q.Body, _ = q.GetBody() // it reads bytes, and cannot fail
	}
	header, host := q.Header, q.Host
	answer, fault := r.RoundTrip(q)
	isPlain := fault == nil && answer != nil && answer.Body != nil && !isRedirect(answer.StatusCode)
	if isPlain {
		if again, _ = a.check(ctx, answer, nil); !again {
			return false, nil
		}
	}
	next := *q                            // a RoundTripper may still read the first request
	next.Header, next.Host = header, host // net/http would send the added headers to any origin of a redirect
	a.restore(&next)
	a.request.Request = &next
	if !isPlain {
		r.made = &outcome{answer, fault}
		return true, nil
	}
	err = a.wait(&next)
	return err == nil, err
}

// isRedirect reports whether net/http may follow an answer with this status code.
func isRedirect(code int) bool {
	return code/100 == 3 && code != http.StatusNotModified
}

// start notes the time at which an attempt begins, for the log.
func (a *attempts) start() {
	if host := a.call.round.host; host.Logs(slog.LevelDebug) {
		a.started = host.Now()
	}
}

// check is called after each attempt. It reads the answer and decides whether there is another
// attempt.
func (a *attempts) check(ctx context.Context, answer *http.Response, err error) (bool, error) {
	a.count++
	a.fault = a.call.round.receive(answer, err)
	if problem := problems.OfError(a.fault); problem != "" {
		panic("RoundTripper: " + problem)
	}
	if a.fault == nil {
		if a.err = a.reader.Read(); a.err == nil && a.call.round.unconditional {
			a.call.round.plainly.Store(true)
		}
	} else {
		a.err = a.call.unanswered(ctx, a.fault)
	}
	a.lost = a.lost || a.isLost()
	again := a.mayRepeat(ctx)
	a.log(again)
	return again, nil
}

// isLost reports whether the latest attempt may have reached the service, whose answer was lost. A
// 503 says that the service did nothing.
func (a *attempts) isLost() bool {
	if code := a.call.Answer.Code; a.fault == nil {
		return code != http.StatusServiceUnavailable && web.IsGateway(code)
	}
	if web.IsUnsent(a.fault) || errors.As(a.fault, new(sourceFault)) {
		return false
	}
	var e *transport.Error
	return !errors.As(a.err, &e) || e == nil || e.Class == transport.Transient
}

// mayRepeat reports whether to make another attempt, and sets a.pause, the wait before it. This is
// the retry within a poll: see docs/design.md.
func (a *attempts) mayRepeat(ctx context.Context) bool {
	c, r := a.call, &a.call.round
	a.pause = -1
	if a.err == nil || ctx.Err() != nil || errors.As(a.fault, new(sourceFault)) {
		return false
	}
	var e *transport.Error
	isError := errors.As(a.err, &e) && e != nil
	refused := c.Answer.Code == http.StatusUnauthorized || isError && e.Class == transport.Unauthorized
	if refused && r.sent != nil && !a.refreshed {
		fresh, err := r.asked.tokens.Get(ctx, r.sent)
		if err != nil {
			a.err = c.tokenError(ctx, err)
			return false
		}
		if r.asked == r.own {
			r.token = fresh
		}
		a.refreshed, a.pause = true, 0
		return true
	}
	if isError && e.Class == transport.Permanent && a.refusesCondition() {
		r.unconditional, a.pause = true, 0
		return true
	}
	passing := isError && (e.Class == transport.Transient || e.Class == transport.Throttled)
	if !passing || !c.Terms.allow(a.fault, c.Answer.Code) || r.retried >= r.Retries || c.Answer.Wait > max(c.Terms.LongestWait, longWait) || !r.host.MayRetry(e.Class) {
		return false
	}
	a.pause = max(c.Answer.Wait, jitter(c.Terms.Seed, r.retried))
	r.retried++
	return true
}

// refusesCondition reports whether the latest answer may have refused the condition of the request,
// and not the request: 412 says so, a service may not understand the ETag (400), and the ETag may
// be too long for it (431).
func (a *attempts) refusesCondition() bool {
	c := a.call
	switch c.Answer.Code {
	case http.StatusBadRequest, http.StatusPreconditionFailed, http.StatusRequestHeaderFieldsTooLarge:
		return a.fault == nil && c.Request.Extra[0] == Condition && !c.round.unconditional && !c.round.plainly.Load()
	default:
		return false
	}
}

// allow reports whether the Terms allow a retry after a fault or a status code.
func (t *Terms) allow(fault error, code int) bool {
	if fault == nil && t.Repeats != nil && t.Repeats(code) {
		return true
	}
	return t.Repeatable && (fault != nil && !web.IsTimeout(fault) || web.IsRetried(code))
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

// wait waits before the next attempt.
func (a *attempts) wait(next *http.Request) error {
	ctx := next.Context()
	if err := a.call.round.host.Sleep(ctx, a.pause); err != nil {
		return err
	}
	next.Header = make(http.Header) // otherwise http.Client would add its cookies a second time
	a.restore(next)
	a.start()
	return nil
}

// restore gives a request that is sent again the method and a URL of its own. A RoundTripper must
// not change a request, but some do, as by adding a prefix to the path.
func (a *attempts) restore(next *http.Request) {
	u := a.call.Request.URL
	next.Method, next.URL = a.call.Request.Method, &u
}

// log writes a line for an attempt at debug level. The number of the request counts the attempts of
// this call.
func (a *attempts) log(again bool) {
	c, host := a.call, a.call.round.host
	if a.started.IsZero() || !host.Logs(slog.LevelDebug) { // the level may change meanwhile
		return
	}
	message := "asked"
	if again {
		message = "asking again"
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request.Method), slog.String("host", c.Request.URL.Host), slog.String("path", c.Request.path()),
		slog.Int("request", a.count), slog.Int("code", c.Answer.Code), slog.Duration("duration", host.Now().Sub(a.started)),
	}
	if c.Answer.Wait > 0 {
		attrs = append(attrs, slog.Duration("retry_after", c.Answer.Wait))
	}
	if again {
		attrs = append(attrs, slog.Duration("wait", a.pause))
	}
	if a.fault != nil {
		attrs = append(attrs, slog.String("fault", web.Safe(a.fault, c.round.sensitive()...).Error()))
	}
	host.Log(slog.LevelDebug, c.round.Name, message, attrs...)
}
