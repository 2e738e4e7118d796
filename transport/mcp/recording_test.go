package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport/mcp"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// recording is a file in testdata.
type recording struct {
	Form    string           `json:"form"`
	ID      string           `json:"id"`
	Creates []rpctest.Answer `json:"creates"`
	Answers []rpctest.Answer `json:"answers"`
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
		all[i] = rpctest.Load[recording](t, name)
	}
	return all
}

// ways are how an answer reaches a client: the Tasks of a server that always gives this answer.
var ways = map[string]func(t *testing.T, form mcp.Form, a rpctest.Answer) *mcp.Tasks{
	"json": func(t *testing.T, form mcp.Form, a rpctest.Answer) *mcp.Tasks {
		return overHTTP(t, form, a, func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Content-Type", "application/json")
			a.WriteHeader(w)
			_, _ = w.Write(body)
		})
	},
	"stream": func(t *testing.T, form mcp.Form, a rpctest.Answer) *mcp.Tasks {
		return overHTTP(t, form, a, func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			a.WriteHeader(w)
			_, _ = fmt.Fprintf(w, ": hello\r\nid: 1\r\ndata:\r\n\r\nevent: message\ndata: {\"method\":\"notifications/progress\",\"params\":{}}\n\ndata: %s\n\ndata: {\"result\":{}}\n\n", body)
		})
	},
	"session": func(t *testing.T, form mcp.Form, a rpctest.Answer) *mcp.Tasks {
		tasks, err := mcp.New(mcp.CallerFunc(func(_ context.Context, method string, _ json.RawMessage) (json.RawMessage, error) {
			var said struct {
				Result json.RawMessage
				Error  *mcp.Error
			}
			require.NoError(t, json.Unmarshal(to(a, method), &said))
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
func comes(a rpctest.Answer, way string) bool {
	return way == "json" || a.StatusCode() == http.StatusOK && (way != "session" || !bytes.Contains(a.Body, []byte("no number")))
}

// to returns the answer to a method.
func to(a rpctest.Answer, method string) []byte {
	if method == "tasks/result" {
		return rpctest.Compact(a.End)
	}
	return rpctest.Compact(a.Body)
}

func overHTTP(t *testing.T, form mcp.Form, a rpctest.Answer, write func(w http.ResponseWriter, body []byte)) *mcp.Tasks {
	tasks, err := mcp.NewHTTP("http://tools.example/mcp", mcp.WithForm(form), mcp.WithREST(rest.WithRetries(rest.NoRetries)),
		mcp.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
			write(w, to(a, rpctest.Read(t, r).Method))
		})))
	require.NoError(t, err)
	return tasks
}
