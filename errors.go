package jobstatus

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	// ErrJobFailed is matched by the [JobError] of a job that failed.
	ErrJobFailed = errors.New("job failed")
	// ErrJobCanceled is matched by the [JobError] of a job that was canceled.
	ErrJobCanceled = errors.New("job canceled")
	// ErrTimeout is matched by the [WaitError] of a wait that reached its timeout. The WaitError also
	// matches [context.DeadlineExceeded].
	ErrTimeout = timeline.ErrTimeout
	// ErrMaxAttempts is matched by the [WaitError] of a wait that reached its limit of polls.
	ErrMaxAttempts = timeline.ErrMaxAttempts
	// ErrNotFound is matched by the error of a wait for a job that the service does not know: see
	// [WithPatience]. A wait that reaches its timeout or its limit of polls may return such an error,
	// too. It takes the place of the [WaitError] if no poll has found the job, and the last answer
	// says that the service does not know it.
	ErrNotFound = transport.ErrNotFound
	// ErrThrottled is matched by the [WaitError] of a wait that gave up because the service asked for
	// fewer requests: see [WithTimeout].
	ErrThrottled = transport.ErrThrottled
	// ErrInvalidID is matched by the error of a wait for an id that no job can have: see
	// [transport.CheckID].
	ErrInvalidID = transport.ErrInvalidID
	// ErrMaxWatches is matched by the error of a wait that did not begin, because [WithMaxWatches]
	// allows no further job.
	ErrMaxWatches = timeline.ErrMaxWatches
	// ErrBlocked is matched by the [WaitError] of a wait that [StopWhenBlocked] ended. The Message of
	// the last status says what the job waits for, if the service reports that.
	ErrBlocked = timeline.ErrBlocked
	// ErrClosed is matched by the [WaitError] of a wait that [Watcher.Close] ended, or that began
	// after Close. It is also matched by the error of a call after Close that would send a request,
	// such as [Watcher.StartJob].
	ErrClosed = timeline.ErrClosed
)

// maxQuoted bounds how much of a word or a message an error quotes, in characters.
const maxQuoted = 128

// quoteID returns an id in quotes, shortened by [ids.Short].
func quoteID(id string) string { return strconv.Quote(ids.Short(id)) }

// quote returns s in quotes, cut to maxQuoted.
func quote(s string) string { return fmt.Sprintf("%.*q", maxQuoted, s) }

// JobError is the error of a wait whose job ended without success. It matches [ErrJobFailed] or
// [ErrJobCanceled].
type JobError struct {
	// Status is the job's terminal status. Its State is Failed or Canceled.
	Status Status
}

// Error returns the id, the state and the message of the job in one line. Without a message, it
// returns the service's own words for the state.
func (e *JobError) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := fmt.Sprintf("jobstatus: job %s %s", quoteID(e.Status.ID), e.Status.State)
	if e.Status.Message != "" {
		text += fmt.Sprintf(": %.256q", e.Status.Message)
	} else if raw := e.Status.Raw; raw != "" && !strings.EqualFold(raw, e.Status.State.String()) {
		text += fmt.Sprintf(" (%.256q)", raw)
	}
	return text
}

// Unwrap returns [ErrJobFailed] or [ErrJobCanceled].
func (e *JobError) Unwrap() error {
	switch {
	case e == nil:
		return nil
	case e.Status.State == Canceled:
		return ErrJobCanceled
	default:
		return ErrJobFailed
	}
}

