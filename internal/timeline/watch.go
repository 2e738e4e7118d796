package timeline

import (
	"bytes"
	"errors"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Rules of a watch that have no option.
const (
	// notFoundGrace is how long after a watch began the service may still not know the job: a new job is not known
	// everywhere at once.
	notFoundGrace = 30 * time.Second
	// maxRetryAfter caps the wait that a service can ask for. A watch whose timeout cannot hold a longer one gives up.
	maxRetryAfter = 5 * time.Minute
	// maxMalformed is how many answers in a row may be unreadable.
	maxMalformed = 5
	// minWait separates polls whatever the Backoff says.
	minWait = time.Millisecond
	// maxLastLook bounds how long before its timeout a watch makes its last poll, which is otherwise a tenth of the timeout. Those of
	// a bulk make theirs anywhere in that tenth.
	maxLastLook = time.Second
	// maxMarks bounds the reports of progress that a watch keeps.
	maxMarks = 8
	// maxPlain bounds the number of sightings that watches share.
	maxPlain = 256
)

// A watch is one job that somebody waits for. It stands on the timeline from join until its last waiter leaves. A million of
// them wait at once, so it is kept small.
//
// All fields are guarded by Timeline.mu. The worker that polls also reads them without it, as nobody else writes those that it
// reads before it has come back.
type watch struct {
	id       string
	waiters  *waiter   // nil once all have left, and the watch with them
	seen     *sighting // nil before the first poll
	began    time.Duration
	poll     time.Duration // when to poll next; forever from when that has come until the poll is answered
	previous time.Duration // the wait before the next poll, or before the one that is under way
	deadline time.Duration // the earliest of its waiters'
	alive    time.Duration // how old the watch was when the job was last seen not to have ended
	run      *run          // the poll under way, nil if none is
	attempt  int32         // polls made
	place    int32         // on the timeline
	lane     uint16        // the number of its lane
	alone    uint16        // the size of the largest batch that it may go out in, 0 if there is no such limit
	queued   bool          // it is due for a poll and waits for a worker
}

// due returns when the timeline has something to do about x.
func (x *watch) due() time.Duration { return min(x.poll, x.deadline) }

// status returns the newest status seen.
func (x *watch) status() transport.Status {
	var st transport.Status
	if x.seen != nil {
		st = x.seen.Status
	}
	st.ID = x.id
	return st
}

// A sighting is what a watch keeps of its polls. It does not change, as watches that have seen no more than a state share one.
type sighting struct {
	transport.Status                // the newest answer, without its id
	answered         bool           // there was one
	pace             time.Duration  // the newest wait between polls that an answer asked for
	leave            time.Duration  // the wait that the last poll's error asked for, once
	err              error          // of the last poll
	malformed        int            // unreadable answers in a row
	marks            []backoff.Mark // of progress, for a Backoff that learns
}

// plainStatus is what an answer says that says no more than the state.
type plainStatus struct {
	state transport.State
	raw   string
}

// isPlain reports whether s says no more than a plainStatus.
func (s *sighting) isPlain() bool {
	return s.answered && s.pace == 0 && s.err == nil && s.marks == nil &&
		s.Progress == 0 && s.Message == "" && s.Result == nil && s.Revision == "" && s.RetryAfter == 0 &&
		s.Created.IsZero() && s.Updated.IsZero() && s.Finished.IsZero()
}

// same reports whether s and last are plain and say the same. Others are not compared, as they mostly differ.
func (s *sighting) same(last *sighting) bool {
	return last != nil && s.State == last.State && s.Raw == last.Raw && s.isPlain() && last.isPlain()
}

// share returns s, or one that is equal to it and that other watches have too. It is called with mu held.
func (t *Timeline) share(s *sighting) *sighting {
	if !s.isPlain() {
		return s
	}
	key := plainStatus{s.State, s.Raw}
	if shared := t.plain[key]; shared != nil {
		return shared
	}
	if len(t.plain) < maxPlain {
		t.plain[key] = s
	}
	return s
}

// sameStatus reports whether there is nothing to tell a consumer who has seen a when b comes.
func sameStatus(a, b *transport.Status) bool {
	return a.State == b.State && a.Raw == b.Raw && a.Progress == b.Progress && a.Message == b.Message &&
		bytes.Equal(a.Result, b.Result)
}

// unseen is what a watch has seen before its first poll.
var unseen sighting

// look fills s with what x has seen after a poll that ended with st and err, and returns whether the watch is over by it: with the
// job's terminal status, or with an error that no further poll would cure.
func (x *watch) look(s *sighting, st *transport.Status, err error, now time.Duration) (over bool, why error) {
	last := x.seen
	if last == nil {
		last = &unseen
	}
	s.pace, s.marks = last.pace, last.marks
	if err == nil {
		s.Status, s.answered = *st, true
		s.ID = ""
		if !(s.Progress >= 0) {
			s.Progress = 0
		}
		s.Progress = min(s.Progress, 1)
		if s.RetryAfter > 0 {
			s.pace = s.RetryAfter
		}
		if s.State.Terminal() {
			return true, nil
		}
		if !s.Updated.IsZero() && s.Updated.Before(last.Updated) {
			s.Status = last.Status // a replica that lags
		}
		return false, nil
	}
	s.Status, s.answered, s.err = last.Status, last.answered, err
	class := classOf(err)
	s.leave = hintOf(err)
	if class == transport.Malformed {
		s.malformed = last.malformed + 1
	}
	over = class == transport.Permanent ||
		class == transport.NotFound && now-x.began >= notFoundGrace ||
		class == transport.Malformed && s.malformed >= maxMalformed
	if over {
		why = err
	}
	return over, why
}

// lookLast brings the next poll of x forward to shortly before m gives up, if it would come later than that. It never comes before the
// service allows it: so long after since, when the service answered last. The last looks of a call with many jobs left are spread over the
// last tenth of its time.
func (x *watch) lookLast(m *waiter, now, since, allowed time.Duration) {
	end := min(m.deadline(), m.call.until)
	if end == forever {
		return
	}
	tenth := max((end-m.began)/10, 1)
	look := end - min(tenth, maxLastLook)
	if look >= x.poll {
		return // the next poll comes first, and leaves time for a last look
	}
	if len(m.call.members) > smallBulk {
		look -= time.Duration(float64(max(tenth-maxLastLook, 0)) * spread(int(m.member)))
	}
	look = max(look, later(since, allowed))
	if look > now && look < min(x.poll, end) {
		x.poll = look
	}
}

// outcome returns what x learned from a terminal status that came when it was age old, and how long ago the job ended at most.
func (x *watch) outcome(kind string, st *transport.Status, age time.Duration) (o backoff.Outcome, delay time.Duration) {
	o = backoff.Outcome{Key: x.id, Kind: kind, After: x.alive, Before: age, Ended: true}
	if !st.Created.IsZero() && !st.Finished.IsZero() {
		if exact := st.Finished.Sub(st.Created); exact >= o.After && exact <= o.Before {
			o.After, o.Before = exact, exact
			return o, age - exact
		}
	}
	return o, age - x.alive
}

// mark keeps the progress that was reported when the watch was so old. Where there is no more room, every second mark makes way.
func (s *sighting) mark(age time.Duration) {
	n := len(s.marks)
	if s.Progress <= 0 || n > 0 && s.marks[n-1].Progress == s.Progress {
		return
	}
	marks := s.marks
	if n == maxMarks {
		marks = nil
		for i := 1; i < n; i += 2 {
			marks = append(marks, s.marks[i])
		}
	}
	s.marks = append(marks, backoff.Mark{Age: age, Progress: s.Progress})
}

// retryAfter is how long the service asks to be left alone now. What an answer asks for is its pace until an answer that names
// another; what an error asks for is meant once.
func (s *sighting) retryAfter() time.Duration {
	if s.leave > 0 {
		return s.leave
	}
	return s.pace
}

// stateName is what a Backoff is told of the state.
func (s *sighting) stateName() string {
	if !s.answered {
		return ""
	}
	return s.State.String()
}

// isUnknownJob reports whether all that the service said is that it does not know the job.
func (s *sighting) isUnknownJob() bool { return !s.answered && errors.Is(s.err, transport.ErrNotFound) }
