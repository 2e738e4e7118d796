package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// The bounds of what the server takes in.
const (
	maxHeader   = 64 << 10
	maxBody     = 64 << 10
	maxRequests = 4096 // at once
	readTimeout = 10 * time.Second
	idleTimeout = 2 * time.Minute
)

// A guard hands on the requests that may be answered. It refuses those that a page of another site
// makes a browser send, those by a name that is not the server's, and those that are too large, too
// slow or too many.
type guard struct {
	hosts []string      // names and addresses of the server, beside those of this machine's loopback
	names []string      // those of them whose pages may send requests, at any port
	free  chan struct{} // a place for each request under way
	next  http.Handler
}

// newGuard returns a guard of next, which listens on some addresses and is allowed some names.
func newGuard(next http.Handler, addrs, names []string) *guard {
	g := &guard{free: make(chan struct{}, maxRequests), next: next}
	for _, name := range names {
		g.names = append(g.names, bareHost(name))
	}
	g.hosts = slices.Clone(g.names)
	for _, addr := range addrs {
		if host := bareHost(addr); host != "" && !net.ParseIP(host).IsUnspecified() {
			g.hosts = append(g.hosts, host)
		}
	}
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case g.free <- struct{}{}:
		defer func() { <-g.free }()
	default:
		http.Error(w, "too many requests are under way", http.StatusServiceUnavailable)
		return
	}
	if !g.serves(r) {
		http.Error(w, "this server is not known by that name; jobserver serve --allow-host NAME allows one", http.StatusForbidden)
		return
	}
	if g.foreign(r) {
		http.Error(w, "requests of other sites are refused", http.StatusForbidden)
		return
	}
	if code := readBody(w, r); code != 0 {
		http.Error(w, "the body is too large, too slow, or broken", code)
		return
	}
	g.next.ServeHTTP(w, r)
}

// serves reports whether a request names this server. A page whose name was pointed at this machine
// after it was loaded, by DNS rebinding, still names its own.
func (g *guard) serves(r *http.Request) bool {
	host := bareHost(r.Host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(g.hosts, host) {
		return true
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return false
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ip.IsLoopback() || local != nil && local.IP.Equal(ip)
}

// foreign reports whether a browser sends a request for another site than this one. To follow a
// link to the page is no harm.
func (g *guard) foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) && !slices.Contains(g.names, bareHost(u.Host)) {
			return true
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	default:
		link := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
		return !link || r.Method != http.MethodGet || r.URL.Path != "/"
	}
}

// bareHost returns a host without its port, as names are compared.
func bareHost(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && strings.Trim(port, "0123456789") == "" {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// readBody reads the body of a request, if it has one, so that no handler waits for it. It returns
// the code of the answer if that can't be done.
func readBody(w http.ResponseWriter, r *http.Request) (code int) {
	if r.Body == nil || r.Body == http.NoBody {
		return 0
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(readTimeout)) // a connection without one is a test's
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch large := (*http.MaxBytesError)(nil); {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	case err != nil:
		return http.StatusBadRequest
	}
	_ = control.SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(body))
	return 0
}
