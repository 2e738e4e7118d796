package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// sent formats a request for comparison.
func sent(r *http.Request, headers ...string) string {
	body, _ := io.ReadAll(r.Body)
	text := r.Method + " " + r.RequestURI
	for _, name := range headers {
		text += " " + r.Header.Get(name)
	}
	return strings.TrimSpace(text + " " + string(body))
}

// fault 30, fault 31
func TestACallSaysWhereAndHowTheServiceIsAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		call rest.Call
		id   string
		want string // "" if it is refused without a request
	}{
		{rest.Call{Path: "/jobs/{id}"}, "a/b c", "GET /base/jobs/a%2Fb%20c"},
		{rest.Call{Path: "/v1/{+id}:get"}, "p/p1/o 1+=/x", "GET /base/v1/p/p1/o%201+=/x:get"},
		{rest.Call{Path: "/v1/{+id}"}, "a//b", ""},
		{rest.Call{Path: "/v1/{+id}"}, "a/../b", ""},
		{rest.Call{Path: "/v1/{+id}"}, "a/./b", ""},
		{rest.Call{Path: "/v1/{+id}"}, "/a", ""},
		{rest.Call{Path: "/v1/{+id}"}, "a?b", ""},
		{rest.Call{Path: "/v1/{+id}"}, `a\b`, ""},
		{rest.Call{Path: "/v1/{+id}"}, "a#b", ""},
		{rest.Call{Path: "/builds/id:{id}?x=1"}, "7", "GET /base/builds/id:7?x=1"},
		{rest.Call{Path: "/?a={id}&b=2"}, "x&y", "GET /base/?a=x%26y&b=2"},
		{rest.Call{Path: "/?since={rev}&of={id}"}, "7", "GET /base/?of=7"},
		{rest.Call{Path: "{+id}"}, "/ops/7?v=1&t=a%2Fb", "GET /ops/7?v=1&t=a%2Fb"},
		{rest.Call{Path: "{+id}"}, "ops/7/", "GET /base/ops/7/"},
		{rest.Call{Path: "{+id}"}, "/a/../b", ""},
		{rest.Call{Path: "{+id}"}, "//other.test/x", ""},
		{rest.Call{Path: "{+id}"}, "https://other.test/x", ""},
		{rest.Call{Path: "{+id}"}, "javascript:alert(1)", ""},
		{rest.Call{Method: "POST", Path: "/", Header: map[string]string{"X-Target": "Get", "X-Id": "<{id}>"}, Body: map[string]any{"run": "{id}", "n": 1}}, `a"b`,
			`POST /base/ Get <a"b> {"n":1,"run":"a\"b"}`},
		{rest.Call{Method: "POST", Path: "/x", Body: map[string]any{"ids": []string{"{id}"}, "n": "{id:number}", "q": "query($s:ID!){run(id:$s){ id }}"}}, "90071992547409951",
			`POST /base/x {"ids":["90071992547409951"],"n":90071992547409951,"q":"query($s:ID!){run(id:$s){ id }}"}`},
		{rest.Call{Method: "POST", Path: "/x", Body: map[string]any{"n": "{id:number}"}}, "1x", ""},
		{rest.Call{Method: "POST", Path: "/x", Body: map[string]any{"n": "{id:number}"}}, "01", ""},
		{rest.Call{Method: "POST", Path: "/x", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, Body: "a=1&id={id}"}, "x&y", "POST /base/x a=1&id=x%26y"},
		{rest.Call{Path: "/x", Header: map[string]string{"X-Id": "{id}"}}, "7", "GET /base/x 7"},
		{rest.Call{Path: "/{{id}}/{id}?{{rev}}={{+id}}"}, "7", "GET /base/%7Bid%7D/7?%7Brev%7D=%7B+id%7D"},
		{rest.Call{Path: "/{id}", Header: map[string]string{"X-Id": `{"id":"{id}","not":"{{id}}"}`}}, "7", `GET /base/7 {"id":"7","not":"{id}"}`},
		{rest.Call{Method: "POST", Path: "/x", Body: map[string]any{"q": "{job(id:\"{id}\"){{id}}}", "n": "{{id:number}}"}}, "7", `POST /base/x {"n":"{id:number}","q":"{job(id:\"7\"){id}}"}`},
		{rest.Call{Method: "POST", Path: "/x", Header: map[string]string{"Content-Type": "text/plain"}, Body: "{a {id} {{id}} {{x}} {"}, "7", "POST /base/x {a 7 {id} {{x}} {"},
	} {
		var got string
		client := serveAt(t, "/base", func(w http.ResponseWriter, r *http.Request) {
			got = sent(r, "X-Target", "X-Id")
			say(200, status("running"))(w, r)
		}, rest.WithDialect(rest.Dialect{Status: c.call}))
		_, err := client.Status(t.Context(), c.id)
		if c.want == "" {
			assert.Error(t, err, c.id)
			assert.Equal(t, transport.Permanent, classOf(t, err))
		} else {
			assert.NoError(t, err, c.call.Path)
		}
		assert.Equal(t, c.want, strings.Join(strings.Fields(got), " "), "%v %q", c.call, c.id)
	}
}

// serveAt is serve for a service whose base URL has a path.
func serveAt(t testing.TB, path string, h http.HandlerFunc, opts ...rest.Option) *rest.Client {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return client(t, s.URL+path, opts...)
}

func TestAHeaderOfTheUserIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	var got http.Header
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		say(200, `{"payload":{"status":"running","jobID":"7"}}`)(w, r)
	}, rest.WithHeader("X-One", "user"), rest.WithHeader("content-type", "application/vnd.api+json"), rest.WithDialect(rest.Dialect{
		Header: map[string]string{"x-one": "dialect", "X-Two": "dialect", "X-Three": "dialect", "Accept": "application/x"},
		Status: rest.Call{Path: "/{id}", Header: map[string]string{"X-Two": "call"}},
	}), rest.WithToken(func(context.Context) (string, error) { return "s3cret", nil }), rest.WithTokenHeader("private-token"))
	_, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, "user call dialect application/x s3cret ", strings.Join([]string{got.Get("X-One"), got.Get("X-Two"), got.Get("X-Three"), got.Get("Accept"),
		got.Get("PRIVATE-TOKEN"), got.Get("Authorization")}, " "))
	_, err = c.Create(t.Context(), transport.CreateRequest{Input: map[string]int{"a": 1}})
	require.NoError(t, err)
	assert.Equal(t, "application/vnd.api+json", got.Get("Content-Type"))
}

