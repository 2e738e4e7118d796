package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// BuildkiteBuild returns the dialect of builds of a pipeline of Buildkite, such as
// "organization/pipeline".
//
// A poll is GET /v2/organizations/{organization}/pipelines/{pipeline}/builds/{id} with an API token
// that may read and write builds. The id is the build's number. The newest hundred builds are
// polled by a list. The fetched result is the list of artifacts.
//
// A build that waits at a block step is Blocked. Buildkite reports the outcome of the steps so far
// as its state, such as passed, which does not mean that it has ended. A build that was skipped for
// a newer one is Canceled.
//
// A webhook names a build by its number, which another pipeline may have too. So each webhook makes
// a Watcher poll: see [rest.Event]. It has either its token in the header X-Buildkite-Token or a
// signature in the header X-Buildkite-Signature: see webhook.SharedHeader and webhook.HMAC.
//
// See https://buildkite.com/docs/apis/rest-api/builds.
// The webhook is described at
// https://buildkite.com/docs/apis/webhooks/pipelines/build-events.
func BuildkiteBuild(pipeline string) Service {
	builds := "/v2/organizations/" + segments(pipeline, "/pipelines/") + "/builds"
	return Service{
		Name:    "Buildkite builds",
		Doc:     "https://buildkite.com/docs/apis/rest-api/builds",
		BaseURL: "https://api.buildkite.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: builds},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: builds + "/{id}"},
			Cancel:            rest.Call{Method: "PUT", Path: builds + "/{id}/cancel"},
			Fetch:             rest.Call{Path: builds + "/{id}/artifacts"},
			Batch:             rest.Batch{Path: builds + "?per_page=100", List: ".", ID: "number"},
			ID:                "number",
			State:             "state, blocked",
			States: map[string]transport.State{
				"creating, *":  transport.Pending,
				"scheduled, *": transport.Pending,
				"running, *":   transport.Running,
				"failing, *":   transport.Running,
				"canceling, *": transport.Running,
				"blocked, *":   transport.Blocked,
				"passed, true": transport.Blocked,
				"passed, *":    transport.Completed,
				"failed, *":    transport.Failed,
				"failed, true": transport.Blocked,
				"canceled, *":  transport.Canceled,
				"skipped, *":   transport.Canceled,
				"not_run, *":   transport.Canceled,
			},
			Created:  "created_at",
			Finished: "finished_at",
			Event:    rest.Event{ID: "build.number", State: "-"},
		},
	}
}
