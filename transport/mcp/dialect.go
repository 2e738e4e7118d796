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

// words are the statuses of tasks, but for completed.
var words = map[string]transport.State{
	"submitted":      transport.Pending, // of drafts
	"working":        transport.Running,
	"input_required": transport.Blocked,
	"failed":         transport.Failed,
	"cancelled":      transport.Canceled,
	"canceled":       transport.Canceled,
}

// dialect returns what all dialects share.
func (p protocol) dialect() rest.Dialect {
	d := rest.Dialect{
		Create: rest.Call{Path: "-"}, Cancel: rest.Call{Path: "-"},
		IdempotencyHeader: "-",
		Fault:             rpc.FaultPlaces,
		Faults:            faults(),
		Progress:          "-", Message: "-", Error: "-", Result: "-", Revision: "-",
	}
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
	d := p.dialect()
	d.Status, d.Cancel = p.call(methodGet), p.call(methodCancel)
	d.ID = "result.taskId"
	d.State = "result.status, result.result.isError"
	d.States = map[string]transport.State{
		"completed, -":     transport.Completed,
		"completed, false": transport.Completed,
		"completed, +":     transport.Failed,
	}
	for word, state := range words {
		d.States[word+", *"] = state
	}
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

// calls is the dialect of tools/call. Its answer is a task in either form, or the tool's result.
func (p protocol) calls() rest.Dialect {
	d := p.dialect()
	d.Create = rest.Call{Method: http.MethodPost, Path: p.path, Body: rpc.Call(methodCall, "{input}")}
	d.Status = p.call(methodGet)
	d.CreateTells = true
	d.ID = "result.task.taskId, result.taskId"
	d.State = "result.status, result.task.status, result.resultType, result.isError, result.content, result.structuredContent"
	d.States = map[string]transport.State{
		"-, -, input_required, *, *, *": transport.Blocked, // before it is a task
		"-, -, incomplete, *, *, *":     transport.Blocked,
	}
	for word, state := range words {
		d.States[word+", *, *, *, *, *"], d.States["-, "+word+", *, *, *, *"] = state, state
	}
	d.States["completed, *, *, *, *, *"], d.States["-, completed, *, *, *, *"] = transport.Completed, transport.Completed
	for _, result := range []string{"-, -, -, ", "-, -, complete, "} {
		d.States[result+"+, *, *"] = transport.Failed
		for _, fine := range []string{"-", "false"} {
			d.States[result+fine+", +, *"] = transport.Completed
			d.States[result+fine+", -, +"] = transport.Completed
		}
	}
	d.States["-, -, complete, -, -, -"], d.States["-, -, complete, false, -, -"] = transport.Completed, transport.Completed
	d.Message = "result.task.statusMessage, result.statusMessage, result.content[type=text].text"
	d.Result = "result"
	d.RetryAfter = "result.task.pollInterval, result.pollIntervalMs, result.pollInterval ms"
	d.Created = "result.task.createdAt, result.createdAt"
	d.Updated = "result.task.lastUpdatedAt, result.lastUpdatedAt"
	return d
}

// results is the dialect of tasks/result, asked as if it were a status: its answer is an end.
func (p protocol) results() rest.Dialect {
	d := p.dialect()
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

// say sets the message of a task that is blocked or has failed to what its details say.
func say(s *transport.Status, body []byte) {
	var a struct {
		Result struct {
			InputRequests map[string]struct{ Params struct{ Message string } }
			Result        struct{ Content []struct{ Text string } }
		}
	}
	_ = json.Unmarshal(body, &a) // of details that cannot be read, nothing is said
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
