package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// HetznerAction returns the dialect of an action on a server of Hetzner Cloud, such as reboot,
// poweron, shutdown or rebuild. The server is its number.
//
// A poll is GET /v1/actions/{id} with an API token. Hetzner cannot cancel an action.
//
// See https://docs.hetzner.cloud/reference/cloud#actions.
func HetznerAction(server, action string) Service {
	return Service{
		Name:    "Hetzner Cloud actions",
		Doc:     "https://docs.hetzner.cloud/reference/cloud#actions",
		BaseURL: "https://api.hetzner.cloud",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/servers/" + segment(server) + "/actions/" + segment(action)},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/actions/{id}"},
			Cancel:            rest.Call{Path: "-"},
			ID:                "action.id",
			State:             "action.status",
			States: map[string]transport.State{
				"running": transport.Running,
				"success": transport.Completed,
				"error":   transport.Failed,
			},
			Progress:      "action.progress",
			ProgressScale: 100,
			Error:         "action.error.message, action.error.code",
			Created:       "action.started",
			Finished:      "action.finished",
		},
	}
}
