package mock

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// Server is a Service that listens.
type Server struct {
	*Service
	// URL is the base URL, such as http://127.0.0.1:43210.
	URL string

	client *http.Client
}

// Listen sets the address that a Server listens on. The default is a free port of 127.0.0.1, and
// any other host can be reached from other machines. An empty address is the default.
func Listen(address string) Option { return func(c *config) { c.listen = cmp.Or(address, c.listen) } }

// InMemory makes a Server listen on no socket: it is reached by its Client alone. So the whole of
// transport/rest runs inside a testing/synctest bubble, where time passes by itself once all wait.
// There NewServer fails the test without it.
//
//	srv := mock.NewServer(t, mock.InMemory(), mock.Job("report-1", mock.Pending(time.Hour), mock.Completed(nil)))
//	client, err := rest.New(srv.URL, rest.WithHTTPClient(srv.Client()))
func InMemory() Option { return func(c *config) { c.memory = true } }

// NewServer starts a Server and closes it with the test. A script that can't be fails the test with
// the line that wrote it.
func NewServer(t TB, opts ...Option) *Server {
	if t == nil {
		panic("mock: NewServer: the test is nil")
	}
	t.Helper()
	c, err := newConfig(opts)
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	if !c.memory && inBubble() {
		t.Fatalf("mock: a Server with a socket in a bubble of testing/synctest, where no time passes while a socket is waited for: " +
			"give NewServer the option InMemory, and rest.New the option rest.WithHTTPClient(srv.Client())")
	}
	s := &Server{Service: c.Service}
	pool := &http.Transport{MaxIdleConnsPerHost: 256}
	var l net.Listener
	if c.memory {
		m := newMemory()
		l, pool.DialContext, s.URL = m, m.dial, "http://mock.test"
	} else {
		if l, err = net.Listen("tcp", c.listen); err != nil {
			t.Fatalf("mock: %v", err)
		}
		s.URL = "http://" + l.Addr().String()
	}
	s.client = &http.Client{Transport: carrier{pool, c.clock}}
	ctx, cancel := context.WithCancel(context.Background()) // ends what handlers wait for
	server := &http.Server{Handler: s.Service, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan struct{})
	go func() { // ends with Close
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		pool.CloseIdleConnections()
		cancel()
		_ = server.Close()
		<-done
	})
	return s
}

// Client returns an HTTP client that reaches the Server. If the Server is on a Clock, that knows of
// the client's requests: code of one's own that asks with it may run within Run, and the Clock
// moves while the service takes its time.
func (s *Server) Client() *http.Client {
	if s == nil || s.client == nil {
		return &http.Client{Transport: notMade{}}
	}
	return s.client
}

// notMade carries no request.
type notMade struct{}

func (notMade) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("mock: %w", errNotMade)
}

// carrier carries the requests of a Server's Client. Those that are made within a poll count as
// part of it, and any other as a piece of work that its caller waits for.
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
		clk.Begin()
		clk.Park()
		over = func() {
			left()
			clk.Unpark()
			clk.End()
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

// carried is the body of an answer. With its end, or once it is closed, the request is over.
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

// memoryAddr is a listener's, or tells the connections of one apart.
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

func (m *memory) Addr() net.Addr { return memoryAddr("mock.test:80") }

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
