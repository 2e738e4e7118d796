package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AnthropicBatch returns the dialect of message batches of Anthropic.
//
// A poll is GET /v1/messages/batches/{id} with an API key in the header X-Api-Key. The fetched
// result has a line of JSON for each request.
//
// The counts of its requests decide the state of a batch that has ended. It is Canceled if some
// request was canceled, and otherwise Completed if some request succeeded. A batch whose requests
// all failed or expired is Failed.
//
// See https://docs.anthropic.com/en/api/retrieving-message-batches.
func AnthropicBatch() Service {
	return Service{
		Name:        "Anthropic message batches",
		Doc:         "https://docs.anthropic.com/en/api/retrieving-message-batches",
		BaseURL:     "https://api.anthropic.com",
		TokenHeader: "X-Api-Key",
		Dialect: rest.Dialect{
			Header:            map[string]string{"Anthropic-Version": "2023-06-01"},
			Create:            rest.Call{Path: "/v1/messages/batches"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/messages/batches/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v1/messages/batches/{id}/cancel"},
			Fetch:             rest.Call{Path: "/v1/messages/batches/{id}/results"},
			ID:                "id",
			State:             "processing_status, request_counts.succeeded, request_counts.canceled",
			States: map[string]transport.State{
				"in_progress, *, *": transport.Running,
				"canceling, *, *":   transport.Running,
				"ended, +, 0":       transport.Completed,
				"ended, 0, 0":       transport.Failed,
				"ended, *, +":       transport.Canceled,
			},
			Fault:    "@code",
			Faults:   map[string]transport.Class{"529": transport.Throttled},
			Result:   "results_url",
			Created:  "created_at",
			Finished: "ended_at",
		},
	}
}
