package longrunning_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/longrunning"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/transporttest"
)

// Fault 32: what is wrong with options is an error of New that names the option.
func TestOptionsThatAreWrongAreNamed(t *testing.T) {
	t.Parallel()
	_, err := longrunning.New("ftp://x", nil, longrunning.Query("", "x"), longrunning.Sign(make([]byte, 23)), longrunning.AllowOrigin("x"),
		rest.WithDialect(rest.Dialect{}), rest.WithRetries(99))
	for _, text := range []string{`longrunning: New: base URL "ftp://x"`, "option 0 is nil", `Query("", …): the name is empty`, "Sign: a key of 23 bytes: must have at least 24",
		`AllowOrigin: "x"`, "WithDialect: is an option of another package", "longrunning: WithRetries(99)"} {
		assert.ErrorContains(t, err, text)
	}
	_, err = rest.New("http://x", longrunning.Query("api-version", "1"))
	assert.ErrorContains(t, err, "rest: longrunning.Query: is an option of another package")
	c, err := longrunning.New("http://x", longrunning.Sign(nil))
	require.NoError(t, err)
	assert.Equal(t, "longrunning: http://x", c.String())
	assert.NoError(t, c.Close())
}

// Fault 32.
func TestMisuseIsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	var none *longrunning.Client
	assert.Contains(t, none.String(), "not made by New")
	assert.NoError(t, none.Close())
	c := client(t, s)
	ended, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	for _, c := range []*longrunning.Client{none, {}} {
		_, err := c.Status(t.Context(), "x")
		require.ErrorContains(t, err, "not made by New")
		_, err = c.Fetch(t.Context(), transport.Status{})
		require.ErrorContains(t, err, "not made by New")
		_, err = c.Send(t.Context(), request(t, s, "PUT", "/r"), "")
		require.ErrorContains(t, err, "not made by New")
		_, err = c.Accept(nil, "")
		require.ErrorContains(t, err, "not made by New")
	}
	//lint:ignore SA1012 a nil context is what is tested
	_, err := c.Status(nil, "x")
	assert.ErrorContains(t, err, "nil context")
	_, err = c.Send(ended, request(t, s, "PUT", "/r"), "")
	assert.ErrorIs(t, err, gone)
	_, err = c.Send(t.Context(), nil, "")
	assert.ErrorContains(t, err, "no request")
	_, err = c.Send(t.Context(), &http.Request{}, "")
	assert.ErrorContains(t, err, "no request")
	_, err = c.Send(t.Context(), request(t, s, "PUT", "/r"), "x")
	assert.ErrorContains(t, err, `Final: no such value: "x"`)
	_, err = c.Accept(&http.Response{}, "")
	assert.ErrorContains(t, err, "no answer to a request")
	bad := request(t, s, "PUT", "/r")
	bad.Header["X-A"] = []string{"a\r\nX-B: c"}
	_, err = c.Send(t.Context(), bad, "")
	assert.ErrorContains(t, err, `"X-A" cannot be sent`)
	large := request(t, s, "PUT", "/r")
	large.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 17<<20)))
	_, err = c.Send(t.Context(), large, "")
	assert.ErrorContains(t, err, "body too large")
	assert.Empty(t, s.requests())
}

func TestAnotherProcessGoesOnWithTheID(t *testing.T) {
	t.Parallel()
	key := []byte("a key of twenty-four bytes")
	s := serve(t, map[string][]string{
		"PUT /r":                                 {"201 | Azure-AsyncOperation: BASE/op?t=" + strings.Repeat("x", 6000)},
		"GET /op?t=" + strings.Repeat("x", 6000): {`200 | {"status":"Running"}`, `200 | {"status":"Succeeded"}`}, "GET /r": {`200 | {"a":1}`},
	})
	first, err := client(t, s, longrunning.Sign(key)).Send(t.Context(), request(t, s, "PUT", "/r"), "")
	require.NoError(t, err)
	end, err := follow(t, client(t, s, longrunning.Sign(key)), first)
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":1}`, string(end.Result))
}

