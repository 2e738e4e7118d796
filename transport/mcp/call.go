package mcp

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ToolCall is the Input of a [transport.CreateRequest]: the call of one tool.
type ToolCall struct {
	// Name is the tool's name.
	Name string
	// Arguments are encoded as JSON; nil is an empty object.
	Arguments any
	// TTL is how long the server is asked to keep the task, in the Core form; the default is the
	// server's choice. It is sent in milliseconds.
	TTL time.Duration
	// Meta is added to the _meta of the call, and replaces what is there by the same name; the
	// default is nothing.
	Meta map[string]any
}

// String returns the tool's name. It leaves out the arguments, which may be private.
func (c ToolCall) String() string { return "call of the tool " + c.Name }

// GoString returns what String returns, so that no verb of package fmt prints a secret.
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
	var c ToolCall
	switch in := input.(type) {
	case ToolCall:
		c = in
	case *ToolCall:
		if in == nil {
			return callParams{}, errNoTool
		}
		c = *in
	default:
		return callParams{}, fmt.Errorf("the input is a %T, and must be a ToolCall", input)
	}
	switch {
	case c.Name == "":
		return callParams{}, errNoTool
	case c.TTL < 0:
		return callParams{}, fmt.Errorf("field TTL: %v is negative", c.TTL)
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
