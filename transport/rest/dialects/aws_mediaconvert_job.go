package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWSMediaConvertJob returns the dialect of jobs of AWS MediaConvert in a region. Requests must be
// signed: see Credentials in the documentation of this package.
//
// A poll is GET /2017-08-29/jobs/{id}. The result is the list of groups of outputs.
//
// The progress begins at zero again in each phase of a job.
//
// See https://docs.aws.amazon.com/mediaconvert/latest/apireference/jobs-id.html.
func AWSMediaConvertJob(region string) Service {
	return Service{
		Name:    "AWS MediaConvert jobs",
		Doc:     "https://docs.aws.amazon.com/mediaconvert/latest/apireference/jobs-id.html",
		BaseURL: aws("mediaconvert", region),
		Dialect: rest.Dialect{
			Create:           rest.Call{Path: "/2017-08-29/jobs"},
			IdempotencyField: "clientRequestToken",
			Status:           rest.Call{Path: "/2017-08-29/jobs/{id}"},
			Cancel:           rest.Call{Method: "DELETE", Path: "/2017-08-29/jobs/{id}"},
			ID:               "job.id",
			State:            "job.status",
			States: map[string]transport.State{
				"SUBMITTED":   transport.Pending,
				"PROGRESSING": transport.Running,
				"COMPLETE":    transport.Completed,
				"ERROR":       transport.Failed,
				"CANCELED":    transport.Canceled,
			},
			Progress:      "job.jobPercentComplete",
			ProgressScale: 100,
			Error:         "job.errorMessage, job.errorCode",
			Result:        "job.outputGroupDetails",
			Created:       "job.createdAt",
			Finished:      "job.timing.finishTime",
		},
	}
}
