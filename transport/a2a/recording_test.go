package a2a_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/a2a"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// answer is what an agent says, and what it means.
type answer struct {
	Means   string            `json:"means"`
	Code    int               `json:"code"`
	Header  map[string]string `json:"header"`
	Body    json.RawMessage   `json:"body"`
	Message string            `json:"message"`
	Result  json.RawMessage   `json:"result"`
	Wait    string            `json:"wait"`
}

// recording is the file in testdata.
type recording struct {
	ID      string   `json:"id"`
	Creates []answer `json:"creates"`
	Answers []answer `json:"answers"`
	Errors  []answer `json:"errors"` // of JSON-RPC
	Pushes  []answer `json:"pushes"`
}

func recorded(t testing.TB) (r recording) {
	t.Helper()
	text, err := os.ReadFile("testdata/a2a.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

// roundTripper serves requests in memory.
type roundTripper func(w http.ResponseWriter, r *http.Request)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	f(w, r)
	return w.Result(), nil
}

// open returns the Tasks of an agent.
func open(t testing.TB, binding a2a.Binding, serve roundTripper) *a2a.Tasks {
	tasks, err := a2a.New("https://agent.example/a2a", a2a.WithBinding(binding), a2a.WithRoundTripper(serve), a2a.WithREST(rest.WithRetries(rest.NoRetries)))
	require.NoError(t, err)
	return tasks
}

// always returns the Tasks of an agent that always gives this answer.
func (a answer) always(t testing.TB, binding a2a.Binding) *a2a.Tasks {
	return open(t, binding, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range a.Header {
			w.Header().Set(name, value)
		}
		if a.Code != 0 {
			w.WriteHeader(a.Code)
		}
		body := a.Body
		if binding != a2a.HTTP && a.Code == 0 && a.Means != "" {
			body = []byte(`{"jsonrpc":"2.0","id":1,"result":` + string(body) + `}`)
		}
		_, _ = w.Write(body)
	})
}

// classes are the words of means for errors.
var classes = map[string]transport.Class{
	"unknown_id": transport.NotFound, "throttled": transport.Throttled, "transient": transport.Transient, "denied": transport.Permanent,
	"malformed": transport.Malformed,
}

// check compares what was told with what the answer means.
func (a answer) check(t *testing.T, st transport.Status, err error) {
	t.Helper()
	wait := time.Duration(0)
	if a.Wait != "" {
		var bad error
		wait, bad = time.ParseDuration(a.Wait)
		require.NoError(t, bad)
	}
	if class, ok := classes[a.Means]; ok {
		var e *transport.Error
		require.ErrorAs(t, err, &e, "%v", st)
		assert.Equal(t, class, e.Class, "%v", err)
		assert.Equal(t, wait, e.RetryAfter)
		return
	}
	require.NoError(t, err)
	if a.Means == "nothing" {
		assert.Zero(t, st)
		return
	}
	assert.Equal(t, a.Means, st.State.String())
	assert.Equal(t, a.Message, st.Message)
	if a.Result == nil {
		assert.Empty(t, st.Result)
	} else if st.State == transport.Completed {
		assert.JSONEq(t, string(a.Result), string(st.Result))
	}
}
