package a2a

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// protocol describes the methods of an agent as dialects of package rest.
type protocol struct {
	binding Binding
	path    string
}

// states are the states of tasks in the order of their numbers. The words are those of version 1.0
// without TASK_STATE_.
var states = [...]struct {
	word  string
	means transport.State
}{
	{"UNSPECIFIED", transport.Unknown},
	{"SUBMITTED", transport.Pending},
	{"WORKING", transport.Running},
	{"COMPLETED", transport.Completed},
	{"FAILED", transport.Failed},
	{"CANCELED", transport.Canceled},
	{"INPUT_REQUIRED", transport.Blocked},
	{"REJECTED", transport.Failed},
	{"AUTH_REQUIRED", transport.Blocked},
}

// words are the words for states in all spellings, also by number. Rules ignore the case of words.
var words = func() map[string]transport.State {
	all := map[string]transport.State{"unknown": transport.Unknown, "cancelled": transport.Canceled, "task_state_cancelled": transport.Canceled}
	for n, s := range states {
		word := strings.ToLower(s.word)
		for _, spelling := range []string{"task_state_" + word, word, strings.ReplaceAll(word, "_", "-"), fmt.Sprint(n)} {
			all[spelling] = s.means
		}
	}
	return all
}()

// faults are the classes of errors of JSON-RPC. An unknown task is such an error. So a plain 404
// says that nobody answers at the endpoint.
var faults = func() map[string]transport.Class {
	all := rpc.Faults(numbers, "-32603", "-32000", "0")
	all["404, -, -"] = transport.Misdirected
	return all
}()

// numbers are the classes of the numbers of errors.
var numbers = map[string]transport.Class{
	"-32602": transport.Permanent, // invalid params
	"-32001": transport.NotFound,
	"-32002": transport.Permanent, // the task can't be canceled
	"-32003": transport.Permanent, // no push notifications
	"-32004": transport.Permanent, // unsupported operation
	"-32005": transport.Permanent, // content type
	"-32007": transport.Permanent, // no extended card
	"-32008": transport.Permanent, // an extension is required
	"-32009": transport.Permanent, // version
}

// methods are the JSON-RPC methods of versions 0.2 and 0.3, by their names in version 1.0.
var methods = map[string]string{
	"SendMessage":     "message/send",
	"GetTask":         "tasks/get",
	"CancelTask":      "tasks/cancel",
	"SubscribeToTask": "tasks/resubscribe",
}

// dialect returns what all dialects share.
func (p protocol) dialect() rest.Dialect {
	d := rpc.NewDialect(faults)
	if p.binding == HTTP {
		d.Fault, d.Faults, d.Revision = "", nil, ""
	}
	if p.binding != JSONRPC03 {
		d.Header = map[string]string{"A2A-Version": "1.0"}
	}
	return d
}

// at returns places in what the protocol calls the result.
func (p protocol) at(places ...string) string {
	if p.binding != HTTP {
		for i := range places {
			places[i] = "result." + places[i]
		}
	}
	return strings.Join(places, ", ")
}

// call returns the call of a method about a task. The binding HTTP has a verb and the end of a path
// in place of the method.
func (p protocol) call(verb, end, method string) rest.Call {
	if p.binding == HTTP {
		return rest.Call{Method: verb, Path: p.path + "/tasks/{id}" + end}
	}
	return p.rpc(method, map[string]any{"id": "{id}"})
}

// rpc returns the call of a JSON-RPC method.
func (p protocol) rpc(method string, params any) rest.Call {
	if p.binding == JSONRPC03 {
		method = methods[method]
	}
	return rest.Call{Method: http.MethodPost, Path: p.path, Body: rpc.Call(method, params)}
}

// tasks is the dialect of GetTask and CancelTask.
func (p protocol) tasks() rest.Dialect {
	d := p.dialect()
	d.Status = p.call(http.MethodGet, "", "GetTask")
	d.Cancel = p.call(http.MethodPost, ":cancel", "CancelTask")
	if p.binding != HTTP {
		d.Cancel = rpc.Answered(d.Cancel)
	}
	d.ID = p.at("id")
	d.State = p.at("status.state")
	d.States = words
	d.Message = p.at("status.message.parts[text!=].text")
	d.Result = p.at("artifacts")
	d.Created, d.Updated = p.at("createdAt"), p.at("status.timestamp", "lastModified")
	return d
}

// sends is the dialect of SendMessage. The answer is a task or a message. Version 1.0 puts it under
// its name; earlier versions do not.
func (p protocol) sends() rest.Dialect {
	d := p.dialect()
	if p.binding == HTTP {
		d.Create = rest.Call{Method: http.MethodPost, Path: p.path + "/message:send", Body: "{input}",
			Header: map[string]string{"Content-Type": "application/a2a+json"}}
	} else {
		d.Create = p.rpc("SendMessage", "{input}")
	}
	d.Status = p.call(http.MethodGet, "", "GetTask")
	d.CreateHasState = true
	d.ID = p.at("task.id", "id")
	d.State = p.at("task.status.state", "status.state", "task.id", "id", "message.parts", "parts")
	d.States = rpc.States(words, 2, 6)
	for _, rule := range []string{"+, *, *, *, *, *", "-, +, *, *, *, *", "-, -, +, *, *, *", "-, -, -, +, *, *"} {
		d.States[rule] = transport.Unknown // a task whose state is new, or is not said
	}
	d.States["-, -, -, -, +, *"], d.States["-, -, -, -, -, +"] = transport.Completed, transport.Completed
	d.Message = p.at("task.status.message.parts[text!=].text", "status.message.parts[text!=].text")
	d.Result = p.at("task.artifacts", "artifacts", "message.parts", "parts")
	d.Created = p.at("task.createdAt", "createdAt")
	d.Updated = p.at("task.status.timestamp", "status.timestamp")
	return d
}

// streams is the dialect of SubscribeToTask. Its fetch returns the stream.
func (p protocol) streams() rest.Dialect {
	d := p.dialect()
	d.Status = p.call(http.MethodGet, "", "GetTask")
	d.Fetch = p.call(http.MethodGet, ":subscribe", "SubscribeToTask")
	d.Fetch.Header = map[string]string{"Accept": "text/event-stream"}
	d.States = map[string]transport.State{"-": transport.Unknown} // no status is read
	return d
}
