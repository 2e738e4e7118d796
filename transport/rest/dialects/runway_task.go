package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// RunwayTask returns the dialect of tasks of Runway of the given kind, such as image_to_video,
// text_to_image or upscale.
//
// A poll is GET /v1/tasks/{id} with an API key, in the version 2024-11-06 of the API. The result is
// the list of links to the output, which expire. Runway asks clients to poll at most every five
// seconds.
//
// A task that is THROTTLED waits for its turn, and is Pending. A cancel of a task that has ended
// deletes it.
//
// See https://docs.dev.runwayml.com/api/.
func RunwayTask(kind string) Service {
	return Service{
		Name:    "Runway tasks",
		Doc:     "https://docs.dev.runwayml.com/api/",
		BaseURL: "https://api.dev.runwayml.com",
		Dialect: rest.Dialect{
			Header:            map[string]string{"X-Runway-Version": "2024-11-06"},
			Create:            rest.Call{Path: "/v1/" + segment(kind)},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/tasks/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/v1/tasks/{id}"},
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"PENDING":   transport.Pending,
				"THROTTLED": transport.Pending,
				"RUNNING":   transport.Running,
				"SUCCEEDED": transport.Completed,
				"FAILED":    transport.Failed,
				"CANCELLED": transport.Canceled,
			},
			Progress: "progress",
			Error:    "failure, failureCode",
			Result:   "output",
			Created:  "createdAt",
		},
	}
}
