package boundary

import (
	"context"

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
		if made.Done() == ctx.Done() {
			bound = made
			return
		}
		merged, cancel := context.WithCancelCause(&fallback{made, ctx})
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

// fallback is a context that also carries what another one does.
type fallback struct {
	context.Context
	other context.Context
}

func (f *fallback) Value(key any) any {
	if v := f.Context.Value(key); v != nil {
		return v
	}
	return f.other.Value(key)
}
