package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

var phases = map[string]transport.State{
	"queued, -": transport.Pending, "run*, -": transport.Running, "done, ok": transport.Completed, "done, bad": transport.Failed,
}

// A new word at a single place is reported as Status.Raw. If the values of several places fit no
// rule, the answer is malformed.
//
// fault 17, fault 24
func TestAnAnswerThatNoRuleFitsIsToldByWhatItSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state, body string
		strict      bool
		want        transport.State // of an answer that is well
		says        string          // of a malformed one
	}{
		{"phase, outcome", `{"phase":"brewing"}`, false, transport.Unknown, ""},
		{"phase, outcome", `{"outcome":"fine"}`, false, transport.Unknown, ""},
		{"phase, outcome", `{"phase":7}`, false, transport.Unknown, ""},
		{"phase, outcome", `{"phase":"brewing"}`, true, 0, "phase is `\"brewing\"`, outcome is nothing"},
		{"phase, outcome", `{"phase":"done"}`, false, 0, "the states fit no rule (Dialect.States): phase is `\"done\"`, outcome is nothing"},
		{"phase, outcome", `{"phase":"Done ","outcome":null}`, false, 0, "phase is `\"Done \"`, outcome is nothing"},
		{"phase, outcome", `{"phase":"runs","outcome":"ok"}`, false, 0, "phase is `\"runs\"`, outcome is `\"ok\"`"},
		{"phase, outcome", `{"phase":"brewing","outcome":false}`, false, transport.Unknown, ""},
		{"phase, outcome", `{"phase":"brewing","outcome":""}`, false, transport.Unknown, ""},
		{"phase, outcome", `{"phase":"brewing","outcome":true}`, false, 0, "phase is `\"brewing\"`, outcome is `true`"},
		{"phase, outcome", `{"phase":null,"outcome":false}`, false, 0, "phase is nothing, outcome is `false`"},
		{"phase, outcome", `{"phase":{"a":1}}`, false, 0, "phase is `{\"a\":1}`, outcome is nothing"},
		{"phase, outcome", `{"phase":"` + strings.Repeat("x", 400) + `"}`, false, 0, "phase is 402 bytes"},
		{"phase, auth.token", `{"phase":"done","auth":{"token":"hunter2"}}`, false, 0, "phase is `\"done\"`, auth.token is [redacted]"},
		{"phase, outcome", `{}`, false, 0, "no status at phase, outcome"},
	} {
		d := rest.Dialect{State: c.state, States: phases, Strict: c.strict}
		asked := serve(t, say(200, c.body), oneAttempt, rest.WithDialect(d))
		st, err := asked.Status(t.Context(), "7")
		if c.says == "" {
			require.NoError(t, err, c.body)
			assert.Equal(t, c.want, st.State)
			assert.NotEmpty(t, st.Raw)
			continue
		}
		require.ErrorIs(t, err, transport.ErrMalformed, c.body)
		assert.Contains(t, err.Error(), c.says)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

// Every answer has a code, so a new word beside a code counts as a single new word.
func TestACodeIsNoWord(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "@code, phase", States: map[string]transport.State{"200, done": transport.Completed, "200, bad": transport.Failed}}
	st, err := serve(t, say(200, `{"phase":"brewing"}`), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", Raw: "200, brewing"}, st)
	_, err = serve(t, say(201, `{"phase":"done"}`), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "7")
	require.ErrorIs(t, err, transport.ErrMalformed)
	assert.ErrorContains(t, err, "@code is `201`, phase is `\"done\"`")
}

// Secrets are removed before values are cut, because half a secret would not be recognized.
//
// fault 44, fault 65
func TestAMisfitHoldsNoSecretAndIsBounded(t *testing.T) {
	t.Parallel()
	const secret = "correct horse battery staple"
	var state, pattern, body []string
	for i := range 40 {
		state, pattern = append(state, fmt.Sprintf("p%d", i)), append(pattern, "a")
		body = append(body, fmt.Sprintf(`"p%d":"%s%s"`, i, strings.Repeat("y ", 100+i%20), secret))
	}
	d := rest.Dialect{State: strings.Join(state, ", "), States: map[string]transport.State{strings.Join(pattern, ", "): transport.Failed}}
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "{"+strings.Join(body, ",")+"}") },
		oneAttempt, rest.WithDialect(d), rest.WithHeader("X-Key", secret))
	_, err := c.Status(t.Context(), "7")
	require.ErrorIs(t, err, transport.ErrMalformed)
	assert.NotContains(t, err.Error(), "correct")
	assert.Contains(t, err.Error(), "places more")
	assert.Less(t, len(err.Error()), 2000)
}

// One malformed item of a batch does not affect the other items.
func TestAnItemOfABatchThatNoRuleFitsIsMalformed(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "phase, outcome", States: phases, Batch: rest.Batch{Path: "/jobs?ids={ids}"}}
	c := serve(t, say(200, `[{"id":"a","phase":"done"},{"id":"b","phase":"done","outcome":"ok"},{"id":"c","phase":"done","outcome":"open sesame"}]`),
		oneAttempt, rest.WithDialect(d), rest.WithHeader("X-Key", "open sesame"))
	answers, err := c.StatusBatch(context.Background(), []string{"a", "b", "c"})
	require.NoError(t, err)
	require.Len(t, answers, 3)
	require.ErrorIs(t, answers[0].Err, transport.ErrMalformed)
	assert.ErrorContains(t, answers[0].Err, "phase is `\"done\"`, outcome is nothing")
	assert.Equal(t, transport.Completed, answers[1].Status.State)
	require.ErrorIs(t, answers[2].Err, transport.ErrMalformed)
	assert.NotContains(t, answers[2].Err.Error(), "sesame")
}

func TestAnEventThatNoRuleFitsIsMalformed(t *testing.T) {
	t.Parallel()
	c, err := rest.New("http://h", rest.WithDialect(rest.Dialect{State: "phase, outcome", States: phases, Event: rest.Event{ID: "id"}}))
	require.NoError(t, err)
	body := []byte(`{"id":"7","phase":"done","outcome":true}`)
	_, err = c.ReadEvents(http.Header{}, body)
	require.ErrorIs(t, err, transport.ErrMalformed)
	assert.ErrorContains(t, err, "phase is `\"done\"`, outcome is `true`")
}
