package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/batching"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A phase is what a watch is doing. docs/design.md has the events that change it.
type phase uint8

const (
	waiting phase = iota // for its next poll to be due
	ready                // its poll is due, and waits for a worker
	asked                // its poll is in flight
	gone                 // its last waiter has left
)

// A watch follows one job. It exists while the job has a waiter. There may be a million watches at
// once, so the struct is small.
//
// All fields are guarded by core.mu. The worker that polls a watch also reads some fields without
// the lock. No other goroutine writes these fields until the poll has returned.
type watch struct {
	id      string
	waiters *waiter            // nil once the watch is gone
	seen    *sighting.Sighting // nil before the first poll
	times
	call       *call // the poll in flight, nil if none is
	attempt    int32 // the number of polls made
	place      int32 // its place on the due line
	batchLimit batching.JobLimit
	lane       uint16 // the number of its lane
	phase      phase
	urgent     bool // one of its waiters continues after its timeout for a last look
	marks      marks
	vain       tally
}

// A tally counts, up to 15 each, what a watch did in vain in a row.
type tally uint8

const (
	aHold tally = 1      // a hold that ended without news
	aLook tally = 1 << 4 // a poll that a notification asked for, and that found nothing new
)

// of returns how many of one sort there were.
func (t tally) of(one tally) uint8 { return uint8(t/one) & 15 }

// with returns t with n of one sort.
func (t tally) with(one tally, n uint8) tally { return t&^(15*one) | tally(min(n, 15))*one }

// marks are flags of a watch.
type marks uint8

const (
	confirmed marks = 1 << iota // a Backoff that is a Follower has confirmed the due poll
	claimed                     // a notification said that the job has ended, and no poll has confirmed it
	started                     // the service has just started the job
	checks                      // the poll that is due, or in flight, is to confirm such a claim
	checked                     // a claim was checked again after a quiet interval: see checkAgainLocked
	hurried                     // the poll that is due, or in flight, comes sooner than the Backoff asked for
	told                        // a notification asked for the poll that is due, or in flight
	paused                      // a failed hold or batch named the wait before the poll that is due, or in flight
)

func (m marks) has(other marks) bool { return m&other != 0 }

// times are the instants and durations of a watch.
type times struct {
	began    time.Duration
	poll     time.Duration // when the next poll is due, or when the overdue poll or the poll in flight was
	previous time.Duration // the wait before the next poll, or before the one that is in flight
	deadline time.Duration // the earliest deadline of its waiters
	alive    time.Duration // the age at which the job was last seen not to have ended
}

// due returns the instant of the next event of x.
func (x *watch) due() time.Duration {
	if x.phase != waiting {
		return x.deadline
	}
	return min(x.poll, x.deadline)
}

// Place returns a pointer to the place of x on the due line.
func (x *watch) Place() *int32 { return &x.place }

// Key returns the id of x, by which the index finds it.
func (x *watch) Key() string { return x.id }

// Waits reports whether x still waits for the poll that became due at the given instant.
func (x *watch) Waits(since time.Duration) bool { return x.phase == ready && x.poll == since }

// seenBefore returns what is known about the job before a poll of x, or nil if nothing is known.
func (x *watch) seenBefore() *sighting.Sighting {
	if x.seen == nil && x.marks.has(started) {
		return &sighting.JustStarted
	}
	return x.seen
}

// manyPolls is the number of polls after which a poll is unconditional for the first time.
const manyPolls = 64

// isAskedAfresh reports whether a poll of x now is unconditional, although there is a Revision. A
// faulty cache can answer forever that nothing is new. So the last poll before a waiter reaches a
// limit is unconditional, and so is a poll that confirms a notification. So are polls 65, 129, 257
// and so on.
func (x *watch) isAskedAfresh(now time.Duration) bool {
	n := x.attempt
	switch {
	case x.seen.Revision() == "": // the poll is unconditional anyway
		return false
	case x.urgent || x.marks.has(claimed) || n >= manyPolls && n&(n-1) == 0:
		return true
	}
	for m := x.waiters; m != nil; m = m.next {
		isLast := !m.persists && m.attempts()+1 >= m.part.consumer.MaxAttempts
		if isLast || min(m.deadline(), m.part.consumer.until)-now <= x.previous {
			return true
		}
	}
	return false
}

// isBlocked reports whether the newest status of x says that its job waits for a person.
func (x *watch) isBlocked() bool { return x.seen != nil && x.seen.State == transport.Blocked }

// status returns the newest status seen.
func (x *watch) status() transport.Status {
	var st transport.Status
	if x.seen != nil {
		st = x.seen.Status()
	}
	st.ID = x.id
	return st
}

// timeout returns the time from the beginning of x until its last waiter gives up, or Unlimited.
func (x *watch) timeout() time.Duration {
	var longest time.Duration
	for m := x.waiters; m != nil; m = m.next {
		if m.end() == instant.Forever {
			return Unlimited
		}
		longest = max(longest, m.end()-x.began)
	}
	return longest
}

// outcome returns what a Backoff learns from a terminal status of x, and the longest time that may
// have passed since the job ended. The status came at the given age. A poll last saw the job run at
// the age seen, and the job had certainly not ended at the age alive. If the service reports the
// exact times, and they agree with seen and age, they are used.
func (x *watch) outcome(kind string, st *transport.Status, seen, alive, age time.Duration) (o backoff.Outcome, delay time.Duration) {
	o = backoff.Outcome{Key: x.id, Kind: kind, After: alive, Before: age, Ended: true}
	if !st.Created.IsZero() && !st.Finished.IsZero() {
		if exact := st.Finished.Sub(st.Created); exact >= seen && exact <= o.Before {
			o.After, o.Before = exact, exact
			return o, age - exact
		}
	}
	return o, age - alive
}
