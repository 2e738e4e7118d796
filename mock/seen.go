package mock

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Call is one request that the service was sent.
type Call struct {
	// Time is when it came, on the service's clock.
	Time time.Time
	// ID is the job's, of a create the new one's, and empty where there is none.
	ID string
	// IDs are those of the jobs of a batch, in the order in which it names them; ID is empty then.
	IDs []string
	// Method and Path are as they came, the path escaped and with its query. In memory there is
	// neither.
	Method, Path string
	// Header is the request's.
	Header http.Header
	// Code is the status code that was answered, 0 if there was no answer.
	Code int
	// State is what was said of the job, Unknown if nothing that can be read was. Of a batch it is
	// that of the job for which Calls was asked.
	State transport.State

	op   operation
	said []transport.State // of IDs
}

// String returns what was asked and answered.
func (c Call) String() string {
	asked := c.Method + " " + c.Path
	if c.Method == "" {
		asked = c.ID + strings.Join(c.IDs, ",")
	}
	switch {
	case c.Code == 0:
		return asked + "  no answer"
	case c.IDs != nil:
		return fmt.Sprintf("%s  %d %s", asked, c.Code, c.news())
	case c.State != transport.Unknown:
		return fmt.Sprintf("%s  %d %v", asked, c.Code, c.State)
	default:
		return fmt.Sprintf("%s  %d", asked, c.Code)
	}
}

// news returns what a batch was told.
func (c Call) news() string {
	all := make([]string, len(c.IDs))
	for i, id := range c.IDs {
		all[i] = fmt.Sprintf("%s %v", id, c.said[i])
	}
	return strings.Join(all, ", ")
}

// record keeps a call that is not answered yet.
func (s *Service) record(c Call) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keep != 0 {
		s.calls = append(s.calls, &c)
	}
	s.recorded++
	if s.keep >= 0 && len(s.calls) > 2*s.keep {
		kept := copy(s.calls, s.calls[len(s.calls)-s.keep:])
		clear(s.calls[kept:])
		s.calls = s.calls[:kept]
	}
	return &c
}

// forgottenLocked returns how many calls were not kept.
func (s *Service) forgottenLocked() int {
	if s.keep < 0 {
		return 0
	}
	return max(s.recorded-s.keep, 0)
}

// forgotten returns how many calls were not kept.
func (s *Service) forgotten() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forgottenLocked()
}

// answered notes what a call is answered with.
func (s *Service) answered(c *Call, code int, r *reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Code, c.State, c.said = code, r.state(), r.said()
	s.heard(c.ID, c.State)
	for i, id := range c.IDs {
		s.heard(id, c.said[i])
	}
	if s.onCall != nil {
		s.onCall(*c)
	}
}

// heard notes that somebody was told of a job's state.
func (s *Service) heard(id string, state transport.State) {
	if j := s.jobs[id]; j != nil && state.Terminal() && !j.over {
		j.over, j.told = true, s.now()
	}
}

// Calls returns the requests that named a job, or all if id is empty, in the order in which they
// came. [KeepCalls] bounds how many there are.
func (s *Service) Calls(id string) []Call {
	if !s.made() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.calls
	if s.keep >= 0 {
		kept = kept[max(len(kept)-s.keep, 0):]
	}
	var calls []Call
	for _, c := range kept {
		i := slices.Index(c.IDs, id)
		if id != "" && c.ID != id && i < 0 {
			continue
		}
		if calls = append(calls, *c); i >= 0 {
			calls[len(calls)-1].State = c.said[i]
		}
	}
	return calls
}

// Polls returns how often a job was asked about. For a job that the service does not know these are
// the calls that it keeps.
func (s *Service) Polls(id string) int {
	if !s.made() {
		return 0
	}
	s.mu.Lock()
	j := s.jobs[id]
	if j == nil {
		s.mu.Unlock()
		return len(s.asked(id)) // about a job that there is not
	}
	defer s.mu.Unlock()
	return int(j.polls)
}

// Timeline returns the calls that named a job, a line each, or all if id is empty: when, since the
// service was made, and what was asked and answered. Its first line says how many calls were not
// kept, if any.
func (s *Service) Timeline(id string) string {
	if !s.made() {
		return ""
	}
	var b strings.Builder
	if n := s.forgotten(); n > 0 {
		fmt.Fprintf(&b, "%14s  %d calls were not kept (KeepCalls)\n", "", n)
	}
	for _, c := range s.Calls(id) {
		fmt.Fprintf(&b, "%14v  %v\n", c.Time.Sub(s.epoch), c)
	}
	return b.String()
}

// JobState is where a job stands.
type JobState struct {
	ID, Kind string
	State    transport.State
	// Progress is in [0, 1], and Message is for a person.
	Progress float64
	Message  string
	// Polls is how often it was asked about.
	Polls int
	// Created and Updated are when it came and when the step began that it is in, on the service's
	// clock.
	Created, Updated time.Time
	// Told is when a poll was first told that it has ended, zero if none was.
	Told time.Time
}

// Jobs yields where each job stands, the newest first.
func (s *Service) Jobs() iter.Seq[JobState] {
	return func(yield func(JobState) bool) {
		if !s.made() {
			return
		}
		s.mu.Lock()
		order := s.order // which only grows
		s.mu.Unlock()
		for _, j := range slices.Backward(order) {
			if !yield(s.jobState(j)) {
				return
			}
		}
	}
}

func (s *Service) jobState(j *job) JobState {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := j.view(s.seed, s.now())
	st := JobState{ID: j.id, Kind: j.kind, State: v.step.state, Progress: v.progress, Message: v.step.message, Polls: int(j.polls),
		Created: s.epoch.Add(v.created), Updated: s.epoch.Add(v.updated)}
	if j.over {
		st.Told = s.epoch.Add(j.told)
	}
	return st
}

// asked returns the calls that asked about a job, or about any if id is empty: of a batch, one for
// each job.
func (s *Service) asked(id string) (asked []Call) {
	for _, c := range s.Calls(id) {
		if c.op == opStatus {
			asked = append(asked, c)
		}
		for i, named := range c.IDs {
			if id == "" || named == id {
				one := c
				one.ID, one.State = named, c.said[i]
				asked = append(asked, one)
			}
		}
	}
	return asked
}
