package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// CircleCIWorkflow returns the dialect of workflows of CircleCI.
//
// A poll is GET /api/v2/workflow/{id} with a personal API token. The dialect starts no workflow,
// because a pipeline may create several. A workflow of a setup pipeline ends before the workflows
// with which the pipeline continues.
//
// A workflow that waits for an approval is on_hold, which is Blocked. A workflow that was not run,
// because its conditions were not met, is Canceled.
//
// The signature of a webhook is in the header Circleci-Signature, with the prefix v1=: see
// webhook.HMAC.
//
// See https://circleci.com/docs/api/v2/index.html#operation/getWorkflowById.
// The webhook is described at
// https://circleci.com/docs/reference/outbound-webhooks-reference/.
func CircleCIWorkflow() Service {
	return Service{
		Name:        "CircleCI workflows",
		Doc:         "https://circleci.com/docs/api/v2/index.html#operation/getWorkflowById",
		BaseURL:     "https://circleci.com",
		TokenHeader: "Circle-Token",
		Dialect: rest.Dialect{
			Create: rest.Call{Path: "-"},
			Status: rest.Call{Path: "/api/v2/workflow/{id}"},
			Cancel: rest.Call{Method: "POST", Path: "/api/v2/workflow/{id}/cancel"},
			ID:     "id",
			State:  "status",
			States: map[string]transport.State{
				"running":      transport.Running,
				"failing":      transport.Running,
				"on_hold":      transport.Blocked,
				"success":      transport.Completed,
				"failed":       transport.Failed,
				"error":        transport.Failed,
				"unauthorized": transport.Failed,
				"canceled":     transport.Canceled,
				"not_run":      transport.Canceled,
			},
			Created:  "created_at",
			Finished: "stopped_at",
			Event:    rest.Event{At: "workflow"},
		},
	}
}
