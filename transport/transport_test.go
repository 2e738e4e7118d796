package transport_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var states = []transport.State{transport.Unknown, transport.Pending, transport.Running, transport.Completed, transport.Failed,
	transport.Canceled}

func TestStatesTravelAsWords(t *testing.T) {
	t.Parallel()
	for _, want := range states {
		text, err := json.Marshal(want)
		require.NoError(t, err)
		assert.Equal(t, `"`+want.String()+`"`, string(text))
		var got transport.State
		require.NoError(t, json.Unmarshal(text, &got))
		assert.Equal(t, want, got)
	}
	_, err := json.Marshal(transport.State(99))
	require.Error(t, err)
	require.Error(t, json.Unmarshal([]byte(`"done"`), new(transport.State)))
	assert.Equal(t, "state(99)", transport.State(99).String())
}

func TestThreeStatesAreTerminal(t *testing.T) {
	t.Parallel()
	var terminal []transport.State
	for _, s := range append(states, 99) {
		if s.Terminal() {
			terminal = append(terminal, s)
		}
	}
	assert.Equal(t, []transport.State{transport.Completed, transport.Failed, transport.Canceled}, terminal)
}

// fault 44: what may be private is not printed, and what would break a line is quoted.
func TestStatusPrintsAsALine(t *testing.T) {
	t.Parallel()
	for want, st := range map[string]transport.Status{
		"a: pending":                          {ID: "a", State: transport.Pending, Raw: "pending"},
		"a: running (encoding) 42%: 2nd pass": {ID: "a", State: transport.Running, Raw: "encoding", Progress: 0.421, Message: "2nd pass"},
		"a: completed 100%":                   {ID: "a", State: transport.Completed, Progress: 7, Result: []byte(`"s3cret"`)},
		`a: failed: "one\ntwo"`:               {ID: "a", State: transport.Failed, Message: "one\ntwo"},
		"ä/b: unknown":                        {ID: "ä/b"},
		`"\xff": unknown`:                     {ID: "\xff"},
		"a: failed: " + strings.Repeat("x", 256) + "…": {ID: "a", State: transport.Failed, Message: strings.Repeat("x", 300)},
		"a: failed: " + strings.Repeat("€", 85) + "…":  {ID: "a", State: transport.Failed, Message: strings.Repeat("€", 100)},
	} {
		assert.Equal(t, want, st.String())
		assert.Equal(t, want, fmt.Sprintf("%+v", st))
	}
}

func FuzzStatusPrintsAsALine(f *testing.F) {
	f.Add("a", "encoding", "half way")
	f.Add("\xff", "\n", strings.Repeat("€", 100))
	f.Fuzz(func(t *testing.T, id, raw, message string) {
		line := transport.Status{ID: id, Raw: raw, Message: message}.String()
		assert.True(t, utf8.ValidString(line))
		assert.NotContains(t, line, "\n")
		assert.Less(t, len(line), 4096)
	})
}

// fault 30
func FuzzCheckIDLetsNothingPassThatBreaksALine(f *testing.F) {
	for _, id := range []string{"", ".", "..", "a", "a/b?c#d", "ä", "\x00", "\u0085", "\xff", strings.Repeat("x", transport.MaxIDBytes+1)} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if err := transport.CheckID(id); err != nil {
			require.ErrorIs(t, err, transport.ErrInvalidID)
			assert.Less(t, len(err.Error()), 200)
			return
		}
		assert.True(t, utf8.ValidString(id))
		assert.NotEmpty(t, id)
		assert.LessOrEqual(t, len(id), transport.MaxIDBytes)
		assert.NotContains(t, []string{".", ".."}, id)
		assert.NotContains(t, id, "\n")
	})
}

func TestCheckIDRefusesWhatIsNoID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", ".", "..", "\x00", "a\nb", "\u0085", "\xff", strings.Repeat("x", transport.MaxIDBytes+1)} {
		require.ErrorIs(t, transport.CheckID(id), transport.ErrInvalidID, "%q", id)
	}
	for _, id := range []string{"a", "...", "a/b?c#d", "ä b", strings.Repeat("x", transport.MaxIDBytes)} {
		require.NoError(t, transport.CheckID(id), "%q", id)
	}
}

func TestErrorMatchesTheSentinelOfItsClass(t *testing.T) {
	t.Parallel()
	cause := errors.New("no such job: 7")
	for class, want := range map[transport.Class]error{
		transport.Transient: nil, transport.Permanent: nil, transport.NotFound: transport.ErrNotFound,
		transport.Malformed: transport.ErrMalformed, transport.Throttled: transport.ErrThrottled,
	} {
		err := fmt.Errorf("ask: %w", &transport.Error{Class: class, Err: cause})
		require.ErrorIs(t, err, cause)
		assert.EqualError(t, err, "ask: no such job: 7")
		for _, s := range []error{transport.ErrNotFound, transport.ErrMalformed, transport.ErrThrottled} {
			assert.Equal(t, s == want, errors.Is(err, s))
		}
		assert.NotContains(t, class.String(), "class")
		bare := &transport.Error{Class: class}
		assert.NotEmpty(t, bare.Error())
		assert.NotErrorIs(t, bare, nil)
	}
}
