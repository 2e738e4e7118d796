package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TESTask returns the dialect of tasks of a Task Execution Service of GA4GH, such as Funnel or
// TESK.
//
// A poll is GET /ga4gh/tes/v1/tasks/{id}?view=MINIMAL. The fetched result is the full task with its
// logs, which also have the reason of a failure.
//
// A paused task is Blocked, and a preempted task is Failed.
//
// See https://ga4gh.github.io/task-execution-schemas/docs/.
func TESTask() Service {
	const tasks = "/ga4gh/tes/v1/tasks"
	return Service{
		Name: "GA4GH TES tasks",
		Doc:  "https://ga4gh.github.io/task-execution-schemas/docs/",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: tasks},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: tasks + "/{id}?view=MINIMAL"},
			Cancel:            rest.Call{Method: "POST", Path: tasks + "/{id}:cancel"},
			Fetch:             rest.Call{Path: tasks + "/{id}?view=FULL"},
			ID:                "id",
			State:             "state",
			States: map[string]transport.State{
				"QUEUED":         transport.Pending,
				"INITIALIZING":   transport.Pending,
				"RUNNING":        transport.Running,
				"CANCELING":      transport.Running,
				"PAUSED":         transport.Blocked,
				"COMPLETE":       transport.Completed,
				"EXECUTOR_ERROR": transport.Failed,
				"SYSTEM_ERROR":   transport.Failed,
				"PREEMPTED":      transport.Failed,
				"CANCELED":       transport.Canceled,
			},
		},
	}
}
