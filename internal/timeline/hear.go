package timeline

import (
	"bytes"
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
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// lookGap is the shortest time between an answer and a poll that a notification asks for.
	lookGap = 100 * time.Millisecond
	// quietJitter is by which share a quiet interval is longer at most, so that polls do not meet.
	quietJitter = 0.25
	// lookEach is how far apart the polls are that follow the loss of a source of notifications,
	// if there are more than a few.
	lookEach = time.Millisecond
)

// A listener runs one Notifier, on one goroutine. Close waits for it.
type listener struct {
	notifier transport.Notifier
	trusted  bool           // a terminal notification needs no poll
	source   hearing.Source // guarded by Timeline.mu
}

// listenToAll starts to listen to every Notifier.
func (t *Timeline) listenToAll() {
	ctx := wait.NewContext(t.ctx, wait.Carried{Clock: t.Clock, Logger: t.guard.Logger, Retry: t.Retry, Untracked: true})
	for _, n := range t.Notifiers {
		l := &listener{notifier: n}
		err := t.guard.Do(func() {
			if v, ok := n.(transport.Truster); ok {
				l.trusted = v.Trusted()
			}
		})
		if err != nil {
			t.guard.Complain("notifier panicked in Trusted", err)
		}
		t.listeners = append(t.listeners, l)
		t.workers.Add(1)
		go t.listen(ctx, l)
	}
}

// listen calls Notify once and then has another goroutine do the same, until Close or a permanent
// error. It does so even if Notify ends the goroutine.
func (t *Timeline) listen(ctx context.Context, l *listener) {
	err, returned := boundary.ErrGoexit, false
	defer func() {
		if t.lose(ctx, l, err, returned) {
			go t.listen(ctx, l)
		} else {
			t.workers.Done()
		}
	}()
	panicked := t.guard.Do(func() {
		err = l.notifier.Notify(ctx, func(st transport.Status) { t.hear(l, st) })
		returned = true
	})
	if panicked != nil {
		err = panicked
	}
}

// lose deals with the end of a call of Notify, and reports whether l is to be called again, now
// that it has waited.
func (t *Timeline) lose(ctx context.Context, l *listener, err error, returned bool) (again bool) {
	if ctx.Err() != nil {
		return false
	}
	fault := t.service.Fault(ctx, err)
	t.mu.Lock()
	now := t.now()
	well := l.source.IsWell(now)
	restart, news := l.source.Lost(now)
	if news {
		t.note(&note{zapcore.WarnLevel, "notifications are lost: jobs are polled meanwhile", []zap.Field{zap.Error(fault.Err)}})
	}
	if well {
		t.lookAtAll(now)
	}
	t.unlock()
	if returned && fault.Err != nil && fault.Class == transport.Permanent {
		t.guard.Complain("notifications are not listened to any more", fault.Err)
		return false
	}
	return wait.SleepUntracked(ctx, t.Clock, restart) == nil
}

// lookAtAll has every watch polled soon, as notifications may have been missed.
func (t *Timeline) lookAtAll(now time.Duration) {
	var window time.Duration
	if n := t.watches.Len(); n > pace.SmallBulk {
		window = min(time.Duration(n)*lookEach, t.QuietInterval)
	}
	i := 0
	for x := range t.watches.All() {
		i++
		if x.queued || x.run != nil {
			continue
		}
		t.lookAt(x, instant.Later(now, time.Duration(float64(window)*pace.Spread(i))))
		t.line.Put(x)
	}
	t.proceed(now)
}

// lookAt brings the next poll of x forward to an instant, or to when the service allows it.
func (t *Timeline) lookAt(x *watch, at time.Duration) {
	since := x.poll - x.previous
	var leaveAlone time.Duration
	if x.seen != nil {
		leaveAlone = t.capped(x.seen.LeaveAlone())
	}
	if at = max(at, instant.Later(since, leaveAlone)); at < x.poll {
		x.poll, x.confirmed = at, true
		t.waits(x, at-since)
	}
}

// hear takes in what a Notifier says.
func (t *Timeline) hear(l *listener, st transport.Status) {
	t.mu.Lock()
	defer t.unlockAside()
	if t.closed {
		return
	}
	now := t.now()
	l.source.Listens(now)
	if st.ID == "" {
		return
	}
	t.figures.Notifications++
	l.source.Said(now)
	st.Result = bytes.Clone(st.Result)
	n := hearing.Notice{Status: st, Final: l.trusted}
	x, _ := t.watches.Get(st.ID)
	if x == nil {
		t.memory.Keep(now, n)
		return
	}
	t.heed(x, n, now)
	t.proceed(now)
}

