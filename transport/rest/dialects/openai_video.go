package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// OpenAIVideo returns the dialect of videos of OpenAI.
//
// A poll is GET /v1/videos/{id} with an API key. A create is a multipart form: its input is a map
// or a struct, and may have a [rest.File]. The fetched result is the video itself, until it
// expires.
//
// OpenAI cannot cancel a video.
//
// A webhook has the state in its type, and no result: see [rest.Event]. It is signed as
// webhook.StandardWebhooks verifies.
//
// See https://platform.openai.com/docs/api-reference/videos.
// The webhook is described at
// https://platform.openai.com/docs/guides/video-generation.
func OpenAIVideo() Service {
	return Service{
		Name:    "OpenAI videos",
		Doc:     "https://platform.openai.com/docs/api-reference/videos",
		BaseURL: "https://api.openai.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/videos", Header: map[string]string{"Content-Type": "multipart/form-data"}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/videos/{id}"},
			Cancel:            rest.Call{Path: "-"},
			Fetch:             rest.Call{Path: "/v1/videos/{id}/content"},
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"queued":      transport.Pending,
				"in_progress": transport.Running,
				"completed":   transport.Completed,
				"failed":      transport.Failed,
			},
			Progress:      "progress",
			ProgressScale: 100,
			Error:         "error.message, error.code",
			Result:        "-",
			Created:       "created_at",
			Event:         openAIEvent("video"),
			Finished:      "completed_at",
		},
	}
}
