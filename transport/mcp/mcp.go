// Package mcp watches tasks of the Model Context Protocol (MCP): tool calls that a server answers
// later.
//
// [New] sends requests over a session that the program's SDK has opened. A [Caller] adapts that
// session:
//
//	t, err := mcp.New(session)
//	if err != nil {
//		log.Fatal(err)
//	}
//	w, err := jobstatus.New(t)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer w.Close()
//	first, err := w.StartJob(ctx, jobstatus.Input(mcp.ToolCall{Name: "report"}))
//	if err != nil {
//		log.Fatal(err)
//	}
//	status, err := w.WaitForJob(ctx, first.ID, jobstatus.From(first))
//
// [NewHTTP] sends requests over streamable HTTP, without an SDK.
//
// # Two forms
//
// Tasks have two forms. [WithForm] says which one the server speaks:
//
//	Extension   the server decides whether a call becomes a task; a status holds the result
//	Core        each call asks for a task; tasks/result returns the result
//
// # What a status means
//
//	working                           running
//	input_required                    blocked; the Message says what the server asks for
//	completed, without isError        completed
//	completed, with isError           failed
//	failed                            failed
//	cancelled                         canceled
//	error -32602                      not found: the task is unknown or has expired; permanent if the
//	                                  text has the word terminal: the task has already ended
//	error -32600, -32601, -32700      permanent
//	error -32020, -32021, -32022      permanent
//	error -32042                      permanent: a person has to visit a page first
//	error -32029, 429                 throttled
//	error -32603, -32000, 0           transient, or not found if the text says so
//	error -32001, -32002              the same
//	error -32001, Session not found   misdirected: the session has ended, and the task may go on
//	error -32600 about a session      the same; also -32000 about a session id, and both if the text
//	                                  says that the server is not initialized
//	404 without an error              the same, in the Core form
//	other errors                      transient
//
// In the answer to a call of a tool, no error means not found: -32602 is permanent, because the
// tool or its arguments are wrong.
//
// In the Core form, only the result says whether the tool failed. [Tasks.Status] therefore also
// fetches the result of a completed task.
//
// In the Core form, a server asks for input on the stream that answers tasks/result. This package
// does not answer such requests. The task goes on when the program has answered with its SDK.
//
// The poll interval of a status becomes the RetryAfter of the [transport.Status]. A Watcher polls
// no sooner.
package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Tasks is a Transport for the tasks of one MCP server. It is safe for concurrent use.
type Tasks struct {
	form    Form
	tasks   *rest.Client // tasks/get and tasks/cancel
	calls   *rest.Client // tools/call
	results *rest.Client // tasks/result
	told    *rpc.Reader  // of notifications
	feed    rpc.Feed
	close   func()
}

var (
	_ transport.Transport = (*Tasks)(nil)
	_ transport.Starter   = (*Tasks)(nil)
	_ transport.Canceler  = (*Tasks)(nil)
	_ transport.Fetcher   = (*Tasks)(nil)
	_ transport.Notifier  = (*Tasks)(nil)
	_ io.Closer           = (*Tasks)(nil)
)

// newTasks returns Tasks whose calls of tools are sent over one RoundTripper, and all other
// requests over another.
func newTasks(p protocol, s rpc.Service, calls, others http.RoundTripper) (*Tasks, error) {
	if p.form > Core {
		return nil, fmt.Errorf("mcp: WithForm: %v: no such form", p.form)
	}
	clients, err := s.Clients(rpc.Route{Dialect: p.tasks(), Over: others},
		rpc.Route{Dialect: p.calls(), Over: calls}, rpc.Route{Dialect: p.results(), Over: others})
	if err != nil {
		return nil, fmt.Errorf("mcp: %w", err)
	}
	return &Tasks{form: p.form, tasks: clients[0], calls: clients[1], results: clients[2], told: rpc.NewReader(p.tasks), close: func() {}}, nil
}

var errNotMade = rpc.Errorf(transport.Permanent, "mcp: the Tasks was not made by New")

// isMade reports whether New or NewHTTP has made t.
func (t *Tasks) isMade() bool { return t != nil && t.tasks != nil }

