package rpc

import (
	"net/http"
	"slices"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// MaxBody is the default bound of an answer, in bytes.
const MaxBody = 16 << 20

// Service makes the clients of one service. Unlike other clients of package rest, they follow a
// redirect of a POST by a 307 or 308 to the same origin: a web framework answers so if a path lacks
// its last slash.
type Service struct {
	// Base is the base URL.
	Base string
	// Options apply to all clients. A dialect or a RoundTripper among them has no effect.
	Options []rest.Option
}

// Route is how one client of a service sends its requests.
type Route struct {
	// Dialect is the dialect of the client.
	Dialect rest.Dialect
	// Over sends the requests.
	Over http.RoundTripper
}

// Clients returns a client for each route, in their order.
func (s Service) Clients(routes ...Route) ([]*rest.Client, error) {
	clients := make([]*rest.Client, len(routes))
	for i, r := range routes {
		opts := slices.Concat([]rest.Option{rest.WithMaxBody(MaxBody)}, s.Options,
			[]rest.Option{rest.WithDialect(r.Dialect), rest.WithRoundTripper(r.Over), repeatsPOST})
		var err error
		if clients[i], err = rest.New(s.Base, opts...); err != nil {
			return nil, err // the other clients would fail for the same reasons
		}
	}
	return clients, nil
}

func repeatsPOST(c *exchange.Config) { c.RepeatsPOST = true }
