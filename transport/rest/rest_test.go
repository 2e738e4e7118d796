package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestMain(m *testing.M) {
	// net/http reads the environment once, and asks no proxy for loopback addresses.
	os.Setenv("HTTPS_PROXY", "http://user:"+canary+"@"+proxy())
	os.Setenv("HTTP_PROXY", "http://user:"+canary+"@"+proxy())
	os.Setenv("NO_PROXY", "example.com,files,files.internal")
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// serve returns a Client of a server that runs until the test ends.
func serve(t testing.TB, h http.HandlerFunc, opts ...rest.Option) *rest.Client {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return client(t, s.URL, opts...)
}

func client(t testing.TB, url string, opts ...rest.Option) *rest.Client {
	c, err := rest.New(url, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// say gives every request the same answer.
func say(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// oneAttempt avoids waits on the real clock.
var oneAttempt = rest.WithRetries(rest.NoRetries)

func classOf(t testing.TB, err error) transport.Class {
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	return e.Class
}

func status(word string) string { return fmt.Sprintf(`{"payload":{"status":%q}}`, word) }

// fault 64: a job whose status is completed has failed if the answer has an error.
func TestDefaultDialectIsThatOfTheService(t *testing.T) {
	t.Parallel()
	var body string
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprintf("%s %s %s|%s|%s", r.Method, r.RequestURI, r.Header.Get("Accept"), r.UserAgent(), sent))
		_, _ = io.WriteString(w, body)
	})
	body = `{"meta":{"message":"Job created successfully"},"payload":{"jobID":"7f3c"}}`
	id, err := c.Create(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "7f3c", id)

	for word, want := range rest.DefaultStates() {
		body = fmt.Sprintf(`{"meta":{"message":"Job status"},"payload":{"status":%q,"progress":0.25,"message":"m\u00e9",
			"result":{"n":1},"error":"why"}}`, word)
		s, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		message := "mé"
		if want == transport.Completed {
			want = transport.Failed
		}
		if want == transport.Failed || want == transport.Canceled {
			message = "why"
		}
		assert.Equal(t, transport.Status{ID: "7f3c", State: want, Raw: word, Progress: 0.25, Message: message,
			Result: json.RawMessage(`{"n":1}`)}, s)
	}
	require.NoError(t, c.Cancel(t.Context(), id))

	const head = " application/json|job-status-monitoring|"
	assert.Equal(t, "POST /"+head, got[0])
	assert.Equal(t, "GET /status/7f3c"+head, got[1])
	assert.Equal(t, "DELETE /status/7f3c"+head, got[len(got)-1])
}

func TestDialectDescribesAnotherService(t *testing.T) {
	t.Parallel()
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", r.Method, r.RequestURI, r.Header.Get("X-Request"),
			r.Header.Get("Content-Type"), sent)))
		w.Header().Set("ETag", `"another"`)
		assert.Empty(t, r.Header["If-None-Match"])
		switch {
		case r.URL.Path == "/v1/jobs" && r.Method == http.MethodPut:
			_, _ = io.WriteString(w, `{"number":42}`)
		default:
			_, _ = io.WriteString(w, `{"done":true,"step":7,"percent":40,"text":"t","out":[1, 2],"rev":3,
				"at":{"c":"2026-03-04T12:00:00Z","u":1772625600.5,"f":"soon"}}`)
		}
	}, rest.WithDialect(rest.Dialect{
		Create:            rest.Call{Method: http.MethodPut, Path: "/v1/jobs", Body: map[string]int{"n": 1}},
		Status:            rest.Call{Path: "/v1/jobs?of={id}&full=1"},
		Cancel:            rest.Call{Method: http.MethodPost, Path: "/v1/jobs/{id}:cancel"},
		IdempotencyHeader: "X-Request",
		ID:                "number",
		State:             "done",
		States:            map[string]transport.State{"true": transport.Completed, "7": transport.Running},
		Progress:          "percent",
		ProgressScale:     100,
		Message:           "text",
		Result:            "out",
		Revision:          "rev",
		Created:           "at.c", Updated: "at.u", Finished: "at.f",
	}))
	id, err := c.Create(t.Context(), transport.CreateRequest{IdempotencyKey: "k1"})
	require.NoError(t, err)
	assert.Equal(t, "42", id)
	_, err = c.Create(t.Context(), transport.CreateRequest{Input: []string{"in"}})
	require.NoError(t, err)
	s, err := c.StatusSince(t.Context(), "a b&c", transport.Status{Revision: `"tag"`})
	require.NoError(t, err)
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, transport.Status{ID: "a b&c", State: transport.Completed, Raw: "true", Progress: 0.4, Message: "t",
		Result: json.RawMessage(`[1, 2]`), Revision: "3", Created: noon, Updated: noon.Add(500 * time.Millisecond)}, s)
	require.NoError(t, c.Cancel(t.Context(), "x:y"))
	assert.Equal(t, []string{
		`PUT /v1/jobs k1 application/json {"n":1}`,
		`PUT /v1/jobs  application/json ["in"]`,
		`GET /v1/jobs?of=a+b%26c&full=1`,
		`POST /v1/jobs/x:y:cancel`,
	}, asked)
}

