package timeline

import (
	"bytes"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Result is what a Consumer is told about a job.
type Result struct {
	// Status is the job's newest.
	transport.Status
	// End says what the result is.
	End End
	// Err is why the wait gave up or the watch failed.
	Err error
	// LastErr is the error of the last poll, nil if it was answered; with GaveUp alone.
	LastErr error
	// HeldUp says what kept the last polls from being made in time, empty if nothing did; with
	// GaveUp alone.
	HeldUp string
	// Context is the context's Err if its end is why, so that Err is its cause; with GaveUp alone.
	Context error
	// Polls and Elapsed are how many polls and how long the wait took; with GaveUp alone.
	Polls   int
	Elapsed time.Duration
}

// End says what a Result is.
type End uint8

const (
	// Update is a status that differs from the one before it; more is to come.
	Update End = iota
	// Ended is the job's terminal status.
	Ended
	// GaveUp is the end of a wait whose job goes on.
	GaveUp
	// Broken is the end of a watch that no further poll would help.
	Broken
)

// owned returns r, if it is any, with bytes that no other waiter has.
func (r *Result) owned() *Result {
	if r != nil {
		r.Result = bytes.Clone(r.Result)
	}
	return r
}
