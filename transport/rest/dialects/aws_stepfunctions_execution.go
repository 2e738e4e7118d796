package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWSStepFunctionsExecution returns the dialect of executions of AWS Step Functions in a region.
// Requests must be signed: see Credentials in the documentation of this package.
//
// A poll is the operation DescribeExecution, where the id is the execution's ARN. The result is the
// output, a text that contains JSON. The idempotency key of a create becomes the execution's name,
// which may have letters, digits, - and _. A second create with the key and the same input returns
// the same execution. This requires that the workflow is a standard one, and that the execution
// still runs.
//
// The message of a failed execution is its cause, which may be a text that contains JSON.
//
// See https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html.
func AWSStepFunctionsExecution(region string) Service {
	execution := map[string]any{"executionArn": "{id}"}
	return Service{
		Name:    "AWS Step Functions executions",
		Doc:     "https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html",
		BaseURL: aws("states", region),
		Dialect: rest.Dialect{
			Create:           awsCall("1.0", "AWSStepFunctions.StartExecution", nil),
			IdempotencyField: "name",
			Status:           awsCall("1.0", "AWSStepFunctions.DescribeExecution", execution),
			Cancel:           awsCall("1.0", "AWSStepFunctions.StopExecution", execution),
			ID:               "executionArn",
			State:            "status",
			States: map[string]transport.State{
				"RUNNING":         transport.Running,
				"PENDING_REDRIVE": transport.Running,
				"SUCCEEDED":       transport.Completed,
				"FAILED":          transport.Failed,
				"TIMED_OUT":       transport.Failed,
				"ABORTED":         transport.Canceled,
			},
			Fault:    awsFault,
			Faults:   awsFaults("ExecutionDoesNotExist", nil),
			Error:    "cause, error",
			Result:   "output",
			Created:  "startDate",
			Finished: "stopDate",
		},
	}
}
