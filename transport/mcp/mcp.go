// Package mcp watches tasks of the Model Context Protocol: tool calls that a server answers later.
//
// It asks over the session that the program's SDK holds, through a [Caller] of one method:
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
// [NewHTTP] asks a server over streamable HTTP without an SDK.
//
// # Two forms
//
// Tasks have two forms, and [WithForm] says which of them a server speaks. They differ in how a
// call becomes a task and where its result stands:
//
//	Extension   the server decides, and a call may be done at once; the result is in the status
//	Core        the call asks for a task; the result is fetched by tasks/result
//
// # What a status means
//
//	working                           running
//	input_required                    blocked; the message says what is asked for
//	completed                         completed, if the tool's result has no isError
//	completed, with isError           failed
//	failed                            failed
//	cancelled                         canceled
//	error -32602                      not found: the task is unknown or has expired
//	error -32600, -32601, -32700      permanent
//	other errors                      transient, if their text does not say more
//
// A task of the Core form does not say whether its tool failed until its result is fetched. Status
// therefore fetches the result of a completed task, and returns it with the status.
//
// In the Core form a server asks for an input on the stream that answers tasks/result, and goes on
// once the program has answered by its SDK. This package does not answer for it.
//
// The wait that a status names as its poll interval is [transport.Status].RetryAfter. A Watcher
// never polls sooner.
package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

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
	told    *rest.Client // reads notifications
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

// newTasks returns the Tasks of a server at base, whose requests carrier sends.
func newTasks(base string, p protocol, carrier http.RoundTripper, opts []rest.Option) (*Tasks, error) {
	t := &Tasks{form: p.form, close: func() {}}
	var err error
	if t.told, err = newReader(p); err != nil {
		return nil, fmt.Errorf("mcp: %w", err)
	}
	for _, c := range []struct {
		dialect rest.Dialect
		to      **rest.Client
	}{{p.tasks(), &t.tasks}, {p.calls(), &t.calls}, {p.results(), &t.results}} {
		all := append([]rest.Option{rest.WithMaxBody(DefaultMaxBody)}, opts...)
		*c.to, err = rest.New(base, append(all, rest.WithDialect(c.dialect), rest.WithRoundTripper(carrier))...)
		if err != nil { // the others would fail for the same reasons
			return nil, fmt.Errorf("mcp: %w", err)
		}
	}
	return t, nil
}

// Start calls a tool. The request's Input is a [ToolCall], and its IdempotencyKey is not sent: MCP
// knows none. The Status is terminal and has no ID if the server was done at once.
func (t *Tasks) Start(ctx context.Context, req transport.CreateRequest) (transport.Status, error) {
	params, err := t.form.params(req.Input)
	if err != nil {
		return transport.Status{}, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("mcp: %w", err)}
	}
	st, err := t.calls.Start(ctx, transport.CreateRequest{Input: params})
	if err != nil {
		return transport.Status{}, err
	}
	tidy(&st)
	if st.ID != "" {
		st.Result = nil
		if st.State == transport.Completed { // the result, which is not here, may say otherwise
			st.State = transport.Running
		}
	}
	return st, nil
}

// Status asks about a task by tasks/get. In the Core form, that of a completed task also fetches
// the result by tasks/result, so as to tell whether the tool failed.
func (t *Tasks) Status(ctx context.Context, id string) (transport.Status, error) {
	st, err := t.tasks.Status(ctx, id)
	if err != nil {
		return transport.Status{}, err
	}
	tidy(&st)
	if st.State != transport.Completed || len(st.Result) > 0 {
		return st, nil
	}
	if t.form == Extension {
		return transport.Status{}, &transport.Error{Class: transport.Malformed, Err: errNoResult}
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
)

// tidy leaves the service's word for the state alone in Raw.
func tidy(st *transport.Status) {
	word, _, _ := bytes.Cut([]byte(st.Raw), []byte(", "))
	st.Raw = string(word)
}

// Cancel asks the server to cancel a task by tasks/cancel. In the Extension form the server may
// accept this and complete the task all the same.
func (t *Tasks) Cancel(ctx context.Context, id string) error { return t.tasks.Cancel(ctx, id) }

// Fetch returns the result of the tool call: a CallToolResult, as JSON. Status returns it too; the
// error matches [errors.ErrUnsupported] if done has it. A call whose result says isError is an
// error.
func (t *Tasks) Fetch(ctx context.Context, done transport.Status) (io.ReadCloser, error) {
	switch {
	case done.State != transport.Completed: // tasks/result would wait for the end
		return nil, &transport.Error{Class: transport.Permanent, Err: errNoEnd}
	case len(done.Result) > 0:
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("mcp: %w: the status has the result", errors.ErrUnsupported)}
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
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("%w: %s", errNoEnd, st)}
	case len(st.Result) == 0:
		return nil, &transport.Error{Class: transport.Malformed, Err: errNoResult}
	}
	return io.NopCloser(bytes.NewReader(st.Result)), nil
}

// Close closes the idle connections of Tasks made by NewHTTP. It always returns nil.
func (t *Tasks) Close() error {
	t.close()
	return nil
}
