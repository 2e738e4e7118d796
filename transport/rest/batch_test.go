package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// batched returns the option of a dialect that has a Batch. Its status is at state.
func batched(b rest.Batch) rest.Option {
	return rest.WithDialect(rest.Dialect{State: "state", Message: "text", Result: "out", Progress: "done", Error: "-", Batch: b})
}

func TestFaultsSayWhatARefusedBatchMeans(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "state", Batch: joined, Fault: "@code, error", Faults: map[string]transport.Class{
		"400, slow": transport.Throttled, "200, slow": transport.Throttled, "400, gone": transport.NotFound, "200, -": transport.NotFound}}
	for _, c := range []struct {
		code  int
		body  string
		class transport.Class
	}{
		{400, `{"error":"slow"}`, transport.Throttled}, {200, `{"error":"slow"}`, transport.Throttled}, {400, `{"error":"gone"}`, transport.Permanent},
		{400, `{"error":"bad"}`, transport.Permanent}, {200, `{"jobs":1}`, transport.Permanent}, {200, `{"error":"new"}`, transport.Malformed},
	} {
		_, err := serve(t, say(c.code, c.body), oneAttempt, rest.WithDialect(d)).StatusBatch(t.Context(), []string{"7", "8"})
		assert.Equal(t, c.class, classOf(t, err), "%d %s", c.code, c.body)
	}
	answers, err := serve(t, say(200, `[{"id":"7","state":"running"}]`), rest.WithDialect(d)).StatusBatch(t.Context(), []string{"7", "8"})
	require.NoError(t, err, "what means a fault in an answer about one job does not in an answer with items")
	assert.Equal(t, "7=running", told(t, answers))
}

var joined = rest.Batch{Path: "/jobs?ids={ids}"}

// told writes answers as text: id=state, or id!class.
func told(t testing.TB, answers []transport.Answer) string {
	var all []string
	for _, a := range answers {
		if a.Err != nil {
			assert.Equal(t, transport.Status{ID: a.Status.ID}, a.Status)
			all = append(all, fmt.Sprintf("%s!%d", a.Status.ID, classOf(t, a.Err)))
			continue
		}
		all = append(all, a.Status.ID+"="+a.Status.State.String())
	}
	return strings.Join(all, " ")
}

func TestABatchNamesItsJobsAsTheDialectSays(t *testing.T) {
	t.Parallel()
	ids := []string{"a b", "ü/+", "c&d#?="}
	for _, c := range []struct {
		batch rest.Batch
		want  string
	}{
		{rest.Batch{Path: "/jobs?ids={ids}"}, "GET /v1/jobs?ids=a+b,%C3%BC%2F%2B,c%26d%23%3F%3D"},
		{rest.Batch{Path: "/jobs?full=1&q=id+in+({ids})&x=2", Separator: "; "}, "GET /v1/jobs?full=1&q=id+in+(a+b%3B+%C3%BC%2F%2B%3B+c%26d%23%3F%3D)&x=2"},
		{rest.Batch{Path: "/jobs?id={id}"}, "GET /v1/jobs?id=a+b&id=%C3%BC%2F%2B&id=c%26d%23%3F%3D"},
		{rest.Batch{Path: "/jobs?full=1&id[]=j:{id}x&n=2", Method: "REPORT"}, "REPORT /v1/jobs?full=1&id[]=j:a+bx&id[]=j:%C3%BC%2F%2Bx&id[]=j:c%26d%23%3F%3Dx&n=2"},
		{rest.Batch{Path: "/jobs/{ids}"}, "GET /v1/jobs/a%20b,%C3%BC%2F+,c&d%23%3F="},
		{rest.Batch{Path: "/a%2Cb/j:{ids};x/status?full=1", Separator: "; "}, "GET /v1/a%2Cb/j:a%20b%3B%20%C3%BC%2F+%3B%20c&d%23%3F=;x/status?full=1"},
		{rest.Batch{Path: "/jobs/batch", Body: "{ids}"}, `POST /v1/jobs/batch application/json ["a b","ü/+","c\u0026d#?="]`},
		{rest.Batch{Path: "/jobs?full=1", Method: "GET", Body: map[string]any{"a": 1, "in": map[string]any{"ids": "{ids}"}, "z": "{id}"}},
			`GET /v1/jobs?full=1 application/json {"a":1,"in":{"ids":["a b","ü/+","c\u0026d#?="]},"z":"{id}"}`},
		{rest.Batch{Path: "/", Header: map[string]string{"content-type": "application/x-amz-json-1.1"}, Body: map[string]any{"Ids": "{ids}"}},
			`POST /v1/ application/x-amz-json-1.1 {"Ids":["a b","ü/+","c\u0026d#?="]}`},
		{rest.Batch{Path: "/", List: ".", Header: map[string]string{"Content-Type": "application/graphql+json"}, Body: map[string]any{"all": true}},
			`POST /v1/ application/graphql+json {"all":true}`},
	} {
		var got string
		c2 := serve(t, func(w http.ResponseWriter, r *http.Request) {
			sent, _ := io.ReadAll(r.Body)
			got = strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.RequestURI, r.Header.Get("Content-Type"), sent))
			_, _ = io.WriteString(w, `[{"id":"ü/+","state":"pending"}]`)
		}, batched(c.batch))
		base := client(t, strings.TrimPrefix(c2.String(), "rest: ")+"/v1", batched(c.batch))
		answers, err := base.StatusBatch(t.Context(), ids)
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
		assert.Equal(t, "ü/+=pending", told(t, answers))
	}
}

func TestABatchIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		batch rest.Batch
		body  string
		want  string
	}{
		{joined, `[{"id":"b","state":"completed"},{"state":"running","id":"a"}]`, "a=running b=completed"},
		{joined, ` [ ] `, ""},
		{joined, `[{"id":7,"state":"pending"},{"id":"other","state":"completed"},{"id":"","state":"error"}]`, "7=pending"},
		{joined, `[null,1,"a",[{"id":"a","state":"pending"}],{"state":"pending"},{"id":null,"state":"error"},{"id":{},"state":"error"}]`, ""},
		{rest.Batch{Path: "/?id={id}", List: "page.jobs", ID: "meta.name"},
			`{"page":{"jobs":[{"meta":{"name":"a"},"state":"pending"}],"next":7}}`, "a=pending"},
		{rest.Batch{Path: "/?id={id}", List: "jobs", ID: "-"},
			`{"jobs":{"a":{"state":"pending"},"\u0062":{"state":"error"},"7":null,"x":1}}`, "a=pending b=failed"},
		{rest.Batch{Path: "/?id={id}", ID: "-"}, `{}`, ""},
		{rest.Batch{Path: "/?id={id}", List: "page.jobs"}, `{"page":{"jobs":null}}`, ""},
		{rest.Batch{Path: "/?id={id}", List: "page.jobs"}, `{"page":null}`, ""},
		{rest.Batch{Path: "/?id={id}", List: "page.jobs", ID: "-"}, `{"page":null}`, ""},
		// The answer is wrong only for one job.
		{joined, `[{"id":"a"},{"id":"b","state":null},{"id":7,"state":"pending"}]`, "a!2 b!2 7=pending"},
		{joined, `[{"id":"a","state":"pending","state":"error"},{"id":"b","State":"pending"},{"id":7,"state":[]}]`, "a!2 b!2 7!2"},
		{joined, `[{"id":"a","state":"pending"},{"id":"b","state":"running"},{"id":"a","state":"running"}]`, "a!2 b=running"},
		{joined, `[{"id":"a","state":"pending"},{"id":"a"},{"id":"a","state":"pending"}]`, "a!2"},
		{joined, `[{"id":"a","id":"b","state":"pending"},{"ID":"b","state":"pending"},{"id":7,"Id":"a","state":"pending"}]`, ""},
		{rest.Batch{Path: "/?id={id}", ID: "-"}, `{"a":{"state":"pending"},"\u0061":{"state":"error"},"A":{},"b":{"state":"error"}}`, "a!2 b=failed"},
		{rest.Batch{Path: "/?id={id}", NotFound: "error.missing"},
			`[{"id":"a","error":{"missing":true}},{"id":"b","error":{"missing":false},"state":"pending"},{"id":7,"error":{"missing":null},"state":"error"}]`,
			"a!3 b=pending 7=failed"},
		{rest.Batch{Path: "/?id={id}", NotFound: "why"}, `[{"id":"a","why":"no such job"},{"id":"b","why":false,"why":1,"state":"error"}]`, "a!3 b!2"},
	} {
		got, err := serve(t, say(207, c.body), batched(c.batch)).StatusBatch(t.Context(), []string{"a", "b", "7"})
		require.NoError(t, err, c.body)
		assert.Equal(t, c.want, told(t, got), c.body)
	}
}

