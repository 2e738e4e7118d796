package rest_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 25: the same answer may have a different meaning in each call.
func TestACallHasFaultsOfItsOwn(t *testing.T) {
	t.Parallel()
	const body = `{"code":"gone","jobs":{"7":{"code":"mine"}},"payload":{"status":"running","jobID":"7"}}`
	d := rest.Dialect{
		Fault: "code", Faults: map[string]transport.Class{"gone": transport.NotFound, "busy": transport.Throttled},
		Create: rest.Call{Path: "/", Faults: map[string]transport.Class{"gone": transport.Permanent}},
		Cancel: rest.Call{Path: "/{id}", Fault: "jobs.{id}.code, @code", Faults: map[string]transport.Class{"mine, 200": transport.Throttled}},
		Fetch:  rest.Call{Path: "/{id}/result", Fault: "@code", Faults: map[string]transport.Class{"409": transport.Transient}},
	}
	code, answer := 200, body
	client := serve(t, func(w http.ResponseWriter, r *http.Request) { say(code, answer)(w, r) }, oneAttempt, rest.WithDialect(d))
	_, err := client.Create(t.Context(), transport.CreateRequest{})
	assert.Equal(t, transport.Permanent, classOf(t, err))
	_, err = client.Status(t.Context(), "7")
	assert.Equal(t, transport.NotFound, classOf(t, err), "the dialect's")
	require.ErrorContains(t, err, `(rule "gone" of Faults)`)
	assert.Equal(t, transport.Throttled, classOf(t, client.Cancel(t.Context(), "7")))
	assert.Equal(t, transport.NotFound, classOf(t, client.Cancel(t.Context(), "8")), "no rule of the call fits")
	done := transport.Status{ID: "7", State: transport.Completed}
	result, err := client.Fetch(t.Context(), done)
	require.NoError(t, err, "the body of a result is not looked at")
	require.NoError(t, result.Close())
	code = 409
	_, err = client.Fetch(t.Context(), done)
	assert.Equal(t, transport.Transient, classOf(t, err))
	answer = `{"code":"busy"}`
	_, err = client.Create(t.Context(), transport.CreateRequest{})
	assert.Equal(t, transport.Throttled, classOf(t, err), "no rule of the call fits")
}

// fault 25: the answer to a create or a cancel need not have the job that a status call asks for.
func TestAChangeWithoutTheJobIsNotAboutAMissingOne(t *testing.T) {
	t.Parallel()
	body := ""
	client := serve(t, func(w http.ResponseWriter, r *http.Request) { say(200, body)(w, r) }, oneAttempt, rest.WithDialect(rest.Dialect{
		Status: rest.Call{Path: "/{id}"}, Cancel: rest.Call{Path: "/{id}"}, ID: "new.id", AnswerID: "-", State: "job.state",
		Fault: "@code, job, error", Faults: map[string]transport.Class{"200, -, *": transport.NotFound, "200, *, busy": transport.Throttled, "200, -, *no job*": transport.NotFound, "200, -, busy": transport.Throttled},
	}))
	change := func() (creates, cancels error) {
		_, creates = client.Create(t.Context(), transport.CreateRequest{})
		return creates, client.Cancel(t.Context(), "7")
	}
	for text, want := range map[string]transport.Class{
		`{"error":"no job"}`: transport.NotFound, `{"new":{"id":"7"},"error":"no job"}`: transport.NotFound, `{"new":{"id":"7"},"error":"busy"}`: transport.Throttled,
	} {
		body = text
		creates, cancels := change()
		assert.Equal(t, want, classOf(t, creates), body)
		assert.Equal(t, want, classOf(t, cancels), body)
	}
	body = `{"new":{"id":"7"},"job":null,"error":{}}`
	creates, cancels := change()
	require.NoError(t, creates)
	require.NoError(t, cancels)
	_, err := client.Status(t.Context(), "7")
	assert.Equal(t, transport.NotFound, classOf(t, err))
	body = `{"new":{}}`
	creates, _ = change()
	assert.Equal(t, transport.Malformed, classOf(t, creates), "it has no id")
}

// fault 25: the Faults of a call apply only to its own answers.
func TestAChangeMayHaveARuleForAnAbsentJob(t *testing.T) {
	t.Parallel()
	call := rest.Call{Path: "/{id}", Fault: "job", Faults: map[string]transport.Class{"-": transport.NotFound}}
	client := serve(t, say(200, `{}`), oneAttempt, rest.WithDialect(rest.Dialect{Status: call, Cancel: call, State: "job.state"}))
	assert.Equal(t, transport.NotFound, classOf(t, client.Cancel(t.Context(), "7")))
}

// fault 25
func TestAFindHasFaultsOfItsOwn(t *testing.T) {
	t.Parallel()
	client := serve(t, say(200, `{"error":"rate","items":[]}`), oneAttempt, rest.WithDialect(rest.Dialect{
		Find: rest.Find{Call: rest.Call{Path: "/jobs", Fault: "error", Faults: map[string]transport.Class{"rate": transport.Throttled}}, List: "items"},
	}))
	_, err := client.Create(t.Context(), transport.CreateRequest{})
	assert.Equal(t, transport.Throttled, classOf(t, err))
}

func TestExplainNamesTheRuleOfTheCall(t *testing.T) {
	t.Parallel()
	e, err := rest.Dialect{Status: rest.Call{Path: "/{id}", Fault: "code", Faults: map[string]transport.Class{"g*": transport.NotFound}}}.
		Explain("7", rest.Answer{Code: 200, Body: []byte(`{"code":"gone"}`)})
	require.NoError(t, err)
	assert.Contains(t, e.String(), `"g*"`)
	assert.ErrorIs(t, e.Err, transport.ErrNotFound)
}

// fault 32
func TestNewNamesWhatIsWrongWithTheFaultsOfACall(t *testing.T) {
	t.Parallel()
	some := map[string]transport.Class{"x": transport.NotFound}
	for want, d := range map[string]rest.Dialect{
		"Status: field Faults is set, but Fault names no place":      {Status: rest.Call{Faults: some}},
		"Cancel: field Fault is set, but Faults has no rules":        {Cancel: rest.Call{Fault: "a"}},
		"Create: field Fault: place \"a..b\"":                        {Create: rest.Call{Fault: "a..b", Faults: some}},
		`Fetch: field Faults: "x": no such class: 99`:                {Fetch: rest.Call{Path: "/", Fault: "a", Faults: map[string]transport.Class{"x": 99}}},
		"Find: field Faults: ":                                       {Find: rest.Find{Call: rest.Call{Path: "/", Fault: "a, b", Faults: some}}},
		`Cancel: Path "-" is no call, and has neither headers nor a`: {Cancel: rest.Call{Path: "-", Faults: some}},
	} {
		_, err := rest.New("http://h", rest.WithDialect(d))
		require.ErrorContains(t, err, want)
		assert.False(t, errors.Is(err, errors.ErrUnsupported))
	}
}
