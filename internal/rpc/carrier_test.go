package rpc

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// next is a RoundTripper that gives an answer and notes whether its body was closed.
type next struct {
	header http.Header
	body   io.Reader
	err    error

	got    Request
	sent   *http.Request
	closed bool
}

func (n *next) RoundTrip(r *http.Request) (*http.Response, error) {
	n.sent = r
	n.got, _ = read(r)
	if n.err != nil {
		return nil, n.err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: n.header, Body: n, Request: r}, nil
}

func (n *next) Read(p []byte) (int, error) { return n.body.Read(p) }
func (n *next) Close() error               { n.closed = true; return nil }

func stream(body string) *next {
	return &next{header: http.Header{"Content-Type": {"Text/Event-Stream; charset=utf-8"}, "X-Kept": {"x"}}, body: strings.NewReader(body)}
}

func ask(t *testing.T, c *Carrier) (string, *http.Response, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://h/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":0,"method":"tasks/get","params":{"taskId":"7"}}`))
	answer, err := c.RoundTrip(r)
	if err != nil {
		return "", nil, err
	}
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return string(body), answer, nil
}

func TestTheAnswerIsTakenOutOfAStream(t *testing.T) {
	t.Parallel()
	n := stream("data: {\"method\":\"notifications/progress\"}\n\ndata: {\"id\":4,\"method\":\"ping\"}\n\ndata: no JSON\n\ndata: {\"method\":\"a\",\"error\":{}}\n\n" +
		"data: {\"id\":1,\ndata: \"result\":{}}\n\ndata: {\"result\":1}\n\n")
	c := &Carrier{Next: n, MaxEvent: 1000, MaxStream: 1 << 20, Mark: func(h http.Header, m *Request) { h.Set("X-Method", m.Method) }}
	body, answer, err := ask(t, c)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":1,"result":{}}`, body)
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}, "X-Kept": {"x"}}, answer.Header)
	assert.True(t, n.closed, "the rest of the stream is left open")
	assert.Equal(t, "tasks/get", n.sent.Header.Get("X-Method"))
	assert.JSONEq(t, `{"taskId":"7"}`, string(n.got.Params))
	assert.Equal(t, int64(1), n.got.ID)
	n.body = strings.NewReader("data: {\"error\":{}}\n\n")
	body, _, err = ask(t, c)
	require.NoError(t, err)
	assert.JSONEq(t, `{"error":{}}`, body)
	assert.Equal(t, int64(2), n.got.ID)
}

// fault 25: what answers another request, such as an earlier one of a stream that is resumed, is no
// answer to this one.
func TestTheAnswerOfAStreamHasTheIDOfItsRequest(t *testing.T) {
	t.Parallel()
	for message, is := range map[string]bool{
		`{"id":1,"result":{}}`: true, `{"id":1.0,"result":{}}`: true, `{"id":"1","result":{}}`: true, `{"result":{}}`: true,
		`{"id":1,"error":{}}`: true, `{"id":null,"error":{"code":-32700}}`: true, `{"id":null,"error":{"code":-32700},"result":null}`: true,
		`{"id":2,"result":{}}`: false, `{"id":-1,"result":{}}`: false, `{"id":"x","result":{}}`: false, `{"id":"","result":{}}`: false, `{"id":1.5,"result":{}}`: false, `{"id":[1],"result":{}}`: false,
		`{"id":2,"error":{}}`: false, `{"id":null,"result":{}}`: false, `{"id":null,"result":{},"error":null}`: false,
		`{"id":1,"method":"a","result":{}}`: false, `{"id":1}`: false,
	} {
		body, _, err := ask(t, &Carrier{Next: stream("data: " + message + "\n\ndata: {\"id\":1,\"result\":\"last\"}\n\n")})
		require.NoError(t, err, message)
		if !is {
			message = `{"id":1,"result":"last"}`
		}
		assert.Equal(t, message, body)
	}
}

