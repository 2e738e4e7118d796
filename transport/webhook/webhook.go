// Package webhook receives the requests of a service that calls a URL when a job changes.
//
//	client, err := rest.New("https://api.example.com", rest.WithDialect(d))
//	if err != nil {
//		log.Fatal(err)
//	}
//	hook, err := webhook.New(client, webhook.StandardWebhooks(os.Getenv("WEBHOOK_SECRET")))
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.Handle("POST /hooks/jobs", hook)
//
// A [Handler] serves the requests in the program's own HTTP server, and is a [transport.Notifier]
// for a Watcher: see jobstatus.WithNotifier. A [Reader] reads the body of a request. A Client of
// package rest is a Reader: the Event of its Dialect describes the body.
//
// # Answers
//
//	202    accepted; also a repetition, and a body about no job, which are ignored
//	400    the body does not arrive in full in time, or nothing in it can be read
//	401    no valid signature, or its time differs from now by more than Tolerance
//	405    not a POST
//	413    a body larger than WithMaxBody, before or after decompression
//	415    a body that is compressed, but not with gzip, or more than once
//	503    no Watcher listens, or the Relay failed: the service should send it again
//
// A body has the ReadTimeout of the server to arrive, or half a minute if the server has none. If
// the Handler is behind an [http.TimeoutHandler], or behind another handler whose ResponseWriter
// has no read deadline, half a minute cannot be ensured: set a ReadTimeout then.
//
// A 503 has a Retry-After of five seconds. A Handler that [New] did not make answers 500. A
// repetition that arrives while the first is passed to the Relay waits, and gets the same answer.
//
// A Watcher receives the statuses of a request that is answered 202, or 503 because the Relay
// failed. It receives the statuses of a repetition only if the delivery has no signed id, no signed
// time and no state. The answer does not wait for the Watcher.
//
// If a request is not passed to the Watcher, the reason is logged at debug level. A 400, 401, 413
// or 415 is logged as a warning instead, at most once a minute. So is a request of which only a
// part can be read. The first request about no job is logged as a warning, too. Nothing else about
// requests is logged. The Handler uses the logger of the Watcher that listens. Without one, it logs
// nothing.
//
// # Trust
//
// A webhook can be lost, late or out of order. So a Watcher continues to poll, but rarely. If a
// webhook says that a job has ended, the Watcher confirms it by one poll, unless [WithTrust] is
// given. If a webhook names a job but no state, the Watcher polls that job at once.
//
// A request may be about several jobs. If only some of its statuses can be read, these are passed
// on, the request is answered 202, and the Watcher learns of the others by its polls.
//
// # Handshakes
//
// Some services check a URL before they call it. They send a GET, an OPTIONS, or a POST without a
// status, and expect a text of that request in the answer. A Handler does not answer such requests.
// Answer them in an [http.Handler] of your own, and pass all others to the Handler. See the example
// Handshake.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// Tolerance is how far the time of a signature may be from the clock, in either direction.
	Tolerance = 5 * time.Minute
	// DuplicateWindow is how long a Handler remembers a delivery, so that it recognizes a repetition.
	// It is the whole time during which a signature is accepted. If more than 32,768 deliveries arrive
	// meanwhile, the oldest are forgotten earlier.
	DuplicateWindow = 2 * Tolerance
	// MinKeyBytes is the minimum length of a key or of a shared secret, in bytes.
	MinKeyBytes = 24
)

// Reader reads the body of a webhook. A Client of package rest is one.
//
// ReadEvents returns the statuses in the body, none if the body is about no job. A State of
// [transport.Unknown] means that the job has changed, but the body does not have its state. If only
// a part of the body can be read, ReadEvents returns the statuses in that part and an error.
// ReadEvents must not keep the header or the body, and must be safe for concurrent use.
type Reader interface {
	ReadEvents(header http.Header, body []byte) ([]transport.Status, error)
}

// Handler answers the requests of one service, and passes the statuses in them to each call of
// [Handler.Notify]. Use [New] to make one. A Handler is safe for concurrent use.
type Handler struct {
	config
	reader   Reader
	verifier Verifier

	mu        sync.RWMutex // held for reading while listeners are called
	listeners []*listener

	deliveries deliveries
	warning    warning
	nameless   atomic.Bool // a request about no job was logged as a warning
	publisher  publisher
}

// listener is one call of Notify.
type listener struct {
	notify func(transport.Status)
	host   transport.Host
}

var (
	_ http.Handler      = (*Handler)(nil)
	_ transport.Truster = (*Handler)(nil)
)

var errNotMade = errors.New("webhook: the Handler was not made by New")