func TestAnInputIsSentAsTheCallSays(t *testing.T) {
	t.Parallel()
	type input struct {
		Name string            `json:"name"`
		N    int64             `json:"n"`
		In   map[string]string `json:"in"`
		Tags []string          `json:"tags"`
	}
	in := input{"a b", 9007199254740993, map[string]string{"k": "v"}, []string{"x", "y"}}
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		create rest.Call
		field  string
		input  any
		key    string
		want   string
	}{
		{rest.Call{}, "", in, "", `POST / application/json {"name":"a b","n":9007199254740993,"in":{"k":"v"},"tags":["x","y"]}`},
		{rest.Call{Body: map[string]int{"n": 1}}, "", nil, "", `POST / application/json {"n":1}`},
		{rest.Call{Body: map[string]int{"n": 1}}, "", in.In, "", `POST / application/json {"k":"v"}`},
		{rest.Call{Body: map[string]any{"v": 2, "input": "{input}"}}, "", in.In, "", `POST / application/json {"input":{"k":"v"},"v":2}`},
		{rest.Call{Body: map[string]any{"input": "{input}"}}, "", nil, "", `POST / application/json {"input":null}`},
		{rest.Call{Body: map[string]any{"token": "{key}"}}, "", nil, `k"1`, `POST / application/json {"token":"k\"1"}`},
		{rest.Call{}, "data.token", map[string]any{"data": map[string]any{"a": 1}}, "k1", `POST / application/json {"data":{"a":1,"token":"k1"}}`},
		{rest.Call{}, "token", nil, "k1", `POST / application/json {"token":"k1"}`},
		{rest.Call{}, "token", in.In, "", `POST / application/json {"k":"v"}`},
		{rest.Call{Header: map[string]string{"Content-Type": form}}, "", in, "", "POST / " + form + " in%5Bk%5D=v&n=9007199254740993&name=a+b&tags%5B%5D=x&tags%5B%5D=y"},
		{rest.Call{Header: map[string]string{"Content-Type": form}}, "token", url.Values{"a": {"1", "2"}}, "k1", "POST / " + form + " a=1&a=2&token=k1"},
		{rest.Call{Header: map[string]string{"Content-Type": "text/plain"}}, "", "select 1", "", "POST / text/plain select 1"},
		{rest.Call{Header: map[string]string{"Content-Type": "application/x-ndjson"}}, "", []byte("{}\n{}"), "", "POST / application/x-ndjson {} {}"},
		{rest.Call{Path: "/workflows/{key}"}, "", in.In, "w 1", `POST /workflows/w%201 application/json {"k":"v"}`},
	} {
		var got string
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = strings.Join(strings.Fields(sent(r, "Content-Type")), " ")
			say(200, `{"payload":{"jobID":7}}`)(w, r)
		}, rest.WithDialect(rest.Dialect{Create: c.create, IdempotencyField: c.field}))
		id, err := client.Create(t.Context(), transport.CreateRequest{Input: c.input, IdempotencyKey: c.key})
		require.NoError(t, err, c.want)
		assert.Equal(t, "7", id)
		assert.Equal(t, strings.Join(strings.Fields(c.want), " "), got)
	}
	for _, c := range []struct {
		create rest.Call
		field  string
		req    transport.CreateRequest
	}{
		{rest.Call{Header: map[string]string{"Content-Type": "text/plain"}}, "", transport.CreateRequest{Input: 7}},
		{rest.Call{Header: map[string]string{"Content-Type": "text/plain"}}, "", transport.CreateRequest{Input: strings.NewReader("x")}},
		{rest.Call{Header: map[string]string{"Content-Type": form}}, "", transport.CreateRequest{Input: "a"}},
		{rest.Call{}, "a.b", transport.CreateRequest{Input: map[string]int{"a": 1}, IdempotencyKey: "k"}},
		{rest.Call{Path: "/{key}"}, "", transport.CreateRequest{}},
	} {
		client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }, rest.WithDialect(rest.Dialect{Create: c.create, IdempotencyField: c.field}))
		_, err := client.Create(t.Context(), c.req)
		assert.Equal(t, transport.Permanent, classOf(t, err), c.create)
	}
}

func TestAMultipartInputHoldsFiles(t *testing.T) {
	t.Parallel()
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		assert.NoError(t, err)
		for reader := multipart.NewReader(r.Body, params["boundary"]); ; {
			p, err := reader.NextPart()
			if err != nil {
				break
			}
			text, _ := io.ReadAll(p)
			got = append(got, fmt.Sprintf("%s|%s|%s|%s", p.FormName(), p.FileName(), p.Header.Get("Content-Type"), text))
		}
		say(200, `{"payload":{"jobID":"7"}}`)(w, r)
	}, rest.WithDialect(rest.Dialect{Create: rest.Call{Header: map[string]string{"Content-Type": "multipart/form-data"}}}))
	_, err := c.Create(t.Context(), transport.CreateRequest{Input: map[string]any{"prompt": "a\r\nb", "n": 4,
		"file": rest.File{Name: `o "1".png`, Type: "image/png", Content: []byte{0, 1}}, "raw": &rest.File{Name: "x", Content: []byte("y")}}})
	require.NoError(t, err)
	sort.Strings(got)
	assert.Equal(t, []string{"file|o \"1\".png|image/png|\x00\x01", "n|||4", "prompt|||a\r\nb", "raw|x|application/octet-stream|y"}, got)
}

// The answer to a create has the job's id in any place, its end, or nothing.
func TestStartTellsWhatTheCreateSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d      rest.Dialect
		code   int
		header [2]string
		body   string
		want   transport.Status // the ID "!" means an error
	}{
		{rest.Dialect{ID: "a[0].id"}, 200, [2]string{"Retry-After", "5"}, `{"a":[{"id":9007199254740993}]}`, transport.Status{ID: "9007199254740993", State: transport.Pending, RetryAfter: 5e9}},
		{rest.Dialect{ID: "job, id"}, 200, [2]string{}, `{"id":"x"}`, transport.Status{ID: "x", State: transport.Pending}},
		{rest.Dialect{ID: "id"}, 200, [2]string{}, `{"id":true}`, transport.Status{ID: "!"}},
		{rest.Dialect{ID: "id"}, 200, [2]string{}, `{"id":{"a":1}}`, transport.Status{ID: "!"}},
		{rest.Dialect{ID: "id"}, 204, [2]string{}, ``, transport.Status{ID: "!"}},
		{rest.Dialect{ID: "@header.Location", IDPattern: "*/queue/item/{id}/"}, 201, [2]string{"Location", "https://ci.test/queue/item/31/"}, ``, transport.Status{ID: "31", State: transport.Pending}},
		{rest.Dialect{ID: "@header.Location", IDPattern: "*/queue/item/{id}/"}, 201, [2]string{"Location", "https://ci.test/x/31/"}, ``, transport.Status{ID: "!"}},
		{rest.Dialect{ID: "self", IDPattern: "jobs/{id}/*"}, 201, [2]string{}, `{"self":"jobs/7/state"}`, transport.Status{ID: "7", State: transport.Pending}},
		{rest.Dialect{Status: rest.Call{Path: "{+id}"}, ID: "@header.Location"}, 202, [2]string{"Location", "/ops/7?x=1"}, ``, transport.Status{ID: "/ops/7?x=1", State: transport.Pending}},
		{rest.Dialect{Status: rest.Call{Path: "{+id}"}, ID: "@header.Location"}, 202, [2]string{"Location", "7/state"}, ``, transport.Status{ID: "/start/7/state", State: transport.Pending}},
		{rest.Dialect{Status: rest.Call{Path: "{+id}"}, ID: "@header.Location"}, 202, [2]string{"Location", "https://other.test/7"}, ``, transport.Status{ID: "!"}},
		{rest.Dialect{ID: "@key"}, 200, [2]string{}, `{}`, transport.Status{ID: "k1", State: transport.Pending}},
		{rest.Dialect{ID: "id", State: "state", CreateHasState: true}, 200, [2]string{}, `{"id":7,"state":"succeeded"}`, transport.Status{ID: "7", State: transport.Completed, Raw: "succeeded"}},
		{rest.Dialect{ID: "id", State: "state", CreateHasState: true}, 200, [2]string{}, `{"state":"failed"}`, transport.Status{State: transport.Failed, Raw: "failed"}},
		{rest.Dialect{ID: "id", State: "state", CreateHasState: true}, 200, [2]string{}, `{"state":"running"}`, transport.Status{ID: "!"}},
		{rest.Dialect{ID: "id", State: "state"}, 200, [2]string{}, `{"id":7,"state":"success"}`, transport.Status{ID: "7", State: transport.Pending}},
		{rest.Dialect{ID: "id", Fault: "errors[0].code", Faults: map[string]transport.Class{"RATE": transport.Throttled}}, 200, [2]string{}, `{"id":7,"errors":[{"code":"RATE"}]}`, transport.Status{ID: "!"}},
	} {
		c.d.Create.Path = "/start/"
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if c.header[0] != "" {
				w.Header().Set(c.header[0], c.header[1])
			}
			say(c.code, c.body)(w, r)
		}, rest.WithDialect(c.d))
		got, err := client.Start(t.Context(), transport.CreateRequest{IdempotencyKey: "k1"})
		if c.want.ID == "!" {
			assert.Error(t, err, c.body)
			assert.Equal(t, transport.Status{}, got)
			continue
		}
		require.NoError(t, err, c.body)
		assert.Equal(t, c.want, got, c.body)
	}
}

// hosted returns a context whose Host ends every wait at once and records it.
func hosted(ctx context.Context, waits *[]string) context.Context {
	return transport.WithHost(ctx, &quick{Host: transport.HostOf(ctx), waits: waits})
}

type quick struct {
	transport.Host
	waits *[]string
}

func (q *quick) Sleep(_ context.Context, d time.Duration) error {
	*q.waits = append(*q.waits, d.String())
	return nil
}

