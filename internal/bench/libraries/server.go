package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/bench/child"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
)

// serveConfig says how many jobs the service has, and how long they take: from one duration to
// another, evenly.
type serveConfig struct {
	Jobs     int
	From, To time.Duration
}

// served is what the service has seen.
type served struct {
	Requests int64
	Opened   int           // connections
	Peak     int           // connections at once
	Unheard  int           // jobs that nobody was told the end of
	Late     time.Duration // of the others: how long after their end that was, on average
}

// serve is the part of a child that is the service. Its jobs begin with the first request.
func serve(parent child.Parent) error {
	var c serveConfig
	if err := parent.Read(&c); err != nil {
		return err
	}
	begin := sync.OnceValues(func() (*mock.Service, error) {
		jobs := scripts(numbered(c.Jobs), mock.Pending(duration.Uniform(c.From, c.To)), mock.Completed(nil))
		return mock.NewService(append(jobs, mock.KeepCalls(0))...)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var requests atomic.Int64
	var conns connections
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			if jobs, err := begin(); err == nil { // else it is reported below
				jobs.ServeHTTP(w, r)
			}
		}),
		ConnState:         conns.changed,
		ReadHeaderTimeout: time.Minute,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }() // ends with Shutdown
	if err := parent.Write("http://" + l.Addr().String()); err != nil {
		return err
	}
	parent.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(ctx) // what it leaves open ends with the process
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	jobs, err := begin()
	if err != nil {
		return err
	}
	report := served{Requests: requests.Load(), Opened: conns.opened, Peak: conns.peak}
	report.count(jobs, c.Jobs)
	return parent.Write(report)
}

// count finds how many of n jobs nobody heard the end of, and how late the others were heard of.
func (s *served) count(jobs *mock.Service, n int) {
	for j := range jobs.Jobs() {
		if j.Told.IsZero() {
			s.Unheard++
		} else {
			s.Late += j.Told.Sub(j.Updated)
		}
	}
	s.Late /= time.Duration(max(n-s.Unheard, 1))
}

// scripts gives jobs with the given ids the same script.
func scripts(ids iter.Seq[string], script ...mock.Step) (all []mock.Option) {
	for id := range ids {
		all = append(all, mock.Job(id, script...))
	}
	return all
}

// numbered yields the ids of n jobs.
func numbered(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("job-%06d", i)) {
				return
			}
		}
	}
}

// connections counts those of a server.
type connections struct {
	mu                 sync.Mutex
	open, opened, peak int
}

func (c *connections) changed(_ net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		c.open++
		c.opened++
		c.peak = max(c.peak, c.open)
	case http.StateClosed, http.StateHijacked:
		c.open--
	}
}
