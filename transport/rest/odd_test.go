package rest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 64: odd answers of real services are read correctly.
func TestOddAnswersAreToldForWhatTheyAre(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{ID: "id", State: "status", Error: "error.text", Progress: "progress", Created: "created", AnswerID: "id"}
	for body, want := range map[string]transport.Status{
		`{"id":42.0,"status":"running"}`:                                           {State: isRunning},
		`{"id":4.2e1,"status":"running"}`:                                          {State: isRunning},
		`{"id":42,"status":"completed","Error":{"Text":"disk full"}}`:              {State: failed, Message: "disk full"},
		`{"id":42,"status":"completed","ERROR":{"text":"disk full"},"progress":1}`: {State: failed, Message: "disk full", Progress: 1},
		`{"id":42,"status":"completed","Error":{"Text":""}}`:                       {State: completed},
		`{"id":42,"status":"completed","Error":null}`:                              {State: completed},
		`{"id":42,"status":"completed","error":{"text":null},"Error":{"Text":7}}`:  {State: completed},
		`{"id":42,"status":"running","progress":"Inf"}`:                            {State: isRunning},
		`{"id":42,"status":"running","progress":"150%"}`:                           {State: isRunning, Progress: 1},
		`{"id":42,"status":"running","created":"2016-08-12 15:23:28 UTC"}`:         {State: isRunning, Created: time.Unix(1471015408, 0)},
		`{"id":42,"status":"running","created":"2016-08-12 17:23:28 +0200"}`:       {State: isRunning, Created: time.Unix(1471015408, 0)},
		`{"id":42,"status":"running","created":"2016-08-12 15:23:28 +0000 UTC"}`:   {State: isRunning, Created: time.Unix(1471015408, 0)},
	} {
		s, err := serve(t, say(200, body), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "42")
		require.NoError(t, err, body)
		assert.Equal(t, want.State, s.State, body)
		assert.Equal(t, want.Message, s.Message, body)
		assert.InDelta(t, want.Progress, s.Progress, 0, body)
		assert.True(t, want.Created.Equal(s.Created), "%s: %v", body, s.Created)
	}
	for _, body := range []string{`{"id":43.0,"status":"running"}`, `{"id":"42.0","status":"running"}`, `{"id":1e400,"status":"running"}`, `{"id":42.5,"status":"running"}`} {
		_, err := serve(t, say(200, body), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "42")
		require.ErrorContains(t, err, "about another job", body)
	}
}

// fault 21: an error is found although its keys, or those on the way to it, are in another case.
func TestAnErrorInAnotherCaseIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	for at, body := range map[string]string{
		"error":            `{"status":"completed","ERROR":"late"}`,
		"data.@json.error": `{"status":"completed","data":"{\"Error\":\"late\"}"}`,
		"parts[1].error":   `{"status":"completed","parts":[{},{"Error":"late"}]}`,
		"parts[-1].error":  `{"status":"completed","Parts":[{},{"error":"late"}]}`,
		"{id}.error":       `{"status":"completed","42":{"Error":"late"}}`,

		"parts[state=failed].error":            `{"status":"completed","parts":[{"state":"done"},{"State":"Failed","error":"late"}]}`,
		"parts[error!=].error":                 `{"status":"completed","parts":[{"state":"done"},{"Error":"late"}]}`,
		"parts[meta.ok=false,code!=].error":    `{"status":"completed","Parts":[{"meta":{"ok":false},"error":"x"},{"Meta":{"OK":false},"code":7,"error":"late"}]}`,
		"nodes[phase=failed].error.text":       `{"status":"completed","nodes":{"b":{"Phase":"failed","Error":{"text":"late"}},"a":{"phase":"done"}}}`,
		"parts[id={id}].error":                 `{"status":"completed","parts":[{"ID":"43","error":"x"},{"ID":"42","error":"late"}]}`,
		"data.@json.parts[state=failed].error": `{"status":"completed","data":"{\"parts\":[{\"State\":\"failed\",\"error\":\"late\"}]}"}`,
	} {
		d := rest.Dialect{State: "status", Error: at}
		s, err := serve(t, say(200, body), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "42")
		require.NoError(t, err, body)
		assert.Equal(t, failed, s.State, body)
		assert.Equal(t, "late", s.Message, body)
	}
	for at, body := range map[string]string{
		"data.@json.error": `{"status":"completed","data":"Error"}`,
		"parts[2].error":   `{"status":"completed","parts":[{"Error":"late"}]}`,
		"{id}.error":       `{"status":"completed","43":{"Error":"late"}}`,

		"parts[state=failed].error":          `{"status":"completed","parts":[{"State":"done","error":"x"},{"State":"failed"}]}`,
		"parts[state=failed,ok!=true].error": `{"status":"completed","parts":[{"State":"failed","OK":true,"error":"x"}]}`,
		"parts[id={id}].error":               `{"status":"completed","parts":[{"ID":"43","error":"x"}]}`,
		"parts[state=failed].text":           `{"status":"completed","parts":"failed"}`,
	} {
		d := rest.Dialect{State: "status", Error: at}
		s, err := serve(t, say(200, body), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "42")
		require.NoError(t, err, body)
		assert.Equal(t, completed, s.State, body)
	}
}