// If the answer to a create names no job, the new job is found in the list.
func TestAJobThatTheCreateDoesNotNameIsFound(t *testing.T) {
	t.Parallel()
	var lists []string // the answers to the list; the last one is repeated
	var asked []string
	d := rest.Dialect{Create: rest.Call{Path: "/dispatch"}, ID: "run_id", Find: rest.Find{Call: rest.Call{Path: "/runs?event=x"}, List: "runs"}}
	//lint:ignore ST1008 the answer stands beside the error that it came with
	start := func(d rest.Dialect, key string, answers ...string) (transport.Status, error, []string) {
		lists, asked = answers, nil
		var waits []string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Method+" "+r.RequestURI)
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			say(200, lists[0])(w, r)
			lists = lists[min(1, len(lists)-1):]
		}, rest.WithDialect(d))
		s, err := c.Start(hosted(t.Context(), &waits), transport.CreateRequest{IdempotencyKey: key})
		return s, err, waits
	}
	s, err, waits := start(d, "", `{"runs":[{"id":2},{"id":1}]}`, `{"runs":[{"id":2},{"id":1}]}`, `{"runs":[{"id":3},{"id":2},{"id":1}]}`)
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "3", State: transport.Pending}, s)
	assert.Equal(t, []string{"GET /runs?event=x", "POST /dispatch", "GET /runs?event=x", "GET /runs?event=x", "GET /runs?event=x"}, asked)
	assert.Equal(t, []string{"500ms", "1s"}, waits)

	_, err, _ = start(d, "", `{"runs":[]}`, `{"runs":[{"id":3},{"id":2}]}`)
	assert.ErrorContains(t, err, "more than one job is new")
	_, err, waits = start(d, "", `{"runs":[]}`)
	assert.ErrorContains(t, err, "no job that the create has started was found (Dialect.Find)")
	assert.Equal(t, []string{"500ms", "1s", "2s", "4s", "8s"}, waits)
	_, err, _ = start(d, "", `{"runs":`)
	assert.ErrorIs(t, err, transport.ErrMalformed)
	assert.Len(t, asked, 1, "nothing was started")

	d.Find.ID = "jobs[name={key}].id"
	s, err, _ = start(d, "k1", `{"runs":[{"jobs":[{"name":"k2","id":8}]},{"jobs":[{"name":"k1","id":9}]}]}`)
	require.NoError(t, err)
	assert.Equal(t, "9", s.ID)
	assert.Equal(t, []string{"POST /dispatch", "GET /runs?event=x"}, asked)
}

// fault 58 of the field: an answer of another job is none of this one.
func TestAnAnswerAboutAnotherJobIsMalformed(t *testing.T) {
	t.Parallel()
	var body string
	h := func(w http.ResponseWriter, r *http.Request) { say(200, body)(w, r) }
	for _, c := range []struct {
		d    rest.Dialect
		body string
		fine bool
	}{
		{rest.Dialect{ID: "id"}, `{"id":"2","status":"success"}`, false},
		{rest.Dialect{ID: "id"}, `{"id":"A1","status":"success"}`, true},
		{rest.Dialect{ID: "id"}, `{"id":"a1","status":"success"}`, true},
		{rest.Dialect{ID: "id"}, `{"id":null,"status":"success"}`, true},
		{rest.Dialect{ID: "id", AnswerID: "-"}, `{"id":"2","status":"success"}`, true},
		{rest.Dialect{ID: "run", AnswerID: "job.id"}, `{"job":{"id":7},"status":"success"}`, false},
		{rest.Dialect{ID: "@header.Location"}, `{"id":"2","status":"success"}`, true},
		{rest.Dialect{}, `{"payload":{"jobID":"2"},"status":"success"}`, true},
	} {
		body = c.body
		c.d.State = "status"
		s, err := serve(t, h, rest.WithDialect(c.d)).Status(t.Context(), "A1")
		if c.fine {
			require.NoError(t, err, c.body)
			assert.Equal(t, transport.Completed, s.State)
		} else {
			assert.ErrorIs(t, err, transport.ErrMalformed, c.body)
			assert.ErrorContains(t, err, "about another job")
		}
	}
}

// fault 12, fault 41
func TestSeeOtherIsTheEndOfAJob(t *testing.T) {
	t.Parallel()
	var location string
	var asked atomic.Int64
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/photos/7" {
			_, _ = io.WriteString(w, "the photo")
			return
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusSeeOther)
	}, rest.WithDialect(rest.Dialect{Fetch: rest.Call{Path: "{+result}"}}))
	location = "/photos/7?size=1"
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed, Result: []byte(`"/photos/7?size=1"`)}, s)
	assert.EqualValues(t, 1, asked.Load(), "the result is not asked for")
	body, err := c.Fetch(t.Context(), s)
	require.NoError(t, err)
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.NoError(t, body.Close())
	assert.Equal(t, "the photo", string(text))
	for _, location = range []string{"", "https://other.test/photos/7", "/login?next=/status/7", "/oauth/authorize",
		"/status/7", "7", "#done", "/status/7/", "/status/%37", "/status/7?attempt=2", "?wait=5", "/", "/?next=/status/7", "/Error?code=500", "/pages/error.html",
		"/maintenance/", "/jobs/7/failed", "/failure/7", "/error_page", "/500.html", "/Account/LogOn?url=x", "/adfs/ls/", "/_oauth/start",
		"/realms/m/protocol/openid-connect/auth", "/session/new", "/users/sessions/New/?back=/status/7", "/authenticate", "/captcha?back=/status/7",
		"/sorry/index", "/not-found", "/404/not_found.html"} {
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Misdirected, classOf(t, err), location)
	}
	for _, location = range []string{"/500", "/files/failed-rows.csv", "/results/7/errors-of-7.json", "/authors/7", "/sessions/7", "/session/7/new", "/new",
		"/status/77", "/status"} {
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err, location)
		assert.Equal(t, transport.Completed, s.State, location)
	}
}

// Where the id is in the query, the path says nothing about the job.
func TestSeeOtherMayDifferByItsQueryAlone(t *testing.T) {
	t.Parallel()
	var location string
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusSeeOther)
	}, rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/api?do=status&job={id}"}}))
	location = "/api?do=result&job=7"
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, s.State)
	location = "/api?do=status&job=7"
	_, err = c.Status(t.Context(), "7")
	assert.Equal(t, transport.Misdirected, classOf(t, err))
}

// fault 64: the status in the body of a 303 takes precedence over the Location.
func TestSeeOtherIsNoEndThatTheBodyDenies(t *testing.T) {
	t.Parallel()
	var body string
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/photos/7")
		w.WriteHeader(http.StatusSeeOther)
		_, _ = io.WriteString(w, body)
	})
	for text, want := range map[string]transport.State{
		`{"payload":{"status":"failed"}}`:                   transport.Failed,
		`{"payload":{"status":"canceled"}}`:                 transport.Canceled,
		`{"payload":{"status":"running"}}`:                  transport.Running,
		`{"payload":{"error":"no film"}}`:                   transport.Failed,
		`{"payload":{"status":"completed","error":"film"}}`: transport.Failed,
		`{"payload":{"status":"completed"}}`:                transport.Completed,
		`{"payload":{"status":"moved"}}`:                    transport.Completed,
		`{"payload":{}}`:                                    transport.Completed,
		`<a href="/photos/7">See Other</a>`:                 transport.Completed,
	} {
		body = text
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err, text)
		assert.Equal(t, want, s.State, text)
	}
	d := rest.Dialect{Next: "next"}
	for text, want := range map[string]transport.State{`{"next":"8"}`: transport.Running, `{"next":"7"}`: transport.Completed, `{"next":"/photos/7"}`: transport.Completed} {
		e, err := d.Explain("7", rest.Answer{Code: http.StatusSeeOther, Header: http.Header{"Location": {"/photos/7"}}, Body: []byte(text)})
		require.NoError(t, err)
		assert.NoError(t, e.Err)
		assert.Equal(t, want, e.Status.State, "a job that has a new id has not ended: %s", text)
	}
}

// fault 11: the dialect decides what a code means, and an answer of a gateway is never the job's.
func TestACodeThatARuleNamesIsAState(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "@code, code", Error: "-", Message: "message", States: map[string]transport.State{
		"200, *": transport.Completed, "202, *": transport.Running, "422, *": transport.Failed, "422, 000604": transport.Canceled, "408, 000630": transport.Failed,
		"404, *": transport.Pending, "*, odd": transport.Running, "500, dead": transport.Failed, "503, dead": transport.Failed, "520, dead": transport.Failed, "410, -": transport.Completed,
		"200, odd": transport.Running, "202, odd": transport.Running, "422, odd": transport.Running, "404, odd": transport.Running,
	}}
	for _, c := range []struct {
		code int
		body string
		want any
	}{
		{200, `{"code":"090001"}`, transport.Completed}, {202, ``, transport.Running}, {422, `{"code":"002003"}`, transport.Failed}, {422, `{"code":"000604"}`, transport.Canceled},
		{408, `{"code":"000630"}`, transport.Failed}, {408, `{}`, transport.Transient}, {404, `{}`, transport.Pending}, {500, `{"code":"dead"}`, transport.Failed},
		{500, `{"code":"x"}`, transport.Transient}, {500, `{"code":"odd"}`, transport.Transient}, {503, `{"code":"dead"}`, transport.Transient}, {520, `{"code":"dead"}`, transport.Failed}, {410, `{}`, transport.Completed},
		{410, `{"code":1}`, transport.Permanent}, {201, `{"code":"x"}`, transport.Unknown}, {201, `{}`, transport.Malformed}, {200, `<html>`, transport.Transient},
	} {
		s, err := serve(t, say(c.code, c.body), oneAttempt, rest.WithDialect(d)).Status(t.Context(), "7")
		if class, ok := c.want.(transport.Class); ok {
			assert.Equal(t, class, classOf(t, err), "%d %s", c.code, c.body)
		} else {
			require.NoError(t, err, "%d %s", c.code, c.body)
			assert.Equal(t, c.want, s.State, "%d %s", c.code, c.body)
		}
	}
}

