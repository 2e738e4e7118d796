package rpc

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Options are the options that all transports of this kind take.
type Options struct {
	// Next sends the requests. Nil, the default, is a pool of connections.
	Next http.RoundTripper
	// REST has the options of the clients of package rest.
	REST []rest.Option
}

// Gather applies options to a zero config, in their order, and returns it. Nil options are errors.
func Gather[C any, O ~func(*C)](opts []O) (config C, err error) {
	for i, set := range opts {
		if set == nil {
			err = errors.Join(err, fmt.Errorf("option %d is nil", i))
			continue
		}
		set(&config)
	}
	return config, err
}

// RoundTrippers send the requests to one service. They differ in how long they wait for the headers
// of an answer.
type RoundTrippers struct {
	// Quick sends requests that are answered at once.
	Quick http.RoundTripper
	// Starts sends requests that start a task. A service may first do a part of the work.
	Starts http.RoundTripper
	// Streams sends requests that a stream answers. It sets no timeout, because a stream may be
	// silent before its first event.
	Streams http.RoundTripper

	// REST has the options for the clients that use the RoundTrippers.
	REST []rest.Option

	pools []*http.Transport // none if the user has set a RoundTripper
}

// RoundTrippers returns the RoundTrippers for requests to the service at base.
func (o *Options) RoundTrippers(base string) RoundTrippers {
	if o.Next != nil {
		return RoundTrippers{Quick: o.Next, Starts: o.Next, Streams: o.Next, REST: o.REST}
	}
	cfg := exchange.NewConfig(exchange.Defaults{Name: "rpc"})
	exchange.Apply(cfg, o.REST)
	to := cfg.Settings(base) // whose problems package rest reports
	pool := func(timeout time.Duration) *http.Transport {
		p := web.NewPool(cfg.TLS, cmp.Or(cfg.Connections, rest.DefaultMaxConnections))
		p.ResponseHeaderTimeout = timeout
		web.GuardDials(p, append([]*url.URL{to.Base}, to.Origins...), cfg.Resolver)
		return p
	}
	quick, starts, streams := pool(web.HeaderTimeout), pool(web.StartTimeout), pool(0)
	return RoundTrippers{
		Quick: quick, Starts: starts, Streams: streams,
		REST:  append(slices.Clip(o.REST), applied),
		pools: []*http.Transport{quick, starts, streams},
	}
}

// applied removes the options that the pools have applied. Package rest refuses them beside a
// RoundTripper.
func applied(c *exchange.Config) { c.TLS, c.Connections = nil, 0 }

// CloseIdleConnections closes the idle connections of the pools that were made for the service.
func (r RoundTrippers) CloseIdleConnections() {
	for _, p := range r.pools {
		p.CloseIdleConnections()
	}
}
