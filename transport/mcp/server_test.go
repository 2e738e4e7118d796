package mcp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/mcp"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/transporttest"
)

const silent = "silent"

// server is an MCP server whose tasks do not change.
type server struct {
	form  mcp.Form
	words map[string]string // the status of each task
	end   string            // the result of each
}

// call answers a request. The error is an *mcp.Error.
func (s server) call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	var p struct{ TaskID string }
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &mcp.Error{Code: -32700, Message: err.Error()}
	}
	if p.TaskID == silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	word, ok := s.words[p.TaskID]
	switch {
	case !ok:
		return nil, &mcp.Error{Code: -32602, Message: "Task not found"}
	case method == "tasks/result":
		return json.RawMessage(s.end), nil
	}
	task := map[string]any{"taskId": p.TaskID, "status": word, "ttl": nil}
	if s.form == mcp.Extension && word == "completed" {
		task["result"] = json.RawMessage(s.end)
	}
	return json.Marshal(task)
}

// ServeHTTP answers a request over HTTP, one about a running task with a stream.
func (s server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var m rpc.Request
	_ = json.Unmarshal(body, &m)
	result, err := s.call(r.Context(), m.Method, m.Params)
	said := map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": result}
	if refused := (*mcp.Error)(nil); errors.As(err, &refused) {
		said = map[string]any{"jsonrpc": "2.0", "id": m.ID, "error": map[string]any{"code": refused.Code, "message": refused.Message}}
	}
	text, _ := json.Marshal(said)
	if m.ID%2 == 0 {
		w.Header().Set("Content-Type", "text/event-stream")
		text = append(append([]byte("data: "), text...), "\n\n"...)
	}
	_, _ = w.Write(text)
}

func newServer(form mcp.Form) server {
	return server{form: form, end: `{"content":[{"type":"text","text":"ok"}]}`, words: map[string]string{
		"1": "working", "2": "completed", "a/b?c": "input_required", "4": "cancelled", "5": "failed"}}
}

var jobs = map[string]transport.State{"1": transport.Running, "2": transport.Completed, "a/b?c": transport.Blocked, "4": transport.Canceled, "5": transport.Failed}

func TestTasksDoWhatAWatcherReliesOn(t *testing.T) {
	for _, form := range []mcp.Form{mcp.Core, mcp.Extension} {
		t.Run(form.String()+"/session", func(t *testing.T) {
			transporttest.Run(t, func(t testing.TB) transporttest.Subject {
				tasks, err := mcp.New(mcp.CallerFunc(newServer(form).call), mcp.WithForm(form))
				require.NoError(t, err)
				return transporttest.Subject{Transport: tasks, Jobs: jobs, Unknown: "9", Silent: silent}
			})
		})
		t.Run(form.String()+"/http", func(t *testing.T) {
			transporttest.Run(t, func(t testing.TB) transporttest.Subject {
				s := httptest.NewServer(newServer(form))
				t.Cleanup(s.Close)
				tasks, err := mcp.NewHTTP(s.URL+"/mcp", mcp.WithForm(form))
				require.NoError(t, err)
				return transporttest.Subject{Transport: tasks, Jobs: jobs, Unknown: "9", Silent: silent}
			})
		})
	}
}

func TestAFaultOfTheSessionPasses(t *testing.T) {
	t.Parallel()
	broken := errors.New("the pipe broke")
	tasks, err := mcp.New(mcp.CallerFunc(func(context.Context, string, json.RawMessage) (json.RawMessage, error) { return nil, broken }))
	require.NoError(t, err)
	_, err = tasks.Status(t.Context(), "7")
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, transport.Transient, e.Class)
	require.ErrorIs(t, err, broken)

	over := &transport.Error{Class: transport.Misdirected, Err: broken}
	tasks, err = mcp.New(mcp.CallerFunc(func(context.Context, string, json.RawMessage) (json.RawMessage, error) { return nil, over }))
	require.NoError(t, err)
	_, err = tasks.Status(t.Context(), "7")
	require.ErrorAs(t, err, &e)
	assert.Equal(t, transport.Misdirected, e.Class, "for good, as the session says")
	require.ErrorIs(t, err, broken)

	for _, result := range []string{"", "null", "{", `"x"`} {
		tasks, err = mcp.New(mcp.CallerFunc(func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(result), nil
		}))
		require.NoError(t, err)
		_, err = tasks.Status(t.Context(), "7")
		require.ErrorIs(t, err, transport.ErrMalformed, "%q", result)
	}
}

// script is a session whose one task takes its course.
type script struct {
	results []string
	asked   []time.Duration
	begun   time.Time
}