// Some services answer 302 when the result is ready.
func TestARedirectThatARuleNamesIsAState(t *testing.T) {
	t.Parallel()
	code, location := 0, ""
	service := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/exports/7" {
			_, _ = io.WriteString(w, `{"status":"bad"}`)
			return
		}
		w.Header().Set("Location", location)
		w.WriteHeader(code)
	}
	d := rest.Dialect{Status: rest.Call{Path: "/exports/{id}"}, State: "@code, status", Result: "@header.Location", Error: "-", States: states{"200, bad": failed, "302, *": completed, "307, *": isRunning}}
	client := serve(t, service, oneAttempt, rest.WithDialect(d), rest.AllowOrigin("https://files.invalid"))
	for _, c := range []struct {
		code     int
		location string
		want     any
	}{
		{302, "/files/7", completed}, {302, "https://files.invalid/7", completed}, {307, "/files/7", isRunning}, {301, "/files/7", failed}, {308, "/files/7", failed},
		{302, "/login?next=/exports/7", transport.Misdirected}, {302, "/", transport.Misdirected}, {302, "/exports/7", transport.Misdirected}, {302, "/exports/7/failed", transport.Misdirected},
		{302, "https://other.invalid/7", transport.Misdirected}, {302, "", transport.Misdirected},
	} {
		code, location = c.code, c.location
		s, err := client.Status(t.Context(), "7")
		if class, ok := c.want.(transport.Class); ok {
			assert.Equal(t, class, classOf(t, err), "%d %s", code, location)
			continue
		}
		require.NoError(t, err, "%d %s", code, location)
		assert.Equal(t, c.want, s.State, "%d %s", code, location)
		if s.State == completed {
			assert.JSONEq(t, `"`+location+`"`, string(s.Result))
		}
	}
	d.States = states{"200, bad": failed, "200, *": completed}
	code, location = 302, "/files/7"
	s, err := serve(t, service, oneAttempt, rest.WithDialect(d)).Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, failed, s.State, "a redirect that no rule names is followed")
}

// fault 25
func TestFaultsAreToldByCodeHeaderAndWord(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "jobs[0].state", Fault: "@code, @header.X-Remaining, __type, message, jobs[0].id", Faults: map[string]transport.Class{
		"403, 0, *, *, *": transport.Throttled, "400, *, *Throttl*, *, *": transport.Throttled, "400, *, *, *does not exist*, *": transport.NotFound,
		"400, *, *Throttl*, *does not exist*, *": transport.Throttled, "200, *, *, *, -": transport.NotFound, "529, *, *, *, *": transport.Throttled,
	}}
	for _, c := range []struct {
		code      int
		remaining string
		body      string
		want      transport.Class
	}{
		{403, "0", `{}`, transport.Throttled}, {403, "1", `{}`, transport.Permanent}, {403, "", `{}`, transport.Permanent}, {400, "", `{"__type":"aws#ThrottlingException"}`, transport.Throttled},
		{400, "", `{"message":"Run 7 Does Not Exist."}`, transport.NotFound}, {400, "", `{"message":"x"}`, transport.Permanent}, {200, "", `{"jobs":[]}`, transport.NotFound},
		{529, "", `overloaded`, transport.Throttled},
	} {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if c.remaining != "" {
				w.Header().Set("X-Remaining", c.remaining)
			}
			say(c.code, c.body)(w, r)
		}, oneAttempt, rest.WithDialect(d))
		_, err := client.Status(t.Context(), "7")
		assert.Equal(t, c.want, classOf(t, err), "%d %s", c.code, c.body)
		err = client.Cancel(t.Context(), "7")
		if c.code == 200 {
			require.NoError(t, err, "the answer to a cancel need not have the job")
			continue
		}
		assert.Equal(t, c.want, classOf(t, err), "%d %s", c.code, c.body)
	}
}

// fault 64
func TestWhatErrorSaysIsNeverCompleted(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "state", Error: "error.message, error, errors", States: map[string]transport.State{"done": transport.Completed, "busy": transport.Running}}
	for body, want := range map[string]transport.Status{
		`{"state":"done"}`:                                 {State: transport.Completed},
		`{"state":"done","error":null}`:                    {State: transport.Completed},
		`{"state":"done","error":{},"errors":[]}`:          {State: transport.Completed},
		`{"state":"done","error":false}`:                   {State: transport.Completed},
		`{"state":"done","error":0}`:                       {State: transport.Completed},
		`{"state":"done","error":""}`:                      {State: transport.Completed},
		`{"state":"done","error":{"message":"why"}}`:       {State: transport.Failed, Message: "why"},
		`{"state":"done","error":{"code":7}}`:              {State: transport.Failed, Message: `{"code":7}`},
		`{"state":"done","error":true}`:                    {State: transport.Failed},
		`{"state":"done","error":"","errors":["a"]}`:       {State: transport.Failed, Message: `["a"]`},
		`{"state":"busy","error":{"message":"a warning"}}`: {State: transport.Running},
	} {
		s, err := serve(t, say(200, body), rest.WithDialect(d)).Status(t.Context(), "7")
		require.NoError(t, err, body)
		s.ID, s.Raw = "", ""
		assert.Equal(t, want, s, body)
	}
}

func TestAnAnswerMayNameItsWaitItsTimesAndItsProgress(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "s", States: map[string]transport.State{"x": transport.Running}, RetryAfter: "poll ms", Progress: "n.done / n.all", Created: "at"}
	for body, want := range map[string]string{
		`{"s":"x","poll":1500,"n":{"done":3,"all":4},"at":1760000000}`:                   "1.5s 0.75 2025-10-09T08:53:20Z",
		`{"s":"x","poll":"1500","n":{"done":"3","all":"4"},"at":"1760000000123"}`:        "1.5s 0.75 2025-10-09T08:53:20.123Z",
		`{"s":"x","poll":"2s","n":{"done":9,"all":4},"at":1760000000123}`:                "2s 1 2025-10-09T08:53:20.123Z",
		`{"s":"x","poll":0,"n":{"done":1,"all":0},"at":"Thu, 09 Oct 2025 08:53:20 GMT"}`: "-1ns 0 2025-10-09T08:53:20Z",
		`{"s":"x","poll":-1,"n":{"done":1},"at":"2025-10-09 08:53:20.000001+00:00"}`:     "0s 0 2025-10-09T08:53:20.000001Z",
		`{"s":"x","poll":{},"n":{"done":-1,"all":4},"at":"20251009T085320+0000"}`:        "0s 0 2025-10-09T08:53:20Z",
		`{"s":"x","n":{"done":"a","all":4},"at":"soon"}`:                                 "0s 0 0001-01-01T00:00:00Z",
		`{"s":"x","poll":1e300,"n":{"done":1e300,"all":1e-300},"at":1e300}`:              "0s 1 0001-01-01T00:00:00Z",
	} {
		s, err := serve(t, say(200, body), rest.WithDialect(d)).Status(t.Context(), "7")
		require.NoError(t, err, body)
		assert.Equal(t, want, fmt.Sprint(s.RetryAfter, s.Progress, " "+s.Created.UTC().Format("2006-01-02T15:04:05.999999999Z")), body)
	}
	d.Progress, d.RetryAfter, d.ProgressScale = "p", "w", 100
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "9")
		say(200, `{"s":"x","w":3,"p":"40 %"}`)(w, r)
	}, rest.WithDialect(d))
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, "9s 0.4", fmt.Sprint(s.RetryAfter, s.Progress), "the header comes first")
}

