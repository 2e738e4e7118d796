package transport

import (
	"context"
	"log/slog"
	"time"
)

// Host is what a Watcher lends to the Transport that it calls. With it the author of a Transport
// waits on the Watcher's clock, logs where the Watcher logs, and keeps within its retry budget.
// [HostOf] returns it. A Host is safe for concurrent use, for as long as the call lasts.
type Host interface {
	// Now returns the time on the Watcher's clock.
	Now() time.Time
	// Sleep returns nil once d has passed on the Watcher's clock, or the cause of ctx's end if that
	// comes first.
	Sleep(ctx context.Context, d time.Duration) error
	// Logs reports whether Log writes anything at a level.
	Logs(level slog.Level) bool
	// Log writes one line to the Watcher's log, under the name of the part that writes it. It must
	// be given no secret.
	Log(level slog.Level, name, message string, attrs ...slog.Attr)
	// MayRetry reports whether a request that failed with an error of a class may be sent again
	// within this call, and charges the Watcher's retry budget. A Transport that gets false returns
	// the error.
	MayRetry(class Class) bool
}

type hostKey struct{}

// WithHost returns a copy of ctx that carries h. A Watcher calls it; so may the test of a
// Transport.
func WithHost(ctx context.Context, h Host) context.Context {
	return context.WithValue(ctx, hostKey{}, h)
}

// HostOf returns the Host that ctx carries. Without a Watcher it is the real clock, a log that
// writes nothing, and a budget that allows every retry.
func HostOf(ctx context.Context) Host {
	if h, ok := ctx.Value(hostKey{}).(Host); ok {
		return h
	}
	return alone{}
}

// alone is the Host of a call that no Watcher makes.
type alone struct{}

func (alone) Now() time.Time                               { return time.Now() }
func (alone) Logs(slog.Level) bool                         { return false }
func (alone) Log(slog.Level, string, string, ...slog.Attr) {}
func (alone) MayRetry(Class) bool                          { return true }
func (alone) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
