package web_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault 6, fault 7: what no real server is made to do in package rest's tests.
func TestClassOfFaultTellsWhatWillNotPass(t *testing.T) {
	t.Parallel()
	alert := &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}
	for _, c := range []struct {
		err  error
		want transport.Class
		code int
	}{
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, transport.Misdirected, 0},
		{tls.RecordHeaderError{}, transport.Misdirected, 0},
		{http.ErrSchemeMismatch, transport.Misdirected, 0},
		{alert, transport.Misdirected, 0},
		{errors.New("tls: server selected unsupported protocol version 301"), transport.Misdirected, 0},
		{errors.New("Proxy Authentication Required"), transport.Permanent, http.StatusProxyAuthRequired},
		{&net.DNSError{IsNotFound: true}, transport.Transient, 0},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, transport.Transient, 0},
		{io.ErrUnexpectedEOF, transport.Transient, 0},
	} {
		class, code := web.ClassOfFault(&url.Error{Op: "Get", URL: "http://h/?q", Err: c.err})
		assert.Equal(t, c.want, class, c.err)
		assert.Equal(t, c.code, code, c.err)
	}
}

// fault 7: a proxy that is busy, or that gave up a request of its own, will be asked again.
func TestTheRefusalOfAProxyIsPermanentUnlessItWillPass(t *testing.T) {
	t.Parallel()
	pool := web.NewPool(nil, 1)
	for code, want := range map[int]transport.Class{400: transport.Permanent, 403: transport.Permanent, 404: transport.Permanent, 407: transport.Permanent,
		408: transport.Transient, 421: transport.Permanent, 425: transport.Transient, 429: transport.Throttled, 499: transport.Transient,
		500: transport.Transient, 502: transport.Transient, 503: transport.Transient} {
		refused := pool.OnProxyConnectResponse(t.Context(), nil, nil, &http.Response{StatusCode: code})
		class, said := web.ClassOfFault(&url.Error{Op: "Get", URL: "http://h/?q", Err: refused})
		assert.Equal(t, want, class, code)
		assert.Equal(t, code, said)
	}
}

// fault 44
func TestSafeErrorsKeepTheirChainAndLoseTheirURL(t *testing.T) {
	t.Parallel()
	cause := &net.OpError{Op: "dial", Err: errors.New("known secret and http://u:canary@h/")}
	err := web.Safe(&url.Error{Op: "Get", URL: "http://h/?canary", Err: &url.Error{Err: cause}}, "known")
	assert.Equal(t, "dial: [redacted] secret and http://[redacted]@h/", err.Error())
	assert.ErrorIs(t, err, cause)
	var op *net.OpError
	assert.ErrorAs(t, err, &op)
	assert.NotContains(t, web.Safe(&url.Error{Op: "Get", URL: "http://h/?canary"}).Error(), "canary")
	assert.Same(t, io.EOF, web.Safe(io.EOF))
}

// fault 19
func TestTokensAskTheSourceOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		tokens := web.NewTokens(func(context.Context) (string, error) {
			time.Sleep(time.Second)
			return "token-" + strconv.FormatInt(asked.Add(1), 10), nil
		})
		var stale *web.Token
		for round := range int64(3) {
			var got [100]*web.Token
			var all sync.WaitGroup
			for i := range got {
				all.Go(func() { got[i], _ = tokens.Get(t.Context(), stale) })
			}
			all.Wait()
			assert.Equal(t, round+1, asked.Load())
			for i := range got {
				require.NotNil(t, got[i])
				assert.Same(t, got[0], got[i])
				assert.NotSame(t, stale, got[i])
			}
			stale = got[0]
		}
	})
}

// fault 19
func TestTokensShareAFailureButNotTheEndOfAnothersContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		broken := errors.New("source is down")
		tokens := web.NewTokens(func(ctx context.Context) (string, error) {
			if asked.Add(1) == 1 {
				<-ctx.Done()
				return "", ctx.Err()
			}
			time.Sleep(time.Second)
			return "", broken
		})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := tokens.Get(ctx, nil)
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		for range 10 {
			all.Go(func() {
				_, err := tokens.Get(t.Context(), nil)
				assert.ErrorIs(t, err, broken)
			})
		}
		waiting, give := context.WithCancelCause(t.Context())
		all.Go(func() {
			_, err := tokens.Get(waiting, nil)
			assert.ErrorIs(t, err, io.EOF)
		})
		synctest.Wait()
		give(io.EOF)
		synctest.Wait()
		cancel()
		all.Wait()
		assert.EqualValues(t, 2, asked.Load())
	})
}

// fault 35
func TestTokensSurviveASourceThatPanics(t *testing.T) {
	t.Parallel()
	first := true
	tokens := web.NewTokens(func(context.Context) (string, error) {
		if first {
			first = false
			panic("source")
		}
		return "t", nil
	})
	assert.Panics(t, func() { _, _ = tokens.Get(t.Context(), nil) })
	token, err := tokens.Get(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "t", token.Value)
}

// fault 32
func TestTokensRefuseWhatAHeaderCannotCarry(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "two\nlines", "\x7f", " \n"} {
		_, err := web.NewTokens(func(context.Context) (string, error) { return bad, nil }).Get(t.Context(), nil)
		assert.ErrorContains(t, err, "token source: the token ")
	}
	token, err := web.NewTokens(func(context.Context) (string, error) { return "\tfrom a file\r\n", nil }).Get(t.Context(), nil)
	require.NoError(t, err, "a file ends with a line break")
	assert.Equal(t, &web.Token{Value: "from a file", Header: []string{"Bearer from a file"}}, token)
}

// fault 42
func TestSameOriginKnowsDefaultPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"http://h/a", "http://h:80/b", true},
		{"https://h", "https://H:443", true},
		{"https://h", "http://h", false},
		{"http://h:443", "https://h:443", false},
		{"http://h", "http://h:8080", false},
		{"http://h", "http://h.evil", false},
		{"http://[::1]", "http://[::1]:80", true},
	} {
		a, err := url.Parse(c.a)
		require.NoError(t, err)
		b, err := url.Parse(c.b)
		require.NoError(t, err)
		assert.Equal(t, c.want, web.SameOrigin(a, b), "%s %s", a, b)
	}
}

func TestAMediaTypeIsReadWhateverItsParametersAre(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"": "", "Text/Event-Stream": "text/event-stream", "text/event-stream ; charset=utf-8; charset=UTF-8": "text/event-stream", "text/html; charset": "text/html",
	} {
		assert.Equal(t, want, web.MediaType(http.Header{"Content-Type": {value}}))
	}
}