// A queue item becomes a build, with another id and other words. If an answer names the job's
// present id, its end is the end of the job.
func TestTheIDThatAJobHasIsNoNextID(t *testing.T) {
	t.Parallel()
	answers := []string{`{"s":"queued","next":"7"}`, `{"s":"done","next":"b"}`, `{"s":"running","next":"b"}`, `{"s":"done","next":"b"}`}
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		_, _ = io.WriteString(w, answers[len(asked)-1])
	}, rest.WithDialect(rest.Dialect{State: "s", Next: "next", States: map[string]transport.State{
		"queued": transport.Pending, "running": transport.Running, "done": transport.Completed,
	}}))
	for _, want := range []transport.State{transport.Pending, transport.Running, transport.Running, transport.Completed} {
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, want, s.State)
	}
	assert.Equal(t, []string{"/status/7", "/status/7", "/status/b", "/status/b"}, asked)
}

func TestAJobIsFollowedUnderItsNextID(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"GET /queue/31": `{"id":31,"cancelled":false}`, "GET /job/12": `{"number":12,"building":true}`, "POST /queue/31/stop": ``, "POST /job/12/stop": ``, "GET /job/12/log": "the log",
	}
	var asked []string
	d := rest.Dialect{
		Status: rest.Call{Path: "/queue/{id}"}, Cancel: rest.Call{Method: "POST", Path: "/queue/{id}/stop"}, State: "cancelled", Next: "executable.number",
		States: map[string]transport.State{"false": transport.Pending, "true": transport.Canceled},
		NextDialect: &rest.Dialect{
			Status: rest.Call{Path: "/job/{id}"}, Cancel: rest.Call{Method: "POST", Path: "/job/{id}/stop"}, Fetch: rest.Call{Path: "/job/{id}/log"}, ID: "number", State: "building, result",
			States: map[string]transport.State{"true, *": transport.Running, "false, SUCCESS": transport.Completed, "false, *": transport.Failed},
		},
	}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		say(200, answers[r.Method+" "+r.URL.Path])(w, r)
	}, rest.WithDialect(d))
	look := func(want transport.State) transport.Status {
		t.Helper()
		s, err := c.Status(t.Context(), "31")
		require.NoError(t, err)
		assert.Equal(t, want, s.State)
		assert.Equal(t, "31", s.ID, "the caller's id")
		return s
	}
	look(transport.Pending)
	require.NoError(t, c.Cancel(t.Context(), "31"))
	answers["GET /queue/31"] = `{"id":31,"cancelled":true,"executable":{"number":12}}`
	look(transport.Running)
	look(transport.Running)
	require.NoError(t, c.Cancel(t.Context(), "31"))
	answers["GET /job/12"] = `{"number":12,"building":false,"result":"SUCCESS"}`
	s := look(transport.Completed)
	body, err := c.Fetch(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	assert.Equal(t, []string{"GET /queue/31", "POST /queue/31/stop", "GET /queue/31", "GET /job/12", "POST /job/12/stop", "GET /job/12", "GET /job/12/log"}, asked)
	answers["GET /job/12"] = `{"number":13,"building":false,"result":"SUCCESS"}`
	_, err = c.Status(t.Context(), "31")
	assert.ErrorContains(t, err, "about another job")
}

func TestEachAnswerMayNameTheNextURL(t *testing.T) {
	t.Parallel()
	var asked []string
	var base string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI)
		base = "http://" + r.Host
		switch r.RequestURI {
		case "/q/1?a=1":
			say(200, `{"nextUri":"`+base+`/q/2","stats":{"state":"FINISHED"}}`)(w, r)
		case "/q/2":
			say(200, `{"nextUri":"/q/3","stats":{"state":"RUNNING"}}`)(w, r)
		default:
			say(200, `{"nextUri":"https://other.test/q/4","stats":{"state":"RUNNING"}}`)(w, r)
		}
	}, rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "{+id}"}, Cancel: rest.Call{Path: "{+id}"}, ID: "nextUri", Next: "nextUri", State: "nextUri, stats.state",
		States: map[string]transport.State{"+, *": transport.Running, "-, FINISHED": transport.Completed}}))
	for range 2 {
		s, err := c.Status(t.Context(), "/q/1?a=1")
		require.NoError(t, err)
		assert.Equal(t, transport.Running, s.State)
		assert.Equal(t, "/q/1?a=1", s.ID)
	}
	_, err := c.Status(t.Context(), "/q/1?a=1")
	assert.Equal(t, transport.Misdirected, classOf(t, err))
	require.NoError(t, c.Cancel(t.Context(), "/q/1?a=1"))
	assert.Equal(t, []string{"GET /q/1?a=1", "GET /q/2", "GET /q/3", "DELETE /q/3"}, asked)
}

// fault 20, fault 60
// fault 2: what is no whole result is an error, and its connection serves again.
func TestAResultThatIsNotThereYetIsTransient(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusAccepted, http.StatusPartialContent} {
		c := serve(t, say(code, "half"), rest.WithDialect(rest.Dialect{Fetch: rest.Call{Path: "/result/{id}"}}))
		for range 3 {
			body, err := c.Fetch(t.Context(), transport.Status{ID: "7", State: transport.Completed})
			require.Nil(t, body)
			assert.Equal(t, transport.Transient, classOf(t, err))
			assert.ErrorContains(t, err, fmt.Sprint(code))
		}
	}
}

// fault 17: a revision is the service's, so one that no header can carry ends no wait. It is not
// sent.
func TestARevisionThatNoHeaderCanCarryIsNotSent(t *testing.T) {
	t.Parallel()
	var since []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		since = append(since, r.Header.Get("X-Since"))
		_, _ = io.WriteString(w, status("running"))
	}, rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/jobs/{id}", Header: map[string]string{"X-Since": "{rev}"}}, Revision: "rev"}))
	for _, rev := range []string{"a", "a\nb", "\x00", "", "b"} {
		_, err := c.StatusSince(t.Context(), "7", transport.Status{ID: "7", State: transport.Running, Revision: rev})
		require.NoError(t, err, "%q", rev)
	}
	assert.Equal(t, []string{"a", "", "", "", "b"}, since)
}

// fault 30: no request is sent for an id that no job can have, or for a segment that would lead
// elsewhere.
func TestAFetchOfABadSegmentIsNotSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, id, result string
		invalid          bool // the error matches ErrInvalidID
	}{
		{"/jobs/{id}", "", "", true},
		{"/jobs/{id}", ".", "", true},
		{"/jobs/{id}/log", "..", "", true},
		{"/jobs/{id}", "a\nb", "", true},
		{"/jobs/{id}", strings.Repeat("x", transport.MaxIDBytes+1), "", true},
		{"/log?id={id}", "", "", true},
		{"/jobs/{+id}", "a/../b", "", false},
		{"/files/{result}", "7", `"."`, false},
		{"/files/{result}/content", "7", `".."`, false},
		{"/files/{+result}", "7", `"a/../b"`, false},
	} {
		var asked atomic.Int64
		client := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) }, rest.WithDialect(rest.Dialect{Fetch: rest.Call{Path: c.path}}))
		body, err := client.Fetch(t.Context(), transport.Status{ID: c.id, State: transport.Completed, Result: []byte(c.result)})
		assert.Nil(t, body)
		assert.Equal(t, transport.Permanent, classOf(t, err), "%s %q", c.path, c.id)
		assert.Equal(t, c.invalid, errors.Is(err, transport.ErrInvalidID), "%s %q: %v", c.path, c.id, err)
		assert.Zero(t, asked.Load(), "%s %q", c.path, c.id)
	}
}

