package dialects

import (
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ApifyRun returns the dialect of runs of an actor of Apify. The actor is its id, or the name of
// its user and its own name, such as "apify/web-scraper".
//
// A poll is GET /v2/actor-runs/{id} with an API token. The parameter waitForFinish holds a request,
// for a minute at most. The result is the id of the run's data set, and the fetched result is the
// items of that data set. For a page of them, add ?offset= and ?limit= to Dialect.Fetch.Path.
//
// A run that was aborted may be resurrected. It then runs again with the same id.
//
// A webhook with the default payload has the run. Its headers template can hold a secret: see
// webhook.SharedHeader.
//
// See https://docs.apify.com/api/v2/actor-run-get.
// The webhook is described at
// https://docs.apify.com/platform/integrations/webhooks/actions.
func ApifyRun(actor string) Service {
	return Service{
		Name:    "Apify actor runs",
		Doc:     "https://docs.apify.com/api/v2/actor-run-get",
		BaseURL: "https://api.apify.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v2/acts/" + segment(strings.ReplaceAll(actor, "/", "~")) + "/runs"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v2/actor-runs/{id}?waitForFinish={hold}"},
			Cancel:            rest.Call{Method: "POST", Path: "/v2/actor-runs/{id}/abort"},
			Fetch:             rest.Call{Path: "/v2/datasets/{result}/items"},
			ID:                "data.id",
			State:             "data.status",
			States: map[string]transport.State{
				"READY":      transport.Pending,
				"RUNNING":    transport.Running,
				"TIMING-OUT": transport.Running,
				"ABORTING":   transport.Running,
				"SUCCEEDED":  transport.Completed,
				"FAILED":     transport.Failed,
				"TIMED-OUT":  transport.Failed,
				"ABORTED":    transport.Canceled,
			},
			Message:  "data.statusMessage",
			Result:   "data.defaultDatasetId",
			Created:  "data.startedAt",
			Finished: "data.finishedAt",
			Event:    rest.Event{ID: "resource.id", State: "resource.status"},
		},
	}
}
