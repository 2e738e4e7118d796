package sse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/eventstream"
	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// connection is one request for the stream, and its answer. One goroutine reads the stream. The
// goroutine that called Notify waits meanwhile, and ends the connection after too long a silence.
type connection struct {
	*settings
	host   transport.Host
	notify func(transport.Status)

	// Only the reading goroutine uses these fields until it ends.
	at    *position
	open  bool       // whether the answer is a stream
	token *web.Token // nil if there is none

	mu    sync.Mutex
	heard time.Time // when the last byte arrived
}

var (
	errSilent = errors.New("nothing came")
	errOver   = errors.New("the connection is over")
)

// follow reads the stream from the position at, and advances at. It returns why the connection
// ended.
func (s *Stream) follow(ctx context.Context, at *position, notify func(transport.Status)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &connection{settings: s.settings, host: transport.HostOf(ctx), notify: notify, at: at}
	c.touch()
	done := make(chan outcome, 1)
	go func() { // ends when ctx ends, or earlier
		o := outcome{goexit: true}
		defer func() {
			o.panicked = recover()
			done <- o
			cancel(errOver)
		}()
		o.err = c.run(ctx)
		o.goexit = false
	}()
	for ctx.Err() == nil {
		left := c.silence - c.host.Now().Sub(c.last())
		if left <= 0 {
			cancel(errSilent)
		}
		_ = c.host.Sleep(ctx, left)
	}
	o := <-done
	err := o.raise()
	if errors.Is(context.Cause(ctx), errSilent) {
		err = fmt.Errorf("%w for %v (WithSilence)", errSilent, s.silence)
	}
	return s.judge(err, c)
}

// outcome is how the reading goroutine of a connection ended. The [Reader], the token source and
// the HTTP client are the user's, and may panic or end the goroutine.
type outcome struct {
	err      error
	panicked any
	goexit   bool
}

// raise returns the error of the reading goroutine. If that goroutine panicked or called Goexit,
// raise does the same on its caller's goroutine.
func (o *outcome) raise() error {
	switch {
	case o.panicked != nil:
		panic(o.panicked)
	case o.goexit:
		runtime.Goexit()
	}
	return o.err
}

// judge returns the error of a connection that ended with err.
func (s *Stream) judge(err error, c *connection) error {
	var known *transport.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, eventstream.ErrTooLarge):
		c.at.id = "" // resuming from it would bring the same event again
		return s.fail(transport.Transient, 0, 0, fmt.Errorf("%w: over %d bytes", eventstream.ErrTooLarge, MaxEventBytes))
	}
	class, code := transport.Transient, 0
	if !errors.Is(err, io.EOF) && !errors.Is(err, errSilent) {
		class, code = web.ClassOfFault(err)
		err = web.Safe(err, c.secrets()...)
	}
	if c.open {
		err = &lostError{err}
	}
	return s.fail(class, code, 0, err)
}

// touch records that the service has just sent something.
func (c *connection) touch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = c.host.Now()
}

func (c *connection) last() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heard
}

// watch returns a reader of body that calls touch whenever bytes arrive.
func (c *connection) watch(body io.Reader) io.Reader { return watched{body, c} }

type watched struct {
	io.Reader
	c *connection
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.c.touch()
	}
	return n, err
}

// run makes the request and reads its answer to the end.
func (c *connection) run(ctx context.Context) error {
	answer, err := c.ask(ctx)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	c.touch()
	if err := c.check(answer); err != nil {
		return err
	}
	c.open = true
	c.notify(transport.Status{})
	d := eventstream.NewDecoder(c.watch(answer.Body), MaxEventBytes, c.at.id)
	for {
		e, err := d.Next()
		if d.Retry >= 0 {
			c.at.retry = min(max(d.Retry, MinRetry), MaxRetry)
		}
		if err == nil && ctx.Err() != nil {
			return context.Cause(ctx) // before the id of e, so that e comes again
		}
		c.at.id = ""
		if isUsable(d.ID) {
			c.at.id = d.ID
		}
		if err != nil {
			return err
		}
		c.deliver(e)
	}
}

// maxID is the length of the longest id that is sent back to the service in a header.
const maxID = 4 << 10

