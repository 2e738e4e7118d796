package dialects

import (
	"net/url"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// GitLabPipeline returns the dialect of pipelines of a project of GitLab. The project is its path,
// such as "group/project", or its number. The ref is the branch or tag for which a create starts a
// pipeline. If it is "", the input of the create names it.
//
// A poll is GET /api/v4/projects/{project}/pipelines/{id} with a token in the header PRIVATE-TOKEN.
// The fetched result is the list of jobs.
//
// A pipeline that waits for a job to be started by hand is Blocked. A pipeline that was retried
// runs again with the same id. A pipeline is Completed even if jobs failed that are allowed to
// fail, and also if it was skipped.
//
// The secret of a webhook is in the header X-Gitlab-Token: see webhook.SharedHeader.
//
// See https://docs.gitlab.com/api/pipelines/#get-a-single-pipeline.
// The webhook is described at
// https://docs.gitlab.com/user/project/integrations/webhook_events/#pipeline-events.
func GitLabPipeline(project, ref string) Service {
	base := "/api/v4/projects/" + segment(project)
	create := base + "/pipeline"
	if ref != "" {
		create += "?ref=" + url.QueryEscape(ref)
	}
	states := map[string]transport.State{
		"running":   transport.Running,
		"canceling": transport.Running,
		"manual":    transport.Blocked,
		"success":   transport.Completed,
		"skipped":   transport.Completed,
		"failed":    transport.Failed,
		"canceled":  transport.Canceled,
	}
	for _, word := range []string{"created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "scheduled"} {
		states[word] = transport.Pending
	}
	return Service{
		Name:        "GitLab pipelines",
		Doc:         "https://docs.gitlab.com/api/pipelines/#get-a-single-pipeline",
		BaseURL:     "https://gitlab.com",
		TokenHeader: "PRIVATE-TOKEN",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: create},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: base + "/pipelines/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: base + "/pipelines/{id}/cancel"},
			Fetch:             rest.Call{Path: base + "/pipelines/{id}/jobs"},
			ID:                "id",
			State:             "status",
			States:            states,
			Error:             "yaml_errors",
			Created:           "created_at",
			Updated:           "updated_at",
			Finished:          "finished_at",
			Event:             rest.Event{At: "object_attributes"},
		},
	}
}
