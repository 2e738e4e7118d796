package a2a_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/a2a"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var bindings = []a2a.Binding{a2a.HTTP, a2a.JSONRPC, a2a.JSONRPC03}

// faults 22, 25, 64: no failed task is told as completed.
func TestEachAnswerIsToldRightly(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	for _, binding := range bindings {
		for i, a := range r.Answers {
			t.Run(fmt.Sprintf("%s/%d-%s", binding, i, a.Means), func(t *testing.T) {
				t.Parallel()
				st, err := always(t, binding, a).Status(t.Context(), r.ID)
				a.Check(t, st, err)
				if err == nil {
					assert.Equal(t, r.ID, st.ID)
				}
			})
		}
		for i, a := range r.Creates {
			t.Run(fmt.Sprintf("%s/start-%d-%s", binding, i, a.Means), func(t *testing.T) {
				t.Parallel()
				st, err := always(t, binding, a).Start(t.Context(), transport.CreateRequest{Input: a2a.Message{Text: "go"}})
				a.Check(t, st, err)
				assert.NotContains(t, st.Raw, ",", "is more than the agent's word")
				if st.ID == "" {
					assert.Empty(t, st.Raw, "a message says no state")
				}
				if err == nil && !st.State.Terminal() {
					assert.Equal(t, r.ID, st.ID)
				}
			})
		}
	}
}

// Only a binding in which each task has a path of its own has tags of its versions.
func TestTheRevisionIsTheTagOfATask(t *testing.T) {
	t.Parallel()
	for _, binding := range bindings {
		a := rpctest.Answer{Means: "running", Header: map[string]string{"ETag": `"v1"`}, Body: []byte(`{"id":"7","status":{"state":"working"}}`)}
		st, err := always(t, binding, a).Status(t.Context(), "7")
		require.NoError(t, err)
		want := ""
		if binding == a2a.HTTP {
			want = `"v1"`
		}
		assert.Equal(t, want, st.Revision, "%v", binding)
	}
}

func TestErrorsOfJSONRPCHaveClasses(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	for _, binding := range bindings[1:] {
		for _, a := range r.Errors {
			st, err := always(t, binding, rpctest.Answer{Body: a.Body}).Status(t.Context(), r.ID)
			a.Check(t, st, err)
		}
		err := always(t, binding, rpctest.Answer{Body: []byte(`{"error":{"code":-32002,"message":"Task cannot be canceled"}}`)}).Cancel(t.Context(), r.ID)
		rpctest.Answer{Means: "denied"}.Check(t, transport.Status{}, err)
		_, err = always(t, binding, rpctest.Answer{Code: 404, Body: []byte("404 page not found")}).Status(t.Context(), r.ID)
		rpctest.Answer{Means: "misdirected"}.Check(t, transport.Status{}, err)
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 404, e.Code, "by which the patience decides")
	}
}

func TestPushesAreRead(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	for _, a := range r.Pushes {
		st, err := a2a.ReadPush(append([]byte("\ufeff"), a.Body...))
		a.Check(t, st, err)
		if err == nil && a.Means != "nothing" {
			assert.Equal(t, r.ID, st.ID)
		}
	}
	for _, bad := range []string{``, `{`, `[]x`, `{"error":{"code":1}}`, `[]`, ` [{"id":"7","status":{"state":"completed"}}]`, `{"jsonrpc":"2.0","id":1,"result":[{"id":"7","status":{"state":"completed"}}]}`,
		`{"task":[{"id":"7","status":{"state":"completed"}}]}`, `{"task":{"id":"","status":{"state":"working"}}}`, `{"id":"7","status":{"state":"working"},"status":{"state":"failed"}}`} {
		st, err := a2a.ReadPush([]byte(bad))
		require.Error(t, err, bad)
		assert.Zero(t, st)
	}
}

