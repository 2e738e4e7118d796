package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// LumaGeneration returns the dialect of generations of Luma's Dream Machine.
//
// A poll is GET /dream-machine/v1/generations/{id} with an API key. The result is the object with
// the links of the video or image.
//
// Luma cannot cancel a generation.
//
// Luma's pages name no signature of the callback. So put a secret into its URL: see
// webhook.SharedQuery.
//
// See https://docs.lumalabs.ai/reference/getgeneration. The page about creating a generation
// describes the callback. Its body has the same form as the answer to a poll.
func LumaGeneration() Service {
	return Service{
		Name:    "Luma generations",
		Doc:     "https://docs.lumalabs.ai/reference/getgeneration",
		BaseURL: "https://api.lumalabs.ai",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/dream-machine/v1/generations"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/dream-machine/v1/generations/{id}"},
			Cancel:            rest.Call{Path: "-"},
			ID:                "id",
			State:             "state",
			States: map[string]transport.State{
				"queued":    transport.Pending,
				"dreaming":  transport.Running,
				"completed": transport.Completed,
				"failed":    transport.Failed,
			},
			Error:   "failure_reason",
			Result:  "assets",
			Created: "created_at",
		},
	}
}
