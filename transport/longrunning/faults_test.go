package longrunning_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/longrunning"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

const (
	startAsync = "202 | Azure-AsyncOperation: BASE/op"
	startLoc   = "202 | Location: BASE/op"
)

// Rules A1, A2 and A6: what ends a start.
func TestAStartThatBeginsNothingIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, answer string
		class          transport.Class
		text           string
	}{
		"a code":                       {"PUT", `409 | {"error":{"code":"Conflict"}}`, transport.Permanent, "409 Conflict"},
		"not found":                    {"POST", "404", transport.Permanent, "404"},
		"no way to go on":              {"POST", "202", transport.Permanent, "no URL to poll"},
		"no way to go on, DELETE":      {"DELETE", "202", transport.Permanent, "no URL to poll"},
		"a word that cannot be read":   {"PUT", "200 | <page/>", transport.Permanent, "cannot be read"},
		"a page in place of a result":  {"POST", "200 | Content-Type: text/html | <html>sign in</html>", transport.Transient, "sign in</html>` with a page in place of an answer"},
		"JSON that is cut off":         {"POST", `200 | {"a":[1,`, transport.Permanent, "the JSON is cut off"},
		"a page, DELETE":               {"DELETE", "201 | <!DOCTYPE html><p>blocked", transport.Transient, "with a page"},
		"elsewhere, async":             {"PUT", "201 | Azure-AsyncOperation: http://elsewhere.example.com/op", transport.Misdirected, `"http://elsewhere.example.com" is another origin than "http://127.0.0.1`},
		"elsewhere, op":                {"PUT", "201 | Operation-Location: //elsewhere.example.com/op", transport.Misdirected, "another origin"},
		"elsewhere, loc":               {"POST", "202 | Location: https://127.0.0.1/op", transport.Misdirected, "another origin"},
		"elsewhere, made":              {"POST", "201 | Location: ftp://127.0.0.1/op", transport.Misdirected, "another origin"},
		"a user name":                  {"POST", "202 | Location: http://me:pw@127.0.0.1/op", transport.Misdirected, "user name"},
		"a user name before the host":  {"POST", "202 | Location: http://127.0.0.1:80@elsewhere.example.com/", transport.Misdirected, "user name"},
		"what is no URL":               {"POST", "202 | Location: http://[::1/op", transport.Misdirected, "does not parse"},
		"dots that are escaped":        {"POST", "202 | Location: /a/%2e%2e/op", transport.Misdirected, "segment"},
		"an operation of many KiB":     {"POST", "202 | Location: /op?t=" + strings.Repeat("x", 17<<10), transport.Misdirected, "16384"},
		"a script":                     {"POST", "202 | Location: javascript:alert(1)", transport.Misdirected, "does not parse"},
		"a 3xx":                        {"POST", "304", transport.Malformed, "304"},
		"throttled for too long":       {"POST", "429 | Retry-After: 3600", transport.Throttled, "429"},
		"refused for want of a token":  {"PUT", "401", transport.Permanent, "401"},
		"unavailable for too long too": {"PUT", "503 | Retry-After: 120", transport.Throttled, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, map[string][]string{c.method + " /r": {c.answer}})
			l := client(t, s)
			_, err := l.Send(t.Context(), request(t, s, c.method, "/r"), "")
			var e *transport.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.class, e.Class, err)
			assert.ErrorContains(t, err, c.text)
			assert.Len(t, s.requests(), 1)
			_, err = accept(t, l, request(t, s, c.method, "/r"), "")
			assert.Error(t, err)
		})
	}
}

// The error of a start says whether an operation may have been started.
func TestTheErrorOfAStartSaysWhetherAnOperationMayHaveBeenStarted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method  string
		answers []string
		may     bool
	}{
		"a gateway":                    {"POST", []string{"504"}, true},
		"a conflict after a gateway":   {"PUT", []string{"504", "409"}, true},
		"a conflict":                   {"PUT", []string{"409"}, false},
		"a service that is closed":     {"POST", []string{"503 | Retry-After: 120"}, false},
		"an answer without a location": {"POST", []string{"202"}, true},
		"a refusal":                    {"POST", []string{"400"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, map[string][]string{c.method + " /r": c.answers})
			_, err := client(t, s).Send(t.Context(), request(t, s, c.method, "/r"), "")
			require.Error(t, err)
			assert.Equal(t, c.may, strings.HasSuffix(err.Error(), " (the operation may have been started)"), err)
			assert.Len(t, s.requests(), len(c.answers))
		})
	}
}