// fault 11
func TestClientErrorsArePermanentButForAFew(t *testing.T) {
	t.Parallel()
	code := 0
	asked := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		say(code, status("completed"))(w, r)
	})
	others := map[int]transport.Class{404: transport.NotFound, 408: transport.Transient, 421: transport.Misdirected, 425: transport.Transient,
		429: transport.Throttled, 449: transport.Transient, 499: transport.Transient}
	for code = 400; code < 500; code++ {
		asked = 0
		s, err := c.Status(t.Context(), "7")
		want, ok := others[code]
		if !ok {
			want = transport.Permanent
		}
		assert.Equal(t, want, classOf(t, err), code)
		assert.Zero(t, s, code)
		assert.ErrorContains(t, err, strings.TrimSpace(strconv.Itoa(code)+" "+http.StatusText(code))+": ")
		assert.Equal(t, 1, asked, code)
		assert.Equal(t, code == 404, errors.Is(err, transport.ErrNotFound), code)
	}
}

// fault 11: the service itself would answer in JSON or XML.
func TestAPageWithA4xxIsThatOfAFirewall(t *testing.T) {
	t.Parallel()
	var code int
	var media, body string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}, oneAttempt)
	const page, xml = "<html><head><title>Blocked</title></head></html>", `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`
	for _, k := range []struct {
		code        int
		media, body string
		want        transport.Class
	}{
		{403, "text/html", page, transport.Misdirected},
		{401, "text/html; charset=utf-8", "\n<!DOCTYPE html>" + page, transport.Misdirected},
		{407, "", page, transport.Misdirected},
		{400, "application/json", page, transport.Misdirected},
		{403, "text/html", "", transport.Misdirected},
		{404, "text/html", page, transport.NotFound},
		{429, "text/html", page, transport.Throttled},
		{501, "text/html", page, transport.Permanent},
		{403, "text/html", `{"error":"no access"}`, transport.Permanent},
		{403, "application/xml", xml, transport.Permanent},
		{403, "text/plain", "forbidden", transport.Permanent},
	} {
		code, media, body = k.code, k.media, k.body
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, k.want, classOf(t, err), "%d %s %s", k.code, k.media, k.body)
	}
}

