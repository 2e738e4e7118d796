package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ReplicatePrediction returns the dialect of predictions of Replicate.
//
// A poll is GET /v1/predictions/{id} with an API token. The result is the model's output, often a
// link that expires after an hour. To make a create wait up to five seconds for a short prediction,
// set Dialect.Create.Header to {"Prefer": "wait=5"}.
//
// A prediction that was aborted ended before it began. It is Failed.
//
// A webhook has the prediction, and is signed as webhook.StandardWebhooks verifies.
//
// See https://replicate.com/docs/reference/http#predictions.get.
// The webhook is described at
// https://replicate.com/docs/topics/webhooks/receive-webhook.
func ReplicatePrediction() Service {
	return Service{
		Name:    "Replicate predictions",
		Doc:     "https://replicate.com/docs/reference/http#predictions.get",
		BaseURL: "https://api.replicate.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/predictions"},
			IdempotencyHeader: "-",
			CreateHasState:    true,
			Status:            rest.Call{Path: "/v1/predictions/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v1/predictions/{id}/cancel"},
			ID:                "id",
			State:             "status",
			States: map[string]transport.State{
				"starting":   transport.Pending,
				"processing": transport.Running,
				"succeeded":  transport.Completed,
				"failed":     transport.Failed,
				"aborted":    transport.Failed,
				"canceled":   transport.Canceled,
			},
			Error:    "error",
			Result:   "output",
			Created:  "created_at",
			Finished: "completed_at",
		},
	}
}
