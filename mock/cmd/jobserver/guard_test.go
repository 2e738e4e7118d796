package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// handlerAt returns the server's handler as it would be at an address, with the given flags.
func handlerAt(t *testing.T, addr string, args ...string) http.Handler {
	t.Helper()
	return handlerOn(t, clock.New(), addr, args...)
}

// handlerOn is handlerAt by a clock.
func handlerOn(t *testing.T, clk clock.Clock, addr string, args ...string) http.Handler {
	t.Helper()
	var c config
	flags := newFlags(&c)
	require.NoError(t, flags.Parse(append(args, "--addr", addr)))
	require.NoError(t, c.settle(flags))
	at, err := net.ResolveTCPAddr("tcp", addr)
	require.NoError(t, err)
	ending := make(chan struct{})
	t.Cleanup(func() { close(ending) })
	h, err := c.handler(clk, at, ending, newLogger(discard{}, false))
	require.NoError(t, err)
	return h
}

// code returns what is answered to a request that was sent to an address.
func code(h http.Handler, local string, r *http.Request) int {
	at, _ := net.ResolveTCPAddr("tcp", local)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at)))
	return w.Code
}

// fault 62: a name that an attacker points at this machine is not the server's.
func TestOnlyItsOwnNamesAreServed(t *testing.T) {
	t.Parallel()
	loopback, open := handlerAt(t, "127.0.0.1:8080", "--allow-host", "Jobs.example:80"), handlerAt(t, "0.0.0.0:8080")
	for _, path := range []string{"/", "/debug/jobs", "/debug/jobs?limit=1", "/status/a"} {
		want := map[string]int{"/status/a": 404}[path]
		if want == 0 {
			want = 200
		}
		for host, served := range map[string][2]bool{
			"127.0.0.1:8080": {true, true}, "127.0.0.1": {true, true}, "localhost:8080": {true, true}, "LOCALHOST.": {true, true}, "a.localhost": {true, true},
			"[::1]:8080": {true, true}, "127.8.7.6": {true, true}, "jobs.example": {true, false}, "JOBS.example:8080": {true, false},
			"evil.example": {}, "evil.example:8080": {}, "": {}, "127.0.0.1.evil.example": {}, "localhost.evil.example": {}, "10.1.2.3": {false, true},
			"10.1.2.4": {}, "0.0.0.0": {}, "jobs.example.evil": {}, "xlocalhost": {}, "127.0.0.1:8080@evil.example": {},
		} {
			for i, h := range []http.Handler{loopback, open} {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Host = host
				got := code(h, []string{"127.0.0.1:8080", "10.1.2.3:8080"}[i], r)
				assert.Equal(t, map[bool]int{true: want, false: 403}[served[i]], got, "%d %s %s", i, host, path)
			}
		}
	}
}

