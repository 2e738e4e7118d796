package rest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
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
		"a text that holds the job": { // as SNS writes it
			dialect: wrapped,
			body:    `{"id":"evt_1","data":{"object":"{\"id\":\"7\",\"status\":\"end\",\"phase\":{\"name\":\"bad\"},\"error\":{\"message\":\"no\"}}"},"sent":1700000000}`,
			want:    transport.Status{ID: "7", State: transport.Failed, Raw: "end, bad", Message: "no", Updated: time.Unix(1700000000, 0).UTC()},
		},
		"a text that holds the job in base64": { // as Pub/Sub writes it: {"id":"7","status":"end","phase":{"name":"good"}}
			dialect: wrapped,
			body:    `{"data":{"copy":"eyJpZCI6IjciLCJzdGF0dXMiOiJlbmQiLCJwaGFzZSI6eyJuYW1lIjoiZ29vZCJ9fQ==","object":"eyJpZCI6IjciLCJzdGF0dXMiOiJlbmQiLCJwaGFzZSI6eyJuYW1lIjoiZ29vZCJ9fQ=="}}`,
			want:    transport.Status{ID: "7", State: transport.Completed, Raw: "end, good"},
		},
		"a text that is the whole event": {
			body: `"{\"payload\":{\"jobID\":\"7\",\"status\":\"running\"}}"`, want: transport.Status{ID: "7", State: transport.Running, Raw: "running"},
		},
		"a byte order mark": {
			dialect: wrapped, body: "\ufeff" + `{"data":{"object":"{\"id\":\"7\",\"status\":\"run\",\"phase\":{\"name\":\"x\"}}"}}`,
			want: transport.Status{ID: "7", State: transport.Running, Raw: "run, x"},
		},
		"a text that holds no object": {dialect: wrapped, body: `{"data":{"object":"7"}}`},
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
			got, err := readEvent(client, c.header, []byte(c.body))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

// readEvent returns the status in a body that is about at most one job.
func readEvent(c *rest.Client, header http.Header, body []byte) (s transport.Status, err error) {
	statuses, err := c.ReadEvents(header, body)
	switch len(statuses) {
	case 0:
	case 1:
		s = statuses[0]
	default:
		err = errors.Join(err, fmt.Errorf("%d statuses", len(statuses)))
	}
	return s, err
}

func TestABodyMayHoldSeveralEvents(t *testing.T) {
	t.Parallel()
	grid := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "id", State: "status", Event: rest.Event{List: ".", At: "data"}}
	value := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "id", State: "status", Event: rest.Event{List: "value", ID: "job", State: "-"}}
	for name, c := range map[string]struct {
		dialect    rest.Dialect
		body       string
		want, fail string
	}{
		"an array":          {grid, `[{"data":{"id":"7","status":"completed"}},{"data":{"id":8,"status":"failed"}}]`, "[7: completed 8: failed]", ""},
		"in order":          {grid, `[{"data":{"id":"7","status":"running"}},{"data":{"id":"7","status":"completed"}}]`, "[7: running 7: completed]", ""},
		"a byte order mark": {grid, "\ufeff" + `[{"data":{"id":"7","status":"running"}}]`, "[7: running]", ""},
		"an object":         {grid, `{"data":{"id":"7","status":"running"}}`, "[7: running]", ""},
		"a text in an item": {grid, `[{"data":"{\"id\":\"7\",\"status\":\"running\"}"},{"data":"eyJpZCI6IjgiLCJzdGF0dXMiOiJydW5uaW5nIn0="}]`, "[7: running 8: running]", ""},
		"no items":          {grid, `[]`, "[]", ""},
		"no job in an item": {grid, `[{"type":"ping"},{"data":{"id":"7","status":"running"}},null,3]`, "[7: running]", ""},
		"one is unreadable": {grid, `[{"data":{"id":"7","status":7.5}},{"data":{"id":["x"]}},{"data":{"id":"8","status":"running"}}]`, "[7: unknown (7.5) 8: running]", "neither a string nor a number"},
		"it breaks off":     {grid, `[{"data":{"id":"7","status":"running"}},`, "[]", "unexpected end"},
		"within":            {value, `{"value":[{"job":"7"},{"job":"8","status":"completed"}]}`, "[7: unknown 8: unknown]", ""},
		"no list":           {value, `{"job":"7"}`, "[]", ""},
		"a text as list":    {value, `{"value":"[]"}`, "[]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statuses, err := client(t, "http://service.invalid", rest.WithDialect(c.dialect)).ReadEvents(nil, []byte(c.body))
			assert.Contains(t, fmt.Sprint(statuses), c.want)
			if c.fail == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, transport.ErrMalformed)
			assert.ErrorContains(t, err, c.fail)
		})
	}
}

