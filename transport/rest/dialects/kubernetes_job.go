package dialects

import (
	"net/url"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// KubernetesJob returns the dialect of Jobs of Kubernetes in a namespace.
//
// A poll is GET /apis/batch/v1/namespaces/{namespace}/jobs/{id} with the token of a service account
// that may get, create and delete Jobs. The id is the Job's name. A cancel deletes the Job and its
// Pods. See [KubernetesLabeledJob] for many Jobs.
//
// A suspended Job is Blocked. A Job has ended when it has the condition Complete or Failed. While
// it only has the condition FailureTarget or SuccessCriteriaMet, it is Running.
//
// A Job with a ttlSecondsAfterFinished is removed after its end. If it is removed before a poll, it
// is not found.
//
// See https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/.
func KubernetesJob(namespace string) Service {
	jobs := "/apis/batch/v1/namespaces/" + segment(namespace) + "/jobs"
	return Service{
		Name: "Kubernetes Jobs",
		Doc:  "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: jobs},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: jobs + "/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: jobs + "/{id}?propagationPolicy=Background"},
			ID:                "metadata.name",
			State: "status.conditions[type=Failed].status, status.conditions[type=Complete].status, status.conditions[type=Suspended].status, " +
				"status.startTime, status.active",
			States: map[string]transport.State{
				"-, -, -, -, -":          transport.Pending,
				"*, *, *, *, *":          transport.Running,
				"*, *, True, *, *":       transport.Blocked,
				"*, True, *, *, *":       transport.Completed,
				"*, True, True, *, *":    transport.Completed,
				"True, *, *, *, *":       transport.Failed,
				"True, *, True, *, *":    transport.Failed,
				"True, True, *, *, *":    transport.Failed,
				"True, True, True, *, *": transport.Failed,
			},
			Message:  "status.conditions[type=Failed].message, status.conditions[type=Failed].reason",
			Created:  "metadata.creationTimestamp",
			Finished: "status.completionTime",
		},
	}
}

// KubernetesLabeledJob is like [KubernetesJob], but for Jobs that match a label selector such as
// "app=x". Many of them are polled at once, by a list of all matching Jobs.
func KubernetesLabeledJob(namespace, selector string) Service {
	s := KubernetesJob(namespace)
	s.Dialect.Batch = rest.Batch{
		Path: "/apis/batch/v1/namespaces/" + segment(namespace) + "/jobs?labelSelector=" + url.QueryEscape(selector) + "&limit=100&continue={page}",
		List: "items",
		ID:   "metadata.name",
		Next: "metadata.continue",
	}
	return s
}