func TestRequestsAreWhatTheProtocolSays(t *testing.T) {
	t.Parallel()
	const id = `a/b c`
	message := a2a.Message{Text: "go", Parts: []any{map[string]any{"data": 1}}, ContextID: "c", TaskID: "t", Metadata: map[string]any{"k": 1},
		Configuration: map[string]any{"historyLength": 0}}
	for binding, want := range map[a2a.Binding][]string{
		a2a.HTTP: {
			`POST /a2a/message:send {"message":{"messageId":"key","role":"ROLE_USER","parts":[{"text":"go"},{"data":1}],"contextId":"c","taskId":"t","metadata":{"k":1}},"configuration":{"returnImmediately":true,"historyLength":0}}`,
			`GET /a2a/tasks/a%2Fb%20c `,
			`POST /a2a/tasks/a%2Fb%20c:cancel `,
			`GET /a2a/tasks/a%2Fb%20c:subscribe `,
		},
		a2a.JSONRPC: {
			`POST /a2a {"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"key","role":"ROLE_USER","parts":[{"text":"go"},{"data":1}],"contextId":"c","taskId":"t","metadata":{"k":1}},"configuration":{"returnImmediately":true,"historyLength":0}}}`,
			`POST /a2a {"jsonrpc":"2.0","id":2,"method":"GetTask","params":{"id":"a/b c"}}`,
			`POST /a2a {"jsonrpc":"2.0","id":3,"method":"CancelTask","params":{"id":"a/b c"}}`,
			`POST /a2a {"jsonrpc":"2.0","id":1,"method":"SubscribeToTask","params":{"id":"a/b c"}}`,
		},
		a2a.JSONRPC03: {
			`POST /a2a {"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"kind":"message","messageId":"key","role":"user","parts":[{"kind":"text","text":"go"},{"data":1}],"contextId":"c","taskId":"t","metadata":{"k":1}},"configuration":{"blocking":false,"historyLength":0}}}`,
			`POST /a2a {"jsonrpc":"2.0","id":2,"method":"tasks/get","params":{"id":"a/b c"}}`,
			`POST /a2a {"jsonrpc":"2.0","id":3,"method":"tasks/cancel","params":{"id":"a/b c"}}`,
			`POST /a2a {"jsonrpc":"2.0","id":1,"method":"tasks/resubscribe","params":{"id":"a/b c"}}`,
		},
	} {
		n := 0
		tasks := open(t, binding, func(w http.ResponseWriter, r *http.Request) {
			body := []byte{}
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body)
			}
			var method, path, text string
			_, _ = fmt.Sscan(want[n], &method, &path)
			text = want[n][len(method)+len(path)+2:]
			assert.Equal(t, method+" "+path, r.Method+" "+r.URL.EscapedPath())
			if text == "" {
				assert.Empty(t, string(body))
			} else {
				assert.JSONEq(t, text, string(body))
			}
			version, typ := "1.0", "application/json"
			switch {
			case binding == a2a.JSONRPC03:
				version = ""
			case binding == a2a.HTTP && n == 0:
				typ = "application/a2a+json"
			case binding == a2a.HTTP:
				typ = ""
			}
			assert.Equal(t, version, r.Header.Get("A2A-Version"))
			assert.Equal(t, typ, r.Header.Get("Content-Type"))
			if n++; n == 4 {
				assert.Equal(t, "text/event-stream", r.Header.Get("Accept"))
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_, _ = io.WriteString(w, `{}`)
		})
		_, err := tasks.Start(t.Context(), transport.CreateRequest{Input: &message, IdempotencyKey: "key"})
		require.ErrorIs(t, err, transport.ErrMalformed)
		_, err = tasks.Status(t.Context(), id)
		require.ErrorIs(t, err, transport.ErrMalformed)
		if err = tasks.Cancel(t.Context(), id); binding == a2a.HTTP {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, transport.ErrMalformed, "it is no response")
		}
		_, err = tasks.Hold(t.Context(), id, transport.Status{ID: id, State: transport.Running}, time.Minute)
		require.ErrorIs(t, err, transport.ErrNotFound)
		assert.Equal(t, 4, n)
	}
}

func TestASlashAtTheEndOfAnEndpointIsIgnored(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{"http://h": "/tasks/7", "http://h/": "/tasks/7", "http://h/a/": "/a/tasks/7", "http://h/a": "/a/tasks/7"} {
		asked := ""
		tasks, err := a2a.New(endpoint, a2a.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.Path
			_, _ = io.WriteString(w, `{"id":"7","status":{"state":"working"}}`)
		})))
		require.NoError(t, err)
		_, err = tasks.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, want, asked, endpoint)
	}
}

