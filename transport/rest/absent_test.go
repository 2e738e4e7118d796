package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

func TestACallThatIsNoneHasNothingElse(t *testing.T) {
	t.Parallel()
	_, err := rest.New("http://jobs.test", rest.WithDialect(rest.Dialect{Cancel: rest.Call{Path: "-", Body: "x"}, Create: rest.Call{Path: "-", Header: map[string]string{"A": "b"}}}))
	require.ErrorContains(t, err, `Cancel: Path "-" is no call`)
	require.ErrorContains(t, err, `Create: Path "-" is no call`)
	_, err = rest.New("http://jobs.test", rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "-"}}))
	require.ErrorContains(t, err, "Status: ")
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
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			service := &counting{code: http.StatusServiceUnavailable}
			client, err := rest.New("http://jobs.test", rest.WithRoundTripper(service), rest.WithRetries(1), rest.WithDialect(c.d))
			require.NoError(t, err)
			_, err = client.Create(context.Background(), transport.CreateRequest{IdempotencyKey: "k"})
			require.Error(t, err)
			assert.Equal(t, c.sent, service.n.Load())
			if c.d.IdempotencyHeader != "" {
				assert.Equal(t, "", service.keys[0])
			}
		})
	}
}
