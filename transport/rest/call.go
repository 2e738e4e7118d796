package rest

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

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	errNilContext = errors.New("nil context")
	errBadKey     = errors.New("the idempotency key holds a control character")
	errNotMade    = errors.New("the Client was not made by New")
	errTooLarge   = errors.New("body too large")
)

const (
	// keptBody is the largest buffer that a call keeps for the next one.
	keptBody = 64 << 10
	// retryWait is the wait before the first time a call is sent again.
	retryWait = 100 * time.Millisecond
	// longWait is the wait that is the watch's: a service that asks for more is not asked again
	// within the call.
	longWait = time.Second
)

// call is one request to the service, sent as often as it takes. The waits of go-retryablehttp run
// on the real clock, so each call has a client of that package whose hooks are the call's own:
// check decides and names the wait, backoff returns 0, and prepare waits on the context's clock.
// Calls are pooled, hooks and buffers included.
type call struct {
	*settings
	client  http.Client // whose transport is the call: see RoundTrip
	retry   retryablehttp.Client
	request retryablehttp.Request
	buffer  []byte
	reading reading // parts of buffer
	room    target
	errand

	// What comes back: of a create, the status's ID.
	status transport.Status
	err    error
}

// errand is what a call keeps for as long as it lasts.
type errand struct {
	host transport.Host // of the context

	// What is asked.
	stage      *stage
	template   *template
	target     *target           // nil or the call's room
	id         string            // of the caller
	asked      string            // the id that the job has now
	key        string            // of a create
	stream     bool              // whether the body is left to the caller
	extra      [2]string         // name and value of the one header that is this errand's own
	hold       hold              // of a request that the service keeps
	last       *transport.Status // for a service that has nothing newer; nil if it was not told of one
	repeatable bool              // whether it may reach the service twice
	limit      int               // of the answer's body
	read       func(*call) error

	// What became of the request under way.
	requests  int
	retried   int        // requests that were made again, one for a new token not among them
	sends     *web.Sends // nil if the request can't be sent again without our knowing
	started   time.Time  // zero if nothing is logged
	token     *web.Token
	refreshed bool
	code      int
	answer    http.Header
	open      *http.Response // whose body is left to the caller
	body      []byte
	large     bool // the body is longer than limit
	fault     error
	hint      time.Duration
	wait      time.Duration
	left      func() // tells a test clock that the request is over; nil if there is none
}