func TestTheListOfEventsIsAPlaceInTheBody(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{"@code": "must be a place in the body", "a{id}": "must be a place in the body", "-": "must be a place in the body", "a..b": "a key is empty"} {
		_, err := rest.New("http://h", rest.WithDialect(rest.Dialect{ID: "id", State: "status", Event: rest.Event{List: list}}))
		assert.ErrorContains(t, err, "Event: field List: ", list)
		assert.ErrorContains(t, err, want, list)
	}
	d := queued
	d.Event.List = "items"
	_, err := rest.New("http://h", rest.WithDialect(d))
	assert.ErrorContains(t, err, `NextDialect: Event: field List: "": must be "items", as for the id before`)
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
			s, err := readEvent(client, nil, []byte(body))
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
		_, err := readEvent(client, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(body))
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
	_, err = readEvent(client, nil, []byte(`{"status":"running"}`))
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = (*rest.Client)(nil).ReadEvents(nil, nil)
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
	s, err := readEvent(client, nil, []byte(`{"data":{"object":{"id":"7","status":"end","phase":{"name":"good"},"empty":true}}}`))
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Failed, Raw: "end, good"}, s)
}

// jobIn returns the job in an event of the dialect wrapped, decoded by encoding/json.
func jobIn(event []byte) (job map[string]any) {
	var whole struct {
		Data struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	_ = json.Unmarshal(bytes.TrimPrefix(event, []byte("\ufeff")), &whole)
	object := []byte(whole.Data.Object)
	var text string
	if json.Unmarshal(object, &text) == nil {
		object = []byte(text)
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			object = plain
		}
	}
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	_ = d.Decode(&job)
	return job
}

// fault 17: @json decodes one text. A text within that text is not decoded again.
func TestATextWithinATextIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	d := wrapped
	d.Event.At = "data.@json"
	c := client(t, "http://service.invalid", rest.WithDialect(d))
	for _, body := range []string{`{"data":"\"{}\""}`, `{"data":"\"{\\\"id\\\":\\\"7\\\"}\"","id":"8"}`} {
		s, err := readEvent(c, nil, roomy(body))
		require.NoError(t, err)
		assert.Zero(t, s, body)
	}
	s, err := readEvent(c, nil, []byte(`{"data":"{\"id\":\"7\",\"status\":\"run\",\"phase\":{\"name\":\"x\"}}"}`))
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Running, Raw: "run, x"}, s)
}

// roomy returns a text in a buffer with spare capacity, like the buffers of readers.
func roomy[T string | []byte](text T) []byte { return append(make([]byte, 0, len(text)+512), text...) }

// isObjectInText reports whether the job in an event of the dialect wrapped is a text that holds an
// object.
func isObjectInText(event []byte) bool {
	var whole struct {
		Data struct{ Object any }
	}
	err := json.Unmarshal(bytes.TrimPrefix(event, []byte("\ufeff")), &whole)
	text, _ := whole.Data.Object.(string)
	return err == nil && json.Valid([]byte(text)) && strings.HasPrefix(strings.TrimSpace(text), "{")
}

func isTooDeep(errs ...error) bool {
	err := errors.Join(errs...)
	return err != nil && strings.Contains(err.Error(), "nested more than")
}

