package timeline

import (
	"fmt"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/internal/hearing"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// hear handles one notification of a call of Notify. The argument call is the number of calls that
// had ended when this one began. A notification of a call that has ended is ignored.
func (h *hub) hear(l *subscription, call int, st transport.Status) {
	h.mu.Lock()
	defer h.unlockAside()
	if h.closed || call != l.calls {
		return
	}
	now := h.now()
	if l.source.Listens(now) {
		h.lookAtAllLocked(now)
	}
	if transport.CheckID(st.ID) != nil { // no wait can be for it
		return
	}
	h.board.figures.Notifications++
	l.source.Said(now)
	n := hearing.Notice{Status: st, Final: l.trusted}
	sighting.Clamp(&n.Status)
	n.Status.RetryAfter = st.RetryAfter // it may be transport.NoWait
	x, _ := h.board.watches.Get(st.ID)
	if x == nil {
		h.memory.Keep(now, n)
		return
	}
	h.heedLocked(x, n, now)
	h.pool.proceedLocked(now)
}

// recallLocked acts on a notification about x that came before its wait joined, or while it was
// polled.
func (h *hub) recallLocked(x *watch, now time.Duration) {
	if len(h.subscriptions) > 0 { // otherwise a joining goroutine needs no stack for the call below
		h.recallKeptLocked(x, now)
	}
}

func (h *hub) recallKeptLocked(x *watch, now time.Duration) {
	if n, ok := h.memory.Take(now, x.id); ok {
		h.heedLocked(x, n, now)
	}
}

// lookGap is the shortest time between an answer and a poll that a notification asks for.
const lookGap = 100 * time.Millisecond

// lookGapOf returns the time between the last answer and a poll of x that a notification asks for.
// It doubles with each such poll that finds nothing new, up to the quiet interval. So whoever
// repeats a notification that is wrong does not cause ever more polls.
func lookGapOf(x *watch, quiet time.Duration) time.Duration {
	return max(lookGap, min(lookGap<<x.vain.of(aLook), quiet))
}

// heedLocked acts on a notification about x: it ends the watch, makes it due, or passes on an
// update. While x is polled, its sighting must not change. So a notification that does not end the
// watch is kept until then.
func (h *hub) heedLocked(x *watch, n hearing.Notice, now time.Duration) {
	switch st := &n.Status; {
	case st.State.Terminal() && n.Final:
		h.endAsHeardLocked(x, st, now)
	case x.phase == asked:
		h.memory.Keep(now, n)
		if x.call.isHold() && st.State != transport.Unknown {
			h.pool.stopLocked(x.call, errCut)
		}
	case st.State == transport.Unknown || st.State.Terminal(), st.State == transport.Blocked && !n.Final:
		if st.State != transport.Unknown {
			x.marks |= claimed | checks
		}
		x.marks |= told
		if x.phase != ready {
			h.board.lookAtLocked(x, max(now, instant.Later(x.poll-x.previous, lookGapOf(x, h.QuietInterval))))
			if x.poll <= now {
				h.board.moveLocked(x, ready)
			}
			h.board.line.Put(x, x.due())
		}
	default:
		h.updateLocked(x, n, now)
	}
}

// updateLocked passes a status that is not terminal to the consumers of x, if it is new and not
// older than the newest status.
func (h *hub) updateLocked(x *watch, n hearing.Notice, now time.Duration) {
	var s sighting.Sighting
	var present time.Duration
	if x.seen != nil {
		if !n.Status.Updated.IsZero() && n.Status.Updated.Before(x.seen.Updated) {
			return
		}
		present = x.seen.Pace
	}
	n.Status.RetryAfter = namedWait(&n, present, h.QuietInterval)
	n.Status.Revision = "" // a poll must not send the revision of a notification
	s.See(x.seen, &n.Status, sighting.PollError{}, h.awake(now), h.Patience)
	sighting.KeepPause(&s, x.seen)
	isFuture := s.Updated.After(h.steady.Time(now)) // a wrong time must not hide the answers to polls
	s.Unconfirmed = isFuture || !n.Final && !s.Updated.IsZero()
	if x.seen != nil && (!s.Differs(x.seen) || s.Updated.IsZero() && s.State == transport.Pending && x.seen.Answered) {
		return
	}
	if x.isBlocked() { // a poll has confirmed the notification that the job is blocked
		x.marks &^= claimed
	}
	h.board.sawLocked(x, &s)
	if n.Final {
		x.alive = now - x.began
	}
	h.notifiedLocked(x, x.status(), now)
	for m := x.waiters; m != nil; {
		next := m.next
		if m.part.consumer.StopWhenBlocked && x.isBlocked() {
			h.finisher.giveUpLocked(m, ErrBlocked)
		} else {
			m.part.consumer.seeLocked(x)
		}
		m = next
	}
}

// namedWait returns the wait between polls that n names, or 0. The arguments are the present wait
// and the quiet interval. The result is at most longRetryAfter, so that it ends no wait. A
// notification from an untrusted source can only make polls rarer, at most to the quiet interval.
func namedWait(n *hearing.Notice, present, quiet time.Duration) time.Duration {
	d := min(n.Status.RetryAfter, longRetryAfter)
	if n.Final {
		return d
	}
	if d = min(d, quiet); d <= present {
		return 0
	}
	return d
}

// longRetryAfter is the longest wait of the service that does not end a wait. If the service asks
// for a longer wait, a wait whose timeout is sooner ends at once.
const longRetryAfter = 5 * time.Minute

// throttleLocked ends the wait of m at once if the service asks for a wait of more than
// longRetryAfter, and the deadline of m is sooner. It does not end it if a reliable and trusted
// source of notifications can still report the end of the job.
func (h *hub) throttleLocked(m *waiter, now, retryAfter time.Duration) (ended bool) {
	if retryAfter <= longRetryAfter || instant.Later(now, retryAfter) <= m.deadline() {
		return false
	}
	for _, l := range h.subscriptions {
		if l.source.IsWell(now) && l.trusted {
			return false
		}
	}
	h.finisher.giveUpLocked(m, fmt.Errorf("%w: the service asks for a wait of %v (WithMaxRetryAfter limits it)", transport.ErrThrottled, retryAfter))
	return true
}

// endAsHeardLocked ends x with a terminal status that needs no confirmation.
func (h *hub) endAsHeardLocked(x *watch, st *transport.Status, now time.Duration) {
	var s sighting.Sighting
	s.See(x.seen, st, sighting.PollError{}, h.awake(now), h.Patience)
	ended := s.Status()
	ended.ID = x.id
	kind, age := h.board.kindLocked(x, x.waiters.part), now-x.began
	o, delay := x.outcome(kind, &ended, x.alive, age, age) // the notification came when the job ended
	x.alive, o.Marks = o.After, s.Marks()
	h.finisher.endedLocked(x, o)
	h.board.figures.Delay(delay)
	h.board.figures.Of(kind).Delay(delay)
	h.notifiedLocked(x, ended, now)
	for m := x.waiters; m != nil; {
		next := m.next
		h.finisher.settleLocked(m, &Result{Status: ended, End: Ended})
		m = next
	}
}

// notifiedLocked tells the Observer that a notification changed what is known about x.
func (h *hub) notifiedLocked(x *watch, st transport.Status, now time.Duration) {
	if h.audience != nil {
		h.events = append(h.events, observe.Event{Kind: observe.Notified, Time: h.steady.Time(now), ID: x.id,
			JobKind: h.board.kindLocked(x, x.waiters.part), Attempt: int(x.attempt), Elapsed: now - x.began, Status: st, Changed: true})
	}
}

// missedByLocked notes that a poll found the end of x, and no notification reported it. Sources
// that miss several ends no longer count as reliable. An end does not count if the service says
// that it was before the watch began. An end of a job that was never seen to run does count.
// Otherwise a silent source would stay reliable if all jobs are shorter than the quiet interval.
func (h *hub) missedByLocked(x *watch, now time.Duration) {
	finished := x.seen.Status().Finished
	if x.marks.has(claimed) || !finished.IsZero() && finished.Before(h.steady.Time(x.began)) {
		return
	}
	for _, l := range h.subscriptions {
		if l.source.Missed(now) {
			h.noteLocked(&note{zapcore.WarnLevel, "notifications do not tell of ends: jobs are polled meanwhile", nil})
			h.lookAtAllLocked(now)
		}
	}
}

// isHeardLocked reports whether any source of notifications is reliable.
func (h *hub) isHeardLocked(now time.Duration) bool {
	for _, l := range h.subscriptions {
		if l.source.IsWell(now) {
			return true
		}
	}
	return false
}

// quietJitter is the largest share by which a quiet interval is extended, so that polls do not
// coincide.
const quietJitter = 0.25

// quietLocked returns the wait before the next poll of x. The argument otherwise is the wait of the
// Backoff. If a source of notifications is reliable, the result is the quiet interval, or otherwise
// if that is longer. If a notification reported an end that no poll has confirmed, or the last
// answer was odd, the result is otherwise.
func (h *hub) quietLocked(x *watch, otherwise, now time.Duration) time.Duration {
	isOdd := x.seen != nil && x.seen.IsOdd()
	if len(h.subscriptions) == 0 || isOdd || x.marks.has(claimed) || !h.isHeardLocked(now) {
		return otherwise
	}
	share := quietJitter * pace.Fraction(x.id, int(x.attempt))
	return max(otherwise, instant.Later(h.QuietInterval, time.Duration(share*float64(h.QuietInterval))))
}
