package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// JenkinsBuild returns the dialect of builds of a Jenkins job. The job is its full name, with
// slashes between folders.
//
// A poll is GET /queue/item/{id}/api/json, until that item of the queue has the number of a build.
// Later polls are about the build. The name of a user and an API token are the user and password of
// the base URL. With them, no crumb is needed. The result is the list of artifacts.
//
// To start a job with parameters, set Dialect.Create.Path to the job's /buildWithParameters.
//
// Jenkins removes an item five minutes after it left the queue. A job that was not polled in that
// time is not found. A build that is UNSTABLE, because tests failed, is Completed. Its Raw is then
// UNSTABLE.
//
// See https://www.jenkins.io/doc/book/using/remote-access-api/.
func JenkinsBuild(job string) Service {
	path := "/job/" + segments(job, "/job/")
	return Service{
		Name: "Jenkins builds",
		Doc:  "https://www.jenkins.io/doc/book/using/remote-access-api/",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: path + "/build", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
			IdempotencyHeader: "-",
			ID:                "@header.Location",
			IDPattern:         "*/queue/item/{id}/",
			Status:            rest.Call{Path: "/queue/item/{id}/api/json"},
			Cancel:            rest.Call{Method: "POST", Path: "/queue/cancelItem?id={id}"},
			State:             "cancelled, executable.number, id",
			States: map[string]transport.State{
				"-, -, +":     transport.Pending,
				"false, -, *": transport.Pending,
				"-, +, *":     transport.Running,
				"false, +, *": transport.Running,
				"true, *, *":  transport.Canceled,
			},
			Message: "why",
			Next:    "executable.number",
			NextDialect: &rest.Dialect{
				ID:     "number",
				Status: rest.Call{Path: path + "/{id}/api/json"},
				Cancel: rest.Call{Method: "POST", Path: path + "/{id}/stop"},
				State:  "building, result",
				States: map[string]transport.State{
					"true, *":         transport.Running,
					"false, -":        transport.Running,
					"false, SUCCESS":  transport.Completed,
					"false, UNSTABLE": transport.Completed,
					"false, ABORTED":  transport.Canceled,
					"false, *":        transport.Failed,
				},
				Message: "description",
				Result:  "artifacts",
				Created: "timestamp",
			},
		},
	}
}
