package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// MeilisearchTask returns the dialect of tasks that add documents to an index of Meilisearch.
//
// A poll is GET /tasks/{id} with an API key that may get tasks. The base URL is the URL of the
// instance. The input is the list of documents. The result is the task's details.
//
// A cancel is a separate task: the canceled task ends some time later.
//
// The webhook has the tasks in lines of JSON. Its Authorization header is the value of the
// instance's --task-webhook-authorization-header: see webhook.SharedHeader.
//
// See https://www.meilisearch.com/docs/reference/api/tasks.
func MeilisearchTask(index string) Service {
	return Service{
		Name: "Meilisearch tasks",
		Doc:  "https://www.meilisearch.com/docs/reference/api/tasks",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/indexes/" + segment(index) + "/documents"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/tasks/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/tasks/cancel?uids={id}"},
			ID:                "taskUid",
			AnswerID:          "uid",
			State:             "status",
			States: map[string]transport.State{
				"enqueued":   transport.Pending,
				"processing": transport.Running,
				"succeeded":  transport.Completed,
				"failed":     transport.Failed,
				"canceled":   transport.Canceled,
			},
			Error:    "error.message",
			Event:    rest.Event{List: ".", ID: "uid"},
			Result:   "details",
			Created:  "enqueuedAt",
			Finished: "finishedAt",
		},
	}
}
