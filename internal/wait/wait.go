// Package wait is the one place where this module waits: for a duration on an injected clock, or
// for an event.
//
// A test clock can learn from it when all that an instant set off has come to rest, which is when
// it may move on: see Tracker.
package wait

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Tracker is what a test clock implements beside clock.Clock to be told of work under way.
//
// Time may move on when no work is under way and every caller that the test follows is parked. The
// order of calls keeps both counts from passing through a state of false rest: whoever sets off
// work calls Begin before its own End, and whoever wakes a parked caller calls Unpark first, on the
// caller's behalf.
type Tracker interface {
	// Begin and End stand around a piece of work that ends by itself, without time moving on.
	Begin()
	End()
	// Park says that a caller of the library is about to block until the library wakes it; Unpark,
	// that it is about to be woken.
	Park()
	Unpark()
}

// Peer is a Tracker that has the other end of connections too: the server of a test. While that
// server lets a request wait for time to pass, the call that made it is not work.
type Peer interface {
	Tracker
	// Asking says that a call makes a request, on the connection with the given local address. What
	// it returns is to be called when the call has the answer, or no longer waits for one.
	Asking(local, request string) (over func())
}

// ContextChecker is a Tracker that refuses contexts which its clock can't keep to.
type ContextChecker interface {
	// CheckContext reports why a wait on the clock can't keep to ctx, such as a deadline on another
	// clock.
	CheckContext(ctx context.Context) error
}

// CheckContext reports why a wait on clk can't keep to ctx, if its Tracker is a [ContextChecker].
func CheckContext(ctx context.Context, clk clock.Clock) error {
	if c, ok := Track(clk).(ContextChecker); ok {
		return c.CheckContext(ctx)
	}
	return nil
}

// Tracked is a clock that is told of work in flight.
type Tracked interface {
	clock.Clock
	Tracker() Tracker
}

// Track returns clk's Tracker, or one that does nothing.
func Track(clk clock.Clock) Tracker {
	if t, ok := clk.(Tracked); ok {
		return t.Tracker()
	}
	return untracked{}
}

type untracked struct{}

func (untracked) Begin()  {}
func (untracked) End()    {}
func (untracked) Park()   {}
func (untracked) Unpark() {}

// AfterFunc calls f on a goroutine of its own once d has passed on clk. The returned stop reports
// whether it kept that from happening.
//
// Each call makes a new timer: Reset on a timer of clock.Mock that has fired deadlocks.
func AfterFunc(clk clock.Clock, d time.Duration, f func()) (stop func() bool) {
	return clk.AfterFunc(d, f).Stop
}

// Sleep returns nil once d has passed on clk, or the cause of ctx's end if that comes first. The
// goroutine that calls it counts as work under way, except while it sleeps.
func Sleep(ctx context.Context, clk clock.Clock, d time.Duration) error {
	return sleep(ctx, clk, d, Track(clk))
}

func sleep(ctx context.Context, clk clock.Clock, d time.Duration, track Tracker) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	wake := sync.OnceFunc(track.Begin)
	done := make(chan struct{})
	stop := AfterFunc(clk, d, func() {
		wake()
		close(done)
	})
	OnEnd(ctx, wake)
	track.End()
	select {
	case <-done:
	case <-ctx.Done():
		stop()
		wake()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// WithTimeout returns a copy of ctx that is canceled with the given cause once d has passed on clk,
// and what ends it. The timeouts of clock.Mock's own contexts race; this one does not. What the
// timeout sets off counts as work until the context is ended.
func WithTimeout(ctx context.Context, clk clock.Clock, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	track := Track(clk)
	stop := AfterFunc(clk, d, func() {
		track.Begin()
		cancel(cause)
	})
	return ctx, sync.OnceFunc(func() {
		if !stop() {
			track.End()
		}
		cancel(context.Canceled)
	})
}

// An Ending tells, before the call that ended a context returns, who waits for that context.
// Without it, nothing tells a test clock that a goroutine which waited on Done has something to do.
type Ending struct {
	mu sync.Mutex
	fs []func()
}

type endingKey struct{}

// WithEnding returns a copy of ctx that carries an Ending, for whoever ends the context to Tell.
func WithEnding(ctx context.Context) (context.Context, *Ending) {
	e := &Ending{}
	OnEnd(ctx, e.Tell)
	return context.WithValue(ctx, endingKey{}, e), e
}

// Tell says that the context has ended.
func (e *Ending) Tell() {
	e.mu.Lock()
	fs := e.fs
	e.fs = nil
	e.mu.Unlock()
	for _, f := range fs {
		f()
	}
}

// OnEnd has f called when ctx has ended, if it carries an Ending.
func OnEnd(ctx context.Context, f func()) {
	if e, ok := ctx.Value(endingKey{}).(*Ending); ok {
		e.mu.Lock()
		e.fs = append(e.fs, f)
		e.mu.Unlock()
	}
}

// CauseOf returns err, or why ctx ended if that is what err says.
func CauseOf(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}
	return err
}

