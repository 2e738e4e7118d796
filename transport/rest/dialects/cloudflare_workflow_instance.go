package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// CloudflareWorkflowInstance returns the dialect of instances of a workflow of Cloudflare in an
// account. The account is its id.
//
// A poll is GET /client/v4/accounts/{account}/workflows/{workflow}/instances/{id}. The result is
// the value that the workflow returned.
//
// A paused instance is Blocked. An instance that waits for a time or an event is Running.
//
// See
// https://developers.cloudflare.com/api/resources/workflows/subresources/instances/methods/get/.
func CloudflareWorkflowInstance(account, workflow string) Service {
	instances := "/client/v4/accounts/" + segment(account) + "/workflows/" + segment(workflow) + "/instances"
	return Service{
		Name:    "Cloudflare Workflows instances",
		Doc:     "https://developers.cloudflare.com/api/resources/workflows/subresources/instances/methods/get/",
		BaseURL: "https://api.cloudflare.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: instances},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: instances + "/{id}"},
			Cancel:            rest.Call{Method: "PATCH", Path: instances + "/{id}/status", Body: map[string]any{"status": "terminate"}},
			ID:                "result.id",
			State:             "result.status",
			States: map[string]transport.State{
				"queued":          transport.Pending,
				"running":         transport.Running,
				"waiting":         transport.Running,
				"waitingForPause": transport.Running,
				"paused":          transport.Blocked,
				"complete":        transport.Completed,
				"errored":         transport.Failed,
				"terminated":      transport.Canceled,
			},
			Fault:  "@code, success",
			Faults: map[string]transport.Class{"200, false": transport.Permanent},
			Error:  "result.error.message, result.error",
			Result: "result.output",
		},
	}
}
