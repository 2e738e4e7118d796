package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TeamCityBuild returns the dialect of builds of TeamCity.
//
// A poll is GET /app/rest/builds/id:{id} with an access token. The fetched result is the list of
// artifacts.
//
// TeamCity reports SUCCESS for a build that is still running, and UNKNOWN for a build that was
// canceled. So the status counts only when the build is finished. A build with a canceledInfo is
// Canceled.
//
// See https://www.jetbrains.com/help/teamcity/rest/teamcity-rest-api-documentation.html.
func TeamCityBuild() Service {
	return Service{
		Name: "TeamCity builds",
		Doc:  "https://www.jetbrains.com/help/teamcity/rest/teamcity-rest-api-documentation.html",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/app/rest/buildQueue"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/app/rest/builds/id:{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/app/rest/builds/id:{id}", Body: map[string]any{"comment": "no longer wanted", "readdIntoQueue": false}},
			Fetch:             rest.Call{Path: "/app/rest/builds/id:{id}/artifacts"},
			ID:                "id",
			State:             "state, status, canceledInfo",
			States: map[string]transport.State{
				"queued, *, *":         transport.Pending,
				"running, *, *":        transport.Running,
				"finished, SUCCESS, -": transport.Completed,
				"finished, *, -":       transport.Failed,
				"finished, *, +":       transport.Canceled,
				"deleted, *, *":        transport.Canceled,
			},
			Progress:      "percentageComplete",
			ProgressScale: 100,
			Message:       "waitReason, statusText",
			Created:       "queuedDate",
			Finished:      "finishDate",
			Result:        "-",
		},
	}
}
