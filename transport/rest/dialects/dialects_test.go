package dialects_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// arguments has what the services in testdata are opened with.
var arguments = map[string][]string{
	"accepted_location":            {"/things/disk/export"},
	"apify_run":                    {"ada/crawler"},
	"aws_batch_job":                {"eu-west-1"},
	"aws_bedrock_batch":            {"eu-west-1"},
	"aws_cloudformation_stack":     {"eu-west-1", "web"},
	"aws_glue_job_run":             {"eu-west-1", "nightly"},
	"aws_mediaconvert_job":         {"eu-west-1"},
	"aws_stepfunctions_execution":  {"eu-west-1"},
	"aws_textract_analysis":        {"eu-west-1"},
	"awx_job":                      {"12"},
	"azure_devops_build":           {"acme/shop"},
	"bigquery_job":                 {"ada", "EU"},
	"bitbucket_pipeline":           {"acme/shop"},
	"buildkite_build":              {"acme/shop"},
	"bunny_stream_video":           {"48"},
	"cloudflare_workflow_instance": {"9d2", "orders"},
	"cloudinary_upload":            {"acme", "video"},
	"convertapi_job":               {"docx", "pdf"},
	"dbt_cloud_run":                {"17", "308"},
	"elasticsearch_async_search":   {"books"},
	"elasticsearch_task":           {"_reindex"},
	"github_check_run":             {"ada/lace"},
	"github_run":                   {"ada/lace"},
	"github_workflow_run":          {"ada/lace", "ci.yml"},
	"gitlab_pipeline":              {"ada/lace", "main"},
	"google_operation":             {"run.googleapis.com", "v1", "projects/p7/locations/eu/things"},
	"hetzner_action":               {"5", "reboot"},
	"huggingface_job":              {"ada"},
	"jenkins_build":                {"j1"},
	"kubernetes_job":               {"batch"},
	"linode_event":                 {"5", "reboot"},
	"meilisearch_task":             {"books"},
	"nomad_evaluation":             {"resize"},
	"openstack_heat_stack":         {"p7", "web"},
	"runway_task":                  {"image_to_video"},
	"scaleway_job_run":             {"fr-par", "d1"},
	"shopify_bulk_operation":       {"2026-07"},
	"slurm_job":                    {"v0.0.44"},
	"snowflake_statement":          {"KEYPAIR_JWT"},
	"spacelift_run":                {"net"},
	"temporal_workflow":            {"shop"},
	"trino_query":                  {"ada"},
	"twilio_export_job":            {"Calls"},
}

// services has the service of each file in testdata, by the file's name.
var services = sync.OnceValue(func() map[string]dialects.Service {
	all := map[string]dialects.Service{}
	for _, e := range dialects.All() {
		name := strings.ReplaceAll(e.Name, "-", "_")
		s, err := e.New(arguments[name]...)
		if err != nil {
			panic(err)
		}
		all[name] = s
	}
	return all
})

// neverFails has the services that have no state for a job that failed.
var neverFails = map[string]bool{"virustotal_analysis": true}

// byCode has the services in whose answers nothing but the status code may tell a success.
var byCode = map[string]bool{"accepted_location": true}

// recording is a file in testdata.
type recording struct {
	Service string `json:"service"`
	Page    string `json:"page"`
	Token   string `json:"token"` // the header of the token; "" for Authorization
	ID      string `json:"id"`
	Create  *struct {
		Input   json.RawMessage `json:"input"`
		Key     string          `json:"key"`
		Request request         `json:"request"`
		Find    *request        `json:"find"`
		Answer  answer          `json:"answer"`
	} `json:"create"`
	Cancel *struct {
		Request request `json:"request"`
		Answer  answer  `json:"answer"`
	} `json:"cancel"`
	Fetch *struct {
		Result  json.RawMessage `json:"result"`
		Request request         `json:"request"`
	} `json:"fetch"`
	Batch *struct {
		IDs     []string          `json:"ids"`
		Request request           `json:"request"`
		Answer  answer            `json:"answer"`
		Tells   map[string]string `json:"tells"`
	} `json:"batch"`
	// Hold is a call that is held for 30 s, and the Revision of the newest answer before it.
	Hold *struct {
		Revision string  `json:"revision"`
		Request  request `json:"request"`
	} `json:"hold"`
	Answers []answer `json:"answers"`
	// Untold has the answers that no dialect can tell alone.
	Untold []struct{ Answer, Why string } `json:"untold"`
}

// request is what is sent.
type request struct {
	Method string            `json:"method"`
	Host   string            `json:"host"` // "" for that of the base URL
	Path   string            `json:"path"` // with its query, escaped
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body"`
	Text   string            `json:"text"` // in place of Body
}

