package rest

import "github.com/iamber12/job-status-monitoring/transport"

// defaultStates are the words of the default dialect. They lack words that some services use for
// every job that is over, whether it succeeded or not: see [DefaultStates].
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

// DefaultStates returns the States of the default dialect, with words that many services use:
//
//   - pending: pending, queued and similar words
//   - running: running, in_progress, processing and similar words
//   - blocked: blocked, requires_action, waiting_for_approval, input_required and similar words
//   - completed: completed, succeeded, success, successful and passed
//   - failed: error, failed, failure, timed_out and similar words
//   - canceled: canceled, cancelled, aborted, revoked and killed
//
// The words done, finished, complete, ended, closed, stopped and terminated are not among them.
// Some services use these for every job that has ended, whether it succeeded or not. If your
// service uses one of them only for success, add it to Dialect.States.
func DefaultStates() map[string]transport.State {
	states := make(map[string]transport.State)
	for state, words := range defaultStates {
		for _, word := range words {
			states[word] = state
		}
	}
	return states
}
