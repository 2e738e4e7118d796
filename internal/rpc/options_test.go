package rpc

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestOptionsAreGatheredInTheirOrder(t *testing.T) {
	t.Parallel()
	type option func(*[]int)
	add := func(n int) option { return func(c *[]int) { *c = append(*c, n) } }
	all, err := Gather[[]int]([]option{add(1), nil, add(2), add(3), nil})
	assert.Equal(t, []int{1, 2, 3}, all)
	assert.EqualError(t, err, "option 1 is nil\noption 4 is nil")
	all, err = Gather[[]int]([]option(nil))
	assert.NoError(t, err)
	assert.Nil(t, all)
}

func TestARoundTripperOfTheUserSendsAllRequests(t *testing.T) {
	t.Parallel()
	own := &next{}
	all := (&Options{Next: own}).RoundTrippers("http://h")
	for _, rt := range []http.RoundTripper{all.Quick, all.Starts, all.Streams} {
		assert.Same(t, own, rt)
	}
	all.CloseIdleConnections()
}

// A service may work before it answers a request that starts a task, and a stream may be silent for
// longer still.
func TestSomeHeadersMayTakeLonger(t *testing.T) {
	t.Parallel()
	all := (&Options{}).RoundTrippers("http://h")
	defer all.CloseIdleConnections()
	for rt, timeout := range map[http.RoundTripper]time.Duration{all.Quick: 10 * time.Second, all.Starts: 5 * time.Minute, all.Streams: 0} {
		assert.Equal(t, timeout, rt.(*http.Transport).ResponseHeaderTimeout)
	}
}

func TestThePoolsHaveTheOptionsOfAPool(t *testing.T) {
	t.Parallel()
	o := Options{REST: []rest.Option{rest.WithTLSConfig(&tls.Config{ServerName: "h2"}), rest.WithMaxConnections(3)}}
	all := o.RoundTrippers("https://h")
	defer all.CloseIdleConnections()
	for _, rt := range []http.RoundTripper{all.Quick, all.Starts, all.Streams} {
		assert.Equal(t, 3, rt.(*http.Transport).MaxConnsPerHost)
		assert.Equal(t, "h2", rt.(*http.Transport).TLSClientConfig.ServerName)
	}
	_, err := Service{Base: "https://h", Options: all.REST}.Clients(Route{Over: all.Quick})
	require.NoError(t, err)
	own := (&Options{Next: &next{}, REST: o.REST}).RoundTrippers("https://h")
	_, err = Service{Base: "https://h", Options: own.REST}.Clients(Route{Over: own.Quick})
	require.ErrorContains(t, err, "WithTLSConfig: has no effect")
}

// Fault 43: the pools refuse private addresses that the user has not configured.
func TestThePoolsAreGuarded(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	at := l.Addr().String()
	for base, opts := range map[string][]rest.Option{
		"http://" + at: nil, "http://tools.example.com": {rest.AllowOrigin("http://" + at)}, "http://agent.example.com": nil,
	} {
		all := (&Options{REST: opts}).RoundTrippers(base)
		defer all.CloseIdleConnections()
		for _, pool := range []http.RoundTripper{all.Quick, all.Starts, all.Streams} {
			conn, err := pool.(*http.Transport).DialContext(t.Context(), "tcp", at)
			if base == "http://agent.example.com" {
				require.ErrorContains(t, err, "a private address that was not configured")
				continue
			}
			require.NoError(t, err, base)
			assert.NoError(t, conn.Close())
		}
	}
}
