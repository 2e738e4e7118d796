package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/instant"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// maxReasked is how many due watches a Backoff that follows is asked about again at a time.
const maxReasked = 64

// followNew tells a Backoff that follows of a watch that begins, unless there is one of that id.
func (t *Timeline) followNew(id, kind string) (told bool) {
	if !t.schedule.Follows() {
		return false
	}
	t.mu.Lock()
	x, _ := t.watches.Get(id)
	t.mu.Unlock()
	if x != nil {
		return false
	}
	t.schedule.Follow(id, kind, 0)
	return true
}

// A second is a due watch about which the Backoff is asked for the second time.
type second struct {
	x      *watch
	poll   backoff.Poll
	polled time.Duration // when the poll before ended, or when the watch began
	wait   time.Duration // the answer
}

// reaskLocked asks a Backoff that follows once more about watches that are due, the one that is
// next among them, and puts back those whose poll it puts off. It lets go of mu meanwhile.
func (t *Timeline) reaskLocked(r *run, next *watch, now time.Duration) {
	due := []second{t.second(next, now)}
	for x := range t.ready.Lane(next.lane).All() {
		if x != next && !x.confirmed {
			due = append(due, t.second(x, now))
		}
		if len(due) == maxReasked {
			break
		}
	}
	r.asking = true
	t.mu.Unlock()
	for i := range due {
		q := &due[i]
		wait, err := t.schedule.Ask(q.poll)
		if q.wait = wait; err != nil {
			q.wait = 0 // the poll is made, and tells
		}
	}
	t.mu.Lock()
	r.asking = false
	for i := range due {
		t.putOff(&due[i], now)
	}
}

func (t *Timeline) second(x *watch, now time.Duration) second {
	p, polled := t.question(x)
	p.Waited = max(now-polled, 0)
	return second{x: x, poll: p, polled: polled}
}

// putOff puts the watch of q back on the line if its poll is put off by more than is worth a
// wake-up, and otherwise confirms that it is polled.
func (t *Timeline) putOff(q *second, now time.Duration) {
	x := q.x
	if !x.queued || x.poll-x.previous != q.polled { // it was polled meanwhile
		return
	}
	x.confirmed = true
	later := t.align(instant.Later(q.polled, q.wait), q.wait)
	if x.urgent || later <= now+boundary.MinWait {
		return
	}
	due := x.poll
	x.poll = later
	for m := x.waiters; m != nil; m = m.next {
		x.lookLast(m, q.polled, q.polled, q.poll.RetryAfter)
	}
	if x.poll <= now+boundary.MinWait {
		x.poll = due
		return
	}
	x.queued = false
	t.ready.TakeBack(x.lane)
	t.waits(x, x.poll-q.polled)
	x.confirmed = false
	t.line.Put(x)
}
