package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// maxReasked is the maximum number of watches about which a Follower is asked again together with
// the one that is next: those that have been due longest.
const maxReasked = 64

// A second is a due watch about which the Backoff is asked a second time.
type second struct {
	x      *watch
	poll   backoff.Poll
	polled time.Duration // when the last poll ended, or when the watch began
	wait   time.Duration // the answer
}

// reaskLocked asks a Backoff that is a Follower again about the argument next, and about others of
// the watches of its lane that have been due longest. Watches whose poll it postpones become
// waiting again. The function releases mu during the calls.
func (o *chooser) reaskLocked(c *call, next *watch, now time.Duration) {
	due := []second{o.secondLocked(next, now)}
	for x := range o.board.ready.Lane(next.lane).Head(maxReasked) {
		if x != next && !x.marks.has(confirmed) {
			due = append(due, o.secondLocked(x, now))
		}
	}
	c.asking = true
	o.mu.Unlock()
	for i := range due {
		q := &due[i]
		wait, err := o.schedule.Ask(&q.poll)
		if q.wait = wait; err != nil {
			q.wait = 0 // the poll is made, and its Next reports the panic
		}
	}
	o.mu.Lock()
	c.asking = false
	for i := range due {
		o.putOffLocked(&due[i], now)
	}
}

func (o *chooser) secondLocked(x *watch, now time.Duration) second {
	p, polled := o.board.questionLocked(x)
	p.Waited = max(now-polled, 0)
	return second{x: x, poll: p, polled: polled}
}

// putOffLocked puts the watch of q back on the due line if its poll is postponed by more than
// [boundary.MinWait]. Otherwise it confirms the poll.
func (o *chooser) putOffLocked(q *second, now time.Duration) {
	x := q.x
	if x.phase != ready || x.poll-x.previous != q.polled { // x was polled meanwhile
		return
	}
	x.marks |= confirmed
	later := o.board.alignLocked(instant.Later(q.polled, q.wait), q.wait)
	if x.urgent || later <= now+boundary.MinWait {
		return
	}
	due := x.poll
	x.poll = later
	for m := x.waiters; m != nil; m = m.next {
		o.board.lookLastLocked(x, m, q.polled, q.polled, q.poll.RetryAfter)
	}
	if x.poll <= now+boundary.MinWait {
		x.poll = due
		return
	}
	o.board.moveLocked(x, waiting)
	o.board.waitsLocked(x, x.poll-q.polled)
	x.marks &^= confirmed
	o.board.line.Put(x, x.due())
}
