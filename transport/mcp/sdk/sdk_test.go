package mcpsdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	jobmcp "github.com/iamber12/job-status-monitoring/transport/mcp"
	mcpsdk "github.com/iamber12/job-status-monitoring/transport/mcp/sdk"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/transporttest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// params are those of the methods about tasks.
type params struct {
	mcp.ParamsBase
	TaskID string `json:"taskId"`
}

// object is a result that the SDK has no type for.
type object struct {
	mcp.ResultBase
	members map[string]any
}

func (o *object) MarshalJSON() ([]byte, error) { return json.Marshal(o.members) }

// server has tasks that the official SDK serves.
type server struct {
	form jobmcp.Form

	mu    sync.Mutex
	words map[string]string // the status of each task
	polls int               // until the task that was started is over
}

func (s *server) set(id, word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.words[id] = word
}

var end = map[string]any{"content": []any{map[string]any{"type": "text", "text": "sunny"}}}

// task returns a task as the server's form has it.
func (s *server) task(id string) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	word, ok := s.words[id]
	if !ok {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "Task not found"}
	}
	if id == "new" {
		if s.polls--; s.polls == 0 {
			s.words[id] = "completed"
		}
	}
	task := map[string]any{"taskId": id, "status": word, "pollInterval": 5, "pollIntervalMs": 5}
	if word == "completed" && s.form == jobmcp.Extension {
		task["result"] = end
	}
	return task, nil
}

// open makes the server of the SDK.
func (s *server) open(t testing.TB) *mcp.Server {
	t.Helper()
	versions := []string{"2026-07-28"}
	if s.form == jobmcp.Core {
		versions = []string{"2025-11-25"}
	}
	srv := mcp.NewServer(&mcp.Implementation{Name: "weather", Version: "1"}, &mcp.ServerOptions{SupportedProtocolVersions: versions})
	mcp.AddTool(srv, &mcp.Tool{Name: "weather"}, func(context.Context, *mcp.CallToolRequest, map[string]any) (*mcp.CallToolResult, any, error) {
		return nil, nil, errors.New("is a task")
	})
	for method, answer := range map[string]func(string) (map[string]any, error){
		"tasks/get":    s.task,
		"tasks/result": func(string) (map[string]any, error) { return end, nil },
		"tasks/cancel": func(id string) (map[string]any, error) {
			task, err := s.task(id)
			if err == nil {
				s.set(id, "cancelled")
			}
			return task, err
		},
	} {
		require.NoError(t, mcp.AddReceivingCustomMethod(srv, method, func(_ context.Context, _ *mcp.ServerSession, p *params) (*object, error) {
			members, err := answer(p.TaskID)
			return &object{members: members}, err
		}))
	}
	srv.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if method != "tools/call" {
				return next(ctx, method, req)
			}
			s.set("new", "working")
			task, err := s.task("new")
			if s.form == jobmcp.Core {
				return &object{members: map[string]any{"task": task}}, err
			}
			task["resultType"] = "task"
			return &object{members: task}, err
		}
	})
	return srv
}

// link is a transport whose connection the test may write to.
type link struct {
	mcp.Transport
	conn mcp.Connection
}

func (l *link) Connect(ctx context.Context) (mcp.Connection, error) {
	conn, err := l.Transport.Connect(ctx)
	l.conn = conn
	return conn, err
}

// connect returns the Tasks of a server over a session in memory, and the server's end of it.
func (s *server) connect(t testing.TB) (*jobmcp.Tasks, *mcp.ClientSession, *link) {
	t.Helper()
	near, far := mcp.NewInMemoryTransports()
	l := &link{Transport: far}
	serving, err := s.open(t).Connect(context.Background(), l, nil)
	require.NoError(t, err)
	tap := mcpsdk.New(near)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(context.Background(), tap, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = session.Close()
		_ = serving.Wait()
	})
	tasks, err := jobmcp.New(tap, jobmcp.WithForm(s.form))
	require.NoError(t, err)
	tap.Notify(tasks)
	return tasks, session, l
}

