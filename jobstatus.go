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
	// State says how far a job is.
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

// Watcher follows jobs until they end. [New] and [NewHTTP] make one. It does not change afterwards,
// but for [Watcher.SetRateLimit], and is safe for concurrent use. One Watcher is enough for all
// jobs of a service.
//
// A pending watch is a small struct, without a goroutine, a timer or a context of its own. All
// watches share one timer. Waits for the same id share one watch and its polls.
type Watcher struct {
	transport Transport
	timeline  *timeline.Timeline
	calls     *oneoff.Caller // that are not polls
	clock     clock.Clock
	defaults  limits
	owned     io.Closer // the transport, where NewHTTP made it
}

// New returns a Watcher that polls through t. The error joins everything that is wrong with the
// options.
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

// NewHTTP returns a Watcher of the jobs of the HTTP service at baseURL. As long as [WithREST] sets
// nothing else, the service speaks the default dialect of package transport/rest. NewHTTP reports
// all that is wrong with the URL and the options together.
//
// The Watcher owns its connections, and [Watcher.Close] closes them. It opens at most
// [rest.DefaultMaxConnections] of them, or as many as [WithConcurrency] and [WithHolds] allow
// together if that is more. [rest.WithMaxConnections] sets another number.
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

// StartJob starts a job and returns what the service says of it at once: its id, how long to wait
// before the first poll, and perhaps its end. Give it to the wait with [From].
//
// The Transport must be a [transport.Starter] or a [transport.Creator]; otherwise the error matches
// [errors.ErrUnsupported]. A create that may have reached the service is sent again only with an
// [IdempotencyKey]. If ctx has ended, no request is made.
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

// Result returns what a completed job produced, of which done is the last status. It asks the
// service by a Transport that is a [transport.Fetcher], and returns done.Result by any other. The
// caller closes the result, and may read it for as long as ctx lasts. The poll timeout bounds the
// time until the result begins.
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
// the request. The job ends when its status says so, and waits for it go on until then.
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

// SetRateLimit changes what [WithRateLimit] set, for all requests from now on. It refuses what
// WithRateLimit refuses. A higher limit applies at once, also to polls that wait for the old one.
// What may be requested at once does not grow by the change: only time fills the burst.
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
// wait whose job was seen to end still gets that result. Close may be called more than once and
// from any goroutine, but not from within a Transport or a Backoff of this Watcher. It always
// returns nil.
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