// Some services send an error object with each answer, whose parts are empty if there is no error.
// An element that a comparison has chosen is an error, whatever it contains.
func TestAnErrorInWhichNothingIsSaidIsNone(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]transport.State{
		`{"status":"completed","error":{"code":0,"raw_message":"","message":"","detail":null}}`: completed,
		`{"status":"completed","error":{"code":null,"inner":{"code":0},"details":[]}}`:          completed,
		`{"status":"completed","Error":{"code":0,"message":""}}`:                                completed,
		`{"status":"completed","error":{"code":0,"message":"disk"}}`:                            failed,
		`{"status":"completed","error":{"code":0,"inner":{"code":7}}}`:                          failed,
		`{"status":"completed","error":{"ok":false}}`:                                           failed,
		`{"status":"completed","steps":[{"ok":true},{"ok":null,"code":0}]}`:                     failed,
	} {
		d := rest.Dialect{State: "status", Error: "error, steps[ok!=true]"}
		s, err := serve(t, say(200, body), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "42")
		require.NoError(t, err, body)
		assert.Equal(t, want, s.State, body)
	}
}

// JSend writes a failure of the service like the failure of a job. Such an answer does not end a
// wait.
func TestAFailureOfTheServiceIsNoneOfTheJob(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{ID: "id", State: "status"}
	_, err := serve(t, say(500, `{"status":"error","message":"no connection to the database"}`), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "42")
	require.Equal(t, transport.Transient, classOf(t, err))
	s, err := serve(t, say(500, `{"id":"42","status":"error"}`), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "42")
	require.NoError(t, err)
	assert.Equal(t, failed, s.State)
	s, err = serve(t, say(500, `{"payload":{"status":"error"}}`), oneAttempt).Status(t.Context(), "42")
	require.NoError(t, err, "the default dialect names no job in its answers")
	assert.Equal(t, failed, s.State)
}

// fault 17: Python and other languages write NaN and Infinity, which JSON does not have.
func TestNumbersThatJSONDoesNotHaveSayNothing(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "state", Error: "error", Progress: "done", Result: "result", Message: "text.@json.note",
		Batch: rest.Batch{Path: "/?ids={ids}", List: "jobs"}}
	c := serve(t, say(200, `{"state":"completed","loss":NaN,"done":-Infinity,"error":NaN,"result":{"best":[NaN,1]},"text":"{\"note\":\"fine\",\"x\":Infinity}"}`), oneAttempt, rest.WithDialect(d))
	s, err := c.Status(t.Context(), "42")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, s.State)
	assert.Equal(t, "fine", s.Message)
	assert.JSONEq(t, `{"best":[null,1]}`, string(s.Result))
	assert.Zero(t, s.Progress)

	c = serve(t, say(200, `{"state":"completed","loss":NaN,"Error":"late"}`), oneAttempt, rest.WithDialect(d))
	s, err = c.Status(t.Context(), "42")
	require.NoError(t, err)
	assert.Equal(t, transport.Failed, s.State, "an error in another case")

	c = serve(t, say(200, `{"jobs":[{"id":"a","state":"running","loss":NaN},{"id":"b","state":"failed","loss":1}]}`), oneAttempt, rest.WithDialect(d))
	all, err := c.StatusBatch(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, transport.Running, all[0].Status.State)
	assert.Equal(t, transport.Failed, all[1].Status.State)

	c = serve(t, say(200, `{"state":nan}`), oneAttempt, rest.WithDialect(d))
	_, err = c.Status(t.Context(), "42")
	require.ErrorIs(t, err, transport.ErrMalformed)
}
