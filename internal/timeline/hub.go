package timeline

import (
	"context"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/hearing"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A hub listens to the Notifiers, and acts on their notifications.
type hub struct {
	*core
	board         *board
	pool          *pool
	finisher      *finisher
	subscriptions []*subscription // does not change after New
	memory        hearing.Memory  // of notifications; guarded by core.mu
}

// A subscription runs one Notifier on one goroutine, which Close waits for.
type subscription struct {
	notifier transport.Notifier
	trusted  bool // a terminal notification needs no poll
	track    *wait.Listener
	source   hearing.Source // guarded by core.mu
}

// listenToAll starts to listen to every Notifier. The context of the Notifiers carries the given
// values.
func (h *hub) listenToAll(carried wait.Carried) {
	for _, n := range h.Notifiers {
		l := &subscription{notifier: n, track: wait.NewListener(h.Clock)}
		carried.Listener = l.track
		ctx := wait.NewContext(h.ctx, carried)
		if v, ok := n.(transport.Truster); ok {
			if err := h.guard.Apart(func() { l.trusted = v.Trusted() }); err != nil {
				h.guard.Complain("notifier panicked in Trusted", err)
			}
		}
		h.subscriptions = append(h.subscriptions, l)
		h.workers.Add(1)
		l.track.Begin()
		go h.listen(ctx, l)
	}
}

// listen calls Notify once, and then starts another goroutine that does the same, until Close or a
// permanent error. It does so even if Notify ends the goroutine.
//
// The goroutine counts as work until the Notifier listens, and again once Notify has returned.
func (h *hub) listen(ctx context.Context, l *subscription) {
	err, returned := boundary.ErrGoexit, false
	defer func() {
		l.track.Begin()
		if h.lose(ctx, l, err, returned) {
			go h.listen(ctx, l)
		} else {
			l.track.End()
			h.workers.Done()
		}
	}()
	panicked := h.guard.Do(func() {
		err = l.notifier.Notify(ctx, func(st transport.Status) {
			h.hear(l, st)
			l.track.End()
		})
		returned = true
	})
	if panicked != nil {
		err = panicked
	}
}

// lose handles the end of a call of Notify. It waits, and then reports whether to call Notify
// again.
func (h *hub) lose(ctx context.Context, l *subscription, err error, returned bool) (again bool) {
	if ctx.Err() != nil {
		return false
	}
	pollErr := h.service.PollError(ctx, err)
	h.mu.Lock()
	now := h.now()
	well := l.source.IsWell(now)
	restart, news := l.source.Lost(now)
	if news {
		h.noteLocked(&note{zapcore.WarnLevel, "notifications are lost: jobs are polled meanwhile", []zap.Field{zap.Error(pollErr.Err)}})
	}
	if well {
		h.lookAtAllLocked(now)
	}
	h.unlock()
	if returned && pollErr.Err != nil && pollErr.Class == transport.Permanent {
		h.guard.Complain("notifications are not listened to any more", pollErr.Err)
		return false
	}
	return l.track.Sleep(ctx, restart) == nil
}

// lookEach is the mean time between the polls that follow the loss of a source of notifications, if
// there are more than [pace.SmallBulk].
const lookEach = time.Millisecond

// lookAtAllLocked brings the polls of all waiting watches forward, because notifications may have
// been missed.
func (h *hub) lookAtAllLocked(now time.Duration) {
	var window time.Duration
	if n := h.board.watches.Len(); n > pace.SmallBulk {
		window = min(time.Duration(n)*lookEach, h.QuietInterval)
	}
	i := 0
	for x := range h.board.watches.All() {
		i++
		if x.phase != waiting {
			continue
		}
		at := float64(window) * pace.Spread(i/h.service.Group())
		h.board.lookAtLocked(x, instant.Later(now, time.Duration(at)))
		h.board.line.Put(x, x.due())
	}
	h.pool.proceedLocked(now)
}
