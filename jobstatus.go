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

// These aliases let most programs import only this package.
type (
	// Backoff decides when to poll next: see [backoff.Strategy].
	Backoff = backoff.Strategy
	// Transport polls a service: see [transport.Transport].
	Transport = transport.Transport
	// Status is one answer about a job: see [transport.Status]. It prints as one line.
	Status = transport.Status
	// State is the state of a job: see [transport.State].
	State = transport.State
)

// The states of a job. Completed, Failed and Canceled are terminal: a job does not leave them.
// Unknown means that the service's word for the state is not known. A Blocked job waits for a
// person.
const (
	Unknown   = transport.Unknown
	Pending   = transport.Pending
	Running   = transport.Running
	Completed = transport.Completed
	Failed    = transport.Failed
	Canceled  = transport.Canceled
	Blocked   = transport.Blocked
)

// Watcher follows jobs until they end. [New] and [NewHTTP] make one. Only [Watcher.SetRateLimit]
// changes the settings of a Watcher afterwards. A Watcher is safe for concurrent use. One Watcher
// is enough for all jobs of a service.
//
// A Watcher has one watch for each job that is waited for. A pending watch is a small struct
// without a goroutine, a timer or a context of its own. Waits for the same id share one watch and
// its polls.
type Watcher struct {
	transport Transport
	timeline  *timeline.Timeline
	calls     *oneoff.Caller // makes the calls that are not polls
	clock     clock.Clock
	defaults  limits
	owned     io.Closer // the transport, if NewHTTP made it
}

// New returns a Watcher that polls through t. The error joins all problems with t and the options.
//
// [Watcher.Close] does not close t.
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
// default dialect of package transport/rest, unless [WithREST] sets another. The error joins all
// problems with the URL and the options.
//
// The Watcher owns its connections, and [Watcher.Close] closes them. It opens at most
// [rest.DefaultMaxConnections] connections, or the sum of [WithConcurrency] and [WithHolds] if that
// is more. Holds, and starts that cannot be sent again, use pools of their own of the same size.
// [rest.WithMaxConnections] sets another number.
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

// newREST returns the transport of NewHTTP. It allows as many connections as polls and holds can be
// in flight, unless the options set a client or a RoundTripper of the user.
func newREST(baseURL string, c *config) (*rest.Client, error) {
	if n := min(c.Concurrency, math.MaxInt32) + min(c.Holds, math.MaxInt32); n > rest.DefaultMaxConnections {
		connections := rest.WithMaxConnections(n)
		if t, err := rest.New(baseURL, append([]rest.Option{connections}, c.rest...)...); err == nil {
			return t, nil
		}
	}
	return rest.New(baseURL, c.rest...)
}

func newWatcher(t Transport, c *config) *Watcher {
	if n, ok := t.(transport.Notifier); ok {
		c.Notifiers = append(c.Notifiers, n)
	}
	c.Transport, c.Backoff, c.Panic = t, c.strategy, newPanicError
	line := timeline.New(c.Config)
	return &Watcher{
		transport: t,
		timeline:  line,
		calls: &oneoff.Caller{
			Clock: c.Clock, Logger: c.Logger.Named("jobstatus"), Life: line.Context(), Timeout: c.PollTimeout, Expired: timeline.ErrPollTimeout,
			Retry: line.Retry, Panic: newPanicError,
		},
		clock:    c.Clock,
		defaults: c.limits,
	}
}

// StartJob starts a job and returns its first status: the job's id, and the wait before the first
// poll if the service asks for one. The state is terminal if the job has already ended. Use [From]
// to pass the status to a waiting method.
//
// The Transport must be a [transport.Starter] or a [transport.Creator]; otherwise the error matches
// [errors.ErrUnsupported]. A request that may have started a job is sent again only with an
// [IdempotencyKey]. If ctx has ended, StartJob makes no request. [WithPollTimeout] limits how long
// the call takes.
//
// An error other than the service's refusal leaves open whether a job was started, because the
// answer may be lost. With an IdempotencyKey, the call can then be repeated.
//
// If the Transport names a job together with an error, that error quotes the id, and first has the
// id. If the Transport answers more than a second after the call should have ended, the job's id is
// logged as a warning.
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
	first, err = w.calls.Start(ctx, w.transport, req)
	if err != nil {
		return first, fmt.Errorf("jobstatus: start job: %w", err)
	}
	return first, nil
}

