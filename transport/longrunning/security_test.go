package longrunning_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/longrunning"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// withSecrets returns a Client with each kind of credential that there is, and two origins beside
// its own: one of another port of the same host, which is allowed, and one that is not.
func withSecrets(t *testing.T, own, allowed *service) *longrunning.Client {
	base, err := url.Parse(own.URL)
	require.NoError(t, err)
	base.User = url.UserPassword("canary-user", "canary-password")
	jar := &oneCookie{}
	l, err := longrunning.New(base.String(), longrunning.AllowOrigin(allowed.URL), rest.WithHeader("X-Api-Key", "canary-key"),
		rest.WithHTTPClient(&http.Client{Jar: jar}), longrunning.Query("code", "canary-query"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// oneCookie is a jar that gives each host the same cookie.
type oneCookie struct{}

func (*oneCookie) SetCookies(*url.URL, []*http.Cookie) {}
func (*oneCookie) Cookies(*url.URL) []*http.Cookie {
	return []*http.Cookie{{Name: "session", Value: "canary-cookie"}}
}

// Fault 42: another port of the same host name is another origin, to which net/http would pass
// Authorization on.
func TestAForeignOriginIsSentNoCredential(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]map[string][]string{
		"start":    {"POST /r?code=canary-query": {"202 | Azure-AsyncOperation: THERE/op"}},
		"move":     {"POST /r?code=canary-query": {"202 | Location: /1"}, "GET /1?code=canary-query": {"202 | Location: THERE/op"}},
		"redirect": {"POST /r?code=canary-query": {"202 | Location: /1"}, "GET /1?code=canary-query": {"302 | Location: THERE/op"}},
		"see":      {"POST /r?code=canary-query": {"202 | Location: /1"}, "GET /1?code=canary-query": {"303 | Location: THERE/op"}},
		"resource": {"POST /r?code=canary-query": {"202 | Operation-Location: /1"}, "GET /1?code=canary-query": {`200 | {"status":"Succeeded","resourceLocation":"THERE/op"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			there := serve(t, map[string][]string{"GET /op": {`200 | {"status":"Succeeded"}`}})
			for _, answers := range script {
				for i := range answers {
					answers[i] = strings.ReplaceAll(answers[i], "THERE", there.URL)
				}
			}
			s := serve(t, script)
			l := withSecrets(t, s, there)
			r := request(t, s, "POST", "/r")
			r.Header.Set("X-Ms-Client-Request-Id", "canary-first")
			first, err := l.Send(t.Context(), r, longrunning.Operation)
			require.NoError(t, err)
			end, err := follow(t, l, first)
			require.NoError(t, err)
			assert.Equal(t, transport.Completed, end.State)
			assert.Contains(t, fmt.Sprint(s.heads), "canary-cookie", "the own origin is sent what it may know")
			assert.Contains(t, fmt.Sprint(s.heads), "canary-key")
			assert.Equal(t, []string{"GET /op"}, there.requests())
			assert.NotContains(t, fmt.Sprint(there.heads), "canary")
			assert.Empty(t, there.heads[0].Get("Authorization"))
		})
	}
}

// Fault 42: no URL and no id leads to an origin that was not named, and a CheckRedirect of the
// user's does not widen that.
func TestAnOriginThatIsNotNamedIsNotAsked(t *testing.T) {
	t.Parallel()
	there := serve(t, nil)
	s := serve(t, map[string][]string{"POST /r": {"202 | Location: /1"}, "GET /1": {"302 | Location: " + there.URL + "/op"}})
	l := client(t, s, rest.WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}))
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	_, err = l.Status(t.Context(), first.ID)
	assert.ErrorContains(t, err, "a redirect to another origin")
	assert.ErrorContains(t, err, "(AllowOrigin allows it)")
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, transport.Misdirected, e.Class)

	foreign := client(t, s, longrunning.AllowOrigin(there.URL))
	elsewhere := request(t, there, "POST", "/r")
	_, err = foreign.Send(t.Context(), elsewhere, "")
	assert.ErrorContains(t, err, "operations start there")
	_, err = accept(t, l, elsewhere, "")
	assert.ErrorContains(t, err, "another origin")
	assert.Equal(t, []string{"POST /r"}, there.requests(), "that of the test alone")

	s.script["POST /r"] = []string{"202 | Location: " + there.URL + "/op"}
	first, err = foreign.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	_, err = l.Status(t.Context(), first.ID)
	require.ErrorIs(t, err, transport.ErrInvalidID)
	assert.ErrorContains(t, err, there.URL)
	assert.ErrorContains(t, err, s.URL)
	assert.Len(t, there.requests(), 1)
}

// Fault 42: https never leads to http, be the base URL the one or the other.
func TestHTTPSLeadsToNoHTTP(t *testing.T) {
	t.Parallel()
	plain := serve(t, nil)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", plain.URL+"/op")
		w.WriteHeader(map[bool]int{true: http.StatusFound, false: http.StatusAccepted}[r.URL.Path == "/redirect"])
	}))
	t.Cleanup(secure.Close)
	_, err := longrunning.New(secure.URL, longrunning.AllowOrigin(plain.URL))
	assert.ErrorContains(t, err, "https")
	l, err := longrunning.New(plain.URL, longrunning.AllowOrigin(secure.URL), rest.WithRoundTripper(secure.Client().Transport))
	require.NoError(t, err)
	for _, path := range []string{"/move", "/redirect"} {
		plain.script = map[string][]string{"POST /r": {"202 | Location: " + secure.URL + path}}
		first, err := l.Send(t.Context(), request(t, plain, "POST", "/r"), "")
		require.NoError(t, err)
		_, err = l.Status(t.Context(), first.ID)
		var e *transport.Error
		require.ErrorAs(t, err, &e, path)
		assert.Equal(t, transport.Misdirected, e.Class)
		assert.ErrorContains(t, err, "http")
	}
	assert.NotContains(t, plain.requests(), "GET /op")
}

// Fault 42: a service behind a proxy that ends TLS names its URLs with http.
func TestAServiceBehindAProxyThatEndsTLSIsAskedByHTTPS(t *testing.T) {
	t.Parallel()
	service := &steps{said: []said{say("202 | Location: http://api.example.com/op | Retry-After: 1"), say(`200 | {"a":1}`)}}
	l, err := longrunning.New("https://api.example.com", rest.WithRoundTripper(service))
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.com/r", nil)
	require.NoError(t, err)
	first, err := l.Send(t.Context(), r, "")
	require.NoError(t, err)
	end, err := l.Status(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, end.State)
}

// Fault 44: no secret is in an error, a log or a printed value.
func TestNothingSecretIsPrinted(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	l := withSecrets(t, s, serve(t, nil))
	s.script = map[string][]string{
		"POST /r?code=canary-query":                      {"202 | Azure-AsyncOperation: BASE/op?sig=canary-signature"},
		"GET /op?sig=canary-signature&code=canary-query": {`400 | {"error":"canary-key canary-signature canary-password canary-query"}`},
	}
	r := request(t, s, "POST", "/bad")
	r.Header.Set("Authorization", "Bearer canary-bearer")
	s.script["POST /bad?code=canary-query"] = []string{"400 | you said canary-bearer"}
	_, refused := l.Send(t.Context(), r, "")
	again := request(t, s, "POST", "/bad?code=canary-query")
	again.Header = r.Header
	_, refusedToo := accept(t, l, again, "")
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	require.ErrorContains(t, refused, "you said")
	require.ErrorContains(t, refusedToo, "you said")
	_, failure := l.Status(t.Context(), first.ID)
	require.Error(t, failure)
	var e *transport.Error
	require.ErrorAs(t, failure, &e)
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v %v %v %v", l, l, l, failure, e, e, first, refused, refusedToo)
	assert.NotContains(t, printed, "canary")
	assert.Less(t, len(first.String()), 100)
}
