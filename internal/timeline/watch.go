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
	gone                 // nobody waits for it any more
)

// A watch is one job that somebody waits for. It exists from join until its last waiter leaves. A
// million of them may wait at once, so the struct is small.
//
// All fields are guarded by core.mu. The worker that polls a watch also reads some without the
// lock, because nobody else writes those until the poll has returned.
type watch struct {
	id      string
	waiters *waiter            // nil once all have left, and the watch with them
	seen    *sighting.Sighting // nil before the first poll
	times
	call       *call // the poll in flight, nil if none is
	attempt    int32 // polls made
	place      int32 // on the due line
	batchLimit batching.JobLimit
	lane       uint16 // the number of its lane
	phase      phase
	urgent     bool // one of its waiters goes on after its timeout for a last look
	marks      marks
	// silences is how many requests in a row were held without news.
	silences uint8
}

// marks are flags of a watch.
type marks uint8

const (
	confirmed marks = 1 << iota // a Backoff that follows was asked again about the poll that is due
	claimed                     // a notification said that the job has ended, and no poll has confirmed it
	started                     // the service has just started the job
	checks                      // the poll that is due, or in flight, is to confirm such a claim
	checked                     // a claim was checked again after a quiet interval: see checkAgainLocked
)

func (m marks) has(other marks) bool { return m&other != 0 }

// times are the instants and durations of a watch.
type times struct {
	began    time.Duration
	poll     time.Duration // when to poll next; from then on until the poll is answered, when it became due
	previous time.Duration // the wait before the next poll, or before the one that is in flight
	deadline time.Duration // the earliest of its waiters'
	alive    time.Duration // how old the watch was when the job was last seen not to have ended
}

// due returns the instant of the next event of x.
func (x *watch) due() time.Duration {
	if x.phase != waiting {
		return x.deadline
	}
	return min(x.poll, x.deadline)
}

// Place returns where x keeps its place on the due line.
func (x *watch) Place() *int32 { return &x.place }

// Key returns the id of x, by which the index finds it.
func (x *watch) Key() string { return x.id }

// Waits reports whether x still waits for the poll that became due at the given instant.
func (x *watch) Waits(since time.Duration) bool { return x.phase == ready && x.poll == since }

// seenBefore returns what is known of the job before a poll of x, or nil if that is nothing.
func (x *watch) seenBefore() *sighting.Sighting {
	if x.seen == nil && x.marks.has(started) {
		return &sighting.JustStarted
	}
	return x.seen
}

// manyPolls is the first number of polls after which one asks afresh.
const manyPolls = 64

// isAskedAfresh reports whether a poll of x at an instant asks for the status whatever was seen
// before. A cache that is out of order says for ever that nothing is new. So the last poll before a
// waiter reaches a limit asks so, and a poll that confirms a notification. Of many polls, those do
// that come after a power of two of them.
func (x *watch) isAskedAfresh(now time.Duration) bool {
	n := x.attempt
	switch {
	case x.seen == nil || x.seen.Revision == "": // nothing would be asked for by
		return false
	case x.urgent || x.marks.has(claimed) || n >= manyPolls && n&(n-1) == 0:
		return true
	}
	for m := x.waiters; m != nil; m = m.next {
		isLast := !m.persists && int(n+1-m.joined) >= m.part.consumer.MaxAttempts
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
		st = x.seen.Status
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

// outcome returns what a Backoff learns from a terminal status of x, and how long ago the job ended
// at most. The status came at the given age, and alive is the age at which the job was last seen
// not to have ended. Times that the service reports are used instead, if they agree with these
// ages.
func (x *watch) outcome(kind string, st *transport.Status, alive, age time.Duration) (o backoff.Outcome, delay time.Duration) {
	o = backoff.Outcome{Key: x.id, Kind: kind, After: alive, Before: age, Ended: true}
	if !st.Created.IsZero() && !st.Finished.IsZero() {
		if exact := st.Finished.Sub(st.Created); exact >= x.alive && exact <= o.Before {
			o.After, o.Before = exact, exact
			return o, age - exact
		}
	}
	return o, age - alive
}
