package rest_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

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
			var begun atomic.Int64      // on how many connections a request has begun
			busy := make(chan struct{}) // closed once they are as many as there may be
			var first sync.Map
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, again := first.LoadOrStore(r.RemoteAddr, true); !again && begun.Add(1) == int64(c.most) {
					close(busy)
				}
				<-busy
				say(200, status("running"))(w, r)
			}))
			server.Config.ConnState = open.watch
			server.Start()
			t.Cleanup(server.Close)
			service := client(t, server.URL, c.opts...)
			var all sync.WaitGroup
			for range calls {
				all.Go(func() {
					_, err := service.Status(t.Context(), "7")
					assert.NoError(t, err)
				})
			}
			all.Wait()
			open.mu.Lock()
			defer open.mu.Unlock()
			assert.Equal(t, c.most, open.most)
			assert.Equal(t, c.most, open.total, "an idle connection serves again")
		})
	}
}

// A connection that is gone makes room for another.
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
