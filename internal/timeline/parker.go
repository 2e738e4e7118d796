package timeline

import (
	"context"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A parker blocks one goroutine until it is woken. It reports both to the Tracker of the clock, so
// that a test clock does not advance while the goroutine is awake.
//
// It also records how the context of the goroutine ended. The methods of that context are the
// user's, and may call the library, so they are called without the lock.
type parker struct {
	core *core
	wake chan struct{} // has room for one token, which wakes the parked goroutine

	// What follows is guarded by core.mu.
	parked bool
	over   wait.End      // how the context ended, once that was seen
	ended  time.Duration // when that was
}

// endLocked records how the context ended, unless it has not ended or the end is recorded already.
func (p *parker) endLocked(over wait.End) {
	if over.Err != nil && p.over.Err == nil {
		p.over, p.ended = over, p.core.now()
	}
}

// isOverLocked reports whether the context was seen to have ended.
func (p *parker) isOverLocked() bool { return p.over.Err != nil }

// parkLocked blocks until the goroutine is woken, ctx is done, or st was sent on out, which may be
// nil. It releases the lock meanwhile. If ctx has ended, it records that.
func (p *parker) parkLocked(ctx context.Context, out chan<- transport.Status, st *transport.Status) (sent bool) {
	p.parked = true
	p.core.track.Park()
	p.core.mu.Unlock()
	var over wait.End
	defer func() { p.unpark(over) }() // also if out is closed, so that the send panics
	if out == nil {
		select {
		case <-p.wake:
		case <-ctx.Done():
		}
	} else {
		select {
		case <-p.wake:
		case out <- *st:
			sent = true
		case <-ctx.Done():
		}
	}
	over = wait.EndOf(ctx)
	return sent
}

func (p *parker) unpark(over wait.End) {
	p.core.mu.Lock()
	p.endLocked(over)
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
