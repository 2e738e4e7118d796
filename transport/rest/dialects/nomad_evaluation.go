package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// NomadEvaluation returns the dialect of the dispatches of a parameterized batch job of Nomad. The
// allocations of a dispatch decide its state.
//
// A poll is GET /v1/job/{id}/allocations with an ACL token in the header X-Nomad-Token. The id is
// the id of the dispatched job, such as "batch/dispatch-1700000000-ab12". The index of the newest
// answer holds a request, for ten minutes at most.
//
// A job without an allocation is Pending. A job that Nomad does not know has the same answer, so
// give the wait a timeout. If there are two allocations, one that failed and has a successor does
// not count. If there are more, any failed allocation makes the job Failed once none is pending or
// running.
//
// See https://developer.hashicorp.com/nomad/api-docs/jobs.
func NomadEvaluation(job string) Service {
	return Service{
		Name:        "Nomad batch jobs",
		Doc:         "https://developer.hashicorp.com/nomad/api-docs/jobs",
		TokenHeader: "X-Nomad-Token",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/job/" + segment(job) + "/dispatch"},
			IdempotencyHeader: "-",
			ID:                "DispatchedJobID",
			Status:            rest.Call{Path: "/v1/job/{id}/allocations?all=false&index={rev}&wait={hold}s"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/v1/job/{id}"},
			AnswerID:          "[0].JobID",
			// Those that run or wait; the one that Nomad wants, and whether it is tried again; those
			// that failed or were lost, and the successor; those that completed; and a third one.
			State: "[ClientStatus=running].ClientStatus, [ClientStatus=pending].ClientStatus, " +
				"[DesiredStatus=run].ClientStatus, [DesiredStatus=run].FollowupEvalID, " +
				"[ClientStatus=failed].ClientStatus, [ClientStatus=failed].NextAllocation, [ClientStatus=lost].ClientStatus, " +
				"[ClientStatus=complete].ClientStatus, [2].ID",
			States: map[string]transport.State{
				"-, -, -, -, -, -, -, -, -":             transport.Pending,
				"-, +, *, *, *, *, *, *, *":             transport.Pending,
				"+, *, *, *, *, *, *, *, *":             transport.Running,
				"-, -, unknown, *, *, *, *, *, *":       transport.Running,
				"-, -, failed, *, *, *, *, *, *":        transport.Failed,
				"-, -, failed, +, *, *, *, *, *":        transport.Pending,
				"-, -, lost, *, *, *, *, *, *":          transport.Failed,
				"-, -, complete, *, -, *, *, *, *":      transport.Completed,
				"-, -, complete, *, failed, *, *, *, *": transport.Failed,
				"-, -, complete, *, failed, +, *, *, -": transport.Completed,
				"-, -, -, *, failed, *, *, *, *":        transport.Failed,
				"-, -, -, *, -, *, lost, *, *":          transport.Failed,
				"-, -, -, *, -, *, -, complete, *":      transport.Canceled,
			},
			Revision: "@header.X-Nomad-Index",
			Message:  "[ClientStatus=failed].ClientDescription, [0].ClientDescription",
		},
	}
}
