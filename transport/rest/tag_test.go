package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/edits"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

var (
	tagWords = states{"pending": pending, "running": isRunning, "done": completed, "failed": failed}
	byTag    = rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "id", State: "state.@tag", States: tagWords, Error: "state.failed.message", Result: "state.done", Progress: "-", Message: "-"}
)

func TestAStateCanBeTheOneKeyOfAnObject(t *testing.T) {
	t.Parallel()
	resttest.Check(t, byTag, []resttest.Sample{
		{Body: `{"state":{"pending":{}}}`, Means: "pending"},
		{Body: `{"id":1,"state":{"running":{ }}}`, Means: "running"},
		{Body: `{"state":"running"}`, Means: "running"}, // Rust's serde writes a variant without values like this
		{Body: `{"state":{"done":{"url":"u"}}}`, Means: "completed", Result: `{"url":"u"}`},
		{Body: `{"state":{"Done":0}}`, Means: "completed"},
		{Body: `{"state":{"d\u006fne":[]}}`, Means: "completed"},
		{Body: `{"state":{"failed":{"message":"disk full"}}}`, Means: "failed", Message: "disk full"},
		{Body: `{"state":{"failed":{}}}`, Means: "failed"},
		{Body: `{"state":{"pending":null,"running":{},"done":null}}`, Means: "running"},
		{Body: `{"state":{"running":true,"done":false}}`, Means: "running"},
		{Body: `{"state":{"paused":{}}}`, Means: "unknown"},
		{Body: `{"state":{"done":false}}`, Means: "malformed"},
		{Body: `{"state":{"done":null}}`, Means: "malformed"},
		{Body: `{"state":{}}`, Means: "malformed"},
		{Code: 202, Body: `{"state":{}}`, Means: "pending"},
		{Body: `{"state":{"done":{},"failed":{}}}`, Means: "malformed"},
		{Body: `{"state":{"done":{},"done":{}}}`, Means: "malformed"},
		{Body: `{"state":{"failed":{}},"State":{"done":{}}}`, Means: "malformed"},
		{Body: `{"state":["done"]}`, Means: "malformed"},
		{Body: `<job><state><running/></state></job>`, Means: "malformed"},
	})
}

func TestAStateCanBeTheOneKeyOfTheAnswer(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, State: "@tag", States: tagWords, Error: "failed.message", Progress: "-", Message: "-", Result: "done"}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `{"pending":{}}`, Means: "pending"},
		{Body: `{"done":{"n":1}}`, Means: "completed", Result: `{"n":1}`},
		{Body: `{"failed":{"message":"x"}}`, Means: "failed", Message: "x"},
		{Body: `<done/>`, Means: "completed"},
		{Body: `{"done":{},"id":7}`, Means: "malformed"},
		{Body: `[]`, Means: "malformed"},
	})
	both := byTag
	both.Result = "state" // the object whose key is the state
	resttest.Check(t, both, []resttest.Sample{{Body: `{"state":{"done":{"n":1}}}`, Means: "completed", Result: `{"done":{"n":1}}`}, {Body: `{"state":{"failed":{}}}`, Means: "failed"}})
	beside := rest.Dialect{Status: rest.Call{Path: "/{id}"}, State: "pending = pending, done = done, failed = failed", Error: "failed.message", Message: "-", Result: "done",
		States: states{"true, -, -": pending, "-, true, -": completed, "-, -, true": failed}}
	resttest.Check(t, beside, []resttest.Sample{
		{Body: `{"id":"1","pending":{}}`, Means: "pending"},
		{Body: `{"id":"1","done":{}}`, Means: "completed"},
		{Body: `{"id":"1","failed":{}}`, Means: "failed"},
		{Body: `{"id":"1","done":{},"failed":{}}`, Means: "malformed"},
	})
}

