package timeline

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// This file is the boundary: each call of code that is not the engine's own stands here and goes
// through guard, without mu held. What such code returns is looked at inside guard too, as the
// methods of an error are the plugin's.
//
// A panic ends in guard. The end of a goroutine by runtime.Goexit cannot be stopped, so whoever
// calls on a goroutine of the engine's says beforehand what is to happen then: see run.stage.

var errGoexit = errors.New("runtime.Goexit called")

// guard calls f and returns a panic in it as an error, which ends a watch.
func (t *Timeline) guard(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = t.panicked(v)
		}
	}()
	f()
	return nil
}

// Guard calls f and returns what it returns, or a panic in it as an error.
func (t *Timeline) Guard(f func() error) (err error) {
	if panicked := t.guard(func() { err = f() }); panicked != nil {
		return panicked
	}
	return err
}

// panicked returns the error of a panic with v, which ends a watch.
func (t *Timeline) panicked(v any) error {
	return &transport.Error{Class: transport.Permanent, Err: t.Panic(v, debug.Stack())}
}

// broken is the fault of a panic's error.
func broken(err error) sighting.Fault {
	return sighting.Fault{Err: err, Class: transport.Permanent}
}

// fault looks at the error of a request that was made under ctx.
func (t *Timeline) fault(ctx context.Context, err error) (f sighting.Fault) {
	if err == nil {
		return f
	}
	if panicked := t.guard(func() { f = sighting.FaultOf(wait.CauseOf(ctx, err)) }); panicked != nil {
		return broken(panicked)
	}
	return f
}

// status asks about one job, of which seen is the newest sighting. It fills st, and f if there was
// no answer.
func (t *Timeline) status(ctx context.Context, id string, seen *sighting.Sighting, st *transport.Status, f *sighting.Fault) {
	var err error
	panicked := t.guard(func() {
		if t.conditional != nil && seen != nil && seen.Revision != "" {
			last := seen.Status
			last.ID = id
			*st, err = t.conditional.StatusSince(ctx, id, last)
		} else {
			*st, err = t.Transport.Status(ctx, id)
		}
	})
	switch {
	case panicked != nil:
		*f = broken(panicked)
	case err != nil:
		*f = t.fault(ctx, err)
	}
}

// askBatch asks about many jobs at once.
func (t *Timeline) askBatch(ctx context.Context, ids []string) (answers []transport.Answer, f sighting.Fault) {
	var err error
	if panicked := t.guard(func() { answers, err = t.batcher.StatusBatch(ctx, ids) }); panicked != nil {
		return nil, broken(panicked)
	}
	return answers, t.fault(ctx, err)
}

// fit returns how many of ids go into one request.
func (t *Timeline) fit(ids []string) int {
	n := len(ids)
	if t.fitter == nil || n < 2 {
		return n
	}
	if err := t.guard(func() { n = t.fitter.Fit(ids) }); err != nil {
		t.complain("transport panicked in Fit", err)
	}
	return min(max(n, 1), len(ids))
}

// nextWait asks the Backoff, and keeps what it answers within bounds.
func (t *Timeline) nextWait(p backoff.Poll) (d time.Duration, err error) {
	if err := t.guard(func() { d = t.Backoff.Next(p) }); err != nil {
		return 0, err
	}
	if d < 0 && t.clamped.CompareAndSwap(false, true) {
		t.write(zap.WarnLevel, "backoff answered with a negative wait", func() []zap.Field {
			return []zap.Field{zap.Duration("wait", d), zap.Int("attempt", p.Attempt)}
		})
	}
	if t.MaxDelay > 0 {
		d = min(d, t.MaxDelay)
	}
	least := minWait
	if p.Attempt == 0 {
		least = 0
	}
	return max(d, least, p.RetryAfter), nil
}

// learn tells the Backoff of a watch that has ended or was given up, if it learns.
func (t *Timeline) learn(o backoff.Outcome) {
	if t.learner == nil {
		return
	}
	if err := t.guard(func() { t.learner.Observe(o) }); err != nil {
		t.complain("backoff panicked in Observe", err, zap.String("id", ids.Short(o.Key)))
	}
}

// rank returns the Backoff's rank of p, which was polled so long ago.
func (t *Timeline) rank(p backoff.Poll, since time.Duration) (rank float64) {
	if err := t.guard(func() { rank = t.ranker.Rank(p, since) }); err != nil {
		t.complain("backoff panicked in Rank", err, zap.String("id", ids.Short(p.Key)))
	}
	return rank
}

// observe tells the Observer of e, and returns the context that it makes of ctx.
func (t *Timeline) observe(ctx context.Context, e *observe.Event) (made context.Context) {
	made = ctx
	err := t.guard(func() {
		if c := t.Observer.Observe(ctx, e); c != nil {
			made = c
		}
	})
	if err != nil {
		t.complain("observer panicked", err, zap.Stringer("event", e.Kind))
	}
	return made
}

// bind returns made, which an Observer made of ctx, as a context that ends with ctx and carries
// what ctx carries, whatever the Observer did.
func (t *Timeline) bind(ctx, made context.Context) (bound context.Context, stop func()) {
	bound, stop = ctx, func() {}
	if made == ctx {
		return bound, stop
	}
	err := t.guard(func() {
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
		t.complain("observer's context panicked", err)
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

// write writes a line to the log. The fields are made only if the line is written.
func (t *Timeline) write(level zapcore.Level, message string, fields func() []zap.Field) {
	_ = t.guard(func() { // a logger that panics has nobody to tell
		if e := t.Logger.Check(level, message); e != nil {
			e.Write(fields()...)
		}
	})
}

// complain writes a line about a plugin at error level.
func (t *Timeline) complain(message string, err error, fields ...zap.Field) {
	t.write(zap.ErrorLevel, message, func() []zap.Field { return append(fields, zap.Error(err)) })
}