// fault 17: no event causes a panic, and its status is the one that a decoder finds.
func FuzzEvent(f *testing.F) {
	for _, job := range []string{`{"id":"7","status":"run"}`, `[{"id":7}]`, `{"id":7.0,"status":"End","phase":{"name":"good"},"error":{"message":""}}`,
		`{"id":"7","status":"end","phase":{"name":"good"},"error":{"message":"x"}}`, `"{\"id\":\"7\",\"status\":\"end\",\"phase\":{\"name\":\"bad\"}}"`, `"eyJpZCI6IjciLCJzdGF0dXMiOiJydW4ifQ=="`} {
		f.Add([]byte(`{"data":{"object":` + job + `},"sent":1700000000}`))
	}
	f.Add([]byte(`{"data":`))
	f.Add([]byte("\ufeff" + `{"data":{"object":{"id":"7","status":"end","phase":{"name":"good"},"Error":{"Message":"x"}}}}`))
	f.Add([]byte(`{"data":{"object":"\"{}\""}}`))
	f.Add([]byte(`{"data":{"object":"\u2028{\"id\":\"7\",\"status\":\"run\",\"phase\":{\"name\":\"x\"}}"}}`))
	f.Add([]byte(`{"data":{"object":{"id":"7","status":"run","phase":{"name":"x"},"done":-1e308,"total":"1e308"}}}`))
	single := client(f, "http://service.invalid", rest.WithDialect(wrapped))
	inText := wrapped
	inText.Event.At += ".@json"
	textual, err := rest.New("http://service.invalid", rest.WithDialect(inText))
	require.NoError(f, err)
	listed := wrapped
	listed.Event.List = "list"
	several := client(f, "http://service.invalid", rest.WithDialect(listed))
	f.Add([]byte(`data=%7B%7D&data.object.id=7`))
	f.Fuzz(func(t *testing.T, body []byte) {
		body = roomy(body)
		for _, header := range []http.Header{nil, {"Content-Type": {"application/x-www-form-urlencoded"}}} {
			s, err := readEvent(single, header, body)
			switch {
			case err != nil:
				assert.ErrorIs(t, err, transport.ErrMalformed)
				assert.Zero(t, s)
			case s.ID == "":
				assert.Zero(t, s)
			default:
				assert.NoError(t, transport.CheckID(s.ID))
			}
			if header != nil {
				continue
			}
			if told, toldErr := readEvent(textual, nil, body); isObjectInText(body) && !isTooDeep(err, toldErr) {
				assert.Equal(t, s, told, "%v, %v", err, toldErr)
			}
			if json.Valid(body) && !isTooDeep(err) {
				statuses, severalErr := several.ReadEvents(nil, slices.Concat([]byte(`{"list":[`), body, []byte(`,{},`), body, []byte(`]}`)))
				assert.Equal(t, err == nil, severalErr == nil, "%v, %v", err, severalErr)
				if s.ID == "" {
					assert.Empty(t, statuses)
				} else {
					assert.Equal(t, []transport.Status{s, s}, statuses)
				}
			}
			if s.ID == "" {
				continue
			}
			assert.True(t, s.Progress >= 0 && s.Progress <= 1, "%v", s.Progress)
			job := jobIn(body)
			assert.Equal(t, s.ID, fmt.Sprint(job["id"]))
			phase, _ := job["phase"].(map[string]any)
			failure, _ := job["error"].(map[string]any)
			rule := strings.ToLower(strings.TrimSpace(fmt.Sprint(job["status"])) + ", " + strings.TrimSpace(fmt.Sprint(phase["name"])))
			switch s.State {
			case transport.Completed:
				assert.Equal(t, "end, good", rule)
				n, wrong := strconv.ParseFloat(fmt.Sprint(failure["message"]), 64)
				assert.True(t, slices.Contains([]string{"<nil>", "false", "", "[]", "map[]"}, fmt.Sprint(failure["message"])) || n == 0 && wrong == nil, "an error is told as completed")
			case transport.Failed:
				assert.Contains(t, []string{"end, good", "end, bad"}, rule)
			case transport.Running:
				assert.Regexp(t, "^run, ", rule)
			default:
				assert.NotContains(t, []string{"end, good", "end, bad"}, rule)
			}
		}
	})
}

