package jobstatus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/oneoff"
	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// The vocabulary of the packages below, so that most programs import this package alone.
type (
	// Backoff decides when to poll next: see package backoff.
	Backoff = backoff.Strategy
	// Transport polls a service: see package transport.
	Transport = transport.Transport
	// Status is one answer about a job. It prints as one line.
	Status = transport.Status
	// State says where a job stands.
	State = transport.State
)

// The states of a job. Completed, Failed and Canceled are terminal: a job does not leave them. A
// Blocked job waits for a person.
const (
	Unknown   = transport.Unknown
	Pending   = transport.Pending
	Running   = transport.Running
	Completed = transport.Completed
	Failed    = transport.Failed
	Canceled  = transport.Canceled
	Blocked   = transport.Blocked
)

// Watcher follows jobs until they end. [New] and [NewHTTP] make one. A Watcher does not change
// after it is made, except by [Watcher.SetRateLimit]. It is safe for concurrent use. One Watcher is
// enough for all jobs of a service.
//
// A pending watch is a small struct. It has no goroutine, timer or context of its own: all watches
// share one timer. Waits for the same id share one watch and its polls.
type Watcher struct {
	transport Transport
	timeline  *timeline.Timeline
	calls     *oneoff.Caller // that are not polls
	clock     clock.Clock
	defaults  limits
	owned     io.Closer // the transport, where NewHTTP made it
}

// New returns a Watcher that polls through t. If options are wrong, the error joins the problems of
// all of them.
//
// The Watcher does not close t.
func New(t Transport, opts ...Option) (*Watcher, error) {
	c, err := newConfig(opts)
	if len(c.rest) > 0 {
		err = errors.Join(err, errNotHTTP)
	}
	switch {
	case t == nil:
		err = errors.Join(errors.New("jobstatus: New: the Transport is nil"), err)
	case problems.IsNil(t):
		err = errors.Join(fmt.Errorf("jobstatus: New: the Transport is a nil %T", t), err)
	}
	if err != nil {
		return nil, err
	}
	return newWatcher(t, c), nil
}

