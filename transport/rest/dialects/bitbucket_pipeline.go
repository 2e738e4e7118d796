package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// BitbucketPipeline returns the dialect of pipelines of a repository of Bitbucket Cloud, such as
// "workspace/repo".
//
// A poll is GET /2.0/repositories/{workspace}/{repo}/pipelines/{id} with an access token that may
// write pipelines. The id is the pipeline's UUID, with its braces. The fetched result is the list
// of steps.
//
// A pipeline that is paused or halted waits for a person to start its next step, and is Blocked.
//
// A webhook of pipeline:span_created names the pipeline when a run of it has ended, and makes a
// Watcher poll: see [rest.Event]. A webhook about a commit's status does not name the pipeline. The
// signature is in the header X-Hub-Signature, with the prefix sha256=: see webhook.HMAC.
//
// See https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pipelines/.
func BitbucketPipeline(repo string) Service {
	pipelines := "/2.0/repositories/" + segments(repo, "/") + "/pipelines"
	return Service{
		Name:    "Bitbucket pipelines",
		Doc:     "https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pipelines/",
		BaseURL: "https://api.bitbucket.org",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: pipelines},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: pipelines + "/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: pipelines + "/{id}/stopPipeline"},
			Fetch:             rest.Call{Path: pipelines + "/{id}/steps"},
			ID:                "uuid",
			State:             "state.name, state.stage.name, state.result.name",
			States: map[string]transport.State{
				"PENDING, *, *":            transport.Pending,
				"IN_PROGRESS, *, *":        transport.Running,
				"IN_PROGRESS, PAUSED, *":   transport.Blocked,
				"IN_PROGRESS, HALTED, *":   transport.Blocked,
				"PAUSED, *, *":             transport.Blocked,
				"HALTED, *, *":             transport.Blocked,
				"COMPLETED, *, SUCCESSFUL": transport.Completed,
				"COMPLETED, *, FAILED":     transport.Failed,
				"COMPLETED, *, ERROR":      transport.Failed,
				"COMPLETED, *, EXPIRED":    transport.Failed,
				"COMPLETED, *, STOPPED":    transport.Canceled,
			},
			Error:    "state.result.error.message",
			Created:  "created_on",
			Finished: "completed_on",
			Event: rest.Event{State: "-", ID: "resourceSpans[0].scopeSpans[0].spans[name=\"bbc.pipeline_run\"]" +
				".attributes[key=\"pipeline.uuid\"].value.stringValue"},
		},
	}
}
