package timeline

import (
	"errors"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
)

// errCut is the cause of the end of a request that the service kept, where a poll is needed sooner.
var errCut = errors.New("the request is held no longer")

// newsAfter is how long the service must have kept a request for its answer to be as new as the
// job's change.
const newsAfter = time.Second

// holdFor returns for how long the service is to keep the next request about x, 0 if it is to be
// polled.
func (t *Timeline) holdFor(x *watch, now time.Duration) time.Duration {
	if !t.service.Holds() || t.holds >= t.Holds || x.urgent || x.seen == nil || x.claimed || x.isBlocked() || t.isHeard(now) {
		return 0
	}
	left := instant.Forever
	for m := x.waiters; m != nil; m = m.next {
		if m.extended != notExtended {
			return 0
		}
		if end := min(m.end(), m.part.call.until); end != instant.Forever {
			look, _ := pace.LastLook(m.began, end, int(m.ordinal))
			left = min(left, look-now)
		}
	}
	return t.holding.Length(now, left)
}

// likely is within which time a job must be likely to end for it to be held.
const likely = 5 * time.Second

// chooseHeld returns the watch that is asked about next, and for how long the request is held. A
// Backoff that ranks is asked whether x is among those that are likeliest to end soon. It lets go
// of mu meanwhile, so that another watch may be next then, which is polled.
func (t *Timeline) chooseHeld(r *run, x *watch, ranked []candidate, now time.Duration) (*watch, time.Duration) {
	again := r.choosing // the Backoff ended the goroutine: this time it is not asked
	r.choosing = false
	if x == nil {
		return nil, 0
	}
	hold := t.holdFor(x, now)
	if hold == 0 || again || !t.schedule.Ranks() {
		return x, hold
	}
	p, _ := t.question(x)
	p.Elapsed = max(now-x.began, 0)
	r.choosing = true
	t.mu.Unlock()
	rank := t.schedule.Rank(p, likely)
	t.mu.Lock()
	r.choosing = false
	switch next := t.next(ranked); {
	case next != x:
		return next, 0
	case !t.choice.Admit(rank, t.Holds-t.holds, t.Holds):
		return x, 0
	default:
		return x, t.holdFor(x, now)
	}
}

// polls has the worker of r, which the service may have kept, poll from now on. It reports false if
// there are enough that do.
func (t *Timeline) polls(r *run) bool {
	if r.hold == 0 {
		return true
	}
	if t.busy >= t.Concurrency {
		return false
	}
	t.busy++
	r.hold = 0
	return true
}

// isHold reports whether the service was asked to keep the request of r.
func (r *run) isHold() bool { return r.hold > 0 && !r.polled }

// askHeld makes the request of r, which the service is to keep. If it cannot be kept, which takes
// no request to find out, it is a poll.
func (t *Timeline) askHeld(r *run) {
	p := &r.polls[0]
	t.service.Hold(r.observed, p.x.id, p.last, r.hold, &r.status, &r.fault)
	if r.fault.Err == nil || !errors.Is(r.fault.Err, errors.ErrUnsupported) {
		return
	}
	r.fault = sighting.Fault{}
	t.mu.Lock()
	r.polled = true
	if r.in == &t.held {
		r.leave()
		r.until = instant.Later(r.asked, t.PollTimeout)
		t.held.insert(r)
	}
	t.arm()
	t.mu.Unlock()
	t.service.Status(r.observed, p.x.id, p.last, &r.status, &r.fault)
}

// alive returns how old x was when its job still ran for certain, where the service kept the
// request of r until that changed; 0 if it did not.
func (r *run) alive(x *watch) time.Duration {
	if r.isHold() && r.ended-r.asked >= newsAfter {
		return r.ended - x.began
	}
	return 0
}

// ageSeen returns how old x was when its job certainly was as the answer to r says.
func (r *run) ageSeen(x *watch) time.Duration { return max(r.alive(x), r.asked-x.began) }

// unheld notes how the service kept the request of r. It is called with mu held.
func (t *Timeline) unheld(r *run) {
	t.holds--
	p := &r.polls[0]
	took := r.ended - r.asked
	var news bool
	switch {
	case r.polled:
		t.holding.Unsupported(r.ended)
	case r.abandoned():
	case r.fault.Err == nil && p.silent:
		news = t.holding.Silent(r.ended, took, p.due)
	case r.fault.Err == nil:
		t.holding.News()
	default:
		news = t.holding.Failed(r.ended, r.hold, took)
	}
	if news {
		t.note(&note{zapcore.WarnLevel, "requests are not held: jobs are polled meanwhile", []zap.Field{zap.Error(r.fault.Err)}})
	}
}

// stepDown has x, about which a held request failed, polled: at once, unless the service asks to be
// left alone.
func (t *Timeline) stepDown(x *watch, p *poll, now time.Duration) {
	if p.wait <= 0 {
		t.requeue(x, now)
		return
	}
	for m := x.waiters; m != nil; {
		next := m.next
		t.throttle(m, now, p.wait)
		m = next
	}
	if x.waiters != nil {
		x.poll = instant.Later(now, p.wait)
		t.waits(x, p.wait)
		t.line.Put(x)
	}
}

// cut ends the hold of x if m, which joins it, cannot wait for so long.
func (t *Timeline) cut(x *watch, m *waiter) {
	if r := x.run; r != nil && r.hold > 0 && (m.extended != notExtended || m.end() < instant.Later(r.asked, r.hold)) {
		t.stop(r, errCut)
	}
}
