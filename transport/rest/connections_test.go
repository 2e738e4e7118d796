package rest_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// gauge counts the connections of a server.
type gauge struct {
	mu                sync.Mutex
	open, most, total int
}

func (g *gauge) watch(_ net.Conn, s http.ConnState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch s {
	case http.StateNew:
		g.open++
		g.total++
		g.most = max(g.most, g.open)
	case http.StateClosed, http.StateHijacked:
		g.open--
	}
}

func TestConnectionsAreBoundedHoweverManyCallsAreUnderWay(t *testing.T) {
	t.Parallel()
	const calls = 2000
	const hold = 8 * time.Second // shorter than the pool's timeout for headers
	for name, c := range map[string]struct {
		opts []rest.Option
		most int
	}{
		"by default": {nil, rest.DefaultMaxConnections},
		"by option":  {[]rest.Option{rest.WithMaxConnections(7)}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var open gauge
			// Requests are held until as many are in flight as connections are allowed. With more
			// connections, the count is too high. With fewer, the holds end after a while, and the
			// count is too low.
			var connections sync.Map
			var count atomic.Int64
			full := make(chan struct{})
			release := sync.OnceFunc(func() { close(full) })
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, again := connections.LoadOrStore(r.RemoteAddr, true); !again && count.Add(1) == int64(c.most) {
					release()
				}
				select {
				case <-full:
				case <-r.Context().Done():
				case <-time.After(hold):
					release()
				}
				say(200, status("running"))(w, r)
			}))
			server.Config.ConnState = open.watch
			server.Start()
			t.Cleanup(server.Close)
			service := client(t, server.URL, c.opts...)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var lost atomic.Int64
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
				GotConn: func(httptrace.GotConnInfo) { lost.Add(1) },
				PutIdleConn: func(err error) {
					lost.Add(-1)
					assert.NoError(t, err, "a connection finds room in the pool")
				},
			})
			var all sync.WaitGroup
			for range calls {
				all.Go(func() {
					_, err := service.Status(ctx, "7")
					assert.NoError(t, err)
				})
			}
			all.Wait()
			open.mu.Lock()
			defer open.mu.Unlock()
			// On a busy machine, net/http gives up a connection if it does not learn within 50 ms
			// that a request was written. Its replacement may be open before the server sees the
			// end of the first connection.
			allowed := c.most + int(lost.Load())
			assert.GreaterOrEqual(t, open.most, c.most)
			assert.LessOrEqual(t, open.most, allowed)
			assert.LessOrEqual(t, open.total, allowed, "an idle connection serves again")
			assert.Less(t, int(lost.Load()), calls/10, "connections that net/http gave up")
		})
	}
}

// A connection that was closed makes room for another.
func TestABrokenConnectionDoesNotCount(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var open gauge
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, http2, r.ProtoMajor == 2)
				say(200, status("running"))(w, r)
			}))
			server.Config.ConnState = open.watch
			server.EnableHTTP2 = http2
			server.StartTLS()
			t.Cleanup(server.Close)
			trust := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			service := client(t, server.URL, rest.WithMaxConnections(1), rest.WithTLSConfig(&tls.Config{RootCAs: trust}))
			for range 5 {
				_, err := service.Status(t.Context(), "7")
				require.NoError(t, err)
				server.CloseClientConnections()
			}
			open.mu.Lock()
			defer open.mu.Unlock()
			assert.Equal(t, 5, open.total)
		})
	}
}
