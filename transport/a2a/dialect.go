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

// states are the states of tasks as version 1.0 writes them, behind TASK_STATE_. Their order is
// that of their numbers.
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

// words returns the words for states, each between two texts. Rules know words in any case.
func words(before, after string) map[string]transport.State {
	all := map[string]transport.State{before + "unknown" + after: transport.Unknown, before + "cancelled" + after: transport.Canceled}
	for n, s := range states {
		word := strings.ToLower(s.word)
		for _, spelling := range []string{"task_state_" + word, word, strings.ReplaceAll(word, "_", "-"), fmt.Sprint(n)} {
			all[before+spelling+after] = s.means
		}
	}
	return all
}

// numbers are the JSON-RPC errors that mean the same whatever their text says.
var numbers = map[string]transport.Class{
	"-32700": transport.Permanent, // parse error
	"-32600": transport.Permanent, // invalid request
	"-32601": transport.Permanent, // method not found
	"-32602": transport.Permanent, // invalid params
	"-32001": transport.NotFound,
	"-32002": transport.Permanent, // the task can't be canceled
	"-32003": transport.Permanent, // no push notifications
	"-32004": transport.Permanent, // unsupported operation
	"-32005": transport.Permanent, // content type
	"-32007": transport.Permanent, // no extended card
	"-32008": transport.Permanent, // an extension is required
	"-32009": transport.Permanent, // version
	"429":    transport.Throttled,
}

// methods are the names of the methods of JSON-RPC, by their names in version 1.0.
var methods = map[string]string{
	"SendMessage":     "message/send",
	"GetTask":         "tasks/get",
	"CancelTask":      "tasks/cancel",
	"SubscribeToTask": "tasks/resubscribe",
}

// dialect returns what all dialects share.
func (p protocol) dialect() rest.Dialect {
	d := rest.Dialect{
		Create: rest.Call{Path: "-"}, Cancel: rest.Call{Path: "-"},
		Header:            map[string]string{"A2A-Version": "1.0"},
		IdempotencyHeader: "-",
		Progress:          "-", Message: "-", Error: "-", Result: "-",
	}
	if p.binding == JSONRPC03 {
		d.Header = nil
	}
	if p.binding != HTTP {
		d.Fault, d.Faults, d.Revision = rpc.FaultPlaces, rpc.Faults(numbers, "-32603", "-32000", "0"), "-"
	}
	return d
}

// at returns places within what the protocol calls the result.
func (p protocol) at(places ...string) string {
	if p.binding != HTTP {
		for i := range places {
			places[i] = "result." + places[i]
		}
	}
	return strings.Join(places, ", ")
}

// call returns the call of a method about a task, which HTTP knows by a verb and the end of a path.
func (p protocol) call(verb, end, method string) rest.Call {
	if p.binding == HTTP {
		return rest.Call{Method: verb, Path: p.path + "/tasks/{id}" + end}
	}
	return p.rpc(method, map[string]any{"id": "{id}"})
}

// rpc returns the call of a method of JSON-RPC.
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
	d.ID = p.at("id")
	d.State = p.at("status.state")
	d.States = words("", "")
	d.Message = p.at("status.message.parts[0].text", "status.message.parts[1].text", "status.message.parts[2].text")
	d.Result = p.at("artifacts")
	d.Created, d.Updated = p.at("createdAt"), p.at("status.timestamp", "lastModified")
	return d
}

// sends is the dialect of SendMessage. Its answer is a task or a message, under a name of its own
// since version 1.0, and bare before it.
func (p protocol) sends() rest.Dialect {
	d := p.dialect()
	if p.binding == HTTP {
		d.Create = rest.Call{Method: http.MethodPost, Path: p.path + "/message:send", Body: "{input}",
			Header: map[string]string{"Content-Type": "application/a2a+json"}}
	} else {
		d.Create = p.rpc("SendMessage", "{input}")
	}
	d.Status = p.call(http.MethodGet, "", "GetTask")
	d.CreateTells = true
	d.ID = p.at("task.id", "id")
	d.State = p.at("task.status.state", "status.state", "task.id", "id", "message.parts", "parts")
	d.States = words("", ", *, *, *, *, *")
	for rule, state := range words("-, ", ", *, *, *, *") {
		d.States[rule] = state
	}
	for _, rule := range []string{"+, *, *, *, *, *", "-, +, *, *, *, *", "-, -, +, *, *, *", "-, -, -, +, *, *"} {
		d.States[rule] = transport.Unknown // a task whose state is new, or is not said
	}
	d.States["-, -, -, -, +, *"], d.States["-, -, -, -, -, +"] = transport.Completed, transport.Completed
	d.Message = p.at("task.status.message.parts[0].text", "status.message.parts[0].text")
	d.Result = p.at("task.artifacts", "artifacts", "message.parts", "parts")
	d.Created = p.at("task.createdAt", "createdAt")
	d.Updated = p.at("task.status.timestamp", "status.timestamp")
	return d
}

// streams is the dialect of SubscribeToTask, whose stream is fetched.
func (p protocol) streams() rest.Dialect {
	d := p.dialect()
	d.Status = p.call(http.MethodGet, "", "GetTask")
	d.Fetch = p.call(http.MethodGet, ":subscribe", "SubscribeToTask")
	d.Fetch.Header = map[string]string{"Accept": "text/event-stream"}
	d.States = map[string]transport.State{"-": transport.Unknown} // no status is read
	return d
}

// tidy leaves the agent's word for the state alone in Raw.
func tidy(st *transport.Status) {
	if st.ID == "" && st.State == transport.Completed {
		st.Raw = ""
		return
	}
	for word := range strings.SplitSeq(st.Raw, ", ") {
		if word != "" && word != "-" {
			st.Raw = word
			return
		}
	}
}
