package rest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// holding returns a dialect with this Status.
func holding(call rest.Call) rest.Dialect {
	return rest.Dialect{Status: call, State: "s", Revision: "@header.X-Index"}
}

func TestAHoldSaysHowLongAndSinceWhen(t *testing.T) {
	t.Parallel()
	index := rest.Call{Path: "/jobs/{id}?full=1&index={rev}&wait={hold}s"}
	prefer := rest.Call{Path: "/jobs/{id}", Header: map[string]string{"Prefer": "wait={hold}", "X-Since": "{rev}"}}
	path := rest.Call{Path: "/jobs/{id}/wait/{hold}"}
	millis := rest.Call{Path: "/jobs/{id}?timeoutMs={hold}000"}
	for _, c := range []struct {
		call    rest.Call
		rev     string
		hold    time.Duration
		uri     string
		headers map[string]string
	}{
		{index, "", 0, "/jobs/7?full=1", nil},
		{index, "41", 0, "/jobs/7?full=1", nil}, // it would be held
		{index, "41", 30 * time.Second, "/jobs/7?full=1&index=41&wait=30s", nil},
		{index, "", 30 * time.Second, "/jobs/7?full=1&wait=30s", nil},
		{index, "4 1", 90*time.Second + 999*time.Millisecond, "/jobs/7?full=1&index=4+1&wait=90s", nil},
		{index, "41", 999 * time.Millisecond, "/jobs/7?full=1", nil},
		{index, "41", -time.Second, "/jobs/7?full=1", nil},
		{prefer, "41", time.Minute, "/jobs/7", map[string]string{"Prefer": "wait=60", "X-Since": "41"}},
		{prefer, "", time.Minute, "/jobs/7", map[string]string{"Prefer": "wait=60", "X-Since": ""}},
		{prefer, "41", 0, "/jobs/7", map[string]string{"Prefer": "", "X-Since": ""}},
		{path, "41", time.Second, "/jobs/7/wait/1", nil},
		{path, "41", 0, "/jobs/7/wait/0", nil},
		{millis, "", 20 * time.Second, "/jobs/7?timeoutMs=20000", nil},
		{millis, "", 1<<63 - 1, "/jobs/7?timeoutMs=86400000", nil},
	} {
		var got *http.Request
		asked := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = r
			say(200, `{"s":"running"}`)(w, r)
		}, oneAttempt, rest.WithDialect(holding(c.call)))
		_, err := asked.Hold(t.Context(), "7", transport.Status{ID: "7", State: transport.Running, Revision: c.rev}, c.hold)
		require.NoError(t, err)
		assert.Equal(t, c.uri, got.RequestURI)
		for name, want := range c.headers {
			assert.Equal(t, want, got.Header.Get(name), name)
			assert.Equal(t, want != "", len(got.Header[name]) > 0, "%s is left out", name)
		}
	}
}

func TestAPlainStatusIsNotHeld(t *testing.T) {
	t.Parallel()
	var uris []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		uris = append(uris, r.RequestURI)
		say(200, `{"s":"running"}`)(w, r)
	}, rest.WithDialect(holding(rest.Call{Path: "/jobs/{id}?index={rev}&wait={hold}s"})))
	_, err := c.Hold(t.Context(), "", transport.Status{}, time.Minute)
	require.ErrorIs(t, err, transport.ErrInvalidID)
	_, err = c.Status(t.Context(), "7")
	require.NoError(t, err)
	_, err = c.StatusSince(t.Context(), "7", transport.Status{ID: "7", Revision: "41"})
	require.NoError(t, err)
	assert.Equal(t, []string{"/jobs/7", "/jobs/7"}, uris)
}