// Fault 2 and rule A6: a body that an SDK has closed, or that is cut off, is no error where no word
// of it is needed. The operation could not be followed otherwise.
func TestAnAnswerWhoseBodyIsLostIsAcceptedForItsHeaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, header string
		code           int
		goesOn         bool
	}{
		"async":         {"POST", "Azure-AsyncOperation", 202, true},
		"op":            {"POST", "Operation-Location", 201, true},
		"loc":           {"POST", "Location", 202, true},
		"loc of a PUT":  {"PUT", "Location", 200, true},
		"what was made": {"POST", "Location", 201, false},
		"a resource":    {"PUT", "X-Other", 201, false},
		"a result":      {"POST", "X-Other", 200, false},
		"a refusal":     {"POST", "Location", 409, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &service{script: map[string][]string{"GET /op": {`200 | {"status":"Failed"}`}}}
			starts := 0
			s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					s.ServeHTTP(w, r)
					return
				}
				starts++
				w.Header().Set(c.header, "/op")
				w.Header().Set("Retry-After", "7")
				w.Header().Set("Content-Length", "100")
				w.WriteHeader(c.code)
				_, _ = io.WriteString(w, `{"status":"Succ`)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}))
			t.Cleanup(s.Close)
			l := client(t, s)
			first, err := l.Send(t.Context(), request(t, s, c.method, "/r"), "")
			assert.Equal(t, c.goesOn, err == nil, "%v", err)
			if c.goesOn {
				assert.Equal(t, 7*time.Second, first.RetryAfter)
				assert.Equal(t, 1, starts, "it is not sent again")
			}
			closed := io.NopCloser(iotest.ErrReader(http.ErrBodyReadAfterClose))
			cut := io.NopCloser(io.MultiReader(strings.NewReader(`{"status":"Succ`), iotest.ErrReader(io.ErrUnexpectedEOF)))
			for _, body := range []io.ReadCloser{closed, cut} {
				r := &http.Response{StatusCode: c.code, Header: http.Header{}, Body: body, Request: request(t, s, c.method, "/r")}
				r.Header.Set(c.header, "/op")
				r.Header.Set("Retry-After", "7")
				first, err = l.Accept(r, "")
				if !c.goesOn {
					require.Error(t, err)
					continue
				}
				require.NoError(t, err)
				assert.Equal(t, 7*time.Second, first.RetryAfter)
				end, err := follow(t, l, first)
				require.NoError(t, err)
				assert.Equal(t, transport.Failed, end.State)
			}
		})
	}
}

// Rule A1: which starts are sent again. A POST may have begun something.
func TestAStartIsSentAgainOnlyWhereThatBeginsNothingTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, code, key string
		again             bool
	}{
		{"PUT", "408", "", true}, {"PUT", "429", "", true}, {"PUT", "500", "", true}, {"PUT", "502", "", true}, {"PUT", "503", "", true}, {"PUT", "504", "", true},
		{"DELETE", "500", "", true}, {"POST", "429", "", true}, {"POST", "503", "", true},
		{"POST", "408", "", false}, {"POST", "500", "", false}, {"POST", "502", "", false}, {"POST", "504", "", false}, {"PATCH", "500", "", false},
		{"POST", "500", "Idempotency-Key", true}, {"POST", "504", "Repeatability-Request-Id", true}, {"PUT", "409", "", false}, {"PUT", "501", "", false},
	} {
		t.Run(c.method+c.code+c.key, func(t *testing.T) {
			t.Parallel()
			s := serve(t, map[string][]string{c.method + " /r": {c.code, startAsync}})
			r := request(t, s, c.method, "/r")
			if c.key != "" {
				r.Header.Set(c.key, "k1")
			}
			first, err := client(t, s).Send(t.Context(), r, "")
			if !c.again {
				assert.Error(t, err)
				assert.Len(t, s.requests(), 1)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, transport.Running, first.State)
			assert.Len(t, s.requests(), 2)
			assert.Equal(t, s.bodies[0], s.bodies[1])
		})
	}
}

