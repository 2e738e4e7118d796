package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWXJob returns the dialect of jobs of AWX or Ansible Tower that a job template starts. The
// template is its number.
//
// A poll is GET /api/v2/jobs/{id}/. Many jobs are polled by a list. The result is the artifacts
// that the play set. A cancel of a job that has ended is an error.
//
// This dialect cannot poll a workflow job, which would be Running while it waits for an approval.
//
// A webhook has the id and the status of the job, unless its notification template has another
// body. The template can name a user and a password, or a header with a secret: see
// webhook.SharedHeader.
//
// See https://docs.ansible.com/automation-controller/latest/html/controllerapi/index.html.
func AWXJob(template string) Service {
	return Service{
		Name: "AWX jobs",
		Doc:  "https://docs.ansible.com/automation-controller/latest/html/controllerapi/index.html",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/api/v2/job_templates/" + segment(template) + "/launch/"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/api/v2/jobs/{id}/"},
			Cancel:            rest.Call{Method: "POST", Path: "/api/v2/jobs/{id}/cancel/"},
			Batch:             rest.Batch{Path: "/api/v2/jobs/?id__in={ids}", Max: 25, List: "results", Next: "next"}, // 25 are a page
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"new":        transport.Pending,
				"pending":    transport.Pending,
				"waiting":    transport.Pending,
				"running":    transport.Running,
				"successful": transport.Completed,
				"failed":     transport.Failed,
				"error":      transport.Failed,
				"canceled":   transport.Canceled,
			},
			Error:    "job_explanation, result_traceback",
			Result:   "artifacts",
			Created:  "created",
			Finished: "finished",
		},
	}
}
