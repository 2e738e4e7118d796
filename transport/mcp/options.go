package mcp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// DefaultMaxBody is how many bytes an answer has at most, a result included. It can be set by
// WithREST and [rest.WithMaxBody].
const DefaultMaxBody = 16 << 20

// Form is one of the two forms of tasks.
type Form uint8

const (
	// Extension is the extension io.modelcontextprotocol/tasks (SEP-2663), of protocol version
	// 2026-07-28.
	Extension Form = iota
	// Core is the form of protocol version 2025-11-25.
	Core
)

// String returns the form's name.
func (f Form) String() string {
	switch f {
	case Extension:
		return "extension"
	case Core:
		return "core"
	default:
		return fmt.Sprintf("form(%d)", uint8(f))
	}
}

// version returns the protocol version that has the form.
func (f Form) version() string {
	if f == Core {
		return "2025-11-25"
	}
	return "2026-07-28"
}

// Option sets one thing about the Tasks that New or NewHTTP makes. A nil Option sets nothing.
type Option func(*config)

type config struct {
	form Form
	next http.RoundTripper
	rest []rest.Option
}

// WithForm says which form of tasks the server speaks; the default is Extension.
func WithForm(f Form) Option { return func(c *config) { c.form = f } }

// WithRoundTripper sets what carries the requests of NewHTTP. Nil, the default, is a pool of
// connections as package rest makes it, which Close closes.
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
	if c.form > Core {
		return c, fmt.Errorf("mcp: WithForm: %v: no such form", c.form)
	}
	return c, nil
}

var errNoCarrier = errors.New("mcp: WithRoundTripper has no effect on a session")
