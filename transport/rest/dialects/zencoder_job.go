package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ZencoderJob returns the dialect of jobs of Zencoder.
//
// A poll is GET /api/v2/jobs/{id}/progress with an API key in the header Zencoder-Api-Key. The
// fetched result is the job itself.
//
// The answer to a poll does not say why a job failed: the error_message of the fetched job does.
//
// A notification is not signed, but the URL for it can have a user and a password: see
// webhook.SharedHeader.
//
// See https://support.brightcove.com/zencoder-api.
// The notification is described on the page "Getting Notifications When Videos Are Finished" of
// https://zencoder.support.brightcove.com/general-information/.
func ZencoderJob() Service {
	return Service{
		Name:        "Zencoder jobs",
		Doc:         "https://support.brightcove.com/zencoder-api",
		BaseURL:     "https://app.zencoder.com",
		TokenHeader: "Zencoder-Api-Key",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/api/v2/jobs"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/api/v2/jobs/{id}/progress"},
			Cancel:            rest.Call{Method: "PUT", Path: "/api/v2/jobs/{id}/cancel"},
			Fetch:             rest.Call{Path: "/api/v2/jobs/{id}"},
			ID:                "id",
			AnswerID:          "-",
			State:             "state",
			States: map[string]transport.State{
				"pending":    transport.Pending,
				"waiting":    transport.Pending,
				"queued":     transport.Pending,
				"assigning":  transport.Pending,
				"processing": transport.Running,
				"finished":   transport.Completed,
				"failed":     transport.Failed,
				"cancelled":  transport.Canceled,
			},
			Progress:      "progress",
			ProgressScale: 100,
			Result:        "-",
			Event:         rest.Event{ID: "job.id", State: "job.state"},
		},
	}
}
