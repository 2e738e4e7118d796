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
	"github.com/iamber12/job-status-monitoring/internal/sighting"
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
	memory        hearing.Memory  // the notifications that cannot be used yet; guarded by core.mu
}

// A subscription runs one Notifier on one goroutine, which Close waits for.
type subscription struct {
	notifier transport.Notifier
	trusted  bool // a terminal notification needs no poll; set before Notify is called
	track    *wait.Listener
	source   hearing.Source // guarded by core.mu
	calls    int            // the number of calls of Notify that have ended; guarded by core.mu
}

// listenToAll starts to listen to every Notifier. The context of the Notifiers carries the given
// values.
func (h *hub) listenToAll(carried wait.Carried) {
	for _, n := range h.Notifiers {
		l := &subscription{notifier: n, track: wait.NewListener(h.Clock)}
		carried.Listener = l.track
		ctx := wait.NewContext(h.ctx, carried)
		h.subscriptions = append(h.subscriptions, l)
		h.workers.Add(1)
		l.track.Begin()
		go h.listen(ctx, l, 0, 0)
	}
}

// An ending is how a call of Notify ended.
type ending struct {
	err      error
	returned bool          // it returned, and neither panicked nor ended its goroutine
	again    bool          // Notify is called again
	wait     time.Duration // the wait before the next call
}

// listen waits, calls Notify once, and then starts another goroutine that does the same, until
// Close or a permanent error. It continues even if a plugin ends the goroutine. The argument call
// is the number of calls of Notify that have ended.
//
// The goroutine counts as work of the test clock until the Notifier listens, and again once Notify
// has returned.
func (h *hub) listen(ctx context.Context, l *subscription, call int, wait time.Duration) {
	e := ending{err: boundary.ErrGoexit}
	defer func() {
		if e.again {
			go h.listen(ctx, l, call+1, e.wait)
		} else {
			l.track.End()
			h.workers.Done()
		}
	}()
	if l.track.Sleep(ctx, wait) != nil {
		return
	}
	defer h.lose(ctx, l, &e)
	if call == 0 {
		l.askTrusted(h.guard)
	}
	panicked := h.guard.Do(func() {
		e.err = l.notifier.Notify(ctx, func(st transport.Status) {
			h.hear(l, call, st)
			l.track.End()
		})
		e.returned = true
	})
	if panicked != nil {
		e.err = panicked
	}
}

// askTrusted asks the Notifier of l whether it is trusted. While the call blocks, Notify is not
// called, and jobs are polled.
func (l *subscription) askTrusted(g *boundary.Guard) {
	v, ok := l.notifier.(transport.Truster)
	if !ok {
		return
	}
	if err := g.Apart(func() { l.trusted = v.Trusted() }); err != nil {
		g.Complain("notifier panicked in Trusted", err)
	}
}

// lose handles the end of a call of Notify, and sets in e whether to call it again. It makes the
// jobs be polled before it calls the methods of the error and the log, because these may block or
// end the goroutine.
func (h *hub) lose(ctx context.Context, l *subscription, e *ending) {
	l.track.Begin()
	if ctx.Err() != nil {
		return
	}
	e.again = true
	h.mu.Lock()
	now := h.now()
	l.calls++
	well := l.source.IsWell(now)
	restart, news := l.source.Lost(now)
	e.wait = restart
	if well {
		h.lookAtAllLocked(now)
	}
	h.unlock()
	var said sighting.PollError
	panicked := h.guard.Do(func() {
		if e.err != nil {
			said = sighting.PollErrorOf(e.err)
		}
	})
	if panicked != nil { // an error that cannot be read does not say that it is permanent
		said = sighting.PollError{Err: panicked}
	}
	e.again = !(e.returned && said.Class == transport.Permanent)
	e.wait = max(e.wait, h.capped(said.RetryAfter))
	if news {
		h.guard.Log(zapcore.WarnLevel, "notifications are lost: jobs are polled meanwhile", func() []zap.Field {
			return []zap.Field{zap.Error(said.Err)}
		})
	}
	if !e.again {
		h.guard.Complain("notifications are not listened to any more", said.Err)
	}
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
