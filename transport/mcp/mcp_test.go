package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/mcp"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test of each answer that comes from a server, for each way that it can come.
func each(t *testing.T, answers func(r recording) []rpctest.Answer, test func(t *testing.T, r recording, tasks *mcp.Tasks, a rpctest.Answer)) {
	for _, r := range recordings(t) {
		for way, open := range ways {
			for i, a := range answers(r) {
				if !comes(a, way) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d-%s", r.Form, way, i, a.Means), func(t *testing.T) {
					t.Parallel()
					test(t, r, open(t, r.form(), a), a)
				})
			}
		}
	}
}

// faults 22, 25, 64: no failed tool call is told as completed.
func TestEachAnswerIsToldRightly(t *testing.T) {
	t.Parallel()
	answers := func(r recording) []rpctest.Answer { return r.Answers }
	each(t, answers, func(t *testing.T, r recording, tasks *mcp.Tasks, a rpctest.Answer) {
		st, err := tasks.Status(t.Context(), r.ID)
		a.Check(t, st, err)
		if err == nil {
			assert.Equal(t, r.ID, st.ID)
			assert.NotContains(t, st.Raw, ",", "is more than the server's word")
		}
	})
}

func TestEachStartIsToldRightly(t *testing.T) {
	t.Parallel()
	answers := func(r recording) []rpctest.Answer { return r.Creates }
	each(t, answers, func(t *testing.T, r recording, tasks *mcp.Tasks, a rpctest.Answer) {
		st, err := tasks.Start(t.Context(), transport.CreateRequest{Input: mcp.ToolCall{Name: "report"}})
		a.Check(t, st, err)
		assert.NotContains(t, st.Raw, ",", "is more than the server's word")
		if err == nil && st.ID == "" {
			assert.Empty(t, st.Raw, "a result has no word for a state")
		}
		if err == nil && !st.State.Terminal() {
			assert.Equal(t, r.ID, st.ID)
			assert.Empty(t, st.Result)
		}
	})
}

