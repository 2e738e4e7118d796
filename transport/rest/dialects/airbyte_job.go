package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AirbyteJob returns the dialect of jobs of Airbyte, which are syncs and resets.
//
// A poll is GET /v1/jobs/{id}. For your own installation, the base URL ends in the path
// /api/public.
//
// A job is incomplete, which is Running, after an attempt has failed and before the next one. A job
// has no result, and the answer does not say why a job failed.
//
// See https://reference.airbyte.com/reference/getjob.
func AirbyteJob() Service {
	return Service{
		Name:    "Airbyte jobs",
		Doc:     "https://reference.airbyte.com/reference/getjob",
		BaseURL: "https://api.airbyte.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/jobs"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/jobs/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/v1/jobs/{id}"},
			ID:                "jobId",
			State:             "status",
			States: map[string]transport.State{
				"pending":    transport.Pending,
				"queued":     transport.Pending,
				"running":    transport.Running,
				"incomplete": transport.Running,
				"succeeded":  transport.Completed,
				"failed":     transport.Failed,
				"cancelled":  transport.Canceled,
			},
			Created: "startTime",
			Updated: "lastUpdatedAt",
		},
	}
}