// fault 12
func TestServerErrorsAreTransientUnlessTheyTellThatTheJobEnded(t *testing.T) {
	t.Parallel()
	var code, asked int
	var body string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		say(code, body)(w, r)
	}, oneAttempt)
	for code = 500; code < 600; code++ {
		want := transport.Transient
		if code == 501 || code == 505 {
			want = transport.Permanent
		}
		for _, body = range []string{"", "down for maintenance", status("running"), status("nonsense"), `{"payload":null}`} {
			s, err := c.Status(t.Context(), "7")
			assert.Equal(t, want, classOf(t, err), "%d %s", code, body)
			assert.Zero(t, s)
		}
		for word, state := range rest.DefaultStates() {
			if body = status(word); state.Terminal() {
				asked = 0
				s, err := c.Status(t.Context(), "7")
				if code >= 502 && code <= 504 || code == 511 || code >= 520 && code <= 530 || code >= 598 {
					assert.Equal(t, transport.Transient, classOf(t, err), "%d is the gateway's word: %s", code, body)
					assert.Zero(t, s)
					continue
				}
				require.NoError(t, err, code)
				assert.Equal(t, transport.Status{ID: "7", State: state, Raw: word}, s)
				assert.Equal(t, 1, asked)
			}
		}
	}
}

// fault 12, over the retries of one poll
func TestATerminalStatusIsNotAskedForAgainWhateverItsCode(t *testing.T) {
	t.Parallel()
	for _, code := range []int{500, 507, 540, 597} {
		asked := 0
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			say(code, `{"meta":{"message":"Job status"},"payload":{"status":"error"}}`)(w, r)
		})
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, transport.Failed, s.State)
		assert.Equal(t, 1, asked)
	}
}

// fault 17, fault 21, fault 22, fault 23, fault 24
func TestAnswersThatCannotBeReadAreTypedAndQuoted(t *testing.T) {
	t.Parallel()
	var body, kind string
	handler := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
	}
	plain := serve(t, handler)
	strict := serve(t, handler, rest.WithDialect(rest.Dialect{Strict: true}))
	for _, c := range []struct {
		body, kind string
		want       transport.Class
		text       string
	}{
		{``, "", transport.Malformed, "unexpected end of JSON input: 200"},
		{`{"payload":{"status":"pend`, "", transport.Malformed, "unexpected end of JSON input: 200: `{\"payload\":{\"status\":\"pend`"},
		{status("pending") + "x", "", transport.Malformed, "after top-level value"},
		{status("pending") + status("completed"), "", transport.Malformed, "after top-level value"},
		{`{}`, "", transport.Malformed, "no status at payload.status (Dialect.State): 200: `{}`"},
		{`{"payload":null}`, "", transport.Malformed, "no status at payload.status (Dialect.State)"},
		{`{"payload":{"status":null}}`, "", transport.Malformed, "no status at payload.status"},
		{`{"payload":{"status":["completed"]}}`, "", transport.Malformed, "neither a string nor a number nor a boolean"},
		{`{"payload":{"status":"` + strings.Repeat("x", 300) + `"}}`, "", transport.Malformed, "302 bytes, at most 256"},
		{`{"payload":{"status":"pending","status":"completed"}}`, "", transport.Malformed, `key "status" stands twice`},
		{`{"payload":{"status":"pending","STATUS":"completed"}}`, "", transport.Malformed, `key "status" stands in another case`},
		{strings.Repeat(`[`, 65) + strings.Repeat(`]`, 65), "", transport.Malformed, "nested more than 64 deep"},
		{`<html><body>Please log in`, "text/html; charset=utf-8", transport.Transient, "a page in place of an answer: `<html>"},
		{"\n <!doctype html>", "", transport.Transient, "a page in place of an answer"},
		{`Please log in`, "Text/HTML", transport.Transient, "a page in place of an answer"},
	} {
		body, kind = c.body, c.kind
		for _, client := range []*rest.Client{plain, strict} {
			s, err := client.Status(t.Context(), "7")
			require.Error(t, err, "%.80s", body)
			assert.Equal(t, c.want, classOf(t, err), "%.80s", body)
			assert.Equal(t, c.want == transport.Malformed, errors.Is(err, transport.ErrMalformed))
			assert.ErrorContains(t, err, c.text)
			assert.Zero(t, s)
			assert.Less(t, len(err.Error()), 600)
		}
	}

	body, kind = status("completed"), "text/html"
	s, err := plain.Status(t.Context(), "7")
	require.NoError(t, err, "JSON under another name")
	assert.Equal(t, transport.Completed, s.State)

	body = status("pondering \"it\"")
	s, err = plain.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", Raw: `pondering "it"`}, s)
	_, err = strict.Status(t.Context(), "7")
	assert.ErrorIs(t, err, transport.ErrMalformed)
	assert.ErrorContains(t, err, "a word that the dialect lacks")
}

