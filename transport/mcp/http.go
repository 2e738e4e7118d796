package mcp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
)

// NewHTTP returns the Tasks of a server over streamable HTTP. The endpoint is a URL such as
// "https://tools.example.com/mcp".
//
// NewHTTP opens no session. For a server that needs one, pass the id of an open session:
//
//	mcp.WithREST(rest.WithHeader("Mcp-Session-Id", id))
//
// A server may answer with a stream of events. Requests and notifications in that stream are
// ignored. In the Core form, a stream that ends before the answer is resumed if its events have
// ids; otherwise the error is transient. A redirect to the same origin by a 307 or 308 is followed.
// An answer without a response of JSON-RPC is malformed. A server of the older transport HTTP+SSE
// gives such answers: a 202 that is empty or says "Accepted".
func NewHTTP(endpoint string, opts ...Option) (*Tasks, error) {
	c, wrong := rpc.Gather[config](opts)
	to, err := rpc.ParseEndpoint(endpoint)
	if err := errors.Join(wrong, err); err != nil {
		return nil, fmt.Errorf("mcp: %w", err)
	}
	trippers := c.RoundTrippers(to.Base)
	carrier := &rpc.Carrier{Next: trippers.Quick, Resumes: c.form == Core} // version 2026-07-28 resumes no streams
	if c.form == Extension {
		carrier.Mark = mark
	}
	p := protocol{form: c.form, path: to.Target(), http: true}
	t, err := newTasks(p, rpc.Service{Base: to.Base, Options: trippers.REST}, carrier.Over(trippers.Starts), carrier)
	if err != nil {
		return nil, err
	}
	t.close = trippers.CloseIdleConnections
	return t, nil
}

// mark sets the headers by which gateways route a request (SEP-2243). Mcp-Name is the tool or the
// task.
func mark(h http.Header, m *rpc.Request) {
	var p struct{ Name, TaskID string }
	_ = json.Unmarshal(m.Params, &p) // they are our own
	name := p.TaskID
	if m.Method == methodCall {
		name = p.Name
	}
	h.Set("Mcp-Method", m.Method)
	h.Set("Mcp-Name", headerValue(name))
}

// headerValue encodes a text for a header as SEP-2243 says: in base64, unless it is plain ASCII.
func headerValue(s string) string {
	const before, after = "=?base64?", "?="
	plain := strings.TrimSpace(s) == s && !strings.HasPrefix(s, before) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
	if plain {
		return s
	}
	return before + base64.StdEncoding.EncodeToString([]byte(s)) + after
}