// Start calls a tool. The request's Input is a [ToolCall]. MCP has no idempotency keys, so the
// IdempotencyKey is not sent. If the server answers the call at once, the Status is terminal and
// has no ID.
func (t *Tasks) Start(ctx context.Context, req transport.CreateRequest) (transport.Status, error) {
	if !t.isMade() {
		return transport.Status{}, errNotMade
	}
	params, err := t.form.params(req.Input)
	if err != nil {
		return transport.Status{}, rpc.Errorf(transport.Permanent, "mcp: %w", err)
	}
	st, err := t.calls.Start(ctx, transport.CreateRequest{Input: params})
	if err != nil {
		return transport.Status{}, err
	}
	st.Raw = rpc.Word(st.Raw)
	if st.ID == "" && st.State == transport.Completed && !isToolResult(st.Result) {
		return transport.Status{}, rpc.Errorf(transport.Malformed, "%w: %s", errNoAnswer, redact.Excerpt(st.Result))
	}
	if st.ID == "" {
		st.Raw = "" // a result has no word for a state
	} else {
		st.Result = nil
		if st.State == transport.Completed { // the result is not here, and may say isError
			st.State = transport.Running
		}
	}
	return st, nil
}

// Status requests a task by tasks/get. In the Core form it also requests the result of a completed
// task by tasks/result. A task whose result has isError is failed.
func (t *Tasks) Status(ctx context.Context, id string) (transport.Status, error) {
	if !t.isMade() {
		return transport.Status{}, errNotMade
	}
	st, err := t.tasks.Status(ctx, id)
	if err != nil {
		return transport.Status{}, err
	}
	st.Raw = rpc.Word(st.Raw)
	if st.State != transport.Completed || len(st.Result) > 0 {
		return st, nil
	}
	if t.form == Extension {
		return transport.Status{}, rpc.Errorf(transport.Malformed, "%w", errNoResult)
	}
	end, err := t.results.Status(ctx, id)
	if err != nil {
		return transport.Status{}, err
	}
	st.State, st.Result = end.State, end.Result
	if end.State == transport.Failed {
		st.Message = end.Message
	}
	return st, nil
}

var (
	errNoResult = errors.New("mcp: the task is completed and has no result")
	errNoEnd    = errors.New("mcp: the task has not completed")
	errNoAnswer = errors.New("mcp: the answer is neither a task nor the result of a tool")
)

// Cancel asks the server to cancel a task by tasks/cancel. In the Extension form, the server may
// accept the request and still complete the task.
func (t *Tasks) Cancel(ctx context.Context, id string) error {
	if !t.isMade() {
		return errNotMade
	}
	return t.tasks.Cancel(ctx, id)
}

// Fetch returns the result of a completed call: a CallToolResult, as JSON. A result with isError is
// returned as an error. If done already has the result, the error matches [errors.ErrUnsupported].
func (t *Tasks) Fetch(ctx context.Context, done transport.Status) (io.ReadCloser, error) {
	switch {
	case !t.isMade():
		return nil, errNotMade
	case done.State != transport.Completed: // tasks/result would wait for the end
		return nil, rpc.Errorf(transport.Permanent, "%w", errNoEnd)
	case len(done.Result) > 0:
		return nil, rpc.Errorf(transport.Permanent, "mcp: %w: the status has the result", errors.ErrUnsupported)
	}
	ask := t.results
	if t.form == Extension {
		ask = t.tasks
	}
	st, err := ask.Status(ctx, done.ID)
	switch {
	case err != nil:
		return nil, err
	case st.State != transport.Completed:
		return nil, rpc.Errorf(transport.Permanent, "%w: %s", errNoEnd, st)
	case len(st.Result) == 0:
		return nil, rpc.Errorf(transport.Malformed, "%w", errNoResult)
	}
	return io.NopCloser(bytes.NewReader(st.Result)), nil
}

// Close closes the idle connections of Tasks that NewHTTP has made. It always returns nil.
func (t *Tasks) Close() error {
	if t.isMade() {
		t.close()
	}
	return nil
}