// fault 22
func TestAnAnswerInheritsNothingFromTheOneBeforeIt(t *testing.T) {
	t.Parallel()
	bodies := []string{`{"payload":{"status":"completed","progress":1,"message":"m","result":[1],"error":"e"}}`,
		"", `{"payload":{"status":null}}`, status("pending")}
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		body := bodies[0]
		if bodies = bodies[1:]; body == "" {
			w.Header().Set("Content-Length", "9") // cut short
		}
		_, _ = io.WriteString(w, body)
	}, oneAttempt)
	first, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	for _, class := range []transport.Class{transport.Transient, transport.Malformed} {
		s, err := c.Status(t.Context(), "8")
		assert.Equal(t, class, classOf(t, err))
		assert.Zero(t, s)
	}
	s, err := c.Status(t.Context(), "9")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "9", State: transport.Pending, Raw: "pending"}, s)
	assert.Equal(t, json.RawMessage(`[1]`), first.Result, "what was returned is not the buffer's")
}

// fault 25
func TestClassifyHasTheLastWord(t *testing.T) {
	t.Parallel()
	refused := errors.New("job was refused")
	var code, asked int
	body := `{"error":{"code":"E7"}}`
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		say(code, body)(w, r)
	}, rest.WithDialect(rest.Dialect{Classify: func(a rest.Answer, s transport.Status, err error) (transport.Status, error) {
		c, b := a.Code, a.Body
		assert.Equal(t, code, c)
		assert.Equal(t, body, string(b))
		assert.NotEmpty(t, a.Header.Get("Date"))
		switch {
		case c == 200 && bytes.Contains(b, []byte("E7")):
			assert.ErrorIs(t, err, transport.ErrMalformed)
			return s, &transport.Error{Class: transport.Permanent, Code: c, Err: refused}
		case c == 503:
			return transport.Status{ID: "7", State: transport.Canceled}, nil
		default:
			return s, err
		}
	}}))
	code = 200
	_, err := c.Status(t.Context(), "7")
	assert.ErrorIs(t, err, refused)
	assert.Equal(t, transport.Permanent, classOf(t, err))
	code, asked = 503, 0
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Canceled, s.State)
	assert.Equal(t, 1, asked)
	code = 404
	_, err = c.Status(t.Context(), "7")
	assert.ErrorIs(t, err, transport.ErrNotFound)
}

func TestOddValuesCountAsNotSaid(t *testing.T) {
	t.Parallel()
	var body string
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) },
		rest.WithDialect(rest.Dialect{Created: "payload.at", Error: "-", Result: "."}))
	for values, want := range map[string]transport.Status{
		`"progress":"half","at":"soon","message":null`: {},
		`"progress":7,"at":-3`:                         {Progress: 1},
		`"progress":-1,"at":1e300`:                     {},
		`"progress":1e999,"at":{}`:                     {},
		`"message":{"code":1},"error":"not read"`:      {Message: `{"code":1}`},
	} {
		body = `{"payload":{"status":"error",` + values + `}}`
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		want.ID, want.State, want.Raw, want.Result = "7", transport.Failed, "error", json.RawMessage(body)
		assert.Equal(t, want, s, values)
	}
}

