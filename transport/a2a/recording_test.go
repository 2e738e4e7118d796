package a2a_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport/a2a"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// recording is the file in testdata.
type recording struct {
	ID      string           `json:"id"`
	Creates []rpctest.Answer `json:"creates"`
	Answers []rpctest.Answer `json:"answers"`
	Errors  []rpctest.Answer `json:"errors"` // of JSON-RPC
	Pushes  []rpctest.Answer `json:"pushes"`
}

func recorded(t testing.TB) recording {
	t.Helper()
	return rpctest.Load[recording](t, "testdata/a2a.json")
}

// open returns the Tasks of an agent.
func open(t testing.TB, binding a2a.Binding, serve rpctest.Server) *a2a.Tasks {
	tasks, err := a2a.New("https://agent.example/a2a", a2a.WithBinding(binding), a2a.WithRoundTripper(serve), a2a.WithREST(rest.WithRetries(rest.NoRetries)))
	require.NoError(t, err)
	return tasks
}

// always returns the Tasks of an agent that always gives this answer. The body of one that means a
// status is the result of JSON-RPC, unless the binding is HTTP.
func always(t testing.TB, binding a2a.Binding, a rpctest.Answer) *a2a.Tasks {
	return open(t, binding, func(w http.ResponseWriter, _ *http.Request) {
		a.WriteHeader(w)
		body := a.Body
		if binding != a2a.HTTP && a.Code == 0 && a.Means != "" {
			body = []byte(`{"jsonrpc":"2.0","id":1,"result":` + string(body) + `}`)
		}
		_, _ = w.Write(body)
	})
}
