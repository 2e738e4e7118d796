package jobstatus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// The vocabulary of the packages below, so that most programs import this package alone.
type (
	// Backoff says when to ask next; see package backoff.
	Backoff = backoff.Strategy
	// Transport says how to ask; see package transport.
	Transport = transport.Transport
	// Status is one answer about a job. It prints as a line for a person.
	Status = transport.Status
	// State is where a job stands.
	State = transport.State
)

// The states of a job. Completed, Failed and Canceled are terminal.
const (
	Unknown   = transport.Unknown
	Pending   = transport.Pending
	Running   = transport.Running
	Completed = transport.Completed
	Failed    = transport.Failed
	Canceled  = transport.Canceled
	Blocked   = transport.Blocked
)

// Watcher follows jobs until they end. [New] or [NewHTTP] makes it. It does not change afterwards
// and is safe for concurrent use. One Watcher is enough for all jobs of a service.
//
// A waiting watch is a small struct, without a goroutine, a timer or a context of its own. All
// stand on one timeline behind one timer. Waits for the same id share one watch, and so its polls.
type Watcher struct {
	transport   Transport
	timeline    *timeline.Timeline
	clock       clock.Clock
	logger      *zap.Logger
	defaults    limits
	pollTimeout time.Duration
	owned       io.Closer // the transport, where NewHTTP made it
}

// New returns a Watcher that asks through t. It reports all options with bad values together.
//
// The Watcher does not close t.
func New(t Transport, opts ...Option) (*Watcher, error) {
	c, err := newConfig(opts)
	switch {
	case t == nil:
		err = errors.Join(errors.New("jobstatus: New: the Transport is nil"), err)
	case isNil(t):
		err = errors.Join(fmt.Errorf("jobstatus: New: the Transport is a nil %T", t), err)
	}
	if err != nil {
		return nil, err
	}
	return newWatcher(t, c), nil
}

// NewHTTP returns a Watcher of the jobs of the HTTP service at baseURL. The service speaks the
// default dialect of package transport/rest. For any other service, or to set more about how it is
// asked, make a transport with [rest.New] and give it to [New].
//
// The Watcher owns its connections, and [Watcher.Close] closes them. It has at most
// [rest.DefaultMaxConnections] of them, or as many as [WithConcurrency] if that is more.
func NewHTTP(baseURL string, opts ...Option) (*Watcher, error) {
	c, err := newConfig(opts)
	t, restErr := rest.New(baseURL, rest.WithMaxConnections(max(rest.DefaultMaxConnections, c.concurrency)))
	if err = errors.Join(restErr, err); err != nil {
		if restErr == nil {
			_ = t.Close()
		}
		return nil, err
	}
	w := newWatcher(t, c)
	w.owned = t
	return w, nil
}

func newWatcher(t Transport, c *config) *Watcher {
	return &Watcher{
		transport: t,
		timeline: timeline.New(timeline.Config{
			Transport:     t,
			Backoff:       c.backoff,
			Clock:         c.clock,
			Logger:        c.logger,
			MaxDelay:      c.maxDelay,
			PollTimeout:   c.pollTimeout,
			Patience:      c.patience,
			MaxRetryAfter: c.maxRetryAfter,
			Concurrency:   c.concurrency,
			Limiter:       c.limiter,
			MaxWatches:    c.maxWatches,
			Slack:         c.slack,
			Observer:      c.observer,
			Panic:         func(v any, stack []byte) error { return &PanicError{Value: v, Stack: stack} },
		}),
		clock:       c.clock,
		logger:      c.logger,
		defaults:    c.limits,
		pollTimeout: c.pollTimeout,
	}
}

// StartJob starts a job and returns what the service says of it at once: its id, how long to wait
// before the first poll, and perhaps its end. Give it to the wait with [From]. StartJob needs a
// Transport that is a [transport.Starter] or a [transport.Creator]. With any other the error matches
// [errors.ErrUnsupported]. A create that may have reached the service is sent again only if the
// caller gives an [IdempotencyKey]. If ctx has ended, no request is made.
func (w *Watcher) StartJob(ctx context.Context, opts ...CreateOption) (first Status, err error) {
	if err := w.check(ctx); err != nil {
		return Status{}, fmt.Errorf("jobstatus: start job: %w", err)
	}
	var req transport.CreateRequest
	for i, opt := range opts {
		if opt == nil {
			return Status{}, fmt.Errorf("jobstatus: start job: option %d is nil", i)
		}
		opt(&req)
	}
	if err = w.call(ctx, func(ctx context.Context) error {
		first, err = w.start(ctx, req)
		return err
	}); err != nil {
		return Status{}, fmt.Errorf("jobstatus: start job: %w", err)
	}
	return first, nil
}

// start starts a job as the Transport can.
func (w *Watcher) start(ctx context.Context, req transport.CreateRequest) (Status, error) {
	switch t := w.transport.(type) {
	case transport.Starter:
		return t.Start(ctx, req)
	case transport.Creator:
		id, err := t.Create(ctx, req)
		return Status{ID: id, State: Pending}, err
	default:
		return Status{}, fmt.Errorf("%w by transport %T", errors.ErrUnsupported, w.transport)
	}
}

var errNoID = errors.New("the job ended at once and has no id (StartJob returns its status)")

// CreateJob is [Watcher.StartJob] for callers that need the job's id alone.
func (w *Watcher) CreateJob(ctx context.Context, opts ...CreateOption) (id string, err error) {
	first, err := w.StartJob(ctx, opts...)
	if err == nil && first.ID == "" {
		err = fmt.Errorf("jobstatus: create job: %w", errNoID)
	}
	return first.ID, err
}

