package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// tokens returns a source that returns its tokens in order.
func tokens(all ...string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		token := all[0]
		all = all[min(1, len(all)-1):]
		return token, nil
	}
}

// origin answers requests whose header has the value with a status, and others with 401. It records
// the headers of each request.
func origin(t *testing.T, header, value string) (url string, seen *[]http.Header) {
	t.Helper()
	seen = new([]http.Header)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.Header)
		if r.Header.Get(header) != value {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, `{"echo":"`+r.Header.Get(header)+`","payload":{"status":"running"}}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, seen
}

// Faults 19, 42 and 44: an origin with a token of its own gets only that token, and no other origin
// gets it.
func TestAnOriginIsSentItsOwnTokenAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ header, name, value string }{
		{"", "Authorization", "Bearer theirs-2"}, {"Authorization: Key", "Authorization", "Key theirs-2"}, {"authorization", "Authorization", "theirs-2"},
		{"x-files-key", "X-Files-Key", "theirs-2"},
	} {
		files, seen := origin(t, c.name, c.value)
		other, bare := origin(t, "X-None", "")
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "Bearer ours-1234", r.Header.Get("Authorization"))
			assert.NotContains(t, fmt.Sprint(r.Header), "theirs")
			http.Redirect(w, r, files+"/moved", http.StatusFound)
		}, oneAttempt, rest.WithToken(tokens("ours-1234")), rest.WithHeader("X-Own", "ours-5678"), rest.AllowOrigin(other),
			rest.WithOriginToken(files, c.header, tokens("theirs-1", "theirs-2")), rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "{+id}"}}))
		for _, id := range []string{files + "/7", "/7", other + "/7"} {
			s, err := client.Status(t.Context(), id)
			require.NoError(t, err, "%v %s", c, id)
			assert.Equal(t, transport.Running, s.State)
		}
		require.Len(t, *seen, 3, "the first token is refused once")
		assert.NotContains(t, fmt.Sprint(*seen), "ours")
		assert.NotContains(t, fmt.Sprint(*bare), "ours")
		assert.NotContains(t, fmt.Sprint(*bare), "theirs")
	}
}

// Fault 44: the token of an origin is masked in quotations. The error of its source ends the call
// and keeps its class.
func TestAnOriginsTokenIsASecret(t *testing.T) {
	t.Parallel()
	files, seen := origin(t, "Authorization", "nobody")
	whole := rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "{+id}"}})
	client := serve(t, say(200, ""), rest.WithOriginToken(files, "", tokens("theirs-1234")), whole)
	_, err := client.Status(t.Context(), files+"/7")
	require.Equal(t, transport.Permanent, classOf(t, err))
	assert.NotContains(t, err.Error(), "theirs")
	assert.Len(t, *seen, 2)
	for _, want := range []error{errors.New("vault is sealed"), &transport.Error{Class: transport.Permanent, Err: errors.New("vault is sealed")}} {
		asked := 0
		client = serve(t, say(200, ""), rest.WithOriginToken(files, "", func(context.Context) (string, error) { asked++; return "", want }), whole)
		_, err = client.Status(t.Context(), files+"/7")
		require.ErrorContains(t, err, "vault is sealed")
		assert.ErrorContains(t, err, files, "it names the origin")
		assert.Equal(t, errors.As(want, new(*transport.Error)), classOf(t, err) == transport.Permanent)
		assert.Equal(t, 1, asked)
	}
	assert.Len(t, *seen, 2)
}

// fault 32
func TestNewNamesWhatIsWrongWithTheTokenOfAnOrigin(t *testing.T) {
	t.Parallel()
	source := tokens("x")
	for want, opts := range map[string][]rest.Option{
		"":                                   {rest.WithOriginToken("https://a", "", nil), rest.WithOriginToken("https://a", "", source), rest.WithTokenHeader("Authorization: Key"), rest.WithToken(source)},
		`WithOriginToken: "a" has no scheme`: {rest.WithOriginToken("a", "", source)},
		`WithOriginToken: "http://a": it is not https`:        {rest.WithOriginToken("http://a", "", source)},
		`WithOriginToken: "https://a:443": it has a token`:    {rest.WithOriginToken("https://a", "", source), rest.WithOriginToken("https://a:443", "", source)},
		`WithOriginToken: "https://h:443": it is the base`:    {rest.WithOriginToken("https://h:443", "", source)},
		`WithOriginToken: header "a b": neither`:              {rest.WithOriginToken("https://a", "a b", source)},
		`WithTokenHeader("X-Key:"): neither a header's name`:  {rest.WithTokenHeader("X-Key:")},
		`WithTokenHeader("X: a b"): neither a header's name`:  {rest.WithTokenHeader("X: a b")},
		`WithTokenHeader: the header Authorization is set by`: {rest.WithTokenHeader("authorization: Key"), rest.WithToken(source), rest.WithHeader("Authorization", "x")},
	} {
		_, err := rest.New("https://h", opts...)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, want)
	}
}
