package web

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The bounds of the connections of NewPool.
const (
	dialTimeout    = 10 * time.Second
	tlsTimeout     = 10 * time.Second
	headerTimeout  = 10 * time.Second
	idleTimeout    = 90 * time.Second
	pingAfter      = 15 * time.Second // without a frame, on HTTP/2
	pingTimeout    = 15 * time.Second
	maxHeaderBytes = 64 << 10
)

// NewPool returns a pool of connections to a service that many watches ask often: so many at most to one host, idle or not.
// The environment's proxy is honored.
func NewPool(t *tls.Config, connections int) *http.Transport {
	return &http.Transport{
		Proxy:                  proxyFromEnvironment,
		OnProxyConnectResponse: checkProxy,
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:        t.Clone(),
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxConnsPerHost:        connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        idleTimeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
}

// proxyFromEnvironment is http.ProxyFromEnvironment without its error, which prints the proxy's password.
func proxyFromEnvironment(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the environment's proxy is not a URL")
	}
	return u, nil
}

func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return proxyError(answer.StatusCode)
	}
	return nil
}
