package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/web/webtest"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Fault 43: private addresses, in whatever spelling.
func TestAddressesOfTheOwnNetworkAreKnown(t *testing.T) {
	t.Parallel()
	for text, own := range map[string]bool{
		"127.0.0.1": true, "127.8.8.8": true, "10.0.0.1": true, "172.16.3.4": true, "192.168.1.1": true, "169.254.169.254": true,
		"0.0.0.0": true, "100.64.0.1": true, "255.255.255.255": true, "198.18.0.1": true, "224.0.0.1": true,
		"::1": true, "::": true, "fe80::1": true, "fe80::1%eth0": true, "fc00::1": true, "fd12:3456::1": true, "ff02::1": true,
		"::ffff:127.0.0.1": true, "::ffff:169.254.169.254": true, "::ffff:a9fe:a9fe": true, "::127.0.0.1": true,
		"64:ff9b::169.254.169.254": true, "64:ff9b:1::1": true, "2002:7f00:1::": true, "2002:a9fe:a9fe::1": true,
		"8.8.8.8": false, "93.184.215.14": false, "172.32.0.1": false, "2606:4700::1111": false, "::ffff:8.8.8.8": false,
		"64:ff9b::8.8.8.8": false, "2002:808:808::": false,
	} {
		assert.Equal(t, own, isOwnNetwork(netip.MustParseAddr(text)), text)
	}
}

func guarded(t *testing.T, resolver *net.Resolver, origins ...string) *http.Client {
	p := NewPool(nil, 4)
	p.Proxy = nil
	t.Cleanup(p.CloseIdleConnections)
	var urls []*url.URL
	for _, o := range origins {
		u, err := url.Parse(o)
		require.NoError(t, err)
		urls = append(urls, u)
	}
	GuardDials(p, urls, resolver)
	return &http.Client{Transport: p}
}

func get(t *testing.T, c *http.Client, at string) error {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	require.NoError(t, err)
	answer, err := c.Do(r)
	if err == nil {
		_ = answer.Body.Close()
	}
	return err
}

// Fault 43: a name that was listed, and that its owner has point to a private address.
func TestANameThatPointsIntoTheOwnNetworkIsNotDialed(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	foreign := "http://files.example.com:" + u.Port()
	for _, at := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254"} {
		err = get(t, guarded(t, webtest.Names(t, at), "http://api.example.com", foreign), foreign)
		require.ErrorIs(t, err, errOwnNetwork, at)
		class, _ := ClassOfFault(err)
		assert.Equal(t, transport.Misdirected, class)
		assert.Zero(t, asked)
	}
}

func TestWhatTheUserNamesIsDialed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	base := "http://api.example.com:" + u.Port()
	assert.NoError(t, get(t, guarded(t, webtest.Names(t, "127.0.0.1"), base), base), "the base URL may be anywhere")
	assert.NoError(t, get(t, guarded(t, nil, "http://api.example.com", server.URL), server.URL), "an address is named as it is")
	assert.ErrorIs(t, get(t, guarded(t, nil, "http://api.example.com"), server.URL), errOwnNetwork)
	for host, isLocal := range map[string]bool{
		"files": true, "Files.Default.svc.cluster.Local": true, "minio.internal.": true, "nas.home.arpa": true, "a.localhost": true,
		"local.example.com": false, "files.internal.example.com": false, "internal.com": false,
	} {
		listed := "http://" + host + ":" + u.Port()
		err := get(t, guarded(t, webtest.Names(t, "127.0.0.1"), "http://api.example.com", listed), listed)
		assert.Equal(t, isLocal, err == nil, "%s: %v", host, err)
	}
	base = "http://b\u00fccher.example.com:" + u.Port()
	assert.NoError(t, get(t, guarded(t, webtest.Names(t, "127.0.0.1"), base), base), "a name that is not ASCII")
}

// Fault 43: what is checked is what is connected to. A name is resolved once for a connection, so
// that it can't have another address after the check.
func TestNothingIsResolvedBetweenTheCheckAndTheConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	var asked atomic.Int64
	resolver := webtest.Names(t, "127.0.0.1")
	answer := resolver.Dial
	resolver.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		asked.Add(1)
		return answer(ctx, network, address)
	}
	base := "http://api.example.com:" + u.Port()
	require.NoError(t, get(t, guarded(t, resolver, base), base))
	open := asked.Swap(0)
	foreign := "http://files.example.com:" + u.Port()
	require.ErrorIs(t, get(t, guarded(t, resolver, "http://api.example.com", foreign), foreign), errOwnNetwork)
	assert.Equal(t, open, asked.Load(), "as often as without a check")
}

// proxied returns a guarded client behind a proxy on loopback, and the URLs that the proxy was
// asked for.
func proxied(t *testing.T, origins ...string) (c *http.Client, asked *[]string) {
	asked = new([]string)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { *asked = append(*asked, r.URL.String()) }))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	p := NewPool(nil, 4)
	t.Cleanup(p.CloseIdleConnections)
	p.Proxy = http.ProxyURL(at)
	var urls []*url.URL
	for _, origin := range origins {
		u, err := url.Parse(origin)
		require.NoError(t, err)
		urls = append(urls, u)
	}
	GuardDials(p, urls, nil)
	return &http.Client{Transport: p}, asked
}

// An address in a URL is refused before a proxy can connect to it.
func TestAProxyIsNotAskedForAPrivateAddress(t *testing.T) {
	t.Parallel()
	c, asked := proxied(t, "http://api.example.com", "http://10.0.0.2")
	err := get(t, c, "http://169.254.169.254/latest")
	require.ErrorIs(t, err, errOwnNetwork)
	class, _ := ClassOfFault(err)
	assert.Equal(t, transport.Misdirected, class)
	require.NoError(t, get(t, c, "http://10.0.0.2/x"))
	assert.Equal(t, []string{"http://10.0.0.2/x"}, *asked)
}

// The proxy of the environment is the user's choice.
func TestAProxyMayHaveAPrivateAddress(t *testing.T) {
	t.Parallel()
	c, asked := proxied(t, "http://api.example.com")
	require.NoError(t, get(t, c, "http://files.example.com/x"))
	assert.Equal(t, []string{"http://files.example.com/x"}, *asked)
}
