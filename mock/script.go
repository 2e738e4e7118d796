package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Forever, as the duration of a step, is one that does not end.
const Forever time.Duration = math.MaxInt64

// A Step is one part of a job's script: a state that the job is in for a while, an answer that the service gives in place of one,
// or the job's end.
type Step struct {
	state    transport.State
	lasts    time.Duration // if not zero
	polls    int           // if not zero; a step with neither ends the job
	progress float64
	message  string
	result   json.RawMessage
	answer   *answer // in place of a status
	err      error   // what is wrong with the step
}

type answer struct {
	code   int
	header http.Header
	body   string
}

// Pending is a job that is accepted and not begun, for d.
func Pending(d time.Duration) Step { return lasting(transport.Pending, d) }

// PendingPolls is a job that is accepted and not begun, for n polls.
func PendingPolls(n int) Step { return polled(transport.Pending, n) }

// Running is a job that is under way, for d.
func Running(d time.Duration) Step { return lasting(transport.Running, d) }

// RunningPolls is a job that is under way, for n polls.
func RunningPolls(n int) Step { return polled(transport.Running, n) }

// With adds how much of the job is done, in [0, 1], and a message to what the service says during the step.
func (s Step) With(progress float64, message string) Step {
	if !(progress >= 0 && progress <= 1) {
		s.err = errors.Join(s.err, fmt.Errorf("progress %v: must be in [0, 1]", progress))
	}
	s.progress, s.message = progress, message
	return s
}

// Answer is what the service gives to one poll in place of a status: a code, a body, and the names and values of headers.
func Answer(code int, body string, header ...string) Step {
	s := Step{polls: 1, answer: &answer{code: code, body: body, header: http.Header{}}}
	if code < 200 || code > 599 {
		s.err = fmt.Errorf("answer with code %d: must be from 200 to 599", code)
	}
	if len(header)%2 != 0 {
		s.err = errors.Join(s.err, fmt.Errorf("answer with header %q: it has no value", header[len(header)-1]))
		header = header[:len(header)-1]
	}
	for i := 0; i < len(header); i += 2 {
		s.answer.header.Add(header[i], header[i+1])
	}
	return s
}

// Times makes a step last for n polls.
func (s Step) Times(n int) Step {
	if n <= 0 {
		s.err = errors.Join(s.err, fmt.Errorf("%d polls: must be above zero", n))
	}
	if s.state.Terminal() {
		s.err = errors.Join(s.err, errors.New("the end of a job has no number of polls"))
	}
	s.polls, s.lasts = n, 0
	return s
}

// Completed ends a job with a result, which is encoded as JSON; nil is none.
func Completed(result any) Step {
	s := Step{state: transport.Completed}
	if result != nil {
		var err error
		if s.result, err = json.Marshal(result); err != nil {
			s.err = fmt.Errorf("result: %w", err)
		}
	}
	return s
}

// Failed ends a job with a message that says why.
func Failed(message string) Step { return Step{state: transport.Failed, message: message} }

// Canceled ends a job as if somebody had canceled it.
func Canceled() Step { return Step{state: transport.Canceled} }

func lasting(state transport.State, d time.Duration) Step {
	s := Step{state: state, lasts: d}
	if d <= 0 {
		s.err = fmt.Errorf("%v for %v: must be above zero", state, d)
	}
	return s
}

func polled(state transport.State, n int) Step { return Step{state: state}.Times(n) }

// check reports what is wrong with a script.
func check(steps []Step) error {
	if len(steps) == 0 {
		return errors.New("the script is empty")
	}
	for i, s := range steps {
		ends := s.state.Terminal() || s.lasts == Forever
		switch last := i == len(steps)-1; {
		case s.err != nil:
			return fmt.Errorf("step %d: %w", i+1, s.err)
		case ends && !last:
			return fmt.Errorf("step %d: the job has ended, or never does, and yet goes on", i+1)
		case last && !ends:
			return fmt.Errorf("step %d: the job neither ends nor is it said to last Forever", i+1)
		}
	}
	return nil
}

// job is where one job stands in its script.
type job struct {
	id    string
	steps []Step // the first is the one that it is in
	since time.Time
	used  int // polls of the step
	polls int
}

// poll returns what the service says of the job at an instant.
func (j *job) poll(now time.Time) Step {
	j.polls++
	for {
		s := j.steps[0]
		switch {
		case s.state.Terminal() || s.lasts == Forever:
			return s
		case s.lasts > 0 && now.Sub(j.since) < s.lasts:
			return s
		case s.lasts > 0:
			j.since = j.since.Add(s.lasts)
		case j.used < s.polls:
			j.used++
			return s
		default:
			j.since = now
		}
		j.steps, j.used = j.steps[1:], 0
	}
}

// cancel ends the job unless it has ended by then.
func (j *job) cancel(now time.Time) {
	for len(j.steps) > 1 && j.steps[0].lasts > 0 && now.Sub(j.since) >= j.steps[0].lasts {
		j.since = j.since.Add(j.steps[0].lasts)
		j.steps, j.used = j.steps[1:], 0
	}
	if !j.steps[0].state.Terminal() {
		j.steps = []Step{Canceled()}
	}
}
