package main

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/bench/child"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
)

// serveConfig says what the service has.
type serveConfig struct {
	Jobs   int
	Faults float64
	Seed   uint64
}

// served is what the service has seen.
type served struct {
	Requests int // for a status
	Spoiled  int // of them those whose answer did not say how a job stands
	Unheard  int // jobs that nobody was told the end of
}

// serve is the part of a child that is the service.
func serve(parent child.Parent) error {
	var c serveConfig
	if err := parent.Read(&c); err != nil {
		return err
	}
	var report served
	opts := append(scripts(c.Jobs), faults(c.Faults)...)
	service, err := mock.NewService(append(opts, mock.WithSeed(c.Seed), mock.KeepCalls(0), mock.OnCall(func(call mock.Call) {
		report.Requests++
		if call.State == transport.Unknown {
			report.Spoiled++
		}
	}))...)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: service, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }() // ends with Close
	if err := parent.Write("http://" + l.Addr().String()); err != nil {
		return err
	}
	parent.Wait()
	_ = server.Close()
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	for j := range service.Jobs() { // waits for calls under way, so that nothing is counted any more
		if j.Told.IsZero() {
			report.Unheard++
		}
	}
	return parent.Write(report)
}
