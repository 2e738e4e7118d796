package longrunning_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/longrunning"
)

// ended is how an operation ends.
type ended struct {
	state   transport.State
	result  string
	message string
	raw     string
}

// Each case is one operation from its start to its end. It is started twice: by Send, and by a
// client of somebody else's whose answer is given to Accept.
func TestOperationsGoOnAsTheirAnswersSay(t *testing.T) {
	t.Parallel()
	const (
		putAsync  = "201 | Azure-AsyncOperation: BASE/op | {\"properties\":{\"provisioningState\":\"Creating\"}}"
		postAsync = "202 | Azure-AsyncOperation: BASE/op | Location: BASE/loc"
		running   = `200 | {"status":"InProgress"}`
		succeeded = `200 | {"status":"Succeeded","properties":{"output":7}}`
		resource  = `200 | {"id":"/r","properties":{"provisioningState":"Succeeded"}}`
		made      = `{"id":"/r","properties":{"provisioningState":"Succeeded"}}`
	)
	for name, c := range map[string]struct {
		method string
		via    longrunning.Final
		script map[string][]string
		asked  string // after the start
		end    ended
	}{
		"A2, C: async PUT fetches the resource": {"PUT", "", map[string][]string{
			"PUT /r": {putAsync}, "GET /op": {running, succeeded}, "GET /r": {resource},
		}, "GET /op, GET /op, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"C: async PUT whatever via says": {"PUT", longrunning.Operation, map[string][]string{
			"PUT /r": {putAsync}, "GET /op": {succeeded}, "GET /r": {resource},
		}, "GET /op, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"C: async PATCH": {"PATCH", "", map[string][]string{
			"PATCH /r": {"202 | Azure-AsyncOperation: BASE/op"}, "GET /op": {succeeded}, "GET /r": {resource},
		}, "GET /op, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"C: async POST fetches its Location": {"POST", "", map[string][]string{
			"POST /r": {postAsync}, "GET /op": {running, succeeded}, "GET /loc": {`200 | [1,2]`},
		}, "GET /op, GET /op, GET /loc", ended{transport.Completed, `[1,2]`, "", "Succeeded"}},
		"C: async POST via location": {"POST", longrunning.Location, map[string][]string{
			"POST /r": {postAsync}, "GET /op": {succeeded}, "GET /loc": {`200 | "success"`},
		}, "GET /op, GET /loc", ended{transport.Completed, `"success"`, "", "Succeeded"}},
		"C: async POST via the operation": {"POST", "azure-async-operation", map[string][]string{
			"POST /r": {postAsync}, "GET /op": {succeeded},
		}, "GET /op", ended{transport.Completed, `{"status":"Succeeded","properties":{"output":7}}`, "", "Succeeded"}},
		"C: async POST via the original URI": {"POST", longrunning.OriginalURI, map[string][]string{
			"POST /r": {postAsync}, "GET /op": {succeeded}, "GET /r": {resource},
		}, "GET /op, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"C: async DELETE fetches nothing": {"DELETE", "", map[string][]string{
			"DELETE /r": {postAsync}, "GET /op": {`200 | {"status":"Succeeded"}`},
		}, "GET /op", ended{transport.Completed, `{"status":"Succeeded"}`, "", "Succeeded"}},
		"B: async fails": {"PUT", "", map[string][]string{
			"PUT /r": {putAsync}, "GET /op": {`200 | {"status":"Failed","error":{"code":"Conflict","message":"it is taken"}}`},
		}, "GET /op", ended{transport.Failed, "", "Conflict: it is taken", "Failed"}},
		"B: async is canceled, in other letters": {"PUT", "", map[string][]string{
			"PUT /r": {putAsync}, "GET /op": {`200 | {"status":"cancelled","error":{"code":"X"}}`},
		}, "GET /op", ended{transport.Canceled, "", "X", "cancelled"}},
		"B: any other word is running, whatever the code": {"PUT", "", map[string][]string{
			"PUT /r": {putAsync}, "GET /op": {`202 | {"status":"Frobnicating"}`, `201 | {"status":"Accepted"}`, `200 | {"status":"completed"}`}, "GET /r": {resource},
		}, "GET /op, GET /op, GET /op, GET /r", ended{transport.Completed, made, "", "completed"}},
		"B: success with an error is none": {"PUT", "", map[string][]string{
			"PUT /r": {putAsync}, "GET /op": {`200 | {"status":"Succeeded","error":{"code":"Partial","message":"two of three"}}`},
		}, "GET /op", ended{transport.Failed, "", "Partial: two of three", "Succeeded"}},
		"B: success with an error is none, whatever is polled": {"PUT", "", map[string][]string{
			"PUT /r": {`201 | {"properties":{"provisioningState":"Creating"}}`}, "GET /r": {`200 | {"properties":{"provisioningState":"Succeeded"},"error":{"code":"Partial","message":"two of three"}}`},
		}, "GET /r", ended{transport.Failed, "", "Partial: two of three", "Succeeded"}},
		"B: success with an error is none, at a Location": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"properties":{"provisioningState":"Succeeded"},"error":"disk"}`},
		}, "GET /1", ended{transport.Failed, "", "disk", "Succeeded"}},
		"B: a resource with an error was not made": {"PUT", "", map[string][]string{
			"PUT /r": {`201`}, "GET /r": {`200 | {"error":{"code":"E"}}`},
		}, "GET /r", ended{transport.Failed, "", "E", ""}},
		"A3: an error in place of a result": {"POST", "", map[string][]string{
			"POST /r": {`200 | {"error":{"code":"E","message":"m"}}`},
		}, "", ended{transport.Failed, "", "E: m", ""}},
		"A3: a result with a part that is called error": {"POST", "", map[string][]string{
			"POST /r": {`200 | {"fit":[1],"error":0.02}`},
		}, "", ended{transport.Completed, `{"fit":[1],"error":0.02}`, "", ""}},
		"B: op whose input is refused": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/op"}, "GET /op": {`200 | {"status":"ValidationFailed","error":{"code":"InvalidRequest"}}`},
		}, "GET /op", ended{transport.Failed, "", "InvalidRequest", "ValidationFailed"}},
		"B: op that has succeeded in part": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/op"}, "GET /op": {`200 | {"status":"partiallySucceeded"}`},
		}, "GET /op", ended{transport.Completed, `{"status":"partiallySucceeded"}`, "", "partiallySucceeded"}},
		"B: 202 without a body is running": {"PUT", "", map[string][]string{
			"PUT /r": {putAsync}, "GET /op": {"202", succeeded}, "GET /r": {resource},
		}, "GET /op, GET /op, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"B: 202 of a resource without a body is running": {"PUT", "", map[string][]string{
			"PUT /r": {"201"}, "GET /r": {"202", `200 | {"a":1}`},
		}, "GET /r, GET /r", ended{transport.Completed, `{"a":1}`, "", ""}},
		"F2: loc that is being canceled goes on": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"status":"Cancelling"}`, `200 | {"status":"Canceled"}`},
		}, "GET /1, GET /1", ended{transport.Canceled, "", "*", "Canceled"}},
		"F2: loc of a drive that deletes": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"status":"deletePending"}`, `200 | {"status":"deleteFailed"}`},
		}, "GET /1, GET /1", ended{transport.Failed, "", "*", "deleteFailed"}},
		"B: an orchestration that has failed": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1 | {\"id\":\"i7\"}"}, "GET /1": {`202 | {"instanceId":"i7","runtimeStatus":"Running"}`, `200 | {"instanceId":"i7","runtimeStatus":"Failed","output":"no disk"}`},
		}, "GET /1, GET /1", ended{transport.Failed, "", "no disk", "Failed"}},
		"B: an orchestration that has failed, with a 500": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`500 | {"instanceId":"i7","runtimeStatus":"Failed","output":null}`},
		}, "GET /1", ended{transport.Failed, "", "*", "Failed"}},
		"B: an orchestration that was terminated": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"instanceId":"i7","runtimeStatus":"Terminated","output":"by me"}`},
		}, "GET /1", ended{transport.Canceled, "", "by me", "Terminated"}},
		"B: an orchestration that has completed": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"instanceId":"i7","runtimeStatus":"Completed","output":7}`},
		}, "GET /1", ended{transport.Completed, `{"instanceId":"i7","runtimeStatus":"Completed","output":7}`, "", ""}},
		"A4: a URL with a space in its query": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: /1?name=a b&x=\"c\""}, "GET /1?name=a%20b&x=%22c%22": {"202", `200 | 7`},
		}, "GET /1?name=a%20b&x=%22c%22, GET /1?name=a%20b&x=%22c%22", ended{transport.Completed, "7", "", ""}},
		"A3: async had succeeded at once": {"PUT", "", map[string][]string{
			"PUT /r": {`200 | Azure-AsyncOperation: BASE/op | {"properties":{"provisioningState":"succeeded"}}`}, "GET /r": {resource},
		}, "GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"A3: async had failed at once": {"PUT", "", map[string][]string{
			"PUT /r": {`201 | Azure-AsyncOperation: BASE/op | {"properties":{"provisioningState":"Failed"},"error":{"message":"no"}}`},
		}, "", ended{transport.Failed, "", "no", "Failed"}},
		"A3: a 202 that says Succeeded goes on": {"POST", longrunning.Operation, map[string][]string{
			"POST /r": {`202 | Azure-AsyncOperation: BASE/op | {"properties":{"provisioningState":"Succeeded"}}`}, "GET /op": {succeeded},
		}, "GET /op", ended{transport.Completed, `{"status":"Succeeded","properties":{"output":7}}`, "", "Succeeded"}},
		"A6: async with a body that is no JSON": {"PUT", "", map[string][]string{
			"PUT /r": {"201 | Azure-AsyncOperation: BASE/op | <created/>"}, "GET /op": {succeeded}, "GET /r": {resource},
		}, "GET /op, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"A4: relative URLs": {"PUT", "", map[string][]string{
			"PUT /a/r": {"201 | Azure-AsyncOperation: ../op?x=1"}, "GET /op?x=1": {succeeded}, "GET /a/r": {resource},
		}, "GET /op?x=1, GET /a/r", ended{transport.Completed, made, "", "Succeeded"}},
		"C: op has its result in the answer": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/op"}, "GET /op": {running, `200 | {"status":"Succeeded","result":[1,{"a":2}]}`},
		}, "GET /op, GET /op", ended{transport.Completed, `[1,{"a":2}]`, "", "Succeeded"}},
		"C: op names a resource": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/op | Location: BASE/loc"}, "GET /op": {`200 | {"status":"Succeeded","resourceLocation":"BASE/made?x=1"}`}, "GET /made?x=1": {`200 | {"y":1}`},
		}, "GET /op, GET /made?x=1", ended{transport.Completed, `{"y":1}`, "", "Succeeded"}},
		"C: op via location": {"POST", longrunning.Location, map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/op | Location: BASE/loc"}, "GET /op": {`200 | {"status":"Succeeded","resourceLocation":"BASE/made"}`}, "GET /loc": {`200 | {"y":2}`},
		}, "GET /op, GET /loc", ended{transport.Completed, `{"y":2}`, "", "Succeeded"}},
		"C: op PUT": {"PUT", "", map[string][]string{
			"PUT /r": {"201 | Operation-Location: BASE/op | {\"status\":\"NotStarted\"}"}, "GET /op": {`200 | {"status":"Succeeded"}`}, "GET /r": {`200 | 7`},
		}, "GET /op, GET /r", ended{transport.Completed, `7`, "", "Succeeded"}},
		"C: op POST with a Location": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/op | Location: BASE/loc"}, "GET /op": {`200 | {"status":"Succeeded"}`}, "GET /loc": {"204"},
		}, "GET /op, GET /loc", ended{transport.Completed, "", "", "Succeeded"}},
		"A3: op had succeeded at once": {"POST", "", map[string][]string{
			"POST /r": {`200 | Operation-Location: BASE/op | {"status":"Succeeded","a":1}`},
		}, "", ended{transport.Completed, `{"status":"Succeeded","a":1}`, "", "Succeeded"}},
		"A3, C: op had succeeded at once and names a resource": {"POST", "", map[string][]string{
			"POST /r": {`200 | Operation-Location: BASE/op | {"status":"Succeeded","resourceLocation":"made"}`}, "GET /made": {`200 | {"y":1}`},
		}, "GET /made", ended{transport.Completed, `{"y":1}`, "", "Succeeded"}},
		"A3, C: op had succeeded at once, with its result": {"POST", "", map[string][]string{
			"POST /r": {`200 | Operation-Location: BASE/op | {"status":"Succeeded","result":[1]}`},
		}, "", ended{transport.Completed, `[1]`, "", "Succeeded"}},
		"A3, C: op via location had succeeded at once": {"POST", longrunning.Location, map[string][]string{
			"POST /r": {`200 | Operation-Location: BASE/op | Location: /loc | {"status":"Succeeded","resourceLocation":"/made"}`}, "GET /loc": {`200 | 2`},
		}, "GET /loc", ended{transport.Completed, `2`, "", "Succeeded"}},
		"A3: op had failed at once, whatever it names": {"POST", "", map[string][]string{
			"POST /r": {`200 | Operation-Location: BASE/op | {"status":"Failed","resourceLocation":"/made","error":{"code":"E"}}`},
		}, "", ended{transport.Failed, "", "E", "Failed"}},
		"B: op moves with its Operation-Location": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/1"}, "GET /1": {`200 | Operation-Location: /2 | {"status":"Running"}`},
			"GET /2": {`200 | Operation-Location: http://elsewhere.example.com/3 | {"status":"Running"}`, `200 | {"status":"Succeeded"}`},
		}, "GET /1, GET /2, GET /2", ended{transport.Completed, `{"status":"Succeeded"}`, "", "Succeeded"}},
		"B: async moves with its Azure-AsyncOperation": {"DELETE", "", map[string][]string{
			"DELETE /r": {"202 | Azure-AsyncOperation: BASE/1"}, "GET /1": {`200 | Azure-AsyncOperation: /2 | Location: /3 | {"status":"Running"}`}, "GET /2": {succeeded},
		}, "GET /1, GET /2", ended{transport.Completed, `{"status":"Succeeded","properties":{"output":7}}`, "", "Succeeded"}},
		"B: op fails": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/op"}, "GET /op": {`200 | {"status":"Failed","error":{"code":"E","message":"m"}}`},
		}, "GET /op", ended{transport.Failed, "", "E: m", "Failed"}},
		"D6: a kind for tests is no kind": {"POST", "", map[string][]string{
			"POST /r": {`200 | Fake-Poller-Status: BASE/fake | {"a":1}`},
		}, "", ended{transport.Completed, `{"a":1}`, "", ""}},
		"B: loc moves with its Location": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {"202 | Location: /2"}, "GET /2": {"202", "202 | Location: 3?t=1"}, "GET /3?t=1": {`200 | {"z":1}`},
		}, "GET /1, GET /2, GET /2, GET /3?t=1", ended{transport.Completed, `{"z":1}`, "", ""}},
		"A4: relative to the URL that answered, after a redirect": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/a/1"}, "GET /a/1": {"302 | Location: /b/c/1"}, "GET /b/c/1": {"202 | Location: 2"}, "GET /b/c/2": {`200 | 7`},
		}, "GET /a/1, GET /b/c/1, GET /b/c/2", ended{transport.Completed, "7", "", ""}},
		"F3: relative to the URL that answered, after a redirect": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/a/1"}, "GET /a/1": {"302 | Location: /b/c/1"}, "GET /b/c/1": {"303 | Location: 2"}, "GET /b/c/2": {`200 | 7`},
		}, "GET /a/1, GET /b/c/1, GET /b/c/2", ended{transport.Completed, "7", "", "303"}},
		"C: a resource relative to the URL that answered, after a redirect": {"POST", "", map[string][]string{
			"POST /r": {"202 | Operation-Location: BASE/a/1"}, "GET /a/1": {"302 | Location: /b/c/1"}, "GET /b/c/1": {`200 | {"status":"Succeeded","resourceLocation":"2"}`}, "GET /b/c/2": {`200 | 7`},
		}, "GET /a/1, GET /b/c/1, GET /b/c/2", ended{transport.Completed, "7", "", "Succeeded"}},
		"B: loc by word": {"DELETE", "", map[string][]string{
			"DELETE /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"properties":{"provisioningState":"Deleting"}}`, `202 | {"properties":{"provisioningState":"Failed"},"error":{"message":"locked"}}`},
		}, "GET /1, GET /1", ended{transport.Failed, "", "locked", "Failed"}},
		"B: loc with 204": {"DELETE", "", map[string][]string{
			"DELETE /r": {"202 | Location: BASE/1"}, "GET /1": {"202", "204"},
		}, "GET /1, GET /1", ended{transport.Completed, "", "", ""}},
		"B: loc that fails by its code": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {"202", `422 | {"error":{"code":"Bad","message":"input"}}`},
		}, "GET /1, GET /1", ended{transport.Failed, "", "Bad: input", "422"}},
		"F2: loc that fails by a status": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"status":"running"}`, `200 | {"status":"failed","error":{"message":"disk"}}`},
		}, "GET /1, GET /1", ended{transport.Failed, "", "disk", "failed"}},
		"F2: loc with a word for a failure that is not Azure's": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"status":"error","message":"disk"}`},
		}, "GET /1", ended{transport.Failed, "", "*", "error"}},
		"F2: loc with the state of a thing": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"status":"terminated","runtimeStatus":"Failed"}`},
		}, "GET /1", ended{transport.Completed, `{"status":"terminated","runtimeStatus":"Failed"}`, "", ""}},
		"F2: loc that has an error": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: BASE/1"}, "GET /1": {`200 | {"error":{"code":7,"message":"disk"}}`},
		}, "GET /1", ended{transport.Failed, "", "7: disk", ""}},
		"F3: loc that sees another": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: /1"}, "GET /1": {"202", "303 | Location: /result/7"}, "GET /result/7": {`200 | {"rows":3}`},
		}, "GET /1, GET /1, GET /result/7", ended{transport.Completed, `{"rows":3}`, "", "303"}},
		"F3: loc that sees another and says that it runs or has failed": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: /1"}, "GET /1": {`303 | Location: /r/7 | {"status":"Running"}`, `303 | Location: /r/7 | {"error":{"code":"E","message":"m"}}`},
		}, "GET /1, GET /1", ended{transport.Failed, "", "E: m", ""}},
		"C3: loc with JSON in lines": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: /1"}, "GET /1": {"200 | Content-Type: application/json | {\"a\":1}\n{\"a\":2}"},
		}, "GET /1", ended{transport.Completed, `"{\"a\":1}\n{\"a\":2}"`, "", ""}},
		"C3: loc with a number that is none": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: /1"}, "GET /1": {"303 | Location: /2"}, "GET /2": {`200 | Content-Type: application/json | {"loss":NaN}`},
		}, "GET /1, GET /2", ended{transport.Completed, `{"loss":null}`, "", "303"}},
		"C3: loc with a text in braces": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: /1"}, "GET /1": {"200 | {all is well"},
		}, "GET /1", ended{transport.Completed, `"{all is well"`, "", ""}},
		"C3: loc with a text": {"POST", "", map[string][]string{
			"POST /r": {"202 | Location: /1"}, "GET /1": {"200 | all is well"},
		}, "GET /1", ended{transport.Completed, `"all is well"`, "", ""}},
		"F5: 201 names the thing made": {"POST", "", map[string][]string{
			"POST /r": {"201 | Location: /thing | {\"a\":1}"}, "GET /thing": {`200 | {"thing":1}`},
		}, "GET /thing", ended{transport.Completed, `{"thing":1}`, "", "Succeeded"}},
		"A2: PUT 201 with Location whose resource goes on": {"PUT", "", map[string][]string{
			"PUT /r": {`201 | Location: BASE/r | {"properties":{"provisioningState":"Creating"}}`}, "GET /r": {`200 | {"properties":{"provisioningState":"Creating"}}`, resource},
		}, "GET /r, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"B: body": {"PUT", "", map[string][]string{
			"PUT /r": {`201 | {"properties":{"provisioningState":"Creating"}}`}, "GET /r": {`200 | {"properties":{"provisioningState":"Updating"}}`, resource},
		}, "GET /r, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
		"A3: body without a word, 201": {"PUT", "", map[string][]string{
			"PUT /r": {`201`}, "GET /r": {`200 | {"a":1}`},
		}, "GET /r", ended{transport.Completed, `{"a":1}`, "", ""}},
		"A3: body without a word, 200": {"PUT", "", map[string][]string{
			"PUT /r": {`200 | {"a":1}`},
		}, "", ended{transport.Completed, `{"a":1}`, "", ""}},
		"A3: body, 204": {"PATCH", "", map[string][]string{
			"PATCH /r": {`204`},
		}, "", ended{transport.Completed, "", "", ""}},
		"A3: body, 202 with a word goes on": {"PUT", "", map[string][]string{
			"PUT /r": {`202 | {"properties":{"provisioningState":"Succeeded"}}`}, "GET /r": {`200 | {"properties":{"provisioningState":"Failed"}}`},
		}, "GET /r", ended{transport.Failed, "", "*", "Failed"}},
		"B: body, 204": {"PUT", "", map[string][]string{
			"PUT /r": {`201`}, "GET /r": {"204"},
		}, "GET /r", ended{transport.Completed, "", "", ""}},
		"A2: DELETE 204": {"DELETE", "", map[string][]string{"DELETE /r": {"204"}}, "", ended{transport.Completed, "", "", ""}},
		"A2: POST 200":   {"POST", "", map[string][]string{"POST /r": {`200 | [1]`}}, "", ended{transport.Completed, `[1]`, "", ""}},
		"A7: a bad second header that is not needed": {"PUT", "", map[string][]string{
			"PUT /r": {"201 | Azure-AsyncOperation: BASE/op | Location: http://elsewhere.example.com/x"}, "GET /op": {succeeded}, "GET /r": {resource},
		}, "GET /op, GET /r", ended{transport.Completed, made, "", "Succeeded"}},
	} {
		for _, way := range []string{"Send", "Accept"} {
			t.Run(way+": "+name, func(t *testing.T) {
				t.Parallel()
				script := map[string][]string{}
				path := "/r"
				for k, v := range c.script {
					script[k] = v
					if k == "PUT /a/r" {
						path = "/a/r"
					}
				}
				s := serve(t, script)
				l := client(t, s)
				var first transport.Status
				var err error
				if r := request(t, s, c.method, path); way == "Send" {
					first, err = l.Send(t.Context(), r, c.via)
				} else {
					first, err = accept(t, l, r, c.via)
				}
				require.NoError(t, err)
				end, err := follow(t, l, first)
				require.NoError(t, err)
				got := ended{end.State, string(end.Result), end.Message, end.Raw}
				if c.end.message == "*" {
					got.message = "*"
				}
				assert.Equal(t, c.end, got)
				asked := ""
				for _, a := range s.requests()[1:] {
					if asked != "" {
						asked += ", "
					}
					asked += a
				}
				assert.Equal(t, c.asked, asked)
			})
		}
	}
}
