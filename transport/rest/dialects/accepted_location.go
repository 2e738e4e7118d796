package dialects

import (
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AcceptedLocation returns the dialect of jobs that a POST to a path starts, and whose status is at
// the Location of the answer 202. Many services of Azure work this way, and others that follow RFC
// 9110.
//
// A poll is GET of the Location, which is the job's id. The answer is 202 while the job runs. The
// result is the body of the 200 that ends it. With a 204 there is no result, and a 303 redirects to
// the result. A Location of another origin needs [rest.AllowOrigin].
//
// The status code is the state of the job. A 409, 422 or 500 that names an error means that the job
// failed, although the error may be about the poll.
//
// With a 200, the job goes on if the status in the body is NotStarted, Pending, Queued, Accepted,
// InProgress, Processing, Running, Waiting, Updating or DeletePending. It failed with Failed, Fail,
// Error, TimedOut or DeleteFailed, and was canceled with Canceled or Cancelled. An operation of
// Azure's Durable Functions has a runtimeStatus instead. Any other status is taken to be a part of
// the result. The result must be JSON: package longrunning reads others, too.
//
// See https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations.
func AcceptedLocation(path string) Service {
	return Service{
		Name: "Jobs at a Location",
		Doc:  "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/" + strings.TrimPrefix(path, "/")},
			IdempotencyHeader: "-",
			ID:                "@header.Location",
			Status:            rest.Call{Path: "{+id}"},
			Cancel:            rest.Call{Path: "-"},
			State:             "@code, status, runtimeStatus, error.code",
			States: map[string]transport.State{
				"202, *, *, *":             transport.Running,
				"200, NotStarted, *, *":    transport.Pending,
				"200, Pending, *, *":       transport.Pending,
				"200, Queued, *, *":        transport.Pending,
				"200, Accepted, *, *":      transport.Running,
				"200, InProgress, *, *":    transport.Running,
				"200, Processing, *, *":    transport.Running,
				"200, Running, *, *":       transport.Running,
				"200, Waiting, *, *":       transport.Running,
				"200, Updating, *, *":      transport.Running,
				"200, DeletePending, *, *": transport.Running,
				"200, *, *, *":             transport.Completed,
				"204, *, *, *":             transport.Completed,
				"200, Failed, *, *":        transport.Failed,
				"200, Fail, *, *":          transport.Failed,
				"200, Error, *, *":         transport.Failed,
				"200, TimedOut, *, *":      transport.Failed,
				"200, DeleteFailed, *, *":  transport.Failed,
				"200, Canceled, *, *":      transport.Canceled,
				"200, Cancelled, *, *":     transport.Canceled,
				"200, -, Failed, *":        transport.Failed,
				"200, -, Canceled, *":      transport.Canceled,
				"200, -, Terminated, *":    transport.Canceled,
				"409, *, *, +":             transport.Failed,
				"422, *, *, +":             transport.Failed,
				"500, *, *, +":             transport.Failed,
				"500, -, Failed, *":        transport.Failed,
			},
			Next:   "@header.Location",
			Error:  "error.message, error",
			Result: ".",
		},
	}
}
