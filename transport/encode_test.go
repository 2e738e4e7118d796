package transport_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// nested returns arrays in one another. A decoder of package json accepts up to 10,000.
func nested(levels int) json.RawMessage {
	return json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
}

// fault 21: also a result that is nested as deep as a decoder accepts, within another object.
func TestAStatusSurvivesJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	for name, st := range map[string]transport.Status{
		"zero": {},
		"full": {ID: "a", State: transport.Blocked, Raw: "HOLD", Progress: 0.25, Message: "\"<é>\"", Result: json.RawMessage(`{"a":[1,2]}`),
			Revision: `W/"7"`, RetryAfter: 3 * time.Second, Created: at, Updated: at.Add(1), Finished: at.Add(2)},
		"no wait":       {ID: "a", State: transport.Running, RetryAfter: transport.NoWait},
		"null":          {ID: "a", State: transport.Completed, Result: json.RawMessage("null")},
		"no JSON":       {ID: "a", State: transport.Completed, Result: json.RawMessage("\xff<xml/>")},
		"a truncated {": {ID: "a", State: transport.Completed, Result: json.RawMessage("{")},
		"deep":          {ID: "a", State: transport.Completed, Result: nested(64)},
		"deeper":        {ID: "a", State: transport.Completed, Result: nested(65)},
		"deepest":       {ID: "a", State: transport.Completed, Result: nested(9999)},
		"too deep":      {ID: "a", State: transport.Completed, Result: nested(10_000)},
	} {
		text, err := json.Marshal([]transport.Status{st})
		require.NoError(t, err, name)
		var got []transport.Status
		require.NoError(t, json.Unmarshal(text, &got), name)
		assert.Equal(t, []transport.Status{st}, got, name)
	}
	text, err := json.Marshal(transport.Status{ID: "a", State: transport.Pending})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"a","state":"pending"}`, string(text))
}

func TestWhatJSONCannotExpressIsLeftOut(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(transport.Status{ID: "a", Progress: math.NaN(), Created: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"a","state":"unknown"}`, string(text))
	var st transport.Status
	require.Error(t, json.Unmarshal([]byte(`{"id":"a","state":"finished"}`), &st), "no such state")
	require.Error(t, json.Unmarshal([]byte(`[]`), &st))
	_, err = json.Marshal(transport.Status{State: 99})
	require.Error(t, err)
}

func FuzzAStatusThatWasDecodedSurvivesJSON(f *testing.F) {
	f.Add([]byte(`{"id":"a","state":"running","progress":0.5,"result":{"a": 1},"retryAfter":-1,"created":"2026-03-01T12:00:00Z"}`))
	f.Add([]byte(`{"resultBytes":"/w=="}`))
	f.Add([]byte(`{"result":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var st, again transport.Status
		if json.Unmarshal(text, &st) != nil {
			return
		}
		encoded, err := json.Marshal(st)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(encoded, &again))
		assert.Equal(t, st.ID, again.ID)
		assert.Equal(t, st.State, again.State)
		assert.Equal(t, st.RetryAfter, again.RetryAfter)
		assert.True(t, st.Created.Equal(again.Created))
		if len(st.Result) > 0 && json.Valid(st.Result) {
			assert.JSONEq(t, string(st.Result), string(again.Result))
		} else {
			assert.Equal(t, string(st.Result), string(again.Result))
		}
	})
}