// answer is what the service sends, and what it means.
type answer struct {
	Means   string            `json:"means"`
	Code    int               `json:"code"`
	Header  map[string]string `json:"header"`
	Body    json.RawMessage   `json:"body"`
	ID      string            `json:"id"`    // "" for that of the file
	Stage   int               `json:"stage"` // as of resttest.Sample
	Message string            `json:"message"`
	Result  json.RawMessage   `json:"result"`
}

// samples returns the answers for resttest.
func (r *recording) samples() (samples []resttest.Sample) {
	for i := range r.Answers {
		a := &r.Answers[i]
		h := http.Header{}
		for name, value := range a.Header {
			h.Set(name, value)
		}
		samples = append(samples, resttest.Sample{
			ID: cmp.Or(a.ID, r.ID), Code: a.Code, Header: h, Body: string(a.Body), Means: a.Means, Message: a.Message, Result: string(a.Result), Stage: a.Stage,
		})
	}
	return samples
}

func load(t *testing.T, name string) (r recording) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&r))
	return r
}

func TestEveryFileHasItsDialect(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	assert.Len(t, files, len(services()))
	for _, file := range files {
		assert.Contains(t, services(), strings.TrimSuffix(filepath.Base(file), ".json"))
	}
}

func TestDialectsTellEveryAnswerAlone(t *testing.T) {
	t.Parallel()
	for name, s := range services() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			if neverFails[name] {
				resttest.Check(excused{t}, s.Dialect, r.samples())
				return
			}
			resttest.Check(t, s.Dialect, r.samples())
		})
	}
}

// excused is a test of a service whose jobs never fail.
type excused struct{ *testing.T }

func (e excused) Errorf(format string, args ...any) {
	if !strings.Contains(format, "no sample means failed") {
		e.T.Errorf(format, args...)
	}
}

// TestEveryRuleDecidesAboutARecordedAnswer takes one rule after another away.
func TestEveryRuleDecidesAboutARecordedAnswer(t *testing.T) {
	t.Parallel()
	for name, s := range services() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			for stage, next := 0, &s.Dialect; next != nil; stage, next = stage+1, next.NextDialect {
				whole := told(*next, &r, stage)
				require.NotEmpty(t, whole)
				for rule := range next.States {
					d := *next
					d.States = without(d.States, rule)
					assert.False(t, slices.Equal(whole, told(d, &r, stage)), "no answer in testdata misses the rule %q", rule)
				}
				for rule := range next.Status.Faults {
					d := *next
					if d.Status.Faults = without(d.Status.Faults, rule); len(d.Status.Faults) == 0 {
						d.Status.Fault = ""
					}
					assert.False(t, slices.Equal(whole, told(d, &r, stage)), "no answer in testdata misses the rule %q", rule)
				}
				for rule := range next.Faults {
					d := *next
					d.Faults = without(d.Faults, rule)
					assert.False(t, slices.Equal(whole, told(d, &r, stage)), "no answer in testdata misses the rule %q", rule)
				}
			}
		})
	}
}

func without[T any](rules map[string]T, rule string) map[string]T {
	rest := maps.Clone(rules)
	delete(rest, rule)
	return rest
}

// told returns what a dialect makes of the answers of a stage; nil if it is refused.
func told(d rest.Dialect, r *recording, stage int) (all []string) {
	d.NextDialect, d.Next = nil, "" // a Client would remember where a job goes on
	var a answer
	service := &sent{answer: func(*http.Request) answer { return a }}
	c, err := rest.New("http://service.invalid", rest.WithDialect(d), rest.WithRetries(rest.NoRetries), rest.WithRoundTripper(direct{service}))
	if err != nil {
		return nil
	}
	for _, a = range r.Answers {
		if a.Stage == stage {
			status, err := c.Status(context.Background(), cmp.Or(a.ID, r.ID))
			var e *transport.Error
			if errors.As(err, &e) {
				err = fmt.Errorf("class %d: %w", e.Class, err)
			}
			all = append(all, fmt.Sprint(status.State, err))
		}
	}
	return all
}

// TestDialectsNeverTellASuccessForAnotherAnswer gives each answer that means no success other
// status codes.
func TestDialectsNeverTellASuccessForAnotherAnswer(t *testing.T) {
	t.Parallel()
	for name, s := range services() {
		if byCode[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			var a answer
			c, _ := serve(t, s, func(*http.Request) answer { return a })
			for i := range r.Answers {
				if a = r.Answers[i]; a.Means == "completed" || a.Stage > 0 {
					continue
				}
				for _, a.Code = range []int{200, 201, 202, 203, 206, 303, 400, 404, 409, 410, 422, 429, 500, 503} {
					status, err := c.Status(context.Background(), r.ID)
					if err == nil {
						assert.NotEqual(t, transport.Completed, status.State, "%d %s", a.Code, a.Body)
					}
				}
			}
		})
	}
}

