package rpc

import (
	"errors"
	"fmt"
	"net/http"

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

// RoundTrippers returns the RoundTrippers for requests that are answered at once and by a stream.
// The function closes the idle connections of their pools; without pools it does nothing.
//
// A stream may be silent before its first event. Its pool therefore sets no timeout for the headers
// of the answer.
func (o *Options) RoundTrippers() (plain, streaming http.RoundTripper, closeIdle func()) {
	if o.Next != nil {
		return o.Next, o.Next, func() {}
	}
	quick := web.NewPool(nil, rest.DefaultMaxConnections)
	patient := web.NewPool(nil, rest.DefaultMaxConnections)
	patient.ResponseHeaderTimeout = 0
	return quick, patient, func() {
		quick.CloseIdleConnections()
		patient.CloseIdleConnections()
	}
}
