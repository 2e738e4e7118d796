package fleet

import (
	"errors"
	"fmt"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// reasons are the errors that an end can carry, by their name in a message. Of any other error, an
// end carries only the type, because the text may contain a URL or a secret.
var reasons = []struct {
	name string
	err  error
}{
	{"timeout", jobstatus.ErrTimeout},
	{"maxAttempts", jobstatus.ErrMaxAttempts},
	{"notFound", jobstatus.ErrNotFound},
	{"throttled", jobstatus.ErrThrottled},
	{"malformed", transport.ErrMalformed},
	{"blocked", jobstatus.ErrBlocked},
	{"invalidID", jobstatus.ErrInvalidID},
}

// failure says in a message why a watch ended without a completed job.
type failure struct {
	// Job is set if the job itself ended: its status says how. Nothing else is set then.
	Job bool `json:"job,omitempty"`
	// Reasons are names of reasons.
	Reasons []string `json:"reasons,omitempty"`
	// Text is for a person. It contains texts only of errors that are among the reasons.
	Text    string        `json:"text,omitempty"`
	Code    int           `json:"code,omitempty"`
	Polls   int           `json:"polls,omitempty"`
	Elapsed time.Duration `json:"elapsed,omitempty"`
	HeldUp  string        `json:"heldUp,omitempty"`
}

// failureOf returns the part of a wait's error that an end carries. It is nil for a nil error.
func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	if e := (*jobstatus.JobError)(nil); errors.As(err, &e) {
		return &failure{Job: true}
	}
	f := &failure{}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			f.Reasons = append(f.Reasons, r.name)
			if f.Text == "" {
				f.Text = r.err.Error()
			}
		}
	}
	if e := (*transport.Error)(nil); errors.As(err, &e) {
		f.Code = e.Code
	}
	if e := (*jobstatus.WaitError)(nil); errors.As(err, &e) {
		f.Polls, f.Elapsed, f.HeldUp = e.Polls, e.Elapsed, e.HeldUp
	}
	if f.Text == "" {
		f.Text = fmt.Sprintf("the watch broke off with an error of type %T", innermost(err))
	}
	if f.Code != 0 {
		f.Text = fmt.Sprintf("%s (the service answered with code %d)", f.Text, f.Code)
	}
	return f
}

// innermost follows a chain of single causes to the last cause.
func innermost(err error) error {
	for {
		if e := (*jobstatus.WaitError)(nil); errors.As(err, &e) && e.Reason != nil && e.Reason != err {
			err = e.Reason
			continue
		}
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// error returns the error of a wait that ended with st and this failure.
func (f *failure) error(st jobstatus.Status) error {
	switch {
	case f == nil:
		return nil
	case f.Job:
		return &jobstatus.JobError{Status: st}
	default:
		return &jobstatus.WaitError{ID: st.ID, Reason: f.reason(), Last: st, Polls: f.Polls, Elapsed: f.Elapsed, HeldUp: f.HeldUp}
	}
}

func (f *failure) reason() error {
	r := &reason{text: f.Text}
	for _, name := range f.Reasons {
		for _, known := range reasons {
			if known.name == name {
				r.matches = append(r.matches, known.err)
			}
		}
	}
	return r
}

// reason is an error that another process met.
type reason struct {
	text    string
	matches []error
}

// Error returns the text in the message.
func (r *reason) Error() string { return r.text }

// Unwrap returns the errors that it matches.
func (r *reason) Unwrap() []error { return r.matches }