func newCall(s *settings) *call {
	k := &call{settings: s, client: *s.http, errand: newErrand(s)}
	k.client.Transport, k.client.CheckRedirect = k, k.redirect
	k.retry = retryablehttp.Client{
		HTTPClient:   &k.client,
		RetryMax:     maxRetries + 1, // check keeps count
		CheckRetry:   k.check,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		PrepareRetry: k.prepare,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return k
}

// reset makes k fit for the next call. It keeps nothing of this one alive but the buffer.
func (k *call) reset() {
	if cap(k.buffer) > keptBody {
		k.buffer = nil
		k.reading.found.Clear()
	}
	k.room.body = nil
	k.request, k.errand = retryablehttp.Request{}, newErrand(k.settings)
	k.status, k.err = transport.Status{}, nil
}

// outgoing is a request in one piece with its URL. No call uses that of another: a RoundTripper may
// keep it for longer than the call lasts.
type outgoing struct {
	request http.Request
	url     url.URL
}

func newErrand(s *settings) errand { return errand{stage: s.stages[0], limit: s.maxBody} }

// ask has the call ask what a template says, with v in its holes.
func (k *call) ask(t *template, v *vars) (err error) {
	k.template = t
	k.target = &k.room
	if err = t.fill(k.target, v); err != nil {
		k.target = nil
		return &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %s: %w", t, err)}
	}
	return nil
}

// answerFor returns the answer as places are looked for in it, with a name in their holes.
func (k *call) answerFor(name string) *place.Answer {
	return &place.Answer{Code: k.code, Header: k.answer, Body: k.body[:min(len(k.body), k.limit)], Name: name}
}

// do sends the request until it is answered or given up, and returns what read made of the answer.
func (k *call) do(ctx context.Context) error {
	k.host = transport.HostOf(ctx)
	if k.tokens != nil {
		var err error
		if k.token, err = k.tokens.Get(ctx, nil); err != nil {
			return k.tokenError(ctx, err)
		}
	}
	out := &outgoing{url: k.target.url}
	plain := http.Request{Method: k.target.method, URL: &out.url, Header: k.bare, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if k.bare == nil {
		plain.Header, plain.Host = make(http.Header), out.url.Host
	}
	out.request = *plain.WithContext(ctx)
	k.request.Request = &out.request
	if k.target.body != nil {
		if err := k.request.SetBody(k.target.body); err != nil {
			return k.fail(transport.Permanent, err)
		}
	}
	k.start()
	// What Do returns is what check saw, unless ctx ended while it waited to try again.
	if _, err := k.retry.Do(&k.request); err != nil && k.wait >= 0 && ctx.Err() != nil {
		return fmt.Errorf("rest: %s: %w; before that: %w", k, context.Cause(ctx), k.err)
	}
	return k.err
}

// start notes when a request begins, for the log.
func (k *call) start() {
	if k.host.Logs(slog.LevelDebug) {
		k.started = k.host.Now()
	}
}

// check is told what became of each request: it reads the answer, and decides whether to send
// another.
func (k *call) check(ctx context.Context, answer *http.Response, err error) (bool, error) {
	k.requests++
	k.code, k.answer, k.body, k.large, k.fault, k.hint = 0, nil, nil, false, err, 0
	if err == nil && k.stream && answer.StatusCode/100 == 2 {
		k.code, k.answer, k.open = answer.StatusCode, answer.Header, answer
	} else {
		if err == nil {
			k.receive(answer)
			k.hint = web.RetryAfter(k.code, k.answer, k.host.Now)
		}
		k.leave()
	}
	switch {
	case k.fault == nil:
		k.err = k.read(k)
	case ctx.Err() != nil:
		k.err = fmt.Errorf("rest: %s: %w", k, context.Cause(ctx))
	default:
		var class transport.Class
		class, k.code = web.ClassOfFault(k.fault)
		k.err = k.fail(class, web.Safe(k.fault, k.sensitive()...))
	}
	again := k.again(ctx)
	k.log(again)
	return again, nil
}

// again reports whether to send another request, after k.wait.
func (k *call) again(ctx context.Context) bool {
	k.wait = -1
	if k.err == nil || ctx.Err() != nil {
		return false
	}
	if k.code == http.StatusUnauthorized && k.token != nil && !k.refreshed {
		fresh, err := k.tokens.Get(ctx, k.token)
		if err != nil {
			k.err = k.tokenError(ctx, err)
			return false
		}
		k.token, k.refreshed, k.wait = fresh, true, 0
		return true
	}
	var e *transport.Error
	passing := errors.As(k.err, &e) && (e.Class == transport.Transient || e.Class == transport.Throttled) &&
		(k.fault != nil && !web.IsTimeout(k.fault) || web.IsGateway(k.code))
	if !passing || !k.repeatable || k.retried >= k.retries || k.hint > longWait || !k.host.MayRetry(e.Class) {
		return false
	}
	k.wait = max(k.hint, jitter(k.id, k.retried))
	k.retried++
	return true
}

// jitter returns the wait before the nth time that a call is sent again, counted from 0: from the
// upper half of retryWait doubled n times, the same for the same id.
func jitter(id string, n int) time.Duration {
	h := fnv.New32a()
	_, _ = io.WriteString(h, id)
	_, _ = h.Write([]byte{byte(n)})
	half := retryWait << min(n, maxRetries) / 2
	return half + half*time.Duration(h.Sum32()>>16)/(1<<16)
}

// prepare waits until it is time for the next request.
func (k *call) prepare(next *http.Request) error {
	ctx := next.Context()
	if err := k.host.Sleep(ctx, k.wait); err != nil {
		return err
	}
	next.Header = make(http.Header) // http.Client would add its cookies a second time
	k.start()
	return nil
}

// log tells of a request. It counts the requests of this call, which may be one poll of many.
func (k *call) log(again bool) {
	if k.started.IsZero() || !k.host.Logs(slog.LevelDebug) { // the level may change meanwhile
		return
	}
	message := "asked"
	if again {
		message = "asking again"
	}
	attrs := []slog.Attr{
		slog.String("method", k.target.method), slog.String("host", k.target.url.Host), slog.String("path", k.path()),
		slog.Int("request", k.requests), slog.Int("code", k.code), slog.Duration("duration", k.host.Now().Sub(k.started)),
	}
	if k.hint > 0 {
		attrs = append(attrs, slog.Duration("retry_after", k.hint))
	}
	if again {
		attrs = append(attrs, slog.Duration("wait", k.wait))
	}
	if k.fault != nil {
		attrs = append(attrs, slog.String("fault", web.Safe(k.fault, k.sensitive()...).Error()))
	}
	k.host.Log(slog.LevelDebug, "rest", message, attrs...)
}