// fault 17, fault 21, fault 23
func TestABatchThatCannotBeReadIsAnErrorAsAWhole(t *testing.T) {
	t.Parallel()
	keyed := rest.Batch{Path: "/?id={id}", List: "jobs", ID: "-"}
	list := rest.Batch{Path: "/?id={id}", List: "jobs"}
	for _, c := range []struct {
		batch      rest.Batch
		body, text string
		class      transport.Class
	}{
		{joined, ``, "unexpected end of JSON input", transport.Malformed},
		{joined, `[{"id":"a","state":"pending"},`, "unexpected end of JSON input", transport.Malformed},
		{joined, `[{"id":"a","state":"pending"}]x`, "after top-level value", transport.Malformed},
		{joined, `null`, "no array at .", transport.Malformed},
		{joined, `{"a":{"state":"pending"}}`, "no array at .", transport.Malformed},
		{joined, `<html>`, "a page in place of an answer", transport.Transient},
		{joined, strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested more than 64 deep", transport.Malformed},
		{list, `{}`, "no array at jobs", transport.Malformed},
		{list, `null`, "no array at jobs", transport.Malformed},
		{rest.Batch{Path: "/?id={id}", List: "page.jobs"}, `{"page":{}}`, "no array at page.jobs", transport.Malformed},
		{rest.Batch{Path: "/?id={id}", List: "page.jobs"}, `{"jobs":null,"page":[null]}`, "no array at page.jobs", transport.Malformed},
		{rest.Batch{Path: "/?id={id}", List: "pages[0]"}, `{"pages":[null]}`, "no array at pages[0]", transport.Malformed},
		{list, `{"jobs":[],"jobs":[]}`, `key "jobs" stands twice`, transport.Malformed},
		{list, `{"jobs":[],"Jobs":[]}`, `key "jobs" stands in another case`, transport.Malformed},
		{list, `{"jobs":{"a":{"state":"pending"}}}`, "no array at jobs", transport.Malformed},
		{keyed, `{"jobs":[{"id":"a","state":"pending"}]}`, "no object at jobs", transport.Malformed},
		{keyed, `{"jobs":"a"}`, "no object at jobs", transport.Malformed},
	} {
		got, err := serve(t, say(200, c.body), batched(c.batch)).StatusBatch(t.Context(), []string{"a", "b"})
		assert.ErrorContains(t, err, c.text)
		assert.Equal(t, c.class, classOf(t, err), c.text)
		assert.Empty(t, got)
	}
}

func TestAnItemSaysWhatAnAnswerToAStatusCallSays(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "job.status.word", Progress: "job.status.percent", ProgressScale: 100, Message: "job.text", Error: "job.why", Result: "job.out",
		Revision: "job.rev", Created: "job.at", Updated: "meta.at", Finished: "jobs.at",
		States: map[string]transport.State{"true": transport.Running, "BROKEN": transport.Failed},
		Batch:  rest.Batch{Path: "/jobs?id={id}", List: "jobs", ID: "name", Item: "job"}}
	var body string
	h := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("ETag", `"whole"`)
		_, _ = io.WriteString(w, body)
	}
	c := serve(t, h, rest.WithDialect(d))
	for item, want := range map[string]transport.Status{
		`{"name":"a","status":{"word":true,"percent":25},"text":"t","why":"w","out":[1, 2],"rev":3,"at":1772625600,"meta":{"at":1}}`: {State: transport.Running,
			Raw: "true", Progress: 0.25, Message: "t", Result: json.RawMessage(`[1, 2]`), Revision: "3", Created: time.Unix(1772625600, 0).UTC()},
		`{"name":"a","status":{"word":"BROKEN"},"text":"t","why":"w"}`: {State: transport.Failed, Raw: "BROKEN", Message: "w"},
		`{"name":"a","status":{"word":"new"}}`:                         {Raw: "new"},
	} {
		body = `{"jobs":[` + item + `]}`
		got, err := c.StatusBatch(t.Context(), []string{"a", "b"})
		require.NoError(t, err)
		want.ID, want.RetryAfter = "a", 7*time.Second
		assert.Equal(t, []transport.Answer{{Status: want}}, got, item)
	}
	d.Revision, d.Result, d.Strict = "", ".", true
	c = serve(t, h, rest.WithDialect(d))
	body = `{"jobs":[{"name":"a","status":{"word":true}},{"name":"b","status":{"word":"new"}}]}`
	got, err := c.StatusBatch(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	assert.Equal(t, "a=running b!2", told(t, got))
	assert.Empty(t, got[0].Status.Revision, "the answer's ETag is not that of an item")
	assert.Equal(t, `{"name":"a","status":{"word":true}}`, string(got[0].Status.Result))
	var e *transport.Error
	require.ErrorAs(t, got[1].Err, &e)
	assert.Equal(t, 7*time.Second, e.RetryAfter)
	assert.ErrorContains(t, e, "/jobs: the status at status.word (Dialect.State) is a word that the dialect lacks: `{\"name\":\"b\"")

	d.Batch.Item, d.State = "job.status", "job.status"
	c = serve(t, say(200, `{"jobs":{"a":"BROKEN"}}`), rest.WithDialect(rest.Dialect{State: "job.status", States: d.States,
		Batch: rest.Batch{Path: "/jobs?id={id}", List: "jobs", ID: "-", Item: "job.status"}}))
	got, err = c.StatusBatch(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	assert.Equal(t, "a=failed", told(t, got), "an item may be the status itself")
}

// fault 11, fault 12
func TestCodesOfABatchSpeakOfTheRequest(t *testing.T) {
	t.Parallel()
	classes := map[int]transport.Class{404: transport.Permanent, 408: transport.Transient, 449: transport.Transient, 499: transport.Transient, 413: transport.Oversized, 414: transport.Oversized,
		421: transport.Misdirected, 425: transport.Transient, 429: transport.Throttled, 431: transport.Oversized, 501: transport.Permanent, 505: transport.Permanent}
	code := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { say(code, `[{"id":"a","state":"error"}]`)(w, r) }, batched(joined), oneAttempt)
	for code = 400; code < 600; code++ {
		got, err := c.StatusBatch(t.Context(), []string{"a", "b"})
		want, ok := classes[code]
		if !ok {
			want = map[bool]transport.Class{true: transport.Permanent}[code < 500]
		}
		assert.Equal(t, want, classOf(t, err), code)
		assert.Empty(t, got, "a 5xx is not an answer about a job")
		assert.ErrorContains(t, err, strings.TrimSpace(strconv.Itoa(code)+" "+http.StatusText(code))+": `[{")
		_, err = c.Status(t.Context(), "a")
		assert.NotEqual(t, transport.Oversized, classOf(t, err))
	}
}

