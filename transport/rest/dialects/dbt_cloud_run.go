package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// DbtCloudRun returns the dialect of runs of a job of dbt Cloud in an account. Both are numbers. If
// dbt Cloud has given the account its own address, use that as the base URL.
//
// A poll is GET /api/v2/accounts/{account}/runs/{id}/ with a token of a service account. The
// fetched result is the artifact run_results.json.
//
// A webhook names the state by a word. Its signature is in the header Authorization: see
// webhook.HMAC.
//
// See https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Retrieve%20Run.
// The webhook is described at
// https://docs.getdbt.com/docs/deploy/webhooks.
func DbtCloudRun(account, job string) Service {
	base := "/api/v2/accounts/" + segment(account)
	return Service{
		Name:    "dbt Cloud runs",
		Doc:     "https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Retrieve%20Run",
		BaseURL: "https://cloud.getdbt.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: base + "/jobs/" + segment(job) + "/run/"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: base + "/runs/{id}/"},
			Cancel:            rest.Call{Method: "POST", Path: base + "/runs/{id}/cancel/"},
			Fetch:             rest.Call{Path: base + "/runs/{id}/artifacts/run_results.json"},
			ID:                "data.id",
			State:             "data.status",
			States: map[string]transport.State{
				"1":  transport.Pending, // queued
				"2":  transport.Pending, // starting
				"3":  transport.Running,
				"10": transport.Completed,
				"20": transport.Failed,
				"30": transport.Canceled,
			},
			Message:  "data.status_message",
			Created:  "data.created_at",
			Finished: "data.finished_at",
			Event: rest.Event{ID: "data.runId", State: "data.runStatus", States: map[string]transport.State{
				"Running": transport.Running,
				"Success": transport.Completed,
				"Errored": transport.Failed,
			}},
		},
	}
}
