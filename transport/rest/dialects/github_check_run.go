package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// GitHubCheckRun returns the dialect of check runs of a repository of GitHub, such as "owner/repo".
//
// A poll is GET /repos/{owner}/{repo}/check-runs/{id}. Only an app may create one. The result is
// the run's output.
//
// GitHub cannot cancel a check run. A check run of an external app ends only when the app reports
// the end.
//
// The signature of a webhook is in the header X-Hub-Signature-256, with the prefix sha256=: see
// webhook.HMAC.
//
// See https://docs.github.com/en/rest/checks/runs#get-a-check-run.
// The webhook is described at
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run.
func GitHubCheckRun(repo string) Service {
	runs := "/repos/" + segments(repo, "/") + "/check-runs"
	return Service{
		Name:    "GitHub check runs",
		Doc:     "https://docs.github.com/en/rest/checks/runs#get-a-check-run",
		BaseURL: "https://api.github.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: runs},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: runs + "/{id}"},
			Cancel:            rest.Call{Path: "-"},
			ID:                "id",
			State:             "status, conclusion",
			States:            gitHubStates(),
			Fault:             gitHubFault,
			Faults:            gitHubFaults(),
			Message:           "output.title",
			Result:            "output",
			Created:           "started_at",
			Finished:          "completed_at",
			Event:             rest.Event{At: "check_run"},
		},
	}
}
