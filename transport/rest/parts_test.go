package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// A job of many parts is completed when each of them is, as the documentation of places says.
func TestAJobOfManyPartsIsTold(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Status: rest.Call{Path: "/{id}"}, State: "jobs[0], jobs[state!=done], jobs[state!=done].state",
		States: map[string]transport.State{"-, -, -": transport.Pending, "+, -, -": transport.Completed, "+, +, running": transport.Running, "+, +, failed": transport.Failed},
	}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `{"jobs":[]}`, Means: "pending"},
		{Body: `{"jobs":[{"state":"done"},{"state":"running"},{"state":"failed"}]}`, Means: "running"},
		{Body: `{"jobs":[{"state":"done"},{"state":"failed"}]}`, Means: "failed"},
		{Body: `{"jobs":[{"state":"done"},{"state":"done"}]}`, Means: "completed"},
		{Body: `{"jobs":[{"state":"done"},{"state":"new word"}]}`, Means: "malformed"},
		{Body: `{"jobs":[{"state":"done"},{"id":2}]}`, Means: "malformed"},
		{Body: `{"jobs":[{"state":"done"},{}]}`, Means: "malformed"},
		{Body: `{"jobs":[{"state":"done"},null]}`, Means: "malformed"},
		{Body: `{"jobs":[{"state":"done"},[ ],{"state":"failed"}]}`, Means: "malformed"},
	})
}

// fault 21: if a header occurs twice, both values count, so that neither decides alone.
func TestAHeaderThatStandsTwiceSaysBoth(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "@header.X-State", States: map[string]transport.State{"done": transport.Completed, "failed": transport.Failed}}
	var values []string
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header()["X-State"] = values }, rest.WithDialect(d))
	for _, row := range []struct {
		values []string
		want   transport.State
	}{
		{[]string{"done"}, transport.Completed},
		{[]string{"done", "done"}, transport.Completed},
		{[]string{"done", "failed"}, transport.Unknown},
	} {
		values = row.values
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, row.want, s.State, row.values)
	}
}

// A word in brackets may be in any case, as in a rule. The id of a job may not: another job may
// have the same id in another case.
func TestWordsInBracketsAreComparedInAnyCase(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "jobs[id={id}].flags[=DONE], jobs[id={id}].flags[!=DONE]",
		States: map[string]transport.State{"+, *": transport.Completed, "-, *": transport.Running}}
	for flag, want := range map[string]transport.State{"DONE": transport.Completed, "Done": transport.Completed, "done ": transport.Running, "do": transport.Running} {
		e, err := d.Explain("ab", rest.Answer{Code: 200, Body: []byte(`{"jobs":[{"id":"AB","flags":["x"]},{"id":"ab","flags":["` + flag + `"]}]}`)})
		require.NoError(t, err)
		require.NoError(t, e.Err)
		assert.Equal(t, want, e.Status.State, flag)
	}
}
