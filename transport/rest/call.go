package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	errNilContext = errors.New("nil context")
	errBadKey     = errors.New("the idempotency key holds a control character")
	errNotMade    = errors.New("the Client was not made by New")
	errTooLarge   = fmt.Errorf("body too large: at most %d bytes", maxBody)
)

const (
	// maxBody bounds an answer's body, after decompression; that of a batch has more.
	maxBody = 1 << 20
	// keptBody is the largest buffer that a call keeps for the next one.
	keptBody = 64 << 10
	// retryWait is the wait before the first time a call is sent again.
	retryWait = 100 * time.Millisecond
	// longWait is the wait that is the watch's: a service that asks for more is not asked again within the call.
	longWait = time.Second
)

// call is one request to the service, sent as often as it takes. The waits of go-retryablehttp run on the real clock, so
// each call has a client of that package whose hooks are the call's own: check decides and names the wait, backoff returns
// 0, and prepare waits on the context's clock. Calls are pooled, hooks and buffers included.
type call struct {
	*settings
	client  http.Client // whose transport is the call: see RoundTrip
	retry   retryablehttp.Client
	request retryablehttp.Request
	buffer  []byte
	found   [places][]byte // parts of buffer
	errand

	// What comes back: of a create, the status's ID.
	status transport.Status
	err    error
}

// errand is what a call keeps for as long as it lasts.
type errand struct {
	*wait.Carried // by the context

	// What is asked.
	to         *endpoint
	id         string
	extra      [2]string         // name and value of the one header that is this errand's own
	last       *transport.Status // for a service that has nothing newer; nil if it was not told of one
	repeatable bool              // whether it may reach the service twice
	typed      bool              // whether it has a body, which is JSON
	limit      int               // of the answer's body
	read       func(*call) error

	// What became of the attempt under way.
	attempt   int
	retried   int       // attempts that were made again, one for a new token not among them
	started   time.Time // zero if nothing is logged
	token     *web.Token
	refreshed bool
	code      int
	answer    http.Header
	body      []byte
	large     bool // the body is longer than limit
	fault     error
	hint      time.Duration
	wait      time.Duration
	left      func() // tells a test clock that the request is over; nil if there is none
}

func newCall(s *settings) *call {
	k := &call{settings: s, client: *s.http, errand: errand{limit: maxBody}}
	k.client.Transport = k
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
		clear(k.found[:])
	}
	k.request, k.errand = retryablehttp.Request{}, errand{limit: maxBody}
	k.status, k.err = transport.Status{}, nil
}

// outgoing is a request in one piece with its URL. No call uses that of another: a RoundTripper may keep it for longer than the
// call lasts.
type outgoing struct {
	request http.Request
	url     url.URL
}

