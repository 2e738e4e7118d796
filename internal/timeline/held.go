package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
)

// likely is the time within which a job must be likely to end to be held.
const likely = 5 * time.Second

// maxSilences is the number of consecutive holds without news after which a poll is made. Otherwise
// a service that holds requests and reports no end would lose the job.
const maxSilences = 8

// holdForLocked returns how long the next request about x is held, or 0 if x is polled.
func (o *chooser) holdForLocked(x *watch, now time.Duration) time.Duration {
	switch {
	case o.pool.holds >= o.holding.Most(now, o.Holds) || o.holding.Length(now, instant.Forever) == 0 || o.hub.isHeardLocked(now):
		return 0
	case x.urgent || x.seen == nil || x.vain.of(aHold) >= maxSilences || x.marks.has(claimed) || x.isBlocked():
		return 0
	}
	left := instant.Forever
	for m := x.waiters; m != nil; m = m.next {
		if m.extended != notExtended {
			return 0
		}
		if end := min(m.end(), m.part.consumer.until); end != instant.Forever {
			look, _ := pace.LastLook(m.began, end, int(m.cohort))
			left = min(left, look-now)
		}
	}
	return o.holding.Length(now, left)
}

// chooseHeldLocked returns the watch that is asked about next, and how long its request is held, or
// 0. The Transport must be a Holder. If the Backoff is a Ranker, the request about x is held only
// if the job is among those that are likeliest to end soon. The function releases mu while the
// Backoff ranks x. If another watch is next afterwards, that watch is polled.
func (o *chooser) chooseHeldLocked(c *call, x *watch, ranked []candidate, now time.Duration) (*watch, time.Duration) {
	again := c.choosing // the Backoff ended the goroutine before, so it is not asked again
	c.choosing = false
	if x == nil {
		return nil, 0
	}
	hold := o.holdForLocked(x, now)
	if hold == 0 || again || !o.schedule.Ranks() {
		return x, hold
	}
	p, _ := o.board.questionLocked(x)
	p.Elapsed = max(now-x.began, 0)
	c.choosing = true
	o.mu.Unlock()
	rank := o.schedule.Rank(&p, likely)
	o.mu.Lock()
	c.choosing = false
	switch next := o.nextLocked(ranked); {
	case next != x:
		return next, 0
	case !o.admitLocked(rank, now):
		return x, 0
	default:
		return x, o.holdForLocked(x, now)
	}
}

// admitLocked reports whether to hold a job of the given rank.
func (o *chooser) admitLocked(rank float64, now time.Duration) bool {
	most := o.holding.Most(now, o.Holds)
	return o.choice.Admit(rank, most-o.pool.holds, most)
}

// holdsUntil returns when a hold of the watch of m is canceled if it has not ended, so that a poll
// makes the last look of m. The service was asked to keep the request at most until the look is
// due.
func (m *waiter) holdsUntil() time.Duration {
	end := min(m.end(), m.part.consumer.until)
	if end == instant.Forever {
		return end
	}
	look, _ := pace.LastLook(m.began, end, int(m.cohort))
	return look + (end-look)/2
}