func TestAResultIsFetchedAsAStream(t *testing.T) {
	t.Parallel()
	var asked []string
	whole := strings.Repeat("line\n", 2000)
	answer := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, whole) }
	serveIt := func(most int64, d rest.Dialect) *rest.Client {
		asked = nil
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.RequestURI)
			answer(w, r)
		}, rest.WithMaxBody(100), rest.WithMaxResult(most), rest.WithDialect(d))
	}
	d := rest.Dialect{Fetch: rest.Call{Path: "/files/{result}/content"}}
	done := transport.Status{ID: "7", State: transport.Completed, Result: []byte(`"f 1"`)}
	read := func(c *rest.Client) (string, error) {
		t.Helper()
		body, err := c.Fetch(t.Context(), done)
		require.NoError(t, err)
		defer body.Close()
		text, err := io.ReadAll(body)
		return string(text), err
	}
	for _, zipped := range []bool{false, true} {
		if zipped {
			answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				_, _ = io.WriteString(z, whole)
				_ = z.Close()
			}
		}
		text, err := read(serveIt(0, d))
		require.NoError(t, err)
		assert.Equal(t, whole, text)
		assert.Equal(t, []string{"/files/f%201/content"}, asked)
		text, err = read(serveIt(int64(len(whole)), d))
		require.NoError(t, err)
		assert.Equal(t, whole, text)
		text, err = read(serveIt(int64(len(whole)-1), d))
		assert.ErrorContains(t, err, "WithMaxResult")
		assert.Equal(t, whole[:len(whole)-1], text)
	}
	_, err := serveIt(0, rest.Dialect{}).Fetch(t.Context(), done)
	require.ErrorContains(t, err, "unsupported")
	for _, result := range []string{``, `null`, `{"a":1}`, `["f"]`} {
		done.Result = []byte(result)
		c := serveIt(0, d)
		if result == "null" {
			continue // the text
		}
		_, err = c.Fetch(t.Context(), done)
		assert.Error(t, err, result)
		assert.Empty(t, asked)
	}
	done.Result = []byte(`"x"`)
	answer = say(404, `{"message":"gone"}`)
	_, err = serveIt(0, d).Fetch(t.Context(), done)
	assert.ErrorIs(t, err, transport.ErrNotFound)
}

// fault 42, fault 44: a foreign origin must be allowed, and gets no credential.
func TestAnOriginThatIsAllowedSeesNoCredential(t *testing.T) {
	t.Parallel()
	const canary = "CANARY-credential"
	var seen []http.Header
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header)
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, status("running"))
	}))
	t.Cleanup(files.Close)
	h := func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer "+canary, r.Header.Get("Authorization"))
		http.Redirect(w, r, files.URL+"/moved", http.StatusFound)
	}
	opts := []rest.Option{
		rest.WithHeader("X-Key", canary), rest.WithToken(func(context.Context) (string, error) { return canary, nil }),
		rest.WithDialect(rest.Dialect{Header: map[string]string{"X-Own": canary}, Status: rest.Call{Path: "{+id}"}, Fetch: rest.Call{Path: "{+result}"}}),
	}
	done := transport.Status{ID: "/7", State: transport.Completed, Result: []byte(`"` + files.URL + `/o"`)}
	c := serve(t, h, opts...)
	_, err := c.Fetch(t.Context(), done)
	assert.ErrorContains(t, err, "another origin (rest.AllowOrigin allows it)")
	_, err = c.Status(t.Context(), files.URL+"/7")
	assert.ErrorContains(t, err, "another origin")
	_, err = c.Status(t.Context(), "/7")
	assert.Equal(t, transport.Misdirected, classOf(t, err))
	assert.Empty(t, seen)

	c = serve(t, h, append(opts, rest.AllowOrigin(files.URL))...)
	body, err := c.Fetch(t.Context(), done)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	for _, id := range []string{files.URL + "/7", "/7"} {
		s, err := c.Status(t.Context(), id)
		require.NoError(t, err, id)
		assert.Equal(t, transport.Running, s.State)
	}
	assert.Len(t, seen, 4)
	for _, header := range seen {
		assert.NotContains(t, fmt.Sprint(header), canary)
		assert.Empty(t, header.Get("Referer"))
	}
	_, err = rest.New("https://h", rest.AllowOrigin("http://other"))
	assert.ErrorContains(t, err, `AllowOrigin: "http://other": it is not https`)
	_, err = rest.New("https://h", rest.AllowOrigin("other"))
	assert.ErrorContains(t, err, `AllowOrigin: `)
}

// A list has all jobs. The client asks for page after page until it has found the jobs that it
// needs.
func TestABatchMayBeAListOfAllJobs(t *testing.T) {
	t.Parallel()
	var asked []string
	pages := map[string]string{
		"/runs?per_page=2":        `{"runs":[{"id":1,"status":"queued"},{"id":2,"status":"running"}]}`,
		"/runs?per_page=2&page=2": `{"runs":[{"id":3,"status":"success"}]}`,
		"/k?n=2":                  `{"runs":[{"id":1,"status":"queued"}],"meta":{"continue":"a&b"}}`,
		"/k?n=2&c=a%26b":          `{"runs":[{"id":3,"status":"failed"}],"meta":{"continue":""}}`,
	}
	h := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.RequestURI)
		if strings.HasPrefix(r.RequestURI, "/runs?per_page=2") && !strings.Contains(r.RequestURI, "page=2&") {
			if !strings.HasSuffix(r.RequestURI, "page=2&page=2") && r.URL.Query().Get("page") == "" {
				w.Header().Set("Link", `</runs?per_page=2&page=2>; rel="next"`)
			}
		}
		say(200, pages[r.RequestURI])(w, r)
	}
	for _, c := range []struct {
		batch rest.Batch
		ids   []string
		want  string
		asked int
	}{
		{rest.Batch{Path: "/runs?per_page=2", List: "runs", Next: "@link.next"}, []string{"1", "3", "9"}, "1=pending 3=completed", 2},
		{rest.Batch{Path: "/runs?per_page=2", List: "runs", Next: "@link.next"}, []string{"1", "2"}, "1=pending 2=running", 1},
		{rest.Batch{Path: "/runs?per_page=2", List: "runs"}, []string{"1", "3"}, "1=pending", 1},
		{rest.Batch{Path: "/k?n=2&c={page}", List: "runs", Next: "meta.continue"}, []string{"3", "1"}, "1=pending 3=failed", 2},
	} {
		asked = nil
		client := serve(t, h, rest.WithDialect(rest.Dialect{State: "status", Batch: c.batch}))
		got, err := client.StatusBatch(t.Context(), c.ids)
		require.NoError(t, err)
		assert.Equal(t, c.want, told(t, got))
		assert.Len(t, asked, c.asked, asked)
		assert.Equal(t, len(c.ids), client.Fit(c.ids))
	}
}

func TestAListThatNamesItselfAsItsNextPageEnds(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(n int64) string{
		"the same": func(int64) string { return "/p?x=1" }, "ever another": func(n int64) string { return fmt.Sprint("/p?x=", n) }, "foreign": func(int64) string { return "https://other.test/p" },
	} {
		var asked atomic.Int64
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			say(200, fmt.Sprintf(`{"next":%q,"jobs":[{"id":1,"status":"queued"}]}`, next(asked.Add(1))))(w, r)
		}, rest.WithDialect(rest.Dialect{State: "status", Batch: rest.Batch{Path: "/p", List: "jobs", Next: "next"}}))
		got, err := c.StatusBatch(t.Context(), []string{"1", "2"})
		require.NoError(t, err, name)
		assert.Equal(t, "1=pending", told(t, got), name)
		assert.LessOrEqual(t, asked.Load(), int64(20), name)
	}
}

// A relative URL in an answer is relative to the URL that answered (RFC 3986, section 5.1.3).
func TestAURLIsRelativeToThatOfTheRedirect(t *testing.T) {
	t.Parallel()
	var asked []string
	server := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.RequestURI)
		switch r.RequestURI {
		case "/p", "/q/1":
			http.Redirect(w, r, "/v2"+r.URL.Path, http.StatusFound)
		case "/v2/p":
			say(200, `{"next":"p?x=2","jobs":[{"id":1,"s":"queued"}]}`)(w, r)
		case "/v2/p?x=2":
			say(200, `{"next":"?x=3","jobs":[{"id":2,"s":"queued"}]}`)(w, r)
		case "/v2/p?x=3":
			say(200, `{"jobs":[{"id":3,"s":"queued"}]}`)(w, r)
		case "/v2/q/1":
			say(200, `{"next":"2","s":"queued"}`)(w, r)
		default:
			say(200, `{"s":"done"}`)(w, r)
		}
	}
	c := serve(t, server, rest.WithDialect(rest.Dialect{State: "s", Batch: rest.Batch{Path: "/p", List: "jobs", Next: "next"}}))
	got, err := c.StatusBatch(t.Context(), []string{"1", "2", "3"})
	require.NoError(t, err)
	assert.Equal(t, "1=pending 2=pending 3=pending", told(t, got))
	c = serve(t, server, rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "{+id}"}, Cancel: rest.Call{Path: "{+id}"}, ID: "next", Next: "next", State: "s"}))
	for range 2 {
		_, err = c.Status(t.Context(), "/q/1")
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"/p", "/v2/p", "/v2/p?x=2", "/v2/p?x=3", "/q/1", "/v2/q/1", "/v2/q/2"}, asked)
}

