package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWSBatchJob returns the dialect of jobs of AWS Batch in a region. Requests must be signed: see
// Credentials in the documentation of this package.
//
// A poll is POST /v1/describejobs, about up to 100 jobs at once. The id is the job's id, not its
// ARN. AWS Batch has no idempotency key.
//
// A job that was canceled or terminated is Canceled, although the service calls it FAILED. The
// service removes a job some days after its end, so that it is not found. A job has no result
// except its log stream in CloudWatch.
//
// See https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobs.html.
func AWSBatchJob(region string) Service {
	return Service{
		Name:    "AWS Batch jobs",
		Doc:     "https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobs.html",
		BaseURL: aws("batch", region),
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v1/submitjob"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Method: "POST", Path: "/v1/describejobs", Body: map[string]any{"jobs": []string{"{id}"}}},
			Cancel:            rest.Call{Method: "POST", Path: "/v1/terminatejob", Body: map[string]any{"jobId": "{id}", "reason": "asked"}},
			Batch:             rest.Batch{Path: "/v1/describejobs", Body: map[string]any{"jobs": "{ids}"}, List: "jobs", ID: "jobId", Item: "jobs[0]"},
			ID:                "jobId",
			AnswerID:          "jobs[0].jobId",
			State:             "jobs[0].status, jobs[0].isCancelled, jobs[0].isTerminated",
			States: map[string]transport.State{
				"SUBMITTED, *, *": transport.Pending,
				"PENDING, *, *":   transport.Pending,
				"RUNNABLE, *, *":  transport.Pending,
				"STARTING, *, *":  transport.Pending,
				"RUNNING, *, *":   transport.Running,
				"SUCCEEDED, *, *": transport.Completed,
				"FAILED, *, *":    transport.Failed,
				"FAILED, true, *": transport.Canceled,
				"FAILED, *, true": transport.Canceled,
			},
			// A list without a job is about an unknown one. The answer to a create names a job, and
			// the answer to a cancel is empty.
			Fault:    "@code, ., jobs, jobId",
			Faults:   map[string]transport.Class{"200, +, -, -": transport.NotFound},
			Message:  "jobs[0].statusReason",
			Created:  "jobs[0].createdAt",
			Finished: "jobs[0].stoppedAt",
		},
	}
}
