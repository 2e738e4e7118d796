package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/mcp"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// answer is what a server says, and what it means.
type answer struct {
	Means   string            `json:"means"`
	Code    int               `json:"code"`
	Header  map[string]string `json:"header"`
	Body    json.RawMessage   `json:"body"`
	End     json.RawMessage   `json:"end"` // the answer to tasks/result
	Message string            `json:"message"`
	Result  json.RawMessage   `json:"result"`
	Wait    string            `json:"wait"`
}

// recording is a file in testdata.
type recording struct {
	Form    string   `json:"form"`
	ID      string   `json:"id"`
	Creates []answer `json:"creates"`
	Answers []answer `json:"answers"`
}

func (r recording) form() mcp.Form {
	if r.Form == mcp.Core.String() {
		return mcp.Core
	}
	return mcp.Extension
}

func recordings(t testing.TB) []recording {
	t.Helper()
	names, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.Len(t, names, 2)
	all := make([]recording, len(names))
	for i, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &all[i]), name)
	}
	return all
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

// message is a request that a server gets.
type message struct {
	ID     int64           `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

func read(t testing.TB, r *http.Request) (m message) {
	body, err := io.ReadAll(r.Body)
	assert.NoError(t, err)
	assert.NoError(t, json.Unmarshal(body, &m), "%s", body)
	return m
}

// ways are how an answer reaches a client: the Tasks of a server that always gives this answer.
var ways = map[string]func(t *testing.T, form mcp.Form, a answer) *mcp.Tasks{
	"json": func(t *testing.T, form mcp.Form, a answer) *mcp.Tasks {
		return overHTTP(t, form, a, func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(a.code())
			_, _ = w.Write(body)
		})
	},
	"stream": func(t *testing.T, form mcp.Form, a answer) *mcp.Tasks {
		return overHTTP(t, form, a, func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			_, _ = fmt.Fprintf(w, ": hello\r\nid: 1\r\ndata:\r\n\r\nevent: message\ndata: {\"method\":\"notifications/progress\",\"params\":{}}\n\ndata: %s\n\ndata: {\"result\":{}}\n\n", body)
		})
	},
	"session": func(t *testing.T, form mcp.Form, a answer) *mcp.Tasks {
		tasks, err := mcp.New(mcp.CallerFunc(func(_ context.Context, method string, _ json.RawMessage) (json.RawMessage, error) {
			var said struct {
				Result json.RawMessage
				Error  *mcp.Error
			}
			require.NoError(t, json.Unmarshal(a.to(method), &said))
			if said.Error != nil {
				return said.Result, said.Error
			}
			return said.Result, nil
		}), mcp.WithForm(form))
		require.NoError(t, err)
		return tasks
	},
}

// comes reports whether an answer can come that way. A status code other than 200 comes in JSON
// alone, and an error of a session has a number.
func comes(a answer, way string) bool {
	return way == "json" || a.code() == http.StatusOK && (way != "session" || !bytes.Contains(a.Body, []byte("no number")))
}

func (a answer) code() int {
	if a.Code == 0 {
		return http.StatusOK
	}
	return a.Code
}

// to returns the answer to a method.
func (a answer) to(method string) []byte {
	body := a.Body
	if method == "tasks/result" {
		body = a.End
	}
	var compact bytes.Buffer
	if body == nil || json.Compact(&compact, body) != nil {
		return nil
	}
	return compact.Bytes()
}

func overHTTP(t *testing.T, form mcp.Form, a answer, write func(w http.ResponseWriter, body []byte)) *mcp.Tasks {
	tasks, err := mcp.NewHTTP("http://tools.example/mcp", mcp.WithForm(form), mcp.WithREST(rest.WithRetries(rest.NoRetries)),
		mcp.WithRoundTripper(roundTripper(func(w http.ResponseWriter, r *http.Request) {
			for name, value := range a.Header {
				w.Header().Set(name, value)
			}
			write(w, a.to(read(t, r).Method))
		})))
	require.NoError(t, err)
	return tasks
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
		assert.Zero(t, st)
		return
	}
	require.NoError(t, err)
	assert.Equal(t, a.Means, st.State.String())
	assert.Equal(t, wait, st.RetryAfter)
	if a.Message != "" {
		assert.Equal(t, a.Message, st.Message)
	}
	if a.Result != nil {
		assert.JSONEq(t, string(a.Result), string(st.Result))
	}
}
