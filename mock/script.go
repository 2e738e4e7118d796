package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/duration"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Forever is the duration of a step that does not end.
const Forever time.Duration = math.MaxInt64

// A Step is one part of a job's script. It is a state that lasts for some time, an answer in place
// of a status, or the end of the job.
type Step struct {
	state    transport.State
	lasts    time.Duration          // how long it lasts; a step with none of these three ends the job
	drawn    *duration.Distribution // the distribution of how long it lasts, if not nil
	polls    int                    // how many polls it lasts, if not zero
	progress float64                // the progress at its start
	rise     float64                // by how much progress rises while it lasts
	message  string
	result   json.RawMessage
	answer   *answer // if not nil, it replaces the status
	err      error   // what is wrong with the step
}

// answer is a literal answer of the service.
type answer struct {
	code   int
	header http.Header
	body   string
	took   time.Duration
}

// Polls is the length of a step that lasts for a number of polls, however much time passes.
type Polls int

// Pending is a step in which the job is accepted and has not begun. It lasts for a duration, for a
// number of polls, or for a duration that is drawn for each job:
//
//	mock.Pending(30 * time.Second)
//	mock.Pending(mock.Polls(3))
//	mock.Pending(duration.LogNormal(time.Minute, 0.5))
func Pending[D time.Duration | Polls | duration.Distribution](d D) Step {
	return lasting(transport.Pending, d)
}

// Running is a step in which the job runs. Its argument is as for [Pending].
func Running[D time.Duration | Polls | duration.Distribution](d D) Step {
	return lasting(transport.Running, d)
}

// Blocked is a step in which the job waits for a person. Its argument is as for [Pending].
func Blocked[D time.Duration | Polls | duration.Distribution](d D) Step {
	return lasting(transport.Blocked, d)
}

// With returns the step with a progress in [0, 1] and a message in its statuses.
func (s Step) With(progress float64, message string) Step {
	s.message = message
	return s.Rising(progress, progress)
}

// Rising returns the step with a progress that rises evenly from one value to another, both in [0,
// 1].
func (s Step) Rising(from, to float64) Step {
	if !(from >= 0 && from <= to && to <= 1) {
		s.err = errors.Join(s.err, fmt.Errorf("progress from %v to %v: must be in [0, 1] and not fall", from, to))
	}
	s.progress, s.rise = from, to-from
	return s
}

// Answer is a step of one poll, which is answered with this status code, body and header in place
// of a status. The header arguments are names and values in turn.
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

// Times returns the step with a length of n polls.
func (s Step) Times(n int) Step {
	if n <= 0 {
		s.err = errors.Join(s.err, fmt.Errorf("%d polls: must be above zero", n))
	}
	if s.state.Terminal() {
		s.err = errors.Join(s.err, errors.New("the end of a job has no number of polls"))
	}
	s.polls, s.lasts, s.drawn = n, 0, nil
	return s
}

// Completed ends a job with success. The result is encoded as JSON. A nil result means that there
// is none.
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

// Failed ends a job with a message that says why it failed.
func Failed(message string) Step { return Step{state: transport.Failed, message: message} }

// Canceled ends a job as canceled.
func Canceled() Step { return Step{state: transport.Canceled} }

// lasting returns a step that lasts for a time.Duration, for Polls, or for a duration that is drawn
// from a duration.Distribution.
func lasting(state transport.State, length any) Step {
	s := Step{state: state}
	switch d := length.(type) {
	case time.Duration:
		if s.lasts = d; d <= 0 {
			s.err = fmt.Errorf("%v for %v: must be above zero", state, d)
		}
	case Polls:
		return s.Times(int(d))
	case duration.Distribution:
		s.drawn = &d
		if err := d.Validate(); err != nil {
			s.err = fmt.Errorf("%v for a time that is drawn: %w", state, err)
		}
	}
	return s
}

// ends reports whether s is the last step of a script.
func (s *Step) ends() bool { return s.state.Terminal() || s.lasts == Forever }

// check reports what is wrong with a script.
func check(steps []Step) error {
	if len(steps) == 0 {
		return errors.New("the script is empty")
	}
	for i, s := range steps {
		switch last := i == len(steps)-1; {
		case s.err != nil:
			return fmt.Errorf("step %d: %w", i+1, s.err)
		case s.ends() && !last:
			return fmt.Errorf("step %d: no step can follow, because the job ends here or lasts Forever", i+1)
		case last && !s.ends():
			return fmt.Errorf("step %d: the last step must end the job, such as Completed, or last Forever", i+1)
		}
	}
	return nil
}
