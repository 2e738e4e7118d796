package fleet

import (
	"context"
	"errors"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// errGivenUp is the cause that ends the watches of a partition that the worker gives up.
var errGivenUp = errors.New("fleet: the partition is given up")

// outcome is the meaning of a result of WaitForFeed for the fleet.
type outcome uint8

const (
	over    outcome = iota // the watch has ended
	given                  // the worker gives up the partition, and another worker continues the watch
	closed                 // the Watcher was closed, and another worker continues the watch
	full                   // the Watcher has no room for the watch
	refused                // the Watcher cannot watch at all
)

// outcomeOf returns the meaning of a result.
func outcomeOf(st jobstatus.Status, err error) outcome {
	if err == nil || errors.As(err, new(*jobstatus.JobError)) {
		return over
	}
	cause := err
	if e := (*jobstatus.WaitError)(nil); errors.As(err, &e) {
		cause = e.Reason // not the error of a poll, whose own context may have ended
	}
	switch {
	case errors.Is(cause, jobstatus.ErrClosed):
		return closed
	case errors.Is(cause, errGivenUp), errors.Is(cause, context.Canceled):
		return given
	case errors.Is(cause, jobstatus.ErrMaxWatches):
		return full
	case st.ID == "":
		return refused
	default:
		return over
	}
}