func TestABatchIsSentAgainWhateverItsMethod(t *testing.T) {
	t.Parallel()
	var bodies, tokens []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies, tokens = append(bodies, string(body)), append(tokens, r.Header.Get("Authorization"))
		switch len(bodies) {
		case 1:
			w.WriteHeader(401)
		case 2:
			w.WriteHeader(503)
		default:
			_, _ = io.WriteString(w, `[{"id":"a","state":"pending"}]`)
		}
	}, batched(rest.Batch{Path: "/jobs", Body: "{ids}"}), rest.WithToken(func(context.Context) (string, error) {
		return "token-" + strconv.Itoa(len(bodies)), nil
	}))
	got, err := c.StatusBatch(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	assert.Equal(t, "a=pending", told(t, got))
	assert.Equal(t, []string{`["a","b"]`, `["a","b"]`, `["a","b"]`}, bodies)
	assert.Equal(t, []string{"Bearer token-0", "Bearer token-1", "Bearer token-1"}, tokens)
}

func TestABatchThatAsksForTooMuchIsOversized(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var body string
	h := func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // otherwise the server closes the connection of a long request
		_, _ = io.WriteString(w, body)
	}
	many := func(n, length int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprintf("%0*d", length, i))
		}
		return ids
	}
	oversized := func(c *rest.Client, ids []string, text string, requests int64) {
		t.Helper()
		asked.Store(0)
		got, err := c.StatusBatch(t.Context(), ids)
		assert.ErrorContains(t, err, text)
		assert.Equal(t, transport.Oversized, classOf(t, err))
		assert.Empty(t, got)
		assert.Equal(t, requests, asked.Load())
	}
	body = `[]`
	c := serve(t, h, batched(rest.Batch{Path: "/jobs?id={id}", Max: 3}))
	assert.Equal(t, 3, c.MaxBatch())
	_, err := c.StatusBatch(t.Context(), many(3, 8))
	require.NoError(t, err)
	oversized(c, many(4, 8), "/jobs: 4 jobs at once, at most 3", 0)

	c = serve(t, h, batched(joined))
	assert.Equal(t, 100, c.MaxBatch())
	room := 8000 - len(strings.TrimPrefix(c.String(), "rest: ")+"/jobs?ids=")
	fits := append(many(7, 1000), strings.Repeat("x", room-7*1001))
	_, err = c.StatusBatch(t.Context(), fits)
	require.NoError(t, err)
	fits[7] += "x"
	oversized(c, fits, "/jobs: a URL of 8001 bytes, at most 8000", 0)

	c = serve(t, h, batched(rest.Batch{Path: "/jobs/{ids}?n=2"}))
	odd := append(many(7, 1000), strings.Repeat(" ", 10)) // of 30 bytes in a path
	room = 8000 - len(strings.TrimPrefix(c.String(), "rest: ")+"/jobs/?n=2") - len(",") - 30
	fits = append(odd, strings.Repeat("x", room-7*1001))
	assert.Equal(t, 9, c.Fit(fits))
	_, err = c.StatusBatch(t.Context(), fits)
	require.NoError(t, err)
	fits[8] += "x"
	assert.Equal(t, 8, c.Fit(fits))
	oversized(c, fits, ": a URL of 8001 bytes, at most 8000", 0)

	c = serve(t, h, batched(rest.Batch{Path: "/jobs", Body: "{ids}", Max: 1000}), oneAttempt)
	for n, most := range map[int]int{2: 1<<20 + 2<<16, 300: 16 << 20} {
		asked.Store(0)
		body = `[]` + strings.Repeat(" ", most-2)
		_, err = c.StatusBatch(t.Context(), many(n, 1000))
		require.NoError(t, err, n)
		body += " "
		oversized(c, many(n, 1000), fmt.Sprintf("body too large: at most %d bytes", most), 1)
	}
	body = `{"state":"pending"}` + strings.Repeat(" ", 1<<20)
	_, err = c.Status(t.Context(), "a")
	assert.ErrorContains(t, err, "at most 1048576 bytes", "a batch leaves nothing behind")
}

