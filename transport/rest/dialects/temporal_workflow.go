package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TemporalWorkflow returns the dialect of workflow executions of Temporal in a namespace, by the
// HTTP API of its frontend.
//
// A poll is GET /api/v1/namespaces/{namespace}/workflows/{id}. The caller chooses the id: it is the
// idempotency key of the create. A poll is about the newest run of the workflow, so a workflow that
// was continued as new is Running. The fetched result is the event that closed the run.
//
// A paused workflow is Blocked. Only the event that closed the run says why a workflow failed, and
// what it returned.
//
// See https://github.com/temporalio/api, whose openapi folder describes the HTTP API.
func TemporalWorkflow(namespace string) Service {
	workflows := "/api/v1/namespaces/" + segment(namespace) + "/workflows/"
	const status = "WORKFLOW_EXECUTION_STATUS_"
	return Service{
		Name: "Temporal workflow executions",
		Doc:  "https://github.com/temporalio/api",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: workflows + "{key}"},
			IdempotencyHeader: "-", // the key is in the path
			Status:            rest.Call{Path: workflows + "{id}"},
			Cancel:            rest.Call{Method: "POST", Path: workflows + "{id}/cancel", Body: map[string]any{}},
			Fetch:             rest.Call{Path: workflows + "{id}/history?waitNewEvent=true&historyEventFilterType=2"},
			ID:                "@key",
			AnswerID:          "workflowExecutionInfo.execution.workflowId",
			State:             "workflowExecutionInfo.status",
			States: map[string]transport.State{
				status + "RUNNING":          transport.Running,
				status + "CONTINUED_AS_NEW": transport.Running,
				status + "PAUSED":           transport.Blocked,
				status + "COMPLETED":        transport.Completed,
				status + "FAILED":           transport.Failed,
				status + "TIMED_OUT":        transport.Failed,
				status + "CANCELED":         transport.Canceled,
				status + "TERMINATED":       transport.Canceled,
			},
			Created:  "workflowExecutionInfo.startTime",
			Finished: "workflowExecutionInfo.closeTime",
			Result:   "-",
		},
	}
}
