package rest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// kind is a service that reports its states in its own way.
type kind struct {
	d       rest.Dialect
	samples []resttest.Sample
}

func of(name, value string) http.Header { return http.Header{http.CanonicalHeaderKey(name): {value}} }

// The answers are those in the services' documentation.
var kinds = map[string]kind{
	// A prefix guards the JSON. A job that has ended is no longer found.
	"Gerrit task": {
		rest.Dialect{Status: rest.Call{Path: "/a/config/server/tasks/{id}"}, State: "@code, state", Message: "command", AnswerID: "id",
			States: states{"200, READY": pending, "200, SLEEPING": pending, "200, STARTING": isRunning, "200, RUNNING": isRunning, "200, *": isRunning, "404, -": completed}},
		[]resttest.Sample{
			{ID: "1e688bea", Body: ")]}'\n" + `{"id":"1e688bea","state":"SLEEPING","start_time":"2014-06-11 12:58:51.991000000","delay":3453,"command":"Reload Submit Queue"}`, Means: "pending", Message: "Reload Submit Queue"},
			{ID: "1e688bea", Code: 404, Header: of("Content-Type", "text/plain"), Body: "Not found: 1e688bea", Means: "completed"},
			{ID: "1e688bea", Code: 403, Header: of("Content-Type", "text/plain"), Body: "administrate server not permitted", Means: "denied"},
			{Name: "a task that is over is gone, however it ended", Means: "never fails"},
		},
	},
	"Solr request": {
		rest.Dialect{Status: rest.Call{Path: "/solr/admin/collections?action=REQUESTSTATUS&requestid={id}"}, ID: "@key", State: "status.state", Message: "status.msg", Error: "exception.msg",
			States: states{"submitted": pending, "running": isRunning, "completed": completed, "failed": failed}, Fault: "status.state", Faults: map[string]transport.Class{"notfound": transport.NotFound}},
		[]resttest.Sample{
			{ID: "a b/ä", Body: `{"responseHeader":{"status":0,"QTime":1},"status":{"state":"running","msg":"found [a b/ä] in running tasks"}}`, Means: "running"},
			{Body: `{"responseHeader":{"status":0,"QTime":1},"success":{},"status":{"state":"completed","msg":"found [1] in completed tasks"}}`, Means: "completed"},
			{Body: `{"responseHeader":{"status":0},"exception":{"msg":"no live nodes","rspCode":-1},"status":{"state":"failed","msg":"found [1] in failed tasks"}}`, Means: "failed", Message: "no live nodes"},
			{Body: `{"responseHeader":{"status":0},"status":{"state":"notfound","msg":"Did not find [1] in any tasks queue"}}`, Means: "not found"},
			{Create: true, ID: "1", Body: `{"responseHeader":{"status":0,"QTime":99},"requestid":"1"}`, Means: "pending"},
		},
	},
	"Solr request in XML": {
		rest.Dialect{Status: rest.Call{Path: "/{id}"}, State: "response[name=status][name=state].@text", Message: "response[name=status][name=msg].@text",
			States: states{"submitted": pending, "running": isRunning, "completed": completed, "failed": failed}},
		[]resttest.Sample{
			{Body: `<response><lst name="responseHeader"><int name="status">0</int><int name="QTime">1</int></lst><lst name="status"><str name="state">completed</str><str name="msg">found 1</str></lst></response>`, Means: "completed", Message: "found 1"},
			{Body: `<response><lst name="responseHeader"><int name="status">0</int></lst><lst name="status"><str name="state">failed</str><str name="msg">x</str></lst></response>`, Means: "failed", Message: "x"},
		},
	},
	// The state can go back.
	"CouchDB replication": {
		rest.Dialect{Status: rest.Call{Path: "/_scheduler/docs/_replicator/{id}"}, State: "state", Error: "info.error, info", AnswerID: "doc_id",
			States: states{"initializing": pending, "pending": pending, "running": isRunning, "error": isRunning, "crashing": isRunning, "completed": completed, "failed": failed}},
		[]resttest.Sample{
			{ID: "r 1", Body: `{"doc_id":"r 1","state":"crashing","error_count":3,"info":{"error":"db_not_found: could not open"}}`, Means: "running"},
			{ID: "r 1", Body: `{"doc_id":"r 1","state":"running","error_count":0,"info":null}`, Means: "running"},
			{ID: "r 1", Body: `{"doc_id":"r 1","state":"failed","error_count":1,"info":{"error":"bad document"}}`, Means: "failed", Message: "bad document"},
			{ID: "r 1", Body: `{"doc_id":"r 1","state":"completed","error_count":0,"info":null}`, Means: "completed"},
			{ID: "r 1", Code: 404, Body: `{"error":"not_found","reason":"missing"}`, Means: "not found"},
		},
	},
	// The state is in the headers of a HEAD.
	"Azure blob copy": {
		rest.Dialect{Status: rest.Call{Method: "HEAD", Path: "/{+id}"}, State: "@header.X-Ms-Copy-Status", Progress: "@header.X-Ms-Copy-Progress", Error: "@header.X-Ms-Copy-Status-Description",
			States: states{"pending": isRunning, "success": completed, "aborted": canceled, "failed": failed}, Finished: "@header.X-Ms-Copy-Completion-Time"},
		[]resttest.Sample{
			{ID: "c/b", Header: http.Header{"X-Ms-Copy-Status": {"pending"}, "X-Ms-Copy-Progress": {"512/1024"}}, Means: "running"},
			{ID: "c/b", Header: http.Header{"X-Ms-Copy-Status": {"success"}, "X-Ms-Copy-Progress": {"1024/1024"}, "X-Ms-Copy-Completion-Time": {"Mon, 02 Jan 2006 15:04:05 GMT"}}, Means: "completed"},
			{ID: "c/b", Header: http.Header{"X-Ms-Copy-Status": {"failed"}, "X-Ms-Copy-Status-Description": {"404 BlobNotFound \"Copy failed\""}}, Means: "failed", Message: `404 BlobNotFound "Copy failed"`},
			{ID: "c/b", Header: of("X-Ms-Copy-Status", "aborted"), Means: "canceled"},
			{ID: "c/b", Means: "malformed"},
		},
	},
	"S3 restore": {
		rest.Dialect{Status: rest.Call{Method: "HEAD", Path: "/{+id}"}, State: "@header.X-Amz-Restore",
			States: states{`"ongoing-request=\"true\""`: isRunning, `ongoing-request="false"*`: completed}},
		[]resttest.Sample{
			{ID: "a/b", Header: of("x-amz-restore", `ongoing-request="true"`), Means: "running"},
			{ID: "a/b", Header: of("x-amz-restore", `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`), Means: "completed"},
			{ID: "a/b", Means: "malformed"},
			{Name: "AWS tells no failure of a restore", Means: "never fails"},
		},
	},
	// The answer is XML. A state has a space in it, and a job can succeed in part.
	"Salesforce batch": {
		rest.Dialect{Status: rest.Call{Path: "/batch/{id}"}, State: "batchInfo.state, batchInfo.numberRecordsFailed", Error: "batchInfo.stateMessage", AnswerID: "batchInfo.id",
			States: states{"Queued, *": pending, "InProgress, *": isRunning, "Completed, 0": completed, "Completed, *": failed, "Failed, *": failed, "Not Processed, *": canceled},
			Fault:  "error.exceptionCode", Faults: map[string]transport.Class{"InvalidBatch": transport.NotFound, "ExceededQuota": transport.Throttled}},
		[]resttest.Sample{
			{ID: "751D", Header: of("Content-Type", "application/xml"), Body: `<?xml version="1.0" encoding="UTF-8"?><batchInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload"><id>751D</id><jobId>750D</jobId><state>InProgress</state><numberRecordsProcessed>0</numberRecordsProcessed><numberRecordsFailed>0</numberRecordsFailed></batchInfo>`, Means: "running"},
			{ID: "751D", Header: of("Content-Type", "application/xml"), Body: `<batchInfo><id>751D</id><state>Completed</state><numberRecordsFailed>0</numberRecordsFailed></batchInfo>`, Means: "completed"},
			{ID: "751D", Header: of("Content-Type", "application/xml"), Body: `<batchInfo><id>751D</id><state>Completed</state><numberRecordsFailed>2</numberRecordsFailed></batchInfo>`, Means: "failed"},
			{ID: "751D", Header: of("Content-Type", "application/xml"), Body: `<batchInfo><id>751D</id><state>Failed</state><stateMessage>InvalidBatch : Field name not found : Nmae</stateMessage><numberRecordsFailed>0</numberRecordsFailed></batchInfo>`, Means: "failed", Message: "InvalidBatch : Field name not found : Nmae"},
			{ID: "751D", Header: of("Content-Type", "application/xml"), Body: `<batchInfo><id>751D</id><state>Not Processed</state><numberRecordsFailed>0</numberRecordsFailed></batchInfo>`, Means: "canceled"},
			{ID: "751D", Code: 400, Header: of("Content-Type", "application/xml"), Body: `<error xmlns="x"><exceptionCode>InvalidBatch</exceptionCode><exceptionMessage>Unable to find batch</exceptionMessage></error>`, Means: "not found"},
		},
	},
	// The answer to a request that fails has the code 200.
	"Marketo export": {
		rest.Dialect{Status: rest.Call{Path: "/bulk/v1/leads/export/{id}/status.json"}, State: "result[0].status", Error: "result[0].errorMsg", AnswerID: "result[0].exportId",
			States: states{"Created": pending, "Queued": pending, "Processing": isRunning, "Completed": completed, "Failed": failed, "Cancelled": canceled},
			Fault:  "success, errors[0].code", Faults: map[string]transport.Class{"false, 606": transport.Throttled, "false, 602": transport.Unauthorized, "false, 1035": transport.NotFound, "false, *": transport.Permanent}},
		[]resttest.Sample{
			{ID: "ce45a7a1", Body: `{"requestId":"e42b#14272d07d78","success":true,"result":[{"exportId":"ce45a7a1","format":"CSV","status":"Processing","createdAt":"2017-01-21T11:47:30Z"}]}`, Means: "running"},
			{ID: "ce45a7a1", Body: `{"success":true,"result":[{"exportId":"ce45a7a1","status":"Completed"}]}`, Means: "completed"},
			{ID: "ce45a7a1", Body: `{"success":true,"result":[{"exportId":"ce45a7a1","status":"Failed","errorMsg":"disk"}]}`, Means: "failed", Message: "disk"},
			{ID: "ce45a7a1", Body: `{"success":false,"errors":[{"code":"606","message":"Max rate limit '100' exceeded"}]}`, Means: "throttled"},
			{ID: "ce45a7a1", Body: `{"success":false,"errors":[{"code":"1003","message":"x"}]}`, Means: "denied"},
		},
	},
	// The states are numbers. The id is in the last segment of a URL in a header.
	"Dataverse operation": {
		rest.Dialect{Create: rest.Call{Path: "/api/data/v9.2/ExportAsync"}, Status: rest.Call{Path: "/api/data/v9.2/asyncoperations({id})"}, ID: "@header.Location", IDPattern: "*/asyncoperations({id})*",
			State: "statuscode", Error: "friendlymessage, message", AnswerID: "asyncoperationid",
			States: states{"0": pending, "10": pending, "20": isRunning, "21": isRunning, "22": isRunning, "30": completed, "31": failed, "32": canceled}},
		[]resttest.Sample{
			{ID: "aa-bb", Body: `{"@odata.context":"https://x/$metadata#asyncoperations/$entity","@odata.etag":"W/\"1\"","statecode":2,"statuscode":20,"asyncoperationid":"AA-BB","friendlymessage":null,"message":null}`, Means: "running"},
			{ID: "aa-bb", Body: `{"statecode":3,"statuscode":30,"asyncoperationid":"aa-bb","message":""}`, Means: "completed"},
			{ID: "aa-bb", Body: `{"statecode":3,"statuscode":31,"asyncoperationid":"aa-bb","friendlymessage":null,"message":"Plugin failed"}`, Means: "failed", Message: "Plugin failed"},
			{ID: "aa-bb", Body: `{"statecode":3,"statuscode":32,"asyncoperationid":"aa-bb"}`, Means: "canceled"},
			{ID: "aa-bb", Code: 404, Body: `{"error":{"code":"0x80040217","message":"Entity Does Not Exist"}}`, Means: "not found"},
			{Create: true, ID: "aa-bb", Code: 202, Header: of("Location", "http://service.invalid/api/data/v9.2/asyncoperations(aa-bb)"), Means: "pending"},
		},
	},
	// The answer is JSON:API. A job can succeed in part.
	"Klaviyo import": {
		rest.Dialect{Create: rest.Call{Path: "/api/profile-bulk-import-jobs"}, Status: rest.Call{Path: "/api/profile-bulk-import-jobs/{id}"}, ID: "data.id",
			State: "data.attributes.status, data.attributes.failed_count", Progress: "data.attributes.completed_count / data.attributes.total_count", Error: "errors[0].detail",
			States: states{"queued, *": pending, "processing, *": isRunning, "complete, 0": completed, "complete, *": failed, "cancelled, *": canceled}},
		[]resttest.Sample{
			{ID: "X7", Body: `{"data":{"type":"profile-bulk-import-job","id":"X7","attributes":{"status":"processing","total_count":10,"completed_count":4,"failed_count":1}},"links":{"self":"x"}}`, Means: "running"},
			{ID: "X7", Body: `{"data":{"type":"profile-bulk-import-job","id":"X7","attributes":{"status":"complete","total_count":10,"completed_count":10,"failed_count":0}}}`, Means: "completed"},
			{ID: "X7", Body: `{"data":{"type":"profile-bulk-import-job","id":"X7","attributes":{"status":"complete","total_count":10,"completed_count":9,"failed_count":1}}}`, Means: "failed"},
			{ID: "X7", Code: 404, Body: `{"errors":[{"id":"1","status":404,"code":"not_found","detail":"no job"}]}`, Means: "not found"},
		},
	},
	// The answer is GraphQL. An error has the code 200, and an object that does not exist is null.
	"Saleor export": {
		rest.Dialect{Status: rest.Call{Method: "POST", Path: "/graphql/", Body: map[string]any{"query": "query($id: ID!) { exportFile(id: $id) { id status message url } }", "variables": map[string]any{"id": "{id}"}}},
			State: "data.exportFile.status", Error: "data.exportFile.message", Result: "data.exportFile.url", AnswerID: "data.exportFile.id",
			States: states{"PENDING": pending, "SUCCESS": completed, "FAILED": failed, "DELETED": failed},
			Fault:  "errors, errors[0].extensions.exception.code, data, data.exportFile", Faults: map[string]transport.Class{"+, PermissionDenied, *, *": transport.Permanent, "+, *, *, *": transport.Transient, "-, *, +, -": transport.NotFound, "-, *, -, -": transport.NotFound}},
		[]resttest.Sample{
			{ID: "RXhwb3J0RmlsZTox", Body: `{"data":{"exportFile":{"id":"RXhwb3J0RmlsZTox","status":"PENDING","message":null,"url":null}}}`, Means: "pending"},
			{ID: "RXhwb3J0RmlsZTox", Body: `{"data":{"exportFile":{"id":"RXhwb3J0RmlsZTox","status":"SUCCESS","message":null,"url":"https://x/y.csv"}},"extensions":{"cost":{}}}`, Means: "completed", Result: `"https://x/y.csv"`},
			{ID: "RXhwb3J0RmlsZTox", Body: `{"data":{"exportFile":{"id":"RXhwb3J0RmlsZTox","status":"FAILED","message":"no space","url":null}}}`, Means: "failed", Message: "no space"},
			{ID: "RXhwb3J0RmlsZTox", Body: `{"data":{"exportFile":null}}`, Means: "not found"},
			{ID: "RXhwb3J0RmlsZTox", Body: `{"errors":[{"message":"To access this path","extensions":{"exception":{"code":"PermissionDenied"}}}],"data":{"exportFile":null}}`, Means: "denied"},
			{ID: "RXhwb3J0RmlsZTox", Body: `{"errors":[{"message":"Internal Server Error"}],"data":null}`, Means: "transient"},
		},
	},
	// The answer is HAL. An exit code is beside the state.
	"Spring Cloud Data Flow task": {
		rest.Dialect{Create: rest.Call{Path: "/tasks/executions"}, Status: rest.Call{Path: "/tasks/executions/{id}"}, ID: "executionId", State: "taskExecutionStatus, exitCode", Error: "errorMessage", Finished: "endTime",
			States: states{"UNKNOWN, *": pending, "RUNNING, *": isRunning, "COMPLETE, *": completed, "COMPLETE, +": failed, "COMPLETE, 0": completed, "ERROR, *": failed, "CANCELLED, *": canceled, "ABANDONED, *": failed}},
		[]resttest.Sample{
			{Body: `{"executionId":1,"exitCode":null,"taskName":"t","startTime":"2026-01-01T00:00:00Z","endTime":null,"errorMessage":null,"taskExecutionStatus":"RUNNING","_links":{"self":{"href":"http://x/tasks/executions/1"}}}`, Means: "running"},
			{Body: `{"executionId":1,"exitCode":0,"endTime":"2026-01-01T00:00:10Z","errorMessage":null,"taskExecutionStatus":"COMPLETE"}`, Means: "completed"},
			{Body: `{"executionId":1,"exitCode":1,"endTime":"2026-01-01T00:00:10Z","errorMessage":"java.lang.IllegalStateException","taskExecutionStatus":"ERROR"}`, Means: "failed", Message: "java.lang.IllegalStateException"},
			{Body: `{"executionId":1,"exitCode":3,"errorMessage":null,"taskExecutionStatus":"COMPLETE"}`, Means: "failed"},
		},
	},
	"Bitrise build": {
		rest.Dialect{Status: rest.Call{Path: "/v0.1/apps/x/builds/{id}"}, State: "data.status, data.is_on_hold", AnswerID: "data.slug", Error: "data.abort_reason", Finished: "data.finished_at",
			States: states{"0, false": isRunning, "0, true": pending, "1, *": completed, "2, *": failed, "3, *": canceled, "4, *": canceled}},
		[]resttest.Sample{
			{ID: "b1", Body: `{"data":{"slug":"b1","status":0,"status_text":"in-progress","is_on_hold":false,"abort_reason":null,"finished_at":null}}`, Means: "running"},
			{ID: "b1", Body: `{"data":{"slug":"b1","status":0,"status_text":"on-hold","is_on_hold":true}}`, Means: "pending"},
			{ID: "b1", Body: `{"data":{"slug":"b1","status":1,"is_on_hold":false,"abort_reason":null,"finished_at":"2026-01-01T00:00:00Z"}}`, Means: "completed"},
			{ID: "b1", Body: `{"data":{"slug":"b1","status":2,"is_on_hold":false}}`, Means: "failed"},
			{ID: "b1", Body: `{"data":{"slug":"b1","status":3,"is_on_hold":false,"abort_reason":"replaced"}}`, Means: "canceled", Message: "replaced"},
		},
	},
	// A boolean says that the job has ended, and a number says how. Both are null before the end.
	"Buildbot build": {
		rest.Dialect{Status: rest.Call{Path: "/api/v2/builds/{id}"}, State: "builds[0].complete, builds[0].results", AnswerID: "builds[0].buildid", Message: "builds[0].state_string", Error: "-", Finished: "builds[0].complete_at",
			States: states{"false, *": isRunning, "true, 0": completed, "true, 1": completed, "true, 3": completed, "true, *": failed, "true, 6": canceled}},
		[]resttest.Sample{
			{ID: "7", Body: `{"builds":[{"buildid":7,"complete":false,"complete_at":null,"results":null,"state_string":"building"}],"meta":{}}`, Means: "running", Message: "building"},
			{ID: "7", Body: `{"builds":[{"buildid":7,"complete":true,"complete_at":1700000000,"results":0,"state_string":"build successful"}]}`, Means: "completed"},
			{ID: "7", Body: `{"builds":[{"buildid":7,"complete":true,"complete_at":1700000000,"results":2,"state_string":"failed compile"}]}`, Means: "failed", Message: "failed compile"},
			{ID: "7", Body: `{"builds":[{"buildid":7,"complete":true,"results":6}]}`, Means: "canceled"},
			{ID: "7", Body: `{"builds":[{"buildid":7,"complete":true,"results":null}]}`, Means: "failed"},
			{ID: "7", Code: 404, Body: `{"error":"not found while getting object with uri build/7"}`, Means: "not found"},
		},
	},
	// A boolean says that the job has ended, and only an error says how. The progress is in percent.
	"Weblate task": {
		rest.Dialect{Status: rest.Call{Path: "/api/tasks/{id}/"}, State: "completed, result.error", Progress: "progress", ProgressScale: 100, Result: "result", Error: "result.error", Message: "log",
			States: states{"false, *": isRunning, "true, -": completed, "true, +": failed}},
		[]resttest.Sample{
			{Body: `{"completed":false,"progress":40,"result":null,"log":"working"}`, Means: "running", Message: "working"},
			{Body: `{"completed":true,"progress":100,"result":{"accepted":4},"log":""}`, Means: "completed", Result: `{"accepted":4}`},
			{Body: `{"completed":true,"progress":100,"result":{"error":"no file"},"log":""}`, Means: "failed", Message: "no file"},
		},
	},
	// The answer has only the progress in percent, as a string.
	"ZAP scan": {
		rest.Dialect{Create: rest.Call{Path: "/JSON/ascan/action/scan/"}, Status: rest.Call{Path: "/JSON/ascan/view/status/?scanId={id}"}, ID: "scan", AnswerID: "-", State: "status", Progress: "status", ProgressScale: 100,
			States: states{"100": completed, "0": isRunning, "+": isRunning}, Fault: "code", Faults: map[string]transport.Class{"does_not_exist": transport.NotFound}},
		[]resttest.Sample{
			{ID: "0", Body: `{"status":"0"}`, Means: "running"},
			{ID: "0", Body: `{"status":"57"}`, Means: "running"},
			{ID: "0", Body: `{"status":"100"}`, Means: "completed"},
			{ID: "0", Code: 400, Body: `{"code":"does_not_exist","message":"Does Not Exist"}`, Means: "not found"},
			{ID: "0", Create: true, Body: `{"scan":"0"}`, Means: "pending"},
			{Name: "a scan that was stopped or gave up is at 100", Means: "never fails"},
		},
	},
	// The state of the job follows from the states of its stages.
	"CodePipeline": {
		rest.Dialect{Status: rest.Call{Method: "POST", Path: "/", Body: map[string]any{"name": "{id}"}}, State: "stageStates[0], stageStates[latestExecution.status!=Succeeded], stageStates[latestExecution.status!=Succeeded].latestExecution.status", AnswerID: "pipelineName",
			States:  states{"-, *, *": pending, "+, -, *": completed, "+, +, -": pending, "+, +, InProgress": isRunning, "+, +, Stopping": isRunning, "+, +, Failed": failed, "+, +, Stopped": canceled, "+, +, Cancelled": canceled},
			Message: "stageStates[latestExecution.status!=Succeeded].stageName", Error: "-",
			Fault: "__type", Faults: map[string]transport.Class{"*PipelineNotFoundException": transport.NotFound}},
		[]resttest.Sample{
			{ID: "p", Body: `{"pipelineName":"p","stageStates":[]}`, Means: "pending"},
			{ID: "p", Body: `{"pipelineName":"p","stageStates":[{"stageName":"Source","latestExecution":{"status":"Succeeded"}},{"stageName":"Build"}]}`, Means: "pending", Message: "Build"},
			{ID: "p", Body: `{"pipelineName":"p","stageStates":[{"stageName":"Source","latestExecution":{"status":"Succeeded"}},{"stageName":"Build","latestExecution":{"status":"InProgress"}}]}`, Means: "running", Message: "Build"},
			{ID: "p", Body: `{"pipelineName":"p","stageStates":[{"stageName":"Source","latestExecution":{"status":"Succeeded"}},{"stageName":"Build","latestExecution":{"status":"Succeeded"}}]}`, Means: "completed"},
			{ID: "p", Body: `{"pipelineName":"p","stageStates":[{"stageName":"Source","latestExecution":{"status":"Succeeded"}},{"stageName":"Build","latestExecution":{"status":"Failed"}},{"stageName":"Deploy"}]}`, Means: "failed", Message: "Build"},
			{ID: "p", Code: 400, Body: `{"__type":"PipelineNotFoundException","message":"x"}`, Means: "not found"},
		},
	},
	// The errors are an array of strings.
	"Datadog batch": {
		rest.Dialect{Status: rest.Call{Path: "/api/v1/synthetics/ci/batch/{id}"}, State: "data.status", Error: "errors[0]", Message: "errors[0]",
			States: states{"in_progress": isRunning, "passed": completed, "failed": failed}, Fault: "errors[0]", Faults: map[string]transport.Class{"*not found*": transport.NotFound}},
		[]resttest.Sample{
			{Body: `{"data":{"metadata":null,"results":[],"status":"in_progress"}}`, Means: "running"},
			{Body: `{"data":{"status":"passed"}}`, Means: "completed"},
			{Body: `{"data":{"status":"failed"}}`, Means: "failed"},
			{Body: `{"data":{"status":"passed"},"errors":["lost a result"]}`, Means: "failed", Message: "lost a result"},
			{Code: 400, Body: `{"errors":["Batch not found"]}`, Means: "not found"},
		},
	},
	// The answer is a form.
	"PayPal NVP": {
		rest.Dialect{Status: rest.Call{Method: "POST", Path: "/nvp", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, Body: "METHOD=GetTransactionDetails&TRANSACTIONID={id}"},
			State: "PAYMENTSTATUS", Error: "L_LONGMESSAGE0", Message: "PENDINGREASON", AnswerID: "TRANSACTIONID",
			States: states{"Pending": pending, "In-Progress": isRunning, "Completed": completed, "Processed": completed, "Failed": failed, "Denied": failed, "Expired": failed, "Voided": canceled},
			Fault:  "ACK, L_ERRORCODE0", Faults: map[string]transport.Class{"Failure, 10004": transport.NotFound, "Failure, 10101": transport.Throttled, "Failure, *": transport.Permanent}},
		[]resttest.Sample{
			{ID: "9X", Header: of("Content-Type", "application/x-www-form-urlencoded"), Body: "TRANSACTIONID=9X&PAYMENTSTATUS=Pending&PENDINGREASON=multi%2dcurrency&ACK=Success&VERSION=124%2e0", Means: "pending", Message: "multi-currency"},
			{ID: "9X", Header: of("Content-Type", "application/x-www-form-urlencoded"), Body: "TRANSACTIONID=9X&PAYMENTSTATUS=Completed&ACK=Success", Means: "completed"},
			{ID: "9X", Header: of("Content-Type", "application/x-www-form-urlencoded"), Body: "TRANSACTIONID=9X&PAYMENTSTATUS=Expired&ACK=Success", Means: "failed"},
			{ID: "9X", Header: of("Content-Type", "application/x-www-form-urlencoded"), Body: "ACK=Failure&L_ERRORCODE0=10004&L_LONGMESSAGE0=invalid", Means: "not found"},
			{ID: "9X", Header: of("Content-Type", "text/plain; charset=utf-8"), Body: "TRANSACTIONID=9X&PAYMENTSTATUS=Completed&ACK=Success", Means: "completed"},
		},
	},
	"EBI job": {
		rest.Dialect{Create: rest.Call{Path: "/run"}, Status: rest.Call{Path: "/status/{id}"}, Fetch: rest.Call{Path: "/result/{id}/out"}, ID: "@text", State: "@text",
			States: states{"QUEUED": pending, "RUNNING": isRunning, "FINISHED": completed, "ERROR": failed, "FAILURE": failed, "NOT_FOUND": failed},
			Fault:  "@text", Faults: map[string]transport.Class{"NOT_FOUND": transport.NotFound}},
		[]resttest.Sample{
			{Header: of("Content-Type", "text/plain"), Body: "RUNNING", Means: "running"},
			{Header: of("Content-Type", "text/plain"), Body: "FINISHED\n", Means: "completed"},
			{Header: of("Content-Type", "text/plain"), Body: "FAILURE", Means: "failed"},
			{Header: of("Content-Type", "text/plain"), Body: "NOT_FOUND", Means: "not found"},
			{Header: of("Content-Type", "text/plain"), Create: true, ID: "clustalo-R20260101-1", Body: "clustalo-R20260101-1", Means: "pending"},
		},
	},
	// The id is larger than 2^53. The state is missing at the end. The body names a wait.
	"X media upload": {
		rest.Dialect{Create: rest.Call{Path: "/2/media/upload/initialize"}, Status: rest.Call{Path: "/1.1/media/upload.json?command=STATUS&media_id={id}"}, ID: "media_id", State: "media_id, processing_info, processing_info.state",
			Error: "processing_info.error.message, processing_info.error.name", Progress: "processing_info.progress_percent", ProgressScale: 100, RetryAfter: "processing_info.check_after_secs",
			States: states{"+, -, *": completed, "+, +, pending": pending, "+, +, in_progress": isRunning, "+, +, succeeded": completed, "+, +, failed": failed}},
		[]resttest.Sample{
			{ID: "710511363345354753", Body: `{"media_id":710511363345354753,"media_id_string":"710511363345354753","processing_info":{"state":"in_progress","check_after_secs":10,"progress_percent":8}}`, Means: "running", RetryAfter: 10e9},
			{ID: "710511363345354753", Body: `{"media_id":710511363345354753,"processing_info":{"state":"failed","progress_percent":12,"error":{"code":1,"name":"InvalidMedia","message":"Unsupported video format"}}}`, Means: "failed", Message: "Unsupported video format"},
			{ID: "710511363345354753", Body: `{"media_id":710511363345354753,"size":11065,"expires_after_secs":86400}`, Means: "completed"},
			{ID: "710511363345354753", Body: `{"media_id":710511363345354752,"size":11065}`, Means: "malformed"},
			{ID: "710511363345354753", Body: `{}`, Means: "malformed"},
			{ID: "710511363345354753", Create: true, Body: `{"media_id":710511363345354753,"expires_after_secs":86400}`, Means: "pending"},
		},
	},
	"FHIR export": {
		rest.Dialect{Create: rest.Call{Method: "GET", Path: "/Patient/$export", Header: map[string]string{"Prefer": "respond-async"}}, Status: rest.Call{Path: "{+id}"}, ID: "@header.Content-Location", State: "@code, error[0]",
			States: states{"202, *": isRunning, "200, -": completed, "200, +": failed, "500, *": failed}, Progress: "@header.X-Progress", Message: "@header.X-Progress", Error: "issue[0].diagnostics", Result: "output"},
		[]resttest.Sample{
			{ID: "/jobs/7", Code: 202, Header: http.Header{"X-Progress": {"45%"}, "Retry-After": {"120"}}, Means: "running", RetryAfter: 120e9, Message: "45%"},
			{ID: "/jobs/7", Header: of("Content-Type", "application/json"), Body: `{"transactionTime":"2021-01-01T00:00:00Z","request":"x","output":[{"type":"Patient","url":"https://x/1.ndjson"}],"error":[]}`, Means: "completed", Result: `[{"type":"Patient","url":"https://x/1.ndjson"}]`},
			{ID: "/jobs/7", Body: `{"output":[],"error":[{"type":"OperationOutcome","url":"https://x/e.ndjson"}]}`, Means: "failed"},
			{ID: "/jobs/7", Code: 500, Body: `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"db down"}]}`, Means: "failed", Message: "db down"},
			{ID: "/jobs/7", Code: 404, Body: `{"resourceType":"OperationOutcome"}`, Means: "not found"},
			{ID: "/jobs/7", Create: true, Code: 202, Header: of("Content-Location", "http://service.invalid/jobs/7"), Means: "pending"},
		},
	},
	// A word for success is about the request, not the job. A cancellation looks like a failure.
	"Spark driver": {
		rest.Dialect{Status: rest.Call{Path: "/v1/submissions/status/{id}"}, State: "success, driverState", ID: "submissionId", Error: "message",
			States: states{"true, SUBMITTED": pending, "true, RUNNING": isRunning, "true, RELAUNCHING": isRunning, "true, UNKNOWN": isRunning, "true, FINISHED": completed, "true, FAILED": failed, "true, ERROR": failed, "true, KILLED": canceled},
			Fault:  "success, driverState", Faults: map[string]transport.Class{"false, NOT_FOUND": transport.NotFound, "false, *": transport.Permanent}},
		[]resttest.Sample{
			{ID: "driver-1", Body: `{"action":"SubmissionStatusResponse","driverState":"RUNNING","serverSparkVersion":"3.5","submissionId":"driver-1","success":true}`, Means: "running"},
			{ID: "driver-1", Body: `{"driverState":"FAILED","submissionId":"driver-1","success":true,"message":"Exception from the cluster"}`, Means: "failed", Message: "Exception from the cluster"},
			{ID: "driver-1", Body: `{"driverState":"KILLED","submissionId":"driver-1","success":true}`, Means: "canceled"},
			{ID: "driver-1", Body: `{"driverState":"FINISHED","submissionId":"driver-1","success":true}`, Means: "completed"},
			{ID: "driver-1", Body: `{"driverState":"NOT_FOUND","submissionId":"driver-1","success":false}`, Means: "not found"},
		},
	},
	// Errors with the code 400 are states (RFC 8628).
	"OAuth device code": {
		rest.Dialect{Create: rest.Call{Path: "/device/code"}, Status: rest.Call{Method: "POST", Path: "/token", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, Body: "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=c&device_code={id}"},
			ID: "device_code", AnswerID: "-", State: "@code, error, access_token", Message: "error_description", Error: "error_description", Fault: "@code, error", Faults: map[string]transport.Class{"400, slow_down": transport.Throttled},
			States: states{"400, authorization_pending, *": blocked, "400, expired_token, *": failed, "400, access_denied, *": failed, "200, -, +": completed}},
		[]resttest.Sample{
			{ID: "d", Code: 400, Body: `{"error":"authorization_pending"}`, Means: "blocked"},
			{ID: "d", Code: 400, Body: `{"error":"slow_down"}`, Means: "throttled"},
			{ID: "d", Code: 400, Body: `{"error":"expired_token","error_description":"The code has expired"}`, Means: "failed", Message: "The code has expired"},
			{ID: "d", Code: 400, Body: `{"error":"access_denied"}`, Means: "failed"},
			{ID: "d", Code: 400, Body: `{"error":"invalid_grant"}`, Means: "denied"},
			{ID: "d", Body: `{"access_token":"t","token_type":"Bearer"}`, Means: "completed"},
			{ID: "d", Create: true, Body: `{"device_code":"d","user_code":"WDJB","interval":5}`, Means: "pending"},
		},
	},
	// The name of an element is the state.
	"WPS execution": {
		rest.Dialect{Status: rest.Call{Path: "{+id}"}, State: "ExecuteResponse.Status.ProcessAccepted = ExecuteResponse.Status.ProcessAccepted, ExecuteResponse.Status.ProcessStarted = ExecuteResponse.Status.ProcessStarted, ExecuteResponse.Status.ProcessPaused = ExecuteResponse.Status.ProcessPaused, ExecuteResponse.Status.ProcessSucceeded = ExecuteResponse.Status.ProcessSucceeded, ExecuteResponse.Status.ProcessFailed = ExecuteResponse.Status.ProcessFailed",
			States:   states{"true, -, -, -, -": pending, "-, true, -, -, -": isRunning, "-, -, true, -, -": blocked, "-, -, -, true, -": completed, "-, -, -, -, true": failed},
			Progress: "ExecuteResponse.Status.ProcessStarted.percentCompleted", ProgressScale: 100, Error: "ExecuteResponse.Status.ProcessFailed.ExceptionReport.Exception.ExceptionText"},
		[]resttest.Sample{
			{ID: "/s/1", Body: `<?xml version="1.0"?><wps:ExecuteResponse xmlns:wps="w"><wps:Status creationTime="2007"><wps:ProcessAccepted/></wps:Status></wps:ExecuteResponse>`, Means: "pending"},
			{ID: "/s/1", Body: `<?xml version="1.0"?><wps:ExecuteResponse xmlns:wps="w"><wps:Status creationTime="2007"><wps:ProcessStarted percentCompleted="20"/></wps:Status></wps:ExecuteResponse>`, Means: "running"},
			{ID: "/s/1", Body: `<?xml version="1.0"?><wps:ExecuteResponse xmlns:wps="w"><wps:Status creationTime="2007"><wps:ProcessSucceeded>done</wps:ProcessSucceeded></wps:Status></wps:ExecuteResponse>`, Means: "completed"},
			{ID: "/s/1", Body: `<?xml version="1.0"?><wps:ExecuteResponse xmlns:wps="w"><wps:Status creationTime="2007"><wps:ProcessFailed><ows:ExceptionReport xmlns:ows="o" version="1.0"><ows:Exception exceptionCode="NoApplicableCode"><ows:ExceptionText>bad input</ows:ExceptionText></ows:Exception></ows:ExceptionReport></wps:ProcessFailed></wps:Status></wps:ExecuteResponse>`, Means: "failed", Message: "bad input"},
			{ID: "/s/1", Body: `<?xml version="1.0"?><wps:ExecuteResponse xmlns:wps="w"><wps:Status creationTime="2007"><wps:ProcessPaused/></wps:Status></wps:ExecuteResponse>`, Means: "blocked"},
			{ID: "/s/1", Body: `<?xml version="1.0"?><wps:ExecuteResponse xmlns:wps="w"><wps:Status creationTime="2007"/></wps:ExecuteResponse>`, Means: "malformed"},
		},
	},
	// The answer is XML-RPC, in which names and values are siblings.
	"Koji task": {
		rest.Dialect{Status: rest.Call{Method: "POST", Path: "/kojihub", Header: map[string]string{"Content-Type": "text/xml"}, Body: "<methodCall><methodName>getTaskInfo</methodName><params><param><value><int>{id}</int></value></param></params></methodCall>"},
			State:  "methodResponse.params.param.value.struct[name=state].value.int",
			States: states{"0": pending, "4": pending, "1": isRunning, "2": completed, "3": canceled, "5": failed},
			Fault:  "methodResponse.fault.value.struct[name=faultCode].value.int", Faults: map[string]transport.Class{"1000": transport.NotFound, "+": transport.Permanent}},
		[]resttest.Sample{
			{Header: of("Content-Type", "text/xml"), Body: `<?xml version='1.0'?><methodResponse><params><param><value><struct><member><name>id</name><value><int>1</int></value></member><member><name>state</name><value><int>1</int></value></member></struct></value></param></params></methodResponse>`, Means: "running"},
			{Header: of("Content-Type", "text/xml"), Body: `<?xml version='1.0'?><methodResponse><params><param><value><struct><member><name>state</name><value><int>2</int></value></member></struct></value></param></params></methodResponse>`, Means: "completed"},
			{Header: of("Content-Type", "text/xml"), Body: `<?xml version='1.0'?><methodResponse><params><param><value><struct><member><name>state</name><value><int>5</int></value></member></struct></value></param></params></methodResponse>`, Means: "failed"},
			{Header: of("Content-Type", "text/xml"), Body: `<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1000</int></value></member><member><name>faultString</name><value><string>no task</string></value></member></struct></value></fault></methodResponse>`, Means: "not found"},
		},
	},
	// Timestamps take the place of states.
	"Sourcegraph execution": {
		rest.Dialect{Status: rest.Call{Path: "/{id}"}, State: "startedAt, finishedAt, failureMessage", Error: "failureMessage", Finished: "finishedAt",
			States: states{"-, -, *": pending, "+, -, *": isRunning, "*, +, -": completed, "*, +, +": failed}},
		[]resttest.Sample{
			{Body: `{"startedAt":null,"finishedAt":null,"failureMessage":null}`, Means: "pending"},
			{Body: `{"startedAt":"2026-01-01T00:00:00Z","finishedAt":null,"failureMessage":null}`, Means: "running"},
			{Body: `{"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:01:00Z","failureMessage":null}`, Means: "completed"},
			{Body: `{"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:01:00Z","failureMessage":"exit 1"}`, Means: "failed", Message: "exit 1"},
			{Body: `{"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:01:00Z","failureMessage":""}`, Means: "completed"},
		},
	},
	// The answer is XML, whose lines are siblings. The outcome is beside the state.
	"PAN-OS job": {
		rest.Dialect{Create: rest.Call{Path: "/api/?type=commit&cmd=x"}, Status: rest.Call{Path: "/api/?type=op&cmd=%3Cshow%3E%3Cjobs%3E%3Cid%3E{id}%3C/id%3E%3C/jobs%3E%3C/show%3E"}, ID: "response.result.job", AnswerID: "response.result.job.id", State: "response.result.job.status, response.result.job.result", Message: "response.result.job.details.line", Error: "-", Progress: "response.result.job.progress", ProgressScale: 100,
			States: states{"PEND, *": pending, "ACT, *": isRunning, "FIN, OK": completed, "FIN, *": failed}, Fault: "response.status, response.code, response.msg.line", Faults: map[string]transport.Class{"error, *, *not found*": transport.NotFound, "error, 403, +": transport.Unauthorized, "error, 403, *": transport.Unauthorized, "error, 403, *not found*": transport.Unauthorized, "error, *, *": transport.Permanent}},
		[]resttest.Sample{
			{ID: "4", Create: true, Header: of("Content-Type", "application/xml"), Body: `<response status="success" code="19"><result><msg><line>Commit job enqueued with jobid 4</line></msg><job>4</job></result></response>`, Means: "pending"},
			{ID: "4", Header: of("Content-Type", "application/xml"), Body: `<response status="success"><result><job><tenq>2026/01/01 00:00:00</tenq><id>4</id><type>Commit</type><status>ACT</status><result>PEND</result><progress>55</progress></job></result></response>`, Means: "running"},
			{ID: "4", Header: of("Content-Type", "application/xml"), Body: `<response status="success"><result><job><id>4</id><status>FIN</status><result>OK</result><details><line>Configuration committed</line></details><progress>100</progress></job></result></response>`, Means: "completed"},
			{ID: "4", Header: of("Content-Type", "application/xml"), Body: `<response status="success"><result><job><id>4</id><status>FIN</status><result>FAIL</result><details><line>Validation Error</line><line>bad</line></details><progress>100</progress></job></result></response>`, Means: "failed"},
			{ID: "4", Header: of("Content-Type", "application/xml"), Body: `<response status="error" code="7"><msg><line>job 4 not found</line></msg></response>`, Means: "not found"},
			{ID: "4", Code: 403, Header: of("Content-Type", "application/xml"), Body: `<response status="error" code="403"><result><msg>Invalid Credential</msg></result></response>`, Means: "unauthorized"},
		},
	},
	// The job is null until it is visible, also in the answer to a create.
	"Leonardo generation": {
		rest.Dialect{Create: rest.Call{Path: "/api/rest/v1/generations"}, Status: rest.Call{Path: "/api/rest/v1/generations/{id}"}, Cancel: rest.Call{Path: "/api/rest/v1/generations/{id}"}, ID: "sdGenerationJob.generationId", AnswerID: "generations_by_pk.id", State: "generations_by_pk.status", Error: "error", Result: "generations_by_pk.generated_images",
			States: states{"PENDING": isRunning, "COMPLETE": completed, "FAILED": failed}, Fault: "@code, generations_by_pk, error", Faults: map[string]transport.Class{"200, -, *": transport.NotFound}},
		[]resttest.Sample{
			{ID: "g", Create: true, Body: `{"sdGenerationJob":{"generationId":"g","apiCreditCost":1}}`, Means: "pending"},
			{ID: "g", Body: `{"generations_by_pk":null}`, Means: "not found"},
			{ID: "g", Body: `{"generations_by_pk":{"id":"g","status":"PENDING","generated_images":[]}}`, Means: "running"},
			{ID: "g", Body: `{"generations_by_pk":{"id":"g","status":"COMPLETE","generated_images":[{"url":"u","nsfw":false}]}}`, Means: "completed"},
			{ID: "g", Body: `{"generations_by_pk":{"id":"g","status":"FAILED","generated_images":[]}}`, Means: "failed"},
		},
	},
	// A time says that the job has ended, and a boolean says how. There is no word for a state.
	"Cisco DNA task": {
		rest.Dialect{Create: rest.Call{Path: "/dna/intent/api/v1/discovery"}, Status: rest.Call{Path: "/dna/intent/api/v1/task/{id}"}, ID: "response.taskId", AnswerID: "response.id", State: "response.isError, response.endTime", Error: "response.failureReason", Message: "response.progress", Result: "response.progress", Finished: "response.endTime",
			States: states{"false, -": isRunning, "false, +": completed, "true, *": failed}, Fault: "response.errorCode", Faults: map[string]transport.Class{"NCND00050": transport.NotFound}},
		[]resttest.Sample{
			{ID: "t", Create: true, Code: 202, Body: `{"response":{"taskId":"t","url":"/api/v1/task/t"},"version":"1.0"}`, Means: "pending"},
			{ID: "t", Body: `{"response":{"id":"t","startTime":1700000000000,"progress":"In progress","isError":false,"version":1}}`, Means: "running"},
			{ID: "t", Body: `{"response":{"id":"t","startTime":1700000000000,"endTime":1700000000009,"progress":"{\"id\":\"x\"}","isError":false}}`, Means: "completed"},
			{ID: "t", Body: `{"response":{"id":"t","progress":"x","isError":true,"failureReason":"NCDS10008: no device","errorCode":"NCDS10008","endTime":1700000000009}}`, Means: "failed"},
		},
	},
	// The outcome is a word if the job has succeeded, and otherwise the text of the error.
	"Proxmox task": {
		rest.Dialect{Create: rest.Call{Path: "/api2/json/nodes/n/vzdump"}, Status: rest.Call{Path: "/api2/json/nodes/n/tasks/{id}/status"}, Cancel: rest.Call{Path: "/api2/json/nodes/n/tasks/{id}"}, ID: "data", AnswerID: "data.upid", State: "data.status, data.exitstatus", Error: "-", Message: "data.exitstatus",
			States: states{"running, -": isRunning, "stopped, OK": completed, "stopped, WARNINGS*": completed, "stopped, *": failed, "stopped, interrupted by signal": canceled, "stopped, unexpected status": failed},
			Fault:  "@code, errors.upid", Faults: map[string]transport.Class{"400, +": transport.NotFound, "500, *": transport.Transient}},
		[]resttest.Sample{
			{ID: "UPID:n:0003:0A:63:vzdump:100:root@pam:", Create: true, Body: `{"data":"UPID:n:0003:0A:63:vzdump:100:root@pam:"}`, Means: "pending"},
			{ID: "UPID:n:0003:0A:63:vzdump:100:root@pam:", Body: `{"data":{"status":"running","upid":"UPID:n:0003:0A:63:vzdump:100:root@pam:","type":"vzdump"}}`, Means: "running"},
			{ID: "UPID:n:0003:0A:63:vzdump:100:root@pam:", Body: `{"data":{"status":"stopped","exitstatus":"OK","upid":"UPID:n:0003:0A:63:vzdump:100:root@pam:"}}`, Means: "completed"},
			{ID: "UPID:n:0003:0A:63:vzdump:100:root@pam:", Body: `{"data":{"status":"stopped","exitstatus":"WARNINGS: 1","upid":"UPID:n:0003:0A:63:vzdump:100:root@pam:"}}`, Means: "completed"},
			{ID: "UPID:n:0003:0A:63:vzdump:100:root@pam:", Body: `{"data":{"status":"stopped","exitstatus":"job errors","upid":"UPID:n:0003:0A:63:vzdump:100:root@pam:"}}`, Means: "failed", Message: "job errors"},
			{ID: "UPID:n:0003:0A:63:vzdump:100:root@pam:", Body: `{"data":{"status":"stopped","exitstatus":"interrupted by signal"}}`, Means: "canceled"},
			{ID: "UPID:n:0003:0A:63:vzdump:100:root@pam:", Body: `{"data":{"status":"stopped","upid":"UPID:n:0003:0A:63:vzdump:100:root@pam:"}}`, Means: "failed"},
		},
	},
	// One word stands for a final refusal and for one that is not final.
	"Sumsub applicant": {
		rest.Dialect{Create: rest.Call{Path: "/resources/applicants?levelName=b"}, Status: rest.Call{Path: "/resources/applicants/{id}/status"}, ID: "id", AnswerID: "-", State: "reviewStatus, reviewResult.reviewAnswer, reviewResult.reviewRejectType", Error: "-", Message: "reviewResult.moderationComment",
			States: states{"init, *, *": blocked, "pending, *, *": isRunning, "prechecked, *, *": isRunning, "queued, *, *": pending, "onHold, *, *": blocked, "awaitingUser, *, *": blocked, "completed, GREEN, *": completed, "completed, RED, FINAL": failed, "completed, RED, RETRY": blocked, "completed, *, *": failed}},
		[]resttest.Sample{
			{ID: "5b", Create: true, Code: 201, Body: `{"id":"5b","review":{"reviewStatus":"init"}}`, Means: "pending"},
			{ID: "5b", Body: `{"reviewStatus":"init"}`, Means: "blocked"},
			{ID: "5b", Body: `{"reviewStatus":"completed","reviewResult":{"reviewAnswer":"GREEN"}}`, Means: "completed"},
			{ID: "5b", Body: `{"reviewStatus":"completed","reviewResult":{"reviewAnswer":"RED","rejectLabels":["FORGERY"],"reviewRejectType":"FINAL","moderationComment":"forged"}}`, Means: "failed", Message: "forged"},
			{ID: "5b", Body: `{"reviewStatus":"completed","reviewResult":{"reviewAnswer":"RED","reviewRejectType":"RETRY"}}`, Means: "blocked"},
		},
	},
	// One word stands for a job without an attempt and for one whose attempt has failed.
	"Stripe identity": {
		rest.Dialect{Create: rest.Call{Path: "/v1/identity/verification_sessions", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, Body: "type=document"}, Status: rest.Call{Path: "/v1/identity/verification_sessions/{id}"}, Cancel: rest.Call{Method: "POST", Path: "/v1/identity/verification_sessions/{id}/cancel"}, ID: "id", State: "status, last_error.code", Error: "-", Message: "last_error.reason",
			States: states{"requires_input, *": failed, "requires_input, -": blocked, "processing, *": isRunning, "verified, *": completed, "canceled, *": canceled}},
		[]resttest.Sample{
			{ID: "vs_1", Create: true, Body: `{"id":"vs_1","object":"identity.verification_session","status":"requires_input","last_error":null}`, Means: "pending"},
			{ID: "vs_1", Body: `{"id":"vs_1","status":"requires_input","last_error":null}`, Means: "blocked"},
			{ID: "vs_1", Body: `{"id":"vs_1","status":"requires_input","last_error":{"code":"document_expired","reason":"The document is expired."}}`, Means: "failed", Message: "The document is expired."},
			{ID: "vs_1", Body: `{"id":"vs_1","status":"verified","last_error":null}`, Means: "completed"},
		},
	},
	// The answer about a job that is not ready is an error with the code 400.
	"Plaid asset report": {
		rest.Dialect{Create: rest.Call{Path: "/asset_report/create"}, Status: rest.Call{Method: "POST", Path: "/asset_report/get", Body: map[string]any{"asset_report_token": "{id}"}}, Cancel: rest.Call{Method: "POST", Path: "/asset_report/remove", Body: map[string]any{"asset_report_token": "{id}"}}, Fetch: rest.Call{Method: "POST", Path: "/asset_report/pdf/get", Body: map[string]any{"asset_report_token": "{id}"}}, ID: "asset_report_token", AnswerID: "-", State: "@code, error_code, report.asset_report_id", Error: "-", Message: "error_message",
			States: states{"400, PRODUCT_NOT_READY, *": isRunning, "400, ASSET_REPORT_GENERATION_FAILED, *": failed, "200, -, +": completed}, Fault: "@code, error_code", Faults: map[string]transport.Class{"400, INVALID_ASSET_REPORT_TOKEN": transport.NotFound, "429, *": transport.Throttled, "400, RATE_LIMIT_EXCEEDED": transport.Throttled}},
		[]resttest.Sample{
			{ID: "assets-1", Create: true, Body: `{"asset_report_token":"assets-1","asset_report_id":"a","request_id":"r"}`, Means: "pending"},
			{ID: "assets-1", Code: 400, Body: `{"error_type":"ASSET_REPORT_ERROR","error_code":"PRODUCT_NOT_READY","error_message":"the requested product is not yet ready"}`, Means: "running"},
			{ID: "assets-1", Body: `{"report":{"asset_report_id":"a","items":[]},"warnings":[]}`, Means: "completed"},
			{ID: "assets-1", Code: 400, Body: `{"error_code":"ASSET_REPORT_GENERATION_FAILED","error_message":"x"}`, Means: "failed"},
			{ID: "assets-1", Code: 400, Body: `{"error_code":"INVALID_FIELD"}`, Means: "denied"},
		},
	},
	// The id is a key, and has dots in it.
	"PBS job": {
		rest.Dialect{Create: rest.Call{Path: "/jobs"}, Status: rest.Call{Path: "/jobs/{id}"}, Cancel: rest.Call{Path: "/jobs/{id}"}, ID: "id", State: "Jobs.{id}.job_state, Jobs.{id}.Exit_status", Message: "Jobs.{id}.comment", Error: "-",
			States: states{"Q, *": pending, "H, *": blocked, "W, *": pending, "R, *": isRunning, "E, *": isRunning, "S, *": blocked, "F, 0": completed, "F, *": failed, "F, 271": canceled, "F, -": canceled, "X, 0": completed, "X, *": failed}},
		[]resttest.Sample{
			{ID: "12.pbs.example", Create: true, Body: `{"id":"12.pbs.example"}`, Means: "pending"},
			{ID: "12.pbs.example", Body: `{"timestamp":1,"Jobs":{"12.pbs.example":{"Job_Name":"a","job_state":"R"}}}`, Means: "running"},
			{ID: "12.pbs.example", Body: `{"Jobs":{"12.pbs.example":{"job_state":"F","Exit_status":0}}}`, Means: "completed"},
			{ID: "12.pbs.example", Body: `{"Jobs":{"12.pbs.example":{"job_state":"F","Exit_status":1,"comment":"Job run at x and failed"}}}`, Means: "failed", Message: "Job run at x and failed"},
			{ID: "12.pbs.example", Body: `{"Jobs":{"12.pbs.example":{"job_state":"F","Exit_status":271}}}`, Means: "canceled"},
		},
	},
	// The state is in conditions, each with a status and a reason.
	"Tekton PipelineRun": {
		rest.Dialect{Create: rest.Call{Path: "/apis/tekton.dev/v1/namespaces/n/pipelineruns"}, Status: rest.Call{Path: "/apis/tekton.dev/v1/namespaces/n/pipelineruns/{id}"},
			Cancel: rest.Call{Method: "PATCH", Path: "/apis/tekton.dev/v1/namespaces/n/pipelineruns/{id}", Header: map[string]string{"Content-Type": "application/merge-patch+json"}, Body: map[string]any{"spec": map[string]any{"status": "Cancelled"}}},
			ID:     "metadata.name", State: "status.conditions[type=Succeeded].status, status.conditions[type=Succeeded].reason", Message: "status.conditions[type=Succeeded].message", Error: "-", Result: "status.results",
			Revision: "metadata.resourceVersion", Finished: "status.completionTime",
			States: states{"-, -": pending, "Unknown, *": isRunning, "Unknown, PipelineRunPending": blocked, "True, *": completed, "False, *": failed, "False, Cancelled": canceled, "False, PipelineRunCancelled": canceled, "False, CancelledRunningFinally": canceled}},
		[]resttest.Sample{
			{ID: "r1", Create: true, Code: 201, Body: `{"metadata":{"name":"r1"},"spec":{}}`, Means: "pending"},
			{ID: "r1", Body: `{"metadata":{"name":"r1","resourceVersion":"7"},"spec":{"pipelineRef":{"name":"p"}}}`, Means: "pending"},
			{ID: "r1", Body: `{"metadata":{"name":"r1"},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 0"}]}}`, Means: "running"},
			{ID: "r1", Body: `{"metadata":{"name":"r1"},"spec":{"status":"PipelineRunPending"},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunPending"}]}}`, Means: "blocked"},
			{ID: "r1", Body: `{"metadata":{"name":"r1"},"status":{"completionTime":"2026-01-01T00:00:00Z","conditions":[{"type":"Succeeded","status":"True","reason":"Completed","message":"x"}],"results":[{"name":"sha","value":"abc"}]}}`, Means: "completed", Result: `[{"name":"sha","value":"abc"}]`},
			{ID: "r1", Body: `{"metadata":{"name":"r1"},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1"}]}}`, Means: "failed", Message: "Tasks Completed: 1 (Failed: 1"},
			{ID: "r1", Body: `{"metadata":{"name":"r1"},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineRunTimeout"}]}}`, Means: "failed"},
			{ID: "r1", Body: `{"metadata":{"name":"r1"},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Cancelled","message":"PipelineRun \"r1\" was cancelled"}]}}`, Means: "canceled"},
			{ID: "r1", Code: 404, Body: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`, Means: "not found"},
		},
	},
	// After an update, the status is about the earlier version until the controller has seen the new
	// one.
	"Kubernetes Deployment": {
		deployment,
		[]resttest.Sample{
			{ID: "web", Body: `{"metadata":{"name":"web","generation":1},"spec":{"replicas":3},"status":{}}`, Means: "pending"},
			{ID: "web", Body: `{"metadata":{"name":"web","generation":2},"spec":{"replicas":3},"status":{"observedGeneration":1,"replicas":3,"updatedReplicas":3,"availableReplicas":3,"conditions":[{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}`, Means: "running"},
			{ID: "web", Body: `{"metadata":{"name":"web","generation":2},"spec":{"replicas":3},"status":{"observedGeneration":2,"replicas":4,"updatedReplicas":1,"availableReplicas":3,"conditions":[{"type":"Progressing","status":"True","reason":"ReplicaSetUpdated"}]}}`, Means: "running"},
			{ID: "web", Body: `{"metadata":{"name":"web","generation":2},"spec":{"replicas":3},"status":{"observedGeneration":2,"replicas":3,"updatedReplicas":3,"availableReplicas":2}}`, Means: "running"},
			{ID: "web", Body: `{"metadata":{"name":"web","generation":2},"spec":{"replicas":3},"status":{"observedGeneration":2,"replicas":3,"updatedReplicas":3,"availableReplicas":3,"conditions":[{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}`, Means: "completed"},
			{ID: "web", Body: `{"metadata":{"name":"web","generation":2},"spec":{"replicas":3},"status":{"observedGeneration":1,"updatedReplicas":1,"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}}`, Means: "running"},
			{ID: "web", Body: `{"metadata":{"name":"web","generation":2},"spec":{"replicas":3},"status":{"observedGeneration":2,"updatedReplicas":1,"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"too slow"}]}}`, Means: "failed", Message: "too slow"},
		},
	},
	// A batch succeeds even if a payment in it is unclaimed or has failed.
	"PayPal payout": {
		rest.Dialect{Create: rest.Call{Path: "/v1/payments/payouts"}, Status: rest.Call{Path: "/v1/payments/payouts/{id}?page_size=1000"}, ID: "batch_header.payout_batch_id", State: "batch_header.batch_status, items[0], items[transaction_status!=SUCCESS].transaction_status", Error: "items[errors!=].errors.message",
			IdempotencyHeader: "PayPal-Request-Id", Finished: "batch_header.time_completed",
			States: states{"NEW, *, *": pending, "PENDING, *, *": pending, "PROCESSING, *, *": isRunning, "SUCCESS, +, -": completed, "SUCCESS, -, -": isRunning, "SUCCESS, +, PENDING": isRunning, "SUCCESS, +, ONHOLD": isRunning, "SUCCESS, +, UNCLAIMED": blocked, "SUCCESS, +, +": failed, "DENIED, *, *": failed, "CANCELED, *, *": canceled},
			Fault:  "name", Faults: map[string]transport.Class{"RATE_LIMIT_REACHED": transport.Throttled}},
		[]resttest.Sample{
			{ID: "P", Create: true, Code: 201, Body: `{"batch_header":{"payout_batch_id":"P","batch_status":"PENDING"}}`, Means: "pending"},
			{ID: "P", Body: `{"batch_header":{"payout_batch_id":"P","batch_status":"PROCESSING"},"items":[{"transaction_status":"PENDING"}]}`, Means: "running"},
			{ID: "P", Body: `{"batch_header":{"payout_batch_id":"P","batch_status":"SUCCESS"},"items":[{"transaction_status":"SUCCESS"}]}`, Means: "completed"},
			{ID: "P", Body: `{"batch_header":{"payout_batch_id":"P","batch_status":"SUCCESS"},"items":[{"transaction_status":"SUCCESS"},{"transaction_status":"FAILED","errors":{"name":"RECEIVER_UNREGISTERED","message":"Receiver is unregistered"}}]}`, Means: "failed", Message: "Receiver is unregistered"},
			{ID: "P", Body: `{"batch_header":{"payout_batch_id":"P","batch_status":"SUCCESS"},"items":[{"transaction_status":"SUCCESS"},{"transaction_status":"UNCLAIMED"}]}`, Means: "blocked"},
			{ID: "P", Body: `{"batch_header":{"payout_batch_id":"P","batch_status":"DENIED"}}`, Means: "failed"},
		},
	},
	// The words are of another language, and in another case than in the documentation.
	"localized": {
		rest.Dialect{Status: rest.Call{Path: "/{id}"}, State: "état", Error: "raison", States: states{"en attente": pending, "en cours": isRunning, "terminé": completed, "échoué": failed, "annulé": canceled}},
		[]resttest.Sample{
			{Body: `{"état":"En  cours"}`, Means: "unknown"},
			{Body: `{"état":" EN COURS "}`, Means: "running"},
			{Body: `{"état":"TERMINÉ"}`, Means: "completed"},
			{Body: `{"\u00e9tat":"\u00c9chou\u00e9","raison":"disque plein"}`, Means: "failed", Message: "disque plein"},
			{Body: "\ufeff" + `{"état":"annulé"}`, Means: "canceled"},
		},
	},
	// The outcome of each part is in an array, or of all parts in an object.
	"Zendesk job": {
		rest.Dialect{Create: rest.Call{Path: "/api/v2/tickets/create_many.json"}, Status: rest.Call{Path: "/api/v2/job_statuses/{id}.json"}, ID: "job_status.id",
			State: "job_status.status, job_status.results.success, job_status.results[success=false], job_status.results[error!=]", Progress: "job_status.progress / job_status.total", Message: "job_status.message",
			States: states{"queued, *, *, *": pending, "working, *, *, *": isRunning, "completed, *, *, *": completed, "completed, false, *, *": failed, "completed, *, +, *": failed, "completed, *, *, +": failed, "failed, *, *, *": failed, "killed, *, *, *": canceled},
			Batch:  rest.Batch{Path: "/api/v2/job_statuses/show_many.json?ids={ids}", List: "job_statuses", Item: "job_status"}},
		[]resttest.Sample{
			{ID: "82de", Body: `{"job_status":{"id":"82de","message":null,"progress":null,"results":null,"status":"queued","total":2}}`, Means: "pending"},
			{ID: "82de", Body: `{"job_status":{"id":"82de","message":null,"progress":1,"results":[],"status":"working","total":2}}`, Means: "running"},
			{ID: "82de", Body: `{"job_status":{"id":"82de","progress":2,"total":2,"status":"completed","message":"Completed at 2018","results":[{"id":244,"index":0},{"id":245,"index":1}]}}`, Means: "completed"},
			{ID: "82de", Body: `{"job_status":{"id":"82de","progress":2,"total":2,"status":"completed","results":[{"action":"update","id":244,"status":"Updated","success":true},{"action":"update","id":245,"success":false}]}}`, Means: "failed"},
			{ID: "82de", Body: `{"job_status":{"id":"82de","progress":2,"total":2,"status":"completed","results":[{"id":244,"index":0},{"index":1,"error":"RecordInvalid","details":"x"}]}}`, Means: "failed"},
			{ID: "82de", Body: `{"job_status":{"id":"82de","total":null,"progress":null,"status":"completed","results":{"success":true}}}`, Means: "completed"},
			{ID: "82de", Body: `{"job_status":{"id":"82de","total":null,"progress":null,"status":"completed","results":{"success":false}}}`, Means: "failed"},
			{ID: "82de", Body: `{"job_status":{"id":"82de","status":"failed","results":null,"message":"boom"}}`, Means: "failed", Message: "boom"},
			{ID: "82de", Code: 404, Body: `{"error":"RecordNotFound","description":"Not found"}`, Means: "not found"},
		},
	},
	// An operation that waits stands beside the outcome of the one before.
	"Argo CD sync": {
		rest.Dialect{Create: rest.Call{Path: "-"}, Status: rest.Call{Path: "/api/v1/applications/{id}"}, Cancel: rest.Call{Path: "/api/v1/applications/{id}/operation"}, ID: "metadata.name", State: "operation, status.operationState.phase, status.health.status", Message: "status.operationState.message",
			States: states{"+, *, *": isRunning, "-, -, *": pending, "-, Running, *": isRunning, "-, Terminating, *": isRunning, "-, Failed, *": failed, "-, Error, *": failed,
				"-, Succeeded, Healthy": completed, "-, Succeeded, Degraded": failed, "-, Succeeded, Suspended": transport.Blocked, "-, Succeeded, Progressing": isRunning, "-, Succeeded, Missing": isRunning, "-, Succeeded, Unknown": transport.Unknown}},
		[]resttest.Sample{
			{ID: "guestbook", Body: `{"metadata":{"name":"guestbook"},"operation":{"sync":{"revision":"a"}},"status":{"operationState":{"phase":"Succeeded","message":"old"},"health":{"status":"Healthy"}}}`, Means: "running"},
			{ID: "guestbook", Body: `{"metadata":{"name":"guestbook"},"status":{"operationState":{"phase":"Succeeded","message":"successfully synced"},"health":{"status":"Progressing"}}}`, Means: "running"},
			{ID: "guestbook", Body: `{"metadata":{"name":"guestbook"},"status":{"operationState":{"phase":"Succeeded","message":"successfully synced"},"health":{"status":"Healthy"}}}`, Means: "completed"},
			{ID: "guestbook", Body: `{"metadata":{"name":"guestbook"},"status":{"operationState":{"phase":"Succeeded"},"health":{"status":"Degraded"}}}`, Means: "failed"},
			{ID: "guestbook", Body: `{"metadata":{"name":"guestbook"},"status":{"operationState":{"phase":"Failed","message":"one or more objects failed"},"health":{"status":"Healthy"}}}`, Means: "failed", Message: "one or more objects failed"},
			{ID: "guestbook", Body: `{"metadata":{"name":"guestbook"},"status":{"operationState":{"phase":"Succeeded"},"health":{"status":"Suspended"}}}`, Means: "blocked"},
			{ID: "guestbook", Code: 404, Body: `{"error":"applications.argoproj.io \"guestbook\" not found","code":5}`, Means: "not found"},
		},
	},
	// The id is a path, and a completed task may be critical.
	"Redfish task": {
		rest.Dialect{Create: rest.Call{Path: "/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate"}, Status: rest.Call{Path: "{+id}"}, Cancel: rest.Call{Path: "{+id}"}, ID: `["@odata.id"]`, State: "TaskState, TaskStatus", Progress: "PercentComplete", ProgressScale: 100, Message: "Messages[0].Message", Finished: "EndTime",
			States: states{"New, *": pending, "Pending, *": pending, "Starting, *": isRunning, "Running, *": isRunning, "Suspended, *": isRunning, "Interrupted, *": isRunning, "Stopping, *": isRunning, "Service, *": isRunning, "Cancelling, *": isRunning,
				"Completed, OK": completed, "Completed, Warning": completed, "Completed, Critical": failed, "Exception, *": failed, "Killed, *": canceled, "Cancelled, *": canceled}},
		[]resttest.Sample{
			{Create: true, ID: "/redfish/v1/TaskService/Tasks/545", Code: 202, Header: of("Location", "/redfish/v1/TaskService/TaskMonitors/545"), Body: `{"@odata.id":"/redfish/v1/TaskService/Tasks/545","Id":"545","TaskState":"Running","TaskStatus":"OK"}`, Means: "pending"},
			{ID: "/redfish/v1/TaskService/Tasks/545", Body: `{"@odata.id":"/redfish/v1/TaskService/Tasks/545","@odata.type":"#Task.v1_7_4.Task","Id":"545","TaskState":"Running","TaskStatus":"OK","PercentComplete":40,"Messages":[]}`, Means: "running"},
			{ID: "/redfish/v1/TaskService/Tasks/545", Body: `{"@odata.id":"/redfish/v1/TaskService/Tasks/545","TaskState":"Completed","TaskStatus":"OK","EndTime":"2012-03-07T14:45+06:00","Messages":[{"MessageId":"Base.1.0.Success","Message":"Success"}]}`, Means: "completed"},
			{ID: "/redfish/v1/TaskService/Tasks/545", Body: `{"@odata.id":"/redfish/v1/TaskService/Tasks/545","TaskState":"Completed","TaskStatus":"Critical","Messages":[{"Message":"bad image"}]}`, Means: "failed", Message: "bad image"},
			{ID: "/redfish/v1/TaskService/Tasks/545", Body: `{"@odata.id":"/redfish/v1/TaskService/Tasks/545","TaskState":"Exception","TaskStatus":"Warning"}`, Means: "failed"},
			{ID: "/redfish/v1/TaskService/Tasks/545", Code: 404, Body: `{"error":{"code":"Base.1.0.ResourceMissingAtURI","message":"x"}}`, Means: "not found"},
		},
	},
	// The create is a GET, and the key on the way to the id depends on its command.
	"CloudStack job": {
		rest.Dialect{Create: rest.Call{Method: "GET", Path: "/client/api?command=deployVirtualMachine&response=json"}, Status: rest.Call{Path: "/client/api?command=queryAsyncJobResult&response=json&jobid={id}"}, ID: "[jobid!=].jobid", State: "queryasyncjobresultresponse.jobstatus", Error: "queryasyncjobresultresponse.jobresult.errortext", Result: "queryasyncjobresultresponse.jobresult",
			States: states{"0": isRunning, "1": completed, "2": failed, "3": canceled}, Fault: "@code", Faults: map[string]transport.Class{"431": transport.NotFound}},
		[]resttest.Sample{
			{Create: true, ID: "f040e0e7", Body: `{"deployvirtualmachineresponse":{"id":"8b2d","jobid":"f040e0e7"}}`, Means: "pending"},
			{ID: "f040e0e7", Body: `{"queryasyncjobresultresponse":{"accountid":"a","cmd":"x","jobstatus":0,"jobprocstatus":0,"jobresultcode":0,"created":"2024-01-01T00:00:00+0000","jobid":"f040e0e7"}}`, Means: "running"},
			{ID: "f040e0e7", Body: `{"queryasyncjobresultresponse":{"jobstatus":1,"jobresultcode":0,"jobresulttype":"object","jobresult":{"virtualmachine":{"id":"8b2d"}},"jobid":"f040e0e7"}}`, Means: "completed"},
			{ID: "f040e0e7", Body: `{"queryasyncjobresultresponse":{"jobstatus":2,"jobresultcode":530,"jobresulttype":"object","jobresult":{"errorcode":530,"errortext":"Insufficient capacity"},"jobid":"f040e0e7"}}`, Means: "failed", Message: "Insufficient capacity"},
			{ID: "f040e0e7", Code: 431, Body: `{"queryasyncjobresultresponse":{"uuidList":[],"errorcode":431,"cserrorcode":4350,"errortext":"Unable to execute API command"}}`, Means: "not found"},
		},
	},
	// A time and booleans say the state.
	"Atlas restore": {
		rest.Dialect{Create: rest.Call{Path: "/api/atlas/v2/groups/g/clusters/c/backup/restoreJobs"}, Status: rest.Call{Path: "/api/atlas/v2/groups/g/clusters/c/backup/restoreJobs/{id}"}, ID: "id", State: "failed, cancelled, finishedAt", Finished: "finishedAt", Result: "deliveryUrl",
			States: states{"true, *, *": failed, "false, true, *": canceled, "false, false, +": completed, "false, false, -": isRunning}},
		[]resttest.Sample{
			{ID: "5b62", Body: `{"cancelled":false,"deliveryType":"automated","expired":false,"failed":false,"id":"5b62","snapshotId":"x"}`, Means: "running"},
			{ID: "5b62", Body: `{"cancelled":false,"deliveryType":"download","deliveryUrl":["https://x/restore.tgz"],"expired":false,"failed":false,"finishedAt":"2018-08-02T02:08:48Z","id":"5b62"}`, Means: "completed"},
			{ID: "5b62", Body: `{"cancelled":false,"expired":false,"failed":true,"finishedAt":"2018-08-02T02:08:48Z","id":"5b62"}`, Means: "failed"},
			{ID: "5b62", Body: `{"cancelled":true,"expired":false,"failed":false,"id":"5b62"}`, Means: "canceled"},
			{ID: "5b62", Code: 404, Body: `{"detail":"x","error":404,"errorCode":"RESOURCE_NOT_FOUND"}`, Means: "not found"},
		},
	},
	// Each element has the code of one part.
	"AS3 task": {
		rest.Dialect{Create: rest.Call{Path: "/mgmt/shared/appsvcs/declare?async=true"}, Status: rest.Call{Path: "/mgmt/shared/appsvcs/task/{id}"}, ID: "id", State: "results[0].code, results[code!=200].code", Message: "results[code!=200].response, results[code!=200].message",
			States: states{"0, *": isRunning, "200, 0": isRunning, "200, -": completed, "+, +": failed}},
		[]resttest.Sample{
			{Create: true, ID: "c2e7", Code: 202, Body: `{"id":"c2e7","results":[{"message":"Declaration successfully submitted","tenant":"","host":"","runTime":0,"code":0}],"declaration":{},"selfLink":"https://localhost/mgmt/shared/appsvcs/task/c2e7"}`, Means: "pending"},
			{ID: "c2e7", Code: 202, Body: `{"id":"c2e7","results":[{"message":"in progress","tenant":"","host":"","runTime":0,"code":0}],"declaration":{}}`, Means: "running"},
			{ID: "c2e7", Body: `{"id":"c2e7","results":[{"code":200,"message":"success","lineCount":22,"host":"localhost","tenant":"T","runTime":1708}],"declaration":{}}`, Means: "completed"},
			{ID: "c2e7", Body: `{"id":"c2e7","results":[{"code":200,"message":"no change","tenant":"T"},{"code":422,"message":"declaration failed","response":"01020036:3: The requested Pool was not found.","tenant":"U"}]}`, Means: "failed", Message: "01020036:3: The requested Pool was not found."},
			{ID: "c2e7", Code: 404, Body: `{"id":"c2e7","results":[{"message":"task not found","code":404}]}`, Means: "not found"},
		},
	},
	// A key has dots, a slash, a space and a semicolon.
	"Harbor scan": {
		rest.Dialect{Create: rest.Call{Path: "-"}, Status: rest.Call{Path: "/api/v2.0/projects/p/repositories/r/artifacts/{id}?with_scan_overview=true"}, ID: "digest", State: `scan_overview["application/vnd.security.vulnerability.report; version=1.1"].scan_status`, Progress: `scan_overview["application/vnd.security.vulnerability.report; version=1.1"].complete_percent`, ProgressScale: 100,
			States: states{"-": pending, "Pending": pending, "Scheduled": pending, "Running": isRunning, "Success": completed, "Error": failed, "Stopped": canceled}},
		[]resttest.Sample{
			{ID: "sha256:ab", Body: `{"digest":"sha256:ab","id":1,"scan_overview":null}`, Means: "pending"},
			{ID: "sha256:ab", Body: `{"digest":"sha256:ab","scan_overview":{"application/vnd.security.vulnerability.report; version=1.1":{"complete_percent":50,"scan_status":"Running","severity":"None"}}}`, Means: "running"},
			{ID: "sha256:ab", Body: `{"digest":"sha256:ab","scan_overview":{"application/vnd.security.vulnerability.report; version=1.1":{"complete_percent":100,"scan_status":"Success","severity":"High"}}}`, Means: "completed"},
			{ID: "sha256:ab", Body: `{"digest":"sha256:ab","scan_overview":{"application/vnd.security.vulnerability.report; version=1.1":{"scan_status":"Error"}}}`, Means: "failed"},
			{ID: "sha256:ab", Code: 404, Body: `{"errors":[{"code":"NOT_FOUND","message":"artifact x not found"}]}`, Means: "not found"},
		},
	},
	// A short job is complete in the answer to its create, which then has no id of a job.
	"Dropbox save": {
		rest.Dialect{Create: rest.Call{Path: "/2/files/save_url", Body: "{input}"}, Status: rest.Call{Method: "POST", Path: "/2/files/save_url/check_job_status", Body: map[string]any{"async_job_id": "{id}"}}, ID: "async_job_id, id", AnswerID: "-", CreateHasState: true,
			State: `[".tag"]`, States: states{"in_progress": isRunning, "complete": completed, "failed": failed, "async_job_id": pending}, Message: `failed[".tag"]`, Result: ".",
			Fault: `error[".tag"]`, Faults: map[string]transport.Class{"invalid_async_job_id": transport.NotFound, "internal_error": transport.Transient, "too_many_requests": transport.Throttled}, RetryAfter: "error.retry_after"},
		[]resttest.Sample{
			{Create: true, ID: "34g93hh34h04y384084", Body: `{".tag":"async_job_id","async_job_id":"34g93hh34h04y384084"}`, Means: "pending"},
			{Create: true, ID: "id:a4ayc", Body: `{".tag":"complete","name":"P.txt","id":"id:a4ayc","size":7212}`, Means: "completed"},
			{ID: "34g9", Body: `{".tag":"in_progress"}`, Means: "running"},
			{ID: "34g9", Body: `{".tag":"complete","name":"P.txt","id":"id:a4ayc"}`, Means: "completed"},
			{ID: "34g9", Body: `{".tag":"failed","failed":{".tag":"download_failed"}}`, Means: "failed", Message: "download_failed"},
			{ID: "34g9", Code: 409, Body: `{"error_summary":"invalid_async_job_id/...","error":{".tag":"invalid_async_job_id"}}`, Means: "not found"},
			{ID: "34g9", Code: 429, Body: `{"error_summary":"too_many_requests/..","error":{"reason":{".tag":"too_many_requests"},"retry_after":300}}`, Means: "throttled", RetryAfter: 300 * time.Second},
		},
	},
	// A failed job goes on under another id.
	"Rundeck execution": {
		rest.Dialect{Create: rest.Call{Path: "/api/41/job/j/run"}, Status: rest.Call{Path: "/api/41/execution/{id}"}, Cancel: rest.Call{Method: "POST", Path: "/api/41/execution/{id}/abort"}, ID: "id", State: "status", Next: "retriedExecution.id", Finished: "date-ended.date",
			States: states{"scheduled": pending, "queued": pending, "running": isRunning, "succeeded": completed, "failed": failed, "timedout": failed, "aborted": canceled, "failed-with-retry": isRunning, "other": failed},
			Fault:  "errorCode", Faults: map[string]transport.Class{"api.error.item.doesnotexist": transport.NotFound}},
		[]resttest.Sample{
			{Create: true, ID: "117", Body: `{"id":117,"href":"x","status":"running","project":"p"}`, Means: "pending"},
			{ID: "117", Body: `{"id":117,"status":"running","date-started":{"unixtime":1,"date":"2024-01-01T00:00:00Z"}}`, Means: "running"},
			{ID: "117", Body: `{"id":117,"status":"succeeded","date-ended":{"unixtime":1,"date":"2024-01-01T00:00:10Z"}}`, Means: "completed"},
			{ID: "117", Body: `{"id":117,"status":"failed","failedNodes":["a"],"date-ended":{"date":"2024-01-01T00:00:10Z"}}`, Means: "failed"},
			{ID: "117", Body: `{"id":117,"status":"failed-with-retry","retriedExecution":{"id":118,"status":"running"}}`, Means: "running"},
			{ID: "117", Body: `{"id":117,"status":"other","customStatus":"x"}`, Means: "failed"},
			{ID: "117", Code: 404, Body: `{"error":true,"apiversion":41,"errorCode":"api.error.item.doesnotexist","message":"Execution ID does not exist: 117"}`, Means: "not found"},
		},
	},
	// A job that failed has completed.
	"Flink savepoint": {
		rest.Dialect{Create: rest.Call{Path: "/jobs/j/savepoints"}, Status: rest.Call{Path: "/jobs/j/savepoints/{id}"}, ID: "request-id", AnswerID: "-", State: "status.id", Error: "operation.failure-cause.class", Result: "operation.location",
			States: states{"IN_PROGRESS": isRunning, "COMPLETED": completed}},
		[]resttest.Sample{
			{Create: true, ID: "1d4d", Code: 202, Body: `{"request-id":"1d4d"}`, Means: "pending"},
			{ID: "1d4d", Body: `{"status":{"id":"IN_PROGRESS"},"operation":null}`, Means: "running"},
			{ID: "1d4d", Body: `{"status":{"id":"COMPLETED"},"operation":{"location":"file:/tmp/savepoint-1"}}`, Means: "completed", Result: `"file:/tmp/savepoint-1"`},
			{ID: "1d4d", Body: `{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"java.util.concurrent.CompletionException","stack-trace":"x","serialized-throwable":"rO0"}}}`, Means: "failed", Message: "java.util.concurrent.CompletionException"},
			{ID: "1d4d", Code: 404, Body: `{"errors":["org.apache.flink.runtime.rest.NotFoundException: Operation not found under key: x"]}`, Means: "not found"},
		},
	},
}

func TestKindsOfServicesAreToldByADialectAlone(t *testing.T) {
	t.Parallel()
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resttest.Check(t, k.d, k.samples)
			for _, place := range resttest.Unread(k.d, k.samples) {
				assert.NotRegexp(t, `^State`, place)
			}
		})
	}
}

func TestTheMockSpeaksKindsOfServices(t *testing.T) {
	t.Parallel()
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ends := map[transport.State]mock.Step{completed: mock.Completed(nil), failed: mock.Failed("why"), canceled: mock.Canceled()}
			for want, end := range ends {
				if !k.says(want) {
					continue
				}
				id := k.samples[0].ID
				if id == "" {
					id = "1"
				}
				srv := mock.NewServer(t, mock.WithDialect(k.d), mock.Job(id, mock.Pending(mock.Polls(1)), mock.Running(mock.Polls(1)), end))
				c := client(t, srv.URL, rest.WithDialect(k.d))
				for range 2 {
					s, err := c.Status(t.Context(), id)
					require.NoError(t, err, want)
					assert.False(t, s.State.Terminal(), "%v: %v", want, s)
				}
				s, err := c.Status(t.Context(), id)
				require.NoError(t, err, want)
				assert.Equal(t, want, s.State, s)
			}
		})
	}
}

func TestTheMockReadsAnIDInWhateverPartOfARequest(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Gerrit task", "Solr request", "Saleor export", "PayPal NVP", "Koji task", "Dataverse operation"} {
		d := kinds[name].d
		for _, id := range []string{"a b", "ä/ö", "50%", "a%2Fb", "x?y=1&z", "🙂", "a+b", `a"b`, "<a>&", "9007199254740993", "007", "{id}"} {
			srv := mock.NewServer(t, mock.WithDialect(d), mock.Job(id, mock.Completed(nil)))
			s, err := client(t, srv.URL, rest.WithDialect(d)).Status(t.Context(), id)
			require.NoError(t, err, "%s %q", name, id)
			assert.Equal(t, completed, s.State)
		}
	}
}

// says reports whether a service has a word for a state.
func (k kind) says(state transport.State) bool {
	for _, s := range k.d.States {
		if s == state {
			return true
		}
	}
	return false
}

// deployment is the dialect of the rollout of a Deployment of Kubernetes.
var deployment = rest.Dialect{
	Create: rest.Call{Path: "-"}, Status: rest.Call{Path: "/apis/apps/v1/namespaces/n/deployments/{id}"}, ID: "metadata.name",
	State: "metadata.generation = status.observedGeneration, spec.replicas = status.updatedReplicas, spec.replicas = status.availableReplicas, status.conditions[type=Progressing].reason",
	States: states{"-, *, *, *": pending, "false, *, *, *": isRunning, "true, *, *, *": isRunning, "true, true, true, *": completed,
		"true, *, *, ProgressDeadlineExceeded": failed, "true, true, true, ProgressDeadlineExceeded": failed},
	Message: "status.conditions[type=Progressing].message", Error: "-",
	Batch: rest.Batch{Path: "/apis/apps/v1/namespaces/n/deployments", List: "items", ID: "metadata.name"},
	Event: rest.Event{At: "object"},
}

func TestBatchesAndEventsCompareValues(t *testing.T) {
	t.Parallel()
	job := func(id string, seen int) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"generation":2},"spec":{"replicas":1},"status":{"observedGeneration":%d,"updatedReplicas":1,"availableReplicas":1}}`, id, seen)
	}
	c := serve(t, say(200, `{"items":[`+job("a", 1)+","+job("b", 2)+`]}`), rest.WithDialect(deployment))
	answers, err := c.StatusBatch(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	for i, want := range []transport.State{isRunning, completed} {
		require.NoError(t, answers[i].Err)
		assert.Equal(t, want, answers[i].Status.State)
		s, err := readEvent(c, nil, []byte(`{"type":"MODIFIED","object":`+job("a", i+1)+`}`))
		require.NoError(t, err)
		assert.Equal(t, "a", s.ID)
		assert.Equal(t, want, s.State)
	}
}

// The mock can write a state that a dialect reads from two values.
func TestTheMockSpeaksOfTwoValues(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "id", State: "done = total", States: states{"-": pending, "false": isRunning, "true": completed}}
	srv := mock.NewServer(t, mock.WithDialect(d), mock.Job("7", mock.Running(mock.Polls(1)), mock.Completed(nil)))
	c := client(t, srv.URL, rest.WithDialect(d))
	for _, want := range []transport.State{isRunning, completed} {
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, want, s.State)
	}
}

// Some services write an id that is a whole number in another notation. Large ids are not rounded.
func TestAnIDIsComparedByItsValue(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, AnswerID: "id", State: "status"}
	for named, want := range map[string]string{"42": "42", "42.0": "42", "4.2e1": "42", "9007199254740993": "9007199254740993", "9007199254740993.0": "9007199254740993"} {
		resttest.Check(t, d, []resttest.Sample{
			{ID: want, Body: `{"id":` + named + `,"status":"failed"}`, Means: "failed"},
			{ID: "43", Body: `{"id":` + named + `,"status":"failed"}`, Means: "malformed"},
			{ID: "9007199254740992", Body: `{"id":` + named + `,"status":"failed"}`, Means: "malformed"},
		})
	}
}