func (s *script) Call(_ context.Context, method string, _ json.RawMessage) (json.RawMessage, error) {
	if method == "tools/call" {
		s.begun = time.Now()
	}
	s.asked = append(s.asked, time.Since(s.begun))
	next := s.results[0]
	if len(s.results) > 1 {
		s.results = s.results[1:]
	}
	return json.RawMessage(next), nil
}

// fault 8: a tool may work for minutes before the server answers the call. So calls have
// connections without the time limit of other requests. Of all requests of a session, no two have
// the same id.
func TestACallHasAConnectionThatMayTakeLonger(t *testing.T) {
	t.Parallel()
	from, ids := map[string]string{}, map[any]bool{}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := rpctest.Read(t, r)
		from[m.Method], ids[m.ID] = r.RemoteAddr, true
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%d,"result":{"resultType":"task","taskId":"7","status":"working"}}`, m.ID)
	}))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	tasks, err := mcp.NewHTTP(s.URL, mcp.WithREST(rest.WithTLSConfig(&tls.Config{RootCAs: roots})))
	require.NoError(t, err)
	defer tasks.Close()
	for range 2 {
		_, err = tasks.Start(t.Context(), transport.CreateRequest{Input: mcp.ToolCall{Name: "report"}})
		require.NoError(t, err)
		_, err = tasks.Status(t.Context(), "7")
		require.NoError(t, err)
	}
	assert.NotEqual(t, from["tools/call"], from["tasks/get"])
	assert.Len(t, ids, 4)
}

// fault 13: the poll interval is kept, though the Backoff asks for less.
func TestAWatcherWaitsForATaskAtItsPollInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{results: []string{
			`{"resultType":"task","taskId":"7","status":"working","pollIntervalMs":3000}`,
			`{"resultType":"complete","taskId":"7","status":"working","pollIntervalMs":7000}`,
			`{"resultType":"complete","taskId":"7","status":"working"}`,
			`{"resultType":"complete","taskId":"7","status":"completed","result":{"content":[{"type":"text","text":"ok"}]}}`,
		}}
		tasks, err := mcp.New(s)
		require.NoError(t, err)
		w, err := jobstatus.New(tasks, jobstatus.WithBaseDelay(time.Millisecond), jobstatus.WithMaxDelay(time.Millisecond))
		require.NoError(t, err)
		defer w.Close()
		first, err := w.StartJob(t.Context(), jobstatus.Input(mcp.ToolCall{Name: "report"}))
		require.NoError(t, err)
		st, err := w.WaitForJob(t.Context(), first.ID, jobstatus.From(first))
		require.NoError(t, err)
		assert.Equal(t, transport.Completed, st.State)
		assert.JSONEq(t, `{"content":[{"type":"text","text":"ok"}]}`, string(st.Result))
		require.Len(t, s.asked, 4)
		for i, least := range []time.Duration{0, 3 * time.Second, 10 * time.Second, 17 * time.Second} {
			assert.GreaterOrEqual(t, s.asked[i], least)
		}
		assert.Less(t, s.asked[3], 20*time.Second)
	})
}

func TestNotificationsThatAreFedAreDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tasks, err := mcp.New(mcp.CallerFunc(newServer(mcp.Core).call), mcp.WithForm(mcp.Core))
		require.NoError(t, err)
		require.NoError(t, tasks.Feed(json.RawMessage(`{"taskId":"0","status":"working"}`)), "nobody listens")
		told, ended := rpctest.Listen(t, tasks)
		require.NoError(t, tasks.Feed(json.RawMessage(`{"taskId":"1","status":"input_required","statusMessage":"city?","pollInterval":2000}`)))
		require.Len(t, told, 1)
		assert.Equal(t, transport.Status{ID: "1", State: transport.Blocked, Raw: "input_required", Message: "city?", RetryAfter: 2 * time.Second}, <-told)
		require.NoError(t, tasks.Feed(json.RawMessage(`{"taskId":"1","status":"completed","result":{"isError":true}}`)))
		st := <-told
		assert.Equal(t, transport.Failed, st.State)
		assert.Equal(t, "completed", st.Raw)
		for _, bad := range []string{
			``, `{`, `[]`, `{}`, `{"taskId":7}`, `{"taskId":"1"}`, `{"taskId":"\u0000","status":"working"}`,
			`{"taskId":"1","status":"working","status":"failed"}`,
		} {
			require.Error(t, tasks.Feed(json.RawMessage(bad)), bad)
		}
		assert.Empty(t, told)
		tasks.Missed()
		require.Error(t, <-ended)
	})
}

// fault 29: nobody knows whether a server sends notifications before it has sent one.
func TestAWatcherReliesOnNotificationsFromTheFirstOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tasks, err := mcp.New(mcp.CallerFunc(newServer(mcp.Core).call), mcp.WithForm(mcp.Core))
		require.NoError(t, err)
		w, err := jobstatus.New(tasks, jobstatus.WithNotifier(tasks), jobstatus.WithTimeout(time.Hour))
		require.NoError(t, err)
		defer w.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _, _ = w.WaitForJob(ctx, "1") }()
		heard := func(after time.Duration) int {
			time.Sleep(after)
			synctest.Wait()
			return w.Stats().Heard
		}
		tell := func() {
			require.NoError(t, tasks.Feed(json.RawMessage(`{"taskId":"other","status":"working"}`)))
		}
		assert.Zero(t, heard(5*time.Minute))
		tell()
		assert.Equal(t, 1, heard(0))
		tasks.Missed()
		assert.Zero(t, heard(5*time.Minute))
		tell()
		assert.Zero(t, heard(59*time.Second))
		assert.Equal(t, 1, heard(time.Second))
	})
}

// fault 44: the answer that refuses to resume a stream does not tell a secret that it echoes.
func TestAStreamThatIsNotResumedTellsNoSecret(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "id: 1\nretry: 1\ndata:\n\n")
			return
		}
		w.Header().Set("Content-Type", r.Header.Get("X-Key"))
	}))
	t.Cleanup(s.Close)
	key := rest.WithHeader("X-Key", "Canary-Key-7F3C")
	tasks, err := mcp.NewHTTP(s.URL+"/mcp", mcp.WithForm(mcp.Core), mcp.WithREST(key, rest.WithRetries(rest.NoRetries)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = tasks.Close() })
	_, err = tasks.Status(t.Context(), "7")
	require.ErrorContains(t, err, "it was not resumed")
	assert.NotContains(t, strings.ToLower(err.Error()), "canary")
}

// checkEnd checks that the answer which tells the end of a task says so, and says no error.
func checkEnd(t *testing.T, body string, s transport.State) {
	t.Helper()
	var whole map[string]any
	d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
	d.UseNumber()
	require.NoError(t, d.Decode(&whole))
	result, _ := whole["result"].(map[string]any)
	word := strings.ToLower(strings.TrimSpace(fmt.Sprint(result["status"])))
	switch s {
	case transport.Completed:
		assert.Equal(t, "completed", word)
	case transport.Failed:
		assert.Contains(t, []string{"completed", "failed"}, word)
	case transport.Canceled:
		assert.Contains(t, []string{"canceled", "cancelled"}, word)
	}
	failure, _ := whole["error"].(map[string]any)
	assert.Nil(t, failure["code"], "an error is told as a status")
}

// fault 17, fault 22: no answer panics, and none is told as an end that it does not tell.
func FuzzAnswersAndNotifications(f *testing.F) {
	for _, r := range recordings(f) {
		for _, a := range append(r.Answers, r.Creates...) {
			f.Add(string(a.Body), string(a.End))
		}
	}
	f.Add(`{"result":{"taskId":"7","status":"completed","result":{"isError":[],"content":[0]}}}`, `{"result":{"content":{}}}`)
	for _, word := range []string{"working", "input_required", "completed", "failed", "cancelled"} {
		f.Add(`{"result":{"taskId":"7","status":"`+word+`"}}`, `{"result":{"content":[]}}`)
	}
	var body, end string
	var all []*mcp.Tasks
	for _, form := range []mcp.Form{mcp.Core, mcp.Extension} {
		tasks, err := mcp.NewHTTP("http://tools.example/mcp", mcp.WithForm(form), mcp.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
			text := body
			if rpctest.Read(f, r).Method == "tasks/result" {
				text = end
			}
			_, _ = io.WriteString(w, text)
		})))
		require.NoError(f, err)
		all = append(all, tasks)
	}
	f.Fuzz(func(t *testing.T, b, e string) {
		body, end = b, e
		for _, tasks := range all {
			st, err := tasks.Status(t.Context(), "7")
			if err == nil && st.State.Terminal() {
				checkEnd(t, body, st.State)
			}
			if err == nil && st.State == transport.Completed {
				var said struct{ IsError any }
				_ = json.Unmarshal(st.Result, &said) // what is no object does not say it
				word := strings.TrimSpace(strings.ToLower(fmt.Sprint(said.IsError)))
				assert.Contains(t, []string{"<nil>", "false", "", "[]", "map[]"}, word, "a failed call is told as completed")
			}
			if st, err := tasks.Start(t.Context(), transport.CreateRequest{Input: mcp.ToolCall{Name: "a"}}); err == nil {
				assert.True(t, st.ID != "" || st.State.Terminal(), "%v", st)
				assert.False(t, st.ID != "" && st.State == transport.Completed, "its result is not here")
			}
			_ = tasks.Feed(json.RawMessage(body))
		}
	})
}
