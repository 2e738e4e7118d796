package a2a

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

const (
	// DefaultMaxBody is how many bytes an answer has at most, the artifacts included. It can be set
	// by WithREST and [rest.WithMaxBody].
	DefaultMaxBody = 16 << 20
	// maxEvent and maxStream bound the stream that the answer to one call may come in, in bytes.
	maxEvent, maxStream = DefaultMaxBody, 4 * DefaultMaxBody
)

// Binding is a way in which agents are asked.
type Binding uint8

const (
	// HTTP is the binding HTTP+JSON: GET /tasks/{id} and the like, under the endpoint.
	HTTP Binding = iota
	// JSONRPC is the binding JSONRPC of version 1.0: POST with methods such as GetTask.
	JSONRPC
	// JSONRPC03 is the binding JSONRPC of versions 0.2 and 0.3: POST with methods such as tasks/get.
	JSONRPC03
)

// String returns the binding's name.
func (b Binding) String() string {
	switch b {
	case HTTP:
		return "HTTP+JSON"
	case JSONRPC:
		return "JSONRPC"
	case JSONRPC03:
		return "JSONRPC 0.3"
	default:
		return fmt.Sprintf("binding(%d)", uint8(b))
	}
}

// Option sets one thing about the Tasks that New makes. A nil Option sets nothing.
type Option func(*config)

type config struct {
	binding Binding
	next    http.RoundTripper
	rest    []rest.Option
}

// WithBinding says how the agent is asked; the default is HTTP.
func WithBinding(b Binding) Option { return func(c *config) { c.binding = b } }

// WithRoundTripper sets what carries the requests. Nil, the default, is a pool of connections as
// package rest makes it, which Close closes.
func WithRoundTripper(rt http.RoundTripper) Option { return func(c *config) { c.next = rt } }

// WithREST passes options to the client of package rest: a token, headers, how often a request is
// sent again. A dialect and a RoundTripper among them have no effect; see WithRoundTripper.
func WithREST(opts ...rest.Option) Option {
	return func(c *config) { c.rest = append(c.rest, opts...) }
}

func newConfig(opts []Option) (config, error) {
	var c config
	for _, o := range opts {
		if o != nil {
			o(&c)
		}
	}
	if c.binding > JSONRPC03 {
		return c, fmt.Errorf("a2a: WithBinding: %v: no such binding", c.binding)
	}
	return c, nil
}

// carriers returns what sends requests, what sends those that are answered by a stream, and what
// closes their idle connections. A stream may be silent before its first event, so its pool does
// not bound the wait for the answer's headers.
func (c *config) carriers() (asking, streaming http.RoundTripper, idle func()) {
	asking, streaming, idle = c.next, c.next, func() {}
	if c.next == nil {
		pool, patient := web.NewPool(nil, rest.DefaultMaxConnections), web.NewPool(nil, rest.DefaultMaxConnections)
		patient.ResponseHeaderTimeout = 0
		asking, streaming = pool, patient
		idle = func() {
			pool.CloseIdleConnections()
			patient.CloseIdleConnections()
		}
	}
	if c.binding != HTTP {
		asking = &rpc.Carrier{Next: asking, MaxEvent: maxEvent, MaxStream: maxStream}
		streaming = &rpc.Carrier{Next: streaming, Streams: true}
	}
	return asking, streaming, idle
}

var (
	errFragment = errors.New("the endpoint has a fragment")
	errQuery    = errors.New("the endpoint has a query, which the binding HTTP+JSON has no place for")
)

// split returns the base URL for package rest, and the path of the calls. With the binding HTTP,
// the path is what all calls begin with.
func (b Binding) split(endpoint string) (base, path string, err error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return "", "", errors.Unwrap(err) // which does not quote the endpoint
	case u.Fragment != "":
		return "", "", errFragment
	case b == HTTP && u.RawQuery != "":
		return "", "", errQuery
	}
	path = u.EscapedPath()
	if b == HTTP {
		path = strings.TrimSuffix(path, "/")
	} else if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return (&url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}).String(), path, nil
}