var forms = []jobmcp.Form{jobmcp.Core, jobmcp.Extension}

func TestATaskIsWaitedForOverTheSessionOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, form := range forms {
		s := &server{form: form, words: map[string]string{}, polls: 3}
		tasks, session, _ := s.connect(t)
		w, err := jobstatus.New(tasks, jobstatus.WithBaseDelay(time.Millisecond), jobstatus.WithTimeout(time.Minute))
		require.NoError(t, err)
		first, err := w.StartJob(t.Context(), jobstatus.Input(jobmcp.ToolCall{Name: "weather"}))
		require.NoError(t, err)
		assert.Equal(t, transport.Running, first.State)
		st, err := w.WaitForJob(t.Context(), first.ID, jobstatus.From(first))
		require.NoError(t, err)
		assert.Equal(t, transport.Completed, st.State)
		assert.JSONEq(t, `{"content":[{"type":"text","text":"sunny"}]}`, string(st.Result))
		tools, err := session.ListTools(t.Context(), nil)
		require.NoError(t, err, "the SDK's own requests go on")
		assert.Len(t, tools.Tools, 1)
		require.NoError(t, w.Close())
	}
}

func TestTasksDoWhatAWatcherReliesOn(t *testing.T) {
	for _, form := range forms {
		t.Run(form.String(), func(t *testing.T) {
			transporttest.Run(t, func(t testing.TB) transporttest.Subject {
				s := &server{form: form, words: map[string]string{"1": "working", "2": "completed", "3": "failed"}}
				tasks, _, _ := s.connect(t)
				return transporttest.Subject{Transport: tasks, Unknown: "9",
					Jobs: map[string]transport.State{"1": transport.Running, "2": transport.Completed, "3": transport.Failed}}
			})
		})
	}
}

func TestNotificationsOfTheSessionAreDelivered(t *testing.T) {
	t.Parallel()
	for method, form := range map[string]jobmcp.Form{"notifications/tasks/status": jobmcp.Core, "notifications/tasks": jobmcp.Extension} {
		s := &server{form: form, words: map[string]string{}}
		tasks, session, far := s.connect(t)
		told, ended := make(chan transport.Status, 1000), make(chan error, 1)
		go func() {
			ended <- tasks.Notify(t.Context(), func(st transport.Status) {
				select {
				case told <- st:
				default:
				}
			})
		}()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for st := (transport.Status{}); st.ID == ""; { // until it listens
			require.NoError(t, far.conn.Write(t.Context(), &jsonrpc.Request{Method: method, Params: json.RawMessage(`{"taskId":"7","status":"input_required"}`)}))
			select {
			case st = <-told:
				assert.Equal(t, transport.Blocked, st.State)
			case <-tick.C:
			}
		}
		require.NoError(t, session.Close())
		require.Error(t, <-ended, "notifications may be missed now")
		_, err := tasks.Status(t.Context(), "7")
		require.ErrorIs(t, err, mcpsdk.ErrClosed)
	}
}

func TestACallEndsWithItsSessionOrContext(t *testing.T) {
	t.Parallel()
	near, far := mcp.NewInMemoryTransports()
	tap := mcpsdk.New(near)
	_, err := tap.Call(t.Context(), "tasks/get", nil)
	require.ErrorIs(t, err, mcpsdk.ErrNotConnected)
	silent, err := far.Connect(t.Context())
	require.NoError(t, err)
	conn, err := tap.Connect(t.Context())
	require.NoError(t, err)
	read := make(chan error, 1)
	go func() {
		_, err := conn.Read(context.Background())
		read <- err
	}()
	hear := func() { // what was asked is never answered
		_, err := silent.Read(t.Context())
		assert.NoError(t, err)
	}

	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		hear()
		cancel(gone)
	}()
	_, err = tap.Call(ctx, "tasks/get", json.RawMessage(`{}`))
	require.ErrorIs(t, err, gone)
	assert.Zero(t, tap.Waiting())

	go func() {
		hear()
		assert.NoError(t, silent.Close())
	}()
	_, err = tap.Call(t.Context(), "tasks/get", json.RawMessage(`{}`))
	require.ErrorIs(t, err, mcpsdk.ErrClosed)
	require.Error(t, <-read)
	require.NoError(t, conn.Close())
}

