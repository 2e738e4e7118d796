package mock

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Server is a Service on a port of 127.0.0.1.
type Server struct {
	*Service
	// URL is the base URL, such as http://127.0.0.1:43210.
	URL string
}

// NewServer starts a Server on a free port of 127.0.0.1, and closes it with the test. A script that can't be fails the test with
// the line that wrote it.
func NewServer(t TB, opts ...Option) *Server {
	t.Helper()
	s := newService(t, opts)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { // ends with Close
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return &Server{Service: s, URL: "http://" + l.Addr().String()}
}

func newService(t TB, opts []Option) *Service {
	t.Helper()
	s, err := NewService(opts...)
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	return s
}

// Transport is a Service without a socket: a transport.Transport that can also create and cancel jobs. Of an Answer it returns
// the error that transport/rest would, in short: 404 is not found, 429 throttled, other 4xx permanent, and the rest transient.
type Transport struct{ *Service }

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Creator   = (*Transport)(nil)
	_ transport.Canceler  = (*Transport)(nil)
)

// NewTransport returns a Transport. A script that can't be fails the test with the line that wrote it.
func NewTransport(t TB, opts ...Option) *Transport {
	t.Helper()
	return &Transport{newService(t, opts)}
}

// Status returns where a job stands.
func (t *Transport) Status(ctx context.Context, id string) (transport.Status, error) {
	if ctx.Err() != nil {
		return transport.Status{}, context.Cause(ctx)
	}
	step, ok := t.poll(id)
	if !ok {
		t.record(Call{ID: id, Code: http.StatusNotFound})
		return transport.Status{}, notFound(id)
	}
	if step.answer != nil {
		t.record(Call{ID: id, Code: step.answer.code})
		return transport.Status{}, answerError(step.answer)
	}
	t.record(Call{ID: id, Code: http.StatusOK})
	return transport.Status{ID: id, State: step.state, Raw: words[step.state], Progress: step.progress, Message: step.message,
		Result: step.result}, nil
}

// Create starts a job.
func (t *Transport) Create(_ context.Context, req transport.CreateRequest) (string, error) {
	id, err := t.create(req.IdempotencyKey)
	t.record(Call{ID: id, Code: http.StatusOK})
	return id, err
}

// Cancel cancels a job that has not ended.
func (t *Transport) Cancel(_ context.Context, id string) error {
	if !t.cancel(id) {
		t.record(Call{ID: id, Code: http.StatusNotFound})
		return notFound(id)
	}
	t.record(Call{ID: id, Code: http.StatusOK})
	return nil
}

func notFound(id string) error {
	return &transport.Error{Class: transport.NotFound, Code: http.StatusNotFound, Err: errors.New("no job " + id)}
}

func answerError(a *answer) error {
	e := &transport.Error{Code: a.code, Err: errors.New(http.StatusText(a.code))}
	switch {
	case a.code == http.StatusNotFound:
		e.Class = transport.NotFound
	case a.code == http.StatusTooManyRequests:
		e.Class = transport.Throttled
	case a.code/100 == 4:
		e.Class = transport.Permanent
	}
	if after, err := time.ParseDuration(a.header.Get("Retry-After") + "s"); err == nil && after > 0 {
		e.RetryAfter = after
	}
	return e
}
