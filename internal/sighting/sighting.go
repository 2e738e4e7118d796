// Package sighting decides what an answer or an error makes of a watch: whether the job has ended,
// whether the watch goes on, and what it keeps until the next poll. It knows no clock and no lock:
// instants are arguments, results are values.
package sighting

import (
	"bytes"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxMarks bounds the reports of progress that a watch keeps.
	maxMarks = 8
	// maxMessage, maxResult, maxWord and maxRevision bound, in bytes, what a watch keeps of a
	// status that is not terminal (fault 61). A longer message or word is cut, and a longer result
	// or revision is left out.
	maxMessage  = 2 << 10
	maxResult   = 1 << 10
	maxWord     = 256
	maxRevision = 512
)

// A Sighting is what a watch keeps of its polls. It does not change, so that watches which have
// seen no more than a state can share one.
type Sighting struct {
	transport.Status
	// Answered is whether there was an answer. Status is the newest, without its id.
	Answered bool
	// Pace is the newest wait between polls that an answer asked for.
	Pace time.Duration
	// Marks are the reports of progress, for a Backoff that learns.
	Marks []backoff.Mark

	// Fault is the last poll's. The wait that it asks for is meant once.
	Fault Fault
	// Odd counts the odd answers since the job was last seen well, and Since is when the first of
	// them came.
	Odd   int
	Since time.Duration

	// stale counts the answers in a row that were older than Status, and were dropped; staleSince
	// is when the first came.
	stale      int
	staleSince time.Duration
}

// A Verdict is what a poll made of its watch.
type Verdict struct {
	// Over is whether the watch ends: by the job's terminal status if Err is nil, and by Err
	// otherwise.
	Over bool
	Err  error
}

var unseen Sighting

// See fills s, which is zero, with what a watch has seen after a poll that brought st, or failed
// with a fault, at the instant now. The watch had seen last before, which is nil before the first
// poll.
//
// A watch is patient with odd answers for as long as patience says, counted from the first odd
// answer since the job was last seen well. Two odd answers are the least, however far apart.
func (s *Sighting) See(last *Sighting, st *transport.Status, f Fault, now, patience time.Duration) Verdict {
	if last == nil {
		last = &unseen
	}
	s.Pace, s.Marks = last.Pace, last.Marks
	if f.Err == nil {
		return s.seeStatus(last, st, now, patience)
	}
	s.Status, s.Answered, s.Fault = last.Status, last.Answered, f
	s.Odd, s.Since, s.stale, s.staleSince = last.Odd, last.Since, last.stale, last.staleSince
	if f.RetryAfter < 0 { // see transport.NoWait
		s.Pace = 0
	}
	if f.Final(last.Answered) {
		return Verdict{Over: true, Err: f.Err}
	}
	if f.Oddity(last.Answered) {
		if s.Odd++; s.Odd == 1 {
			s.Since = now
		}
		if s.Odd > 1 && now-s.Since >= patience {
			return Verdict{Over: true, Err: s.Doubt(now)}
		}
	}
	return Verdict{}
}

func (s *Sighting) seeStatus(last *Sighting, st *transport.Status, now, patience time.Duration) Verdict {
	s.Status, s.Answered = *st, true
	s.ID = ""
	if !(s.Progress >= 0) {
		s.Progress = 0
	}
	s.Progress = min(s.Progress, 1)
	switch {
	case s.RetryAfter > 0:
		s.Pace = s.RetryAfter
	case s.RetryAfter < 0: // see transport.NoWait
		s.Pace, s.RetryAfter = 0, 0
	}
	if s.State.Terminal() {
		return Verdict{Over: true}
	}
	if !s.Updated.IsZero() && s.Updated.Before(last.Updated) {
		s.lag(last, now, patience)
	}
	s.trim()
	return Verdict{}
}

// lag drops the answer of a replica that lags, and keeps the newer one of last. A service whose
// times go back for longer than the patience is believed: the newer time may have been wrong.
func (s *Sighting) lag(last *Sighting, now, patience time.Duration) {
	stale, since := last.stale+1, last.staleSince
	if stale == 1 {
		since = now
	}
	if stale > 1 && now-since >= patience {
		return
	}
	s.Status, s.stale, s.staleSince = last.Status, stale, since
}

// trim keeps of a status that is not terminal no more than a few KiB.
func (s *Sighting) trim() {
	s.Message, s.Raw = cut(s.Message, maxMessage), cut(s.Raw, maxWord)
	if len(s.Result) > maxResult {
		s.Result = nil
	}
	if len(s.Revision) > maxRevision {
		s.Revision = ""
	}
}

// Doubt returns the error of the newest odd answer, with for how long and how often odd answers
// came.
func (s *Sighting) Doubt(now time.Duration) error {
	polls := "polls"
	if s.Odd == 1 {
		polls = "poll"
	}
	return fmt.Errorf("%w (for %v, %d %s)", s.Fault.Err, roundUp(now-s.Since), s.Odd, polls)
}

// roundUp rounds d to what a person wants to read.
func roundUp(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// Mark keeps the progress that was reported when the watch was so old. Where there is no more room,
// every second mark makes way.
func (s *Sighting) Mark(age time.Duration) {
	n := len(s.Marks)
	if s.Progress <= 0 || n > 0 && s.Marks[n-1].Progress == s.Progress {
		return
	}
	marks := s.Marks
	if n == maxMarks {
		marks = nil
		for i := 1; i < n; i += 2 {
			marks = append(marks, s.Marks[i])
		}
	}
	s.Marks = append(marks, backoff.Mark{Age: age, Progress: s.Progress})
}

// LeaveAlone is how long the service asks to be left alone now. What an answer asks for is its pace
// until an answer names another; what an error asks for is meant once.
func (s *Sighting) LeaveAlone() time.Duration {
	if s.Fault.RetryAfter > 0 {
		return s.Fault.RetryAfter
	}
	return s.Pace
}

// StateName is what a Backoff is told of the state.
func (s *Sighting) StateName() string {
	if !s.Answered {
		return ""
	}
	return s.State.String()
}

// IsUnknownJob reports whether all that the service said is that it does not know the job.
func (s *Sighting) IsUnknownJob() bool {
	return !s.Answered && s.Fault.Err != nil && s.Fault.Class == transport.NotFound
}

// IsPlain reports whether s says no more than its State and its Raw word.
func (s *Sighting) IsPlain() bool {
	return s.Answered && s.Pace == 0 && s.Fault.Err == nil && s.Marks == nil && s.stale == 0 &&
		s.Progress == 0 && s.Message == "" && s.Result == nil && s.Revision == "" && s.RetryAfter == 0 &&
		s.Created.IsZero() && s.Updated.IsZero() && s.Finished.IsZero()
}

// Same reports whether s and last are plain and say the same. Others are not compared, as they
// mostly differ.
func (s *Sighting) Same(last *Sighting) bool {
	return last != nil && s.State == last.State && s.Raw == last.Raw && s.IsPlain() && last.IsPlain()
}

// Differs reports whether a consumer who has seen last is to be told of s.
func (s *Sighting) Differs(last *Sighting) bool {
	if last == nil || !last.Answered {
		return true
	}
	return s.State != last.State || s.Raw != last.Raw || s.Progress != last.Progress || s.Message != last.Message ||
		!bytes.Equal(s.Result, last.Result)
}
