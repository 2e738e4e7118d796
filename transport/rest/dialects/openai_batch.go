package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// OpenAIBatch returns the dialect of batches of OpenAI.
//
// A poll is GET /v1/batches/{id} with an API key. The fetched result is the content of the output
// file, which has a line of JSON for each request.
//
// A batch of which some or all requests failed is Completed. If all failed, it has no output file.
// Its request_counts and its error_file_id are about the failed requests. A batch that expired is
// Failed, although it may have an output file.
//
// A webhook has the state in its type, and no result: see [rest.Event]. It is signed as
// webhook.StandardWebhooks verifies.
//
// See https://platform.openai.com/docs/api-reference/batch.
// The webhook is described at
// https://platform.openai.com/docs/api-reference/webhook-events.
func OpenAIBatch() Service {
	return Service{
		Name:    "OpenAI batches",
		Doc:     "https://platform.openai.com/docs/api-reference/batch",
		BaseURL: "https://api.openai.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/batches"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/batches/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v1/batches/{id}/cancel"},
			Fetch:             rest.Call{Path: "/v1/files/{result}/content"},
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"validating":  transport.Pending,
				"in_progress": transport.Running,
				"finalizing":  transport.Running,
				"cancelling":  transport.Running,
				"completed":   transport.Completed,
				"failed":      transport.Failed,
				"expired":     transport.Failed,
				"cancelled":   transport.Canceled,
			},
			Progress: "request_counts.completed / request_counts.total",
			Error:    "errors.data[0].message",
			Result:   "output_file_id",
			Created:  "created_at",
			Event:    openAIEvent("batch"),
			Finished: "completed_at, failed_at, expired_at, cancelled_at",
		},
	}
}
