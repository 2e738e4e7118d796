package boundary

import (
	"cmp"
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/observe"
)

// Audience is the Observer, behind a [Guard]. Without an Observer it is nil. It is safe for
// concurrent use.
type Audience struct {
	guard    *Guard
	observer observe.Observer
}

// NewAudience returns nil if o is nil.
func NewAudience(g *Guard, o observe.Observer) *Audience {
	if o == nil {
		return nil
	}
	return &Audience{guard: g, observer: o}
}

// Observe tells the Observer of e, and returns the context that it makes of ctx. The Observer owns
// the bytes that e points to.
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

// Bind returns made, which the Observer made of ctx, as a context that ends with ctx and carries
// what ctx carries, whatever the Observer did. The caller calls stop to free it.
func (a *Audience) Bind(ctx, made context.Context) (bound context.Context, stop func()) {
	bound, stop = ctx, func() {}
	if made == ctx {
		return bound, stop
	}
	err := a.guard.Do(func() {
		o := &observed{guard: a.guard, made: made, poll: ctx, done: made.Done()}
		o.until, o.hasDeadline = made.Deadline()
		if o.done == ctx.Done() {
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

// observed is a context that an Observer made of the context of a poll. It also carries what the
// poll's context does. Its methods keep the rules of [context.Context], even if those of made
// panic: goroutines that nobody else guards call them, such as those of net/http.
type observed struct {
	guard       *Guard
	made, poll  context.Context
	done        <-chan struct{} // of made, as are the next two
	until       time.Time
	hasDeadline bool
}

var _ context.Context = (*observed)(nil)

func (o *observed) Deadline() (until time.Time, ok bool) { return o.until, o.hasDeadline }

func (o *observed) Done() <-chan struct{} { return o.done }

func (o *observed) Err() (err error) {
	select {
	case <-o.done:
		_ = o.guard.Do(func() { err = o.made.Err() })
		return cmp.Or(err, context.Canceled)
	default:
		return nil
	}
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
