package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AirbyteJob returns the dialect of jobs of Airbyte, which are syncs and resets.
//
// It asks for GET /v1/jobs/{id}. An installation of one's own has the path /api/public before it,
// which stands in the base URL.
//
// A job is incomplete while an attempt has failed and another one follows. A job has no result, and
// its answer does not say why it failed.
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
