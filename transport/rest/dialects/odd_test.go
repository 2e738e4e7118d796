package dialects_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// carried answers each request alike.
type carried struct {
	code   int
	header http.Header
	body   string
}

func (c *carried) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{}
	maps.Copy(header, c.header)
	return &http.Response{StatusCode: c.code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(strings.NewReader(c.body)), ContentLength: int64(len(c.body)), Request: r}, nil
}

// each returns a tree of JSON in which f has replaced each value that is neither an object nor an
// array.
func each(tree any, f func(any) any) any {
	return mapped(tree, func(key string) string { return key }, f)
}

// rekeyed returns a tree in which f has replaced the keys.
func rekeyed(tree any, f func(string) string) any {
	return mapped(tree, f, func(v any) any { return v })
}

// mapped returns a tree in which key has replaced the keys, and leaf the values without members.
func mapped(tree any, key func(string) string, leaf func(any) any) any {
	switch v := tree.(type) {
	case map[string]any:
		o := map[string]any{}
		for name, inner := range v {
			o[key(name)] = mapped(inner, key, leaf)
		}
		return o
	case []any:
		var a []any
		for _, inner := range v {
			a = append(a, mapped(inner, key, leaf))
		}
		return a
	default:
		return leaf(v)
	}
}

// bare returns a tree without the members of objects that are null.
func bare(tree any) any {
	switch v := tree.(type) {
	case map[string]any:
		o := map[string]any{}
		for key, inner := range v {
			if inner != nil {
				o[key] = bare(inner)
			}
		}
		return o
	case []any:
		var a []any
		for _, inner := range v {
			a = append(a, bare(inner))
		}
		return a
	default:
		return v
	}
}

// doubled writes a tree in which each member of an object stands twice, the first time as said.
func doubled(b *strings.Builder, tree any, first func(any) any) {
	o, ok := tree.(map[string]any)
	if !ok {
		text, _ := json.Marshal(tree)
		b.Write(text)
		return
	}
	b.WriteByte('{')
	for i, key := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(key)
		text, _ := json.Marshal(first(o[key]))
		fmt.Fprintf(b, "%s:%s,%s:", name, text, name)
		doubled(b, o[key], first)
	}
	b.WriteByte('}')
}

// odd returns answers as a service may give them in place of a, by what is odd about them.
func odd(a carried, tree any) map[string]carried {
	with := func(body string) carried { return carried{a.code, a.header, body} }
	text := func(v any) carried { b, _ := json.Marshal(v); return with(string(b)) }
	words := func(f func(string) string) carried {
		return text(each(tree, func(v any) any {
			if s, ok := v.(string); ok {
				return f(s)
			}
			return v
		}))
	}
	var same, nulls strings.Builder
	doubled(&same, tree, func(v any) any { return v })
	doubled(&nulls, tree, func(any) any { return nil })
	all := map[string]carried{
		"a byte order mark": with("\ufeff" + a.body), "white space": with(" \r\n\t" + a.body + "\n\n"),
		"no nulls": text(bare(tree)), "words in upper case": words(strings.ToUpper), "words in lower case": words(strings.ToLower),
		"numbers as texts": text(each(tree, func(v any) any {
			if n, ok := v.(json.Number); ok {
				return n.String()
			}
			return v
		})),
		"booleans as texts": text(each(tree, func(v any) any {
			if b, ok := v.(bool); ok {
				return fmt.Sprint(b)
			}
			return v
		})),
		"huge numbers": text(each(tree, func(v any) any {
			if n, ok := v.(json.Number); ok && n.String() != "0" {
				return json.Number(n.String() + "0000")
			}
			return v
		})),
		"keys in upper case": text(rekeyed(tree, strings.ToUpper)), "keys in lower case": text(rekeyed(tree, strings.ToLower)),
		"an array of one": text([]any{tree}), "each member twice": with(same.String()), "each member twice, null first": with(nulls.String()),
	}
	past := http.Header{}
	maps.Copy(past, a.header)
	past.Set("Retry-After", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	all["a Retry-After that has passed"] = carried{a.code, past, a.body}
	if a.code == http.StatusOK {
		all["code 202"] = carried{http.StatusAccepted, a.header, a.body}
	}
	return all
}

// unchanged are the odd answers that mean the same as the answer itself.
var unchanged = []string{"a byte order mark", "white space", "no nulls", "a Retry-After that has passed"}

// fault 64: however oddly a service spells its answers, a job that goes on is not told as ended,
// one that failed is not told as completed, and no wait ends for it.
func TestOddAnswersAreNotToldFalsely(t *testing.T) {
	t.Parallel()
	for name, s := range services() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			tryOdd(t, name, s.Dialect, r.samples())
		})
	}
}