// A session that has ended does not come back, so that a wait without a timeout ends too.
func TestAWaitEndsSoonAfterItsSession(t *testing.T) {
	t.Parallel()
	near, far := mcp.NewInMemoryTransports()
	tap := mcpsdk.New(near)
	server, err := far.Connect(t.Context())
	require.NoError(t, err)
	conn, err := tap.Connect(t.Context())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, server.Close())
	tasks, err := jobmcp.New(tap)
	require.NoError(t, err)
	w, err := jobstatus.New(tasks, jobstatus.WithTimeout(jobstatus.Unlimited), jobstatus.WithBaseDelay(time.Millisecond), jobstatus.WithPatience(time.Millisecond))
	require.NoError(t, err)
	defer w.Close()
	_, err = w.WaitForJob(t.Context(), "7")
	require.ErrorIs(t, err, mcpsdk.ErrClosed)
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, transport.Misdirected, e.Class)

	// A program may open another session, and pass calls to it from then on.
	calls := 0
	tasks, err = jobmcp.New(jobmcp.CallerFunc(func(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
		if calls++; calls <= 2 {
			return tap.Call(ctx, method, params)
		}
		return json.RawMessage(`{"taskId":"8","status":"cancelled"}`), nil
	}))
	require.NoError(t, err)
	w, err = jobstatus.New(tasks, jobstatus.WithBaseDelay(time.Millisecond))
	require.NoError(t, err)
	defer w.Close()
	_, err = w.WaitForJob(t.Context(), "8")
	require.ErrorIs(t, err, jobstatus.ErrJobCanceled)
}

// The official server is asked over streamable HTTP, without a session of the SDK.
func TestTheServerOfTheSDKIsAskedOverHTTP(t *testing.T) {
	t.Parallel()
	for _, form := range forms {
		s := &server{form: form, words: map[string]string{}, polls: 2}
		srv := s.open(t)
		h := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return srv }, &mcp.StreamableHTTPOptions{Stateless: true}))
		tasks, err := jobmcp.NewHTTP(h.URL, jobmcp.WithForm(form), jobmcp.WithREST(rest.WithRetries(rest.NoRetries)))
		require.NoError(t, err)
		w, err := jobstatus.New(tasks, jobstatus.WithBaseDelay(time.Millisecond), jobstatus.WithTimeout(time.Minute))
		require.NoError(t, err)
		first, err := w.StartJob(t.Context(), jobstatus.Input(jobmcp.ToolCall{Name: "weather"}))
		require.NoError(t, err, "%v", form)
		st, err := w.WaitForJob(t.Context(), first.ID, jobstatus.From(first))
		require.NoError(t, err)
		assert.Equal(t, transport.Completed, st.State)
		_, err = tasks.Status(t.Context(), "9")
		require.ErrorIs(t, err, transport.ErrNotFound)
		require.NoError(t, w.Close())
		require.NoError(t, tasks.Close())
		h.Close()
	}
}

// fault 32: a nil argument is an error.
func TestMisuseIsAnError(t *testing.T) {
	t.Parallel()
	tap := mcpsdk.New(nil)
	_, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), tap, nil)
	require.ErrorContains(t, err, "the transport is nil")
	tap.Notify(nil)
	_, err = tap.Call(t.Context(), "tasks/get", nil)
	require.ErrorIs(t, err, mcpsdk.ErrNotConnected)
	near, _ := mcp.NewInMemoryTransports()
	tap = mcpsdk.New(near)
	conn, err := tap.Connect(t.Context())
	require.NoError(t, err)
	var none context.Context
	_, err = tap.Call(none, "tasks/get", nil)
	require.ErrorContains(t, err, "nil context")
	require.NoError(t, conn.Close())
}