// WaitError is the error of a wait that gave up before its job was seen to end. The job goes on,
// and a new wait can follow it.
type WaitError struct {
	// ID is the id of the job. It is empty if the context or Close ended a call of
	// [Watcher.WaitForJobs] or [Watcher.WaitForFeed] before all its ids were taken.
	ID string
	// Reason is why the wait gave up: [ErrTimeout], [ErrMaxAttempts], [ErrThrottled], [ErrBlocked],
	// [ErrClosed], or the [context.Cause] of the context that ended.
	Reason error
	// Last is the newest status seen. Its State is Unknown if no status was seen. It is also Unknown
	// if the Transport does not know the service's word for the state, which is then in Last.Raw.
	Last Status
	// LastErr is the error of the last poll. It is nil if that poll succeeded.
	LastErr error
	// Polls is the number of polls made during this wait.
	Polls int
	// Elapsed is how long this wait lasted, counted from [Began] if that is given. If the timeout
	// passed while the process stood still or no process waited, the time until the wait continued
	// does not count.
	Elapsed time.Duration
	// HeldUp names what delayed the last poll past the timeout, such as "the rate limit
	// (WithRateLimit)". It is empty if nothing did.
	HeldUp string

	answered bool  // whether the Transport has answered a poll
	context  error // the Err of the context whose end is the Reason
}

// Error returns the id, the reason, the newest state and the other fields in one line.
func (e *WaitError) Error() string {
	if e == nil {
		return "<nil>"
	}
	if e.ID == "" && e.Polls == 0 {
		return fmt.Sprintf("jobstatus: gave up on the ids not yet taken after %v: %v", e.Elapsed.Round(time.Millisecond), e.Reason)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "jobstatus: gave up on job %s after %v (polls: %d): %v; %s", quoteID(e.ID),
		e.Elapsed.Round(time.Millisecond), e.Polls, e.Reason, e.lastSeen())
	if e.LastErr != nil {
		fmt.Fprintf(&b, "; last error: %v", e.LastErr)
	}
	if e.HeldUp != "" {
		fmt.Fprintf(&b, "; held up: %s", e.HeldUp)
	}
	return b.String()
}

// lastSeen describes the newest status.
func (e *WaitError) lastSeen() string {
	switch st := &e.Last; {
	case st.State != Unknown:
		return "last seen " + st.State.String()
	case st.Raw != "":
		return "last seen unknown: " + quote(st.Raw) + " is no word that the Transport knows (with transport/rest: it is in none of Dialect.States)"
	case e.answered && e.LastErr == nil:
		return "no state was seen: the Transport returned neither a State nor an error"
	default:
		return "no state was seen"
	}
}

// Unwrap returns Reason and LastErr, if they are not nil. If the context ended the wait, Unwrap
// also returns the context's Err. So the error matches [context.DeadlineExceeded] or
// [context.Canceled], whatever the cause of the context is.
func (e *WaitError) Unwrap() []error {
	if e == nil {
		return nil
	}
	errs := make([]error, 0, 3)
	for _, err := range []error{e.Reason, e.context, e.LastErr} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// PanicError is wrapped by the error of a wait during which a Backoff or a Transport panicked: use
// [errors.As]. Waits for other jobs go on. If the Transport panics in [Watcher.StartJob],
// [Watcher.CancelJob] or [Watcher.Result], the error of that call wraps a PanicError too.
type PanicError struct {
	// Value is the value of the panic.
	Value any
	// Stack is the panicking goroutine's stack, as [runtime/debug.Stack] returns it.
	Stack []byte
}

func newPanicError(v any, stack []byte) error { return &PanicError{Value: v, Stack: stack} }

// Error returns the value, without the stack.
func (e *PanicError) Error() string {
	if e == nil {
		return "<nil>"
	}
	return fmt.Sprintf("panic: %v", e.Value)
}

// Is reports whether the value is an error that matches target. It does not panic, even if the
// value's methods do.
func (e *PanicError) Is(target error) (matches bool) {
	err := e.cause()
	if err == nil {
		return false
	}
	defer func() { _ = recover() }()
	return errors.Is(err, target)
}

// As applies [errors.As] to the value, if the value is an error. It does not panic, even if the
// value's methods do.
func (e *PanicError) As(target any) (found bool) {
	err := e.cause()
	if err == nil {
		return false
	}
	defer func() { _ = recover() }()
	return errors.As(err, target)
}

// cause returns the value if it is an error.
func (e *PanicError) cause() error {
	if e == nil {
		return nil
	}
	err, _ := e.Value.(error)
	return err
}
