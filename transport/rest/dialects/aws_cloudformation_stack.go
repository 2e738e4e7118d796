package dialects

import (
	"net/url"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// AWSCloudFormationStack returns the dialect of the creation of the named stack by AWS
// CloudFormation in a region. Requests must be signed: see Credentials in the documentation of this
// package.
//
// A poll is GET /?Action=DescribeStacks in JSON. The input of a create is a form with the other
// parameters, such as TemplateURL. The result is the list of outputs. A cancel deletes the stack.
//
// The state is the state of the stack's newest action. A stack that was rolled back is Failed, and
// one that was deleted is Canceled. A stack that was removed is found only by its ARN, which is the
// id.
//
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html.
func AWSCloudFormationStack(region, stack string) Service {
	action := func(name, stack string) string {
		return "/?Action=" + name + "&StackName=" + stack + "&Version=2010-05-15"
	}
	const first = "DescribeStacksResponse.DescribeStacksResult.Stacks[0]."
	return Service{
		Name:    "AWS CloudFormation stacks",
		Doc:     "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html",
		BaseURL: aws("cloudformation", region),
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: action("CreateStack", url.QueryEscape(stack)), Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: action("DescribeStacks", "{id}")},
			Cancel:            rest.Call{Method: "POST", Path: action("DeleteStack", "{id}")},
			ID:                "CreateStackResponse.CreateStackResult.StackId",
			State:             first + "StackStatus",
			States: map[string]transport.State{
				"*_IN_PROGRESS":      transport.Running,
				"CREATE_COMPLETE":    transport.Completed,
				"UPDATE_COMPLETE":    transport.Completed,
				"IMPORT_COMPLETE":    transport.Completed,
				"*ROLLBACK_COMPLETE": transport.Failed,
				"*_FAILED":           transport.Failed,
				"DELETE_COMPLETE":    transport.Canceled,
			},
			Fault: "@code, Error.Code, Error.Message",
			Faults: map[string]transport.Class{
				"400, ValidationError, *does not exist*": transport.NotFound,
				"400, Throttling*, *":                    transport.Throttled,
			},
			Message: first + "StackStatusReason",
			Result:  first + "Outputs",
			Created: first + "CreationTime",
			Updated: first + "LastUpdatedTime",
		},
	}
}
