package rpc

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestAWordIsKnownInEachOfTheFirstPlaces(t *testing.T) {
	t.Parallel()
	words := map[string]transport.State{"on": transport.Running, "off": transport.Completed}
	for _, c := range []struct {
		first, places int
		want          map[string]transport.State
	}{
		{1, 1, map[string]transport.State{"on": transport.Running, "off": transport.Completed}},
		{1, 3, map[string]transport.State{"on, *, *": transport.Running, "off, *, *": transport.Completed}},
		{2, 2, map[string]transport.State{
			"on, *": transport.Running, "off, *": transport.Completed,
			"-, on": transport.Running, "-, off": transport.Completed,
		}},
	} {
		assert.Equal(t, c.want, States(words, c.first, c.places))
	}
}

func TestRulesOfStatesHaveAPatternForEachPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.IntRange(1, 9).Draw(t, "places")
		first := rapid.IntRange(1, places).Draw(t, "first")
		rules := States(map[string]transport.State{"on": transport.Running}, first, places)
		assert.Len(t, rules, first)
		for rule := range rules {
			assert.Len(t, strings.Split(rule, ", "), places, rule)
		}
	})
}

func TestTheWordIsTheFirstOfWhatWasSaid(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{"": "", "working": "working", "working, 7": "working", "in progress, 7, x": "in progress"} {
		assert.Equal(t, want, Word(raw))
	}
}

// answering is a RoundTripper whose answers all have this code and body.
type answering struct {
	code int
	body string
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := respond(r, []byte(a.body))
	answer.StatusCode = a.code
	answer.Header.Set("ETag", `"1"`)
	return answer, nil
}

// example is a dialect that is built on NewDialect.
func example() rest.Dialect {
	d := NewDialect(Faults(map[string]transport.Class{
		"-1":         transport.Throttled,
		"-1, *gone*": transport.NotFound,
		"-32601":     transport.NotFound,
	}, "-2"))
	d.Status = rest.Call{Method: http.MethodPost, Path: "/", Body: Call("get", map[string]any{"id": "{id}"})}
	d.ID, d.State, d.States = "result.id", "result.state", States(map[string]transport.State{"on": transport.Running, "off": transport.Completed}, 1, 1)
	return d
}

func TestADialectHasNoCallsAndPlacesOfItsOwn(t *testing.T) {
	t.Parallel()
	body := `{"result":{"id":"7","state":"off"},"payload":{"progress":0.5,"message":"m","error":"e","result":1}}`
	clients, err := Service{Base: "http://h"}.Clients(Route{example(), answering{200, body}})
	require.NoError(t, err)
	st, err := clients[0].Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed, Raw: "off"}, st)
	_, err = clients[0].Start(t.Context(), transport.CreateRequest{})
	require.Error(t, err)
	require.Error(t, clients[0].Cancel(t.Context(), "7"))
}

func TestErrorsHaveTheClassOfTheirNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code int
		body string
		want transport.Class
	}{
		{200, `{"error":{"code":-1,"message":"busy"}}`, transport.Throttled},
		{400, `{"error":{"code":-1,"message":"busy"}}`, transport.Throttled},
		{200, `{"error":{"code":-1,"message":"it is gone"}}`, transport.NotFound},
		{400, `{"error":{"code":-1,"message":"it is gone"}}`, transport.NotFound},
		{200, `{"error":{"code":-32601,"message":"x"}}`, transport.NotFound}, // the protocol's own meaning comes first
		{200, `{"error":{"code":-32700,"message":"x"}}`, transport.Permanent},
		{500, `{"error":{"code":-32600,"message":"x"}}`, transport.Permanent},
		{200, `{"error":{"code":429,"message":"x"}}`, transport.Throttled},
		{200, `{"error":{"code":-2,"message":"job 7 not found"}}`, transport.NotFound},
		{200, `{"error":{"code":-2,"message":"x"}}`, transport.Transient},
		{200, `{"error":{"code":-3,"message":"job 7 not found"}}`, transport.Transient},
		{200, `{"error":{"message":"x"}}`, transport.Transient},
		{400, `{"error":{"code":-3,"message":"x"}}`, transport.Permanent},
	} {
		clients, err := Service{Base: "http://h", Options: []rest.Option{rest.WithRetries(rest.NoRetries)}}.Clients(Route{example(), answering{c.code, c.body}})
		require.NoError(t, err)
		_, err = clients[0].Status(t.Context(), "7")
		var e *transport.Error
		require.ErrorAs(t, err, &e, c.body)
		assert.Equal(t, c.want, e.Class, "%d %s", c.code, c.body)
	}
}

func TestErrorfKeepsWhatItWraps(t *testing.T) {
	t.Parallel()
	err := Errorf(transport.NotFound, "x: %w", errFragment)
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorIs(t, err, errFragment)
	assert.Contains(t, err.Error(), "x: the endpoint has a fragment")
}
