package a2a_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/a2a"
	"github.com/iamber12/job-status-monitoring/transport/transporttest"
)

var after = rpctest.After

// agent streams events about its one task, in memory.
type agent struct {
	binding    a2a.Binding
	events     []rpctest.Event
	refuse     string // the answer in place of a stream
	code       int    // of that answer
	word       atomic.Value
	polls      int
	subscribes int
	closed     int
}

func (a *agent) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r}
	if !strings.HasSuffix(r.URL.Path, ":subscribe") && !strings.Contains(string(body), "SubscribeToTask") && !strings.Contains(string(body), "tasks/resubscribe") {
		a.polls++
		text := fmt.Sprintf(`{"id":"7","status":{"state":%q}}`, a.word.Load())
		if a.binding != a2a.HTTP {
			text = `{"result":` + text + `}`
		}
		answer.Body = io.NopCloser(strings.NewReader(text))
		return answer, nil
	}
	a.subscribes++
	if a.refuse != "" {
		answer.StatusCode, answer.Body = a.code, io.NopCloser(strings.NewReader(a.refuse))
		return answer, nil
	}
	events := slices.Clone(a.events)
	for i, e := range events {
		if a.binding != a2a.HTTP {
			events[i].Text = `{"jsonrpc":"2.0","id":1,"result":` + e.Text + `}`
		}
	}
	return rpctest.Stream(r, events, func() { a.closed++ }), nil
}

const artifact = `{"artifactUpdate":{"taskId":"7","artifact":{"artifactId":"x"}}}`

func update(word string) string {
	return fmt.Sprintf(`{"statusUpdate":{"taskId":"7","status":{"state":%q}}}`, word)
}

var running = transport.Status{ID: "7", State: transport.Running, Raw: "working"}

func TestHoldReturnsWhenTheTaskChanges(t *testing.T) {
	t.Parallel()
	const forever = time.Hour
	for name, c := range map[string]struct {
		agent agent
		last  transport.Status
		word  string        // what the agent says when it is asked
		takes time.Duration // of a hold of a minute
		polls int
		state transport.State
	}{
		"change": {agent: agent{events: []rpctest.Event{after(0, `{"task":{"id":"7","status":{"state":"working"}}}`), after(7*time.Second, artifact),
			after(time.Second, update("completed")), after(forever, artifact)}}, last: running, word: "completed", takes: 8 * time.Second, polls: 1, state: transport.Completed},
		"change before": {agent: agent{events: []rpctest.Event{after(0, `{"task":{"id":"7","status":{"state":"input-required"}}}`), after(forever, artifact)}},
			last: running, word: "input-required", polls: 1, state: transport.Blocked},
		"new message": {agent: agent{events: []rpctest.Event{after(time.Second, `{"statusUpdate":{"taskId":"7","status":{"state":"working","message":{"parts":[{"text":"page 2"}]}}}}`), after(forever, artifact)}},
			last: running, word: "working", takes: time.Second, polls: 1, state: transport.Running},
		"another task": {agent: agent{events: []rpctest.Event{after(time.Second, `{"statusUpdate":{"taskId":"8","status":{"state":"completed"}}}`), after(forever, artifact)}},
			last: running, word: "working", takes: time.Minute, polls: 1, state: transport.Running},
		"no change": {agent: agent{events: []rpctest.Event{after(time.Second, update("working")), after(forever, artifact)}},
			last: running, word: "working", takes: time.Minute, polls: 1, state: transport.Running},
		"old states": {agent: agent{events: []rpctest.Event{after(time.Second, update("working")), after(50*time.Second, update("TASK_STATE_WORKING")), after(forever, artifact)}},
			last: running, word: "completed", takes: time.Minute, polls: 1, state: transport.Completed},
		"silence":          {agent: agent{events: []rpctest.Event{after(forever, artifact)}}, last: running, word: "working", takes: time.Minute, polls: 1, state: transport.Running},
		"end":              {agent: agent{events: []rpctest.Event{after(3*time.Second, artifact)}}, last: running, word: "failed", takes: 3 * time.Second, polls: 1, state: transport.Failed},
		"nothing is known": {agent: agent{}, word: "working", polls: 1, state: transport.Running},
		"refused after the end": {agent: agent{refuse: `{"error":{"code":-32004,"message":"terminal"}}`, code: 400}, last: running, word: "completed",
			polls: 1, state: transport.Completed},
	} {
		for _, binding := range bindings {
			t.Run(name+"/"+binding.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := &agent{binding: binding, events: c.agent.events, refuse: c.agent.refuse, code: c.agent.code}
					a.word.Store(c.word)
					tasks, err := a2a.New("http://agent.example", a2a.WithBinding(binding), a2a.WithRoundTripper(a))
					require.NoError(t, err)
					begun := time.Now()
					st, err := tasks.Hold(t.Context(), "7", c.last, time.Minute)
					require.NoError(t, err)
					assert.Equal(t, c.state, st.State)
					assert.Equal(t, "7", st.ID)
					assert.Equal(t, c.takes, time.Since(begun))
					assert.Equal(t, c.polls, a.polls)
					if a.refuse == "" {
						assert.Equal(t, a.subscribes, a.closed, "a stream is left open")
					}
					synctest.Wait()
				})
			})
		}
	}
}

func TestAnAgentWithoutStreamsIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	for _, binding := range bindings {
		for _, code := range []int{200, 400, 405, 501} {
			a := &agent{binding: binding, refuse: `{"error":{"code":-32004,"message":"no streams"}}`, code: code}
			a.word.Store("working")
			tasks, err := a2a.New("http://agent.example", a2a.WithBinding(binding), a2a.WithRoundTripper(a))
			require.NoError(t, err)
			for range 3 {
				_, err = tasks.Hold(t.Context(), "7", running, time.Minute)
				require.ErrorIs(t, err, errors.ErrUnsupported, "%v %d", binding, code)
			}
			assert.Equal(t, 1, a.subscribes)
			_, err = tasks.Status(t.Context(), "7")
			require.NoError(t, err)
		}
	}
}

