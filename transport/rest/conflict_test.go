package rest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Fault 9: a service that is asked to start a job a second time refuses that with a 409, because it
// has started the job, or is about to.
func TestARepeatedCreateThatConflictsHasStartedTheJob(t *testing.T) {
	t.Parallel()
	byPath := rest.Dialect{Create: rest.Call{Path: "/jobs/{key}"}, IdempotencyHeader: "-", ID: "@key"}
	byField := rest.Dialect{Create: rest.Call{Path: "/jobs"}, IdempotencyField: "ref.id", ID: "ref.id"}
	byHeader := rest.Dialect{Create: rest.Call{Path: "/jobs"}, ID: "id"}
	found := rest.Dialect{Create: rest.Call{Path: "/jobs"}, ID: "id", Find: rest.Find{Call: rest.Call{Path: "/jobs?ref={key}"}}}
	type answers []int // the codes of the answers to a create; 0 is a broken connection
	for name, c := range map[string]struct {
		d     rest.Dialect
		codes answers
		id    string // "" means an error
		says  string
	}{
		"the key is the id":          {byPath, answers{0, 409}, "k1", ""},
		"after a gateway's answer":   {byPath, answers{502, 409}, "k1", ""},
		"a field of the job":         {byField, answers{504, 409}, "k1", ""},
		"found by the key":           {found, answers{0, 409}, "9", ""},
		"still in work":              {byHeader, answers{0, 409, 201}, "9", ""},
		"in work for long":           {byHeader, answers{0, 409, 409}, "", "409 Conflict: `{\"id\":9}` (the job may have been started: repeat the call with the same key)"},
		"another's job":              {byPath, answers{409}, "", "409 Conflict"},
		"another's job in a field":   {byField, answers{409}, "", "409 Conflict"},
		"a token that was too old":   {byPath, answers{401, 409}, "", "409 Conflict"},
		"a service that did nothing": {byPath, answers{503, 409}, "", "409 Conflict"},
		"what is wrong stays so":     {byHeader, answers{0, 422}, "", "422 Unprocessable Entity"},
		"refused without a conflict": {byPath, answers{0, 403}, "", "403 Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					_, _ = io.WriteString(w, `[{"id":9}]`)
					return
				}
				code := c.codes[min(sent, len(c.codes)-1)]
				if sent++; code == 0 {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(code)
				_, _ = io.WriteString(w, `{"id":9}`)
			}, rest.WithDialect(c.d), rest.WithToken(func(context.Context) (string, error) { return "t", nil }))
			var waits []string
			first, err := s.Start(hosted(t.Context(), &waits), transport.CreateRequest{IdempotencyKey: "k1"})
			assert.Equal(t, len(c.codes), sent)
			if c.id == "" {
				var e *transport.Error
				require.True(t, errors.As(err, &e))
				assert.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, transport.Status{ID: c.id, State: transport.Pending}, first)
		})
	}
}

// Fault 9: net/http itself sends a create with an Idempotency-Key again, if its connection breaks
// that was used before.
func TestAConflictOnAKeptConnectionIsOfTheCreateItself(t *testing.T) {
	t.Parallel()
	var creates []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"payload":{"status":"running"}}`)
			return
		}
		creates = append(creates, r.Header.Get("Idempotency-Key"))
		switch len(creates) {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusConflict)
		default:
			_, _ = io.WriteString(w, `{"payload":{"jobID":"9"}}`)
		}
	})
	_, err := s.Status(t.Context(), "7")
	require.NoError(t, err)
	var waits []string
	id, err := s.Create(hosted(t.Context(), &waits), transport.CreateRequest{IdempotencyKey: "k1"})
	require.NoError(t, err)
	assert.Equal(t, "9", id)
	assert.Equal(t, []string{"k1", "k1", "k1"}, creates)
	assert.Len(t, waits, 1)
}

// The error of a create says whether a job may have been started.
func TestTheErrorOfACreateSaysWhetherAJobMayHaveBeenStarted(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	const may = " (the job may have been started)"
	for name, c := range map[string]struct {
		do  func(*http.Request) (*http.Response, error)
		key string
		may string // the end of the error
	}{
		"a broken connection":            {func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, "", may},
		"a broken connection, and a key": {func(*http.Request) (*http.Response, error) { return nil, io.EOF }, "k1", " (the job may have been started: repeat the call with the same key)"},
		"no connection":                  {func(*http.Request) (*http.Response, error) { return nil, dial }, "", ""},
		"no connection, and a key":       {func(*http.Request) (*http.Response, error) { return nil, dial }, "k1", ""},
		"a gateway":                      {func(*http.Request) (*http.Response, error) { return answerOf(504, ""), nil }, "", may},
		"a service that is closed":       {func(*http.Request) (*http.Response, error) { return answerOf(503, ""), nil }, "", ""},
		"an answer without an id":        {func(*http.Request) (*http.Response, error) { return answerOf(201, `{}`), nil }, "", may},
		"a refusal":                      {func(*http.Request) (*http.Response, error) { return answerOf(422, ""), nil }, "", ""},
		"an end of the context":          {nil, "", may},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.do == nil { // the context ends when the request is under way
				c.do = func(q *http.Request) (*http.Response, error) {
					cancel()
					<-q.Context().Done()
					return nil, q.Context().Err()
				}
			}
			k := client(t, "http://ci.test", rest.WithRoundTripper(tripper(c.do)))
			var waits []string
			_, err := k.Start(hosted(ctx, &waits), transport.CreateRequest{IdempotencyKey: c.key})
			require.Error(t, err)
			if c.may == "" {
				assert.NotContains(t, err.Error(), "may have been started")
			} else {
				assert.True(t, strings.HasSuffix(err.Error(), c.may), err)
			}
		})
	}
}

// Fault 9: a job that was canceled may be gone when the cancel is sent again.
func TestARepeatedCancelOfAJobThatIsGoneHasCanceledIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		codes []int // of the answers; 0 is a broken connection
		fine  bool
	}{
		"gone":                     {[]int{0, 404}, true},
		"gone for good":            {[]int{502, 410}, true},
		"not to be canceled":       {[]int{0, 409}, false}, // nobody can tell which attempt is right
		"never known":              {[]int{404}, false},
		"ended before":             {[]int{409}, false},
		"a token that was too old": {[]int{401, 404}, false},
		"not allowed":              {[]int{0, 403}, false},
		"nothing was done before":  {[]int{503, 404}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := 0
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				code := c.codes[min(sent, len(c.codes)-1)]
				if sent++; code == 0 {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(code)
			}, rest.WithToken(func(context.Context) (string, error) { return "t", nil }))
			var waits []string
			err := s.Cancel(hosted(t.Context(), &waits), "7")
			assert.Equal(t, c.fine, err == nil, err)
			assert.Equal(t, len(c.codes), sent)
		})
	}
}