// fault 32
func TestNewNamesWhatIsWrongWithADialect(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]rest.Dialect{
		"field State: place \"a..b\": a key is empty\n\ta..b\n\t  ^":                  {State: "a..b"},
		`field Fault is set, but Faults has no rules`:                                 {Fault: "@code"},
		`field Faults is set, but Fault names no place`:                               {Faults: map[string]transport.Class{"a": 1}},
		`field Faults: "a": no such class: 99`:                                        {Fault: "@code", Faults: map[string]transport.Class{"a": 99}},
		`field States: "a" has 1 pattern, for 2 places`:                               {State: "a, b", States: map[string]transport.State{"a": 1}},
		`fit the same answers, and neither is more specific: say what "a, b" means`:   {State: "a, b", States: map[string]transport.State{"a, *": 1, "*, b": 2}},
		`field RetryAfter: "poll seconds": the unit "seconds" is none of ms, s and m`: {RetryAfter: "poll seconds"},
		`field Progress: "done/total": a quotient has spaces around its slash`:        {Progress: "done/total"},
		`field IdempotencyField: "@header.X": the key is put at a path of keys`:       {IdempotencyField: "@header.X"},
		`field IdempotencyField: "a[0].b": the key is put at a path of keys`:          {IdempotencyField: "a[0].b"},
		`field IdempotencyField: place "[": the bracket is not closed`:                {IdempotencyField: "["},
		`field IdempotencyField: place "$.x": no $ stands before`:                     {IdempotencyField: "$.x"},
		`field Progress: "a / ": a quotient has one place on each side of its slash`:  {Progress: "a / "},
		`field Progress: " / a": a quotient has one place on each side of its slash`:  {Progress: " / a"},
		`field Progress: "a / b / c": a quotient has one place on each side of its`:   {Progress: "a / b / c"},
		`field IDPattern: "x" must contain {id} once`:                                 {IDPattern: "x"},
		`field NextDialect has no effect without Next`:                                {NextDialect: &rest.Dialect{}},
		`NextDialect: Status: path "/x" must contain {id} once`:                       {Next: "a", NextDialect: &rest.Dialect{Status: rest.Call{Path: "/x"}}},
		`Find: path "x" does not begin with a slash`:                                  {Find: rest.Find{Call: rest.Call{Path: "x"}}},
		`Find: field List: place "a.": a key is empty`:                                {Find: rest.Find{Call: rest.Call{Path: "/x"}, List: "a."}},
		`Status: field Header: "a b": not a header`:                                   {Status: rest.Call{Header: map[string]string{"a b": "x"}}},
		`field Header: "X-A": its value holds a control character`:                    {Header: map[string]string{"X-A": "x\n"}},
		`field Header: "Host": not a header that can be set`:                          {Header: map[string]string{"Host": "x"}, Batch: rest.Batch{Path: "/x"}},
		`Status: field Body: json: unsupported type`:                                  {Status: rest.Call{Body: func() {}}},
		`Fetch: path "" does not begin with a slash`:                                  {Fetch: rest.Call{Method: "GET"}},
	} {
		_, err := rest.New("http://h", rest.WithDialect(d))
		if assert.ErrorContains(t, err, want) {
			assert.Equal(t, 1, strings.Count(err.Error(), want), "it is said once: %v", err)
		}
	}
	_, err := rest.New("http://h", rest.WithDialect(rest.Dialect{IdempotencyField: "meta[key]",
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}))
	assert.NoError(t, err, "the name of a field of a form")
}

// A call waits on the Host's clock, which can be the clock of a test.
func TestCallsUseTheHostOfTheirContext(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	h := transport.HostOf(wait.NewContext(t.Context(), wait.Carried{Clock: clk}))
	assert.Equal(t, clk.Now(), h.Now().UTC())
	var waits []string
	var asked atomic.Int64
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		say(200, status("running"))(w, r)
	})
	_, err := c.Status(hosted(t.Context(), &waits), "7")
	require.NoError(t, err)
	assert.Len(t, waits, 2)
}

func TestExplainTellsPlaceByPlace(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "status, conclusion", States: map[string]transport.State{"completed, *": transport.Failed, "completed, success": transport.Completed},
		Fault: "@code, code", Faults: map[string]transport.Class{"200, LIMIT": transport.Throttled}, Next: "next"}
	e, err := d.Explain("7", rest.Answer{Code: 200, Body: []byte(`{"status":"completed","conclusion":"failure","next":8}`)})
	require.NoError(t, err)
	require.NoError(t, e.Err)
	assert.Equal(t, transport.Running, e.Status.State)
	assert.Equal(t, `States "completed, *"`, e.Rule)
	assert.Equal(t, "8", e.Next)
	assert.Contains(t, e.Places, rest.Reading{Field: "State", Place: "conclusion", Value: `"failure"`})
	assert.Contains(t, e.String(), `rule: States "completed, *"`)
	e, err = d.Explain("7", rest.Answer{Code: 200, Body: []byte(`{"code":"LIMIT"}`)})
	require.NoError(t, err)
	assert.ErrorIs(t, e.Err, transport.ErrThrottled)
	assert.Equal(t, `Faults "200, LIMIT"`, e.Rule)
	assert.Contains(t, e.String(), "class: throttled\n")
	_, err = d.Explain("", rest.Answer{})
	assert.ErrorIs(t, err, transport.ErrInvalidID)
	_, err = rest.Dialect{State: "a."}.Explain("7", rest.Answer{})
	assert.ErrorContains(t, err, "a key is empty")
}

func TestExplainTellsWhatDecides(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "status", Error: "why", States: map[string]transport.State{"done": transport.Completed, "bad": transport.Failed}, AnswerID: "id"}
	for _, c := range []struct {
		answer rest.Answer
		rule   string
		says   string
	}{
		{rest.Answer{Code: 200, Body: []byte(`{"status":"done"}`)}, `States "done"`, "status: 7: completed (done)\nrule: States \"done\"\n"},
		{rest.Answer{Code: 200, Body: []byte(`{"status":"done","why":"disk full"}`)}, "Error", "rule: Error (a job with a value there has failed; a text that is no error belongs to Message)\n"},
		{rest.Answer{Code: 200, Body: []byte(`{"status":"done","Why":"disk full"}`)}, "Error", "rule: Error (a job with a value there has failed; a text that is no error belongs to Message)\n"},
		{rest.Answer{Code: 500, Body: []byte(`{"status":"bad"}`)}, "", "class: transient\nerror: rest: GET"},
		{rest.Answer{Code: 404}, "", "class: not found\n"},
		{rest.Answer{Code: 429, Header: http.Header{"retry-after": {"90"}}}, "", "retry after: 1m30s\n"},
		{rest.Answer{Code: 200, Header: http.Header{"Retry-After": {"0"}}, Body: []byte(`{"status":"odd"}`)}, "", "retry after: no wait\n"},
		{rest.Answer{Code: 200, Body: []byte(`{"status":"done","id":"ghp_0123456789abcdefghijklmnop"}`)}, "", `the answer is about another job, "[redacted]" at id`},
		{rest.Answer{Code: 200, Body: []byte(`{"status":"done","id":"8?token=x"}`)}, "", `the answer is about another job, "8?token=[redacted]" at id (Dialect.AnswerID)`},
	} {
		e, err := d.Explain("7", c.answer)
		require.NoError(t, err)
		assert.Equal(t, c.rule, e.Rule, "%s", c.answer.Body)
		assert.Contains(t, e.String(), c.says)
		assert.NotContains(t, e.String(), "payload.", "nobody named that place")
	}
	e, err := d.Explain("7", rest.Answer{Code: 200, Body: bytes.Repeat([]byte(" "), 2<<20)})
	require.NoError(t, err)
	assert.Empty(t, e.Places, "nothing was read")
	assert.Contains(t, e.String(), "body too large")
}