func TestAStreamThatBeginsWithAnErrorIsARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &agent{events: []rpctest.Event{after(0, `{"error":{"code":-32004,"message":"no streams"}}`)}}
		a.word.Store("working")
		tasks, err := a2a.New("http://agent.example", a2a.WithRoundTripper(a))
		require.NoError(t, err)
		_, err = tasks.Hold(t.Context(), "7", running, time.Minute)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		synctest.Wait()
	})
}

func TestAHoldThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{404: "unknown_id", 429: "throttled", 502: "transient"} {
		a := &agent{refuse: `{}`, code: code}
		a.word.Store("working")
		tasks, err := a2a.New("http://agent.example", a2a.WithRoundTripper(a))
		require.NoError(t, err)
		st, err := tasks.Hold(t.Context(), "7", running, time.Minute)
		rpctest.Answer{Means: want}.Check(t, st, err)
		assert.Zero(t, a.polls)
	}
	gone := errors.New("gone")
	synctest.Test(t, func(t *testing.T) {
		a := &agent{events: []rpctest.Event{after(time.Second, update("working")), after(time.Hour, artifact)}}
		tasks, err := a2a.New("http://agent.example", a2a.WithRoundTripper(a))
		require.NoError(t, err)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(gone) })
		_, err = tasks.Hold(ctx, "7", running, time.Minute)
		require.ErrorIs(t, err, gone)
		synctest.Wait()
	})
	for _, id := range []string{"", ".."} {
		tasks, err := a2a.New("http://agent.example", a2a.WithRoundTripper(&agent{}))
		require.NoError(t, err)
		_, err = tasks.Hold(t.Context(), id, transport.Status{ID: id, State: transport.Running}, time.Second)
		require.Error(t, err)
	}
}

func TestPushesThatAreFedAreDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tasks, err := a2a.New("http://agent.example", a2a.WithRoundTripper(&agent{}))
		require.NoError(t, err)
		told, ended := rpctest.Listen(t, tasks)
		require.NoError(t, tasks.Feed([]byte(update("TASK_STATE_AUTH_REQUIRED"))))
		assert.Equal(t, transport.Status{ID: "7", State: transport.Blocked, Raw: "TASK_STATE_AUTH_REQUIRED"}, <-told)
		require.NoError(t, tasks.Feed([]byte(artifact)))
		require.Error(t, tasks.Feed([]byte(`{`)))
		assert.Empty(t, told)
		tasks.Missed()
		require.Error(t, <-ended)
	})
}

const silent = "silent"

// serve answers about tasks that do not change.
func serve(w http.ResponseWriter, r *http.Request) {
	words := map[string]string{"1": "TASK_STATE_WORKING", "2": "completed", "a/b?c": "input-required", "4": "TASK_STATE_REJECTED"}
	id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/tasks/"), ":cancel")
	var m struct {
		Method string
		Params struct{ ID string }
	}
	if body, _ := io.ReadAll(r.Body); json.Unmarshal(body, &m) == nil {
		id = m.Params.ID
	}
	if id == silent {
		<-r.Context().Done()
		return
	}
	word, ok := words[id]
	text, _ := json.Marshal(map[string]any{"id": id, "status": map[string]any{"state": word}, "artifacts": []any{map[string]any{"artifactId": "x"}}})
	switch {
	case !ok && m.Method == "":
		w.WriteHeader(http.StatusNotFound)
		return
	case !ok:
		text = []byte(`{"error":{"code":-32001,"message":"Task not found"}}`)
	case m.Method != "":
		text = []byte(`{"result":` + string(text) + `}`)
	}
	_, _ = w.Write(text)
}

func TestTasksDoWhatAWatcherReliesOn(t *testing.T) {
	for _, binding := range bindings {
		t.Run(binding.String(), func(t *testing.T) {
			transporttest.Run(t, func(t testing.TB) transporttest.Subject {
				s := httptest.NewServer(http.HandlerFunc(serve))
				t.Cleanup(s.Close)
				tasks, err := a2a.New(s.URL, a2a.WithBinding(binding))
				require.NoError(t, err)
				return transporttest.Subject{
					Transport: tasks, Unknown: "9", Silent: silent,
					Jobs: map[string]transport.State{"1": transport.Running, "2": transport.Completed, "a/b?c": transport.Blocked, "4": transport.Failed},
				}
			})
		})
	}
}

func TestAWatcherWaitsForATask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		tasks := open(t, a2a.HTTP, func(w http.ResponseWriter, r *http.Request) {
			text := `{"id":"7","status":{"state":"TASK_STATE_FAILED","message":{"parts":[{"text":"the model refused"}]}}}`
			if time.Since(begun) < time.Minute {
				text = `{"id":"7","status":{"state":"TASK_STATE_WORKING"}}`
			}
			if r.Method == http.MethodPost {
				text = `{"task":` + text + `}`
			}
			_, _ = io.WriteString(w, text)
		})
		w, err := jobstatus.New(tasks, jobstatus.WithTimeout(time.Hour))
		require.NoError(t, err)
		defer w.Close()
		first, err := w.StartJob(t.Context(), jobstatus.Input(a2a.Message{Text: "go"}))
		require.NoError(t, err)
		st, err := w.WaitForJob(t.Context(), first.ID, jobstatus.From(first))
		require.ErrorIs(t, err, jobstatus.ErrJobFailed)
		assert.Equal(t, "the model refused", st.Message)
	})
}
