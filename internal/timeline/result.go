package timeline

import (
	"bytes"
	"context"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Result is what a Consumer receives about a job.
type Result struct {
	// Status is the newest status of the job.
	transport.Status
	// End says what kind of result this is.
	End End
	// Err is why the wait gave up or the watch failed.
	Err error
	// LastErr is the error of the last poll, or nil if it was answered. It is set only with GaveUp.
	LastErr error
	// HeldUp names what delayed the last poll. It is empty if nothing did. It is set only with GaveUp.
	HeldUp string
	// Context is the Err of the context if its end is the reason. Err is then its cause. It is set
	// only with GaveUp.
	Context error
	// Polls is the number of polls of the wait, and Elapsed is its duration. Answered is whether the
	// Transport has answered a poll. They are set only with GaveUp.
	Polls    int
	Elapsed  time.Duration
	Answered bool
}

// End is the kind of a Result.
type End uint8

const (
	// Update is a status that differs from the one before. Further Results follow.
	Update End = iota
	// Ended is the job's terminal status.
	Ended
	// GaveUp is the end of a wait whose job goes on.
	GaveUp
	// Broken is the end of a watch because no further poll would help.
	Broken
)

// refusal returns the Result of a job for which no wait began, because of err.
func refusal(ctx context.Context, id string, err error) *Result {
	r := &Result{Status: transport.Status{ID: id}, End: GaveUp, Err: err}
	switch over := wait.EndOf(ctx); {
	case over.Err != nil:
		r.Err, r.Context = over.Cause, over.Err
	case err != ErrClosed:
		r.End = Broken
	}
	return r
}

// owned returns r with its own copy of the bytes. It returns nil if r is nil.
func (r *Result) owned() *Result {
	if r != nil {
		r.Result = bytes.Clone(r.Result)
	}
	return r
}