func TestAResultIsFetched(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("x", 5000) + `"`
	for _, c := range []struct {
		method, start string
		via           longrunning.Final
		unsupported   bool
	}{
		{"PUT", "201 | Azure-AsyncOperation: BASE/op", "", false}, {"POST", "201 | Location: BASE/r", "", false},
		{"POST", "202 | Azure-AsyncOperation: BASE/op | Location: BASE/r", "", false}, {"POST", startAsync, longrunning.Operation, true},
		{"POST", "202 | Operation-Location: BASE/op | Location: BASE/r", longrunning.Location, false},
		{"POST", "202 | Operation-Location: BASE/op | Location: BASE/r", "", false}, {"POST", "202 | Operation-Location: BASE/op", "", true},
		{"POST", "202 | Location: BASE/see", "", false},
	} {
		s := serve(t, map[string][]string{
			c.method + " /r": {c.start}, "GET /op": {`200 | {"status":"Succeeded"}`}, "GET /r": {"200 | " + large}, "GET /see": {"303 | Location: /r"},
		})
		l := client(t, s, rest.WithMaxBody(1000))
		first, err := l.Send(t.Context(), request(t, s, c.method, "/r"), c.via)
		require.NoError(t, err)
		end, err := follow(t, l, first)
		require.NoError(t, err)
		require.Equal(t, transport.Completed, end.State)
		body, err := l.Fetch(t.Context(), end)
		if c.unsupported {
			require.ErrorIs(t, err, errors.ErrUnsupported)
			continue
		}
		require.NoError(t, err, c.start)
		assert.Nil(t, end.Result)
		assert.Contains(t, end.Message, "more than 1000 bytes")
		got, err := io.ReadAll(body)
		require.NoError(t, err)
		assert.Equal(t, large, string(got))
		assert.NoError(t, body.Close())
	}
}

// fault 20: a result that is too large for a status is where the operation says.
func TestALargeResultOfAnOperationIsFetched(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("x", 100) + `"`
	for name, c := range map[string]struct{ method, start, last, at string }{
		"named by the last answer":  {"POST", "202 | Operation-Location: /op", `200 | {"status":"Succeeded","resourceLocation":"/made"}`, "GET /made"},
		"named by the first answer": {"POST", `200 | Operation-Location: /op | {"status":"Succeeded","resourceLocation":"/made"}`, "410", "GET /made"},
		"the resource":              {"PUT", "202 | Operation-Location: /op", `200 | {"status":"Succeeded"}`, "GET /r"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, map[string][]string{c.method + " /r": {c.start}, "GET /op": {c.last}, c.at: {"200 | " + large}})
			l := client(t, s, rest.WithMaxBody(80))
			first, err := l.Send(t.Context(), request(t, s, c.method, "/r"), "")
			require.NoError(t, err)
			done, err := follow(t, l, first)
			require.NoError(t, err)
			require.Equal(t, transport.Completed, done.State)
			require.Contains(t, done.Message, "Fetch reads it")
			body, err := l.Fetch(t.Context(), done)
			require.NoError(t, err)
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			require.NoError(t, body.Close())
			assert.Equal(t, large, string(text))
		})
	}
	s := serve(t, map[string][]string{"POST /r": {"202 | Operation-Location: /op"}, "GET /op": {`200 | {"status":"Running"}`}})
	l := client(t, s)
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	_, err = l.Fetch(t.Context(), first)
	assert.ErrorContains(t, err, "the operation has not completed")
}

// The first Location of an operation that moves says no more than that it went on.
func TestTheResultIsFetchedFromTheURLThatWasPolledLast(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string][]string{
		"POST /r": {"202 | Location: /1"}, "GET /1": {`202 | Location: /2 | {"status":"moved"}`}, "GET /2": {"200 | a,b\n1,2"},
	})
	l := client(t, s)
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	done, err := follow(t, l, first)
	require.NoError(t, err)
	body, err := l.Fetch(t.Context(), done)
	require.NoError(t, err)
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	assert.Equal(t, "a,b\n1,2", string(text))
	assert.Equal(t, []string{"POST /r", "GET /1", "GET /2", "GET /2"}, s.requests())

	_, err = client(t, s).Fetch(t.Context(), done)
	var e *transport.Error
	require.ErrorAs(t, err, &e, "another process does not know the second URL")
	assert.Equal(t, transport.Transient, e.Class)
	assert.ErrorContains(t, err, "the result is not there")
}