func TestACarrierHasDefaultBounds(t *testing.T) {
	t.Parallel()
	body, _, err := ask(t, &Carrier{Next: stream("data: {\"method\":\"a\"}\n\ndata: {\"result\":{}}\n\n")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"result":{}}`, body)
}

func TestAStreamThatIsCompressedIsRead(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, "data: {\"result\":{}}\n\n")
	require.NoError(t, z.Close())
	n := stream("")
	n.header.Set("Content-Encoding", "gzip")
	n.body = &zipped
	body, answer, err := ask(t, &Carrier{Next: n, MaxEvent: 1000, MaxStream: 1 << 20})
	require.NoError(t, err)
	assert.JSONEq(t, `{"result":{}}`, body)
	assert.Empty(t, answer.Header.Get("Content-Encoding"))
}

// faults 2 and 47
func TestAStreamWithoutAnAnswerIsAFault(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, n := range []*next{stream(""), stream("data: {\"method\":\"a\"}\n\n"), stream("data: {\"result\":{}}")} {
		_, _, err := ask(t, &Carrier{Next: n, MaxEvent: 1000, MaxStream: 1 << 20})
		require.ErrorIs(t, err, errNoAnswer)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.True(t, n.closed)
	}
	n := stream("")
	n.body = iotest.ErrReader(broken)
	_, _, err := ask(t, &Carrier{Next: n, MaxEvent: 1000, MaxStream: 1 << 20})
	require.ErrorIs(t, err, broken)
	_, _, err = ask(t, &Carrier{Next: &next{err: broken}, MaxEvent: 1000, MaxStream: 1 << 20})
	require.ErrorIs(t, err, broken)
	n = stream("")
	n.body = repeat('\n')
	_, _, err = ask(t, &Carrier{Next: n, MaxEvent: 1000, MaxStream: 1 << 20})
	require.ErrorIs(t, err, errNoAnswer, "an endless stream")
}

// fault 20: what reads the answer sees that it is too long.
func TestAnAnswerThatIsTooLongIsHandedOnCut(t *testing.T) {
	t.Parallel()
	body, _, err := ask(t, &Carrier{Next: stream("data: {\"result\":\"" + strings.Repeat("x", 1000) + "\"}\n\n"), MaxEvent: 100, MaxStream: 1 << 20})
	require.NoError(t, err)
	assert.Len(t, body, 101)
}

func TestWhatIsNoStreamIsHandedOn(t *testing.T) {
	t.Parallel()
	n := &next{header: http.Header{"Content-Type": {"application/json"}}, body: strings.NewReader("data: x\n\n")}
	body, _, err := ask(t, &Carrier{Next: n, MaxEvent: 100, MaxStream: 1 << 20})
	require.NoError(t, err)
	assert.Equal(t, "data: x\n\n", body)
}

func TestARequestThatIsNoJSONRPCIsNotSent(t *testing.T) {
	t.Parallel()
	for _, body := range []io.Reader{nil, strings.NewReader("x"), iotest.ErrReader(errors.New("broken"))} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://h/mcp", body)
		require.NoError(t, err)
		_, err = (&Carrier{Next: &next{}}).RoundTrip(r)
		require.Error(t, err)
	}
	_, err := told{}.RoundTrip(httptest.NewRequest(http.MethodPost, "http://h/", nil))
	require.Error(t, err)
}

func TestEveryListenerIsToldUntilSomethingWasMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f Feed
		f.Tell(transport.Status{ID: "0"})
		f.Missed()
		const listeners = 3
		told, ended := make(chan transport.Status, 10), make(chan error, listeners)
		for range listeners {
			go func() { ended <- f.Notify(t.Context(), func(st transport.Status) { told <- st }) }()
		}
		synctest.Wait()
		f.Tell(transport.Status{ID: "1"})
		assert.Len(t, told, listeners)
		f.Missed()
		f.Tell(transport.Status{ID: "2"})
		assert.Len(t, told, listeners)
		for range listeners {
			require.ErrorIs(t, <-ended, errMissed)
		}
	})
}

func TestNotifyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f Feed
		left := errors.New("left")
		ctx, cancel := context.WithCancelCause(t.Context())
		told, ended := make(chan transport.Status, 10), make(chan error, 1)
		notify := func(st transport.Status) { told <- st }
		go func() { ended <- f.Notify(ctx, notify) }()
		synctest.Wait()
		cancel(left)
		require.ErrorIs(t, <-ended, left)
		f.Tell(transport.Status{ID: "1"})
		assert.Empty(t, told, "notify was called after Notify had returned")
		require.ErrorIs(t, f.Notify(ctx, notify), left)
	})
}

// repeat is an endless stream of one byte.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}
