package rpc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// connections is a RoundTripper whose answers are streams, one after another. The last one repeats.
type connections struct {
	streams []io.Reader
	code    int // of all answers but the first; 0 for 200
	sent    []*http.Request
	open    int
}

func (c *connections) RoundTrip(r *http.Request) (*http.Response, error) {
	i := min(len(c.sent), len(c.streams)-1)
	c.sent = append(c.sent, r)
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Request: r}
	if c.code != 0 && i > 0 {
		answer.StatusCode = c.code
	}
	c.open++
	answer.Body = &closing{c.streams[i], &c.open}
	return answer, nil
}

type closing struct {
	io.Reader
	open *int
}

func (c *closing) Close() error { *c.open--; return nil }

// frugal is a Host whose budget is empty.
type frugal struct{ transport.Host }

func (frugal) MayRetry(transport.Class) bool { return false }

// faults 2 and 47: a stream that ends before the answer is resumed, if the service can do that.
func TestAStreamIsResumedUntilItHasTheAnswer(t *testing.T) {
	t.Parallel()
	const answer, primed = "data: {\"result\":{}}\n\n", "id: 1\nretry: 3000\ndata:\n\n"
	for name, c := range map[string]struct {
		streams  []string
		breaks   bool // the first one, after its text
		code     int
		frugal   bool
		never    bool // the service does not resume
		requests int
		takes    time.Duration
		id       string // that the last request goes on after
		works    bool
	}{
		"not needed":           {streams: []string{primed + answer}, requests: 1, works: true},
		"at its wish":          {streams: []string{primed, answer}, requests: 2, takes: 3 * time.Second, id: "1", works: true},
		"without a budget":     {streams: []string{primed, answer}, frugal: true, requests: 2, takes: 3 * time.Second, id: "1", works: true},
		"again and again":      {streams: []string{primed, "id: 2\nretry: 1\ndata: {\"method\":\"a\"}\n\n", "", answer}, requests: 4, takes: 4100 * time.Millisecond, id: "2", works: true},
		"broken":               {streams: []string{"id: 1\ndata:\n\ndata: {\"res", answer}, breaks: true, requests: 2, takes: time.Second, id: "1", works: true},
		"broken, no budget":    {streams: []string{"id: 1\ndata:\n\n", answer}, breaks: true, frugal: true, requests: 1},
		"no id":                {streams: []string{"retry: 1\ndata:\n\n", answer}, requests: 1},
		"an id to forget":      {streams: []string{"id: 1\ndata:\n\nid:\ndata:\n\n", answer}, requests: 1},
		"an id for no header":  {streams: []string{"id: \x01\ndata:\n\n", answer}, requests: 1},
		"a long id":            {streams: []string{"id: " + strings.Repeat("x", 1<<13) + "\ndata:\n\n", answer}, requests: 1},
		"a long wait":          {streams: []string{"id: 1\nretry: 3600000\ndata:\n\n", answer}, requests: 1},
		"an endless line":      {streams: []string{primed + "data" + strings.Repeat("x", 1<<15) + "\n\n", answer}, requests: 1},
		"a service that can't": {streams: []string{primed, answer}, never: true, requests: 1},
		"refused":              {streams: []string{primed, answer}, code: 405, requests: 2, takes: 3 * time.Second, id: "1"},
		"without an end":       {streams: []string{primed}, requests: 11, takes: 30 * time.Second, id: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				next := &connections{code: c.code}
				for i, text := range c.streams {
					r := io.Reader(strings.NewReader(text))
					if c.breaks && i == 0 {
						r = io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF))
					}
					next.streams = append(next.streams, r)
				}
				if c.requests > len(c.streams) {
					next.streams[0] = repeated(primed)
				}
				ctx := t.Context()
				if c.frugal {
					ctx = transport.WithHost(ctx, frugal{transport.HostOf(ctx)})
				}
				began := time.Now()
				body, err := post(ctx, &Carrier{Next: next, Resumes: !c.never, MaxEvent: 1 << 14})
				assert.Equal(t, c.takes, time.Since(began))
				assert.Len(t, next.sent, c.requests)
				assert.Zero(t, next.open, "a connection is left open")
				if last := next.sent[len(next.sent)-1]; c.requests > 1 {
					assert.Equal(t, http.MethodGet, last.Method)
					assert.Equal(t, http.Header{"Authorization": {"Bearer t"}, "Accept": {"text/event-stream"}, "Last-Event-Id": {c.id}}, last.Header)
					assert.Nil(t, last.Body)
				}
				if !c.works {
					require.Error(t, err)
					return
				}
				require.NoError(t, err)
				assert.JSONEq(t, `{"result":{}}`, body)
			})
		})
	}
}

// repeated is a text that can be read again after its end.
type repeated string

func (r repeated) Read(p []byte) (int, error) { return copy(p, r), io.EOF }

// post sends a request with headers, and returns the body of the answer.
func post(ctx context.Context, c *Carrier) (string, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://h/mcp", strings.NewReader(`{"id":0,"method":"tools/call"}`))
	r.Header = http.Header{"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	answer, err := c.RoundTrip(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	return string(body), errors.Join(err, answer.Body.Close())
}

// fault 39
func TestAStreamIsNotResumedOnceItsContextHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		next := &connections{streams: []io.Reader{strings.NewReader("id: 1\nretry: 3000\ndata:\n\n")}}
		began := time.Now()
		_, err := post(ctx, &Carrier{Next: next, Resumes: true})
		require.ErrorIs(t, err, gone)
		assert.Equal(t, time.Second, time.Since(began))
		assert.Len(t, next.sent, 1)
	})
}

// fault 47: all connections of a stream together have a bound.
func TestAStreamThatIsResumedHasTheBoundOfOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := &connections{streams: []io.Reader{repeated("id: 1\nretry: 0\ndata: " + strings.Repeat("x", 400) + "\n\n")}}
		_, err := post(t.Context(), &Carrier{Next: next, Resumes: true, MaxStream: 1000})
		require.ErrorIs(t, err, errNoAnswer)
		assert.Len(t, next.sent, 3)
	})
}
