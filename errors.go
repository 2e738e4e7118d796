package jobstatus

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	// ErrJobFailed is matched by the *JobError of a job that failed.
	ErrJobFailed = errors.New("job failed")
	// ErrJobCanceled is matched by the *JobError of a job that was canceled.
	ErrJobCanceled = errors.New("job canceled")
	// ErrTimeout is matched by the *WaitError of a wait that reached its timeout; so is context.DeadlineExceeded.
	ErrTimeout = timeline.ErrTimeout
	// ErrMaxAttempts is matched by the *WaitError of a wait that made as many polls as it may.
	ErrMaxAttempts = timeline.ErrMaxAttempts
	// ErrNotFound is matched by the error of a wait for a job that the service does not know.
	ErrNotFound = transport.ErrNotFound
	// ErrThrottled is matched by the *WaitError of a wait that cannot last for as long as the service asks to be left alone.
	ErrThrottled = transport.ErrThrottled
	// ErrMaxWatches is matched by the error of a wait for one job more than WithMaxWatches lets a Watcher wait for.
	ErrMaxWatches = timeline.ErrMaxWatches
	// ErrClosed is matched by the error of every call on a Watcher that was closed, and of every wait that Close ended.
	ErrClosed = timeline.ErrClosed
)

// JobError is the error of a wait whose job ended without success. It matches ErrJobFailed or ErrJobCanceled.
type JobError struct {
	// Status is the job's terminal status, its State Failed or Canceled.
	Status Status
}

// Error names the job and gives the service's message.
func (e *JobError) Error() string {
	text := fmt.Sprintf("jobstatus: job %q %s", e.Status.ID, e.Status.State)
	if e.Status.Message != "" {
		text += fmt.Sprintf(": %.256q", e.Status.Message)
	}
	return text
}

// Unwrap returns ErrJobFailed or ErrJobCanceled.
func (e *JobError) Unwrap() error {
	if e.Status.State == Canceled {
		return ErrJobCanceled
	}
	return ErrJobFailed
}

// WaitError is the error of a wait that gave up before its job was seen to end. The job itself goes on: waiting for the
// same id takes it up again.
type WaitError struct {
	// ID is the job's.
	ID string
	// Reason says why: ErrTimeout, ErrMaxAttempts, ErrThrottled, ErrClosed, or the cause of the context's end.
	Reason error
	// Last is the newest status seen; its State is Unknown if none was.
	Last Status
	// LastErr is the error of the last poll, nil if it was answered.
	LastErr error
	// Polls counts the polls made while this wait lasted.
	Polls int
	// Elapsed is how long this wait lasted.
	Elapsed time.Duration
}

// Error gives all fields in one line.
func (e *WaitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "jobstatus: gave up on job %q after %v (polls: %d): %v; last seen %s", e.ID,
		e.Elapsed.Round(time.Millisecond), e.Polls, e.Reason, e.Last.State)
	if e.LastErr != nil {
		fmt.Fprintf(&b, "; last error: %v", e.LastErr)
	}
	return b.String()
}

// Unwrap returns the reason and the last poll's error.
func (e *WaitError) Unwrap() []error {
	if e.LastErr == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.LastErr}
}

// PanicError is the error of a watch during which a Backoff or a Transport panicked. Other watches go on.
type PanicError struct {
	// Value is what was panicked with.
	Value any
	// Stack is the panicking goroutine's, as debug.Stack prints it.
	Stack []byte
}

// Error gives the value, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
