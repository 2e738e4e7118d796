package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Caller makes one JSON-RPC request over a session that is open, and returns the result as the
// server encoded it. The params are JSON. If the server answers with a JSON-RPC error, Call returns
// an *Error. Any other error is taken for a fault of the session that passes. Call returns soon
// after ctx is done. It is used by many goroutines at once.
type Caller interface {
	Call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error)
}

// CallerFunc is a function that is a Caller.
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

var errNoCaller = errors.New("mcp: nil Caller")

// New returns the Tasks of the server at the other end of a session.
func New(session Caller, opts ...Option) (*Tasks, error) {
	c, err := newConfig(opts)
	f, isFunc := session.(CallerFunc)
	switch {
	case err != nil:
		return nil, err
	case session == nil || isFunc && f == nil:
		return nil, errNoCaller
	case c.next != nil:
		return nil, errNoCarrier
	}
	p := protocol{form: c.form, path: "/"}
	return newTasks("http://session.mcp", p, carrier{session}, append(c.rest, rest.WithRetries(rest.NoRetries)))
}

// carrier is the RoundTripper that sends requests over a session.
type carrier struct{ session Caller }

// RoundTrip makes the call that the body of r describes.
func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	m, err := rpc.Read(r)
	if err != nil {
		return nil, err
	}
	answer := rpc.Response{JSONRPC: rpc.Version, ID: m.ID}
	answer.Result, err = c.session.Call(r.Context(), m.Method, m.Params)
	if refused := (*Error)(nil); errors.As(err, &refused) && refused != nil {
		answer.Result, answer.Error = nil, &rpc.Error{Code: refused.Code, Message: refused.Message}
	} else if err != nil {
		return nil, err
	}
	body, err := json.Marshal(&answer)
	if err != nil { // the result is no JSON
		body = answer.Result
	}
	return rpc.Answer(r, body), nil
}
