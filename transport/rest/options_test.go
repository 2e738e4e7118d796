package rest_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 32, fault 44
func TestNewNamesEveryBadOptionAndItsValue(t *testing.T) {
	t.Parallel()
	source := func(context.Context) (string, error) { return "t", nil }
	dialect := func(d rest.Dialect) rest.Option { return rest.WithDialect(d) }
	for _, c := range []struct {
		url  string
		opt  rest.Option
		want string
	}{
		{"", nil, `rest: New: base URL "" has no scheme: it must begin with http:// or https://`},
		{"jobs.example.com", nil, `base URL "jobs.example.com" has no scheme`},
		{"ftp://h", nil, `base URL "ftp://h" must begin with http:// or https://`},
		{"http://", nil, `base URL "http://" has no host`},
		{"http://:80", nil, `base URL "http://:80" has no host`},
		{"http:opaque", nil, `has no host`},
		{"http://h/?key=" + canary, nil, `base URL "http://h/" has a query: it belongs to the path of each Call`},
		{"http://h/?", nil, `has a query`},
		{"http://h/jobs/{id}", nil, `base URL "http://h/jobs/%7Bid%7D" has braces: a place such as {id} belongs to the path of each Call`},
		{"http://h/#" + canary, nil, `base URL "http://h/" has a fragment`},
		{"127.0.0.1:8080", nil, `base URL "127.0.0.1:8080" has no scheme: it must begin with http:// or https://`},
		{"localhost:8080", nil, `base URL "localhost:8080" has no scheme: it must begin with http:// or https://`},
		{"http://h:port", nil, `base URL "http://h:port" does not parse: invalid port ":port" after host`},
		{"http://h", dialect(rest.Dialect{ID: "a[", ProgressScale: -1}), "\nrest: WithDialect: field "},
		{"http://h:99999", nil, `base URL "http://h:99999" has the port 99999: at most 65535`},
		{"http://u:" + canary + "#@h", nil, `base URL with a user name does not parse`},
		{"http://u:" + canary + "@h?q", nil, `base URL "http://h" has a query`},
		{"http://h", nil, `rest: option 0 is nil`},
		{"http://h", rest.WithRetries(-2), `rest: WithRetries(-2): must be from 1 to 10, 0 for the default, or NoRetries`},
		{"http://h", rest.WithRetries(11), `rest: WithRetries(11): must be`},
		{"http://h", rest.WithMaxConnections(-1), `rest: WithMaxConnections(-1): must be at least 1, or 0 for the default`},
		{"http://h", rest.WithMaxBody(-1), `rest: WithMaxBody(-1): must be from 1 to 268435456, or 0 for the default`},
		{"http://h", rest.WithMaxBody(256<<20 + 1), `rest: WithMaxBody(268435457): must be from 1 to`},
		{"http://h", rest.WithHeader("", "v"), `rest: WithHeader(""): not a header's name`},
		{"http://h", rest.WithHeader("a b", "v"), `rest: WithHeader("a b"): not a header's name`},
		{"http://h", rest.WithHeader("X-Key", canary+"\n"), `rest: WithHeader("X-Key"): its value holds a control character`},
		{"http://h", rest.WithHeader("host", "v"), `rest: WithHeader("host"): it is set by this package or net/http`},
		{"http://u:p@h", rest.WithToken(source), `rest: WithToken: the header Authorization is set by WithHeader or by the base URL too`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "/status"}}),
			`rest: WithDialect: Status: path "/status" must contain {id} once`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "/{id}/{id}"}}), `contains it 2 times`},
		{"http://h", dialect(rest.Dialect{Create: rest.Call{Path: "/{id}"}}), `Create: path "/{id}": {id} has no value here, only {key}`},
		{"http://h", dialect(rest.Dialect{Cancel: rest.Call{Path: "/{id}/{kind}"}}), `Cancel: path "/{id}/{kind}": only {id} has a value here`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "/{endpoint}/{id}"}}), `Status: path "/{endpoint}/{id}"`},
		{"http://h", dialect(rest.Dialect{Cancel: rest.Call{Path: "/{id}?a=b{b}"}}), `only {id} has a value here`},
		{"http://h", dialect(rest.Dialect{State: "a, b"}), `field States must be set: its default is for one place, and State names 2`},
		{"http://h", dialect(rest.Dialect{Create: rest.Call{Body: map[string]any{"x": "say {input}"}}}), `{input} must be a whole text`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "/{id}", Body: "{job{input}}"}, Create: rest.Call{Body: map[string]any{"query": "m($input:I){start(input:$input){input}}",
			"variables": map[string]any{"input": "{input}"}}}, State: "a..b"}), `rest: WithDialect: field State: place "a..b"`},
		{"http://h", dialect(rest.Dialect{Batch: rest.Batch{Path: "/x", Body: map[string]any{"x": []string{"{ids}"}}}}), `{ids} becomes an array, and must not stand in one`},
		{"http://h", dialect(rest.Dialect{Cancel: rest.Call{Path: "{+id}/cancel?a=b"}}), `Cancel: path "{+id}/cancel?a=b": only a path of just "{+id}" is the id. If the id is a URL, take a part of it with IDPattern`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "{id}"}}), `path "{id}" does not begin with a slash`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "/{id}#a"}}), `has a fragment`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "/%zz/{id}"}}), `invalid URL escape "%zz"`},
		{"http://h", dialect(rest.Dialect{Status: rest.Call{Path: "/{id}?a=%zz" + canary}}), `its query does not parse`},
		{"http://h", dialect(rest.Dialect{Create: rest.Call{Method: "PO ST"}}), `Create: "PO ST" is not an HTTP method`},
		{"http://h", dialect(rest.Dialect{State: "a..b"}), `rest: WithDialect: field State: place "a..b": a key is empty`},
		{"http://h", dialect(rest.Dialect{ID: ".", Finished: "a."}), `rest: WithDialect: field Finished: place "a.": a key is empty`},
		{"http://h", dialect(rest.Dialect{ID: ".a"}), `rest: WithDialect: field ID: place ".a": a key is empty`},
		{"http://h", dialect(rest.Dialect{ID: "-"}), `State and ID must be read`},
		{"http://h", dialect(rest.Dialect{ProgressScale: -1}), `ProgressScale: -1: must be above zero`},
		{"http://h", dialect(rest.Dialect{States: map[string]transport.State{}}), `field States is empty`},
		{"http://h", dialect(rest.Dialect{States: map[string]transport.State{"x": 9}}), `States: "x": no such state: 9`},
		{"http://h", dialect(rest.Dialect{IdempotencyHeader: "a:b"}), `IdempotencyHeader: "a:b": not a header's name`},
		{"http://h", dialect(rest.Dialect{Create: rest.Call{Body: func() {}}}), `Create: field Body: json: unsupported type: func()`},
	} {
		client, err := rest.New(c.url, c.opt)
		assert.Nil(t, client)
		if assert.ErrorContains(t, err, c.want, c.url) {
			assert.NotContains(t, err.Error(), canary)
		}
	}
	_, err := rest.New("http://h", rest.WithHTTPClient(new(http.Client)), rest.WithRoundTripper(http.DefaultTransport),
		rest.WithTLSConfig(new(tls.Config)), rest.WithMaxConnections(9), rest.WithRetries(99))
	for _, want := range []string{
		"WithRoundTripper: has no effect", "WithTLSConfig: has no effect", "WithMaxConnections: has no effect", "WithRetries(99)",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, err = rest.New("ftp://h", rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "x"}}))
	assert.Equal(t, 2, strings.Count(err.Error(), "rest: "), "each problem once: %v", err)
}

