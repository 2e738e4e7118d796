package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Caller makes JSON-RPC requests over an open session. It must be safe for concurrent use.
type Caller interface {
	// Call sends one request, and returns the result as the server encoded it. The params are JSON. If
	// the answer is a JSON-RPC error, Call returns it as an *Error. A *transport.Error keeps its
	// class, which should be Misdirected if the session has ended for good. Any other error counts as
	// transient. Call returns soon after ctx is done.
	Call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error)
}

// CallerFunc is a function that serves as a Caller.
type CallerFunc func(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error)

// Call calls f.
func (f CallerFunc) Call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	return f(ctx, method, params)
}

// Error is the error of a JSON-RPC response.
type Error struct {
	// Code is the error's number, such as -32602.
	Code int64
	// Message is the error's text.
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

var (
	errNoCaller  = errors.New("mcp: nil Caller")
	errNoCarrier = errors.New("mcp: WithRoundTripper has no effect on a session")
)

// New returns the Tasks of the server at the other end of a session. The error says what is wrong
// with the session or the options.
func New(session Caller, opts ...Option) (*Tasks, error) {
	c, wrong := rpc.Gather[config](opts)
	switch {
	case wrong != nil:
		return nil, fmt.Errorf("mcp: %w", wrong)
	case session == nil || problems.IsNil(session):
		return nil, errNoCaller
	case c.Next != nil:
		return nil, errNoCarrier
	}
	return newTasks(protocol{form: c.form, path: "/"}, rpc.Service{
		Base: "http://session.mcp", Options: append(c.REST, rest.WithRetries(rest.NoRetries)),
	}, over(session), over(session))
}

// over returns the session of a Caller.
func over(c Caller) rpc.Session {
	return func(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
		result, err := c.Call(ctx, method, params)
		if refused := (*Error)(nil); errors.As(err, &refused) && refused != nil {
			return nil, &rpc.Error{Code: refused.Code, Message: refused.Message}
		}
		return result, err
	}
}
