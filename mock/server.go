package mock

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// Server is a [Service] that listens on a free port of 127.0.0.1. Use [NewServer] to make one. To
// listen at another address, serve a Service with net/http.
type Server struct {
	*Service
	// URL is the base URL, such as http://127.0.0.1:43210.
	URL string

	client *http.Client
}

// InMemory makes a Server that has no socket. Only its [Server.Client] reaches it. The requests of
// any other client fail at once. Such a Server and transport/rest work inside a testing/synctest
// bubble. In a bubble, NewServer fails the test without this option.
//
//	srv := mock.NewServer(t, mock.InMemory(),
//		mock.Job("report-1", mock.Pending(time.Hour), mock.Completed(nil)))
//	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithREST(rest.WithHTTPClient(srv.Client())))
func InMemory() Option { return func(c *config) { c.memory = true } }

// NewServer starts a Server, and closes it when the test ends. If options are wrong, it fails the
// test; for an impossible script, the message has the line of the script.
func NewServer(t TB, opts ...Option) *Server {
	if t == nil {
		panic("mock: NewServer: the test is nil")
	}
	t.Helper()
	c, err := newConfig(opts)
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	if !c.memory && quiet.InBubble() {
		t.Fatalf("mock: NewServer needs the option InMemory in a bubble of testing/synctest, where no time passes while code waits for a socket: " +
			"use mock.NewServer(t, mock.InMemory(), …) and the option jobstatus.WithREST(rest.WithHTTPClient(srv.Client()))")
	}
	s := &Server{Service: c.Service}
	pool := &http.Transport{MaxIdleConnsPerHost: 256}
	var l net.Listener
	if c.memory {
		m := newMemory()
		l, pool.DialContext, s.URL = m, m.dial, "http://127.0.0.1:0"
	} else {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatalf("mock: %v", err)
		}
		s.URL = "http://" + l.Addr().String()
	}
	s.client = &http.Client{Transport: carrier{pool, c.clock}}
	ctx, cancel := context.WithCancel(context.Background()) // ends the waits of handlers
	// The limit is long, because a busy machine must not change the course of a test.
	server := &http.Server{Handler: s.Service, ReadHeaderTimeout: 12 * quiet.Guard,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan struct{})
	go func() { // ends with Close
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		pool.CloseIdleConnections()
		s.push.end()
		cancel()
		_ = server.Close()
		<-done
	})
	return s
}

// Client returns an HTTP client that reaches the Server. If the Server is on a [Clock], the Clock
// sees the client's requests. Code in [Clock.Run] may then use the client, and the Clock advances
// while the service waits.
func (s *Server) Client() *http.Client {
	if s == nil || s.client == nil {
		return &http.Client{Transport: notMade{}}
	}
	return s.client
}

// notMade is a handler that refuses every request.
type notMade struct{}

func (notMade) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("mock: %w", errNotMade)
}

// carrier sends the requests of a Server's Client. A request within a poll belongs to that poll.
// Any other request is a piece of work that its caller waits for.
type carrier struct {
	pool  *http.Transport
	clock clock.Clock
}

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	clk, ok := c.clock.(*Clock)
	if !ok {
		return c.pool.RoundTrip(r)
	}
	ctx := r.Context()
	r, left := web.Announce(r, clk)
	over := left
	if wait.Clock(ctx) != c.clock {
		clk.tally.Begin()
		clk.lookout.Park()
		over = func() {
			left()
			clk.tally.Unpark()
			clk.tally.End()
		}
	}
	over = sync.OnceFunc(over)
	answer, err := c.pool.RoundTrip(r)
	if err != nil {
		over()
		return nil, err
	}
	answer.Body = carried{answer.Body, over}
	return answer, nil
}

// carried is the body of an answer. The request is over when the body has been read or closed.
type carried struct {
	io.ReadCloser
	over func()
}

func (c carried) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil {
		c.over()
	}
	return n, err
}

func (c carried) Close() error {
	c.over()
	return c.ReadCloser.Close()
}

// memory is a listener without a socket.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
	dialed atomic.Int64
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

// memoryAddr is the address of a listener in memory, or of one of its connections.
type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }

// memoryConn is one end of a pipe that knows the client's address.
type memoryConn struct {
	net.Conn
	client memoryAddr
}

func (c memoryConn) LocalAddr() net.Addr  { return c.client }
func (c memoryConn) RemoteAddr() net.Addr { return c.client }

func (m *memory) Addr() net.Addr { return memoryAddr("127.0.0.1:0") }

func (m *memory) Close() error {
	m.close.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	name := memoryAddr(fmt.Sprintf("client-%d", m.dialed.Add(1)))
	select {
	case m.conns <- memoryConn{server, name}:
		return memoryConn{client, name}, nil
	case <-m.closed:
		return nil, &net.OpError{Op: "dial", Net: "memory", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