// fault 62: a page of another site can make a browser send simple requests, though not read the
// answers.
func TestRequestsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	h := handlerAt(t, "127.0.0.1:8080", "--allow-host", "jobs.example")
	for name, c := range map[string]struct {
		method, path string
		header       []string
		want         int
	}{
		"no browser":               {"POST", "/", nil, 200},
		"the page":                 {"POST", "/", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8080"}, 200},
		"typed in":                 {"GET", "/", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 200},
		"a link":                   {"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		"a proxy's name":           {"POST", "/", []string{"Origin", "https://jobs.example"}, 200},
		"a form":                   {"POST", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Content-Type", "text/plain"}, 403},
		"a frame":                  {"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		"a fetch":                  {"POST", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		"a page of another port":   {"POST", "/", []string{"Sec-Fetch-Site", "same-site"}, 403},
		"an image":                 {"GET", "/status/a", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		"a link to jobs":           {"GET", "/debug/jobs", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		"events":                   {"GET", "/debug/events", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"an old browser":           {"POST", "/", []string{"Origin", "http://evil.example"}, 403},
		"another port's origin":    {"POST", "/", []string{"Origin", "http://127.0.0.1:3000"}, 403},
		"an origin that is hidden": {"POST", "/", []string{"Origin", "null"}, 403},
		"a cancel":                 {"DELETE", "/status/a", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a new word":               {"POST", "/", []string{"Sec-Fetch-Site", "near-site"}, 403},
	} {
		r := httptest.NewRequest(c.method, "http://127.0.0.1:8080"+c.path, strings.NewReader("{}"))
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		assert.Equal(t, c.want, code(h, "127.0.0.1:8080", r), name)
	}
}

// fault 62: what is kept of a job is bounded, and so is what is read.
func TestWhatIsTakenInIsBounded(t *testing.T) {
	t.Parallel()
	h := handlerAt(t, "127.0.0.1:8080")
	for name, c := range map[string]struct {
		key, body string
		want      int
	}{
		"a kind":              {"", fmt.Sprintf(`{"kind":%q}`, strings.Repeat("k", 256)), 200},
		"a long kind":         {"", fmt.Sprintf(`{"kind":%q}`, strings.Repeat("k", 257)), 400},
		"a key":               {strings.Repeat("k", 256), "", 200},
		"a long key":          {strings.Repeat("k", 257), "", 400},
		"an input":            {"", strings.Repeat(" ", 60<<10), 200},
		"an input too large":  {"", strings.Repeat(" ", 64<<10+1), 413},
		"a kind in an object": {"", `{"kind":{"a":1}}`, 200},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/", strings.NewReader(c.body))
		r.Header.Set("Idempotency-Key", c.key)
		assert.Equal(t, c.want, code(h, "127.0.0.1:8080", r), name)
	}
}

// A body that does not come to its end ends with its time.
func TestABodyThatIsSlowIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newGuard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was handed on") }), nil, nil)
		client, conn := net.Pipe()
		server := &http.Server{Handler: h}
		l := &one{conn: conn, closed: make(chan struct{})}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = server.Serve(l)
		}()
		began := time.Now()
		_, err := io.WriteString(client, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nslow")
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(client), nil)
		require.NoError(t, err)
		assert.Equal(t, http.StatusRequestTimeout, answer.StatusCode)
		assert.Equal(t, readTimeout, time.Since(began))
		_ = client.Close()
		_ = server.Close()
		<-done
	})
}

// one is a listener of one connection.
type one struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *one) Close() error {
	close(l.closed)
	return nil
}

func (l *one) Addr() net.Addr { return &net.TCPAddr{} }

func TestRequestsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	g := newGuard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil, nil)
	r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
	for range maxRequests {
		g.free <- struct{}{}
	}
	assert.Equal(t, 503, code(g, "127.0.0.1:8080", r))
	<-g.free
	assert.Equal(t, 200, code(g, "127.0.0.1:8080", r))
	assert.Equal(t, 200, code(g, "127.0.0.1:8080", r), "its place is free again")
}

func TestJobsComeInPages(t *testing.T) {
	t.Parallel()
	h := handlerAt(t, "127.0.0.1:8080")
	for range 250 {
		assert.Equal(t, 200, code(h, "127.0.0.1:8080", httptest.NewRequest(http.MethodPost, "http://localhost/", nil)))
	}
	get := func(query string) (s snapshot) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/debug/jobs"+query, nil))
		require.Equal(t, 200, w.Code, w.Body)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &s))
		return s
	}
	first := get("")
	assert.Len(t, first.Jobs, 100)
	seen := map[string]bool{}
	var sizes []int
	for query := "?limit=120"; query != ""; {
		s := get(query)
		sizes = append(sizes, len(s.Jobs))
		for _, j := range s.Jobs {
			assert.False(t, seen[j.ID], "no job twice")
			seen[j.ID] = true
		}
		if query = ""; s.Next != "" {
			query = "?limit=120&after=" + s.Next
		}
		assert.Equal(t, 250, s.Counts["pending"])
	}
	assert.Equal(t, []int{120, 120, 10}, sizes)
	assert.Empty(t, get("?limit=250").Next)
	assert.Empty(t, get("?after=nobody's").Jobs)
	for _, query := range []string{"limit=0", "limit=-1", "limit=1001", "limit=x", "limit=" + strings.Repeat("9", 99)} {
		assert.Equal(t, 400, code(h, "127.0.0.1:8080", httptest.NewRequest(http.MethodGet, "http://localhost/debug/jobs?"+query, nil)), query)
	}
}
