package fleet

import (
	"context"
	"errors"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// errGivenUp is why the watches of a partition end without an end.
var errGivenUp = errors.New("fleet: the partition is given up")

// outcome is what a result of WaitForFeed means for the fleet.
type outcome uint8

const (
	over    outcome = iota // the watch has ended
	given                  // the partition is given up, and the watch goes on elsewhere
	closed                 // the Watcher was closed: likewise
	full                   // the Watcher has no room for the watch
	refused                // the Watcher cannot watch at all
)

// outcomeOf returns what a result means.
func outcomeOf(st jobstatus.Status, err error) outcome {
	if err == nil || errors.As(err, new(*jobstatus.JobError)) {
		return over
	}
	cause := err
	if e := (*jobstatus.WaitError)(nil); errors.As(err, &e) {
		cause = e.Reason // not the error of a poll, which can be the end of its own context
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