func TestTheMockSaysAStateByAKey(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.WithDialect(byTag), mock.Job("1", mock.Running(mock.Polls(1)), mock.Completed(map[string]int{"n": 1})), mock.Job("2", mock.Failed("disk full")))
	c := client(t, srv.URL, rest.WithDialect(byTag))
	s, err := c.Status(t.Context(), "1")
	require.NoError(t, err)
	assert.Equal(t, isRunning, s.State)
	s, err = c.Status(t.Context(), "1")
	require.NoError(t, err)
	assert.Equal(t, completed, s.State)
	assert.JSONEq(t, `{"n":1}`, string(s.Result))
	s, err = c.Status(t.Context(), "2")
	require.NoError(t, err)
	assert.Equal(t, failed, s.State)
	assert.Equal(t, "disk full", s.Message)
}

// A second key beside the one that says the state would make an answer of the mock malformed.
func TestTheMockSaysNothingBesideTheOneKey(t *testing.T) {
	t.Parallel()
	words := states{"pending": pending, "running": isRunning, "done": completed, "failed": failed, "stopped": transport.Canceled}
	all := rest.Dialect{Status: rest.Call{Path: "/{id}"}, Cancel: rest.Call{Path: "/{id}"}, ID: "payload.id", State: "payload.@tag", States: words}
	whole, told := all, all
	whole.State = "@tag"
	told.State, told.Result = "a.@tag", "a.done"
	told.Error, told.Message, told.Progress = "a.reason, a.failed.reason", "a.running.note", "a.running.share"
	for _, d := range []rest.Dialect{all, whole, told} {
		srv := mock.NewServer(t, mock.WithDialect(d),
			mock.Job("1", mock.Running(mock.Polls(1)).With(0.25, "half"), mock.Completed(map[string]int{"n": 1})),
			mock.Job("2", mock.Failed("disk full")), mock.Job("3", mock.Running(mock.Polls(1)), mock.Canceled()), mock.Job("4", mock.Running(mock.Forever)))
		c := client(t, srv.URL, rest.WithDialect(d))
		ask := func(id string, state transport.State) transport.Status {
			s, err := c.Status(t.Context(), id)
			require.NoError(t, err, "%s %s", d.State, id)
			assert.Equal(t, state, s.State, "%s %s", d.State, id)
			return s
		}
		statuses := []transport.Status{ask("1", isRunning), ask("1", completed), ask("2", failed)}
		ask("3", isRunning)
		ask("3", transport.Canceled)
		ask("4", isRunning)
		require.NoError(t, c.Cancel(t.Context(), "4"))
		ask("4", transport.Canceled)
		if d.State != told.State {
			continue
		}
		assert.InDelta(t, 0.25, statuses[0].Progress, 0)
		assert.Equal(t, "half", statuses[0].Message)
		assert.JSONEq(t, `{"n":1}`, string(statuses[1].Result))
		assert.Equal(t, "disk full", statuses[2].Message)
	}
}

// fault 64: however an answer was edited, a state that a key says is completed only if that key is
// the only one with a value.
func TestEditedTagsHideNoFailure(t *testing.T) {
	t.Parallel()
	var body []byte
	answering := tripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	})
	c := client(t, "http://service.invalid", rest.WithDialect(byTag), rest.WithRetries(rest.NoRetries), rest.WithRoundTripper(answering))
	bodies := []string{
		`{"state":{"done":{},"failed":{}}}`, `{"id":1,"state":{"done":{"url":"u"},"failed":null}}`, `{"state":{"failed":false,"done":{}},"id":"1"}`,
		`{"state":{"done":null}}`, `{"state":{"failed":{"message":"done"}}}`, `{"state":"done"}`, `{"state":["done"]}`,
	}
	ends := 0
	edits.Run(t, func(e *edits.Editor) error {
		body = e.Edit(bodies)
		s, err := c.Status(t.Context(), "1")
		var read struct{ State any }
		if err != nil || s.State != completed || json.Unmarshal(body, &read) != nil {
			return nil
		}
		ends++
		said := []string{}
		if text, ok := read.State.(string); ok {
			said = append(said, text)
		}
		all, _ := read.State.(map[string]any)
		for key, value := range all {
			if value != nil && value != false {
				said = append(said, key)
			}
		}
		if len(said) != 1 || !strings.EqualFold(strings.TrimSpace(said[0]), "done") {
			return fmt.Errorf("%q says %v", said, s.State)
		}
		return nil
	})
	assert.Greater(t, ends, 100)
}
