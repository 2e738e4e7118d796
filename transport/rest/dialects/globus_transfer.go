package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// GlobusTransfer returns the dialect of transfer tasks of Globus.
//
// A poll is GET /v0.10/task/{id} with an access token of the scope transfer.api.globus.org:all. The
// idempotency key of a create is its submission_id, which GET /v0.10/submission_id returns. The
// fetched result is the first page of the files that were transferred.
//
// A task is Blocked if it has no permission, if its credential has expired, or if an endpoint is
// paused. Globus keeps such a task ACTIVE until its deadline, when it fails. A cancel is answered
// with 200 even if the task had ended.
//
// See https://docs.globus.org/api/transfer/task/.
func GlobusTransfer() Service {
	return Service{
		Name:    "Globus transfer tasks",
		Doc:     "https://docs.globus.org/api/transfer/task/",
		BaseURL: "https://transfer.api.globus.org",
		Dialect: rest.Dialect{
			Create:           rest.Call{Path: "/v0.10/transfer"},
			Status:           rest.Call{Path: "/v0.10/task/{id}"},
			Cancel:           rest.Call{Method: "POST", Path: "/v0.10/task/{id}/cancel"},
			Fetch:            rest.Call{Path: "/v0.10/task/{id}/successful_transfers"},
			IdempotencyField: "submission_id",
			ID:               "task_id",
			State:            "status, nice_status, is_paused, fatal_error.code",
			States: map[string]transport.State{
				"ACTIVE, *, *, *":                 transport.Running,
				"ACTIVE, Queued, *, *":            transport.Pending,
				"ACTIVE, PERMISSION_DENIED, *, *": transport.Blocked,
				"ACTIVE, *CREDENTIAL*, *, *":      transport.Blocked,
				"ACTIVE, PAUSED*, *, *":           transport.Blocked,
				"ACTIVE, *, true, *":              transport.Blocked,
				"ACTIVE, Queued, true, *":         transport.Blocked,
				"INACTIVE, *, *, *":               transport.Blocked,
				"SUCCEEDED, *, *, *":              transport.Completed,
				"FAILED, *, *, *":                 transport.Failed,
				"FAILED, *, *, CANCELED":          transport.Canceled,
			},
			Progress: "files_transferred / files",
			Message:  "nice_status_short_description, nice_status",
			Error:    "fatal_error.description, fatal_error.code",
			Created:  "request_time",
			Finished: "completion_time",
		},
	}
}