// fault 32
func TestBadInputIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	for want, open := range map[string]func() (*a2a.Tasks, error){
		"WithBinding":     func() (*a2a.Tasks, error) { return a2a.New("http://h", a2a.WithBinding(9)) },
		"fragment":        func() (*a2a.Tasks, error) { return a2a.New("http://h/#x") },
		"query":           func() (*a2a.Tasks, error) { return a2a.New("http://h/?tenant=a") },
		"http://":         func() (*a2a.Tasks, error) { return a2a.New("h") },
		"option 1 is nil": func() (*a2a.Tasks, error) { return a2a.New("http://h", a2a.WithREST(), nil) },
		"WithRetries":     func() (*a2a.Tasks, error) { return a2a.New("http://h", a2a.WithREST(rest.WithRetries(99))) },
	} {
		_, err := open()
		require.ErrorContains(t, err, want)
	}
	_, err := a2a.New("http://h/?tenant=a", a2a.WithBinding(a2a.JSONRPC))
	require.NoError(t, err)
	_, err = a2a.New("http://user:s3cret@h/\x7f")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "s3cret")

	tasks, err := a2a.New("http://h", a2a.WithRoundTripper(nil), a2a.WithREST())
	require.NoError(t, err)
	for _, input := range []any{nil, "go", a2a.Message{}, (*a2a.Message)(nil)} {
		_, err := tasks.Start(t.Context(), transport.CreateRequest{Input: input})
		rpctest.Answer{Means: "denied"}.Check(t, transport.Status{}, err)
	}
	require.NoError(t, tasks.Close())
}

// fault 44
func TestPrintingAMessagePrintsNoText(t *testing.T) {
	t.Parallel()
	m := a2a.Message{Text: "CANARY", Parts: []any{"CANARY"}, Metadata: map[string]any{"k": "CANARY"}, Configuration: map[string]any{"k": "CANARY"}}
	rpctest.CheckHides(t, "CANARY", m)
	assert.Equal(t, "binding(9)", a2a.Binding(9).String())
}

// A message is sent once: nothing obliges an agent to know it again.
func TestAMessageIsSentOnce(t *testing.T) {
	t.Parallel()
	sent := map[string]int{}
	tasks, err := a2a.New("http://h", a2a.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ Message struct{ MessageID string } }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&m))
		sent[m.Message.MessageID]++
		w.WriteHeader(http.StatusServiceUnavailable)
	})))
	require.NoError(t, err)
	for _, key := range []string{"k", "", ""} {
		_, err = tasks.Start(context.Background(), transport.CreateRequest{Input: a2a.Message{Text: "go"}, IdempotencyKey: key})
		require.Error(t, err)
	}
	assert.Len(t, sent, 3)
	assert.Equal(t, 1, sent["k"])
}

// checkWord checks that a state that ends a task is what the service's word for it means.
func checkWord(t *testing.T, st transport.Status) {
	t.Helper()
	word := strings.ToLower(strings.TrimSpace(st.Raw))
	word = strings.TrimPrefix(word, "task_state_")
	if n, err := strconv.ParseFloat(word, 64); err == nil { // numbers are compared by value
		word = strconv.FormatFloat(n, 'f', -1, 64)
	}
	switch st.State {
	case transport.Completed:
		assert.Contains(t, []string{"completed", "3"}, word)
	case transport.Failed:
		assert.Contains(t, []string{"failed", "rejected", "4", "7"}, word)
	case transport.Canceled:
		assert.Contains(t, []string{"canceled", "cancelled", "5"}, word)
	default:
		assert.NotContains(t, []string{"completed", "failed", "rejected", "canceled", "cancelled"}, word)
	}
}

// stateIn returns the word for the state of the task that is the result of a JSON-RPC answer, or
// the answer itself over HTTP.
func stateIn(t *testing.T, body string, binding a2a.Binding) string {
	var whole map[string]any
	d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
	d.UseNumber()
	require.NoError(t, d.Decode(&whole))
	task := whole
	if binding != a2a.HTTP {
		failure, _ := whole["error"].(map[string]any)
		assert.Nil(t, failure["code"], "an error is told as a status")
		task, _ = whole["result"].(map[string]any)
	}
	status, _ := task["status"].(map[string]any)
	return strings.ToLower(strings.TrimSpace(fmt.Sprint(status["state"])))
}