// Rules A5 and F7, and D1 to D3.
func TestTheFirstAnswerNamesTheWait(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"Retry-After: 7": 7 * time.Second, "Retry-After-Ms: 250 | Retry-After: 9": 250 * time.Millisecond,
		"X-Ms-Retry-After-Ms: 90 | Retry-After: 9":                                         90 * time.Millisecond,
		"Date: Mon, 02 Jan 2006 15:04:05 GMT | Retry-After: Mon, 02 Jan 2006 15:05:05 GMT": time.Minute, "Retry-After: 0": transport.NoWait, "X-A: b": 0,
	} {
		s := serve(t, map[string][]string{"PUT /r": {startAsync + " | " + header}, "GET /op": {`200 | Retry-After: 3 | {"status":"x"}`}})
		l := client(t, s)
		first, err := l.Send(t.Context(), request(t, s, "PUT", "/r"), "")
		require.NoError(t, err)
		assert.Equal(t, want, first.RetryAfter, header)
		next, err := l.Status(t.Context(), first.ID)
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, next.RetryAfter)
	}
}

// Rule B: what says nothing of an operation.
func TestAPollThatSaysNothingIsAnError(t *testing.T) {
	t.Parallel()
	body := `201 | {"properties":{"provisioningState":"Creating"}}`
	for name, c := range map[string]struct {
		method, start, poll string
		class               transport.Class
	}{
		"async: a code":              {"POST", startAsync, `400 | {"status":"Succeeded"}`, transport.Permanent},
		"async: 404":                 {"POST", startAsync, `404`, transport.NotFound},
		"async: 500":                 {"POST", startAsync, `500 | {"status":"Failed"}`, transport.Transient},
		"async: no JSON":             {"POST", startAsync, `200 | what?`, transport.Malformed},
		"async: no status":           {"POST", startAsync, `200 | {"state":"Succeeded"}`, transport.Malformed},
		"async: no body":             {"POST", startAsync, `204`, transport.Malformed},
		"async: a status twice":      {"POST", startAsync, `200 | {"status":"Running","Status":"Succeeded"}`, transport.Malformed},
		"async: a number":            {"POST", startAsync, `200 | {"status":1}`, transport.Malformed},
		"async: a page":              {"POST", startAsync, `200 | Content-Type: text/html | <html>`, transport.Transient},
		"op: no status":              {"POST", "202 | Operation-Location: BASE/op", `200 | {"status":null}`, transport.Malformed},
		"op: a resource elsewhere":   {"POST", "202 | Operation-Location: BASE/op", `200 | {"status":"Succeeded","resourceLocation":"http://elsewhere.example.com/x"}`, transport.Misdirected},
		"op: a resource with a name": {"POST", "202 | Operation-Location: BASE/op", `200 | {"status":"Succeeded","resourceLocation":"http://a:b@127.0.0.1/x"}`, transport.Misdirected},
		"loc: 401":                   {"POST", startLoc, `401`, transport.Permanent},
		"loc: 403":                   {"POST", startLoc, `403`, transport.Permanent},
		"loc: 404":                   {"POST", startLoc, `404`, transport.NotFound},
		"loc: 410":                   {"POST", startLoc, `410`, transport.Permanent},
		"loc: 408":                   {"POST", startLoc, `408`, transport.Transient},
		"loc: 499":                   {"POST", startLoc, `499`, transport.Transient},
		"loc: 449":                   {"POST", startLoc, `449`, transport.Transient},
		"loc: 511":                   {"POST", startLoc, `511`, transport.Transient},
		"loc: 522":                   {"POST", startLoc, `522`, transport.Transient},
		"loc: 429":                   {"POST", startLoc, `429`, transport.Throttled},
		"loc: 500":                   {"POST", startLoc, `500`, transport.Transient},
		"loc: 502":                   {"POST", startLoc, `502`, transport.Transient},
		"loc: 503":                   {"POST", startLoc, `503`, transport.Transient},
		"loc: 504":                   {"POST", startLoc, `504`, transport.Transient},
		"loc: 409 that is paced":     {"POST", startLoc, `409 | Retry-After: 5`, transport.Throttled},
		"loc: a page":                {"POST", startLoc, `200 | Content-Type: text/html | <html>sign in</html>`, transport.Transient},
		"loc: a page with 400":       {"POST", startLoc, `400 | Content-Type: text/html | <html>blocked</html>`, transport.Misdirected},
		"loc: a page with 403":       {"POST", startLoc, `403 | Content-Type: text/html | <html>blocked</html>`, transport.Misdirected},
		"loc: a page with 505":       {"POST", startLoc, `505 | Content-Type: text/html | <html>blocked</html>`, transport.Permanent},
		"async: a page with 400":     {"POST", startAsync, `400 | Content-Type: text/html | <html>blocked</html>`, transport.Misdirected},
		"body: a page with 403":      {"PUT", body, `403 | Content-Type: text/html | <html>blocked</html>`, transport.Misdirected},
		"loc: JSON that is cut off":  {"POST", startLoc, `200 | {"status":"Running","pro`, transport.Malformed},
		"loc: a text after JSON":     {"POST", startLoc, `200 | Content-Type: application/json | {"status":"Running"}<b>Warning</b>`, transport.Malformed},
		"loc: lines that are cut":    {"POST", startLoc, "200 | Content-Type: application/x-ndjson | {\"a\":1}\n{\"a\":", transport.Malformed},
		"loc: a list that is cut":    {"POST", startLoc, `200 | [{"a":1},`, transport.Malformed},
		"loc: a sign in":             {"POST", startLoc, `303 | Location: /login?back=1`, transport.Misdirected},
		"loc: sees the front page":   {"POST", startLoc, `303 | Location: /`, transport.Misdirected},
		"loc: sees an error page":    {"POST", startLoc, `303 | Location: /error.html`, transport.Misdirected},
		"loc: sees itself":           {"POST", startLoc, `303 | Location: BASE/op`, transport.Misdirected},
		"loc: sees elsewhere":        {"POST", startLoc, `303 | Location: http://elsewhere.example.com/`, transport.Misdirected},
		"loc: sees nothing":          {"POST", startLoc, `303`, transport.Misdirected},
		"loc: moves elsewhere":       {"POST", startLoc, `202 | Location: http://elsewhere.example.com/`, transport.Misdirected},
		"loc: is redirected":         {"POST", startLoc, `302 | Location: http://elsewhere.example.com/`, transport.Misdirected},
		"body: a code":               {"PUT", body, `404`, transport.NotFound},
		"body: no body":              {"PUT", body, `200`, transport.Malformed},
		"body: no JSON":              {"PUT", body, `200 | {`, transport.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := "GET /op"
			if c.method == "PUT" {
				path = "GET /r"
			}
			s := serve(t, map[string][]string{c.method + " /r": {c.start}, path: {c.poll}})
			l := client(t, s, rest.WithRetries(rest.NoRetries))
			first, err := l.Send(t.Context(), request(t, s, c.method, "/r"), longrunning.Operation)
			require.NoError(t, err)
			_, err = l.Status(t.Context(), first.ID)
			var e *transport.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.class, e.Class, err)
		})
	}
}

