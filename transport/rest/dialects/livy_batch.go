package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// LivyBatch returns the dialect of batches of Apache Livy.
//
// A poll is GET /batches/{id}/state. Creates and cancels have the header X-Requested-By, which Livy
// requires if its protection against CSRF is on. The fetched result is the batch's log.
//
// A cancel removes the batch, so that it is not found afterwards. When the server restarts without
// recovery, the ids begin again at 0. An id may then belong to another batch.
//
// See https://livy.apache.org/docs/latest/rest-api.html.
func LivyBatch() Service {
	header := map[string]string{"X-Requested-By": rest.UserAgent}
	return Service{
		Name: "Apache Livy batches",
		Doc:  "https://livy.apache.org/docs/latest/rest-api.html",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/batches", Header: header},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/batches/{id}/state"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/batches/{id}", Header: header},
			Fetch:             rest.Call{Path: "/batches/{id}/log"},
			ID:                "id",
			State:             "state",
			States: map[string]transport.State{
				"not_started":   transport.Pending,
				"starting":      transport.Pending,
				"idle":          transport.Running,
				"busy":          transport.Running,
				"running":       transport.Running,
				"recovering":    transport.Running,
				"shutting_down": transport.Running,
				"success":       transport.Completed,
				"dead":          transport.Failed,
				"error":         transport.Failed,
				"killed":        transport.Canceled,
			},
		},
	}
}
