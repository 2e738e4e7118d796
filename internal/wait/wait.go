// Package wait is the one place where this module waits: for a duration on an injected clock, or for an event.
//
// A test clock can learn from it when all that an instant set off has come to rest, which is when it may move on: see
// Tracker.
package wait

import (
	"context"
	"time"

	"github.com/benbjohnson/clock"
)

// Tracker is what a test clock implements beside clock.Clock to be told of work under way.
//
// Time may move on when no work is under way and every caller that the test follows is parked. The order of calls keeps
// both counts from passing through a state of false rest: whoever sets off work calls Begin before its own End, and
// whoever wakes a parked caller calls Unpark first, on the caller's behalf.
type Tracker interface {
	// Begin and End stand around a piece of work that ends by itself, without time moving on.
	Begin()
	End()
	// Park says that a caller of the library is about to block until the library wakes it; Unpark, that it is about
	// to be woken.
	Park()
	Unpark()
}

// Track returns clk's Tracker, or one that does nothing.
func Track(clk clock.Clock) Tracker {
	if t, ok := clk.(Tracker); ok {
		return t
	}
	return untracked{}
}

type untracked struct{}

func (untracked) Begin()  {}
func (untracked) End()    {}
func (untracked) Park()   {}
func (untracked) Unpark() {}

// AfterFunc calls f on a goroutine of its own once d has passed on clk. The returned stop reports whether it kept that
// from happening.
//
// Each call makes a new timer: Reset on a timer of clock.Mock that has fired deadlocks.
func AfterFunc(clk clock.Clock, d time.Duration, f func()) (stop func() bool) {
	return clk.AfterFunc(d, f).Stop
}

// Sleep returns nil once d has passed on clk, or the cause of ctx's end if that comes first. The goroutine that calls it
// counts as work under way, except while it sleeps.
func Sleep(ctx context.Context, clk clock.Clock, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	track := Track(clk)
	done := make(chan struct{})
	stop := AfterFunc(clk, d, func() {
		track.Begin()
		close(done)
	})
	track.End()
	select {
	case <-done:
	case <-ctx.Done():
		if stop() {
			track.Begin()
		} else {
			<-done
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// WithTimeout returns a copy of ctx that is canceled with the given cause once d has passed on clk. The timeouts of
// clock.Mock's own contexts race; this one does not.
func WithTimeout(ctx context.Context, clk clock.Clock, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := AfterFunc(clk, d, func() { cancel(cause) })
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}

type clockKey struct{}

// NewContext returns a copy of ctx that carries clk, so that a transport waits on the clock of the Watcher that calls it.
func NewContext(ctx context.Context, clk clock.Clock) context.Context {
	return context.WithValue(ctx, clockKey{}, clk)
}

// Clock returns the clock that ctx carries, or the real one.
func Clock(ctx context.Context) clock.Clock {
	if clk, ok := ctx.Value(clockKey{}).(clock.Clock); ok {
		return clk
	}
	return clock.New()
}
