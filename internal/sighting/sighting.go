// Package sighting decides what an answer or an error means for a watch: whether the job has ended,
// whether the watch goes on, and what the watch keeps until the next poll. It knows no clock and no
// lock: instants are arguments, and results are values.
package sighting

import (
	"bytes"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxMarks is the maximum number of reports of progress that a watch keeps.
	maxMarks = 8
	// maxMessage, maxResult, maxWord and maxRevision limit, in bytes, what a watch keeps of a status
	// that is not terminal (fault 61). A longer message or word is cut. A longer result or revision is
	// dropped.
	maxMessage  = 2 << 10
	maxResult   = 1 << 10
	maxWord     = 256
	maxRevision = 512
)

// A Sighting is what a watch keeps of its polls. It does not change. So watches that have seen the
// same state and nothing else can share one.
type Sighting struct {
	transport.Status
	// Answered is whether any poll was answered. Status is the newest answer, without its id.
	Answered bool
	// Started is whether the service has just started the job, so that the job is known before any
	// poll.
	Started bool
	// Unconfirmed is whether Status is from a notification that may be wrong, or whose time is in the
	// future. Any answer to a poll then counts as newer.
	Unconfirmed bool
	// Pace is the newest wait between polls that an answer asked for.
	Pace time.Duration
	// Marks are the reports of progress, for a Backoff that learns.
	Marks []backoff.Mark

	// PollError is the error of the last poll. Its RetryAfter applies only to the next poll.
	PollError PollError
	// Odd counts the odd answers since the last answer with the job's state: see [PollError.Oddity].
	// Since is the instant of the first of them, plus the time for which polls failed in another way.
	Odd   int
	Since time.Duration
	// lapsed is when polls began to fail in another way after the newest odd answer, or zero.
	lapsed time.Duration

	// stale counts the consecutive answers that were dropped because they were older than Status.
	// staleSince is when the first of them came.
	stale      int
	staleSince time.Duration
}

// A Verdict says whether a poll ends its watch.
type Verdict struct {
	// Over is whether the watch ends. If Err is nil, the job's terminal status ends it. Otherwise Err
	// ends it.
	Over bool
	Err  error
}

var unseen Sighting

// JustStarted is the Sighting before the first poll of a job that the service has just started.
var JustStarted = Sighting{Started: true}

// See fills s, which must be zero, with what a watch has seen after a poll. The poll returned the
// status st or failed with the error f, at the instant now. The argument last is what the watch had
// seen before, or nil before the first poll.
//
// Odd answers end the watch once the patience has passed since the first of them. An answer with
// the job's state resets the count. A watch never ends after a single odd answer, however much time
// passes. The time of an outage between odd answers, from its first failure on, does not count.
func (s *Sighting) See(last *Sighting, st *transport.Status, f PollError, now, patience time.Duration) Verdict {
	if last == nil {
		last = &unseen
	}
	s.Pace, s.Marks, s.Started = last.Pace, last.Marks, last.Started
	if f.Err == nil {
		return s.seeStatus(last, st, now, patience)
	}
	s.Status, s.Answered, s.Unconfirmed, s.PollError = last.Status, last.Answered, last.Unconfirmed, f
	s.Odd, s.Since, s.stale, s.staleSince = last.Odd, last.Since, last.stale, last.staleSince
	if f.RetryAfter < 0 { // it is transport.NoWait
		s.Pace = 0
	}
	if f.Final(last.IsKnown()) {
		return Verdict{Over: true, Err: f.Err}
	}
	if !f.Oddity(last.IsKnown()) {
		if s.lapsed = last.lapsed; s.lapsed == 0 {
			s.lapsed = now
		}
		return Verdict{}
	}
	if s.Odd++; s.Odd == 1 {
		s.Since = now
	} else if last.lapsed > 0 {
		s.Since += now - last.lapsed
	}
	if s.Odd > 1 && now-s.Since >= patience {
		return Verdict{Over: true, Err: fmt.Errorf("%w; WithPatience allows more", s.Doubt(now))}
	}
	return Verdict{}
}

func (s *Sighting) seeStatus(last *Sighting, st *transport.Status, now, patience time.Duration) Verdict {
	s.Status, s.Answered = *st, true
	s.ID = ""
	switch {
	case s.RetryAfter > 0:
		s.Pace = s.RetryAfter
	case s.RetryAfter < 0: // it is transport.NoWait
		s.Pace = 0
	}
	Clamp(&s.Status)
	if s.State.Terminal() {
		s.Result = bytes.Clone(s.Result) // a Transport may reuse its bytes
		return Verdict{Over: true}
	}
	if !s.Updated.IsZero() && s.Updated.Before(last.Updated) && !last.Unconfirmed {
		s.lag(last, now, patience)
	}
	s.trim()
	return Verdict{}
}