func TestIDsThatASeparatorCannotTellApartAreNotSent(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	h := func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `[]`)
	}
	for _, c := range []struct {
		separator string
		ids       []string
		fine      bool
	}{
		{"", []string{"a", "b,c"}, false},
		{"", []string{"a;", "b"}, true},
		{"::", []string{"a:", "b"}, false},
		{"::", []string{"a", ":b"}, true},
		{"::", []string{"a", "b::c"}, false},
	} {
		for _, batch := range []rest.Batch{joined, {Path: "/jobs/{ids}"}} {
			batch.Separator = c.separator
			asked.Store(0)
			_, err := serve(t, h, batched(batch)).StatusBatch(t.Context(), c.ids)
			if c.fine {
				require.NoError(t, err)
				assert.EqualValues(t, 1, asked.Load())
				continue
			}
			assert.ErrorContains(t, err, "can't tell apart")
			assert.Equal(t, transport.Permanent, classOf(t, err), "a Watcher asks about ever fewer, down to one")
			assert.Zero(t, asked.Load())
		}
	}
}

// fault 30
func TestBadIDsOfABatchAreRefusedAlone(t *testing.T) {
	t.Parallel()
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.RequestURI)
		_, _ = io.WriteString(w, `[{"id":"a","state":"pending"}]`)
	}, batched(joined))
	answers, err := c.StatusBatch(t.Context(), []string{"..", "a", "x\n"})
	require.NoError(t, err)
	require.Len(t, answers, 3)
	for i, id := range []string{"..", "x\n"} {
		assert.ErrorIs(t, answers[i].Err, transport.ErrInvalidID)
		assert.Equal(t, transport.Permanent, classOf(t, answers[i].Err))
		assert.Equal(t, transport.Status{ID: id}, answers[i].Status)
	}
	assert.Equal(t, "a", answers[2].Status.ID)
	answers, err = c.StatusBatch(t.Context(), []string{""})
	require.NoError(t, err)
	assert.Len(t, answers, 1)
	answers, err = c.StatusBatch(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, answers)
	assert.Equal(t, []string{"/jobs?ids=a"}, got)
}

