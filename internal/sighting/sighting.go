// Package sighting decides what an answer or an error means for a watch: whether the job has ended,
// whether the watch goes on, and what the watch keeps until the next poll. It knows no clock and no
// lock: instants are arguments, and results are values.
package sighting

import (
	"bytes"
	"encoding/json"
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
// same state and nothing else can share one. It is small, because each of a million watches may
// have its own. What few services report, and what happens only in a fault, is kept apart.
type Sighting struct {
	newest
	// Pace is the newest wait between polls that an answer asked for.
	Pace    time.Duration
	trouble *trouble // nil if all of it is zero
}

// newest is the newest answer to a watch.
type newest struct {
	State transport.State
	// Answered is whether any poll was answered.
	Answered bool
	// Started is whether the service has just started the job, so that the job is known before any
	// poll.
	Started bool
	// Unconfirmed is whether the answer is from a notification that may be wrong, or whose time is in
	// the future. Any answer to a poll then counts as newer.
	Unconfirmed bool
	Raw         string
	Progress    float64
	Updated     time.Time
	details     *details // nil if all of them are zero
}

// details are the rest of an answer. They do not change.
type details struct {
	message, revision string
	result            json.RawMessage
	retryAfter        time.Duration
	created, finished time.Time
	marks             []backoff.Mark // the reports of progress, for a Backoff that learns
}

// trouble is what went wrong. It does not change once its Sighting is kept.
type trouble struct {
	// err is the error of the last poll. Its RetryAfter applies only to the next poll.
	err PollError
	// odd counts the odd answers since the last answer with the job's state: see [PollError.Oddity].
	// since is the instant of the first of them, plus the time for which polls failed in another way.
	odd   int
	since time.Duration
	// lapsed is when polls began to fail in another way after the newest odd answer, or zero.
	lapsed time.Duration
	// stale counts the consecutive answers that were dropped because they were older than the newest.
	// staleSince is when the first of them came.
	stale      int
	staleSince time.Duration
}

// Status returns the newest answer, without its id.
func (n *newest) Status() transport.Status {
	st := transport.Status{State: n.State, Raw: n.Raw, Progress: n.Progress, Updated: n.Updated}
	if d := n.details; d != nil {
		st.Message, st.Revision, st.Result, st.RetryAfter = d.message, d.revision, d.result, d.retryAfter
		st.Created, st.Finished = d.created, d.finished
	}
	return st
}

// keep makes st the newest answer, with the reports of progress so far.
func (n *newest) keep(st *transport.Status, marks []backoff.Mark) {
	n.State, n.Answered, n.Raw, n.Progress, n.Updated = st.State, true, st.Raw, st.Progress, st.Updated
	if marks == nil && st.Message == "" && st.Revision == "" && st.Result == nil && st.RetryAfter == 0 && st.Created.IsZero() && st.Finished.IsZero() {
		return
	}
	n.details = &details{st.Message, st.Revision, st.Result, st.RetryAfter, st.Created, st.Finished, marks}
}

// Marks returns the reports of progress. They must not be changed.
func (n *newest) Marks() []backoff.Mark {
	if n.details == nil {
		return nil
	}
	return n.details.marks
}

// Mark adds the reported progress at an age of the watch. If there is no more room, every second
// mark is dropped.
func (n *newest) Mark(age time.Duration) {
	marks := n.Marks()
	count := len(marks)
	if n.Progress <= 0 || count > 0 && marks[count-1].Progress == n.Progress {
		return
	}
	if count == maxMarks {
		all := marks
		marks = nil
		for i := 1; i < count; i += 2 {
			marks = append(marks, all[i])
		}
	}
	var d details
	if n.details != nil {
		d = *n.details
	}
	d.marks = append(marks, backoff.Mark{Age: age, Progress: n.Progress})
	n.details = &d
}

// StateName returns the State of a [backoff.Poll].
func (n *newest) StateName() string {
	if !n.Answered {
		return ""
	}
	return n.State.String()
}

// Revision returns the revision of the newest answer, or "". It may be called on nil.
func (s *Sighting) Revision() string {
	if s == nil || s.details == nil {
		return ""
	}
	return s.details.revision
}

// Err returns the error of the last poll, or nil if the poll was answered.
func (s *Sighting) Err() error {
	if s.trouble == nil {
		return nil
	}
	return s.trouble.err.Err
}

// IsOdd reports whether there were odd answers since the last answer with the job's state.
func (s *Sighting) IsOdd() bool { return s.trouble != nil && s.trouble.odd > 0 }

// Fail fills s, which must be zero, with the newest answer in last, which may be nil, and with the
// error f of a poll. It decides nothing.
func (s *Sighting) Fail(last *Sighting, f PollError) {
	if last != nil {
		s.newest = last.newest
	}
	s.trouble = &trouble{err: f}
}

// A Verdict says whether a poll ends its watch.
type Verdict struct {
	// Over is whether the watch ends. If Err is nil, the job's terminal status ends it. Otherwise Err
	// ends it.
	Over bool
	Err  error
}

var (
	unseen Sighting
	none   details
)

// JustStarted is the Sighting before the first poll of a job that the service has just started.
var JustStarted = Sighting{newest: newest{Started: true}}

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
	s.Pace, s.Started = last.Pace, last.Started
	if f.Err == nil {
		return s.seeStatus(last, st, now, patience)
	}
	s.newest = last.newest
	var before trouble
	if last.trouble != nil {
		before = *last.trouble
	}
	t := &trouble{err: f, odd: before.odd, since: before.since, stale: before.stale, staleSince: before.staleSince}
	s.trouble = t
	if f.RetryAfter < 0 { // it is transport.NoWait
		s.Pace = 0
	}
	if f.Final(last.IsKnown()) {
		return Verdict{Over: true, Err: f.Err}
	}
	if !f.Oddity(last.IsKnown()) {
		if t.lapsed = before.lapsed; t.lapsed == 0 {
			t.lapsed = now
		}
		return Verdict{}
	}
	if t.odd++; t.odd == 1 {
		t.since = now
	} else if before.lapsed > 0 {
		t.since += now - before.lapsed
	}
	if t.odd > 1 && now-t.since >= patience {
		return Verdict{Over: true, Err: fmt.Errorf("%w; WithPatience allows more", s.Doubt(now))}
	}
	return Verdict{}
}