func TestRevisionIsTheETagAndAnUnchangedAnswerIsTheLast(t *testing.T) {
	t.Parallel()
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", `W/"v1"`)
		if r.Header.Get("If-None-Match") == `W/"v1"` {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, status("running"))
	})
	first, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, `W/"v1"`, first.Revision)
	first.Message = "kept"
	second, err := c.StatusSince(t.Context(), "7", first)
	require.NoError(t, err)
	first.RetryAfter = 7 * time.Second
	assert.Equal(t, first, second)
	for _, odd := range []string{"", "v1", `"`, "\"a\r\nX: y\"", `"` + strings.Repeat("x", 300) + `"`, `"a"b"`} {
		s, err := c.StatusSince(t.Context(), "7", transport.Status{Revision: odd})
		require.NoError(t, err)
		assert.Equal(t, transport.Running, s.State)
	}
	assert.Equal(t, []string{"", `W/"v1"`, "", "", "", "", "", ""}, asked)

	unasked := serve(t, say(http.StatusNotModified, ""))
	_, err = unasked.Status(t.Context(), "7")
	assert.ErrorIs(t, err, transport.ErrMalformed)
}

// fault 13, fault 14
func TestRetryAfterIsToldWhateverTheCode(t *testing.T) {
	t.Parallel()
	var code int
	var after, date string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", after)
		if date != "" {
			w.Header().Set("Date", date)
		}
		say(code, status("pending"))(w, r)
	})
	for _, code = range []int{200, 202} {
		after = "30"
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, 30*time.Second, s.RetryAfter)
		after = "9223372037"
		s, err = c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Zero(t, s.RetryAfter)
	}
	for want, codes := range map[transport.Class][]int{
		transport.Throttled: {429, 503}, transport.Transient: {408, 500, 502, 504}, transport.Permanent: {400}, transport.NotFound: {404},
	} {
		for _, code = range codes {
			after, date = "Tue, 04 Mar 2025 12:00:30 GMT", "Tue, 04 Mar 2025 12:00:00 GMT"
			_, err := c.Status(t.Context(), "7")
			var e *transport.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 30*time.Second, e.RetryAfter, code)
			assert.Equal(t, code, e.Code)
			assert.Equal(t, want, e.Class, code)
			assert.Equal(t, want == transport.Throttled, errors.Is(err, transport.ErrThrottled))
		}
	}
}

// fault 20. Not parallel: it measures what is allocated.
func TestBodiesAreReadUpToOneMiB(t *testing.T) {
	fits := `{"payload":{"status":"completed"}}` + strings.Repeat(" ", 1<<20)
	fits = fits[:1<<20]
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 8 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	require.NoError(t, z.Close())
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/status/fits":
			_, _ = io.WriteString(w, fits)
		case "/status/over":
			_, _ = io.WriteString(w, fits)
			_, _ = io.WriteString(w, " ")
		case "/status/page":
			_, _ = io.WriteString(w, "<html>"+fits)
		case "/status/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/status/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, status("running"))
			_ = z.Close()
		default: // endless
			w.WriteHeader(map[string]int{"/status/endless": 200, "/status/endless502": 502, "/": 200}[r.URL.Path])
			for {
				if _, err := io.WriteString(w, fits[:4096]); err != nil {
					return
				}
			}
		}
	}, oneAttempt)
	s, err := c.Status(t.Context(), "fits")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, s.State)
	s, err = c.Status(t.Context(), "zipped")
	require.NoError(t, err)
	assert.Equal(t, transport.Running, s.State)

	var before, after runtime.MemStats
	for _, id := range []string{"over", "bomb", "endless"} {
		runtime.ReadMemStats(&before)
		_, err = c.Status(t.Context(), id)
		runtime.ReadMemStats(&after)
		assert.ErrorContains(t, err, "body too large: at most 1048576 bytes", id)
		assert.Equal(t, transport.Malformed, classOf(t, err), "%s: the patience decides", id)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), id)
	}
	_, err = c.Status(t.Context(), "endless502")
	assert.Equal(t, transport.Transient, classOf(t, err))
	_, err = c.Status(t.Context(), "page")
	assert.Equal(t, transport.Transient, classOf(t, err), "as any page for a person")
	_, err = c.Create(t.Context(), transport.CreateRequest{})
	assert.ErrorContains(t, err, "body too large")
}

