package mock

import (
	"context"
	"errors"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// WithTimeout is [context.WithTimeout] on this Clock. When the context ends, the Clock waits until
// the calls of this library that use it have noticed. For any other context, the Clock cannot do
// that.
func (c *Clock) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return c.WithDeadline(parent, c.Now().Add(d))
}

// WithDeadline is [context.WithDeadline] on this Clock.
func (c *Clock) WithDeadline(parent context.Context, at time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	ctx, ending := wait.WithEnding(ctx)
	end := func(cause error) {
		cancel(cause)
		ending.Tell()
	}
	stop := wait.AfterFunc(c, c.Until(at), func() { end(context.DeadlineExceeded) })
	return deadline{ctx, at, c}, func() {
		stop()
		end(context.Canceled)
	}
}

var errForeignDeadline = errors.New("the context has a deadline on the real clock, or on another Clock than the wait's: make it by " +
	"WithTimeout or WithDeadline of this Clock, or give the wait a timeout by jobstatus.Timeout")

// deadline is a context that ends at an instant of a Clock.
type deadline struct {
	context.Context
	at    time.Time
	clock *Clock
}

type deadlineKey struct{}

func (d deadline) Value(key any) any {
	if key == (deadlineKey{}) {
		return d
	}
	return d.Context.Value(key)
}

func (d deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

func (d deadline) Err() error {
	if err := d.Context.Err(); err == nil || context.Cause(d.Context) != context.DeadlineExceeded {
		return err
	}
	return context.DeadlineExceeded
}
