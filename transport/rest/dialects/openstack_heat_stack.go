package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// HeatStack returns the dialect of the named stack in a project of OpenStack Heat. The project is
// its id.
//
// A poll is GET /v1/{project}/stacks/{name}/{id} with a token of Keystone in the header
// X-Auth-Token. The result is the list of outputs. A cancel stops an update that is in progress.
//
// The state is the state of the stack's newest action, whatever the action is. A stack that was
// rolled back is Failed, and one that was deleted is Canceled.
//
// See https://docs.openstack.org/api-ref/orchestration/v1/.
func HeatStack(project, name string) Service {
	stacks := "/v1/" + segment(project) + "/stacks"
	stack := stacks + "/" + segment(name) + "/{id}"
	return Service{
		Name:        "OpenStack Heat stacks",
		Doc:         "https://docs.openstack.org/api-ref/orchestration/v1/",
		TokenHeader: "X-Auth-Token",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: stacks},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: stack},
			Cancel:            rest.Call{Method: "POST", Path: stack + "/actions", Body: map[string]any{"cancel_update": nil}},
			ID:                "stack.id",
			State:             "stack.stack_status",
			States: map[string]transport.State{
				"*_IN_PROGRESS":     transport.Running,
				"*_COMPLETE":        transport.Completed,
				"*_FAILED":          transport.Failed,
				"ROLLBACK_COMPLETE": transport.Failed,
				"DELETE_COMPLETE":   transport.Canceled,
			},
			Message: "stack.stack_status_reason",
			Result:  "stack.outputs",
			Created: "stack.creation_time",
			Updated: "stack.updated_time",
		},
	}
}
