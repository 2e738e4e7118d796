package boundary

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/observe"
)

// Audience calls the Observer through a [Guard]. It is nil if there is no Observer. It is safe for
// concurrent use.
type Audience struct {
	guard    *Guard
	observer observe.Observer
}

// NewAudience returns the Audience of o, or nil if o is nil.
func NewAudience(g *Guard, o observe.Observer) *Audience {
	if o == nil {
		return nil
	}
	return &Audience{guard: g, observer: o}
}

// Observe passes e to the Observer, and returns the context that the Observer returns for ctx. The
// Observer may change the bytes to which e points.
func (a *Audience) Observe(ctx context.Context, e *observe.Event) (made context.Context) {
	made = ctx
	e.Status = lend(e.Status)
	err := a.guard.Do(func() {
		if c := a.observer.Observe(ctx, e); c != nil {
			made = c
		}
	})
	if err != nil {
		a.guard.Complain("observer panicked", err, zap.Stringer("event", e.Kind))
	}
	return made
}

// Bind returns a context with the values of both ctx and made, the context that the Observer
// returned for ctx. It ends when ctx ends, whatever the Observer did. The caller must call stop to
// free it.
func (a *Audience) Bind(ctx, made context.Context) (bound context.Context, stop func()) {
	bound, stop = ctx, func() {}
	if made == ctx {
		return bound, stop
	}
	err := a.guard.Do(func() {
		o := &observed{guard: a.guard, made: made, poll: ctx, ends: made.Done() == ctx.Done()}
		if o.ends {
			bound = o
			return
		}
		merged, cancel := context.WithCancelCause(o)
		left := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
		bound, stop = merged, func() {
			left()
			cancel(context.Canceled)
		}
	})
	if err != nil {
		a.guard.Complain("observer's context panicked", err)
	}
	return bound, stop
}

// observed is a context with the values of both made, which an Observer returned, and poll, the
// context of a poll. It keeps the rules of [context.Context] even if a method of made panics,
// because unguarded goroutines call it, such as those of net/http.
type observed struct {
	guard      *Guard
	made, poll context.Context
	// ends says that the context ends with poll. Otherwise it never ends by itself, because made may
	// have an end of its own, which context.WithCancel would find among its values.
	ends bool
}

var _ context.Context = (*observed)(nil)

func (o *observed) Deadline() (until time.Time, ok bool) { return o.poll.Deadline() }

func (o *observed) Done() <-chan struct{} {
	if !o.ends {
		return nil
	}
	return o.poll.Done()
}

func (o *observed) Err() error {
	if !o.ends {
		return nil
	}
	return o.poll.Err()
}

func (o *observed) Value(key any) (v any) {
	if err := o.guard.Do(func() { v = o.made.Value(key) }); err != nil {
		o.guard.Complain("observer's context panicked", err)
	}
	if v != nil {
		return v
	}
	return o.poll.Value(key)
}
