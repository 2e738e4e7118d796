package web

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits of the connections of NewPool.
const (
	dialTimeout    = 10 * time.Second
	tlsTimeout     = 10 * time.Second
	idleTimeout    = 90 * time.Second
	pingAfter      = 15 * time.Second // without a frame, on HTTP/2
	pingTimeout    = 15 * time.Second
	maxHeaderBytes = 64 << 10
)

// HeaderTimeout bounds the wait for the headers of an answer, once the request is sent.
const HeaderTimeout = 10 * time.Second

// StartTimeout takes the place of HeaderTimeout for a request that starts a job and cannot be sent
// again. It limits the wait for a caller whose context has no end.
const StartTimeout = 5 * time.Minute

// NewPool returns a pool with at most the given number of connections to one host, including idle
// ones. It uses the proxy of the environment.
func NewPool(t *tls.Config, connections int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: checkProxy,
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:        t.Clone(),
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  HeaderTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxConnsPerHost:        connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        idleTimeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
}

func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return proxyError(answer.StatusCode)
	}
	return nil
}
