package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// counting answers each request with a code, and counts them.
type counting struct {
	code int
	keys []string
	n    atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	c.keys = append(c.keys, r.Header.Get("Idempotency-Key")+r.Header.Get("-"))
	w := httptest.NewRecorder()
	w.WriteHeader(c.code)
	return w.Result(), nil
}

func TestCallsThatTheServiceDoesNotHaveAreUnsupportedAndNotSent(t *testing.T) {
	t.Parallel()
	service := &counting{code: http.StatusNoContent}
	c, err := rest.New("http://jobs.test", rest.WithRoundTripper(service), rest.WithDialect(rest.Dialect{
		Create: rest.Call{Path: "-"}, Cancel: rest.Call{Path: "-"}, Find: rest.Find{Call: rest.Call{Path: "/jobs"}},
	}))
	require.NoError(t, err)
	_, err = c.Create(context.Background(), transport.CreateRequest{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "the dialect has no Create")
	_, err = c.Start(context.Background(), transport.CreateRequest{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	err = c.Cancel(context.Background(), "a")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "the dialect has no Cancel")
	assert.Zero(t, service.n.Load())
}

// If the jobs of a service have another path, the client sends no cancel to the default path: there
// it could do anything.
func TestADialectWithItsOwnStatusHasNoCancelByDefault(t *testing.T) {
	t.Parallel()
	service := &counting{code: http.StatusNoContent}
	for path, want := range map[string]error{"/jobs/{id}": errors.ErrUnsupported, "": nil} {
		c, err := rest.New("http://jobs.test", rest.WithRoundTripper(service), rest.WithDialect(rest.Dialect{Status: rest.Call{Path: path}}))
		require.NoError(t, err)
		assert.ErrorIs(t, c.Cancel(context.Background(), "a"), want)
	}
	assert.EqualValues(t, 1, service.n.Load())
}

func TestACallThatIsNoneHasNothingElse(t *testing.T) {
	t.Parallel()
	_, err := rest.New("http://jobs.test", rest.WithDialect(rest.Dialect{Cancel: rest.Call{Path: "-", Body: "x"}, Create: rest.Call{Path: "-", Header: map[string]string{"A": "b"}}}))
	require.ErrorContains(t, err, `Cancel: Path "-" is no call`)
	require.ErrorContains(t, err, `Create: Path "-" is no call`)
	_, err = rest.New("http://jobs.test", rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "-"}}))
	require.ErrorContains(t, err, "Status: ")
}

func TestAKeyForWhichTheBodyHasAFieldIsInIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typ         string
		body, input any
		want, err   string
	}{
		{"application/x-www-form-urlencoded", "f=json&a=1", nil, "a=1&f=json&token=k", ""},
		{"application/x-www-form-urlencoded", nil, nil, "token=k", ""},
		{"application/x-www-form-urlencoded", nil, map[string]any{"a": 2}, "a=2&token=k", ""},
		{"application/vnd.api+json", map[string]any{"a": 1}, nil, `{"a":1,"token":"k"}`, ""},
		{"application/vnd.api+json", nil, nil, `{"token":"k"}`, ""},
		{"application/vnd.api+json", nil, map[string]any{"a": 2}, `{"a":2,"token":"k"}`, ""},
		{"text/csv", nil, "a,b", "", `can't be put at "token": a body of text/csv has no fields (Dialect.IdempotencyField)`},
		{"text/csv", "a,b", nil, "", `can't be put at "token": a body of text/csv has no fields`},
	} {
		var body []byte
		var typ string
		service := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			typ = r.Header.Get("Content-Type")
			say(200, `{"payload":{"jobID":"7"}}`)(w, r)
		}, rest.WithDialect(rest.Dialect{IdempotencyField: "token", Create: rest.Call{Header: map[string]string{"Content-Type": c.typ}, Body: c.body}}))
		_, err := service.Create(t.Context(), transport.CreateRequest{Input: c.input, IdempotencyKey: "k"})
		assert.Equal(t, c.want, string(body), c.typ)
		if c.err != "" {
			require.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err, c.typ)
		assert.Equal(t, c.typ, typ)
		body = nil
		_, err = service.Create(t.Context(), transport.CreateRequest{Input: c.input})
		require.NoError(t, err, c.typ)
		assert.NotContains(t, string(body), "token")
	}
}

func TestACreateIsSentOnceWhereTheServiceKnowsNoIdempotencyKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		d    rest.Dialect
		sent int64
	}{
		{"in its header", rest.Dialect{}, 2},
		{"nowhere", rest.Dialect{IdempotencyHeader: "-"}, 1},
		{"in the body", rest.Dialect{IdempotencyHeader: "-", IdempotencyField: "token"}, 2},
		{"in the path", rest.Dialect{IdempotencyHeader: "-", Create: rest.Call{Method: "PUT", Path: "/jobs/{key}"}}, 2},
		{"as the id", rest.Dialect{IdempotencyHeader: "-", ID: "@key"}, 1},
		{"in a find", rest.Dialect{IdempotencyHeader: "-", Find: rest.Find{Call: rest.Call{Path: "/jobs?key={key}"}}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, logs := observed(t, clock.New())
			service := &counting{code: http.StatusServiceUnavailable}
			client, err := rest.New("http://jobs.test", rest.WithRoundTripper(service), rest.WithRetries(1), rest.WithDialect(c.d))
			require.NoError(t, err)
			_, err = client.Create(ctx, transport.CreateRequest{IdempotencyKey: "k"})
			require.Error(t, err)
			assert.Equal(t, c.sent, service.n.Load())
			_, err = client.Create(ctx, transport.CreateRequest{IdempotencyKey: "k"})
			require.Error(t, err)
			assert.Equal(t, c.name == "nowhere", logs.FilterLevelExact(zapcore.WarnLevel).Len() == 1, "one warning of a key that has no effect")
			if c.d.IdempotencyHeader != "" {
				assert.Equal(t, "", service.keys[0])
			}
		})
	}
}

func TestAPageOfAGatewayDoesNotSayThatAJobIsNotFound(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Sign in to the network</html>")
	}
	missing := rest.Dialect{State: "job.state", Fault: "@code, job", Faults: map[string]transport.Class{"200, -": transport.NotFound},
		Batch: rest.Batch{Path: "/jobs?ids={ids}", List: "jobs", ID: "id"}}
	service := serve(t, page, rest.WithDialect(missing))
	_, err := service.Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err), err)
	_, err = service.StatusBatch(t.Context(), []string{"7", "8"})
	assert.Equal(t, transport.Transient, classOf(t, err), err)
	service = serve(t, say(200, `{}`), rest.WithDialect(missing))
	_, err = service.Status(t.Context(), "7")
	assert.Equal(t, transport.NotFound, classOf(t, err), err)
}
