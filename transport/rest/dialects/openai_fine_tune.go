package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// OpenAIFineTune returns the dialect of fine-tuning jobs of OpenAI.
//
// A poll is GET /v1/fine_tuning/jobs/{id} with an API key. The result is the name of the model.
//
// A job that is paused is Blocked until a person resumes it.
//
// A webhook has the state in its type, and no result: see [rest.Event]. It is signed as
// webhook.StandardWebhooks verifies.
//
// See https://platform.openai.com/docs/api-reference/fine-tuning.
// The webhook is described at
// https://platform.openai.com/docs/api-reference/webhook-events.
func OpenAIFineTune() Service {
	return Service{
		Name:    "OpenAI fine-tuning jobs",
		Doc:     "https://platform.openai.com/docs/api-reference/fine-tuning",
		BaseURL: "https://api.openai.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/fine_tuning/jobs"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/fine_tuning/jobs/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v1/fine_tuning/jobs/{id}/cancel"},
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"validating_files": transport.Pending,
				"queued":           transport.Pending,
				"running":          transport.Running,
				"paused":           transport.Blocked,
				"succeeded":        transport.Completed,
				"failed":           transport.Failed,
				"cancelled":        transport.Canceled,
			},
			Error:    "error.message, error.code",
			Result:   "fine_tuned_model",
			Created:  "created_at",
			Event:    openAIEvent("fine_tuning.job"),
			Finished: "finished_at",
		},
	}
}