// Rules C1 and C2: when the monitor has said success, it is not asked again.
func TestOnlyTheResultIsAskedForAgain(t *testing.T) {
	t.Parallel()
	awaited := []string{"202", `202 | {"status":"InProgress"}`, `202 | {"properties":{"provisioningState":"Updating"}}`, "206 | a"}
	for _, code := range append(awaited, "408", "429", "500", "502", "503", "504", "404", `200 | Content-Type: text/html | <html>`, `200 | {"a":[1,`) {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := serve(t, map[string][]string{
				"PUT /r": {"201 | Azure-AsyncOperation: BASE/op"}, "GET /op": {`200 | {"status":"Succeeded"}`, "410"},
				"GET /r": {code, code, `201 | {"a":1}`},
			})
			l := client(t, s, rest.WithRetries(rest.NoRetries))
			first, err := l.Send(t.Context(), request(t, s, "PUT", "/r"), "")
			require.NoError(t, err)
			for range 2 {
				_, err = l.Status(t.Context(), first.ID)
				var e *transport.Error
				require.ErrorAs(t, err, &e)
				require.NotEqual(t, transport.Permanent, e.Class)
			}
			end, err := l.Status(t.Context(), first.ID)
			require.NoError(t, err)
			assert.Equal(t, transport.Completed, end.State)
			assert.JSONEq(t, `{"a":1}`, string(end.Result))
			assert.Equal(t, "Succeeded", end.Raw)
			assert.Equal(t, []string{"PUT /r", "GET /op", "GET /r", "GET /r", "GET /r"}, s.requests())
		})
	}
}

