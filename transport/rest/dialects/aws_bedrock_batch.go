package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWSBedrockBatch returns the dialect of model invocation jobs of AWS Bedrock in a region. Requests
// must be signed: see Credentials in the documentation of this package.
//
// A poll is GET /model-invocation-job/{id}, where the id is the job's ARN. The result is the
// location of the output.
//
// A job of which some records failed is Completed. Its Raw is then PartiallyCompleted.
//
// See https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationJob.html.
func AWSBedrockBatch(region string) Service {
	return Service{
		Name:    "AWS Bedrock model invocation jobs",
		Doc:     "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationJob.html",
		BaseURL: aws("bedrock", region),
		Dialect: rest.Dialect{
			Create:           rest.Call{Path: "/model-invocation-job"},
			IdempotencyField: "clientRequestToken",
			Status:           rest.Call{Path: "/model-invocation-job/{id}"},
			Cancel:           rest.Call{Method: "POST", Path: "/model-invocation-job/{id}/stop"},
			ID:               "jobArn",
			AnswerID:         "-", // the id may be the last part of the ARN
			State:            "status",
			States: map[string]transport.State{
				"Submitted":          transport.Pending,
				"Validating":         transport.Pending,
				"Scheduled":          transport.Pending,
				"InProgress":         transport.Running,
				"Stopping":           transport.Running,
				"Completed":          transport.Completed,
				"PartiallyCompleted": transport.Completed,
				"Failed":             transport.Failed,
				"Expired":            transport.Failed,
				"Stopped":            transport.Canceled,
			},
			Message:  "message",
			Result:   "outputDataConfig",
			Created:  "submitTime",
			Updated:  "lastModifiedTime",
			Finished: "endTime",
		},
	}
}
