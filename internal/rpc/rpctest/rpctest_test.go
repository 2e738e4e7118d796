package rpctest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noted is a T that counts problems. A test that fails at once ends by a panic with it.
type noted struct{ problems int }

func (*noted) Helper()                 {}
func (n *noted) Errorf(string, ...any) { n.problems++ }
func (n *noted) FailNow()              { panic(n) }

// problems returns how many problems a check notes.
func problems(check func(t rpctest.T)) (count int) {
	n := &noted{}
	defer func() {
		if r := recover(); r != nil && r != any(n) {
			panic(r)
		}
		count = n.problems
	}()
	check(n)
	return 0
}

func TestCheckNotesWhatIsToldWrongly(t *testing.T) {
	t.Parallel()
	throttled := &transport.Error{Class: transport.Throttled, RetryAfter: time.Second}
	running := transport.Status{ID: "7", State: transport.Running, Message: "m"}
	done := transport.Status{ID: "7", State: transport.Completed, Result: json.RawMessage(`{"a":1}`)}
	failed := transport.Status{ID: "7", State: transport.Failed, Result: json.RawMessage(`{}`)}
	for _, c := range []struct {
		means rpctest.Answer
		st    transport.Status
		err   error
		right bool
	}{
		{rpctest.Answer{Means: "running", Message: "m"}, running, nil, true},
		{rpctest.Answer{Means: "running"}, running, nil, false},
		{rpctest.Answer{Means: "pending", Message: "m"}, running, nil, false},
		{rpctest.Answer{Means: "running", Message: "m", Wait: "1s"}, running, nil, false},
		{rpctest.Answer{Means: "running", Message: "m", Wait: "x"}, running, nil, false},
		{rpctest.Answer{Means: "running", Message: "m"}, running, throttled, false},
		{rpctest.Answer{Means: "completed", Result: json.RawMessage(`{ "a": 1 }`)}, done, nil, true},
		{rpctest.Answer{Means: "completed", Result: json.RawMessage(`{}`)}, done, nil, false},
		{rpctest.Answer{Means: "completed"}, done, nil, false},
		{rpctest.Answer{Means: "failed"}, failed, nil, true},
		{rpctest.Answer{Means: "failed", Result: json.RawMessage(`{"a":1}`)}, failed, nil, false},
		{rpctest.Answer{Means: "nothing"}, transport.Status{}, nil, true},
		{rpctest.Answer{Means: "nothing"}, running, nil, false},
		{rpctest.Answer{Means: "throttled", Wait: "1s"}, transport.Status{}, throttled, true},
		{rpctest.Answer{Means: "throttled"}, transport.Status{}, throttled, false},
		{rpctest.Answer{Means: "denied", Wait: "1s"}, transport.Status{}, throttled, false},
		{rpctest.Answer{Means: "throttled", Wait: "1s"}, running, throttled, false},
		{rpctest.Answer{Means: "throttled"}, running, nil, false},
		{rpctest.Answer{Means: "transient"}, transport.Status{}, io.EOF, false},
	} {
		n := problems(func(t rpctest.T) { c.means.Check(t, c.st, c.err) })
		assert.Equal(t, c.right, n == 0, "%+v: %v %v", c.means, c.st, c.err)
	}
}

// secret hides in fmt's %v, but not in %s.
type secret string

func (s secret) Format(f fmt.State, verb rune) {
	if verb == 's' {
		_, _ = io.WriteString(f, string(s))
	}
}

func TestCheckHidesTriesEachVerb(t *testing.T) {
	t.Parallel()
	assert.Zero(t, problems(func(t rpctest.T) { rpctest.CheckHides(t, "CANARY", secret("other")) }))
	assert.NotZero(t, problems(func(t rpctest.T) { rpctest.CheckHides(t, "CANARY", secret("CANARY")) }))
}

func TestAServerAnswersInMemory(t *testing.T) {
	t.Parallel()
	a := rpctest.Answer{Code: 429, Header: map[string]string{"Retry-After": "1"}}
	server := rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "get", rpctest.Read(t, r).Method)
		a.WriteHeader(w)
		_, _ = w.Write(rpctest.Compact([]byte("[ 1,\n2 ]")))
	})
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://h/", strings.NewReader(`{"method":"get"}`))
	answer, err := server.RoundTrip(r)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, []any{429, "1", "[1,2]"}, []any{answer.StatusCode, answer.Header.Get("Retry-After"), string(body)})
	assert.Equal(t, http.StatusOK, rpctest.Answer{}.StatusCode())
	assert.Nil(t, rpctest.Compact([]byte("{")))
	assert.Nil(t, rpctest.Compact(nil))

	cancel()
	_, err = server.RoundTrip(r)
	require.ErrorIs(t, err, context.Canceled)
}

func TestARecordingIsLoaded(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "a.json")
	require.NoError(t, os.WriteFile(name, []byte(`[{"means":"running","body":{"a":1},"end":2}]`), 0o600))
	all := rpctest.Load[[]rpctest.Answer](t, name)
	assert.Equal(t, []rpctest.Answer{{Means: "running", Body: json.RawMessage(`{"a":1}`), End: json.RawMessage(`2`)}}, all)
}

func TestListenReturnsOnceItListens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f rpc.Feed
		told, ended := rpctest.Listen(t, &f)
		f.Tell(transport.Status{ID: "7"})
		assert.Equal(t, "7", (<-told).ID)
		f.Missed()
		require.Error(t, <-ended)
	})
}
