// Package sse receives changes of jobs from a service that streams them as server-sent events. The
// HTML standard describes these (https://html.spec.whatwg.org/multipage/server-sent-events.html).
//
//	client, err := rest.New("https://api.example.com", rest.WithDialect(d), rest.WithToken(token))
//	if err != nil {
//		log.Fatal(err)
//	}
//	stream, err := sse.New("https://api.example.com/events", client, sse.WithToken(token))
//	if err != nil {
//		log.Fatal(err)
//	}
//	err = stream.Notify(ctx, func(s transport.Status) { fmt.Println(s) })
//
// A [Stream] is a [transport.Notifier] for a Watcher: see jobstatus.WithNotifier. It has one
// connection, on which the service reports changes of all jobs. A [Reader] reads the data of an
// event. A Client of package rest is a Reader: the Event of its Dialect describes the data. In that
// description, @header.Event stands for the type of the stream's event, and @header.Id for its id.
//
// # When a connection is lost
//
// If events have ids, the Stream connects again and sends the newest id in the header
// Last-Event-ID. The service then sends the events that were missed. If events have no ids, some
// may be lost, and Notify returns an error, so that a Watcher polls.
//
// Notify also returns an error if the new connection fails or is refused, or if the wait before it
// is longer than ten seconds. The next call of Notify then begins with the rest of that wait. If a
// request with a Last-Event-ID is refused for good, as by a 400, the error is transient, and the
// next connection begins with new events.
//
// A connection on which nothing arrives for the time of [WithSilence], not even a comment, counts
// as lost. An answer that is compressed is refused as malformed.
//
// The wait before a new connection is the one that the stream names in a field retry, from
// [MinRetry] to [MaxRetry]. If it names none, the wait is [DefaultRetry]. If a refused connection
// names a longer wait by Retry-After, that wait applies. An answer of 204 ends the Stream
// permanently, with [ErrStopped].
//
// An event that the Reader cannot read is skipped. It is logged as a warning at most once a minute,
// and otherwise at debug level. If an event has more than [MaxEventBytes], Notify returns a
// transient error, and the Watcher polls all jobs once. The next connection begins with new events,
// so that the large event does not come again.
package sse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// MaxEventBytes is the largest data of an event, in bytes.
	MaxEventBytes = 1 << 20
	// DefaultRetry is the wait before a new connection if the stream names none.
	DefaultRetry = 3 * time.Second
	// MinRetry is the shortest wait before a new connection that a stream can name.
	MinRetry = 500 * time.Millisecond
	// MaxRetry is the longest wait before a new connection that a stream can name. The Retry-After of
	// a refused connection may be longer.
	MaxRetry = 5 * time.Minute
	// maxDeaf is the longest wait for a new connection within Notify. For a longer wait, Notify
	// returns, so that the Watcher polls meanwhile.
	maxDeaf = 10 * time.Second
)

// ErrStopped is matched by the error of a stream that the service has ended permanently by an
// answer of 204. Later calls of Notify return such an error without a request.
var ErrStopped = errors.New("the service has ended the stream")

// Reader reads the data of an event. A Client of package rest is one.
//
// ReadEvents returns the statuses in the data, none if the event is about no job. The State
// [transport.Unknown] means that the job has changed, but the event does not have its state. If
// only a part of the data can be read, ReadEvents returns the statuses in that part, and an error.
// ReadEvents must not keep the header or the data. If several calls of [Stream.Notify] are in
// progress at once, it must be safe for concurrent use.
type Reader interface {
	ReadEvents(header http.Header, data []byte) ([]transport.Status, error)
}

// Stream receives the events of one URL. Use [New] to make one. A Stream is safe for concurrent
// use. Each call of [Stream.Notify] has its own connection.
type Stream struct {
	*settings // behind a pointer, so that printing a Stream prints none of it

	mu   sync.Mutex
	last position // where the newest call of Notify ended
}

// position is where in a stream a connection begins, and what is known from the connections before.
type position struct {
	id        string        // of the newest event, "" for none
	retry     time.Duration // 0 if the service has named none
	notBefore time.Time     // the earliest time of the next request
	warned    time.Time     // when a skipped event was last logged as a warning
	stopped   bool
}

var _ transport.Truster = (*Stream)(nil)

// String returns the scheme, host and path of the stream.
func (s *Stream) String() string {
	if s == nil || s.settings == nil {
		return errNotMade.Error()
	}
	return s.name
}

// Trusted reports whether [WithTrust] was given.
func (s *Stream) Trusted() bool { return s != nil && s.settings != nil && s.trusted }

// Close closes the idle connections of the Stream's own pool. It always returns nil.
func (s *Stream) Close() error {
	if s != nil && s.settings != nil && s.own != nil {
		s.own.CloseIdleConnections()
	}
	return nil
}

var errNotMade = errors.New("sse: the Stream was not made by New")

// Notify calls notify for the status in each event, until ctx ends or events may have been lost. It
// calls notify with the zero Status each time that a connection is established. It waits on the
// clock of the Watcher that calls it. Its error is a [*transport.Error], or the cause of ctx if ctx
// ended.
func (s *Stream) Notify(ctx context.Context, notify func(transport.Status)) error {
	switch {
	case s == nil || s.settings == nil:
		return errNotMade
	case ctx == nil || notify == nil:
		return errors.New("sse: Notify: nil context or function")
	}
	at := s.take()
	defer func() { s.leave(at) }()
	host := transport.HostOf(ctx)
	for {
		if at.stopped {
			return s.fail(transport.Permanent, 0, 0, ErrStopped)
		}
		if err := host.Sleep(ctx, at.notBefore.Sub(host.Now())); err != nil {
			return err
		}
		err := s.follow(ctx, &at, notify)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		now, lost := host.Now(), (*lostError)(nil)
		wait := cmp.Or(at.retry, DefaultRetry)
		if at.notBefore.Sub(now) < wait {
			at.notBefore = now.Add(wait)
		}
		if !errors.As(err, &lost) || at.id == "" || at.notBefore.Sub(now) > maxDeaf {
			return err
		}
	}
}

// take returns the position at which the next connection begins, and resets it. So if two calls of
// Notify run at once, the second one begins at the end of the stream.
func (s *Stream) take() position {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.last
	s.last = position{stopped: at.stopped}
	return at
}

// leave records where a connection ended.
func (s *Stream) leave(at position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at.stopped = at.stopped || s.last.stopped
	s.last = at
}

// lostError is the error of a connection that was lost after it had been open. Only events after
// the newest id may have been missed.
type lostError struct{ err error }

func (e *lostError) Error() string { return "connection lost: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// fail returns the error of a connection.
func (s *Stream) fail(class transport.Class, code int, wait time.Duration, cause error) error {
	return &transport.Error{Class: class, Code: code, RetryAfter: wait, Err: fmt.Errorf("sse: %s: %w", s.name, cause)}
}