// New returns a Handler for requests that v verifies and r reads. The error joins all problems with
// r, v and the options.
func New(r Reader, v Verifier, opts ...Option) (*Handler, error) {
	h := &Handler{config: config{maxBody: DefaultMaxBody}, reader: r, verifier: v}
	if r == nil || problems.IsNil(r) {
		h.problem("New: the Reader is nil")
	} else if _, err := r.ReadEvents(http.Header{}, []byte("{}")); errors.Is(err, errors.ErrUnsupported) {
		h.problem("New: the Reader reads no events: %w", err)
	}
	if v == nil || problems.IsNil(v) {
		h.problem("New: the Verifier is nil")
	} else if c, ok := v.(checker); ok {
		if err := c.check(); err != nil {
			h.problem("%w", err)
		}
	}
	for i, opt := range opts {
		if opt == nil {
			h.problem("option %d is nil", i)
			continue
		}
		opt(&h.config)
	}
	if err := errors.Join(h.problems...); err != nil {
		return nil, err
	}
	return h, nil
}

// String returns the name of the package. It omits the configuration, which holds keys.
func (h *Handler) String() string { return "webhook" }

// GoString returns what String returns, so that no verb of package fmt prints a key.
func (h *Handler) GoString() string { return h.String() }

// Trusted reports whether [WithTrust] was given.
func (h *Handler) Trusted() bool { return h != nil && h.trusted }

// Notify calls notify for each status that the Handler receives, until ctx ends. It then returns
// the cause of ctx. With a [Relay], Notify also passes on what other replicas receive, and returns
// an error if the Relay's Notify returns. Each of several concurrent calls gets every status.
//
// While no call of Notify is in progress, and there is no Relay, requests are answered 503.
func (h *Handler) Notify(ctx context.Context, notify func(transport.Status)) error {
	switch {
	case h == nil || h.reader == nil:
		return errNotMade
	case ctx == nil || notify == nil:
		return errors.New("webhook: Notify: nil context or function")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	defer h.listen(&listener{notify, transport.HostOf(ctx)})()
	if h.relay == nil {
		notify(transport.Status{})
		<-ctx.Done()
		return context.Cause(ctx)
	}
	err := h.relay.Notify(ctx, notify)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		return errors.New("webhook: relay: lost")
	default:
		return fmt.Errorf("webhook: relay: %w", err)
	}
}

// listen adds l to the listeners. The caller calls over to remove it; l is not called after that.
func (h *Handler) listen(l *listener) (over func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners = append(h.listeners, l)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.listeners = slices.DeleteFunc(h.listeners, func(other *listener) bool { return other == l })
	}
}

// deliver passes s to the listeners of this process, a copy to each. It reports whether there is a
// listener.
func (h *Handler) deliver(s transport.Status) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, l := range h.listeners {
		own := s
		own.Result = bytes.Clone(s.Result)
		l.notify(own)
	}
	return len(h.listeners) > 0
}

// host returns the Host of the newest listener, or nil if there is none.
func (h *Handler) host() transport.Host {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if n := len(h.listeners); n > 0 {
		return h.listeners[n-1].host
	}
	return nil
}

// now returns the time on the clock of [WithClock]. Without that option, it is the clock of the
// newest listener's Watcher, or the real clock.
func (h *Handler) now() time.Time {
	if h.clock != nil {
		return h.clock.Now()
	}
	if host := h.host(); host != nil {
		return host.Now()
	}
	return time.Now()
}

// quiet is the shortest time between two warnings. Anybody can send requests and so fill the log.
const quiet = time.Minute

// log logs why a request was not passed on. A refusal is a warning, because the service's own
// requests may be refused, for example because of a wrong key. The first request about no job is a
// warning too, because the dialect may look for the id at a wrong place.
func (h *Handler) log(code int, err error) {
	host := h.host()
	if host == nil {
		return
	}
	level, message := slog.LevelDebug, "not passed on"
	switch {
	case errors.Is(err, errPart):
		message = "only a part of a request was passed on"
		if h.warning.isDue(h.now()) {
			level = slog.LevelWarn
		}
	case err == errNoJob && h.nameless.CompareAndSwap(false, true):
		level, message = slog.LevelWarn, "a request has no job's id where the Reader looks for it; others are logged at debug level"
	case code/100 == 4 && code != http.StatusMethodNotAllowed && h.warning.isDue(h.now()):
		level, message = slog.LevelWarn, "a request was refused; for a minute, others are logged at debug level"
	}
	if host.Logs(level) {
		host.Log(level, "webhook", message, slog.Int("code", code), slog.String("reason", err.Error()))
	}
}

// warning records when a refusal was last logged as a warning. It is safe for concurrent use.
type warning struct {
	mu   sync.Mutex
	last time.Time
}

// isDue reports whether a refusal at now is logged as a warning. If so, it records the time.
func (w *warning) isDue(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.last.IsZero() && now.Sub(w.last).Abs() < quiet {
		return false
	}
	w.last = now
	return true
}
