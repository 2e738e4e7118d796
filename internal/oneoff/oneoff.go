// Package oneoff makes the calls to a Transport that are not polls: the calls that start a job,
// cancel it, or fetch its result.
package oneoff

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// grace is how long a call may take to return after its context has ended, on the real clock.
const grace = time.Second

// Caller makes calls. It is safe for concurrent use.
type Caller struct {
	Clock  clock.Clock
	Logger *zap.Logger
	// Life is the context of all calls. When it ends, they end with its cause.
	Life context.Context
	// Timeout limits the duration of a call. Expired is the error of a call that takes longer.
	Timeout time.Duration
	Expired error
	// Retry says whether a call may send its request again.
	Retry func(transport.Class) bool
	// Panic makes the error of a panic.
	Panic func(value any, stack []byte) error
}

// Do calls f with a context that also ends at the timeout and with Life. It calls f on another
// goroutine, so that Do returns even if f blocks or ends its goroutine. Do returns a panic of f as
// an error.
func (c *Caller) Do(ctx context.Context, f func(context.Context) error) error {
	switch over := wait.EndOf(ctx); {
	case over.Err != nil:
		return over.Cause
	case c.Life.Err() != nil:
		return context.Cause(c.Life)
	}
	track := wait.Track(c.Clock)
	track.Begin() // f is work, for which the caller waits
	track.Park()
	over := sync.OnceFunc(func() {
		track.Unpark()
		track.End()
	})
	ctx, cancel := context.WithCancelCause(wait.NewContext(wait.Sound(ctx), wait.Carried{Clock: c.Clock, Logger: c.Logger, Retry: c.Retry}))
	defer cancel(context.Canceled)
	defer context.AfterFunc(c.Life, func() { cancel(context.Cause(c.Life)) })()
	ctx, stop := wait.WithTimeout(ctx, c.Clock, c.Timeout, c.Expired)
	defer stop()
	done := make(chan error, 1)
	go c.run(ctx, f, over, done)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	var err error
	if wait.Within(grace, func() { err = <-done }) {
		return err
	}
	over()
	return context.Cause(ctx)
}

// run calls f and sends its error. If f ends the goroutine, run sends an error that says so.
func (c *Caller) run(ctx context.Context, f func(context.Context) error, over func(), done chan<- error) {
	err := c.Panic(boundary.ErrGoexit, nil)
	defer func() {
		over() // before the caller wakes up
		done <- err
	}()
	guard := boundary.Guard{Logger: c.Logger, Panic: c.Panic}
	var returned error
	if err = guard.Do(func() { returned = wait.CauseOf(ctx, tried(f(ctx))) }); err == nil {
		err = returned
	}
}

// tried calls the methods of a plugin's error. If the error is a typed nil or its methods panic,
// the panic happens here, where it is recovered, and not in the program that looks at the error.
func tried(err error) error {
	if err != nil {
		_ = sighting.PollErrorOf(err)
		_ = errors.Is(err, boundary.ErrGoexit)
		_ = errors.As(err, new(*transport.Error))
	}
	return err
}

var errNotNamed = errors.New("the transport named no id of the job that it started")

// Start starts a job as t can, and returns its first status. If t names a job together with an
// error, the id is returned with an error that quotes it. An answer that comes too late for the
// caller is logged, so that no job is started of which nobody knows.
func (c *Caller) Start(ctx context.Context, t transport.Transport, req transport.CreateRequest) (transport.Status, error) {
	type answer struct {
		first transport.Status
		given bool // without an error
	}
	var h handover[answer]
	err := c.Do(ctx, func(ctx context.Context) error {
		first, err := start(ctx, t, req)
		if !h.give(answer{first, err == nil}) {
			c.noteLate(first.ID)
		}
		return err
	})
	switch a, _ := h.take(); {
	case a.given:
		sighting.Clamp(&a.first)
		return a.first, nil
	case err != nil && a.first.ID != "":
		return transport.Status{ID: a.first.ID}, fmt.Errorf("%w (with the id %q)", err, ids.Short(a.first.ID))
	default:
		return transport.Status{}, err
	}
}

// A handover passes the answer of a call on to its caller, unless the caller has left.
type handover[T any] struct {
	mu          sync.Mutex
	answer      T
	given, left bool
}

// give reports whether the caller is still there to take the answer.
func (h *handover[T]) give(answer T) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.left {
		h.answer, h.given = answer, true
	}
	return !h.left
}

// take returns the answer, if there is one, and leaves.
func (h *handover[T]) take() (answer T, given bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = true
	return h.answer, h.given
}

// noteLate logs the id of a job whose start was answered after the call had returned.
func (c *Caller) noteLate(id string) {
	if id == "" {
		return
	}
	guard := boundary.Guard{Logger: c.Logger, Panic: c.Panic}
	guard.Log(zap.WarnLevel, "a job was started after the call that starts it had returned", func() []zap.Field {
		return []zap.Field{zap.String("id", ids.Short(id))}
	})
}

// start starts a job as t can.
func start(ctx context.Context, t transport.Transport, req transport.CreateRequest) (first transport.Status, err error) {
	switch t := t.(type) {
	case transport.Starter:
		first, err = t.Start(ctx, req)
	case transport.Creator:
		first.State = transport.Pending
		first.ID, err = t.Create(ctx, req)
	default:
		err = fmt.Errorf("%w by transport %T", errors.ErrUnsupported, t)
	}
	if err == nil && first.ID == "" && !first.State.Terminal() {
		err = errNotNamed
	}
	return first, err
}

// Fetch returns the result of a job from f. The context of the result outlives the call and ends
// with ctx. The timeout limits the time until Fetch returns. A body that comes too late for the
// caller is closed.
func (c *Caller) Fetch(ctx context.Context, f transport.Fetcher, done transport.Status) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancelCause(wait.Sound(ctx))
	var h handover[io.ReadCloser]
	err := c.Do(ctx, func(call context.Context) error {
		defer context.AfterFunc(call, func() {
			if cause := context.Cause(call); cause != context.Canceled {
				cancel(cause)
			}
		})()
		body, err := f.Fetch(transport.WithHost(ctx, transport.HostOf(call)), done)
		isNil := body == nil || problems.IsNil(body)
		switch {
		case err != nil:
		case isNil:
			err = fmt.Errorf("the Fetcher returned a nil %T", body)
		case ctx.Err() != nil: // it is too late: nobody reads it
			err = context.Cause(ctx)
		case !h.give(body):
			err = c.Expired
		}
		if err != nil && !isNil {
			_ = body.Close()
		}
		return err
	})
	body, given := h.take()
	if !given {
		cancel(context.Canceled)
		return nil, err
	}
	return &result{body, cancel}, nil
}

// result is the body that a Fetcher returned, with a function that ends its context.
type result struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (r *result) Close() error {
	defer r.cancel(context.Canceled)
	return r.ReadCloser.Close()
}