func TestAServiceThatHoldsNothingIsNotAsked(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{"s":"running","next":"b"}`))
	}, rest.WithDialect(rest.Dialect{State: "s", Next: "next", NextDialect: &rest.Dialect{State: "s", Status: rest.Call{Path: "/b/{id}?wait={hold}"}}}))
	_, err := c.Hold(t.Context(), "7", transport.Status{}, time.Minute)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Zero(t, asked.Load())
	_, err = c.Status(t.Context(), "7") // the job gets an id that can be held
	require.NoError(t, err)
	_, err = c.Hold(t.Context(), "7", transport.Status{}, time.Minute)
	require.NoError(t, err)
	assert.EqualValues(t, 2, asked.Load())

	_, err = (*rest.Client)(nil).Hold(t.Context(), "7", transport.Status{}, time.Minute)
	require.ErrorContains(t, err, "not made by New")
}

func TestAHoldThatSaysNothingNewReturnsWhatWasSeen(t *testing.T) {
	t.Parallel()
	seen := transport.Status{ID: "7", State: transport.Running, Raw: "on", Progress: 0.5, Revision: "41"}
	odd := transport.Status{ID: "7", Raw: "odd"}
	never := transport.Status{ID: "7"}
	pending := transport.Status{ID: "7", State: transport.Pending}
	for _, c := range []struct {
		last    transport.Status
		code    int
		body    string
		want    transport.Status
		isError bool
	}{
		{seen, 304, "", seen, false},
		{seen, 204, "", seen, false},
		{seen, 200, "", seen, false},
		{seen, 202, "", seen, false},
		{seen, 200, " \n \n", seen, false}, // the spaces kept the connection alive
		{never, 200, " \n", never, true},
		{odd, 204, "", odd, false},
		{never, 204, "", pending, false},
		{never, 304, "", never, true},
		{never, 200, "", never, true},
		{seen, 200, `{"s":"completed"}`, transport.Status{ID: "7", State: transport.Completed, Raw: "completed"}, false},
		{seen, 200, `{"s":"running"}`, transport.Status{ID: "7", State: transport.Running, Raw: "running"}, false},
		{seen, 404, "", never, true},
		{seen, 503, "", never, true},
		{seen, 200, "rubbish", never, true},
	} {
		d := holding(rest.Call{Path: "/{id}?wait={hold}"})
		asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(c.code)
			_, _ = w.Write([]byte(c.body))
		}, rest.WithDialect(d))
		got, err := asked.Hold(t.Context(), "7", c.last, time.Minute)
		if c.isError {
			require.Error(t, err, "%d %s", c.code, c.body)
			continue
		}
		require.NoError(t, err, "%d %s", c.code, c.body)
		c.want.RetryAfter = 3 * time.Second
		assert.Equal(t, c.want, got, "%d %s", c.code, c.body)
	}
}

// TestACodeThatARuleNamesSaysSomething: a 204 is the end, where the dialect says so.
func TestACodeThatARuleNamesSaysSomething(t *testing.T) {
	t.Parallel()
	d := holding(rest.Call{Path: "/{id}?wait={hold}"})
	d.State, d.States = "@code", map[string]transport.State{"204": transport.Completed, "202": transport.Running}
	last := transport.Status{ID: "7", State: transport.Running}
	st, err := serve(t, say(204, ""), rest.WithDialect(d)).Hold(t.Context(), "7", last, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, st.State)
	st, err = serve(t, say(200, ""), rest.WithDialect(d)).Hold(t.Context(), "7", last, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, transport.Running, st.State)
}

// TestAHoldIsAskedForByItsETag: the tag goes along, and a 304 returns last.
func TestAHoldIsAskedForByItsETag(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "s", Status: rest.Call{Path: "/{id}", Header: map[string]string{"Prefer": "wait={hold}"}}}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"a"` && r.Header.Get("Prefer") == "wait=20" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.WriteHeader(http.StatusTeapot)
	}, rest.WithDialect(d))
	last := transport.Status{ID: "7", Revision: `"a"`} // whatever it tells
	st, err := c.Hold(t.Context(), "7", last, 20*time.Second)
	require.NoError(t, err)
	assert.Equal(t, last, st)
}

// TestAHoldIsNotRepeatedWithinTheCall: what is cut after half a minute is not held again.
func TestAHoldIsNotRepeatedWithinTheCall(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusGatewayTimeout)
	}, rest.WithDialect(holding(rest.Call{Path: "/{id}?wait={hold}"})))
	_, err := c.Hold(t.Context(), "7", transport.Status{}, time.Minute)
	assert.Equal(t, transport.Transient, classOf(t, err))
	assert.EqualValues(t, 1, asked.Load())
}