// fault 17, fault 22: no answer and no push panics, and each is told as what its word means.
func FuzzAnswersAndPushes(f *testing.F) {
	r := recorded(f)
	for _, list := range [][]rpctest.Answer{r.Answers, r.Creates, r.Errors, r.Pushes} {
		for _, a := range list {
			f.Add(string(a.Body))
		}
	}
	f.Add(`{"id":"7","status":{"state":"TASK_STATE_CANCELLED"}}`)
	f.Add(`{"result":{"result":{"task":{"task":{"id":"7","status":{"state":"working"}}}}}}`)
	var body string
	var all []*a2a.Tasks
	for _, binding := range bindings {
		all = append(all, open(f, binding, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	}
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		for i, tasks := range all {
			if st, err := tasks.Status(t.Context(), "7"); err == nil {
				assert.Equal(t, "7", st.ID)
				checkWord(t, st)
				assert.Equal(t, stateIn(t, text, bindings[i]), strings.ToLower(strings.TrimSpace(st.Raw)))
			}
			if st, err := tasks.Start(t.Context(), transport.CreateRequest{Input: a2a.Message{Text: "go"}}); err == nil {
				assert.True(t, st.ID != "" || st.State.Terminal(), "%v", st)
			}
		}
		if st, err := a2a.ReadPush([]byte(text)); err == nil && st.ID != "" {
			require.NoError(t, transport.CheckID(st.ID))
			checkWord(t, st)
		} else {
			assert.Zero(t, st)
		}
	})
}

// fault 41: web frameworks redirect a path that lacks its last slash.
func TestEachRequestFollowsARedirectThatKeepsIt(t *testing.T) {
	t.Parallel()
	for _, binding := range bindings {
		t.Run(binding.String(), func(t *testing.T) {
			t.Parallel()
			var bodies []string
			tasks := open(t, binding, func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/") {
					http.Redirect(w, r, r.URL.Path+"/", http.StatusTemporaryRedirect)
					return
				}
				body := []byte{}
				if r.Body != nil {
					body, _ = io.ReadAll(r.Body)
				}
				bodies = append(bodies, r.Method+string(body))
				text := `{"id":"7","status":{"state":"working"}}`
				if binding != a2a.HTTP {
					text = `{"result":` + text + `}`
				}
				_, _ = io.WriteString(w, text)
			})
			_, err := tasks.Start(t.Context(), transport.CreateRequest{Input: a2a.Message{Text: "go"}})
			require.NoError(t, err)
			_, err = tasks.Status(t.Context(), "7")
			require.NoError(t, err)
			require.NoError(t, tasks.Cancel(t.Context(), "7"))
			require.Len(t, bodies, 3)
			_, err = tasks.Hold(t.Context(), "7", running, time.Minute)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			assert.Len(t, bodies, 5, "a subscription, which the agent answers without a stream, and a poll")
			assert.True(t, strings.HasPrefix(bodies[0], "POST") && strings.Contains(bodies[0], `"go"`), bodies[0])
		})
	}
}

// fault 32: neither a nil argument nor Tasks that New did not make cause a panic.
func TestMisuseIsAnError(t *testing.T) {
	t.Parallel()
	made := always(t, a2a.HTTP, rpctest.Answer{Body: []byte(`{"id":"7","status":{"state":"working"}}`)})
	none := func(transport.Status) {}
	for name, c := range map[string]struct {
		tasks *a2a.Tasks
		ctx   context.Context
	}{"nil context": {made, nil}, "zero": {&a2a.Tasks{}, t.Context()}, "nil": {nil, t.Context()}} {
		_, err := c.tasks.Start(c.ctx, transport.CreateRequest{Input: a2a.Message{Text: "go"}})
		require.Error(t, err, name)
		_, err = c.tasks.Status(c.ctx, "7")
		require.Error(t, err, name)
		_, err = c.tasks.Hold(c.ctx, "7", running, time.Minute)
		require.Error(t, err, name)
		require.Error(t, c.tasks.Cancel(c.ctx, "7"), name)
		require.Error(t, c.tasks.Notify(c.ctx, none), name)
		if c.tasks != made {
			require.ErrorContains(t, c.tasks.Feed([]byte(`{"id":"7","status":{"state":"working"}}`)), "not made by New")
			c.tasks.Missed()
			require.NoError(t, c.tasks.Close())
		}
	}
	require.Error(t, made.Notify(t.Context(), nil))
}
