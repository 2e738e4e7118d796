package rest_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web/webtest"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// inside starts a server that nobody may reach from outside, and returns its port.
func inside(t *testing.T) (port string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		say(200, status("completed"))(w, r)
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	return u.Port(), asked
}

// resolve gives each name the same address.
func resolve(t *testing.T, address string) rest.Option {
	resolver := webtest.Names(t, address)
	return func(c *exchange.Config) { c.Resolver = resolver }
}

// Fault 43: an origin was allowed by a public name, and its owner makes the name point to a private
// address. No id, redirect or result reaches that address.
func TestAnAllowedOriginInTheOwnNetworkIsNotReached(t *testing.T) {
	t.Parallel()
	port, asked := inside(t)
	files := "http://files.example.com:" + port
	for _, at := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254"} {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, files+"/7", http.StatusFound) },
			oneAttempt, resolve(t, at), rest.AllowOrigin(files),
			rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "{+id}"}, Fetch: rest.Call{Path: "{+result}"}}))
		for _, id := range []string{files + "/7", "/moved"} {
			_, err := client.Status(t.Context(), id)
			require.Equal(t, transport.Misdirected, classOf(t, err), id)
			assert.ErrorContains(t, err, at+": a private address that was not configured")
		}
		_, err := client.Fetch(t.Context(), transport.Status{ID: "/7", State: transport.Completed, Result: []byte(`"` + files + `/7"`)})
		require.ErrorContains(t, err, at+": a private address that was not configured")
	}
	assert.Zero(t, asked.Load())
}

// Fault 43: a CheckRedirect that allows everything does not lead to private addresses.
func TestARedirectThatTheUserAllowsDoesNotLeadIntoTheOwnNetwork(t *testing.T) {
	t.Parallel()
	port, asked := inside(t)
	all := rest.WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }})
	for _, host := range []string{"127.0.0.1", "metadata.example.com"} {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+host+":"+port+"/7", http.StatusFound)
		}, oneAttempt, resolve(t, "127.0.0.1"), all)
		_, err := client.Status(t.Context(), "7")
		require.Equal(t, transport.Misdirected, classOf(t, err), host)
	}
	assert.Zero(t, asked.Load())
}

func TestWhatTheUserConfiguredMayBeInTheOwnNetwork(t *testing.T) {
	t.Parallel()
	port, asked := inside(t)
	s, err := client(t, "http://jobs.example.com:"+port, resolve(t, "127.0.0.1")).Status(t.Context(), "7")
	require.NoError(t, err, "the base URL")
	assert.Equal(t, transport.Completed, s.State)
	whole := rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "{+id}"}})
	for _, host := range []string{"127.0.0.1", "files.internal", "files"} {
		files := "http://" + host + ":" + port
		_, err = client(t, "http://jobs.example.com:"+port, resolve(t, "127.0.0.1"), rest.AllowOrigin(files), whole).Status(t.Context(), files+"/7")
		require.NoError(t, err, host)
	}
	pool := &http.Transport{DialContext: (&net.Dialer{Resolver: webtest.Names(t, "127.0.0.1")}).DialContext}
	t.Cleanup(pool.CloseIdleConnections)
	files := "http://files.example.com:" + port
	_, err = client(t, "http://jobs.example.com:"+port, rest.WithRoundTripper(pool), rest.AllowOrigin(files), whole).Status(t.Context(), files+"/7")
	require.NoError(t, err, "a pool of the user's")
	assert.EqualValues(t, 5, asked.Load())
}

// Fault 42: a redirect does not lead from https to http, even to an allowed origin.
func TestARedirectDoesNotLeadFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	var base string
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, base+"/plain", http.StatusFound)
	}))
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/plain" {
			assert.Fail(t, "the plain origin was asked")
		}
		http.Redirect(w, r, secure.URL, http.StatusFound)
	}))
	t.Cleanup(plain.Close)
	base = plain.URL
	_, err := client(t, plain.URL, oneAttempt, rest.AllowOrigin(secure.URL), rest.AllowOrigin(plain.URL),
		rest.WithRoundTripper(secure.Client().Transport)).Status(t.Context(), "7")
	require.Equal(t, transport.Misdirected, classOf(t, err))
	assert.ErrorContains(t, err, "from https to http")
}

// Fault 42: a service behind a proxy that ends TLS names its URLs with http. They are requested by
// https, with the token.
func TestAServiceBehindAProxyThatEndsTLSIsAskedByHTTPS(t *testing.T) {
	t.Parallel()
	var asked []string
	c := client(t, "https://ci.test", rest.WithDialect(rest.Dialect{Create: rest.Call{Path: "/jobs"}, Status: rest.Call{Path: "{+id}"}, ID: "@header.Location", State: "@code",
		States: states{"200": completed, "202": isRunning}}),
		rest.WithToken(func(context.Context) (string, error) { return "t", nil }),
		rest.WithRoundTripper(tripper(func(q *http.Request) (*http.Response, error) {
			asked = append(asked, q.Method+" "+q.URL.String()+" "+q.Header.Get("Authorization"))
			a := answerOf(303, "")
			a.Header.Set("Location", "http://ci.test/files/7")
			if q.Method == http.MethodPost {
				a.StatusCode = 202
				a.Header.Set("Location", "http://ci.test/ops/7?v=1")
			}
			return a, nil
		})))
	first, err := c.Start(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "/ops/7?v=1", first.ID)
	done, err := c.Status(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, done.State)
	assert.JSONEq(t, `"/files/7"`, string(done.Result))
	assert.Equal(t, []string{"POST https://ci.test/jobs Bearer t", "GET https://ci.test/ops/7?v=1 Bearer t"}, asked)
}

// Fault 42: the redirect of such a service is followed by https.
func TestARedirectBehindAProxyThatEndsTLSIsFollowedByHTTPS(t *testing.T) {
	t.Parallel()
	var asked []string
	c := client(t, "https://ci.test", rest.WithToken(func(context.Context) (string, error) { return "t", nil }),
		rest.WithRoundTripper(tripper(func(q *http.Request) (*http.Response, error) {
			asked = append(asked, q.URL.String()+" "+q.Header.Get("Authorization"))
			if len(asked) > 1 {
				return answerOf(200, status("completed")), nil
			}
			a := answerOf(307, "")
			a.Header.Set("Location", "http://ci.test"+q.URL.Path+"/")
			return a, nil
		})))
	done, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, done.State)
	assert.Equal(t, []string{"https://ci.test/status/7 Bearer t", "https://ci.test/status/7/ Bearer t"}, asked)
}
