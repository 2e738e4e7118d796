package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// CamundaProcessInstance returns the dialect of process instances of Camunda 8.
//
// A poll is GET /v2/process-instances/{id}. The fetched result is the first page of the instance's
// variables.
//
// An instance with an incident is Blocked until a person resolves it. An instance that was
// terminated with an incident is Failed, and one that was terminated without is Canceled. A new
// instance is not found for a second or two: see jobstatus.WithPatience.
//
// See
// https://docs.camunda.io/docs/apis-tools/orchestration-cluster-api-rest/specifications/get-process-instance/.
func CamundaProcessInstance() Service {
	return Service{
		Name: "Camunda process instances",
		Doc:  "https://docs.camunda.io/docs/apis-tools/orchestration-cluster-api-rest/specifications/get-process-instance/",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v2/process-instances"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v2/process-instances/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v2/process-instances/{id}/cancellation", Body: map[string]any{}},
			Fetch: rest.Call{Method: "POST", Path: "/v2/variables/search", Body: map[string]any{
				"filter": map[string]any{"processInstanceKey": "{id}"},
			}},
			ID:    "processInstanceKey",
			State: "state, hasIncident",
			States: map[string]transport.State{
				"ACTIVE, *":        transport.Running,
				"ACTIVE, true":     transport.Blocked,
				"COMPLETED, *":     transport.Completed,
				"TERMINATED, *":    transport.Canceled,
				"TERMINATED, true": transport.Failed,
			},
			Fault:    "@code, title",
			Faults:   map[string]transport.Class{"503, RESOURCE_EXHAUSTED": transport.Throttled},
			Created:  "startDate",
			Finished: "endDate",
		},
	}
}