// isUsable reports whether a connection can be resumed from an id.
func isUsable(id string) bool { return id != "" && len(id) <= maxID && web.IsHeaderValue(id) }

// ask sends the request. If the answer is 401, it sends the request once more with a new token.
func (c *connection) ask(ctx context.Context) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url.String(), http.NoBody)
		if err != nil {
			return nil, err
		}
		if c.tokens != nil {
			if c.token, err = c.tokens.Get(ctx, c.token); err != nil {
				return nil, err
			}
		}
		answer, err := c.client(c.token, c.at.id).Do(r)
		if err != nil || answer.StatusCode != http.StatusUnauthorized || c.token == nil || attempt > 0 {
			return answer, err
		}
		_ = answer.Body.Close()
	}
}

// check returns an error if the answer is not a stream of events.
func (c *connection) check(answer *http.Response) error {
	code := answer.StatusCode
	if code == http.StatusNoContent {
		c.at.stopped = true
		return &transport.Error{Class: transport.Permanent, Code: code, Err: fmt.Errorf("sse: %s: %w", c.name, ErrStopped)}
	}
	if code != http.StatusOK {
		wait := web.RetryAfter(code, answer.Header, c.host.Now)
		class := web.ClassOfCode(code, wait != 0 || web.IsExhausted(answer.Header))
		if class == transport.Permanent && code/100 == 4 && web.MediaType(answer.Header) == "text/html" {
			class = transport.Misdirected // a page comes from a firewall or a proxy, not from the service
		}
		if wait > 0 {
			c.at.notBefore = c.host.Now().Add(wait)
		}
		if class == transport.Permanent || class == transport.NotFound || class == transport.Malformed {
			if class == transport.Permanent && c.at.id != "" {
				class = transport.Transient
			}
			c.at.id = "" // the service may not know it any more, so the next request has none
		}
		return c.refused(class, code, wait, errors.New(http.StatusText(code)))
	}
	if web.MediaType(answer.Header) != "text/event-stream" {
		return c.refused(transport.Malformed, code, 0, fmt.Errorf("no event stream: content type %s", c.quote(answer, "Content-Type")))
	}
	if web.IsEncoded(answer.Header) {
		return c.refused(transport.Malformed, code, 0, fmt.Errorf("content encoding %s", c.quote(answer, "Content-Encoding")))
	}
	return nil
}

// quote returns the value of a header for an error, without secrets.
func (c *connection) quote(answer *http.Response, name string) string {
	return redact.Excerpt([]byte(strings.Join(answer.Header[name], ", ")), c.secrets()...)
}

func (c *connection) refused(class transport.Class, code int, wait time.Duration, cause error) error {
	return &transport.Error{Class: class, Code: code, RetryAfter: wait, Err: fmt.Errorf("sse: %s: %d: %w", c.name, code, cause)}
}

// deliver reads an event, and passes the statuses in it to notify.
func (c *connection) deliver(e eventstream.Event) {
	header := http.Header{"Event": {e.Kind}, "Id": {e.ID}}
	statuses, err := c.reader.ReadEvents(header, e.Data)
	for _, s := range statuses {
		if s.ID != "" {
			c.notify(s)
		}
	}
	if err != nil {
		c.skipped(err)
	}
}

// quiet is the shortest time between two warnings about events. A service may send heartbeats that
// the Reader cannot read, and may end each connection soon.
const quiet = time.Minute

// skipped logs an event that cannot be read, at most once a minute as a warning and otherwise at
// debug level.
func (c *connection) skipped(err error) {
	level := slog.LevelDebug
	if now := c.host.Now(); c.at.warned.IsZero() || now.Sub(c.at.warned).Abs() >= quiet {
		level, c.at.warned = slog.LevelWarn, now
	}
	if c.host.Logs(level) {
		c.host.Log(level, "sse", "an event was skipped", slog.String("stream", c.name), slog.String("reason", web.Safe(err, c.secrets()...).Error()))
	}
}

// secrets returns the words that are masked in errors and logs.
func (c *connection) secrets() []string {
	if c.token == nil {
		return c.sensitive()
	}
	return append(c.sensitive(), c.token.Value)
}