// fault 21: a key that stands twice is no answer.
func TestAStatusThatStandsTwiceIsMalformed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"result":{"taskId":"7","status":"failed","status":"completed","result":{"content":[{}]}}}`,
		`{"result":{"taskId":"7","Status":"failed","status":"completed","result":{"content":[{}]}}}`,
		`{"result":{"taskId":"7","status":"completed","result":{"isError":true,"isError":false,"content":[{}]}}}`,
		`{"result":{"taskId":"7","status":"completed","result":{"content":[{}]}}`,
	} {
		tasks := overHTTP(t, mcp.Extension, rpctest.Answer{}, func(w http.ResponseWriter, _ []byte) { _, _ = io.WriteString(w, body) })
		_, err := tasks.Status(t.Context(), "7")
		require.ErrorIs(t, err, transport.ErrMalformed, body)
	}
}

func TestFetchReturnsTheResultOfACompletedCallOnly(t *testing.T) {
	t.Parallel()
	done := transport.Status{ID: "7", State: transport.Completed}
	for _, form := range []mcp.Form{mcp.Core, mcp.Extension} {
		fine := rpctest.Answer{
			Body: []byte(`{"result":{"taskId":"7","status":"completed","result":{"content":[{"text":"x"}]}}}`),
			End:  []byte(`{"result":{"content":[{"text":"x"}]}}`),
		}
		body, err := ways["json"](t, form, fine).Fetch(t.Context(), done)
		require.NoError(t, err)
		text, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		assert.JSONEq(t, `{"content":[{"text":"x"}]}`, string(text))

		bad := rpctest.Answer{
			Body: []byte(`{"result":{"taskId":"7","status":"completed","result":{"content":[{"text":"x"}],"isError":true}}}`),
			End:  []byte(`{"result":{"content":[{"text":"x"}],"isError":true}}`),
		}
		_, err = ways["json"](t, form, bad).Fetch(t.Context(), done)
		require.Error(t, err)
		asked := ways["json"](t, form, fine)
		for _, st := range []transport.State{transport.Running, transport.Failed, transport.Unknown} {
			_, err = asked.Fetch(t.Context(), transport.Status{ID: "7", State: st})
			require.Error(t, err, "%v", st)
		}
		_, err = asked.Fetch(t.Context(), transport.Status{ID: "7", State: transport.Completed, Result: []byte("{}")})
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	_, err := ways["json"](t, mcp.Extension, rpctest.Answer{Body: []byte(`{"result":{"taskId":"7","status":"completed"}}`)}).Fetch(t.Context(), done)
	require.ErrorIs(t, err, transport.ErrMalformed)
}

func TestRequestsAreWhatTheProtocolSays(t *testing.T) {
	t.Parallel()
	const meta = `"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}`
	const whole = `"_meta":{` + meta + `,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"job-status-monitoring","version":"1"}}`
	for form, want := range map[mcp.Form]map[string]string{
		mcp.Core: {
			"tools/call":   `{"name":"report","arguments":{"n":1},"task":{"ttl":60000}}`,
			"tasks/get":    `{"taskId":"a \"b\" {id} é"}`,
			"tasks/cancel": `{"taskId":"a \"b\" {id} é"}`,
			"tasks/result": `{"taskId":"a \"b\" {id} é"}`,
		},
		mcp.Extension: {
			"tools/call":   `{"name":"report","arguments":{"n":1},` + whole + `}`,
			"tasks/get":    `{"taskId":"a \"b\" {id} é",` + whole + `}`,
			"tasks/cancel": `{"taskId":"a \"b\" {id} é",` + whole + `}`,
		},
	} {
		got := map[string]string{}
		ids := map[int64]bool{}
		tasks, err := mcp.NewHTTP("https://tools.example/mcp?tenant=a", mcp.WithForm(form),
			mcp.WithREST(rest.WithHeader("Mcp-Session-Id", "s1"), rest.WithToken(func(context.Context) (string, error) { return "t0ken", nil })),
			mcp.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
				m := rpctest.Read(t, r)
				assert.False(t, ids[m.ID], "the id %d is used twice", m.ID)
				ids[m.ID], got[m.Method] = true, string(m.Params)
				h := r.Header
				assert.Equal(t, "POST https://tools.example/mcp?tenant=a", r.Method+" "+r.URL.String())
				assert.Equal(t, []string{"application/json, text/event-stream", "application/json", "s1", "Bearer t0ken"},
					[]string{h.Get("Accept"), h.Get("Content-Type"), h.Get("Mcp-Session-Id"), h.Get("Authorization")})
				version, name := "2025-11-25", ""
				if form == mcp.Extension {
					version, name = "2026-07-28", "=?base64?YSAiYiIge2lkfSDDqQ==?="
					assert.Equal(t, m.Method, h.Get("Mcp-Method"))
				}
				if name != "" && m.Method == "tools/call" {
					name = "report"
				}
				assert.Equal(t, version, h.Get("MCP-Protocol-Version"))
				assert.Equal(t, name, h.Get("Mcp-Name"))
				_, _ = io.WriteString(w, map[string]string{
					"tools/call":   `{"result":{"task":{"taskId":"7","status":"working"}}}`,
					"tasks/get":    `{"result":{"status":"completed"}}`,
					"tasks/cancel": `{"jsonrpc":"2.0","id":1,"result":null}`,
				}[m.Method])
			})))
		require.NoError(t, err)
		const id = `a "b" {id} é`
		_, err = tasks.Start(t.Context(), transport.CreateRequest{Input: &mcp.ToolCall{Name: "report", Arguments: map[string]int{"n": 1}, TTL: time.Minute}})
		require.NoError(t, err)
		_, _ = tasks.Status(t.Context(), id)
		require.NoError(t, tasks.Cancel(t.Context(), id))
		assert.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
		for method := range want {
			assert.JSONEq(t, want[method], got[method], "%v %s", form, method)
		}
	}
}

func TestACancelThatIsRefusedIsAnError(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]transport.Class{
		`{"error":{"code":-32602,"message":"Cannot cancel task: already in terminal status 'cancelled'"}}`: transport.Permanent,
		`{"error":{"code":-32602,"message":"Task not found"}}`:                                             transport.NotFound,
	} {
		err := ways["stream"](t, mcp.Core, rpctest.Answer{Body: []byte(body)}).Cancel(t.Context(), "7")
		var e *transport.Error
		require.ErrorAs(t, err, &e, body)
		assert.Equal(t, want, e.Class, body)
	}
	require.NoError(t, ways["session"](t, mcp.Extension, rpctest.Answer{Body: []byte(`{"result":{"resultType":"complete"}}`)}).Cancel(t.Context(), "7"))
}

// A call is not repeated: nothing tells a server that it is the same.
func TestACallIsMadeOnce(t *testing.T) {
	t.Parallel()
	calls := 0
	tasks, err := mcp.NewHTTP("http://tools.example/mcp", mcp.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusServiceUnavailable)
	})))
	require.NoError(t, err)
	_, err = tasks.Start(t.Context(), transport.CreateRequest{Input: mcp.ToolCall{Name: "report"}, IdempotencyKey: "k"})
	require.Error(t, err)
	assert.Equal(t, 1, calls)
}

