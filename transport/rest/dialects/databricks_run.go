package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// DatabricksRun returns the dialect of runs of jobs of Databricks. The base URL is the workspace's.
//
// A poll is GET /api/2.1/jobs/runs/get?run_id={id}. The fetched result is the output of a run of
// one task. The runs of a job with several tasks have ids of their own.
//
// A run whose result is SUCCESS_WITH_FAILURES is Completed. A run that was skipped, or whose
// predecessor was canceled, is Canceled.
//
// A webhook does not tell a run that failed from one that was canceled. So a webhook about either
// makes a Watcher poll: see [rest.Event]. It can send a user and a password: see
// webhook.SharedHeader.
//
// See https://docs.databricks.com/api/workspace/jobs/getrun.
// The webhook is described at
// https://docs.databricks.com/jobs/notifications.
func DatabricksRun() Service {
	return Service{
		Name: "Databricks job runs",
		Doc:  "https://docs.databricks.com/api/workspace/jobs/getrun",
		Dialect: rest.Dialect{
			Create:           rest.Call{Path: "/api/2.1/jobs/run-now"},
			IdempotencyField: "idempotency_token",
			Status:           rest.Call{Path: "/api/2.1/jobs/runs/get?run_id={id}"},
			Cancel:           rest.Call{Method: "POST", Path: "/api/2.1/jobs/runs/cancel", Body: map[string]any{"run_id": "{id:number}"}},
			Fetch:            rest.Call{Path: "/api/2.1/jobs/runs/get-output?run_id={id}"},
			ID:               "run_id",
			State:            "state.life_cycle_state, state.result_state",
			States: map[string]transport.State{
				"PENDING, *":                        transport.Pending,
				"QUEUED, *":                         transport.Pending,
				"BLOCKED, *":                        transport.Pending, // by another run
				"RUNNING, *":                        transport.Running,
				"TERMINATING, *":                    transport.Running,
				"WAITING_FOR_RETRY, *":              transport.Running,
				"TERMINATED, SUCCESS":               transport.Completed,
				"TERMINATED, SUCCESS_WITH_FAILURES": transport.Completed,
				"TERMINATED, *":                     transport.Failed,
				"INTERNAL_ERROR, *":                 transport.Failed,
				"TERMINATED, CANCELED":              transport.Canceled,
				"TERMINATED, UPSTREAM_CANCELED":     transport.Canceled,
				"SKIPPED, *":                        transport.Canceled,
			},
			Fault: "@code, error_code, message",
			Faults: map[string]transport.Class{
				"400, INVALID_PARAMETER_VALUE, *does not exist*": transport.NotFound,
				"400, RESOURCE_DOES_NOT_EXIST, *":                transport.NotFound,
			},
			Message:  "state.state_message",
			Created:  "start_time",
			Finished: "end_time",
			Event: rest.Event{ID: "run.run_id", State: "event_type", States: map[string]transport.State{
				"jobs.on_start":   transport.Running,
				"jobs.on_success": transport.Completed,
			}},
		},
	}
}
