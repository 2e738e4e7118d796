// Package a2a watches tasks of the Agent2Agent protocol (A2A): messages that an agent answers
// later.
//
//	t, err := a2a.New("https://agent.example.com")
//	if err != nil {
//		log.Fatal(err)
//	}
//	w, err := jobstatus.New(t)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer w.Close()
//	first, err := w.StartJob(ctx, jobstatus.Input(a2a.Message{Text: "Summarize the minutes."}))
//	if err != nil {
//		log.Fatal(err)
//	}
//	status, err := w.WaitForJob(ctx, first.ID, jobstatus.From(first))
//
// [WithBinding] sets the form of the requests: HTTP+JSON or JSON-RPC, of version 1.0 or earlier.
//
// # What a status means
//
// The states of version 1.0 and of earlier versions mean:
//
//	TASK_STATE_SUBMITTED       submitted         pending
//	TASK_STATE_WORKING         working           running
//	TASK_STATE_INPUT_REQUIRED  input-required    blocked
//	TASK_STATE_AUTH_REQUIRED   auth-required     blocked
//	TASK_STATE_COMPLETED       completed         completed
//	TASK_STATE_FAILED          failed            failed
//	TASK_STATE_REJECTED        rejected          failed
//	TASK_STATE_CANCELED        canceled          canceled
//	TASK_STATE_UNSPECIFIED     unknown           unknown
//
// The Message of a Status is the first text of the message in the task's status, such as a question
// or the reason of a failure. The Result is the task's artifacts.
//
// Over HTTP+JSON, the status code decides what an error means, as in package rest. Over JSON-RPC:
//
//	error -32001                      not found
//	error -32602, -32002 to -32005    permanent
//	error -32007 to -32009            permanent
//	error -32600, -32601, -32700      permanent
//	error 429                         throttled
//	error -32603, -32000, 0           transient, or not found if the text says so
//	404 without an error              misdirected: the endpoint is wrong
//	other errors                      transient
//
// # Three ways to get news of a task
//
// [Tasks.Status] requests the task. [Tasks.Hold] subscribes to it, and returns when the task
// changes. [Tasks.Feed] takes the push notifications that the program receives. [ReadPush] only
// decodes one.
package a2a

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Tasks is a Transport for the tasks of one agent. It is safe for concurrent use.
type Tasks struct {
	binding Binding
	tasks   *rest.Client // GetTask and CancelTask
	sends   *rest.Client // SendMessage
	holder  rpc.Holder   // SubscribeToTask
	feed    rpc.Feed
	close   func()
}

var (
	_ transport.Transport = (*Tasks)(nil)
	_ transport.Starter   = (*Tasks)(nil)
	_ transport.Canceler  = (*Tasks)(nil)
	_ transport.Holder    = (*Tasks)(nil)
	_ transport.Notifier  = (*Tasks)(nil)
	_ io.Closer           = (*Tasks)(nil)
)

// New returns the Tasks of the agent at an endpoint. The endpoint is the URL that the agent's card
// names for the binding. A redirect to the same origin by a 307 or 308 is followed. The error says
// what is wrong with the endpoint or the options.
func New(endpoint string, opts ...Option) (*Tasks, error) {
	c, wrong := rpc.Gather[config](opts)
	if c.binding > JSONRPC03 {
		return nil, fmt.Errorf("a2a: %w", errors.Join(wrong, fmt.Errorf("WithBinding: %v: no such binding", c.binding)))
	}
	p, base, err := c.binding.at(endpoint)
	if err := errors.Join(wrong, err); err != nil {
		return nil, fmt.Errorf("a2a: %w", err)
	}
	trippers := c.RoundTrippers(base)
	quick, starts, streams := trippers.Quick, trippers.Starts, trippers.Streams
	if c.binding != HTTP {
		carrier := &rpc.Carrier{Next: quick}
		quick, starts, streams = carrier, carrier.Over(starts), &rpc.Carrier{Next: streams, Streams: true}
	}
	clients, err := rpc.Service{Base: base, Options: trippers.REST}.Clients(
		rpc.Route{Dialect: p.tasks(), Over: quick}, rpc.Route{Dialect: p.sends(), Over: starts}, rpc.Route{Dialect: p.streams(), Over: streams})
	if err != nil {
		return nil, fmt.Errorf("a2a: %w", err)
	}
	t := &Tasks{binding: c.binding, tasks: clients[0], sends: clients[1], close: trippers.CloseIdleConnections}
	t.holder.Name, t.holder.Streams, t.holder.Read, t.holder.Poll = "a2a", clients[2], ReadPush, t.Status
	return t, nil
}

var errNotMade = rpc.Errorf(transport.Permanent, "a2a: the Tasks was not made by New")

// isMade reports whether New has made t.
func (t *Tasks) isMade() bool { return t != nil && t.tasks != nil }

// Start sends a message to the agent. The request's Input is a [Message], and its IdempotencyKey
// becomes the message's id. Start never sends the message a second time, because an agent may take
// that for a new message.
//
// An agent may answer at once with a message instead of a task. The Status is then completed and
// has no ID. Its Result is the parts of that message.
func (t *Tasks) Start(ctx context.Context, req transport.CreateRequest) (transport.Status, error) {
	if !t.isMade() {
		return transport.Status{}, errNotMade
	}
	params, err := t.binding.params(req)
	if err != nil {
		return transport.Status{}, rpc.Errorf(transport.Permanent, "a2a: %w", err)
	}
	st, err := t.sends.Start(ctx, transport.CreateRequest{Input: params})
	if err != nil {
		return transport.Status{}, err
	}
	st.Raw = rpc.Word(st.Raw)
	switch {
	case st.ID == "" && st.State == transport.Completed:
		st.Raw = "" // a message has no word for a state
	case !st.State.Terminal():
		st.Result = nil
	}
	return st, nil
}

// Status requests a task by GetTask.
func (t *Tasks) Status(ctx context.Context, id string) (transport.Status, error) {
	if !t.isMade() {
		return transport.Status{}, errNotMade
	}
	return t.tasks.Status(ctx, id)
}

// Hold subscribes to a task. It returns when the task's state or message differs from last, or
// after about d. If the agent refuses to stream, the error matches [errors.ErrUnsupported]. Hold
// then makes no request about the task for a minute. After three refusals in a row it makes none
// about any task. These pauses double with each refusal, up to an hour.
//
// An event has fewer details than the task. When an event shows a change, Hold therefore requests
// the task. It also does so after d, because a stream may repeat an old state.
func (t *Tasks) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	if !t.isMade() {
		return transport.Status{}, errNotMade
	}
	return t.holder.Hold(ctx, id, last, d)
}

// Cancel asks the agent to cancel a task by CancelTask.
func (t *Tasks) Cancel(ctx context.Context, id string) error {
	if !t.isMade() {
		return errNotMade
	}
	return t.tasks.Cancel(ctx, id)
}

// Close closes the idle connections that Tasks has opened. It always returns nil.
func (t *Tasks) Close() error {
	if t.isMade() {
		t.close()
	}
	return nil
}