// A server of the older transport HTTP+SSE accepts each request, and answers elsewhere. That says
// nothing about a task.
func TestARequestThatIsOnlyAcceptedIsNotAnswered(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusOK, http.StatusAccepted, http.StatusNoContent} {
		for _, body := range []string{"", "\n", " \r\n\t", "Accepted", "null", "{}", "[]", `{"error":null}`} {
			if code == http.StatusNoContent && body != "" {
				continue
			}
			tasks, err := mcp.NewHTTP("https://tools.example/mcp", mcp.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				_, _ = io.WriteString(w, body)
			})))
			require.NoError(t, err)
			_, err = tasks.Status(t.Context(), "7")
			assert.ErrorIs(t, err, transport.ErrMalformed, "%d %q", code, body)
			_, err = tasks.Start(t.Context(), transport.CreateRequest{Input: mcp.ToolCall{Name: "report"}})
			assert.ErrorIs(t, err, transport.ErrMalformed, "%d %q", code, body)
			err = tasks.Cancel(t.Context(), "7")
			assert.ErrorIs(t, err, transport.ErrMalformed, "%d %q", code, body)
		}
	}
}

// A server of the Core form may close a stream before the answer, and continue it in the answer to
// a GET. In the Extension form no stream is continued: the error is transient, and the call is not
// made a second time.
func TestAStreamThatEndsBeforeTheAnswerIsResumedInTheCoreForm(t *testing.T) {
	t.Parallel()
	for form, want := range map[mcp.Form][]string{mcp.Core: {"POST", "GET 1 s1"}, mcp.Extension: {"POST"}} {
		t.Run(form.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var requests []string
				tasks, err := mcp.NewHTTP("http://tools.example/mcp", mcp.WithForm(form), mcp.WithREST(rest.WithHeader("Mcp-Session-Id", "s1")),
					mcp.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Content-Type", "text/event-stream")
						if r.Method == http.MethodPost {
							requests = append(requests, r.Method)
							_, _ = io.WriteString(w, "id: 1\nretry: 500\ndata:\n\n")
							return
						}
						requests = append(requests, r.Method+" "+r.Header.Get("Last-Event-ID")+" "+r.Header.Get("Mcp-Session-Id"))
						assert.Equal(t, "2025-11-25", r.Header.Get("Mcp-Protocol-Version"))
						_, _ = io.WriteString(w, `data: {"result":{"task":{"taskId":"7","status":"working"}}}`+"\n\n")
					})))
				require.NoError(t, err)
				st, err := tasks.Start(t.Context(), transport.CreateRequest{Input: mcp.ToolCall{Name: "report"}})
				assert.Equal(t, want, requests)
				if form == mcp.Core {
					require.NoError(t, err)
					assert.Equal(t, "7", st.ID)
					return
				}
				var e *transport.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, transport.Transient, e.Class)
			})
		})
	}
}

// fault 41, fault 42: web frameworks redirect a path that lacks its last slash.
func TestAPOSTFollowsARedirectThatKeepsIt(t *testing.T) {
	t.Parallel()
	for to, c := range map[string]struct {
		code     int
		requests int
		wrong    string
	}{
		"/mcp/":                        {code: http.StatusTemporaryRedirect, requests: 2},
		"https://tools.example/mcp/":   {code: http.StatusPermanentRedirect, requests: 2},
		"https://TOOLS.example:443/x":  {code: http.StatusPermanentRedirect, requests: 2},
		"/mcp":                         {code: http.StatusTemporaryRedirect, requests: 6, wrong: "more than 5 redirects"},
		"/see":                         {code: http.StatusSeeOther, requests: 1, wrong: "only a GET"},
		"/moved":                       {code: http.StatusMovedPermanently, requests: 1, wrong: "only a GET"},
		"http://tools.example/mcp/":    {code: http.StatusTemporaryRedirect, requests: 2}, // by https
		"http://tools.example:8080/x":  {code: http.StatusTemporaryRedirect, requests: 1, wrong: "from https to http"},
		"https://other.example/mcp/":   {code: http.StatusTemporaryRedirect, requests: 1, wrong: "another origin"},
		"https://tools.example:8443/x": {code: http.StatusTemporaryRedirect, requests: 1, wrong: "another origin"},
		"https://u@tools.example/mcp/": {code: http.StatusTemporaryRedirect, requests: 1, wrong: "user name"},
	} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			requests := 0
			tasks, err := mcp.NewHTTP("https://tools.example/mcp", mcp.WithREST(rest.WithHeader("Mcp-Session-Id", "s1")),
				mcp.WithRoundTripper(rpctest.Server(func(w http.ResponseWriter, r *http.Request) {
					requests++
					assert.Equal(t, http.MethodPost, r.Method)
					assert.Equal(t, "https", r.URL.Scheme)
					assert.Equal(t, "tools/call", rpctest.Read(t, r).Method)
					assert.Equal(t, "s1", r.Header.Get("Mcp-Session-Id"))
					assert.Equal(t, "tools/call", r.Header.Get("Mcp-Method"))
					assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
					if r.URL.Path == "/mcp" {
						http.Redirect(w, r, to, c.code)
						return
					}
					_, _ = io.WriteString(w, `{"result":{"taskId":"7","status":"working"}}`)
				})))
			require.NoError(t, err)
			st, err := tasks.Start(t.Context(), transport.CreateRequest{Input: mcp.ToolCall{Name: "report"}})
			assert.Equal(t, c.requests, requests)
			if c.wrong == "" {
				require.NoError(t, err)
				assert.Equal(t, "7", st.ID)
				return
			}
			require.ErrorContains(t, err, c.wrong)
			var e *transport.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, transport.Misdirected, e.Class)
		})
	}
}