// fault 20: of an answer that is too large, the beginning is enough if it has the status.
func TestTheBeginningOfALargeAnswerSaysHowTheOperationStands(t *testing.T) {
	t.Parallel()
	const (
		loc, op, put = "202 | Location: /op", "202 | Operation-Location: /op", `201 | {"properties":{"provisioningState":"Creating"}}`
		long         = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	)
	for name, c := range map[string]struct {
		method, start, answer string
		state                 transport.State
		message               string
	}{
		"loc: a file":           {"POST", loc, "a,b," + long, transport.Completed, "Fetch reads it"},
		"loc: a list":           {"POST", loc, `["` + long + `"]`, transport.Completed, "Fetch reads it"},
		"loc: an object":        {"POST", loc, `{"rows":["` + long + `"]}`, transport.Completed, "Fetch reads it"},
		"loc: lines":            {"POST", loc, `{"status":"Failed"}` + "\n" + `{"a":"` + long + `"}`, transport.Completed, "Fetch reads it"},
		"loc: running":          {"POST", loc, `{"status":"Running","log":"` + long + `"}`, transport.Running, ""},
		"loc: failed":           {"POST", loc, `{"status":"Failed","error":{"message":"disk"},"log":"` + long + `"}`, transport.Failed, "disk"},
		"loc: an error":         {"POST", loc, `{"a":1,"error":{"message":"disk"},"log":["` + long + `"]}`, transport.Failed, "disk"},
		"loc: properties":       {"POST", loc, `{"id":1,"properties":{"x":"` + long + `","provisioningState":"Failed"}}`, transport.Unknown, ""},
		"op: the result":        {"POST", op, `{"status":"succeeded","analyzeResult":{"a":"` + long + `"}}`, transport.Completed, "Fetch reads it"},
		"op: failed":            {"POST", op, `{"status":"failed","error":{"code":"E"},"log":"` + long + `"}`, transport.Failed, "E"},
		"op: the status last":   {"POST", op, `{"analyzeResult":"` + long + `","status":"succeeded"}`, transport.Unknown, ""},
		"async: the properties": {"DELETE", "202 | Azure-AsyncOperation: /op", `{"status":"Succeeded","properties":{"a":"` + long + `"}}`, transport.Completed, "Fetch reads it"},
		"body: tags":            {"PUT", put, `{"properties":{"provisioningState":"Succeeded"},"tags":{"a":"` + long + `"}}`, transport.Completed, "Fetch reads it"},
		"body: properties":      {"PUT", put, `{"properties":{"a":"` + long + `","provisioningState":"Succeeded"}}`, transport.Unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := "GET /op"
			if c.method == "PUT" {
				at = "GET /r"
			}
			s := serve(t, map[string][]string{c.method + " /r": {c.start}, at: {"200 | " + c.answer}})
			l := client(t, s, rest.WithMaxBody(90))
			first, err := l.Send(t.Context(), request(t, s, c.method, "/r"), "")
			require.NoError(t, err)
			got, err := l.Status(t.Context(), first.ID)
			if c.state == transport.Unknown {
				require.ErrorIs(t, err, transport.ErrMalformed)
				assert.ErrorContains(t, err, "WithMaxBody")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.state, got.State)
			assert.Contains(t, got.Message, c.message)
			assert.Nil(t, got.Result)
			if got.State != transport.Completed {
				return
			}
			body, err := l.Fetch(t.Context(), got)
			require.NoError(t, err)
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			require.NoError(t, body.Close())
			assert.Equal(t, c.answer, string(text))
		})
	}
}

