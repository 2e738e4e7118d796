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

// Call is one request to the service.
type Call struct {
	// Time is the time of the request, on the service's clock.
	Time time.Time
	// ID is the id of the job. For a create it is the id of the new job, and for a batch it is empty.
	ID string
	// IDs are the ids of a batch, in its order. For other calls it is nil.
	IDs []string
	// Method and Path are the method and path of the request. The path is escaped and includes the
	// query. Both are empty for a call of a [Transport].
	Method, Path string
	// Header is the header of the request.
	Header http.Header
	// Code is the status code of the answer, or 0 if there was none.
	Code int
	// State is the state in the answer. It is Unknown if the answer has none that can be read. For a
	// batch it is the state of the job whose id was passed to [Service.Calls].
	State transport.State

	op   operation
	all  bool              // whether it is a batch that names no ids
	said []transport.State // the states of the jobs in IDs
	nth  int               // how many calls came before it
	told int               // how many calls had come when it was answered
}

// String returns the request and its answer as one line.
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

// news returns a text with what a batch reported.
func (c Call) news() string {
	all := make([]string, len(c.IDs))
	for i, id := range c.IDs {
		all[i] = fmt.Sprintf("%s %v", id, c.said[i])
	}
	return strings.Join(all, ", ")
}

// A journal has the calls of a Service. It is guarded by world.mu.
type journal struct {
	*world
	registry *registry
	calls    []*Call
	recorded int // the number of calls so far
}

// record keeps a call that is not answered yet.
func (n *journal) record(c Call) *Call {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.nth = n.recorded
	if n.keep != 0 {
		n.calls = append(n.calls, &c)
	}
	n.recorded++
	if n.keep >= 0 && len(n.calls) > 2*n.keep {
		kept := copy(n.calls, n.calls[len(n.calls)-n.keep:])
		clear(n.calls[kept:])
		n.calls = n.calls[:kept]
	}
	return &c
}

// forgottenLocked returns how many calls were not kept.
func (n *journal) forgottenLocked() int {
	if n.keep < 0 {
		return 0
	}
	return max(n.recorded-n.keep, 0)
}

// forgotten returns how many calls were not kept.
func (n *journal) forgotten() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.forgottenLocked()
}

// answered completes a call with its answer.
func (n *journal) answered(c *Call, code int, r *reply) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.Code, c.State, c.said, c.told = code, r.state(), r.said(), n.recorded
	n.heardLocked(c.ID, c.State)
	for i, id := range c.IDs {
		n.heardLocked(id, c.said[i])
	}
	if n.onCall != nil {
		n.onCall(*c)
	}
}

// heardLocked records that a job's state was reported to a client.
func (n *journal) heardLocked(id string, state transport.State) {
	if j := n.registry.jobs[id]; j != nil && state.Terminal() && !j.over {
		j.over, j.told = true, n.now()
	}
}

// Calls returns the requests about a job, oldest first. An empty id stands for all requests.
// [KeepCalls] limits their number.
func (s *Service) Calls(id string) []Call {
	if !s.made() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.journal.calls
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

// Polls returns how often a job was polled. For an unknown job it counts only the calls that were
// kept: see [KeepCalls].
func (s *Service) Polls(id string) int {
	if !s.made() {
		return 0
	}
	s.mu.Lock()
	j := s.registry.jobs[id]
	if j == nil {
		s.mu.Unlock()
		return len(s.asked(id)) // the job does not exist
	}
	defer s.mu.Unlock()
	return int(j.polls)
}

// Timeline returns the requests about a job, one on each line. An empty id stands for all requests.
// Each line has the time since the service was made, the request and the answer. If some calls were
// not kept, the first line says how many.
func (s *Service) Timeline(id string) string {
	if !s.made() {
		return ""
	}
	var b strings.Builder
	if n := s.journal.forgotten(); n > 0 {
		fmt.Fprintf(&b, "%14s  %d calls were not kept (KeepCalls)\n", "", n)
	}
	for _, c := range s.Calls(id) {
		fmt.Fprintf(&b, "%14v  %v\n", c.Time.Sub(s.epoch), c)
	}
	return b.String()
}

// JobState is the present state of a job in the service.
type JobState struct {
	ID, Kind string
	State    transport.State
	// Progress is in [0, 1]. Message is a text for a person.
	Progress float64
	Message  string
	// Polls is the number of polls of the job.
	Polls int
	// Created is when the job was created, and Updated is when its present step began, on the
	// service's clock.
	Created, Updated time.Time
	// Told is when the answer to a poll first reported the job's end. It is zero if none did.
	Told time.Time
	// Pushed is when the job's end was first reported by a webhook that was accepted, or on a stream.
	// PushedBy is then "webhook" or "stream". Both are zero if the end was not pushed.
	Pushed   time.Time
	PushedBy string
}

// Jobs returns the state of every job, newest first.
func (s *Service) Jobs() iter.Seq[JobState] {
	return func(yield func(JobState) bool) {
		if !s.made() {
			return
		}
		s.mu.Lock()
		order := s.registry.order // jobs are only appended to it
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
	if s.push != nil {
		if a, ok := s.push.arrived[j.id]; ok {
			st.Pushed, st.PushedBy = s.epoch.Add(a.at), a.by
		}
	}
	return st
}

// asked returns the polls of a job, or of all jobs if id is empty. A batch counts once for each
// job.
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
