package rest

import "github.com/iamber12/job-status-monitoring/transport"

// defaultStates are the words of the default dialect. A word that some service says of every job
// that is over, be it well or not, such as done, finished, complete, ended, closed, stopped and
// terminated, is not among them.
var defaultStates = map[transport.State][]string{
	transport.Pending: {
		"pending", "queued", "enqueued", "waiting", "scheduled", "submitted", "accepted", "created", "new", "received",
		"requested", "registered", "delayed", "deferred", "not_started", "not-started", "notstarted", "not started", "initializing",
		"initialized", "preparing", "provisioning", "validating", "starting", "scheduling",
	},
	transport.Running: {
		"running", "in_progress", "in-progress", "inprogress", "in progress", "processing", "started", "working", "executing",
		"progressing", "retry", "retrying", "restarting", "rendering", "uploading", "downloading", "finalizing", "finishing",
		"completing", "failing", "canceling", "cancelling", "aborting", "stopping", "terminating",
	},
	transport.Blocked: {
		"blocked", "requires_action", "action_required", "requires_approval", "approval_required", "needs_approval", "pending_approval",
		"awaiting_approval", "waiting_approval", "waiting_for_approval", "requires_input", "input_required", "input-required",
		"awaiting_input", "waiting_for_input", "auth_required", "auth-required",
	},
	transport.Completed: {"completed", "succeeded", "success", "successful", "passed"},
	transport.Failed: {
		"error", "errored", "failed", "failure", "fail", "unsuccessful", "faulted", "crashed", "rejected", "expired", "timeout",
		"timed_out", "timed-out", "timedout", "timed out",
	},
	transport.Canceled: {"canceled", "cancelled", "aborted", "revoked", "killed"},
}

// DefaultStates returns the words of the default dialect, which are those that many services use:
// pending, queued and the like; running, in_progress, processing and the like; blocked,
// requires_action, waiting_for_approval, input_required and the like; completed, succeeded,
// success, successful and passed; error, failed, failure, timed_out and the like; canceled,
// cancelled, aborted, revoked and killed.
//
// A word that some services say of a job that is over, whether it went well or not, is not among
// them: done, finished, complete, ended, closed, stopped, terminated. Put the ones that your
// service says of success alone into Dialect.States.
func DefaultStates() map[string]transport.State {
	states := make(map[string]transport.State)
	for state, words := range defaultStates {
		for _, word := range words {
			states[word] = state
		}
	}
	return states
}
