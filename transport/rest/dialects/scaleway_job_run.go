package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ScalewayJobRun returns the dialect of runs of a Serverless Job of Scaleway. The region is a name
// such as fr-par, and the definition is the id of the job's definition.
//
// A poll is GET /serverless-jobs/v1alpha2/regions/{region}/job-runs/{id} with a secret key in the
// header X-Auth-Token. A create starts one run.
//
// See https://www.scaleway.com/en/developers/api/serverless-jobs/.
func ScalewayJobRun(region, definition string) Service {
	jobs := "/serverless-jobs/v1alpha2/regions/" + segment(region)
	return Service{
		Name:        "Scaleway Serverless Job runs",
		Doc:         "https://www.scaleway.com/en/developers/api/serverless-jobs/",
		BaseURL:     "https://api.scaleway.com",
		TokenHeader: "X-Auth-Token",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: jobs + "/job-definitions/" + segment(definition) + "/start", Body: map[string]any{}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: jobs + "/job-runs/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: jobs + "/job-runs/{id}/stop", Body: map[string]any{}},
			ID:                "job_runs[0].id",
			AnswerID:          "id",
			State:             "state",
			States: map[string]transport.State{
				"initialized":  transport.Pending,
				"validated":    transport.Pending,
				"queued":       transport.Pending,
				"running":      transport.Running,
				"interrupting": transport.Running,
				"succeeded":    transport.Completed,
				"failed":       transport.Failed,
				"interrupted":  transport.Canceled,
			},
			Message:  "error_message, reason",
			Created:  "created_at",
			Updated:  "updated_at",
			Finished: "terminated_at",
		},
	}
}
