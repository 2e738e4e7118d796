package webhook

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/transport"
)

// maxLate is the maximum number of calls of Publish that go on although their contexts have ended.
const maxLate = 256

var errLate = fmt.Errorf("%d calls of Publish have not returned in time", maxLate)

// publisher calls a Relay. The zero value is ready to use. It is safe for concurrent use.
type publisher struct {
	late atomic.Int64 // calls that go on although their contexts have ended
}

// publish calls the Relay on a goroutine of its own. So a Publish that ignores its context keeps
// neither the request nor its repetitions.
func (p *publisher) publish(ctx context.Context, r Relay, s transport.Status) error {
	if p.late.Load() >= maxLate {
		return errLate
	}
	over, left := make(chan error), make(chan struct{})
	go func() { // ends with Publish
		err := errBroken // if Publish ends the goroutine
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
			select {
			case over <- err:
			case <-left:
				p.late.Add(-1)
			}
		}()
		err = r.Publish(ctx, s)
	}()
	select {
	case err := <-over:
		return err
	case <-ctx.Done():
		p.late.Add(1)
		close(left)
		return context.Cause(ctx)
	}
}
