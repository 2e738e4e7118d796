// Package wait does all waiting of this module, for a duration on an injected clock or for an
// event.
//
// It reports to a test clock when all work of an instant is done, so that the clock may advance:
// see [Tracker].
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

// Tracker is implemented by a test clock. This module reports its work in progress to it.
//
// The clock may advance when no work is in progress and every caller that the test follows is
// parked. Two rules keep the counts from showing this too early. Code that starts work calls Begin
// for it before its own End. Code that wakes a parked caller calls Unpark before it does so.
type Tracker interface {
	// Begin and End mark the beginning and the end of a piece of work that ends without the clock
	// advancing.
	Begin()
	End()
	// Park notes that a caller of the library is about to block until the library wakes it. Unpark
	// notes that it is about to wake up.
	Park()
	Unpark()
}

// Peer is a Tracker that also tracks the server of a test. While that server lets a request wait
// for time to pass, the call that made the request does not count as work.
type Peer interface {
	Tracker
	// Asking notes that a call makes a request on the connection with the given local address. The
	// call must call over when it has the answer, or no longer waits for it.
	Asking(local, request string) (over func())
}

// ContextChecker is a Tracker that refuses contexts whose deadlines its clock cannot observe.
type ContextChecker interface {
	// CheckContext returns an error if a wait on the clock cannot observe the deadline of ctx, such as
	// one on another clock.
	CheckContext(ctx context.Context) error
}

// CheckContext returns the error of the Tracker of clk for ctx, if that Tracker is a
// [ContextChecker].
func CheckContext(ctx context.Context, clk clock.Clock) error {
	if c, ok := Track(clk).(ContextChecker); ok {
		return c.CheckContext(ctx)
	}
	return nil
}

// Tracked is a clock with a Tracker.
type Tracked interface {
	clock.Clock
	Tracker() Tracker
}

// Track returns the Tracker of clk, or one that does nothing.
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

// AfterFunc calls f on another goroutine once d has passed on clk. The function stop prevents the
// call, and reports whether it did.
//
// Each call makes a new timer: Reset on a timer of clock.Mock that has fired deadlocks.
func AfterFunc(clk clock.Clock, d time.Duration, f func()) (stop func() bool) {
	return clk.AfterFunc(d, f).Stop
}

// Sleep returns nil once d has passed on clk. If ctx ends first, it returns the cause of ctx. The
// calling goroutine must count as work; it does not count while it sleeps.
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
// and a function that ends it. Unlike the contexts of clock.Mock, it has no data race. After the
// timeout, the context counts as work until that function is called.
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

// An Ending calls functions when a context ends, before the call that ends the context returns.
// Without it, a test clock would not know that a goroutine which waited on Done can run again.
type Ending struct {
	mu sync.Mutex
	fs []func()
}

type endingKey struct{}

// WithEnding returns a copy of ctx that carries an Ending. Code that ends the context must call
// Tell.
func WithEnding(ctx context.Context) (context.Context, *Ending) {
	e := &Ending{}
	OnEnd(ctx, e.Tell)
	return context.WithValue(ctx, endingKey{}, e), e
}

// Tell calls the functions of [OnEnd], because the context has ended.
func (e *Ending) Tell() {
	e.mu.Lock()
	fs := e.fs
	e.fs = nil
	e.mu.Unlock()
	for _, f := range fs {
		f()
	}
}

// OnEnd arranges that f is called when ctx ends, if ctx carries an Ending.
func OnEnd(ctx context.Context, f func()) {
	if e, ok := ctx.Value(endingKey{}).(*Ending); ok {
		e.mu.Lock()
		e.fs = append(e.fs, f)
		e.mu.Unlock()
	}
}

// CauseOf returns the cause of ctx if err is the error of the ended ctx and does not match the
// cause. Otherwise it returns err, which may say more than the cause.
func CauseOf(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(err, cause) {
		return cause
	}
	return err
}

// Carried is the Host that the context of a poll carries. With it, a transport uses the clock, the
// log and the retry budget of the Watcher that calls it.
type Carried struct {
	Clock  clock.Clock
	Logger *zap.Logger
	// Retry reports whether a request that failed with an error of a class may be sent again. Nil
	// means that there is no budget.
	Retry func(transport.Class) bool
	// Listener is the Tracker of the goroutine that is called. Without one, the goroutine counts as
	// work.
	Listener *Listener
}

var _ transport.Host = (*Carried)(nil)

// NewContext returns a copy of ctx that carries c.
func NewContext(ctx context.Context, c Carried) context.Context { return transport.WithHost(ctx, &c) }

var none = Carried{Clock: clock.New(), Logger: zap.NewNop()}

// From returns the Carried of ctx. Without one, it returns a Carried with the real clock and a
// logger that writes nothing.
func From(ctx context.Context) *Carried {
	if c, ok := transport.HostOf(ctx).(*Carried); ok {
		return c
	}
	return &none
}

// MayRetry reports whether a request that failed with an error of a class may be sent again.
func (c *Carried) MayRetry(class transport.Class) bool { return c.Retry == nil || c.Retry(class) }

// Now returns the time on the Watcher's clock.
func (c *Carried) Now() time.Time { return c.Clock.Now() }

// Sleep returns nil once d has passed on the Watcher's clock. If ctx ends first, it returns the
// cause of ctx.
func (c *Carried) Sleep(ctx context.Context, d time.Duration) error {
	if c.Listener != nil {
		return c.Listener.Sleep(ctx, d)
	}
	return Sleep(ctx, c.Clock, d)
}

// Logs reports whether Log writes lines of a level. It returns false if the logger panics.
func (c *Carried) Logs(level slog.Level) (writes bool) {
	defer func() { _ = recover() }()
	return c.Logger.Core().Enabled(zapLevel(level))
}

// Log writes one line by the Watcher's logger, under the given name. It recovers a panic of the
// logger, because the caller is not at fault.
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

// zapLevel returns the level of zap for a level of slog.
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

// Within calls f on another goroutine and reports whether f returned within d. It is for code that
// should return at once. So d is always measured on the real clock.
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