// fault 13
func TestAWaitInTheBodyOfAnErrorCounts(t *testing.T) {
	t.Parallel()
	c := serve(t, say(429, `{"error":{"seconds":90}}`), oneAttempt, rest.WithDialect(rest.Dialect{
		RetryAfter: "error.seconds s", Batch: rest.Batch{Path: "/?ids={ids}"}, Fetch: rest.Call{Path: "/{id}/result"}, ID: "id",
	}))
	_, status := c.Status(t.Context(), "7")
	_, create := c.Create(t.Context(), transport.CreateRequest{})
	_, batch := c.StatusBatch(t.Context(), []string{"a", "b"})
	_, fetch := c.Fetch(t.Context(), transport.Status{ID: "7", State: transport.Completed})
	for name, err := range map[string]error{"status": status, "create": create, "cancel": c.Cancel(t.Context(), "7"), "batch": batch, "fetch": fetch} {
		var e *transport.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, transport.Throttled, e.Class, name)
		assert.Equal(t, 90*time.Second, e.RetryAfter, name)
	}
	c = serve(t, say(200, `[{"id":"a","status":"x","wait":5},{"id":"b","status":"x"},{"id":"c","status":{},"wait":9}]`), oneAttempt, rest.WithDialect(rest.Dialect{
		State: "status", RetryAfter: "wait", Batch: rest.Batch{Path: "/?ids={ids}"},
	}))
	told, err := c.StatusBatch(t.Context(), []string{"a", "b", "c"})
	require.NoError(t, err)
	require.Len(t, told, 3)
	assert.Equal(t, 5*time.Second, told[0].Status.RetryAfter)
	assert.Zero(t, told[1].Status.RetryAfter)
	var e *transport.Error
	require.ErrorAs(t, told[2].Err, &e)
	assert.Equal(t, 9*time.Second, e.RetryAfter)
}

// fault 17, fault 30: whatever a template and an id contain, the request goes to the service's
// origin, and the id stays in its place.
func FuzzCalls(f *testing.F) {
	for _, id := range []string{"7", "a/b", "//x", "https://other.test", "?a#b", "..", "%2e%2e", `\`, "ä\x7f"} {
		for _, path := range []string{"/a/{id}", "/v1/{+id}", "{+id}", "/?x={id}&y={rev}", "/{id}:x?{id}"} {
			f.Add(path, id)
		}
	}
	f.Fuzz(func(t *testing.T, path, id string) {
		var got []*url.URL
		c, err := rest.New("https://service.test/base", rest.WithRetries(rest.NoRetries), rest.WithDialect(rest.Dialect{Status: rest.Call{Path: path}}),
			rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
				got = append(got, r.URL)
				return nil, io.ErrUnexpectedEOF
			})))
		if err != nil {
			return
		}
		_, err = c.Status(t.Context(), id)
		require.Error(t, err)
		for _, u := range got {
			assert.Equal(t, "https://service.test", u.Scheme+"://"+u.Host)
			for part := range strings.SplitSeq(u.EscapedPath(), "/") {
				if strings.Contains(path, "+id") {
					assert.NotContains(t, []string{".", ".."}, part)
				}
			}
			if path == "/a/{id}" {
				assert.Equal(t, 3, strings.Count(u.EscapedPath(), "/"))
				assert.Equal(t, "/base/a/"+id, u.Path)
				assert.Empty(t, u.RawQuery)
			}
		}
	})
}

// fault 17: no answer causes a panic. A Client and Explain read each answer alike. A completed job
// has a word for completed, and no error.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"status":"done","error":"x"}`, `{"status":"done"}`, `[]`, ``, `{"status":["done"],"conclusion":{}}`, `{"id":8,"status":"done"}`, `<html>`,
		`{"status":"Done ","error":{},"at":1700000000,"a":1,"b":4,"wait":7,"result":[1]}`, `{"status":"being","next":"8"}`, `{"next":"8"}`, `{"id":"7","status":"done"}`, "\ufeff" + `{"status":"done"}`} {
		f.Add(200, body, "0")
		f.Add(200, body, "1")
		f.Add(303, body, "/x")
	}
	d := rest.Dialect{ID: "id", AnswerID: "id", State: "@code, status, conclusion", Error: "error", Progress: "a / b", RetryAfter: "wait ms", Created: "at", Result: "result",
		States: map[string]transport.State{"200, done, *": transport.Completed, "200, *ing, -": transport.Running, "404, *, *": transport.Pending},
		Fault:  "@header.X, code", Faults: map[string]transport.Class{"0, *": transport.Throttled}}
	var answer rest.Answer
	c := client(f, "http://jobs.test", oneAttempt, rest.WithDialect(d), rest.WithRoundTripper(tripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: answer.Code, Header: answer.Header.Clone(), Body: io.NopCloser(bytes.NewReader(answer.Body))}, nil
	})))
	moving := d
	moving.Next = "next"
	f.Fuzz(func(t *testing.T, code int, body, header string) {
		if code < 100 || code > 999 {
			return
		}
		answer = rest.Answer{Code: code, Header: http.Header{"X": {header}, "Location": {header}, "Content-Type": {header}}, Body: []byte(body)}
		s, err := c.Status(t.Context(), "7")
		if err != nil && len(body)%16 > 0 { // Explain for each answer would take most of the time
			assert.Zero(t, s)
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		e, wrong := d.Explain("7", answer)
		require.NoError(t, wrong)
		_ = e.String()
		if code/100 != 3 { // only a Client follows it
			assert.Equal(t, err == nil, e.Err == nil, "%v, %v", err, e.Err)
			assert.Equal(t, s, e.Status)
		}
		if strings.Contains(body, "next") {
			e, wrong = moving.Explain("7", answer)
			require.NoError(t, wrong)
			assert.False(t, e.Next != "" && e.Next != header && e.Status.State.Terminal(), "the job goes on")
		}
		if s.State != transport.Completed || code == 303 {
			return
		}
		assert.Equal(t, 200, code)
		assert.NotEqual(t, "0", header, "it is a fault")
		var said map[string]any
		require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(body, "\ufeff")), &said))
		assert.Equal(t, "done", strings.ToLower(strings.TrimSpace(fmt.Sprint(said["status"]))))
		text, err := json.Marshal(said["error"])
		require.NoError(t, err)
		assert.Contains(t, []string{"null", "false", `""`, "{}", "[]", "0", "-0"}, string(text))
	})
}

// fault 11: a limit that is used up counts as throttling, even if no header names a wait.
func TestARefusalWhoseQuotaIsUsedUpIsThrottling(t *testing.T) {
	t.Parallel()
	for remaining, want := range map[string]transport.Class{"0": transport.Throttled, "1": transport.Permanent} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-RateLimit-Remaining", remaining)
			say(403, `{"message":"API rate limit exceeded"}`)(w, r)
		})
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, want, classOf(t, err))
	}
}

// docs/transports.md says so.
func TestALocationNamesAnIDOfTwoValues(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Create: rest.Call{Path: "/builds"}, Status: rest.Call{Path: "/projects/{+id}"}, ID: "@header.Location", IDPattern: "*/projects/{id}", State: "state"}
	var asked string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked = r.RequestURI; r.Method == http.MethodPost {
			w.Header().Set("Location", "/api/projects/apollo%201/builds/7")
			w.WriteHeader(http.StatusCreated)
			return
		}
		_, _ = io.WriteString(w, `{"project":"apollo 1","number":7,"state":"failed"}`)
	}, rest.WithDialect(d))
	id, err := c.Create(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "apollo 1/builds/7", id)
	s, err := c.Status(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, failed, s.State)
	assert.Equal(t, "/projects/apollo%201/builds/7", asked)
}

// An id that is cut from a URL is escaped there, and later calls escape it themselves.
func TestAnIDThatIsCutFromAURLIsUnescaped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pattern, at, id, want string }{
		{"*/jobs/{id}", "https://service.example/jobs/a%20b%2Fc+d", "a b/c+d", "/jobs/a%20b%2Fc+d"},
		{"*/jobs/{id}", "/jobs/50%25", "50%", "/jobs/50%25"},
		{"*/jobs/{id}", "/jobs/50%", "50%", "/jobs/50%25"},
		{"*id={id}&*", "/status?id=a+b%26c&x=1", "a b&c", "/jobs/a%20b&c"},
		{"job:{id}", "job:a%20b", "a%20b", "/jobs/a%2520b"},
		{"*/jobs/{id}", "name/jobs/a%20b", "a%20b", "/jobs/a%2520b"}, // a name, not a URL
		{"*<id>{id}<*", "<?xml?><x xmlns='http://x'><id>a+b%20c</id></x>", "a+b%20c", "/jobs/a+b%2520c"},
	} {
		d := rest.Dialect{Status: rest.Call{Path: "/jobs/{id}"}, ID: "at", IDPattern: c.pattern, State: "state"}
		asked := ""
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked = r.RequestURI
			_, _ = fmt.Fprintf(w, `{"at":%q,"state":"failed"}`, c.at)
		}, rest.WithDialect(d))
		id, err := client.Create(t.Context(), transport.CreateRequest{})
		require.NoError(t, err)
		assert.Equal(t, c.id, id)
		_, err = client.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, c.want, asked)
	}
}
