package mcp

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ToolCall is the Input of a [transport.CreateRequest]: the call of one tool.
type ToolCall struct {
	// Name is the tool's name.
	Name string
	// Arguments are encoded as JSON. Nil, the default, is an empty object.
	Arguments any
	// TTL is how long the server should keep the task, at least a millisecond. It is sent in
	// milliseconds, and only in the Core form. By default the server chooses.
	TTL time.Duration
	// Meta is added to the _meta of the call, and replaces members of the same name. By default
	// nothing is added.
	Meta map[string]any
}

// String returns the tool's name. It leaves out the arguments, which may be private.
func (c ToolCall) String() string { return "call of the tool " + c.Name }

// GoString returns what String returns, so that no verb of package fmt prints the arguments.
func (c ToolCall) GoString() string { return c.String() }

var errNoTool = errors.New("the ToolCall has no Name")

// callParams are the params of tools/call.
type callParams struct {
	Name      string         `json:"name"`
	Arguments any            `json:"arguments"`
	Task      *taskParams    `json:"task,omitempty"`
	Meta      map[string]any `json:"_meta,omitempty"`
}

type taskParams struct {
	TTL int64 `json:"ttl,omitempty"` // in milliseconds
}

// params returns the params of a call in the form f.
func (f Form) params(input any) (callParams, error) {
	c, err := rpc.Input[ToolCall](input)
	switch {
	case err != nil:
		return callParams{}, err
	case c.Name == "":
		return callParams{}, errNoTool
	case c.TTL < 0:
		return callParams{}, fmt.Errorf("field TTL: %v is negative", c.TTL)
	case c.TTL > 0 && c.TTL < time.Millisecond: // it would be sent as if it were not set
		return callParams{}, fmt.Errorf("field TTL: %v is less than a millisecond", c.TTL)
	}
	p := callParams{Name: c.Name, Arguments: c.Arguments, Meta: c.Meta}
	if p.Arguments == nil {
		p.Arguments = map[string]any{}
	}
	if f == Core {
		p.Task = &taskParams{c.TTL.Milliseconds()}
		return p, nil
	}
	p.Meta = f.identity()
	maps.Copy(p.Meta, c.Meta)
	return p, nil
}

const metaPrefix = "io.modelcontextprotocol/"

// identity returns the _meta that every request has since protocol version 2026-07-28. It says that
// the client understands tasks.
func (f Form) identity() map[string]any {
	return map[string]any{
		metaPrefix + "protocolVersion":    f.version(),
		metaPrefix + "clientInfo":         map[string]any{"name": rest.UserAgent, "version": "1"},
		metaPrefix + "clientCapabilities": map[string]any{"extensions": map[string]any{metaPrefix + "tasks": struct{}{}}},
	}
}
