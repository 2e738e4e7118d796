package rest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 22
func TestAcceptedWithoutAStatusIsPending(t *testing.T) {
	t.Parallel()
	var code int
	var body string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		say(code, body)(w, r)
	})
	pending := transport.Status{ID: "7", State: transport.Pending, RetryAfter: 7 * time.Second}
	for _, code = range []int{202, 204} {
		for _, body = range []string{"", "{}", `{"payload":{}}`, `{"payload":{"status":null}}`, "null", "[]", "Accepted", "<html>", `{"payload"`} {
			s, err := c.Status(t.Context(), "7")
			require.NoError(t, err, "%d %s", code, body)
			assert.Equal(t, pending, s, "%d %s", code, body)
		}
	}
	code, body = 202, `{"payload":{"progress":0.5,"message":"m"}}`
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Pending, RetryAfter: 7 * time.Second, Progress: 0.5, Message: "m"}, s,
		"what it says beside the state is kept")

	for text, want := range map[string]transport.State{"completed": transport.Completed, "error": transport.Failed, "odd": transport.Unknown} {
		body = status(text)
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, want, s.State, "a status that is said is that status")
	}
	for _, body = range []string{`{"payload":{"status":{}}}`, `{"payload":{"status":["completed"]}}`, `{"payload":{"status":"completed","status":"error"}}`,
		`{"payload":{"Status":"completed"}}`} {
		_, err := c.Status(t.Context(), "7")
		assert.ErrorIs(t, err, transport.ErrMalformed, body)
	}
	for _, code = range []int{200, 201, 203, 206} {
		for _, body = range []string{"", "{}"} {
			_, err := c.Status(t.Context(), "7")
			assert.ErrorIs(t, err, transport.ErrMalformed, code)
		}
	}
	for _, code = range []int{400, 500, 503} {
		body = ""
		_, err := c.Status(t.Context(), "7")
		assert.Error(t, err, code)
	}
}

// fault 22
func TestNullAndTheEmptyWordMayBeWordsOfTheDialect(t *testing.T) {
	t.Parallel()
	var code int
	var body string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { say(code, body)(w, r) }, oneAttempt, rest.WithDialect(rest.Dialect{State: "s",
		States: map[string]transport.State{"null": transport.Failed, "": transport.Running, "ok": transport.Completed}}))
	code = 200
	for text, want := range map[string]transport.Status{
		`{}`: {State: transport.Failed, Raw: "null"}, `{"s":null}`: {State: transport.Failed, Raw: "null"}, `{"s":"null"}`: {State: transport.Failed, Raw: "null"},
		`{"s":""}`: {State: transport.Running}, `{"s":" "}`: {State: transport.Running, Raw: " "}, `{"s":"OK"}`: {State: transport.Completed, Raw: "OK"},
	} {
		body, want.ID = text, "7"
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err, text)
		assert.Equal(t, want, s, text)
	}
	for _, text := range []string{``, `x`, `{"s":{}}`, `{"s":[]}`, `{"S":null}`} {
		body = text
		_, err := c.Status(t.Context(), "7")
		assert.ErrorIs(t, err, transport.ErrMalformed, text)
	}
	for _, code = range []int{500, 507} {
		body = `{}`
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Transient, classOf(t, err), "an error without a status is no status")
		body = `{"s":"null"}`
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, transport.Failed, s.State)
	}
	code, body = 202, "{}"
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Failed, s.State, "the dialect's word comes first")
}

// fault 13
func TestAnUnchangedAnswerNamesItsOwnWait(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": 0, "0": transport.NoWait, "7": 7 * time.Second} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(http.StatusNotModified)
		})
		last := transport.Status{ID: "7", State: transport.Running, Revision: `"a"`, RetryAfter: time.Minute}
		s, err := c.StatusSince(t.Context(), "7", last)
		require.NoError(t, err)
		last.RetryAfter = want
		assert.Equal(t, last, s)
	}
}

// fault 13
func TestAWaitOfZeroIsToldInStatusesAndErrors(t *testing.T) {
	t.Parallel()
	var code int
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "0")
		say(code, status("running"))(w, r)
	}, oneAttempt)
	code = 200
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.NoWait, s.RetryAfter)
	for code, want := range map[int]transport.Class{403: transport.Throttled, 409: transport.Throttled, 429: transport.Throttled, 503: transport.Throttled,
		500: transport.Transient, 400: transport.Permanent} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "0")
			say(code, "")(w, r)
		}, oneAttempt)
		_, err := c.Status(t.Context(), "7")
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, transport.NoWait, e.RetryAfter, code)
		assert.Equal(t, want, e.Class, code)
	}
}

// fault 11, fault 13
func TestARefusalThatNamesAWaitIsThrottling(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code       int
		name, text string
		want       transport.Class
	}{
		{403, "Retry-After", "60", transport.Throttled},
		{403, "Retry-After", "soon", transport.Permanent},
		{403, "", "", transport.Permanent},
		{409, "retry-after-ms", "250.5", transport.Throttled},
		{418, "Retry-After", "60", transport.Throttled},
		{418, "", "", transport.Permanent},
		{420, "X-RateLimit-Reset", "9", transport.Throttled},
		{423, "Retry-After", "1.5", transport.Throttled},
		{400, "Retry-After", "60", transport.Permanent},
		{451, "Retry-After", "60", transport.Permanent},
		{421, "Retry-After", "60", transport.Misdirected},
	} {
		h := func(w http.ResponseWriter, r *http.Request) {
			if row.name != "" {
				w.Header().Set(row.name, row.text)
			}
			say(row.code, "")(w, r)
		}
		_, err := serve(t, h).Status(t.Context(), "7")
		assert.Equal(t, row.want, classOf(t, err), fmt.Sprint(row))
		_, err = serve(t, h, batched(joined)).StatusBatch(t.Context(), []string{"a", "b"})
		assert.Equal(t, row.want, classOf(t, err), fmt.Sprint(row))
	}
}
