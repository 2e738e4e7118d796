package rest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// states is a short name for a type that is used often.
type states = map[string]transport.State

const (
	pending, isRunning, blocked = transport.Pending, transport.Running, transport.Blocked
	completed, failed, canceled = transport.Completed, transport.Failed, transport.Canceled
)

// fault 64: a Dialect alone reads the answers of very different services correctly.
func TestServicesOfManyKindsAreToldByADialectAlone(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]rest.Dialect{
		"aip151-operation": {Status: rest.Call{Path: "/v1/{+id}"}, State: "done, error.code", Error: "error.message", Result: "response",
			States: states{"-, -": isRunning, "false, -": isRunning, "true, -": completed, "true, 1": canceled, "true, +": failed}},
		"anthropic-batch": {State: "processing_status, cancel_initiated_at, request_counts.succeeded", States: states{"in_progress, *, *": isRunning, "canceling, *, *": isRunning, "ended, -, *": completed, "ended, -, 0": failed, "ended, +, *": canceled},
			Fault: "@code", Faults: map[string]transport.Class{"529": transport.Throttled}, Error: "-"},
		"aws-batch-job": {State: "jobs[0].status, jobs[0].isCancelled", States: states{"SUBMITTED, *": pending, "RUNNABLE, *": pending, "STARTING, *": pending, "RUNNING, *": isRunning, "SUCCEEDED, *": completed, "FAILED, *": failed, "FAILED, true": canceled},
			Fault: "@code, jobs[0].jobId", Faults: map[string]transport.Class{"200, -": transport.NotFound}, Message: "jobs[0].statusReason", Error: "-"},
		"aws-cloudformation-stack": {State: "DescribeStacksResponse.DescribeStacksResult.Stacks[0].StackStatus", States: states{"*_IN_PROGRESS": isRunning, "*_COMPLETE": completed, "*ROLLBACK_COMPLETE": failed, "*_FAILED": failed},
			Fault: "@code, Error.Code, Error.Message", Faults: map[string]transport.Class{"400, ValidationError, *does not exist*": transport.NotFound, "400, Throttling, *": transport.Throttled}},
		"azure-devops-build": {State: "status, result", States: states{"notStarted, *": pending, "postponed, *": pending, "inProgress, *": isRunning, "cancelling, *": isRunning, "completed, succeeded": completed, "completed, partiallySucceeded": completed, "completed, *": failed, "completed, canceled": canceled}},
		"bigquery-job": {State: "status.state, status.errorResult.reason", States: states{"PENDING, *": pending, "RUNNING, *": isRunning, "DONE, -": completed, "DONE, +": failed, "DONE, stopped": canceled}, Error: "status.errorResult.message",
			Fault: "@code, error.errors[0].reason", Faults: map[string]transport.Class{"403, rateLimitExceeded": transport.Throttled}},
		"camunda-process-instance": {State: "state, hasIncident", States: states{"ACTIVE, *": isRunning, "ACTIVE, true": blocked, "COMPLETED, *": completed, "TERMINATED, *": canceled, "TERMINATED, true": failed},
			Fault: "@code, title", Faults: map[string]transport.Class{"503, RESOURCE_EXHAUSTED": transport.Throttled}},
		"comfyui-prompt":   {State: "{id}.status.status_str", States: states{"-": isRunning, "success": completed, "error": failed}, Result: "{id}.outputs"},
		"convertapi-async": {State: "@code", States: states{"202": isRunning, "200": completed, "500": failed}, Result: "Files", Message: "Message"},
		"databricks-run": {State: "state.life_cycle_state, state.result_state", States: states{"PENDING, *": pending, "QUEUED, *": pending, "BLOCKED, *": pending, "RUNNING, *": isRunning, "TERMINATING, *": isRunning, "WAITING_FOR_RETRY, *": isRunning, "TERMINATED, SUCCESS*": completed, "TERMINATED, *": failed,
			"TERMINATED, CANCELED": canceled, "INTERNAL_ERROR, *": failed, "SKIPPED, *": canceled}, Fault: "@code, error_code, message", Faults: map[string]transport.Class{"400, INVALID_PARAMETER_VALUE, *does not exist*": transport.NotFound}},
		"elasticsearch-async-search": {State: "is_running, is_partial", States: states{"true, *": isRunning, "false, false": completed, "false, true": failed}},
		"elasticsearch-task":         {State: "completed, error, response.failures, response.canceled", States: states{"false, *, *, *": isRunning, "true, -, -, -": completed, "true, +, *, *": failed, "true, -, +, *": failed, "true, -, -, +": canceled}, Error: "-", Result: "response"},
		"github-actions-run": {State: "status, conclusion", States: states{"queued, *": pending, "requested, *": pending, "pending, *": pending, "waiting, *": blocked, "in_progress, *": isRunning, "completed, success": completed, "completed, neutral": completed, "completed, skipped": completed, "completed, *": failed,
			"completed, cancelled": canceled, "completed, action_required": blocked}},
		"azure-location":               {Status: rest.Call{Path: "{+id}"}, State: "@code", States: states{"202": isRunning, "200": completed, "204": completed, "409": failed, "500": failed}, Result: ".", Error: "error.message"},
		"cloudflare-workflow-instance": {State: "result.status", States: states{"queued": pending, "running": isRunning, "waiting": isRunning, "waitingForPause": isRunning, "paused": blocked, "complete": completed, "errored": failed, "terminated": canceled}, Error: "result.error.message", Result: "result.output"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("testdata/services/" + name + ".json")
			require.NoError(t, err)
			var file struct {
				ID      string
				Answers []struct {
					Means  string
					Code   int
					Header map[string]string
					Body   json.RawMessage
				}
			}
			require.NoError(t, json.Unmarshal(text, &file))
			var all []resttest.Sample
			for _, a := range file.Answers {
				h := http.Header{}
				for k, v := range a.Header {
					h.Set(k, v)
				}
				all = append(all, resttest.Sample{ID: file.ID, Code: a.Code, Header: h, Body: string(a.Body), Means: a.Means})
			}
			resttest.Check(t, d, all)
		})
	}
}
