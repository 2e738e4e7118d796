package a2a

import (
	"errors"
	"net/http"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// DefaultMaxBody is the largest answer, including the artifacts in it: 16 MiB. [WithREST] with
// [rest.WithMaxBody] sets another size.
const DefaultMaxBody = rpc.MaxBody

// Binding is a form of the requests to an agent.
type Binding uint8

const (
	// HTTP is the binding HTTP+JSON, with requests such as GET /tasks/{id} under the endpoint.
	HTTP Binding = iota
	// JSONRPC is the binding JSONRPC of version 1.0, with methods such as GetTask.
	JSONRPC
	// JSONRPC03 is the binding JSONRPC of versions 0.2 and 0.3, with methods such as tasks/get.
	JSONRPC03
)

// String returns the binding's name.
func (b Binding) String() string {
	return rpc.Name("binding", b, "HTTP+JSON", "JSONRPC", "JSONRPC 0.3")
}

// Option sets one property of the [Tasks] that [New] makes. A nil Option is an error of New.
type Option func(*config)

type config struct {
	binding Binding
	rpc.Options
}

// WithBinding sets the binding that the agent speaks. The default is HTTP.
func WithBinding(b Binding) Option { return func(c *config) { c.binding = b } }

// WithRoundTripper sets the RoundTripper that sends the requests. The default, or nil, is a pool of
// connections that [Tasks.Close] closes.
func WithRoundTripper(rt http.RoundTripper) Option { return func(c *config) { c.Next = rt } }

// WithREST sets options of the client of package rest, such as a token, headers or the number of
// retries. A dialect or a RoundTripper among them has no effect; see [WithRoundTripper]. Without a
// RoundTripper, there is a pool for each kind of request, which [rest.WithMaxConnections] limits.
func WithREST(opts ...rest.Option) Option {
	return func(c *config) { c.REST = append(c.REST, opts...) }
}

var errQuery = errors.New("the endpoint has a query, which the binding HTTP+JSON has no place for")

// at returns the protocol of an agent at an endpoint, and the base URL. With the binding HTTP the
// path is what all paths begin with.
func (b Binding) at(endpoint string) (p protocol, base string, err error) {
	to, err := rpc.ParseEndpoint(endpoint)
	switch {
	case err != nil:
		return p, "", err
	case b != HTTP:
		return protocol{b, to.Target()}, to.Base, nil
	case to.Query != "":
		return p, "", errQuery
	default:
		return protocol{b, strings.TrimSuffix(to.Path, "/")}, to.Base, nil
	}
}