// recall heeds what was heard of x before its wait joined, or while it was polled.
func (t *Timeline) recall(x *watch, now time.Duration) {
	if len(t.listeners) == 0 {
		return
	}
	if n, ok := t.memory.Take(now, x.id); ok {
		t.heed(x, n, now)
	}
}

// heed does what a notification about x asks for: it ends the watch, has it polled, or is an
// update. While x is polled, whoever polls reads what was seen, so that only the end of the watch
// does not wait.
func (t *Timeline) heed(x *watch, n hearing.Notice, now time.Duration) {
	switch st := &n.Status; {
	case st.State.Terminal() && n.Final:
		t.endAsHeard(x, st, now)
	case x.run != nil:
		t.memory.Keep(now, n)
		if x.run.hold > 0 && st.State != transport.Unknown {
			t.stop(x.run, errCut)
		}
	case st.State == transport.Unknown || st.State.Terminal(), st.State == transport.Blocked && !n.Final:
		if st.State != transport.Unknown {
			x.claimed = true
		}
		if !x.queued {
			t.lookAt(x, max(now, instant.Later(x.poll-x.previous, lookGap)))
			if x.poll <= now {
				t.enqueue(x)
			}
			t.line.Put(x)
		}
	default:
		t.update(x, n, now)
	}
}

// update shows the consumers of x a status that is not terminal, unless it says nothing new or is
// older than what was seen.
func (t *Timeline) update(x *watch, n hearing.Notice, now time.Duration) {
	var s sighting.Sighting
	s.See(x.seen, &n.Status, sighting.Fault{}, now, t.Patience)
	s.Revision = "" // a poll must not send the revision of a notification
	if x.seen != nil && (!s.Differs(x.seen) || s.Updated.IsZero() && s.State == transport.Pending && x.seen.Answered) {
		return
	}
	x.claimed = false
	t.saw(x, &s)
	if n.Final {
		x.alive = now - x.began
	}
	t.notified(x, x.status(), now)
	for m := x.waiters; m != nil; {
		next := m.next
		if m.part.call.StopWhenBlocked && x.isBlocked() {
			t.giveUp(m, ErrBlocked)
		} else {
			m.part.call.see(x)
		}
		m = next
	}
}

// endAsHeard ends x by a terminal status that needs no confirmation.
func (t *Timeline) endAsHeard(x *watch, st *transport.Status, now time.Duration) {
	var s sighting.Sighting
	s.See(x.seen, st, sighting.Fault{}, now, t.Patience)
	s.ID = x.id
	kind, age := x.waiters.part.kind, now-x.began
	o, delay := x.outcome(kind, &s.Status, age, age) // it came as the job ended
	x.alive = o.After
	if t.schedule.Learns() {
		o.Marks = s.Marks
		t.outcomes = append(t.outcomes, o)
	}
	t.figures.Delay(delay)
	t.figures.Of(kind).Delay(delay)
	t.notified(x, s.Status, now)
	for m := x.waiters; m != nil; {
		next := m.next
		t.settle(m, &Result{Status: s.Status, End: Ended})
		m = next
	}
}

// notified tells the Observer that a notification changed what is known of x.
func (t *Timeline) notified(x *watch, st transport.Status, now time.Duration) {
	if t.audience != nil {
		t.events = append(t.events, observe.Event{Kind: observe.Notified, Time: t.epoch.Add(now), ID: x.id,
			JobKind: x.waiters.part.kind, Attempt: int(x.attempt), Elapsed: now - x.began, Status: st, Changed: true})
	}
}

// missedBy notes that a poll found the end of x, which was seen to run before, and no notification
// told it. Sources that tell of no ends any more are relied on no longer.
func (t *Timeline) missedBy(x *watch, now time.Duration) {
	if x.claimed || x.alive == 0 {
		return
	}
	for _, l := range t.listeners {
		if l.source.Missed(now) {
			t.note(&note{zapcore.WarnLevel, "notifications do not tell of ends: jobs are polled meanwhile", nil})
			t.lookAtAll(now)
		}
	}
}

// isHeard reports whether a source of notifications is to be relied on.
func (t *Timeline) isHeard(now time.Duration) bool {
	for _, l := range t.listeners {
		if l.source.IsWell(now) {
			return true
		}
	}
	return false
}

// quiet returns the wait between polls of x while notifications are relied on, if the Backoff says
// otherwise. The claim of an end that a poll did not confirm is looked into at the Backoff's pace.
func (t *Timeline) quiet(x *watch, otherwise, now time.Duration) time.Duration {
	if len(t.listeners) == 0 || x.claimed || !t.isHeard(now) {
		return otherwise
	}
	share := 1 + quietJitter*pace.Fraction(x.id, int(x.attempt))
	return max(otherwise, time.Duration(share*float64(t.QuietInterval)))
}