func ExampleClient_ReadEvents() {
	client, err := rest.New("https://api.example.com", rest.WithDialect(rest.Dialect{
		Status: rest.Call{Path: "/runs/{id}"}, ID: "id", State: "status",
		Event: rest.Event{At: "data.object"},
	}))
	if err != nil {
		panic(err)
	}
	statuses, err := client.ReadEvents(nil, []byte(`{"type":"run.ended","data":{"object":{"id":"run_7","status":"succeeded"}}}`))
	fmt.Println(statuses, err)
	// Output: [run_7: completed (succeeded)] <nil>
}

// queued is the dialect of a service whose queue items become builds. Builds have events of their
// own. Both ids are numbers, so an item and a build can have the same id.
var queued = rest.Dialect{
	Status: rest.Call{Path: "/queue/{id}"}, ID: "id", State: "state", Next: "build", Event: rest.Event{At: "item"},
	NextDialect: &rest.Dialect{Status: rest.Call{Path: "/builds/{id}"}, ID: "number", State: "state", Result: "result", Event: rest.Event{At: "build"}},
}

// If a job gets another id, its events are reported under its first id. The end of the first stage
// is no end of the job.
func TestAnEventFollowsAJobToItsNextID(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"/queue/7": `{"id":7,"state":"completed","build":34}`, "/queue/8": `{"id":8,"state":"pending"}`, "/queue/34": `{"id":34,"state":"pending"}`,
		"/builds/34": `{"number":34,"state":"running"}`,
	}
	client := serve(t, func(w http.ResponseWriter, r *http.Request) { say(200, answers[r.URL.Path])(w, r) }, rest.WithDialect(queued))
	heard := func(event string) transport.Status {
		t.Helper()
		s, err := readEvent(client, nil, []byte(event))
		require.NoError(t, err)
		return s
	}
	news := transport.Status{ID: "7"}
	assert.Equal(t, transport.Status{ID: "7", State: transport.Pending, Raw: "pending"}, heard(`{"item":{"id":7,"state":"pending"}}`))
	assert.Equal(t, news, heard(`{"item":{"id":7,"state":"completed"}}`), "the item may have become a build")
	assert.Equal(t, news, heard(`{"item":{"id":7,"state":"completed","build":34}}`), "a poll follows it")
	assert.Equal(t, news, heard(`{"item":{"id":7,"state":"running","build":34}}`), "a poll follows it")
	assert.Equal(t, news, heard(`{"item":{"id":7,"state":"running","build":7}}`), "a build of the same number")
	assert.Equal(t, news, heard(`{"item":{"id":7,"state":"canceled"}}`))
	assert.Zero(t, heard(`{"build":{"number":34,"state":"completed"}}`), "nobody has followed a job there")

	for _, id := range []string{"7", "7", "8", "34"} {
		_, err := client.Status(t.Context(), id)
		require.NoError(t, err)
	}
	assert.Equal(t, transport.Status{ID: "7", State: transport.Running, Raw: "running"}, heard(`{"build":{"number":34,"state":"running"}}`))
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed, Raw: "completed", Result: []byte("[1]")},
		heard(`{"build":{"number":34,"state":"completed","result":[1]}}`), "the last part ends the job")
	assert.Equal(t, transport.Running, heard(`{"item":{"id":7,"state":"completed","build":34}}`).State, "it has gone on already")
	assert.Equal(t, news, heard(`{"item":{"id":7,"state":"completed"}}`))
	assert.Equal(t, transport.Status{ID: "34", State: transport.Pending, Raw: "pending"}, heard(`{"item":{"id":34,"state":"pending"}}`), "an item, not the build")
	assert.Zero(t, heard(`{"build":{"number":8,"state":"completed"}}`), "an event of a build does not name the item in the queue")

	answers["/builds/34"] = `{"number":34,"state":"completed"}`
	_, err := client.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, "7", heard(`{"build":{"number":34,"state":"failed"}}`).ID, "a job that has ended is known for a while")
}

