package dialects

import (
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AcceptedLocation returns the dialect of what a POST to a path starts, where the answer is 202 and
// a Location to ask at. Many services of Azure speak so, and others that follow RFC 9110.
//
// It asks for GET of the Location, which is the job's id. The answer is 202 while the job runs. The
// result is the body of the 200 that ends it. A 204 has none, and a 303 leads to it. A Location of
// another origin needs [rest.AllowOrigin].
//
// The status code alone says how the job stands. A 409, 422 or 500 that names an error is taken for
// a job that failed, though it may be about the poll. Azure's operations that have a status in the
// body, and are 200 while they run, are told by the words Azure has for them.
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
			State:             "@code, status, error.code",
			States: map[string]transport.State{
				"202, *, *":          transport.Running,
				"200, InProgress, *": transport.Running,
				"200, Running, *":    transport.Running,
				"200, *, *":          transport.Completed,
				"204, *, *":          transport.Completed,
				"200, Failed, *":     transport.Failed,
				"200, Canceled, *":   transport.Canceled,
				"409, *, +":          transport.Failed,
				"422, *, +":          transport.Failed,
				"500, *, +":          transport.Failed,
			},
			Next:   "@header.Location",
			Error:  "error.message, error",
			Result: ".",
		},
	}
}