// Result returns what a completed job produced, of which done is the last status. It asks the
// service by a Transport that is a [transport.Fetcher], and returns done.Result by any other. The
// caller closes the result, and may read it for as long as ctx lasts. The poll timeout bounds the
// time until the result begins.
func (w *Watcher) Result(ctx context.Context, done Status) (io.ReadCloser, error) {
	err := w.check(ctx)
	if err == nil && done.State != Completed {
		err = fmt.Errorf("the job is %v, not completed", done.State)
	}
	var body io.ReadCloser
	if err == nil {
		body, err = w.fetch(ctx, done)
	}
	if err != nil {
		return nil, fmt.Errorf("jobstatus: result of job %s: %w", quoteID(done.ID), err)
	}
	return body, nil
}

func (w *Watcher) fetch(ctx context.Context, done Status) (body io.ReadCloser, err error) {
	kept := io.NopCloser(bytes.NewReader(done.Result))
	fetcher, ok := w.transport.(transport.Fetcher)
	if !ok {
		return kept, nil
	}
	// The body is read under a context that outlives the call.
	ctx, cancel := context.WithCancelCause(ctx)
	err = w.call(ctx, func(call context.Context) error {
		defer context.AfterFunc(call, func() {
			if cause := context.Cause(call); cause != context.Canceled {
				cancel(cause)
			}
		})()
		body, err = fetcher.Fetch(transport.WithHost(ctx, transport.HostOf(call)), done)
		return err
	})
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		cancel(context.Canceled)
		return kept, nil
	case err != nil:
		cancel(context.Canceled)
		return nil, err
	}
	return &result{body, cancel}, nil
}

// result is what Fetch returned, with what ends its context.
type result struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (r *result) Close() error {
	defer r.cancel(context.Canceled)
	return r.ReadCloser.Close()
}

// CancelJob asks the service to cancel a job. It needs a Transport that is a [transport.Canceler].
// With any other the error matches [errors.ErrUnsupported]. A nil error means that the service
// accepted the request. The job ends when its status says so, and waits for it go on until then.
func (w *Watcher) CancelJob(ctx context.Context, id string) error {
	err := w.check(ctx)
	if err == nil {
		err = transport.CheckID(id)
	}
	if err == nil {
		canceler, ok := w.transport.(transport.Canceler)
		if !ok {
			return fmt.Errorf("jobstatus: cancel job %s: %w by transport %T", quoteID(id), errors.ErrUnsupported, w.transport)
		}
		err = w.call(ctx, func(ctx context.Context) error { return canceler.Cancel(ctx, id) })
	}
	if err != nil {
		return fmt.Errorf("jobstatus: cancel job %s: %w", quoteID(id), err)
	}
	return nil
}

// callGrace is how long a call may take to return after its context has ended, on the real clock.
const callGrace = time.Second

// call calls f with a ctx that also ends at the poll timeout and at Close. It calls f on a
// goroutine of its own, which f may end or block: call returns all the same.
func (w *Watcher) call(ctx context.Context, f func(context.Context) error) error {
	life := w.timeline.Context()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case life.Err() != nil:
		return ErrClosed
	}
	track := wait.Track(w.clock)
	track.Begin() // what f does is work, and the caller waits for it
	track.Park()
	over := sync.OnceFunc(func() {
		track.Unpark()
		track.End()
	})
	ctx, cancel := context.WithCancelCause(wait.NewContext(ctx, wait.Carried{Clock: w.clock, Logger: w.logger, Retry: w.timeline.Retry}))
	defer cancel(context.Canceled)
	defer context.AfterFunc(life, func() { cancel(ErrClosed) })()
	ctx, stop := wait.WithTimeout(ctx, w.clock, w.pollTimeout, timeline.ErrPollTimeout)
	defer stop()
	done := make(chan error, 1)
	go func() {
		err := error(&PanicError{Value: errors.New("runtime.Goexit called")})
		defer func() {
			over() // before the caller is woken
			done <- err
		}()
		err = w.timeline.Guard(func() error { return tried(f(ctx)) })
	}()
	select {
	case err := <-done:
		return wait.CauseOf(ctx, err)
	case <-ctx.Done():
	}
	var err error
	if wait.Within(callGrace, func() { err = <-done }) {
		return wait.CauseOf(ctx, err)
	}
	over()
	return context.Cause(ctx)
}

// Close ends every wait with [ErrClosed], and returns once all polls in flight have come back. It
// waits five seconds of real time for them at most, and logs those that have not. Whoever waits for
// a job that was seen to end is still told of it. Close may be called more than once and from any
// goroutine, but not from within a Transport or a Backoff of this Watcher. It always returns nil.
func (w *Watcher) Close() error {
	if w == nil || w.timeline == nil {
		return nil
	}
	w.timeline.Close()
	if w.owned != nil {
		_ = w.owned.Close()
	}
	return nil
}

var (
	errNotMade    = errors.New("the Watcher was not made by New")
	errNilContext = errors.New("the context is nil")
)

// check reports what makes any call on w useless.
func (w *Watcher) check(ctx context.Context) error {
	switch {
	case w == nil || w.timeline == nil:
		return errNotMade
	case ctx == nil:
		return errNilContext
	default:
		return wait.CheckContext(ctx, w.clock)
	}
}

// tried calls the methods of a plugin's error, or of a typed nil in its place. One that panics does
// so here, where it is recovered, and not in the program that looks at the error.
func tried(err error) error {
	if err != nil {
		_ = sighting.FaultOf(err)
		_ = errors.Is(err, errNotMade)
		_ = errors.As(err, new(*PanicError))
	}
	return err
}