func TestAnEventFollowsAJobThatKeepsItsDialect(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "id", State: "status", Next: "next"}
	answers := map[string]string{"/7": `{"id":7,"status":"running","next":"b"}`, "/b": `{"id":"b","status":"running","next":"c"}`}
	client := serve(t, func(w http.ResponseWriter, r *http.Request) { say(200, answers[r.URL.Path])(w, r) }, rest.WithDialect(d))
	heard := func(event string) transport.Status {
		t.Helper()
		s, err := readEvent(client, nil, []byte(event))
		require.NoError(t, err)
		return s
	}
	assert.Equal(t, "b", heard(`{"id":"b","status":"running"}`).ID)
	for range 2 {
		_, err := client.Status(t.Context(), "7")
		require.NoError(t, err)
	}
	assert.Equal(t, transport.Status{ID: "7", State: transport.Running, Raw: "running"}, heard(`{"id":"c","status":"running","next":"c"}`))
	assert.Equal(t, transport.Status{ID: "7"}, heard(`{"id":"c","status":"running","next":"d"}`))
	assert.Equal(t, transport.Status{ID: "7"}, heard(`{"id":"c","status":"completed"}`), "only a poll knows whether there is another")
	assert.Equal(t, "b", heard(`{"id":"b","status":"completed"}`).ID, "the job has left that id")
}

// pushed is a trusted source of notifications, which the test sends.
type pushed struct{ say chan transport.Status }

func (p pushed) Trusted() bool { return true }

func (p pushed) Notify(ctx context.Context, notify func(transport.Status)) error {
	notify(transport.Status{})
	for {
		select {
		case s := <-p.say:
			notify(s)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// The event of the build ends the wait, although the item's event said completed earlier.
func TestAWaitEndsWithTheLastPartOfAJob(t *testing.T) {
	t.Parallel()
	var polls atomic.Int64
	asked := make(chan string, 100)
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		polls.Add(1)
		answer := map[string]string{
			"/queue/7": `{"id":7,"state":"pending"}`, "/builds/34": `{"number":34,"state":"running"}`,
		}[r.URL.Path]
		if polls.Load() > 1 && r.URL.Path == "/queue/7" {
			answer = `{"id":7,"state":"completed","build":34}`
		}
		say(200, answer)(w, r)
		asked <- r.URL.Path
	}, rest.WithDialect(queued))
	source := pushed{make(chan transport.Status)}
	w, err := jobstatus.New(client, jobstatus.WithNotifier(source), jobstatus.WithBackoff(backoff.Constant(time.Hour)), jobstatus.WithTimeout(0))
	require.NoError(t, err)
	defer w.Close()
	type end struct {
		transport.Status
		error
	}
	ended, updates := make(chan end, 1), make(chan transport.Status, 10)
	go func() {
		s, err := w.WaitForJobWithUpdates(t.Context(), "7", updates)
		ended <- end{s, err}
	}()
	tell := func(event string) {
		s, err := readEvent(client, nil, []byte(event))
		require.NoError(t, err)
		source.say <- s
	}
	require.Equal(t, "/queue/7", <-asked)
	tell(`{"item":{"id":7,"state":"completed"}}`)
	require.Equal(t, "/queue/7", <-asked, "the event makes the Watcher poll")
	for s := range updates {
		if s.State == transport.Running { // a poll has followed the job to its build
			break
		}
	}
	assert.Empty(t, ended)
	tell(`{"build":{"number":34,"state":"completed","result":[1]}}`)
	got := <-ended
	require.NoError(t, got.error)
	assert.Equal(t, "7", got.ID)
	assert.JSONEq(t, "[1]", string(got.Result))
	assert.EqualValues(t, 2, polls.Load(), "a trusted end needs no poll")
}