// Rule D1: headers of the first request go along. Credentials do not, nor does what is about that
// request alone: a poll that asks for another method might delete what was made. D2: so does a
// query.
func TestHeadersAndQueryGoAlong(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string][]string{
		"PUT /r?api-version=1":      {"201 | Azure-AsyncOperation: BASE/op?t=7", "201 | Azure-AsyncOperation: BASE/op?Api-Version=2"},
		"GET /op?t=7&api-version=1": {`200 | {"status":"Succeeded"}`}, "GET /op?Api-Version=2": {`200 | {"status":"Failed"}`}, "GET /r?api-version=1": {"204"},
	})
	l := client(t, s, longrunning.Query("api-version", "1"), rest.WithHeader("X-All", "1"))
	r := request(t, s, "PUT", "/r")
	for name, value := range map[string]string{"X-Ms-Client-Request-Id": "c1", "Authorization": "Bearer secret", "Content-Type": "application/json", "If-Match": `"1"`, "X-Api-Key": "secret",
		"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE", "X-Method-Override": "DELETE", "Date": "Sun, 06 Nov 1994 08:49:37 GMT", "X-Ms-Date": "Sun, 06 Nov 1994 08:49:37 GMT", "Digest": "md5=x"} {
		r.Header.Set(name, value)
	}
	first, err := l.Send(t.Context(), r, "")
	require.NoError(t, err)
	_, err = follow(t, l, first)
	require.NoError(t, err)
	require.Len(t, s.heads, 3)
	assert.Equal(t, "Bearer secret", s.heads[0].Get("Authorization"))
	assert.Equal(t, `"1"`, s.heads[0].Get("If-Match"))
	for _, h := range s.heads {
		assert.Equal(t, "c1", h.Get("X-Ms-Client-Request-Id"))
		assert.Equal(t, "1", h.Get("X-All"))
	}
	for _, h := range s.heads[1:] {
		for _, name := range []string{"Authorization", "Content-Type", "If-Match", "X-Api-Key", "X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "Date", "X-Ms-Date", "Digest"} {
			assert.Empty(t, h.Get(name), name)
		}
	}
	first, err = l.Send(t.Context(), request(t, s, "PUT", "/r"), "")
	require.NoError(t, err)
	end, err := l.Status(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, transport.Failed, end.State, "a query that is there stays, in whatever letters")
}

// Rule D4.
func TestACookieOfTheServiceGoesAlong(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string][]string{"POST /r": {startAsync + " | Set-Cookie: at=7"}, "GET /op": {`200 | {"status":"Succeeded"}`}})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	l := client(t, s, rest.WithHTTPClient(&http.Client{Jar: jar}))
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), longrunning.Operation)
	require.NoError(t, err)
	_, err = l.Status(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, "at=7", s.heads[1].Get("Cookie"))
}

func TestAnOperationThatHasNothingNewSaysSo(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string][]string{"POST /r": {startAsync}, "GET /op": {`200 | Etag: "1" | {"status":"Running"}`, `304 | Retry-After: 4`, `200 | {"status":"Failed"}`}})
	l := client(t, s)
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	last, err := l.Status(t.Context(), first.ID)
	require.NoError(t, err)
	same, err := l.StatusSince(t.Context(), first.ID, last)
	require.NoError(t, err)
	assert.Equal(t, `"1"`, s.heads[2].Get("If-None-Match"))
	last.RetryAfter = 4 * time.Second
	assert.Equal(t, last, same)
	end, err := l.StatusSince(t.Context(), first.ID, same)
	require.NoError(t, err)
	assert.Equal(t, transport.Failed, end.State)
}