// fault 32
func TestNilAndZeroOptionsMeanTheDefault(t *testing.T) {
	t.Parallel()
	var asked int
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		say(503, "")(w, r)
	}, rest.WithHTTPClient(nil), rest.WithRoundTripper(nil), rest.WithTLSConfig(nil), rest.WithToken(nil), rest.WithRetries(0),
		rest.WithMaxConnections(0), rest.WithMaxBody(0),
		rest.WithDialect(rest.Dialect{}))
	_, err := c.Status(t.Context(), "7")
	assert.Error(t, err)
	assert.Equal(t, 1+rest.DefaultRetries, asked)
}

func TestBaseURLKeepsItsPath(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"": "/status/a%2Fb", "/": "/status/a%2Fb", "/v1": "/v1/status/a%2Fb", "/v1/": "/v1/status/a%2Fb",
		"/a%2Fb": "/a%2Fb/status/a%2Fb", "/ü ": "/%C3%BC%20/status/a%2Fb",
	} {
		var got string
		h := rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
			got = r.URL.EscapedPath()
			return nil, http.ErrHandlerTimeout
		}))
		_, err := client(t, "http://jobs.test"+base, h, oneAttempt).Status(t.Context(), "a/b")
		assert.Error(t, err)
		assert.Equal(t, want, got)
	}
}

func TestHeadersAreSentWithEachRequest(t *testing.T) {
	t.Parallel()
	var got http.Header
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = w.Write([]byte(status("pending")))
	}, rest.WithHeader("user-agent", "mine/1"), rest.WithHeader("X-Key", "one"), rest.WithHeader("x-key", "two"))
	for range 2 {
		_, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, []string{"mine/1"}, got["User-Agent"])
		assert.Equal(t, []string{"two"}, got["X-Key"])
		assert.Equal(t, []string{"application/json"}, got["Accept"])
	}
}

