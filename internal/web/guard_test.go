package web

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Fault 43: addresses of the own network, in whatever spelling.
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
		assert.Equal(t, own, IsOwnNetwork(netip.MustParseAddr(text)), text)
	}
}

// names answers each question for an address of IPv4 with the given one.
func names(t *testing.T, address string) *net.Resolver {
	at := netip.MustParseAddr(address).As4()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
		go answerNames(server, at)
		return client, nil
	}}
}

// answerNames answers questions over a stream (RFC 1035, 4.1 and 4.2.2).
func answerNames(conn net.Conn, at [4]byte) {
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, q); err != nil {
			return
		}
		end := 12
		for q[end] != 0 {
			end += int(q[end]) + 1
		}
		end += 5
		isA := binary.BigEndian.Uint16(q[end-4:]) == 1
		answer := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
		if isA {
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, at[0], at[1], at[2], at[3])
		}
		_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
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
	guardDials(p, urls, resolver)
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

// Fault 43: a name that was listed, and that its owner has point into the own network.
func TestANameThatPointsIntoTheOwnNetworkIsNotDialed(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	foreign := "http://files.example.com:" + u.Port()
	for _, at := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254"} {
		err = get(t, guarded(t, names(t, at), "http://api.example.com", foreign), foreign)
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
	assert.NoError(t, get(t, guarded(t, names(t, "127.0.0.1"), base), base), "the base URL may be anywhere")
	assert.NoError(t, get(t, guarded(t, nil, "http://api.example.com", server.URL), server.URL), "an address is named as it is")
	assert.ErrorIs(t, get(t, guarded(t, nil, "http://api.example.com"), server.URL), errOwnNetwork)
}

// The proxy of the environment is the user's choice.
func TestAProxyMayBeInTheOwnNetwork(t *testing.T) {
	t.Parallel()
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.String()) }))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	p := NewPool(nil, 4)
	defer p.CloseIdleConnections()
	p.Proxy = http.ProxyURL(at)
	base, _ := url.Parse("http://api.example.com")
	GuardDials(p, []*url.URL{base})
	require.NoError(t, get(t, &http.Client{Transport: p}, "http://files.example.com/x"))
	assert.Equal(t, []string{"http://files.example.com/x"}, asked)
}
