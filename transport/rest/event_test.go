package rest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// wrapped is the dialect of a service that wraps the job in its events.
var wrapped = rest.Dialect{
	ID: "id", State: "status, phase.name", Error: "error.message", Result: "output", Progress: "done / total", Updated: "changed",
	States: map[string]transport.State{
		"run, *": transport.Running, "end, good": transport.Completed, "end, bad": transport.Failed,
	},
	Event: rest.Event{At: "data.object", Updated: "sent"},
}

func TestAnEventIsReadAsTheDialectSays(t *testing.T) {
	t.Parallel()
	numbers := rest.Dialect{ID: "id", State: "status", Event: rest.Event{
		ID: "Guid", State: "Status", States: map[string]transport.State{"3": transport.Completed, "4": transport.Running}}}
	for name, c := range map[string]struct {
		dialect rest.Dialect
		header  http.Header
		body    string
		want    transport.Status
	}{
		"the default dialect": {
			body: `{"payload":{"jobID":"7","status":"error","error":"out of disk"}}`,
			want: transport.Status{ID: "7", State: transport.Failed, Raw: "error", Message: "out of disk"},
		},
		"a job within the event": {
			dialect: wrapped,
			body: `{"id":"evt_1","status":"end","sent":1700000000,"data":{"object":{"id":"7","status":"run","phase":{"name":"x"},"done":1,"total":4,` +
				`"output":[1],"changed":1}}}`,
			want: transport.Status{ID: "7", State: transport.Running, Raw: "run, x", Progress: 0.25, Result: []byte("[1]"), Updated: time.Unix(1700000000, 0).UTC()},
		},
		"a failure beside the word of success": {
			dialect: wrapped,
			body:    `{"data":{"object":{"id":"7","status":"end","phase":{"name":"good"},"error":{"message":"no"}}}}`,
			want:    transport.Status{ID: "7", State: transport.Failed, Raw: "end, good", Message: "no"},
		},
		"places and words of its own": {
			dialect: numbers, body: `{"Guid":"7","Status":3,"id":"8","state":"failed"}`,
			want: transport.Status{ID: "7", State: transport.Completed, Raw: "3"},
		},
		"an unknown word": {
			dialect: numbers, body: `{"Guid":"7","Status":11}`, want: transport.Status{ID: "7", Raw: "11"},
		},
		"no state": {
			dialect: wrapped, body: `{"data":{"object":{"id":"7"}}}`, want: transport.Status{ID: "7"},
		},
		"an event that only says look": {
			dialect: rest.Dialect{ID: "id", State: "status", Event: rest.Event{At: "data", State: "-"}},
			body:    `{"data":{"id":7,"status":"completed"}}`, want: transport.Status{ID: "7"},
		},
		"the id in a header": {
			dialect: rest.Dialect{ID: "id", State: "status", Event: rest.Event{ID: "@header.X-Job"}},
			header:  http.Header{"X-Job": {"7"}}, body: `{"status":"running"}`, want: transport.Status{ID: "7", State: transport.Running, Raw: "running"},
		},
		"a key that is the id": {
			dialect: rest.Dialect{ID: "id", State: "{id}.status", Event: rest.Event{At: "jobs[0]"}},
			body:    `{"jobs":[{"id":"7","7":{"status":"running"}}]}`, want: transport.Status{ID: "7", State: transport.Running, Raw: "running"},
		},
		"the id in a URL": {
			dialect: rest.Dialect{ID: "self", IDPattern: "*/jobs/{id}", State: "status", Event: rest.Event{At: "data"}},
			body:    `{"data":{"self":"https://a.example/jobs/7","status":"running"}}`, want: transport.Status{ID: "7", State: transport.Running, Raw: "running"},
		},
		"an id of its own beside a pattern": {
			dialect: rest.Dialect{ID: "self", IDPattern: "*/jobs/{id}", State: "status", Event: rest.Event{ID: "job"}},
			body:    `{"job":"7","status":"running"}`, want: transport.Status{ID: "7", State: transport.Running, Raw: "running"},
		},
		"a place in brackets": {
			dialect: rest.Dialect{ID: `["the.id"]`, State: `["a.b"], [0].c`, Event: rest.Event{At: "data"}, States: map[string]transport.State{"run, -": transport.Running}},
			body:    `{"data":{"the.id":"7","a.b":"run"}}`, want: transport.Status{ID: "7", State: transport.Running, Raw: "run"},
		},
		"the place of a fault": {
			dialect: rest.Dialect{ID: "id", State: "status", Fault: "code", Faults: map[string]transport.Class{"9": transport.Permanent}},
			body:    `{"id":"7","status":"failed","code":9,"code":9}`, want: transport.Status{ID: "7", State: transport.Failed, Raw: "failed"},
		},
		"a form": {
			dialect: numbers, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
			body: "Status=3&Guid=a%2Fb&x=1&x=2", want: transport.Status{ID: "a/b", State: transport.Completed, Raw: "3"},
		},
		"about no job":        {dialect: wrapped, body: `{"id":"evt_1","type":"ping"}`},
		"about another thing": {dialect: wrapped, body: `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := rest.New("http://service.invalid", rest.WithDialect(c.dialect))
			require.NoError(t, err)
			got, err := client.ReadEvent(c.header, []byte(c.body))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestAnEventThatCannotBeReadIsMalformed(t *testing.T) {
	t.Parallel()
	client, err := rest.New("http://user:hunter22@service.invalid", rest.WithDialect(wrapped), rest.WithMaxBody(1000))
	require.NoError(t, err)
	for name, body := range map[string]string{
		"empty":             ``,
		"cut off":           `{"data":{"object":{"id":"7"`,
		"a doubled state":   `{"data":{"object":{"id":"7","status":"run","status":"end"}}}`,
		"an id that is two": `{"data":{"object":{"id":["7","8"]}}}`,
		"an id that is bad": `{"data":{"object":{"id":".."}}}`,
		"too deep":          strings.Repeat(`[`, 400) + strings.Repeat(`]`, 400),
		"too long":          `{"data":{"object":{"id":"7","status":"run"}},"x":"` + strings.Repeat("x", 1000) + `"}`,
		"with a secret":     `{"data":{"object":{"id":"..","password":"hunter22"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := client.ReadEvent(nil, []byte(body))
			assert.ErrorIs(t, err, transport.ErrMalformed)
			assert.Zero(t, s)
			assert.NotContains(t, fmt.Sprintf("%+v", err), "hunter22")
		})
	}
}

func TestAFormThatCannotBeReadIsMalformed(t *testing.T) {
	t.Parallel()
	client, err := rest.New("http://service.invalid", rest.WithDialect(rest.Dialect{ID: "id", State: "status"}))
	require.NoError(t, err)
	for name, body := range map[string]string{"not a form": "id=%zz", "two ids": "id=7&id=8&status=running", "two states": "id=7&status=running&status=failed"} {
		_, err := client.ReadEvent(http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(body))
		assert.ErrorIs(t, err, transport.ErrMalformed, name)
	}
}

func TestAnEventIsCheckedByNew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect rest.Dialect
		want    string
	}{
		"no place":        {rest.Dialect{Event: rest.Event{At: "a..b"}}, "WithDialect: Event: field At: "},
		"no body":         {rest.Dialect{Event: rest.Event{At: "@header.X"}}, `Event: field At: "@header.X": must be a place in the body`},
		"no id":           {rest.Dialect{ID: "@key", Event: rest.Event{At: "data"}}, "Event: field ID must be set"},
		"no place of id":  {rest.Dialect{Event: rest.Event{ID: "a["}}, "Event: field ID: "},
		"an id by itself": {rest.Dialect{Event: rest.Event{ID: "{id}.x"}}, "Event: field ID: "},
		"no state":        {rest.Dialect{Event: rest.Event{States: map[string]transport.State{"x": 99}}}, `Event: field States: "x": no such state`},
		"no place of it":  {rest.Dialect{Event: rest.Event{State: "]"}}, "Event: field State: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := rest.New("http://service.invalid", rest.WithDialect(c.dialect))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestADialectWithoutAPlaceForTheIDHasNoEvents(t *testing.T) {
	t.Parallel()
	client, err := rest.New("http://service.invalid", rest.WithDialect(rest.Dialect{ID: "@key", State: "status"}))
	require.NoError(t, err)
	_, err = client.ReadEvent(nil, []byte(`{"status":"running"}`))
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = (*rest.Client)(nil).ReadEvent(nil, nil)
	assert.Error(t, err)
}

func TestClassifyHasTheLastWordOnAnEvent(t *testing.T) {
	t.Parallel()
	d := wrapped
	d.Classify = func(a rest.Answer, s transport.Status, err error) (transport.Status, error) {
		if err == nil && string(a.Body) == `{"id":"7","status":"end","phase":{"name":"good"},"empty":true}` {
			s.State, s.ID = transport.Failed, "8"
		}
		return s, err
	}
	client, err := rest.New("http://service.invalid", rest.WithDialect(d))
	require.NoError(t, err)
	s, err := client.ReadEvent(nil, []byte(`{"data":{"object":{"id":"7","status":"end","phase":{"name":"good"},"empty":true}}}`))
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Failed, Raw: "end, good"}, s)
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"data":{"object":{"id":"7","status":"run"}}}`))
	f.Add([]byte(`{"data":{"object":[{"id":7}]}}`))
	f.Add([]byte(`{"data":`))
	client, err := rest.New("http://service.invalid", rest.WithDialect(wrapped))
	require.NoError(f, err)
	f.Add([]byte(`data=%7B%7D&data.object.id=7`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, header := range []http.Header{nil, {"Content-Type": {"application/x-www-form-urlencoded"}}} {
			s, err := client.ReadEvent(header, body)
			switch {
			case err != nil:
				assert.ErrorIs(t, err, transport.ErrMalformed)
				assert.Zero(t, s)
			case s.ID == "":
				assert.Zero(t, s)
			default:
				assert.NoError(t, transport.CheckID(s.ID))
			}
		}
	})
}

func ExampleClient_ReadEvent() {
	client, err := rest.New("https://api.example.com", rest.WithDialect(rest.Dialect{
		Status: rest.Call{Path: "/runs/{id}"}, ID: "id", State: "status",
		Event: rest.Event{At: "data.object"},
	}))
	if err != nil {
		panic(err)
	}
	status, err := client.ReadEvent(nil, []byte(`{"type":"run.ended","data":{"object":{"id":"run_7","status":"succeeded"}}}`))
	fmt.Println(status, err)
	// Output: run_7: completed (succeeded) <nil>
}