// cookies is a jar that always returns one cookie.
type cookies struct{}

func (cookies) SetCookies(*url.URL, []*http.Cookie) {}
func (cookies) Cookies(*url.URL) []*http.Cookie     { return []*http.Cookie{{Name: "c", Value: "1"}} }

// A RoundTripper that breaks its contract ends neither the process nor a wait.
func TestARoundTripperThatReturnsNothingIsTransient(t *testing.T) {
	t.Parallel()
	client, err := rest.New("http://h", oneAttempt, rest.WithRoundTripper(tripper(func(*http.Request) (*http.Response, error) { return nil, nil })))
	require.NoError(t, err)
	_, err = client.Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err))
}

func TestTheTimeoutOfTheUsersClientHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &http.Client{Timeout: time.Second, Transport: tripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		client, err := rest.New("http://h", oneAttempt, rest.WithHTTPClient(h))
		require.NoError(t, err)
		began := time.Now()
		_, err = client.Status(t.Context(), "7")
		assert.Equal(t, transport.Transient, classOf(t, err))
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestTheUsersClientKeepsItsCookiesAndItsTransport(t *testing.T) {
	t.Parallel()
	var got []string
	h := &http.Client{Jar: cookies{}, Transport: tripper(func(r *http.Request) (*http.Response, error) {
		got = append(got, r.Header["Cookie"]...)
		r.Header.Add("X-Rude", "a RoundTripper must not do this")
		assert.Len(t, r.Header["X-Rude"], 1)
		return nil, http.ErrHandlerTimeout
	})}
	_, err := client(t, "http://jobs.test", rest.WithHTTPClient(h)).Status(t.Context(), "7")
	assert.ErrorIs(t, err, http.ErrHandlerTimeout)
	assert.Equal(t, []string{"c=1", "c=1", "c=1"}, got)
	assert.Nil(t, h.CheckRedirect)
}

// A RoundTripper may read a request after it has answered, and a bad one may write to its headers.
// Neither affects the requests of other calls.
func TestARoundTripperMayKeepWhatItWasGiven(t *testing.T) {
	t.Parallel()
	const calls = 100
	kept := make(chan *http.Request, calls)
	var reader, callers sync.WaitGroup
	reader.Go(func() {
		seen := map[string]bool{}
		for r := range kept {
			seen[r.URL.Path] = true
			assert.Equal(t, http.Header{
				"Accept": {"application/json"}, "Accept-Encoding": {"gzip"}, "User-Agent": {rest.UserAgent}, "X-Path": {r.URL.Path},
			}, r.Header)
			assert.Equal(t, "jobs.test", r.Host)
			assert.NoError(t, r.Context().Err())
		}
		assert.Len(t, seen, calls)
	})
	c := client(t, "http://jobs.test", rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
		assert.Empty(t, r.Header["X-Path"])
		r.Header.Set("Accept", "application/json")
		r.Header.Add("X-Path", r.URL.Path)
		kept <- r
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(status("running")))}, nil
	})))
	for i := range calls {
		callers.Go(func() {
			_, err := c.Status(t.Context(), strconv.Itoa(i))
			assert.NoError(t, err)
		})
	}
	callers.Wait()
	close(kept)
	reader.Wait()
}

// fault 44
func TestPrintingAClientPrintsNoSecret(t *testing.T) {
	t.Parallel()
	token := func(context.Context) (string, error) { return canary, nil }
	plain := client(t, "https://u:"+canary+"@jobs.test/v1", rest.WithHeader("X-Key", canary))
	tokened := client(t, "https://jobs.test/v1", rest.WithToken(token))
	assert.Equal(t, "rest: https://jobs.test", plain.String())
	for _, c := range []*rest.Client{plain, tokened} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q"} {
			assert.NotContains(t, fmt.Sprintf(verb, c), canary)
			assert.NotContains(t, fmt.Sprintf(verb, struct{ C any }{c}), canary)
		}
	}
	assert.NotContains(t, fmt.Sprintf("%+v", rest.WithHeader("X-Key", canary)), canary)
}

func TestARoundTripperThatIsANilPointerIsNamed(t *testing.T) {
	t.Parallel()
	var none *http.Transport
	_, err := rest.New("http://127.0.0.1", rest.WithRoundTripper(none))
	require.ErrorContains(t, err, "WithRoundTripper")
	_, err = rest.New("http://127.0.0.1", rest.WithHTTPClient(&http.Client{Transport: none}))
	require.ErrorContains(t, err, "WithHTTPClient")
}
