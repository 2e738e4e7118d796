package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// GitHubActionsRun returns the dialect of workflow runs of a repository of GitHub, such as
// "owner/repo". It cannot start a run: see [GitHubWorkflowRun].
//
// A poll is GET /repos/{owner}/{repo}/actions/runs/{id} with a token that may read actions. An
// answer that has not changed does not count for the rate limit. The newest hundred runs are polled
// by a list, and older runs one at a time. The fetched result is the list of artifacts.
//
// A run is Blocked if it waits for a person to approve a deployment, or the changes of an outside
// contributor. A run that is repeated is queued again with the same id. Just after that, GitHub may
// still report the end of the attempt before.
//
// The signature of a webhook is in the header X-Hub-Signature-256, with the prefix sha256=: see
// webhook.HMAC.
//
// See https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run.
// The webhook is described at
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run.
func GitHubActionsRun(repo string) Service {
	runs := "/repos/" + segments(repo, "/") + "/actions/runs"
	return Service{
		Name:    "GitHub Actions runs",
		Doc:     "https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run",
		BaseURL: "https://api.github.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "-"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: runs + "/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: runs + "/{id}/cancel"},
			Fetch:             rest.Call{Path: runs + "/{id}/artifacts"},
			Batch:             rest.Batch{Path: runs + "?per_page=100", List: "workflow_runs"},
			ID:                "id",
			State:             "status, conclusion",
			States:            gitHubStates(),
			Fault:             gitHubFault,
			Faults:            gitHubFaults(),
			Created:           "created_at",
			Event:             rest.Event{At: "workflow_run"},
			Updated:           "updated_at",
		},
	}
}

// gitHubStates returns the states of runs, whose outcome stands beside the status.
func gitHubStates() map[string]transport.State {
	return map[string]transport.State{
		"queued, *":                  transport.Pending,
		"requested, *":               transport.Pending,
		"pending, *":                 transport.Pending,
		"waiting, *":                 transport.Blocked,
		"in_progress, *":             transport.Running,
		"completed, success":         transport.Completed,
		"completed, neutral":         transport.Completed,
		"completed, skipped":         transport.Completed,
		"completed, +":               transport.Failed,
		"completed, cancelled":       transport.Canceled,
		"completed, action_required": transport.Blocked,
	}
}

// gitHubFault is where GitHub tells of its secondary rate limits, which have a text, and not always
// a header. The primary one has a header that package rest knows.
const gitHubFault = "@code, message"

func gitHubFaults() map[string]transport.Class {
	return map[string]transport.Class{"403, *rate limit*": transport.Throttled}
}
