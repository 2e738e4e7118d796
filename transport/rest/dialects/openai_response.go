package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// OpenAIResponse returns the dialect of background responses of OpenAI.
//
// A poll is GET /v1/responses/{id} with an API key. The input of a create must have "background":
// true. The result is the list of output items.
//
// A response that is incomplete is Failed. Its Message says why it is incomplete, and its Result is
// the partial output.
//
// A webhook has the state in its type, and no result: see [rest.Event]. It is signed as
// webhook.StandardWebhooks verifies.
//
// See https://platform.openai.com/docs/guides/background.
// The webhook is described at
// https://platform.openai.com/docs/api-reference/webhook-events.
func OpenAIResponse() Service {
	return Service{
		Name:    "OpenAI background responses",
		Doc:     "https://platform.openai.com/docs/guides/background",
		BaseURL: "https://api.openai.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/responses"},
			IdempotencyHeader: "-",
			CreateHasState:    true,
			Status:            rest.Call{Path: "/v1/responses/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v1/responses/{id}/cancel"},
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"queued":      transport.Pending,
				"in_progress": transport.Running,
				"completed":   transport.Completed,
				"failed":      transport.Failed,
				"incomplete":  transport.Failed,
				"cancelled":   transport.Canceled,
			},
			Error:   "error.message, error.code, incomplete_details.reason",
			Result:  "output",
			Created: "created_at",
			MaxBody: 64 << 20, // images are in the answer
			Event:   openAIEvent("response"),
		},
	}
}