func (s *Sighting) seeStatus(last *Sighting, answer *transport.Status, now, patience time.Duration) Verdict {
	st := *answer
	switch {
	case st.RetryAfter > 0:
		s.Pace = st.RetryAfter
	case st.RetryAfter < 0: // it is transport.NoWait
		s.Pace = 0
	}
	Clamp(&st)
	switch {
	case st.State.Terminal():
		st.Result = bytes.Clone(st.Result) // a Transport may reuse its bytes
		s.keep(&st, last.Marks())
		return Verdict{Over: true}
	case !st.Updated.IsZero() && st.Updated.Before(last.Updated) && !last.Unconfirmed && s.lags(last, now, patience):
		s.newest = last.newest
	default:
		trim(&st)
		s.keep(&st, last.Marks())
	}
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

// lags reports whether to drop the answer of a replica that is behind, and to keep the newer one of
// last. If the times of the answers stay older for longer than the patience, the older answer is
// accepted, because the newer time may have been wrong.
func (s *Sighting) lags(last *Sighting, now, patience time.Duration) bool {
	t := &trouble{stale: 1, staleSince: now}
	if before := last.trouble; before != nil && before.stale > 0 {
		t.stale, t.staleSince = before.stale+1, before.staleSince
		if now-t.staleSince >= patience {
			return false
		}
	}
	s.trouble = t
	return true
}

// trim reduces a status that is not terminal to at most a few KiB.
func trim(st *transport.Status) {
	st.Message, st.Raw = cut(st.Message, maxMessage), cut(st.Raw, maxWord)
	if len(st.Result) > maxResult {
		st.Result = nil
	}
	st.Result = bytes.Clone(st.Result)
	if len(st.Revision) > maxRevision {
		st.Revision = ""
	}
}

// Doubt returns the error of the newest odd answer, together with the number of odd answers and the
// time since the first.
func (s *Sighting) Doubt(now time.Duration) error {
	t, polls := s.trouble, "polls"
	if t.odd == 1 {
		polls = "poll"
	}
	return fmt.Errorf("%w (for %v, %d %s)", t.err.Err, roundUp(now-t.since), t.odd, polls)
}

// roundUp rounds d so that a person can read it easily.
func roundUp(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// RequestedWait returns the wait that the service asks for now. The wait of an answer applies until
// another answer names another wait. The wait of an error applies once.
func (s *Sighting) RequestedWait() time.Duration {
	if t := s.trouble; t != nil && t.err.RetryAfter > 0 {
		return t.err.RetryAfter
	}
	return s.Pace
}

// KeepPause makes s ask for the wait that the error of the last poll named, if it is longer. The
// argument last is the sighting before s, which is a notification, and may be nil.
func KeepPause(s, last *Sighting) {
	if last != nil && last.trouble != nil && last.trouble.err.RetryAfter > s.Pace && s.trouble == nil {
		s.trouble = &trouble{err: PollError{RetryAfter: last.trouble.err.RetryAfter}}
	}
}

// IsKnown reports whether the service is known to have the job: it has started the job, or has
// answered a poll. It may be called on nil.
func (s *Sighting) IsKnown() bool { return s != nil && (s.Answered || s.Started) }

// IsUnknownJob reports whether no poll was answered with a status, and the last answer said that
// the service does not know the job.
func (s *Sighting) IsUnknownJob() bool {
	return !s.Answered && s.Err() != nil && s.trouble.err.Class == transport.NotFound
}

// IsPlain reports whether s holds only a State and its Raw word.
func (s *Sighting) IsPlain() bool {
	return s.Answered && s.Pace == 0 && s.details == nil && s.trouble == nil && s.Progress == 0 && s.Updated.IsZero()
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
	if s.State != last.State || s.Raw != last.Raw || s.Progress != last.Progress {
		return true
	}
	d, before := s.details, last.details
	if d == before {
		return false
	}
	if d == nil {
		d = &none
	}
	if before == nil {
		before = &none
	}
	return d.message != before.message || !bytes.Equal(d.result, before.result)
}
