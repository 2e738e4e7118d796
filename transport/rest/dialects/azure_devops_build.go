package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AzureDevOpsBuild returns the dialect of builds of a project of Azure DevOps, such as
// "organization/project".
//
// A poll is GET /{organization}/{project}/_apis/build/builds/{id}. Many builds are polled by a
// list. A personal access token is the password of the base URL, with any user. A token of Entra ID
// is a bearer token. The fetched result is the list of artifacts.
//
// The answer to a request without the right to see the build is 203 or a redirect to a page, which
// is a permanent error.
//
// A service hook about a build has the build. It can send a user and a password, or a header with a
// secret: see webhook.SharedHeader.
//
// See https://learn.microsoft.com/rest/api/azure/devops/build/builds/get.
// The service hook is described at
// https://learn.microsoft.com/azure/devops/service-hooks/events#build.complete.
func AzureDevOpsBuild(project string) Service {
	builds := "/" + segments(project, "/") + "/_apis/build/builds"
	const version = "api-version=7.1"
	return Service{
		Name:    "Azure DevOps builds",
		Doc:     "https://learn.microsoft.com/rest/api/azure/devops/build/builds/get",
		BaseURL: "https://dev.azure.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: builds + "?" + version},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: builds + "/{id}?" + version},
			Cancel:            rest.Call{Method: "PATCH", Path: builds + "/{id}?" + version, Body: map[string]any{"status": "cancelling"}},
			Fetch:             rest.Call{Path: builds + "/{id}/artifacts?" + version},
			Batch:             rest.Batch{Path: builds + "?buildIds={ids}&" + version, List: "value"},
			ID:                "id",
			State:             "status, result",
			States: map[string]transport.State{
				"notStarted, *":                 transport.Pending,
				"postponed, *":                  transport.Pending,
				"inProgress, *":                 transport.Running,
				"cancelling, *":                 transport.Running,
				"completed, succeeded":          transport.Completed,
				"completed, partiallySucceeded": transport.Completed,
				"completed, +":                  transport.Failed,
				"completed, canceled":           transport.Canceled,
			},
			Fault:    "@code",
			Faults:   map[string]transport.Class{"203": transport.Permanent},
			Message:  "validationResults[0].message",
			Created:  "queueTime",
			Finished: "finishTime",
			Event:    rest.Event{At: "resource"},
		},
	}
}