// TestTheNameOfAParameterIsNoSecret: an error says which parameter the service refuses.
func TestTheNameOfAParameterIsNoSecret(t *testing.T) {
	t.Parallel()
	c := serve(t, say(400, "waitForFinish is too large"), rest.WithDialect(holding(rest.Call{Path: "/{id}?waitForFinish={hold}"})))
	_, err := c.Hold(t.Context(), "7", transport.Status{}, time.Hour)
	require.ErrorContains(t, err, "waitForFinish is too large")
}

func TestAHoldEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}, rest.WithDialect(holding(rest.Call{Path: "/{id}?wait={hold}"})))
	_, err := c.Hold(ctx, "7", transport.Status{}, time.Hour)
	require.ErrorIs(t, err, context.Canceled)
}

func TestHoldStandsInAStatusAlone(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]rest.Dialect{
		`Status: field Body: {hold} stands in a path, a query or a header`: {Status: rest.Call{Method: "POST", Path: "/{id}", Body: map[string]string{"wait": "{hold}"}}},
		`Cancel: path "/x": {hold} has no value here`:                      {Cancel: rest.Call{Path: "/x?id={id}&w={hold}"}},
		`Batch: path "/jobs": {hold} has no value here`:                    {Batch: rest.Batch{Path: "/jobs?ids={ids}&w={hold}"}},
		`Create: path "header Prefer": {hold} has no value here`:           {Header: map[string]string{"Prefer": "wait={hold}"}},
	} {
		_, err := rest.New("http://h", rest.WithDialect(d))
		assert.ErrorContains(t, err, want)
	}
}

// TestAHoldThatWouldWaitForAConnectionIsNotMade: it would not be held, and its job would not be
// polled either. Over HTTP/2, all holds share a connection.
func TestAHoldThatWouldWaitForAConnectionIsNotMade(t *testing.T) {
	t.Parallel()
	own := func(n int) rest.Option {
		pool := &http.Transport{MaxConnsPerHost: n}
		t.Cleanup(pool.CloseIdleConnections)
		return rest.WithRoundTripper(pool)
	}
	for name, c := range map[string]struct {
		opt   rest.Option // nil for the default pool over HTTP/2, with one connection
		holds int
	}{
		"the default pool":                 {rest.WithMaxConnections(2), 2},
		"a pool of one, which polls share": {own(1), 0},
		"a pool of three":                  {own(3), 1},
		"a pool without a limit":           {own(0), 4},
		"HTTP/2":                           {nil, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inside, release := make(chan string, 5), make(chan struct{})
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != "" {
					inside <- r.URL.Path
					<-release
				}
				say(200, `{"s":"running"}`)(w, r)
			}))
			opts := []rest.Option{c.opt, rest.WithDialect(holding(rest.Call{Path: "/{id}?wait={hold}"}))}
			if server.EnableHTTP2 = c.opt == nil; server.EnableHTTP2 {
				server.StartTLS()
				trusted := server.Client().Transport.(*http.Transport).TLSClientConfig
				opts[0] = rest.WithTLSConfig(&tls.Config{RootCAs: trusted.RootCAs, MinVersion: tls.VersionTLS12})
				opts = append(opts, rest.WithMaxConnections(1))
			} else {
				server.Start()
			}
			defer server.Close()
			client, err := rest.New(server.URL, opts...)
			require.NoError(t, err)
			defer client.Close()
			_, err = client.Status(t.Context(), "first")
			require.NoError(t, err)
			for round := range 2 {
				var all sync.WaitGroup
				for i := range c.holds {
					all.Go(func() {
						_, err := client.Hold(t.Context(), strconv.Itoa(i), transport.Status{}, time.Minute)
						assert.NoError(t, err)
					})
				}
				for range c.holds {
					<-inside
				}
				if c.holds < 4 {
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					_, err = client.Hold(ctx, "late", transport.Status{}, time.Minute)
					cancel()
					require.ErrorIs(t, err, errors.ErrUnsupported)
					assert.Equal(t, transport.Throttled, classOf(t, err))
				}
				_, err = client.Status(t.Context(), "meanwhile")
				require.NoError(t, err)
				if round == 0 {
					for range c.holds {
						release <- struct{}{}
					}
				} else {
					close(release)
				}
				all.Wait()
			}
			assert.Empty(t, inside, "nothing else was asked for")
		})
	}
}
