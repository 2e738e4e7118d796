package web_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// fault 3. Not parallel: it replaces the resolver of this process.
func TestAConnectionHasTenSecondsToOpen(t *testing.T) {
	resolver := net.DefaultResolver
	defer func() { net.DefaultResolver = resolver }()
	_, _ = resolver.LookupHost(t.Context(), "localhost") // sets up, outside of the bubble, what all lookups share
	synctest.Test(t, func(t *testing.T) {
		silent := make(chan struct{})
		net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			<-silent // whatever the context says
			return nil, net.ErrClosed
		}}
		pool := web.NewPool(nil, 1)
		start := time.Now()
		_, err := pool.DialContext(t.Context(), "tcp", "jobs.invalid.:80")
		require.Error(t, err)
		assert.True(t, web.IsTimeout(err), err)
		assert.Equal(t, 10*time.Second, time.Since(start))
		close(silent)
	})
}

// fault 6
func TestATLSHandshakeHasTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		pool := web.NewPool(nil, 1)
		pool.Proxy = nil
		pool.DialContext = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			all.Go(func() { // takes what it is sent and says nothing
				for b := make([]byte, 512); ; {
					if _, err := far.Read(b); err != nil {
						return
					}
				}
			})
			return near, nil
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://jobs.test/", nil)
		require.NoError(t, err)
		start := time.Now()
		_, err = pool.RoundTrip(r)
		assert.ErrorContains(t, err, "TLS handshake timeout")
		assert.Equal(t, 10*time.Second, time.Since(start))
		all.Wait()
	})
}
