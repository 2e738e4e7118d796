package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// HuggingFaceJob returns the dialect of jobs of Hugging Face in a namespace, which is a user or an
// organization.
//
// A poll is GET /api/jobs/{namespace}/{id} with an access token of the Hub.
//
// A job has no result except its logs, which GET /api/jobs/{namespace}/{id}/logs streams as events.
//
// See https://huggingface.co/docs/huggingface_hub/guides/jobs.
func HuggingFaceJob(namespace string) Service {
	jobs := "/api/jobs/" + segment(namespace)
	return Service{
		Name:    "Hugging Face jobs",
		Doc:     "https://huggingface.co/docs/huggingface_hub/guides/jobs",
		BaseURL: "https://huggingface.co",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: jobs},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: jobs + "/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: jobs + "/{id}/cancel"},
			ID:                "id",
			State:             "status.stage",
			States: map[string]transport.State{
				"SCHEDULING": transport.Pending,
				"RUNNING":    transport.Running,
				"COMPLETED":  transport.Completed,
				"ERROR":      transport.Failed,
				"CANCELED":   transport.Canceled,
				"DELETED":    transport.Canceled,
			},
			Message: "status.message",
			Created: "createdAt",
		},
	}
}
