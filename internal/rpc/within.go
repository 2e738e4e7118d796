package rpc

import (
	"context"
	"errors"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// ErrElapsed is the error of [Within] when its time has elapsed.
var ErrElapsed = errors.New("the time has elapsed")

// Within calls f with a context that is canceled after d. The time is that of the Host in ctx.
// Within returns the error of f, or ErrElapsed if the time elapsed before f returned.
func Within(ctx context.Context, d time.Duration, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	slept := make(chan struct{})
	go func() { // it ends before Within returns
		defer close(slept)
		if transport.HostOf(ctx).Sleep(ctx, d) == nil {
			cancel(ErrElapsed)
		}
	}()
	err := f(ctx)
	if errors.Is(context.Cause(ctx), ErrElapsed) {
		err = ErrElapsed
	}
	cancel(nil)
	<-slept
	return err
}