// fault 30
func TestBadInputIsRefusedBeforeAnyIO(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	c := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for _, id := range []string{"", ".", "..", strings.Repeat("x", transport.MaxIDBytes+1), "a\nb", "a\x00", "\x7f", "\xff"} {
		_, err := c.Status(t.Context(), id)
		assert.ErrorIs(t, err, transport.ErrInvalidID, "%q", id)
		assert.Equal(t, transport.Permanent, classOf(t, err))
		assert.ErrorIs(t, c.Cancel(t.Context(), id), transport.ErrInvalidID)
		_, err = c.StatusSince(t.Context(), id, transport.Status{})
		assert.ErrorIs(t, err, transport.ErrInvalidID)
	}
	_, err := c.Create(t.Context(), transport.CreateRequest{IdempotencyKey: "a\r\nX: y"})
	assert.ErrorContains(t, err, "idempotency key holds a control character")
	_, err = c.Create(t.Context(), transport.CreateRequest{Input: func() {}})
	assert.ErrorContains(t, err, "unsupported type: func()")
	assert.Equal(t, transport.Permanent, classOf(t, err))
	assert.Zero(t, asked.Load())
}

// fault 32, fault 38
func TestNilContextsZeroClientsAndEndedContextsAreErrors(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	made := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	ended, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user left")
	cancel(cause)
	for _, c := range []struct {
		client *rest.Client
		ctx    context.Context
		want   string
	}{
		{nil, t.Context(), "rest: the Client was not made by New"},
		{new(rest.Client), t.Context(), "rest: the Client was not made by New"},
		{made, nil, "rest: nil context"},
		{made, ended, "the user left"},
	} {
		_, err := c.client.Status(c.ctx, "7")
		assert.EqualError(t, err, c.want)
		_, err = c.client.StatusSince(c.ctx, "7", transport.Status{})
		assert.EqualError(t, err, c.want)
		_, err = c.client.Create(c.ctx, transport.CreateRequest{})
		assert.EqualError(t, err, c.want)
		assert.EqualError(t, c.client.Cancel(c.ctx, "7"), c.want)
		assert.NoError(t, c.client.Close())
	}
	assert.Zero(t, asked.Load())
}

// fault 31, fault 30
func FuzzIDsTravelAsOneSegment(f *testing.F) {
	got := make(chan *http.Request, 1)
	c := serve(f, func(_ http.ResponseWriter, r *http.Request) { got <- r },
		rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/jobs/{id}"}, Cancel: rest.Call{Path: "/jobs?id={id}"}}))
	for _, id := range []string{"7", "a/b", "../..", "a?b#c", "%2f", "%", "ünï", "a b+c", "...", "a;b,c", ":@&=$", "\\", "💥", ".", ""} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		_, err := c.Status(t.Context(), id)
		if transport.CheckID(id) != nil {
			require.ErrorIs(t, err, transport.ErrInvalidID)
			return
		}
		require.ErrorIs(t, err, transport.ErrMalformed, "the answer is empty")
		r := <-got
		require.Equal(t, 2, strings.Count(r.RequestURI, "/"), r.RequestURI)
		require.Equal(t, "/jobs/"+id, r.URL.Path)
		require.Empty(t, r.URL.RawQuery)
		require.NoError(t, c.Cancel(t.Context(), id))
		r = <-got
		require.Equal(t, map[string][]string{"id": {id}}, map[string][]string(r.URL.Query()))
		require.Equal(t, "/jobs", r.URL.Path)
	})
}