// NewHTTP returns a Watcher for the jobs of the HTTP service at baseURL. The service must speak the
// default dialect of package transport/rest, unless [WithREST] sets another. If the URL or options
// are wrong, the error joins all problems.
//
// The Watcher owns its connections, and [Watcher.Close] closes them. It opens at most
// [rest.DefaultMaxConnections] connections, or the sum of [WithConcurrency] and [WithHolds] if that
// is more. [rest.WithMaxConnections] sets another number.
func NewHTTP(baseURL string, opts ...Option) (*Watcher, error) {
	c, err := newConfig(opts)
	t, restErr := newREST(baseURL, c)
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

// newREST returns the transport of NewHTTP. It opens as many connections as polls may be in flight,
// unless the options bring a client with connections of its own.
func newREST(baseURL string, c *config) (*rest.Client, error) {
	if n := min(c.concurrency, math.MaxInt32) + min(c.holds, math.MaxInt32); n > rest.DefaultMaxConnections {
		connections := rest.WithMaxConnections(n)
		if t, err := rest.New(baseURL, append([]rest.Option{connections}, c.rest...)...); err == nil {
			return t, nil
		}
	}
	return rest.New(baseURL, c.rest...)
}

func newWatcher(t Transport, c *config) *Watcher {
	if n, ok := t.(transport.Notifier); ok {
		c.notifiers = append(c.notifiers, n)
	}
	panicked := func(v any, stack []byte) error { return &PanicError{Value: v, Stack: stack} }
	line := timeline.New(timeline.Config{
		Transport:     t,
		Backoff:       c.backoff,
		Clock:         c.clock,
		Logger:        c.logger,
		MaxDelay:      c.maxDelay,
		PollTimeout:   c.pollTimeout,
		Patience:      c.patience,
		MaxRetryAfter: c.maxRetryAfter,
		Concurrency:   c.concurrency,
		Holds:         c.holds,
		Limiter:       c.limiter,
		MaxWatches:    c.maxWatches,
		Slack:         c.slack,
		Observer:      c.observer,
		Notifiers:     c.notifiers,
		QuietInterval: c.quiet,
		Panic:         panicked,
	})
	return &Watcher{
		transport: t,
		timeline:  line,
		calls: &oneoff.Caller{
			Clock: c.clock, Logger: c.logger, Life: line.Context(), Timeout: c.pollTimeout, Expired: timeline.ErrPollTimeout,
			Retry: line.Retry, Panic: panicked,
		},
		clock:    c.clock,
		defaults: c.limits,
	}
}

// StartJob starts a job and returns the service's answer: the job's id, the wait before the first
// poll, and the terminal state if the job has already ended. Pass it to the wait with [From].
//
// The Transport must be a [transport.Starter] or a [transport.Creator]; otherwise the error matches
// [errors.ErrUnsupported]. A create that may have reached the service is sent again only with an
// [IdempotencyKey]. If ctx has ended, StartJob makes no request. The poll timeout bounds the call:
// see [WithPollTimeout].
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
	first, err = oneoff.Get(ctx, w.calls, func(ctx context.Context) (Status, error) { return w.start(ctx, req) })
	if err != nil {
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

var errNoID = errors.New("jobstatus: create job: the job ended at once and has no id (StartJob returns its status)")

// CreateJob is [Watcher.StartJob] for callers that need the job's id alone.
func (w *Watcher) CreateJob(ctx context.Context, opts ...CreateOption) (id string, err error) {
	first, err := w.StartJob(ctx, opts...)
	if err == nil && first.ID == "" {
		err = errNoID
	}
	return first.ID, err
}

// Result returns the output of a completed job. The argument done is the job's terminal status. If
// the Transport is a [transport.Fetcher], Result asks the service. Otherwise, or if the Fetcher's
// error matches [errors.ErrUnsupported], Result returns done.Result. If done is not Completed,
// Result returns an error. The caller must close body, and can read it until ctx ends. The poll
// timeout bounds the time until Result returns, not the reading of body.
func (w *Watcher) Result(ctx context.Context, done Status) (body io.ReadCloser, err error) {
	err = w.check(ctx)
	if err == nil && done.State != Completed {
		err = fmt.Errorf("the job is %v, not completed", done.State)
	}
	if err == nil {
		body, err = w.fetch(ctx, done)
	}
	if err != nil {
		return nil, fmt.Errorf("jobstatus: result of job %s: %w", quoteID(done.ID), err)
	}
	return body, nil
}

func (w *Watcher) fetch(ctx context.Context, done Status) (body io.ReadCloser, err error) {
	err = errors.ErrUnsupported
	if fetcher, ok := w.transport.(transport.Fetcher); ok {
		body, err = w.calls.Fetch(ctx, fetcher, done)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return io.NopCloser(bytes.NewReader(done.Result)), nil
	}
	return body, err
}

// CancelJob asks the service to cancel a job. The Transport must be a [transport.Canceler];
// otherwise the error matches [errors.ErrUnsupported]. A nil error means that the service accepted
// the request. The job has not ended yet: waits for it go on until its status is terminal.
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
		err = w.calls.Do(ctx, func(ctx context.Context) error { return canceler.Cancel(ctx, id) })
	}
	if err != nil {
		return fmt.Errorf("jobstatus: cancel job %s: %w", quoteID(id), err)
	}
	return nil
}

// SetRateLimit replaces the limit of [WithRateLimit] for all later requests. It returns an error
// for the values that WithRateLimit refuses, and then changes nothing. A higher limit also applies
// at once to polls that the old limit delays. The change does not refill the burst: only time does.
func (w *Watcher) SetRateLimit(perSecond float64, burst int) error {
	var wrong problems.List
	if w == nil || w.timeline == nil {
		wrong.Problem("SetRateLimit: %w", errNotMade)
	} else if problems.Rate(&wrong, "SetRateLimit", perSecond, burst) {
		w.timeline.SetRateLimit(perSecond, max(burst, 1))
	}
	return errors.Join(wrong...)
}

// Close ends every wait with [ErrClosed], and returns when all polls in flight have returned. It
// waits for them for at most five seconds of real time, and logs those that have not returned. A
// wait whose job has already been seen to end still returns that result. Close may be called more
// than once and from any goroutine, except from within a Transport or a Backoff of this Watcher. It
// always returns nil.
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
	errNotHTTP    = errors.New("jobstatus: New: WithREST is for NewHTTP; give its options to rest.New")
)

// check reports what would make any call on w useless.
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
