package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// GitHubWorkflowRun returns the dialect of runs that are started by the dispatch of a workflow of a
// repository of GitHub. The workflow is the name of its file, such as "ci.yml", or its number. The
// input of a create names the branch or tag: {"ref":"main"}.
//
// Polls are those of [GitHubActionsRun]. GitHub does not say which run a dispatch has started,
// unless the input has "return_run_details":true. Without that, the Client looks for the new run in
// the list of the workflow's runs. Dispatches of one Client take turns. Those of two programs at
// the same time cannot be told apart, and are an error.
//
// See https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event.
func GitHubWorkflowRun(repo, workflow string) Service {
	actions := "/repos/" + segments(repo, "/") + "/actions"
	s := GitHubActionsRun(repo)
	s.Name = "GitHub workflow dispatches"
	s.Doc = "https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event"
	s.Dialect.Create = rest.Call{Path: actions + "/workflows/" + segment(workflow) + "/dispatches"}
	s.Dialect.ID = "workflow_run_id"
	s.Dialect.AnswerID = "id"
	s.Dialect.Find = rest.Find{
		Call: rest.Call{Path: actions + "/workflows/" + segment(workflow) + "/runs?event=workflow_dispatch&per_page=20"},
		List: "workflow_runs",
	}
	return s
}