// The ETag of one URL says nothing about the answer of another.
func TestTheETagOfAnEarlierURLIsNotSentToTheNextOne(t *testing.T) {
	t.Parallel()
	for start, header := range map[string]string{startLoc: "Location", startAsync: "Azure-AsyncOperation", "202 | Operation-Location: BASE/op": "Operation-Location"} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			s := serve(t, map[string][]string{"POST /r": {start},
				"GET /op": {`202 | Etag: "1" | ` + header + `: /op | {"status":"Running"}`, `202 | Etag: "1" | ` + header + `: /2 | {"status":"Running"}`},
				"GET /2":  {`200 | Etag: "1" | {"status":"Canceled"}`},
			})
			l := client(t, s)
			last, err := l.Send(t.Context(), request(t, s, "POST", "/r"), longrunning.Operation)
			require.NoError(t, err)
			for range 3 {
				last, err = l.StatusSince(t.Context(), last.ID, last)
				require.NoError(t, err)
			}
			assert.Equal(t, transport.Canceled, last.State)
			assert.Equal(t, []string{"POST /r", "GET /op", "GET /op", "GET /2"}, s.requests())
			assert.Equal(t, `"1"`, s.heads[2].Get("If-None-Match"))
			assert.Empty(t, s.heads[3].Get("If-None-Match"))
		})
	}
}

// Rule A7: a bad second header is told of when it is needed.
func TestAResultThatIsElsewhereIsAnErrorOnceItIsNeeded(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string][]string{
		"POST /r": {startAsync + " | Location: http://elsewhere.example.com/x"}, "GET /op": {`200 | {"status":"Running"}`, `200 | {"status":"Succeeded"}`},
	})
	l := client(t, s)
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	_, err = l.Status(t.Context(), first.ID)
	require.NoError(t, err)
	_, err = l.Status(t.Context(), first.ID)
	assert.ErrorContains(t, err, "that may not be requested")
	assert.Len(t, s.requests(), 3)
}

// later is a Host whose clock a test advances.
type later struct {
	transport.Host
	now time.Time
}

func (l *later) Now() time.Time { return l.now }

// An operation that has completed is told as completed, also if nobody may read its result.
func TestACompletedOperationWhoseResultIsRefusedHasCompleted(t *testing.T) {
	t.Parallel()
	const page = " | Content-Type: text/html | <html>blocked</html>"
	for name, c := range map[string]struct {
		answers []string
		polls   int // until the end, 20 s apart
		says    string
	}{
		"refused":         {[]string{`403 | {"error":{"code":"AuthorizationFailed"}}`}, 1, "AuthorizationFailed"},
		"gone":            {[]string{"410"}, 1, "410 Gone"},
		"not found":       {[]string{"404"}, 3, "404 Not Found"},
		"of a firewall":   {[]string{"403" + page}, 3, "403 Forbidden"},
		"found at last":   {[]string{"404", "404", `200 | {"a":1}`}, 3, ""},
		"there too late":  {[]string{"404", "404", "404", `200 | {"a":1}`}, 3, "404 Not Found"},
		"busy in between": {[]string{"404", "503", "503", `200 | {"a":1}`}, 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, map[string][]string{
				"PUT /r": {"201 | Azure-AsyncOperation: BASE/op"}, "GET /op": {`200 | {"status":"Succeeded"}`, "410"}, "GET /r": c.answers,
			})
			l := client(t, s, rest.WithRetries(rest.NoRetries))
			first, err := l.Send(t.Context(), request(t, s, "PUT", "/r"), "")
			require.NoError(t, err)
			host := &later{transport.HostOf(t.Context()), time.Unix(1e9, 0)}
			ctx := transport.WithHost(t.Context(), host)
			var end transport.Status
			for n := 1; n <= c.polls; n++ {
				end, err = l.Status(ctx, first.ID)
				if host.now = host.now.Add(20 * time.Second); n < c.polls {
					require.Error(t, err)
				}
			}
			require.NoError(t, err)
			assert.Equal(t, transport.Completed, end.State)
			if c.says == "" {
				assert.JSONEq(t, `{"a":1}`, string(end.Result))
				assert.Empty(t, end.Message)
				return
			}
			assert.Empty(t, end.Result)
			assert.Contains(t, end.Message, c.says)
			_, err = l.Fetch(ctx, end)
			var e *transport.Error
			if c.answers[len(c.answers)-1][:3] != "200" {
				require.ErrorAs(t, err, &e, "Fetch tells why")
			}
		})
	}
}