// sent is a service that keeps the requests that it is sent.
type sent struct {
	mu       sync.Mutex
	requests []request
	answer   func(*http.Request) answer
}

func (s *sent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	got := request{Method: r.Method, Host: r.Host, Path: r.URL.RequestURI(), Header: map[string]string{}, Text: string(body)}
	for name := range r.Header {
		got.Header[name] = r.Header.Get(name)
	}
	s.mu.Lock()
	s.requests = append(s.requests, got)
	s.mu.Unlock()
	a := s.answer(r)
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(cmp.Or(a.Code, http.StatusOK))
	_, _ = w.Write(a.Body)
}

func (s *sent) take(t *testing.T) request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(t, s.requests, "nothing was sent")
	r := s.requests[0]
	s.requests = s.requests[1:]
	return r
}

// serve returns a Client of a service, and what it is sent. All hosts are that service.
func serve(t *testing.T, s dialects.Service, reply func(*http.Request) answer) (*rest.Client, *sent) {
	t.Helper()
	service := &sent{answer: reply}
	c, err := rest.New("http://service.invalid", append(s.Options(), rest.WithToken(token), rest.WithRetries(rest.NoRetries),
		rest.AllowOrigin("https://files.service.example"), rest.WithRoundTripper(direct{service}))...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c, service
}

// direct hands requests to a handler.
type direct struct{ to http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	d.to.ServeHTTP(w, in)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

func token(context.Context) (string, error) { return "s3cret", nil }

func fixed(a answer) func(*http.Request) answer { return func(*http.Request) answer { return a } }

// same compares what was sent with what the file says, and the token with that of the header.
// Headers that every request has don't count.
func same(t *testing.T, header string, want *request, got request) {
	t.Helper()
	assert.Equal(t, want.Method+" "+want.Path, got.Method+" "+got.Path)
	assert.Equal(t, cmp.Or(want.Host, "service.invalid"), got.Host)
	checkToken(t, header, want, got)
	for name := range map[string]bool{"Accept": true, "Accept-Encoding": true, "User-Agent": true} {
		delete(got.Header, name)
	}
	if kind, params, err := mime.ParseMediaType(got.Header["Content-Type"]); err == nil && params["boundary"] != "" {
		got.Header["Content-Type"] = kind
		got.Text = ""
	}
	wanted := map[string]string{}
	for name, value := range want.Header {
		wanted[http.CanonicalHeaderKey(name)] = value
	}
	assert.Equal(t, wanted, got.Header)
	if want.Body == nil {
		assert.Equal(t, want.Text, got.Text)
		return
	}
	assert.JSONEq(t, string(want.Body), got.Text)
}

func TestDialectsSendWhatTheServiceExpects(t *testing.T) {
	t.Parallel()
	for name, s := range services() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			if r.Create == nil || r.Create.Find == nil { // a job that is found has a test of its own
				t.Run("create", func(t *testing.T) { checkCreate(t, s, &r) })
			}
			t.Run("cancel", func(t *testing.T) { checkCancel(t, s, &r) })
			t.Run("fetch", func(t *testing.T) { checkFetch(t, s, &r) })
			if r.Batch != nil {
				t.Run("batch", func(t *testing.T) { checkBatch(t, s, &r) })
			}
		})
	}
}

// checkToken looks for the token in its header, and takes it out. Another origin gets none.
func checkToken(t *testing.T, header string, want *request, got request) {
	t.Helper()
	name, value := http.CanonicalHeaderKey(header), "s3cret"
	if name == "" {
		name, value = "Authorization", "Bearer s3cret"
	}
	if want.Host != "" {
		value = ""
	}
	assert.Equal(t, value, got.Header[name])
	delete(got.Header, name)
}

func checkCreate(t *testing.T, s dialects.Service, r *recording) {
	if r.Create == nil {
		refuses(t, s, func(c *rest.Client) error {
			_, err := c.Create(context.Background(), transport.CreateRequest{})
			return err
		})
		return
	}
	c, service := serve(t, s, fixed(r.Create.Answer))
	input := any(r.Create.Input)
	if r.Create.Input == nil {
		input = nil
	} else if kind := s.Dialect.Create.Header["Content-Type"]; kind != "" {
		require.NoError(t, json.Unmarshal(r.Create.Input, &input))
	}
	id, err := c.Create(context.Background(), transport.CreateRequest{Input: input, IdempotencyKey: cmp.Or(r.Create.Key, "k-9")})
	require.NoError(t, err)
	assert.Equal(t, r.ID, id)
	same(t, r.Token, &r.Create.Request, service.take(t))
}

