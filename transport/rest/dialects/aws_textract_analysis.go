package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWSTextractAnalysis returns the dialect of analyses of documents by AWS Textract in a region.
// Requests must be signed: see Credentials in the documentation of this package.
//
// A poll is the operation GetDocumentAnalysis with a limit of one block. The fetched result is the
// first thousand blocks. Its NextToken is for the others.
//
// Textract cannot cancel an analysis. An analysis that left pages out is Completed, and its Raw is
// PARTIAL_SUCCESS.
//
// See https://docs.aws.amazon.com/textract/latest/dg/API_GetDocumentAnalysis.html.
func AWSTextractAnalysis(region string) Service {
	return Service{
		Name:    "AWS Textract analyses",
		Doc:     "https://docs.aws.amazon.com/textract/latest/dg/API_GetDocumentAnalysis.html",
		BaseURL: aws("textract", region),
		Dialect: rest.Dialect{
			Create:           awsCall("1.1", "Textract.StartDocumentAnalysis", nil),
			IdempotencyField: "ClientRequestToken",
			Status:           awsCall("1.1", "Textract.GetDocumentAnalysis", map[string]any{"JobId": "{id}", "MaxResults": 1}),
			Cancel:           rest.Call{Path: "-"},
			Fetch:            awsCall("1.1", "Textract.GetDocumentAnalysis", map[string]any{"JobId": "{id}", "MaxResults": 1000}),
			ID:               "JobId",
			State:            "JobStatus",
			States: map[string]transport.State{
				"IN_PROGRESS":     transport.Running,
				"SUCCEEDED":       transport.Completed,
				"PARTIAL_SUCCESS": transport.Completed,
				"FAILED":          transport.Failed,
			},
			Fault: awsFault,
			Faults: awsFaults("InvalidJobIdException", map[string]transport.Class{
				"400, *ProvisionedThroughputExceededException": transport.Throttled,
				"400, *LimitExceededException":                 transport.Throttled,
			}),
			Message: "StatusMessage",
			Result:  "Blocks",
		},
	}
}
