package rpc

import (
	"context"
	"errors"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// errElapsed is the error of within when its time has elapsed.
var errElapsed = errors.New("the time has elapsed")

// within calls f with a context that it cancels after d, on the clock of the Host in ctx. It
// returns the error of f, or errElapsed if d passed before f returned.
func within(ctx context.Context, d time.Duration, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	slept := make(chan struct{})
	go func() { // it ends before within returns
		defer close(slept)
		if transport.HostOf(ctx).Sleep(ctx, d) == nil {
			cancel(errElapsed)
		}
	}()
	err := f(ctx)
	if errors.Is(context.Cause(ctx), errElapsed) {
		err = errElapsed
	}
	cancel(nil)
	<-slept
	return err
}