// The same holds for services that this package does not have, by dialects as a user writes them
// from the service's page.
func TestOddAnswersOfOtherServicesAreNotToldFalsely(t *testing.T) {
	t.Parallel()
	type states = map[string]transport.State
	for name, c := range map[string]struct {
		dialect rest.Dialect
		samples []resttest.Sample
	}{
		"AssemblyAI": { // https://assemblyai.com/docs/pre-recorded-audio/transcript-status
			rest.Dialect{Status: rest.Call{Path: "/v2/transcript/{id}"}, ID: "id", State: "status", Error: "error", Result: "text"},
			[]resttest.Sample{
				{Body: `{"id":"1","status":"queued","text":null,"error":null,"audio_duration":null}`, Means: "pending"},
				{Body: `{"id":"1","status":"processing","text":null}`, Means: "running"},
				{Body: `{"id":"1","status":"completed","text":"hello","confidence":0.95,"audio_duration":281}`, Means: "completed"},
				{Body: `{"id":"1","status":"error","error":"Download error, unable to access file","text":null}`, Means: "failed"},
				{Code: 400, Body: `{"error":"Transcript lookup error, transcript id not found"}`, Means: "denied"},
			},
		},
		"Transloadit": { // https://transloadit.com/docs/api/response-codes/
			rest.Dialect{Status: rest.Call{Path: "/assemblies/{id}"}, ID: "assembly_id", State: "ok, error", Error: "error", Message: "message",
				States: states{
					"ASSEMBLY_UPLOADING, -": transport.Running, "ASSEMBLY_EXECUTING, -": transport.Running, "ASSEMBLY_REPLAYING, -": transport.Running,
					"ASSEMBLY_COMPLETED, -": transport.Completed, "ASSEMBLY_CANCELED, -": transport.Canceled, "REQUEST_ABORTED, -": transport.Failed, "*, +": transport.Failed,
				},
				Fault: "error", Faults: map[string]transport.Class{"ASSEMBLY_STATUS_FETCHING_RATE_LIMIT_REACHED": transport.Throttled, "ASSEMBLY_NOT_FOUND": transport.NotFound},
				Progress: "bytes_received / bytes_expected"},
			[]resttest.Sample{
				{Body: `{"assembly_id":"1","ok":"ASSEMBLY_UPLOADING","bytes_received":10,"bytes_expected":100}`, Means: "running"},
				{Body: `{"assembly_id":"1","ok":"ASSEMBLY_EXECUTING","bytes_received":100,"bytes_expected":100,"results":{}}`, Means: "running"},
				{Body: `{"assembly_id":"1","ok":"ASSEMBLY_COMPLETED","results":{"resize":[{"url":"https://a.example/1"}]}}`, Means: "completed"},
				{Body: `{"assembly_id":"1","ok":"ASSEMBLY_CANCELED"}`, Means: "canceled"},
				{Body: `{"assembly_id":"1","error":"ASSEMBLY_CRASHED","message":"it crashed","results":{}}`, Means: "failed"},
				{Code: 413, Body: `{"error":"ASSEMBLY_STATUS_FETCHING_RATE_LIMIT_REACHED"}`, Means: "throttled"},
			},
		},
		"fal": { // https://docs.fal.ai/model-endpoints/queue
			rest.Dialect{Status: rest.Call{Path: "/m/requests/{id}/status"}, ID: "request_id", AnswerID: "-", State: "status, error",
				Error: "error", Result: "response_url",
				States: states{"IN_QUEUE, *": transport.Pending, "IN_PROGRESS, *": transport.Running, "COMPLETED, -": transport.Completed, "COMPLETED, +": transport.Failed}},
			[]resttest.Sample{
				{Code: 202, Body: `{"status":"IN_QUEUE","queue_position":2,"response_url":"https://q.example/1"}`, Means: "pending"},
				{Code: 202, Body: `{"status":"IN_PROGRESS","logs":null}`, Means: "running"},
				{Body: `{"status":"COMPLETED","logs":[],"response_url":"https://q.example/1","metrics":{"inference_time":3.7}}`, Means: "completed"},
				{Body: `{"status":"COMPLETED","error":"Request timed out","error_type":"request_timeout"}`, Means: "failed"},
			},
		},
		"Airflow": { // https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html
			rest.Dialect{Status: rest.Call{Path: "/api/v1/dags/etl/dagRuns/{id}"}, ID: "dag_run_id", State: "state", Error: "-", Finished: "end_date"},
			[]resttest.Sample{
				{Body: `{"dag_run_id":"1","state":"queued","start_date":null,"end_date":null}`, Means: "pending"},
				{Body: `{"dag_run_id":"1","state":"running","start_date":"2026-05-01T08:00:00.123456+00:00"}`, Means: "running"},
				{Body: `{"dag_run_id":"1","state":"success","end_date":"2026-05-01T09:00:00+00:00"}`, Means: "completed"},
				{Body: `{"dag_run_id":"1","state":"failed","end_date":"2026-05-01T09:00:00+00:00"}`, Means: "failed"},
				{Code: 404, Body: `{"detail":"DAGRun with DAG ID: 'etl' and DagRun ID: '1' not found","status":404,"title":"DAGRun not found"}`, Means: "unknown_id"},
			},
		},
		"Octopus Deploy": { // https://octopus.com/docs/octopus-rest-api
			rest.Dialect{Status: rest.Call{Path: "/api/tasks/{id}"}, ID: "Id", State: "State", Error: "ErrorMessage", Finished: "CompletedTime",
				States: states{
					"Queued": transport.Pending, "Executing": transport.Running, "Cancelling": transport.Running, "Success": transport.Completed,
					"Failed": transport.Failed, "TimedOut": transport.Failed, "Canceled": transport.Canceled,
				}},
			[]resttest.Sample{
				{Body: `{"Id":"1","State":"Queued","IsCompleted":false,"ErrorMessage":""}`, Means: "pending"},
				{Body: `{"Id":"1","State":"Executing","IsCompleted":false,"FinishedSuccessfully":false,"HasWarningsOrErrors":true}`, Means: "running"},
				{Body: `{"Id":"1","State":"Success","IsCompleted":true,"FinishedSuccessfully":true,"ErrorMessage":""}`, Means: "completed"},
				{Body: `{"Id":"1","State":"Failed","IsCompleted":true,"FinishedSuccessfully":false,"ErrorMessage":"The deployment failed"}`, Means: "failed"},
				{Body: `{"Id":"1","State":"TimedOut","IsCompleted":true,"ErrorMessage":""}`, Means: "failed"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resttest.Check(t, c.dialect, c.samples)
			for i := range c.samples {
				c.samples[i].ID = cmp.Or(c.samples[i].ID, "1")
			}
			tryOdd(t, name, c.dialect, c.samples)
		})
	}
}

// tryOdd gives a dialect each answer in each odd form, and some answers that say nothing.
func tryOdd(t *testing.T, name string, d rest.Dialect, samples []resttest.Sample) {
	next := &carried{}
	var client *rest.Client
	read := func(id string, a carried) (transport.Status, error) {
		if client == nil || d.Next != "" { // a Client remembers the next id of a job
			var err error
			client, err = rest.New("http://service.invalid", rest.WithDialect(d), rest.WithRetries(rest.NoRetries), rest.WithRoundTripper(next))
			require.NoError(t, err)
		}
		*next = a
		return client.Status(context.Background(), id)
	}
	for _, sample := range samples {
		var tree any
		decoder := json.NewDecoder(strings.NewReader(sample.Body))
		decoder.UseNumber()
		if sample.Stage > 0 || decoder.Decode(&tree) != nil {
			continue
		}
		for oddity, answer := range odd(carried{cmp.Or(sample.Code, http.StatusOK), sample.Header, sample.Body}, tree) {
			_, isObject := tree.(map[string]any)
			if byCode[name] && isObject && oddity == "an array of one" {
				continue
			}
			status, err := read(sample.ID, answer)
			checkOdd(t, sample, oddity, answer, status, err)
		}
	}
	page := http.Header{"Content-Type": {"text/html"}}
	for oddity, answer := range map[string]carried{
		"an empty answer": {http.StatusOK, http.Header{}, ""}, "null": {http.StatusOK, http.Header{}, "null"},
		"an empty object": {http.StatusOK, http.Header{}, "{}"}, "an empty array": {http.StatusOK, http.Header{}, "[]"},
		"a page": {http.StatusOK, page, "<!doctype html><title>Sign in</title>"}, "a text": {http.StatusOK, http.Header{"Content-Type": {"text/plain"}}, "OK"},
	} {
		if byCode[name] && oddity != "a page" {
			continue // any content is a result
		}
		status, err := read(samples[0].ID, answer)
		checkOdd(t, resttest.Sample{Means: "running"}, oddity, answer, status, err)
	}
}

func checkOdd(t *testing.T, sample resttest.Sample, oddity string, a carried, status transport.Status, err error) {
	t.Helper()
	about := fmt.Sprintf("%s of %s: %d %.300s: %v %v", oddity, sample.Means, a.code, a.body, status, err)
	switch sample.Means {
	case "pending", "running", "blocked":
		assert.False(t, status.State.Terminal(), about)
		var e *transport.Error
		if err != nil {
			require.ErrorAs(t, err, &e, about)
			assert.NotEqual(t, transport.Permanent, e.Class, about)
		}
	case "failed", "canceled":
		assert.NotEqual(t, transport.Completed, status.State, about)
	case "completed":
	default:
		return
	}
	if slices.Contains(unchanged, oddity) {
		assert.Equal(t, sample.Means, status.State.String(), about)
	}
	if oddity == "a Retry-After that has passed" {
		assert.Contains(t, []time.Duration{0, transport.NoWait}, status.RetryAfter, about)
	}
	assert.LessOrEqual(t, status.Progress, 1.0, about)
	assert.GreaterOrEqual(t, status.Progress, 0.0, about)
}
