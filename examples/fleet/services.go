package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
)

// workerHeader is the header with the name of the worker, so that the service can count its polls.
const workerHeader = "X-Worker"

// serve starts a service of jobs on a free port of this machine. It tells the board of each poll.
func serve(b *board) (url string, stop func(), err error) {
	service, err := mock.NewService(mock.CreatedBy(func(mock.Creation) []mock.Step {
		takes := shortest + rand.N(longest-shortest)
		return []mock.Step{mock.Running(takes), mock.Completed(nil)}
	}))
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if owner := r.Header.Get(workerHeader); owner != "" {
			b.polled(path.Base(r.URL.Path), owner)
		}
		service.ServeHTTP(w, r)
	})
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() { _ = s.Close() }, nil
}

// serveNATS starts a NATS server with JetStream on a free port of this machine. A program would
// connect to a cluster.
func serveNATS() (url string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "fleet-*")
	if err != nil {
		return "", nil, err
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.Start()
	stop = func() {
		s.Shutdown()
		s.WaitForShutdown()
		_ = os.RemoveAll(dir)
	}
	if !s.ReadyForConnections(10 * time.Second) {
		stop()
		return "", nil, errors.New("the NATS server did not start")
	}
	return s.ClientURL(), stop, nil
}

// create starts jobs and returns their ids.
func create(ctx context.Context, service string, jobs int) (ids []string, err error) {
	w, err := jobstatus.NewHTTP(service)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for range jobs {
		id, err := w.CreateJob(ctx)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
