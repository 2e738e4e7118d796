package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWSGlueJobRun returns the dialect of runs of a job of AWS Glue in a region. Requests must be
// signed: see Credentials in the documentation of this package.
//
// A poll is the operation GetJobRun. AWS Glue has no idempotency key, and a run has no result.
//
// A cancel that the service refuses is an error, although the answer is 200.
//
// See https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRun.html.
func AWSGlueJobRun(region, job string) Service {
	return Service{
		Name:    "AWS Glue job runs",
		Doc:     "https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRun.html",
		BaseURL: aws("glue", region),
		Dialect: rest.Dialect{
			Create:            awsCall("1.1", "AWSGlue.StartJobRun", map[string]any{"JobName": job}),
			IdempotencyHeader: "-",
			Status:            awsCall("1.1", "AWSGlue.GetJobRun", map[string]any{"JobName": job, "RunId": "{id}"}),
			Cancel:            awsCall("1.1", "AWSGlue.BatchStopJobRun", map[string]any{"JobName": job, "JobRunIds": []string{"{id}"}}),
			ID:                "JobRunId",
			AnswerID:          "JobRun.Id",
			State:             "JobRun.JobRunState",
			States: map[string]transport.State{
				"STARTING":  transport.Pending,
				"WAITING":   transport.Pending,
				"RUNNING":   transport.Running,
				"STOPPING":  transport.Running,
				"SUCCEEDED": transport.Completed,
				"FAILED":    transport.Failed,
				"ERROR":     transport.Failed,
				"TIMEOUT":   transport.Failed,
				"EXPIRED":   transport.Failed,
				"STOPPED":   transport.Canceled,
			},
			Fault: awsFault + ", Errors[0].ErrorDetail.ErrorCode",
			Faults: map[string]transport.Class{
				"400, *EntityNotFoundException, *":         transport.NotFound,
				"400, *ThrottlingException, *":             transport.Throttled,
				"400, *ConcurrentRunsExceededException, *": transport.Throttled,
				"200, *, +":                       transport.Permanent,
				"200, *, EntityNotFoundException": transport.NotFound,
			},
			Message:  "JobRun.ErrorMessage",
			Created:  "JobRun.StartedOn",
			Updated:  "JobRun.LastModifiedOn",
			Finished: "JobRun.CompletedOn",
		},
	}
}