// fault 17
func FuzzBodiesGiveAStatusOrATypedError(f *testing.F) {
	for _, body := range []string{status("pending"), `{"payload":{"status":7,"progress":1e9,"created":1}}`, "", "<html>", "null", "\ufeff" + status("completed")} {
		for _, code := range []int{100, 101, 200, 202, 204, 500, 502, 404, 303, 304} {
			f.Add(code, body)
		}
	}
	var code int
	var body string
	c, err := rest.New("http://jobs.test", oneAttempt, rest.WithDialect(rest.Dialect{Created: "payload.created"}),
		rest.WithRoundTripper(tripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})))
	require.NoError(f, err)
	words := rest.Dialect{}.WithDefaults().States
	f.Fuzz(func(t *testing.T, n int, b string) {
		code, body = n, b
		s, err := c.Status(t.Context(), "7")
		if err != nil {
			require.Zero(t, s)
			require.NotEqual(t, transport.Oversized, classOf(t, err))
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.Equal(t, "7", s.ID)
		require.True(t, s.Progress >= 0 && s.Progress <= 1)
		require.True(t, code/100 == 2 || code == 303 && s.State != transport.Unknown || code/100 == 5 && s.State.Terminal() && (code < 502 || code > 504))
		if s.State == transport.Completed {
			var said struct {
				Payload map[string]any `json:"payload"`
			}
			require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(body, "\ufeff")), &said))
			require.Equal(t, transport.Completed, words[strings.ToLower(strings.TrimSpace(fmt.Sprint(said.Payload["status"])))])
		}
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestCreateReadsAnIDThatCanBeAskedAbout(t *testing.T) {
	t.Parallel()
	var code int
	var body string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { say(code, body)(w, r) })
	for _, row := range []struct {
		code int
		body string
		want string
		is   transport.Class
	}{
		{201, `{"payload":{"jobID":9007199254740993}}`, "", 0},
		{200, `{"payload":{"jobID":null}}`, "no id at payload.jobID (Dialect.ID)", transport.Malformed},
		{200, `{"payload":{"jobID":true}}`, "neither a string nor a number", transport.Malformed},
		{200, `{"payload":{"jobID":".."}}`, `invalid job id: ".." is a path`, transport.Malformed},
		{200, `{"payload":{"jobID":"a","jobID":"b"}}`, `key "jobID" stands twice`, transport.Malformed},
		{200, `created`, "invalid character", transport.Malformed},
		{404, `{"code":"Not found","message":"Page not found"}`, "404 Not Found: `{\"code\"", transport.Permanent},
		{422, `no`, "422 Unprocessable Entity: `no`", transport.Permanent},
		{500, ``, "500 Internal Server Error", transport.Transient},
	} {
		code, body = row.code, row.body
		id, err := c.Create(t.Context(), transport.CreateRequest{})
		if row.want == "" {
			require.NoError(t, err)
			assert.Equal(t, "9007199254740993", id)
			continue
		}
		assert.ErrorContains(t, err, row.want)
		assert.Equal(t, row.is, classOf(t, err), row.body)
		assert.Empty(t, id)
	}
	code = 404
	assert.ErrorIs(t, c.Cancel(t.Context(), "7"), transport.ErrNotFound)
	code = 409
	assert.Equal(t, transport.Permanent, classOf(t, c.Cancel(t.Context(), "7")))
	code = 204
	assert.NoError(t, c.Cancel(t.Context(), "7"))
}

// fault 20: a proxy compresses what the service has compressed.
func TestAnAnswerCompressedTwiceIsRead(t *testing.T) {
	t.Parallel()
	const done = `{"payload":{"status":"completed","result":"x"}}`
	for name, codings := range map[string][]string{"one line": {"gzip, gzip"}, "two lines": {"gzip", "gzip"}} {
		s, err := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Encoding"] = codings
			outer := gzip.NewWriter(w)
			inner := gzip.NewWriter(outer)
			_, _ = io.WriteString(inner, done)
			_, _ = inner.Close(), outer.Close()
		}).Status(t.Context(), "1")
		require.NoError(t, err, name)
		assert.Equal(t, transport.Completed, s.State, name)
		assert.JSONEq(t, `"x"`, string(s.Result), name)
	}
	bomb := zipped(string(bytes.Repeat([]byte(zipped("")), 1<<16)))
	_, err := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip, gzip")
		_, _ = io.WriteString(w, bomb)
	}).Status(t.Context(), "1")
	require.ErrorIs(t, err, transport.ErrMalformed)
	require.ErrorContains(t, err, "body too large")
}