// Carried is the Host that a poll's context carries, so that a transport waits on the clock of the
// Watcher that calls it, logs where that logs, and retries within its budget.
type Carried struct {
	Clock  clock.Clock
	Logger *zap.Logger
	// Retry reports whether a request that failed with an error of a class may be made again; nil
	// if there is no budget.
	Retry func(transport.Class) bool
	// Listener is the Tracker of the goroutine that is called. Without one, the goroutine counts as
	// work.
	Listener *Listener
}

var _ transport.Host = (*Carried)(nil)

// NewContext returns a copy of ctx that carries c.
func NewContext(ctx context.Context, c Carried) context.Context { return transport.WithHost(ctx, &c) }

var none = Carried{Clock: clock.New(), Logger: zap.NewNop()}

// From returns what ctx carries: without a Watcher the real clock, and a logger that writes
// nothing.
func From(ctx context.Context) *Carried {
	if c, ok := transport.HostOf(ctx).(*Carried); ok {
		return c
	}
	return &none
}

// MayRetry reports whether a request that failed with an error of a class may be made again.
func (c *Carried) MayRetry(class transport.Class) bool { return c.Retry == nil || c.Retry(class) }

// Now returns the time on the Watcher's clock.
func (c *Carried) Now() time.Time { return c.Clock.Now() }

// Sleep returns nil once d has passed on the Watcher's clock, or the cause of ctx's end.
func (c *Carried) Sleep(ctx context.Context, d time.Duration) error {
	if c.Listener != nil {
		return c.Listener.Sleep(ctx, d)
	}
	return Sleep(ctx, c.Clock, d)
}

// Logs reports whether Log writes anything at a level. A logger that panics writes nothing.
func (c *Carried) Logs(level slog.Level) (writes bool) {
	defer func() { _ = recover() }()
	return c.Logger.Core().Enabled(zapLevel(level))
}

// Log writes one line by the logger with the given name under the Watcher's. A panic of the logger
// ends here, as it is no fault of the caller's.
func (c *Carried) Log(level slog.Level, name, message string, attrs ...slog.Attr) {
	defer func() { _ = recover() }()
	entry := c.Logger.Named(name).Check(zapLevel(level), message)
	if entry == nil {
		return
	}
	fields := make([]zap.Field, len(attrs))
	for i, a := range attrs {
		fields[i] = field(a)
	}
	entry.Write(fields...)
}

// field returns the zap.Field of an attribute.
func field(a slog.Attr) zap.Field {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return zap.String(a.Key, v.String())
	case slog.KindInt64:
		return zap.Int64(a.Key, v.Int64())
	case slog.KindDuration:
		return zap.Duration(a.Key, v.Duration())
	default:
		return zap.Any(a.Key, v.Any())
	}
}

// zapLevel returns zap's level of one of slog.
func zapLevel(level slog.Level) zapcore.Level {
	switch {
	case level < slog.LevelInfo:
		return zapcore.DebugLevel
	case level < slog.LevelWarn:
		return zapcore.InfoLevel
	case level < slog.LevelError:
		return zapcore.WarnLevel
	default:
		return zapcore.ErrorLevel
	}
}

// Clock returns the clock that ctx carries, or the real one.
func Clock(ctx context.Context) clock.Clock { return From(ctx).Clock }

// Logger returns the logger that ctx carries, or one that writes nothing.
func Logger(ctx context.Context) *zap.Logger { return From(ctx).Logger }

// Within calls f on a goroutine of its own and reports whether it returned within d. It is a bound
// on code that should return at once, so d is measured on the real clock, whatever clock was
// injected.
func Within(d time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	bound := time.NewTimer(d)
	defer bound.Stop()
	select {
	case <-done:
		return true
	case <-bound.C:
		return false
	}
}
