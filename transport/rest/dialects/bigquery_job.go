package dialects

import (
	"net/url"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// BigQueryJob returns the dialect of jobs of BigQuery in a project. The location is the place where
// the data is stored. It may be "" for the US and the EU.
//
// A poll is GET /bigquery/v2/projects/{project}/jobs/{id}. The idempotency key of a create becomes
// the job's id, which may have letters, digits, - and _. A second create with the same key is
// refused with 409, unless it repeats a request whose answer was lost. The fetched result is the
// first page of a query's rows. Jobs of other types have no result.
//
// A job is Failed if it has an errorResult. A completed job may have a list of errors about rows
// that it left out.
//
// See https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/get.
func BigQueryJob(project, location string) Service {
	base := "/bigquery/v2/projects/" + segment(project)
	query := ""
	if location != "" {
		query = "?location=" + url.QueryEscape(location)
	}
	return Service{
		Name:    "BigQuery jobs",
		Doc:     "https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/get",
		BaseURL: "https://bigquery.googleapis.com",
		Dialect: rest.Dialect{
			Create:           rest.Call{Path: base + "/jobs"},
			IdempotencyField: "jobReference.jobId",
			Status:           rest.Call{Path: base + "/jobs/{id}" + query},
			Cancel:           rest.Call{Method: "POST", Path: base + "/jobs/{id}/cancel" + query},
			Fetch:            rest.Call{Path: base + "/queries/{id}" + query},
			ID:               "jobReference.jobId",
			State:            "status.state, status.errorResult.reason",
			States: map[string]transport.State{
				"PENDING, *":    transport.Pending,
				"RUNNING, *":    transport.Running,
				"DONE, -":       transport.Completed,
				"DONE, +":       transport.Failed,
				"DONE, stopped": transport.Canceled,
			},
			Fault:    "@code, error.errors[0].reason",
			Faults:   map[string]transport.Class{"403, *RateLimitExceeded": transport.Throttled, "403, quotaExceeded": transport.Throttled},
			Error:    "status.errorResult.message, status.errorResult",
			Created:  "statistics.creationTime",
			Finished: "statistics.endTime",
		},
	}
}