// fault 25
func TestClassifyIsGivenTheItemsOfABatch(t *testing.T) {
	t.Parallel()
	refused := errors.New("job was refused")
	var seen []string
	c := serve(t, say(200, `[{"id":"a","error":"E7"}, {"id":"b","state":"pending"}, {"id":"c"}]`), rest.WithDialect(rest.Dialect{State: "state", Batch: joined,
		Classify: func(a rest.Answer, s transport.Status, err error) (transport.Status, error) {
			code, body := a.Code, a.Body
			seen = append(seen, fmt.Sprint(code, " ", string(body)))
			switch {
			case bytes.Contains(body, []byte("E7")):
				assert.ErrorIs(t, err, transport.ErrMalformed)
				return s, &transport.Error{Class: transport.Permanent, Err: refused}
			case err != nil:
				return transport.Status{State: transport.Canceled}, nil
			default:
				s.State = transport.Running
				return s, err
			}
		}}))
	got, err := c.StatusBatch(t.Context(), []string{"a", "b", "c"})
	require.NoError(t, err)
	assert.Equal(t, "a!4 b=running c=canceled", told(t, got))
	assert.ErrorIs(t, got[0].Err, refused)
	assert.Equal(t, []string{`200 {"id":"a","error":"E7"}`, `200 {"id":"b","state":"pending"}`, `200 {"id":"c"}`}, seen)
}

// fault 44
func TestErrorsOfABatchHoldNoSecret(t *testing.T) {
	t.Parallel()
	const key = "a-key-in-the-query"
	for _, body := range []string{"no", `[{"id":"a","note":"` + key + `"},{"id":"b","state":"x","state":"` + canary + `"}]`} {
		c := serve(t, say(200, body), batched(rest.Batch{Path: "/jobs?key=" + key + "&id={id}"}), rest.WithHeader("X-Key", canary))
		got, err := c.StatusBatch(t.Context(), []string{"a", "b"})
		if err != nil {
			assert.NotContains(t, err.Error(), canary)
			assert.NotContains(t, err.Error(), "?")
		}
		for _, a := range got {
			require.Error(t, a.Err)
			assert.NotContains(t, a.Err.Error(), canary)
			assert.NotContains(t, a.Err.Error(), key)
			assert.Contains(t, a.Err.Error(), "[redacted]")
		}
	}
}

// fault 32, fault 38
func TestABatchNeedsADialectAClientAndAContext(t *testing.T) {
	t.Parallel()
	made := serve(t, say(200, `[]`), batched(joined))
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the user left"))
	for _, c := range []struct {
		client *rest.Client
		ctx    context.Context
		want   string
	}{
		{nil, t.Context(), "rest: the Client was not made by New"},
		{new(rest.Client), t.Context(), "rest: the Client was not made by New"},
		{made, nil, "rest: nil context"},
		{made, ended, "the user left"},
		{client(t, "http://h"), t.Context(), "rest: the dialect has no Batch"},
	} {
		got, err := c.client.StatusBatch(c.ctx, []string{"a", "b"})
		assert.EqualError(t, err, c.want)
		assert.Empty(t, got)
		assert.Equal(t, map[bool]int{true: 100}[c.client == made], c.client.MaxBatch())
	}
}

