package rest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
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
