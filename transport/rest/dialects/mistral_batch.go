package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// MistralBatch returns the dialect of batch jobs of Mistral.
//
// A poll is GET /v1/batch/jobs/{id} with an API key. The fetched result is the content of the
// output file.
//
// A batch of which some requests failed is Completed. Its failed_requests and its error_file are
// about those requests.
//
// See https://docs.mistral.ai/api/#tag/batch.
func MistralBatch() Service {
	return Service{
		Name:    "Mistral batch jobs",
		Doc:     "https://docs.mistral.ai/api/#tag/batch",
		BaseURL: "https://api.mistral.ai",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/batch/jobs"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/batch/jobs/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v1/batch/jobs/{id}/cancel"},
			Fetch:             rest.Call{Path: "/v1/files/{result}/content"},
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"QUEUED":                 transport.Pending,
				"RUNNING":                transport.Running,
				"CANCELLATION_REQUESTED": transport.Running,
				"SUCCESS":                transport.Completed,
				"FAILED":                 transport.Failed,
				"TIMEOUT_EXCEEDED":       transport.Failed,
				"CANCELLED":              transport.Canceled,
			},
			Progress: "completed_requests / total_requests",
			Message:  "errors[0].message",
			Result:   "output_file",
			Created:  "created_at",
			Finished: "completed_at",
		},
	}
}