// Clamp prepares a status of a plugin for a user. It puts State, Progress and RetryAfter into the
// bounds that their documentation names. [transport.NoWait] becomes zero.
func Clamp(st *transport.Status) {
	if st.State > transport.Blocked { // there is no such state
		st.State = transport.Unknown
	}
	if !(st.Progress >= 0) { // NaN is not
		st.Progress = 0
	}
	st.Progress, st.RetryAfter = min(st.Progress, 1), max(st.RetryAfter, 0)
}

// lag drops the answer of a replica that is behind, and keeps the newer status of last. If the
// times of the answers stay older for longer than the patience, the older answer is accepted,
// because the newer time may have been wrong.
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

// trim reduces a status that is not terminal to at most a few KiB.
func (s *Sighting) trim() {
	s.Message, s.Raw = cut(s.Message, maxMessage), cut(s.Raw, maxWord)
	if len(s.Result) > maxResult {
		s.Result = nil
	}
	s.Result = bytes.Clone(s.Result)
	if len(s.Revision) > maxRevision {
		s.Revision = ""
	}
}

// Doubt returns the error of the newest odd answer, together with the number of odd answers and the
// time since the first.
func (s *Sighting) Doubt(now time.Duration) error {
	polls := "polls"
	if s.Odd == 1 {
		polls = "poll"
	}
	return fmt.Errorf("%w (for %v, %d %s)", s.PollError.Err, roundUp(now-s.Since), s.Odd, polls)
}

// roundUp rounds d so that a person can read it easily.
func roundUp(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// Mark adds the reported progress at an age of the watch. If there is no more room, every second
// mark is dropped.
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

// RequestedWait returns the wait that the service asks for now. The wait of an answer applies until
// another answer names another wait. The wait of an error applies once.
func (s *Sighting) RequestedWait() time.Duration {
	if s.PollError.RetryAfter > 0 {
		return s.PollError.RetryAfter
	}
	return s.Pace
}

// StateName returns the State of a [backoff.Poll].
func (s *Sighting) StateName() string {
	if !s.Answered {
		return ""
	}
	return s.State.String()
}

// IsKnown reports whether the service is known to have the job: it has started the job, or has
// answered a poll. It may be called on nil.
func (s *Sighting) IsKnown() bool { return s != nil && (s.Answered || s.Started) }

// IsUnknownJob reports whether no poll was answered with a status, and the last answer said that
// the service does not know the job.
func (s *Sighting) IsUnknownJob() bool {
	return !s.Answered && s.PollError.Err != nil && s.PollError.Class == transport.NotFound
}

// IsPlain reports whether s holds only a State and its Raw word.
func (s *Sighting) IsPlain() bool {
	return s.Answered && s.Pace == 0 && s.PollError.Err == nil && s.Marks == nil && s.stale == 0 && isPlain(&s.Status)
}

// isPlain reports whether st has only an id, a State and its Raw word.
func isPlain(st *transport.Status) bool {
	return st.Progress == 0 && st.Message == "" && st.Result == nil && st.Revision == "" && st.RetryAfter == 0 &&
		st.Created.IsZero() && st.Updated.IsZero() && st.Finished.IsZero()
}

// Same reports whether s and last are plain and equal. It returns false for sightings that are not
// plain, because they usually differ.
func (s *Sighting) Same(last *Sighting) bool {
	return last != nil && s.State == last.State && s.Raw == last.Raw && s.IsPlain() && last.IsPlain()
}

// IsRepeatedBy reports whether s and the answer st are plain and equal, so that s stays valid. That
// is true of most answers, and saves a call of [Sighting.See]. It may be called on nil.
func (s *Sighting) IsRepeatedBy(st *transport.Status) bool {
	return s != nil && s.State == st.State && s.Raw == st.Raw && isPlain(st) && s.IsPlain()
}

// Differs reports whether a consumer that has seen last must be told about s.
func (s *Sighting) Differs(last *Sighting) bool {
	if last == nil || !last.Answered {
		return true
	}
	return s.State != last.State || s.Raw != last.Raw || s.Progress != last.Progress || s.Message != last.Message ||
		!bytes.Equal(s.Result, last.Result)
}
