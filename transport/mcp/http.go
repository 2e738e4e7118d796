package mcp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// maxStream bounds, in bytes, the stream that an answer may come in.
const maxStream = 4 * DefaultMaxBody

// NewHTTP returns the Tasks of the server at an endpoint, such as "https://tools.example.com/mcp",
// over streamable HTTP. It opens no session. A server that needs one gets its id by
//
//	mcp.WithREST(rest.WithHeader("Mcp-Session-Id", id))
//
// An answer may come as a stream of events. What the server asks or tells on it meanwhile is not
// heard.
func NewHTTP(endpoint string, opts ...Option) (*Tasks, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	base, path, err := split(endpoint)
	if err != nil {
		return nil, fmt.Errorf("mcp: %w", err)
	}
	p := protocol{form: c.form, path: path, http: true}
	carrier := &rpc.Carrier{Next: c.next, MaxEvent: DefaultMaxBody, MaxStream: maxStream}
	if c.form == Extension {
		carrier.Mark = mark
	}
	var pool *http.Transport
	if c.next == nil {
		pool = web.NewPool(nil, rest.DefaultMaxConnections)
		carrier.Next = pool
	}
	t, err := newTasks(base, p, carrier, c.rest)
	if err == nil && pool != nil {
		t.close = pool.CloseIdleConnections
	}
	return t, err
}

var errFragment = errors.New("the endpoint has a fragment")

// split returns the origin of an endpoint, and the path with the query.
func split(endpoint string) (base, path string, err error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", "", errors.Unwrap(err) // which does not quote the endpoint
	}
	if u.Fragment != "" {
		return "", "", errFragment
	}
	path = u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return (&url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}).String(), path, nil
}

// mark sets the headers by which gateways route a request: Mcp-Method, and Mcp-Name with the tool
// or the task (SEP-2243).
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

// headerValue returns a text as SEP-2243 writes it in a header: in base64 unless it is plain ASCII.
func headerValue(s string) string {
	const before, after = "=?base64?", "?="
	plain := strings.TrimSpace(s) == s && !strings.HasPrefix(s, before) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
	if plain {
		return s
	}
	return before + base64.StdEncoding.EncodeToString([]byte(s)) + after
}
