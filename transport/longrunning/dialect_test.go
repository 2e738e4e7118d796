package longrunning_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// aip151 describes the operations of google.longrunning.
var aip151 = rest.Dialect{
	Create: rest.Call{Path: "/v1/things:make"},
	Status: rest.Call{Path: "/v1/{+id}"},
	Cancel: rest.Call{Method: "POST", Path: "/v1/{+id}:cancel", Body: struct{}{}},
	ID:     "name",
	State:  "done, error.code",
	States: map[string]transport.State{
		"-, -": transport.Running, "false, -": transport.Running, "true, -": transport.Completed, "*, 1": transport.Canceled, "*, +": transport.Failed,
	},
	Error: "error.message", Result: "response",
}

// monitors describes 202 with a Location.
var monitors = rest.Dialect{
	Create: rest.Call{Path: "/exports"},
	Status: rest.Call{Path: "{+id}"},
	Fetch:  rest.Call{Path: "{+result}"},
	ID:     "@header.Location",
	State:  "@code",
	States: map[string]transport.State{"202": transport.Running, "200": transport.Completed}, // a 303 is the end anyway, with the Location as its result
	Result: ".",
}

func withDialect(t *testing.T, s *service, d rest.Dialect) *rest.Client {
	c, err := rest.New(s.URL, rest.WithDialect(d), rest.WithRetries(rest.NoRetries))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Rules E1 to E7: an operation with a name is a dialect of package rest.
func TestADialectSpeaksAIP151(t *testing.T) {
	t.Parallel()
	const at = "/v1/operations/a+b=/7" // E1: slashes stay
	s := serve(t, map[string][]string{
		"POST /v1/things:make": {`200 | {"name":"operations/a+b=/7"}`},
		"GET " + at: {
			`200 | {"name":"operations/a+b=/7","metadata":{"p":1}}`, `200 | {"done":false}`, `200 | {"done":true,"response":{"@type":"x","a":1}}`,
			`200 | {"done":true,"error":{"code":1,"message":"stopped"}}`, `200 | {"done":true,"error":{"code":13,"message":"disk"}}`,
			`404 | {"error":{"code":404,"message":"no such operation","status":"NOT_FOUND"}}`, `503 | {"error":{"code":503}}`,
		},
		"POST " + at + ":cancel": {"200 | {}", "501"},
	})
	c := withDialect(t, s, aip151)
	first, err := c.Start(t.Context(), transport.CreateRequest{Input: map[string]int{"a": 1}})
	require.NoError(t, err)
	assert.Equal(t, "operations/a+b=/7", first.ID)
	for _, want := range []ended{
		{transport.Running, "", "", ""}, {transport.Running, "", "", ""}, {transport.Completed, `{"@type":"x","a":1}`, "", ""},
		{transport.Canceled, "", "stopped", ""}, {transport.Failed, "", "disk", ""},
	} {
		got, err := c.Status(t.Context(), first.ID)
		require.NoError(t, err)
		assert.Equal(t, want, ended{got.State, string(got.Result), got.Message, ""})
	}
	_, err = c.Status(t.Context(), first.ID)
	require.ErrorIs(t, err, transport.ErrNotFound, "an error of the call is no end of the job")
	_, err = c.Status(t.Context(), first.ID)
	require.Error(t, err)
	require.NoError(t, c.Cancel(t.Context(), first.ID))
	assert.Equal(t, "{}", s.bodies[len(s.bodies)-1])
	assert.Error(t, c.Cancel(t.Context(), first.ID))
}

// Rules F1, F2, F3, F6 and F7: 202 with a Location is a dialect, too.
func TestADialectSpeaks202AndLocation(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string][]string{
		"POST /exports":             {"202 | Location: /exports/7/status?x=1 | Retry-After: 5"},
		"GET /exports/7/status?x=1": {"202 | Retry-After: 3", `200 | {"rows":3}`, "303 | Location: /result/7", "410", "422"},
		"GET /result/7":             {"200 | all rows"},
	})
	c := withDialect(t, s, monitors)
	first, err := c.Start(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "/exports/7/status?x=1", State: transport.Pending, RetryAfter: 5 * time.Second}, first)
	got, err := c.Status(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, transport.Running, got.State)
	assert.Equal(t, 3*time.Second, got.RetryAfter)
	got, err = c.Status(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, got.State)
	assert.JSONEq(t, `{"rows":3}`, string(got.Result))
	got, err = c.Status(t.Context(), first.ID)
	require.NoError(t, err)
	require.Equal(t, transport.Completed, got.State)
	body, err := c.Fetch(t.Context(), got)
	require.NoError(t, err)
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Equal(t, "all rows", string(text))
	require.NoError(t, body.Close())
	for range 2 {
		var e *transport.Error
		_, err = c.Status(t.Context(), first.ID)
		require.True(t, errors.As(err, &e))
		assert.Equal(t, transport.Permanent, e.Class)
		assert.Contains(t, []int{http.StatusGone, http.StatusUnprocessableEntity}, e.Code)
	}
}
