package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// OpenAIResponse returns the dialect of responses of OpenAI that are made in the background.
//
// It asks for GET /v1/responses/{id} with an API key. A create must say "background": true. The
// result is the list of output items.
//
// A response that is incomplete is Failed, and its message names what cut it short. What there is
// of it stands in Result.
//
// A webhook names the state in its type and carries no result: see [rest.Event].
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
			CreateTells:       true,
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
			Event:   openAIEvent("response"),
		},
	}
}