func TestATransportThatAWatcherReliesOn(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, func(t testing.TB) transporttest.Subject {
		s := serve(t, map[string][]string{
			"POST /1": {"202 | Azure-AsyncOperation: BASE/op1"}, "GET /op1": {`200 | Etag: "1" | {"status":"Running"}`},
			"PUT /2": {"201 | Azure-AsyncOperation: BASE/op2"}, "GET /op2": {`200 | {"status":"Succeeded"}`}, "GET /2": {`200 | {"a":1}`},
			"POST /3": {"202 | Azure-AsyncOperation: BASE/op3"}, "GET /op3": {"404"},
		})
		l, err := longrunning.New(s.URL)
		require.NoError(t, err)
		var ids []string
		for i, method := range []string{"POST", "PUT", "POST"} {
			first, err := l.Send(context.Background(), request(t, s, method, "/"+string(rune('1'+i))), longrunning.Operation)
			require.NoError(t, err)
			ids = append(ids, first.ID)
		}
		return transporttest.Subject{Transport: l, Jobs: map[string]transport.State{ids[0]: transport.Running, ids[1]: transport.Completed}, Unknown: ids[2]}
	})
}

// steps is a RoundTripper that answers with its steps in turn, and notes when.
type steps struct {
	said []said
	at   []time.Time
}

func (s *steps) RoundTrip(r *http.Request) (*http.Response, error) {
	s.at = append(s.at, time.Now())
	a := s.said[0]
	if len(s.said) > 1 {
		s.said = s.said[1:]
	}
	answer := &http.Response{StatusCode: a.code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}
	for _, h := range a.header {
		name, value, _ := strings.Cut(h, ": ")
		answer.Header.Add(name, value)
	}
	return answer, nil
}

// Rules A5 and F7 under a Watcher, in virtual time: the waits that the service names are kept.
func TestAWatcherWaitsAsTheServiceSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &steps{said: []said{
			say("202 | Location: http://api.example.com/op | Retry-After: 60"), say("202 | Retry-After: 30"), say("202"), say(`200 | {"a":1}`),
		}}
		l, err := longrunning.New("http://api.example.com", rest.WithRoundTripper(service))
		require.NoError(t, err)
		w, err := jobstatus.New(l, jobstatus.WithTimeout(time.Hour))
		require.NoError(t, err)
		defer w.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://api.example.com/r", nil)
		require.NoError(t, err)
		first, err := l.Send(t.Context(), r, "")
		require.NoError(t, err)
		end, err := w.WaitForJob(t.Context(), first.ID, jobstatus.From(first))
		require.NoError(t, err)
		assert.JSONEq(t, `{"a":1}`, string(end.Result))
		require.Len(t, service.at, 4)
		for i, least := range []time.Duration{60 * time.Second, 30 * time.Second, 30 * time.Second} {
			wait := service.at[i+1].Sub(service.at[i])
			assert.GreaterOrEqual(t, wait, least)
			assert.Less(t, wait, 2*least)
		}
	})
}

// An operation that had ended at its start is the end, without a poll.
func TestAWatcherAsksNothingOfWhatHasEnded(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string][]string{"POST /r": {`200 | {"a":1}`}, "PUT /r": {`200 | {"properties":{"provisioningState":"Failed"},"error":{"message":"no"}}`}})
	l := client(t, s)
	w, err := jobstatus.New(l)
	require.NoError(t, err)
	defer w.Close()
	first, err := l.Send(t.Context(), request(t, s, "POST", "/r"), "")
	require.NoError(t, err)
	end, err := w.WaitForJob(t.Context(), first.ID, jobstatus.From(first))
	require.NoError(t, err)
	assert.Equal(t, first, end)
	first, err = l.Send(t.Context(), request(t, s, "PUT", "/r"), "")
	require.NoError(t, err)
	_, err = w.WaitForJob(t.Context(), first.ID, jobstatus.From(first))
	require.ErrorIs(t, err, jobstatus.ErrJobFailed)
	end, err = client(t, s).Status(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, transport.Failed, end.State, "the id says so")
	assert.Len(t, s.requests(), 2)
}