// fault 32
func TestBadInputIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	caller := mcp.CallerFunc(func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
		t.Error("the session was asked")
		return nil, nil
	})
	for want, open := range map[string]func() (*mcp.Tasks, error){
		"nil Caller":       func() (*mcp.Tasks, error) { return mcp.New(nil) },
		"Caller":           func() (*mcp.Tasks, error) { return mcp.New(mcp.CallerFunc(nil)) },
		"WithForm":         func() (*mcp.Tasks, error) { return mcp.New(caller, mcp.WithForm(7)) },
		"WithRoundTripper": func() (*mcp.Tasks, error) { return mcp.New(caller, mcp.WithRoundTripper(http.DefaultTransport)) },
		"option 0 is nil":  func() (*mcp.Tasks, error) { return mcp.NewHTTP("http://h/mcp", nil) },
		"option 1 is nil":  func() (*mcp.Tasks, error) { return mcp.New(caller, mcp.WithREST(), nil) },
		"fragment":         func() (*mcp.Tasks, error) { return mcp.NewHTTP("http://h/#x") },
		"http://":          func() (*mcp.Tasks, error) { return mcp.NewHTTP("ftp://h/mcp") },
		"WithRetries": func() (*mcp.Tasks, error) {
			return mcp.NewHTTP("http://h/mcp", mcp.WithREST(rest.WithRetries(99)))
		},
	} {
		_, err := open()
		require.ErrorContains(t, err, want)
	}
	_, err := mcp.NewHTTP("http://user:s3cret@h/\x7f")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "s3cret")

	tasks, err := mcp.New(caller, mcp.WithForm(mcp.Core), mcp.WithRoundTripper(nil), mcp.WithREST())
	require.NoError(t, err)
	for _, input := range []any{nil, "report", mcp.ToolCall{}, (*mcp.ToolCall)(nil), mcp.ToolCall{Name: "a", TTL: -1}, mcp.ToolCall{Name: "a", TTL: time.Millisecond - 1}, mcp.ToolCall{Name: "a", Arguments: func() {}}} {
		_, err := tasks.Start(t.Context(), transport.CreateRequest{Input: input})
		var e *transport.Error
		require.ErrorAs(t, err, &e, "%T", input)
		assert.Equal(t, transport.Permanent, e.Class)
	}
	require.NoError(t, tasks.Close())
}

// fault 44
func TestPrintingACallPrintsNoArguments(t *testing.T) {
	t.Parallel()
	c := mcp.ToolCall{Name: "report", Arguments: "CANARY", Meta: map[string]any{"k": "CANARY"}}
	rpctest.CheckHides(t, "CANARY", c)
	assert.Equal(t, "form(9)", mcp.Form(9).String())
}

// fault 32: neither a nil argument nor Tasks that New did not make cause a panic.
func TestMisuseIsAnError(t *testing.T) {
	t.Parallel()
	made := ways["session"](t, mcp.Core, rpctest.Answer{Body: []byte(`{"result":{"taskId":"7","status":"working"}}`)})
	none := func(transport.Status) {}
	done := transport.Status{ID: "7", State: transport.Completed}
	for name, c := range map[string]struct {
		tasks *mcp.Tasks
		ctx   context.Context
	}{"nil context": {made, nil}, "zero": {&mcp.Tasks{}, t.Context()}, "nil": {nil, t.Context()}} {
		_, err := c.tasks.Start(c.ctx, transport.CreateRequest{Input: mcp.ToolCall{Name: "report"}})
		require.Error(t, err, name)
		_, err = c.tasks.Status(c.ctx, "7")
		require.Error(t, err, name)
		_, err = c.tasks.Fetch(c.ctx, done)
		require.Error(t, err, name)
		require.Error(t, c.tasks.Cancel(c.ctx, "7"), name)
		require.Error(t, c.tasks.Notify(c.ctx, none), name)
		if c.tasks != made {
			require.ErrorContains(t, c.tasks.Feed(json.RawMessage(`{"taskId":"7","status":"working"}`)), "not made by New")
			c.tasks.Missed()
			require.NoError(t, c.tasks.Close())
		}
	}
	require.Error(t, made.Notify(t.Context(), nil))
	_, err := mcp.New((*script)(nil))
	require.ErrorContains(t, err, "nil Caller")
}