// refuses checks that a call that the service does not have is not sent.
func refuses(t *testing.T, s dialects.Service, call func(*rest.Client) error) {
	t.Helper()
	c, service := serve(t, s, fixed(answer{}))
	require.ErrorIs(t, call(c), errors.ErrUnsupported)
	assert.Empty(t, service.requests)
}

func checkCancel(t *testing.T, s dialects.Service, r *recording) {
	if r.Cancel == nil {
		refuses(t, s, func(c *rest.Client) error { return c.Cancel(context.Background(), r.ID) })
		return
	}
	c, service := serve(t, s, fixed(r.Cancel.Answer))
	require.NoError(t, c.Cancel(context.Background(), r.ID))
	same(t, r.Token, &r.Cancel.Request, service.take(t))
}

func checkFetch(t *testing.T, s dialects.Service, r *recording) {
	c, service := serve(t, s, fixed(answer{Body: json.RawMessage(`[1]`)}))
	done := transport.Status{ID: r.ID, State: transport.Completed}
	if r.Fetch == nil {
		_, err := c.Fetch(context.Background(), done)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		return
	}
	done.Result = r.Fetch.Result
	body, err := c.Fetch(context.Background(), done)
	require.NoError(t, err)
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	assert.Equal(t, "[1]", string(text))
	same(t, r.Token, &r.Fetch.Request, service.take(t))
}

func checkBatch(t *testing.T, s dialects.Service, r *recording) {
	c, service := serve(t, s, fixed(r.Batch.Answer))
	told, err := c.StatusBatch(context.Background(), r.Batch.IDs)
	require.NoError(t, err)
	got := map[string]string{}
	for _, a := range told {
		require.NoError(t, a.Err)
		got[a.Status.ID] = a.Status.State.String()
	}
	assert.Equal(t, r.Batch.Tells, got)
	same(t, r.Token, &r.Batch.Request, service.take(t))
}

func TestDialectsReadTheTimesOfTheirServices(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, time.March, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		name, id, body    string
		created, finished time.Time
	}{
		{"airbyte_job", "5", `{"jobId":5,"status":"running","startTime":"2027-03-04T05:06:07Z"}`, at, time.Time{}},
		{"apify_run", "5", `{"data":{"status":"SUCCEEDED","startedAt":"2027-03-04T05:06:07.000Z","finishedAt":"2027-03-04T05:06:17.000Z"}}`, at, at.Add(10 * time.Second)},
		{"aws_batch_job", "5", `{"jobs":[{"jobId":"5","status":"SUCCEEDED","createdAt":1804136767000,"stoppedAt":1804136777000}]}`, at, at.Add(10 * time.Second)},
		{"aws_stepfunctions_execution", "5", `{"status":"SUCCEEDED","startDate":1804136767.0,"stopDate":1804136777.5}`, at, at.Add(10500 * time.Millisecond)},
		{"azure_devops_build", "5", `{"id":5,"status":"completed","result":"failed","queueTime":"2027-03-04T05:06:07.0000000Z","finishTime":"2027-03-04T05:06:08.5Z"}`, at, at.Add(1500 * time.Millisecond)},
		{"bigquery_job", "5", `{"status":{"state":"DONE"},"statistics":{"creationTime":"1804136767000","endTime":"1804136768000"}}`, at, at.Add(time.Second)},
		{"databricks_run", "5", `{"run_id":5,"state":{"life_cycle_state":"RUNNING"},"start_time":1804136767000,"end_time":0}`, at, time.Time{}},
		{"dbt_cloud_run", "5", `{"data":{"id":5,"status":10,"created_at":"2027-03-04 05:06:07.000000+00:00","finished_at":"2027-03-04 05:06:08.000000+00:00"}}`, at, at.Add(time.Second)},
		{"elasticsearch_async_search", "5", `{"id":"5","is_running":true,"is_partial":true,"start_time_in_millis":1804136767000}`, at, time.Time{}},
		{"cloudconvert_job", "5", `{"data":{"status":"finished","created_at":"2027-03-04T05:06:07+00:00","ended_at":"2027-03-04T07:06:08+02:00"}}`, at, at.Add(time.Second)},
	} {
		client, _ := serve(t, services()[c.name], fixed(answer{Body: json.RawMessage(c.body)}))
		status, err := client.Status(context.Background(), c.id)
		require.NoError(t, err, c.name)
		assert.True(t, c.created.Equal(status.Created), "%s was created at %v", c.name, status.Created)
		assert.True(t, c.finished.Equal(status.Finished), "%s was finished at %v", c.name, status.Finished)
	}
}
