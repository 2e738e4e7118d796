package mcp

import (
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// DefaultMaxBody is the largest answer, including the result in it: 16 MiB. [WithREST] with
// [rest.WithMaxBody] sets another size.
const DefaultMaxBody = rpc.MaxBody

// Form is one of the two forms of tasks.
type Form uint8

const (
	// Extension is the extension io.modelcontextprotocol/tasks (SEP-2663) of protocol version
	// 2026-07-28.
	Extension Form = iota
	// Core is the form of protocol version 2025-11-25.
	Core
)

// String returns the form's name.
func (f Form) String() string { return rpc.Name("form", f, "extension", "core") }

// version returns the protocol version that has the form.
func (f Form) version() string { return rpc.Name("version", f, "2026-07-28", "2025-11-25") }

// Option sets one property of the [Tasks] that [New] or [NewHTTP] makes. A nil Option is an error
// of these functions.
type Option func(*config)

type config struct {
	form Form
	rpc.Options
}

// WithForm sets the form of tasks that the server speaks. The default is Extension.
func WithForm(f Form) Option { return func(c *config) { c.form = f } }

// WithRoundTripper sets the RoundTripper that sends the requests of [NewHTTP]. The default, or nil,
// is a pool of connections that [Tasks.Close] closes. [New] refuses a RoundTripper.
func WithRoundTripper(rt http.RoundTripper) Option { return func(c *config) { c.Next = rt } }

// WithREST sets options of the client of package rest, such as a token, headers or the number of
// retries. A dialect or a RoundTripper among them has no effect; see [WithRoundTripper]. Without a
// RoundTripper, calls of tools and other requests have a pool each, which [rest.WithMaxConnections]
// limits.
func WithREST(opts ...rest.Option) Option {
	return func(c *config) { c.REST = append(c.REST, opts...) }
}