var errNoID = errors.New("jobstatus: start job: the job ended at once and has no id (StartJob returns its status)")

// CreateJob is like [Watcher.StartJob] but returns only the job's id. It returns an error if the
// job has already ended and has no id. As with StartJob, an id may come with an error.
func (w *Watcher) CreateJob(ctx context.Context, opts ...CreateOption) (id string, err error) {
	first, err := w.StartJob(ctx, opts...)
	if err == nil && first.ID == "" {
		err = errNoID
	}
	return first.ID, err
}

// Result returns the output of a completed job. The argument done is the job's terminal status, as
// a waiting method returned it. Result returns an error if its State is not Completed.
//
// If the Transport is a [transport.Fetcher], Result asks the service for the output. Otherwise, or
// if the Fetcher's error matches [errors.ErrUnsupported], body is done.Result. If done has a link
// that has expired, wait for the job again: its new status may have a new link.
//
// The caller must close body, and can read it until ctx ends. [WithPollTimeout] limits the time
// until Result returns, not the time for reading body.
func (w *Watcher) Result(ctx context.Context, done Status) (body io.ReadCloser, err error) {
	err = w.check(ctx)
	if err == nil && done.State != Completed {
		err = fmt.Errorf("the job is %v, not completed", done.State)
	}
	if err == nil {
		body, err = fetch(ctx, w.calls, w.transport, done)
	}
	if err != nil {
		return nil, fmt.Errorf("jobstatus: result of job %s: %w", quoteID(done.ID), err)
	}
	return body, nil
}

// fetch returns the output of a job from the Transport, or from the job's status if the Transport
// cannot fetch it.
func fetch(ctx context.Context, calls *oneoff.Caller, t Transport, done Status) (body io.ReadCloser, err error) {
	err = errors.ErrUnsupported
	if fetcher, ok := t.(transport.Fetcher); ok {
		body, err = calls.Fetch(ctx, fetcher, done)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return io.NopCloser(bytes.NewReader(done.Result)), nil
	}
	return body, err
}

// CancelJob asks the service to cancel a job. The Transport must be a [transport.Canceler];
// otherwise the error matches [errors.ErrUnsupported]. A nil error means that the service accepted
// the request. The job may run for a while longer: waits for it go on until its status is terminal.
// Many services refuse to cancel a job that has ended already. A wait returns how it ended.
//
// For an id that no job can have, the error matches [ErrInvalidID]. In that case, and if ctx has
// ended, CancelJob makes no request. [WithPollTimeout] limits how long the call takes.
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

// SetRateLimit replaces the limit of [WithRateLimit] for all later requests. It takes effect at
// once, also for polls that the old limit delays. If there was a limit before, the change does not
// refill the burst: only time does. SetRateLimit returns an error for the values that WithRateLimit
// refuses, and then changes nothing.
func (w *Watcher) SetRateLimit(perSecond float64, burst int) error {
	var wrong problems.List
	if w == nil || w.timeline == nil {
		wrong.Problem("SetRateLimit: %w", errNotMade)
	} else if problems.Rate(&wrong, "SetRateLimit", perSecond, burst) {
		w.timeline.SetRateLimit(perSecond, max(burst, 1))
	}
	return wrong.Err()
}

// Close ends every wait with [ErrClosed] and cancels all polls. It returns when all polls have
// returned. It waits for at most five seconds of real time, and then logs the ids of the polls that
// have not returned. A wait whose job has already been seen to end still returns that result. An
// Observer or a Backoff that blocks delays Close by up to five seconds more. Close always returns
// nil.
//
// Close may be called more than once and by several goroutines. The Transport, the Backoff, an
// Observer or a Notifier of this Watcher must not call it, because Close waits for their calls.
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

// check returns the reason why no call on w under ctx can work, or nil.
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