// fault 32
func TestNewNamesWhatIsWrongWithABatch(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]rest.Batch{
		`path "" does not begin with a slash`: {Max: 7},
		`path "/jobs" and the Body must contain {ids} once, and contain it 0 times; without it, set List or Next`: {Path: "/jobs"},
		`path "/a" and the Body must contain {ids} once, and contain it 0 times`:                                  {Path: "/a", Body: map[string]string{"ids": "ids"}},
		`path "/b" and the Body must contain {ids} once, and contain it 2 times`:                                  {Path: "/b?ids={ids}", Body: "{ids}"},
		`path "/c" and the Body must contain {ids} once, and contain it 2 times`:                                  {Path: "/c", Body: []string{"{ids}", "{ids}"}},
		`path "/d": only {page} has a value here`:                                                                 {Path: "/d?a={ids}&b={ids}"},
		`path "/e": {id} has no value here`:                                                                       {Path: "/e?a={id}&b={id}"},
		`path "/{{ids}}": only {page} has a value here`:                                                           {Path: "/{{ids}}", List: "x"},
		`path "/{ids}/{ids}": only {page} has a value here`:                                                       {Path: "/{ids}/{ids}"},
		`path "/{id}/{ids}": {id} has no value here`:                                                              {Path: "/{id}/{ids}"},
		`path "/i/{ids}": only {page} has a value here`:                                                           {Path: "/i/{ids}", Body: "{ids}"},
		`path "/f": only {page} has a value here`:                                                                 {Path: "/f?ids={ids}&x={x}"},
		`path "/g" has a fragment`:                                                                                {Path: "/g?ids={ids}#a"},
		`path "/h": its query does not parse`:                                                                     {Path: "/h?ids={ids}&%zz"},
		`"PO ST" is not an HTTP method`:                                                                           {Path: "/jobs?ids={ids}", Method: "PO ST"},
		`field Body: json: unsupported type: func()`:                                                              {Path: "/jobs", Body: func() {}},
		`field Body: {ids} is a key, and must be a value`:                                                         {Path: "/jobs", Body: map[string]int{"{ids}": 1}},
		`field Body: it does not name {ids}`:                                                                      {Path: "/jobs?ids={ids}", Body: 1},
		`field Max: 1: must be from 2 to 1000`:                                                                    {Path: "/jobs?ids={ids}", Max: 1},
		`field Max: 1001: must be`:                                                                                {Path: "/jobs?ids={ids}", Max: 1001},
		`field List: place "a..b": a key is empty`:                                                                {Path: "/jobs?ids={ids}", List: "a..b"},
		`field List: must be read`:                                                                                {Path: "/jobs?ids={ids}", List: "-"},
		`field ID: place "a.": a key is empty`:                                                                    {Path: "/jobs?ids={ids}", ID: "a."},
		`field NotFound: place ".a": a key is empty`:                                                              {Path: "/jobs?ids={ids}", NotFound: ".a"},
		`field Item: "job": the State of the dialect is not in it`:                                                {Path: "/jobs?ids={ids}", Item: "job"},
		"field Max: -1: must be from 2 to 1000\nrest: WithDialect: Batch: field Item: place \"a.\": a key is emp": {Path: "/jobs?ids={ids}", Max: -1, Item: "a."},
	} {
		_, err := rest.New("http://h", batched(b))
		assert.ErrorContains(t, err, "rest: WithDialect: Batch: ", want)
		assert.ErrorContains(t, err, want)
	}
}