// do sends the request until it is answered or given up, and returns what read made of the answer.
func (k *call) do(ctx context.Context, body []byte) error {
	k.Carried = wait.From(ctx)
	if k.tokens != nil {
		var err error
		if k.token, err = k.tokens.Get(ctx, nil); err != nil {
			return k.tokenError(ctx, err)
		}
	}
	k.typed = body != nil
	out := &outgoing{url: k.to.url(k.id)}
	plain := http.Request{Method: k.to.method, URL: &out.url, Header: k.bare, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if k.bare == nil {
		plain.Header, plain.Host = make(http.Header), k.to.base.Host
	}
	out.request = *plain.WithContext(ctx)
	k.request.Request = &out.request
	if k.typed {
		if err := k.request.SetBody(body); err != nil {
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

// start notes when an attempt begins, for the log.
func (k *call) start() {
	if core := k.Logger.Core(); core.Enabled(zap.WarnLevel) || core.Enabled(zap.DebugLevel) {
		k.started = k.Clock.Now()
	}
}

// RoundTrip puts the headers on a request and hands it to the settings' transport. That it is done here and not before keeps
// net/http from copying them for a redirect, and keeps them from a foreign origin that the user's http.Client follows one to.
// It also hides CloseIdleConnections: go-retryablehttp calls that whenever a call does not succeed, and the connections are
// those of all other watches.
func (k *call) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Response == nil { // not a redirect
		r.Host = k.to.base.Host // set before, it would have http.Client copy the URL
	}
	if web.SameOrigin(r.URL, k.to.base) {
		r.Header = k.headers(r.Header)
	}
	k.leave()
	r, k.left = web.Announce(r, k.Clock)
	return k.carrier.RoundTrip(r)
}

var jsonType = []string{"application/json"}

// headers returns the headers of a request that has the cookies of r already.
func (k *call) headers(r http.Header) http.Header {
	if k.own != nil && k.bare != nil && len(r) == 0 && k.token == nil && !k.typed && k.extra[0] == "" {
		return k.header // nothing of the user's can write in it
	}
	h := make(http.Header, len(k.fields)+len(r)+1)
	for _, f := range k.fields {
		h[f.name] = f.values
	}
	if len(r) > 0 {
		maps.Copy(h, r)
	}
	if k.token != nil {
		h["Authorization"] = k.token.Header
	}
	if k.typed {
		h["Content-Type"] = jsonType
	}
	if k.extra[0] != "" {
		h.Set(k.extra[0], k.extra[1])
	}
	return h
}

// leave says that the request under way is over.
func (k *call) leave() {
	if k.left != nil {
		k.left()
		k.left = nil
	}
}

// check is told of each attempt: it reads the answer, and decides whether to try again.
func (k *call) check(ctx context.Context, answer *http.Response, err error) (bool, error) {
	k.attempt++
	k.code, k.answer, k.body, k.large, k.fault, k.hint = 0, nil, nil, false, err, 0
	if err == nil {
		k.receive(answer)
		k.hint = web.RetryAfter(k.answer, k.Clock.Now)
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

// receive reads the whole body, so that its connection can serve again, up to limit.
func (k *call) receive(answer *http.Response) {
	defer answer.Body.Close()
	k.code, k.answer = answer.StatusCode, answer.Header
	b := k.buffer[:0]
	if b == nil {
		b = make([]byte, 0, 512)
	}
	for k.fault == nil && len(b) <= k.limit {
		if len(b) == cap(b) {
			grown := make([]byte, len(b), min(2*cap(b), k.limit+1))
			copy(grown, b)
			b = grown
		}
		n, err := answer.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			break
		}
		k.fault = err
	}
	k.buffer, k.body, k.large = b, b, len(b) > k.limit
}

// again reports whether to make another attempt, after k.wait.
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
		(k.fault != nil && !web.IsTimeout(k.fault) || k.code >= http.StatusBadGateway && k.code <= http.StatusGatewayTimeout)
	if !passing || !k.repeatable || k.retried >= k.retries || k.hint > longWait || !k.MayRetry(e.Class) {
		return false
	}
	k.wait = max(k.hint, jitter(k.id, k.retried))
	k.retried++
	return true
}

// jitter returns the wait before the nth time that a call is sent again, counted from 0: from the upper half of retryWait
// doubled n times, the same for the same id.
func jitter(id string, n int) time.Duration {
	h := fnv.New32a()
	_, _ = io.WriteString(h, id)
	_, _ = h.Write([]byte{byte(n)})
	half := retryWait << min(n, maxRetries) / 2
	return half + half*time.Duration(h.Sum32()>>16)/(1<<16)
}

// prepare waits until it is time for the next attempt.
func (k *call) prepare(next *http.Request) error {
	ctx := next.Context()
	if err := wait.Sleep(ctx, k.Clock, k.wait); err != nil {
		return err
	}
	next.Header = make(http.Header) // http.Client would add its cookies a second time
	k.start()
	return nil
}

// log tells of an attempt. A last one that did not succeed is told of by the error that comes back.
func (k *call) log(again bool) {
	level, message := zap.DebugLevel, "asked"
	if again {
		level, message = zap.WarnLevel, "asking again"
	}
	entry := k.Logger.Check(level, message)
	if entry == nil || k.started.IsZero() { // the level was changed meanwhile
		return
	}
	fields := []zap.Field{
		zap.String("method", k.to.method), zap.String("host", k.to.base.Host), zap.String("path", k.path()),
		zap.Int("attempt", k.attempt), zap.Int("code", k.code), zap.Duration("duration", k.Clock.Since(k.started)),
	}
	if again {
		fields = append(fields, zap.Duration("wait", k.wait))
	}
	if k.fault != nil {
		fields = append(fields, zap.String("fault", web.Safe(k.fault, k.sensitive()...).Error()))
	}
	entry.Write(fields...)
}

func (k *call) path() string {
	u := k.to.url(k.id)
	return u.EscapedPath()
}

// String returns what is asked, without the query.
func (k *call) String() string {
	return k.to.method + " " + k.to.base.Scheme + "://" + k.to.base.Host + k.path()
}

// sensitive returns the words that are cut out of all that is quoted.
func (k *call) sensitive() []string {
	if k.token == nil {
		return k.secrets
	}
	return append([]string{k.token.Value}, k.secrets...)
}

func (k *call) fail(class transport.Class, cause error) error {
	return &transport.Error{Class: class, Code: k.code, RetryAfter: k.hint, Err: fmt.Errorf("rest: %s: %w", k, cause)}
}

// tokenError returns the error of a call for which there is no token.
func (k *call) tokenError(ctx context.Context, err error) error {
	var e *transport.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("rest: %s: %w", k, context.Cause(ctx))
	case errors.As(err, &e):
		return k.fail(e.Class, err)
	default:
		return k.fail(transport.Transient, web.Safe(err, k.sensitive()...))
	}
}

// refused returns the error of an answer whose status code says that it is one.
func (k *call) refused() error {
	class := web.ClassOfCode(k.code, k.hint > 0)
	if class == transport.NotFound && k.to == k.create {
		class = transport.Permanent // it is no job that was not found
	}
	return k.fail(class, errors.New(k.quote(http.StatusText(k.code))))
}

// unread returns the error of an answer that says of itself that all is well, and cannot be read.
func (k *call) unread(err error) error {
	switch {
	case k.large:
		return k.fail(transport.Permanent, errTooLarge)
	case k.isPage():
		return k.fail(transport.Transient, errors.New(k.quote("with a page in place of an answer")))
	default:
		return k.fail(transport.Malformed, fmt.Errorf("%w: %s", err, k.quote("")))
	}
}

// quote returns the status code, text, and the beginning of the body.
func (k *call) quote(text string) string {
	s := fmt.Sprintf("%d", k.code)
	if text != "" {
		s += " " + text
	}
	if len(k.body) > 0 {
		s += ": " + redact.Excerpt(k.body, k.sensitive()...)
	}
	return s
}

// isPage reports whether the answer is a page for a person, as of a captive portal.
func (k *call) isPage() bool {
	return !json.Valid(k.body) && (strings.HasPrefix(strings.ToLower(k.answer.Get("Content-Type")), "text/html") ||
		bytes.HasPrefix(bytes.TrimSpace(k.body), []byte("<")))
}
