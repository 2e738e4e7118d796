package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// GoogleOperation returns the dialect of long-running operations of a service of Google, such as
// run.googleapis.com, in a version of its API, such as v2. The collection is the path of a create,
// such as "projects/p/locations/l/services".
//
// A poll is GET /{version}/{id}. The id is the operation's name, such as
// "projects/p/locations/l/operations/o". The result is the response, if the operation has one.
//
// An operation whose error has the code 1 is Canceled. The metadata differ from service to service,
// and so does the progress.
//
// See https://google.aip.dev/151.
func GoogleOperation(service, version, collection string) Service {
	base := "/" + segment(version) + "/"
	return Service{
		Name:    "Google operations",
		Doc:     "https://google.aip.dev/151",
		BaseURL: "https://" + segment(service),
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: base + segments(collection, "/")},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: base + "{+id}"},
			Cancel:            rest.Call{Method: "POST", Path: base + "{+id}:cancel", Body: map[string]any{}},
			ID:                "name",
			State:             "done, error.code",
			States: map[string]transport.State{
				"-, *":     transport.Running,
				"false, *": transport.Running,
				"true, -":  transport.Completed,
				"true, +":  transport.Failed,
				"true, 1":  transport.Canceled,
			},
			Progress:      "metadata.progressPercent",
			ProgressScale: 100,
			Error:         "error.message, error",
			Result:        "response",
			Created:       "metadata.createTime",
			Updated:       "metadata.updateTime",
			Finished:      "metadata.endTime",
		},
	}
}