// fault 30, fault 31
func FuzzIDsOfABatchArriveAsTheyWere(f *testing.F) {
	var got []string
	h := func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		inPath, isInPath := strings.CutPrefix(r.URL.Path, "/path/of/")
		switch r.URL.Path {
		case "/joined":
			got = strings.Split(query.Get("ids"), ",")
		case "/spaced":
			got = strings.Split(strings.TrimSuffix(strings.TrimPrefix(query.Get("q"), "id in ("), ")"), " | ")
		case "/repeated":
			got = query["id"]
		case "/body":
			var body struct{ In struct{ IDs []string } }
			_ = json.NewDecoder(r.Body).Decode(&body)
			got = body.In.IDs
		}
		if isInPath {
			got = strings.Split(inPath, ",")
		}
		if query.Get("n") != "2" {
			got = []string{"another pair of the query is lost"}
		}
		_, _ = io.WriteString(w, `[]`)
	}
	var clients []*rest.Client
	for _, b := range []rest.Batch{
		{Path: "/joined?ids={ids}&n=2"}, {Path: "/spaced?n=2&q=id+in+({ids})", Separator: " | "}, {Path: "/repeated?id={id}&n=2"}, {Path: "/path/of/{ids}?n=2"},
		{Path: "/body?n=2", Body: map[string]any{"in": map[string]any{"ids": "{ids}"}}},
	} {
		clients = append(clients, serve(f, h, batched(b)))
	}
	for _, id := range []string{"7", "a/b", "a?b#c", "%2f", "%", "ünï", "a b+c", "a;b,c", ":@&=$", "\\", "💥", ".", "", "{ids}", `"`, "a |", "| b", "<>&\u2028"} {
		f.Add(id, "b")
		f.Add("{id}", id)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var want []string
		for _, id := range []string{a, b, "last"} {
			if transport.CheckID(id) == nil {
				want = append(want, id)
			}
		}
		for _, c := range clients {
			got = nil
			if _, err := c.StatusBatch(t.Context(), []string{a, b, "last"}); err == nil {
				require.Equal(t, want, got)
				continue
			}
			require.Nil(t, got)
			require.True(t, strings.Contains(a+b, ",") || strings.Contains(a+" | "+b, " | | ") || strings.Contains(a+b, " | ") ||
				strings.HasSuffix(a, " |") || strings.HasSuffix(b, " |"), "%q %q", a, b)
		}
	})
}

// fault 17
func FuzzABatchGivesAnswersAboutJobsThatWereAskedAbout(f *testing.F) {
	for _, body := range []string{`[{"id":"a","state":"pending"},{"id":7,"state":1}]`, `{"a":{"state":"error"},"b":null}`, "", "<html>", "null", "[", `[[],{"id":{}}]`,
		`[{"id":"a","id":"b","gone":1}]`, "\ufeff" + `[{"id":"a","state":"pending"}]`} {
		for _, code := range []int{200, 500, 413, 304, 421, 204} {
			f.Add(code, body)
		}
	}
	var code int
	var body string
	carry := rest.WithRoundTripper(tripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}))
	array := client(f, "http://jobs.test", oneAttempt, carry, batched(rest.Batch{Path: "/?id={id}", NotFound: "gone"}))
	object := client(f, "http://jobs.test", oneAttempt, carry, batched(rest.Batch{Path: "/?id={id}", ID: "-"}))
	f.Fuzz(func(t *testing.T, n int, text string) {
		code, body = n, text
		for _, c := range []*rest.Client{array, object} {
			answers, err := c.StatusBatch(t.Context(), []string{"a", "b", "7"})
			if err != nil {
				require.Empty(t, answers)
				require.NotContains(t, err.Error(), "\n")
				require.LessOrEqual(t, classOf(t, err), transport.Misdirected)
				continue
			}
			require.Equal(t, 2, code/100)
			isJSON := json.Valid([]byte(strings.TrimPrefix(body, "\ufeff")))
			if code == http.StatusAccepted || code == http.StatusNoContent {
				require.True(t, isJSON || len(answers) == 0, "nothing is told by %q", body)
			} else {
				require.True(t, isJSON, body)
			}
			seen := map[string]bool{}
			for _, a := range answers {
				require.Contains(t, []string{"a", "b", "7"}, a.Status.ID)
				require.False(t, seen[a.Status.ID], "one answer a job")
				seen[a.Status.ID] = true
				if a.Err != nil {
					require.Equal(t, transport.Status{ID: a.Status.ID}, a.Status)
					require.Contains(t, []transport.Class{transport.Malformed, transport.NotFound}, classOf(t, a.Err))
				}
			}
		}
	})
}
