package mcp

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

const (
	methodCall   = "tools/call"
	methodGet    = "tasks/get"
	methodCancel = "tasks/cancel"
	methodResult = "tasks/result"
)

// protocol describes the methods of a server as dialects of package rest.
type protocol struct {
	form Form
	path string
	http bool // whether the requests go over HTTP
}

// words are the statuses of tasks. It leaves out completed: such a task may have failed.
var words = map[string]transport.State{
	"submitted":      transport.Pending, // of drafts
	"working":        transport.Running,
	"input_required": transport.Blocked,
	"failed":         transport.Failed,
	"cancelled":      transport.Canceled,
	"canceled":       transport.Canceled,
}

// numbers are the classes of errors that mean the same in the answers to all methods.
var numbers = map[string]transport.Class{
	"-32020":                    transport.Permanent, // a header and the body differ
	"-32021":                    transport.Permanent, // the client lacks a capability
	"-32022":                    transport.Permanent, // protocol version
	"-32042":                    transport.Permanent, // a person has to visit a page first
	"-32029":                    transport.Throttled,
	"-32001, session not found": transport.Misdirected, // whatever has become of the task
	"-32600, *session*":         transport.Misdirected,
	"-32600, *not initialized*": transport.Misdirected, // the server was started again
	"-32000, *session id*":      transport.Misdirected,
	"-32000, *session-id*":      transport.Misdirected,
	"-32000, *not initialized*": transport.Misdirected,
}

// faults are the classes of errors in the answers to methods about a task.
var faults = rpc.Faults(with(numbers, map[string]transport.Class{
	"-32602":             transport.NotFound,  // the task is unknown or has expired
	"-32602, *terminal*": transport.Permanent, // a task that has ended can't be canceled
}), "-32603", "-32000", "-32001", "-32002", "0")

// callFaults are the classes of errors in the answer to tools/call. It is about no task yet, so
// that nothing in it means that a task is not found.
var callFaults = rpc.Faults(with(numbers, map[string]transport.Class{
	"-32602": transport.Permanent, // the tool or its arguments
}))

// coreFault is added to the faults in the Core form. There, a plain 404 says that the session is
// lost. An unknown task is an error of JSON-RPC.
var coreFault = map[string]transport.Class{"404, -, -": transport.Misdirected}

// with returns the rules of both maps.
func with(rules, more map[string]transport.Class) map[string]transport.Class {
	all := maps.Clone(rules)
	maps.Copy(all, more)
	return all
}

// dialect returns what all dialects share, with the classes of errors.
func (p protocol) dialect(faults map[string]transport.Class) rest.Dialect {
	if p.form == Core {
		faults = with(faults, coreFault)
	}
	d := rpc.NewDialect(faults)
	if p.http {
		d.Header = map[string]string{
			"Accept":               "application/json, text/event-stream",
			"MCP-Protocol-Version": p.form.version(),
		}
	}
	return d
}

// call returns the call of a method about a task.
func (p protocol) call(method string) rest.Call {
	params := map[string]any{"taskId": "{id}"}
	if p.form == Extension {
		params["_meta"] = p.form.identity()
	}
	return rest.Call{Method: http.MethodPost, Path: p.path, Body: rpc.Call(method, params)}
}

// tasks is the dialect of tasks/get and tasks/cancel.
func (p protocol) tasks() rest.Dialect {
	d := p.dialect(faults)
	d.Status, d.Cancel = p.call(methodGet), rpc.Answered(p.call(methodCancel))
	d.ID = "result.taskId"
	d.State = "result.status, result.result.isError"
	d.States = rpc.States(words, 1, 2)
	d.States["completed, -"], d.States["completed, false"] = transport.Completed, transport.Completed
	d.States["completed, +"] = transport.Failed
	d.Message = "result.statusMessage"
	d.Error = "result.error.message, result.error"
	d.Result = "result.result"
	d.RetryAfter = "result.pollIntervalMs, result.pollInterval ms"
	d.Created, d.Updated = "result.createdAt", "result.lastUpdatedAt"
	d.Classify = func(a rest.Answer, s transport.Status, err error) (transport.Status, error) {
		if err == nil && (s.State == transport.Blocked || s.State == transport.Failed) {
			say(&s, a.Body)
		}
		return s, err
	}
	return d
}

// calls is the dialect of tools/call. The answer is a task in either form, or the tool's result.
func (p protocol) calls() rest.Dialect {
	d := p.dialect(callFaults)
	d.Create = rest.Call{Method: http.MethodPost, Path: p.path, Body: rpc.Call(methodCall, "{input}")}
	d.Status = p.call(methodGet)
	d.CreateHasState = true
	d.ID = "result.task.taskId, result.taskId"
	d.State = "result.status, result.task.status, result.resultType, result.isError, result"
	d.States = rpc.States(words, 2, 5)
	d.States["completed, *, *, *, *"], d.States["-, completed, *, *, *"] = transport.Completed, transport.Completed
	d.States["+, *, *, *, *"], d.States["-, +, *, *, *"] = transport.Unknown, transport.Unknown // a new word
	for _, asks := range []string{"input_required", "incomplete"} {                             // before there is a task
		d.States["-, -, "+asks+", *, *"] = transport.Blocked
	}
	for _, result := range []string{"-, -, -, ", "-, -, complete, "} {
		d.States[result+"+, *"] = transport.Failed
		d.States[result+"-, +"], d.States[result+"false, +"] = transport.Completed, transport.Completed
	}
	d.Message = "result.task.statusMessage, result.statusMessage, result.content[type=text].text"
	d.Result = "result"
	d.RetryAfter = "result.task.pollInterval, result.pollIntervalMs, result.pollInterval ms"
	d.Created = "result.task.createdAt, result.createdAt"
	d.Updated = "result.task.lastUpdatedAt, result.lastUpdatedAt"
	return d
}

// isToolResult reports whether the answer to tools/call is the result of a tool. The content of one
// may be empty.
func isToolResult(result json.RawMessage) bool {
	var r struct {
		ResultType        string
		Content           *[]json.RawMessage
		StructuredContent json.RawMessage
	}
	err := json.Unmarshal(result, &r)
	return err == nil && (r.Content != nil || r.StructuredContent != nil || r.ResultType == "complete")
}

// results is the dialect of tasks/result. Its status call returns the end of a completed task.
func (p protocol) results() rest.Dialect {
	d := p.dialect(faults)
	d.Status = p.call(methodResult)
	d.ID = `result._meta["io.modelcontextprotocol/related-task"].taskId`
	d.State, d.Strict = "result.isError, result", true
	d.States = map[string]transport.State{
		"-, +":     transport.Completed,
		"false, +": transport.Completed,
		"+, +":     transport.Failed,
	}
	d.Message = "result.content[type=text].text"
	d.Result = "result"
	return d
}

// say sets the Message of a task that is blocked or failed to what the details of the answer say.
func say(s *transport.Status, body []byte) {
	var a struct {
		Result struct {
			InputRequests map[string]struct{ Params struct{ Message string } }
			Result        struct{ Content []struct{ Text string } }
		}
	}
	_ = json.Unmarshal(body, &a) // details that cannot be read say nothing
	var texts []string
	if s.State == transport.Blocked {
		for _, key := range slices.Sorted(maps.Keys(a.Result.InputRequests)) {
			texts = append(texts, a.Result.InputRequests[key].Params.Message)
		}
	} else {
		for _, part := range a.Result.Result.Content {
			texts = append(texts, part.Text)
		}
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	if len(texts) > 0 {
		s.Message = strings.Join(texts, "; ")
	}
}
