package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// CloudConvertJob returns the dialect of jobs of CloudConvert.
//
// A poll is GET /v2/jobs/{id} with an API key. The result is the list of files of the task that
// exports to URLs. Their links are on another host.
//
// A cancel deletes the job.
//
// The signature of a webhook is in the header CloudConvert-Signature: see webhook.HMAC.
//
// See https://cloudconvert.com/api/v2/jobs#jobs-show.
// The webhook is described at
// https://cloudconvert.com/api/v2/webhooks#webhooks-events.
func CloudConvertJob() Service {
	return Service{
		Name:    "CloudConvert jobs",
		Doc:     "https://cloudconvert.com/api/v2/jobs#jobs-show",
		BaseURL: "https://api.cloudconvert.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v2/jobs"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v2/jobs/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/v2/jobs/{id}"},
			ID:                "data.id",
			State:             "data.status",
			States: map[string]transport.State{
				"waiting":    transport.Pending,
				"processing": transport.Running,
				"finished":   transport.Completed,
				"error":      transport.Failed,
			},
			Message:  "data.tasks[status=error].message, data.tasks[status=error].code",
			Result:   "data.tasks[operation=export/url].result.files",
			Created:  "data.created_at",
			Finished: "data.ended_at",
			Event: rest.Event{ID: "job.id", State: "event", States: map[string]transport.State{ // the job's status may be null
				"job.created":  transport.Pending,
				"job.finished": transport.Completed,
				"job.failed":   transport.Failed,
			}},
		},
	}
}
