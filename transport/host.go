package transport

import (
	"context"
	"log/slog"
	"time"
)

// Host gives a Transport access to the Watcher that calls it: its clock, its log and its retry
// budget. [HostOf] returns the Host of a call. A Host is safe for concurrent use. It must not be
// used after the call has returned.
type Host interface {
	// Now returns the time on the Watcher's clock.
	Now() time.Time
	// Sleep waits until d has passed on the Watcher's clock, and returns nil. If ctx ends first, Sleep
	// returns its cause: see [context.Cause].
	Sleep(ctx context.Context, d time.Duration) error
	// Logs reports whether Log writes lines of the given level.
	Logs(level slog.Level) bool
	// Log writes one line to the Watcher's log, under the name of the part that writes it. The caller
	// must pass no secret.
	Log(level slog.Level, name, message string, attrs ...slog.Attr)
	// MayRetry reports whether a request that failed with an error of the given class may be sent
	// again within this call. If it reports true, it has charged the Watcher's retry budget for one
	// retry. If it reports false, the Transport must return the error.
	MayRetry(class Class) bool
}

type hostKey struct{}

// WithHost returns a copy of ctx that carries h. A Watcher calls it. The test of a Transport may
// call it too.
func WithHost(ctx context.Context, h Host) context.Context {
	return context.WithValue(ctx, hostKey{}, h)
}

// HostOf returns the Host that ctx carries. If ctx carries none, the Host has the real clock, a log
// that writes nothing, and a budget that allows every retry.
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
