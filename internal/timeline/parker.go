package timeline

import (
	"context"

	"github.com/iamber12/job-status-monitoring/transport"
)

// A parker blocks one goroutine until it is woken. It reports both to the Tracker of the clock, so
// that a test clock does not advance while the goroutine is awake.
type parker struct {
	core   *core
	wake   chan struct{} // has room for one token, which wakes the parked goroutine
	parked bool          // guarded by core.mu
}

// parkLocked blocks until the goroutine is woken, ctx is done, or st was sent on out, which may be
// nil. It releases the lock meanwhile.
func (p *parker) parkLocked(ctx context.Context, out chan<- transport.Status, st *transport.Status) (sent bool) {
	p.parked = true
	p.core.track.Park()
	p.core.mu.Unlock()
	defer p.unpark() // also if out is closed, so that the send panics
	if out == nil {
		select {
		case <-p.wake:
		case <-ctx.Done():
		}
		return false
	}
	select {
	case <-p.wake:
	case out <- *st:
		sent = true
	case <-ctx.Done():
	}
	return sent
}

func (p *parker) unpark() {
	p.core.mu.Lock()
	if p.parked {
		p.parked = false
		p.core.track.Unpark()
		return
	}
	select { // removes a token that came together with another end of the wait
	case <-p.wake:
	default:
	}
}

// wakeUpLocked wakes the goroutine, if it is parked.
func (p *parker) wakeUpLocked() {
	if p.parked {
		p.parked = false
		p.core.track.Unpark()
		p.wake <- struct{}{}
	}
}
