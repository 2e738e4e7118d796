package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ElasticsearchTask returns the dialect of tasks of Elasticsearch. The action is the path that
// starts a task, such as _reindex, index/_update_by_query or index/_forcemerge.
//
// A poll is GET /_tasks/{id}. The result is the action's response.
//
// A task with failures, or one that timed out, is Failed. A task whose node left the cluster is not
// found. Only a reindex reports progress. A list of tasks leaves out the tasks that have ended, so
// each task is polled alone.
//
// See https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-tasks-get.
func ElasticsearchTask(action string) Service {
	return Service{
		Name: "Elasticsearch tasks",
		Doc:  "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-tasks-get",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/" + segments(action, "/") + "?wait_for_completion=false"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/_tasks/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/_tasks/{id}/_cancel"},
			ID:                "task",
			AnswerID:          "-",
			State:             "completed, error.type, response.failures, response.canceled, response.timed_out",
			States: map[string]transport.State{
				"false, *, *, *, *":                       transport.Running,
				"true, -, -, -, -":                        transport.Completed,
				"true, -, -, -, false":                    transport.Completed,
				"true, +, *, *, *":                        transport.Failed,
				"true, -, +, -, *":                        transport.Failed,
				"true, -, -, -, true":                     transport.Failed,
				"true, -, *, +, *":                        transport.Canceled,
				"true, task_cancelled_exception, *, *, *": transport.Canceled,
			},
			Progress: "task.status.created / task.status.total",
			Message:  "response.failures[0].cause.reason, response.canceled",
			Error:    "error.reason, error.type, error",
			Result:   "response",
			Created:  "task.start_time_in_millis",
		},
	}
}
