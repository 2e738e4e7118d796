package rpc

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

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

// RoundTrippers returns the RoundTrippers for requests to the service at base. The first is for
// requests that are answered at once, the second for requests that a stream answers. The function
// closeIdle closes the idle connections of their pools; without pools it does nothing.
//
// A stream may be silent before its first event. Its pool therefore sets no timeout for the headers
// of the answer.
func (o *Options) RoundTrippers(base string) (plain, streaming http.RoundTripper, closeIdle func()) {
	if o.Next != nil {
		return o.Next, o.Next, func() {}
	}
	quick := web.NewPool(nil, rest.DefaultMaxConnections)
	patient := web.NewPool(nil, rest.DefaultMaxConnections)
	patient.ResponseHeaderTimeout = 0
	cfg := exchange.NewConfig(exchange.Defaults{Name: "rpc"})
	exchange.Apply(cfg, o.REST)
	to := cfg.Settings(base) // whose problems package rest reports
	for _, pool := range []*http.Transport{quick, patient} {
		web.GuardDials(pool, append([]*url.URL{to.Base}, to.Origins...), cfg.Resolver)
	}
	return quick, patient, func() {
		quick.CloseIdleConnections()
		patient.CloseIdleConnections()
	}
}
