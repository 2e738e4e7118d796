package rest_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// canary is a secret that must appear nowhere.
const canary = "CANARY"

// proxy starts the environment's proxy, which refuses all requests, and returns its address.
var proxy = sync.OnceValue(func() string {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	})).Listener.Addr().String()
})

// raw serves each connection with f until the test ends, and returns its URL.
func raw(t testing.TB, f func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	rawOn(t, l, f)
	return "http://" + l.Addr().String()
}

func rawOn(t testing.TB, l net.Listener, f func(net.Conn)) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				f(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
}

// hear reads the headers of one request.
func hear(c net.Conn) error {
	_, err := http.ReadRequest(bufio.NewReader(c))
	return err
}

func answer(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// fault 1
func TestARefusedConnectionIsTransientAndHealsByItself(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	c := client(t, "http://"+address)
	_, err = c.Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)

	l, err = net.Listen("tcp", address)
	require.NoError(t, err)
	rawOn(t, l, func(conn net.Conn) {
		if hear(conn) == nil {
			_, _ = io.WriteString(conn, answer(status("completed")))
		}
	})
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, s.State)
}

// fault 2
func TestAPartialBodyIsThrownAwayAndAskedForAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	url := raw(t, func(conn net.Conn) {
		if hear(conn) != nil {
			return
		}
		full := answer(status("completed"))
		if n := asked.Add(1); n%3 != 0 {
			full = full[:len(full)-int(n)] // the last one lacks only its closing braces
		}
		_, _ = io.WriteString(conn, full)
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	s, err := client(t, url).Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, s.State)
	assert.EqualValues(t, 3, asked.Load())

	s, err = client(t, url, oneAttempt).Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err))
	assert.Zero(t, s)
}

// inMemory returns a client that reaches f, inside a bubble with virtual time.
func inMemory(t *testing.T, f func(net.Conn), opts ...rest.Option) *rest.Client {
	var all sync.WaitGroup
	pool := web.NewPool(nil, rest.DefaultMaxConnections)
	pool.Proxy = nil
	pool.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		all.Go(func() {
			defer far.Close()
			f(far)
		})
		return near, nil
	}
	t.Cleanup(func() {
		pool.CloseIdleConnections()
		all.Wait()
	})
	return client(t, "http://jobs.test", append(opts, rest.WithRoundTripper(pool))...)
}

var errPollTimeout = errors.New("poll timeout")

// fault 3, fault 4
func TestAPollEndsWithItsContextWhateverTheServerDoes(t *testing.T) {
	t.Parallel()
	full := answer(status("completed"))
	for name, server := range map[string]func(net.Conn){
		"half an answer, then silence": func(conn net.Conn) {
			_ = hear(conn)
			_, _ = io.WriteString(conn, full[:len(full)-9])
			_, _ = io.Copy(io.Discard, conn) // until the other side closes the connection
		},
		"a byte a second": func(conn net.Conn) {
			_ = hear(conn)
			for _, b := range []byte(full) {
				time.Sleep(time.Second)
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := inMemory(t, server)
				ctx, cancel := wait.WithTimeout(t.Context(), clock.New(), 9*time.Second, errPollTimeout)
				defer cancel()
				start := time.Now()
				s, err := c.Status(ctx, "7")
				assert.ErrorIs(t, err, errPollTimeout)
				assert.EqualError(t, err, "rest: GET http://jobs.test/status/7: poll timeout")
				assert.NotErrorAs(t, err, new(*transport.Error), "it is no fault of the service")
				assert.Zero(t, s)
				assert.Equal(t, 9*time.Second, time.Since(start))
			})
		})
	}
}

// frozen is a connection that drops what is written to it once it is frozen.
type frozen struct {
	net.Conn
	dead *atomic.Bool
}

func (f frozen) Write(b []byte) (int, error) {
	if f.dead.Load() {
		return len(b), nil
	}
	return f.Conn.Write(b)
}

// fault 3: without pings, HTTP/2 would use a dead connection for ever.
func TestADeadHTTP2ConnectionIsDialedAgainWithinHalfAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own, trust := certificate(t, "jobs.test", time.Now().Add(time.Hour))
		conns := make(chan net.Conn)
		server := &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, 2, r.ProtoMajor)
				say(200, status("running"))(w, r)
			}),
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{own}},
		}
		go func() { _ = server.ServeTLS(listener(conns), "", "") }()
		var dead atomic.Bool // whether the first connection is dead
		dials := 0
		pool := web.NewPool(&tls.Config{RootCAs: trust}, rest.DefaultMaxConnections)
		pool.Proxy = nil
		pool.DialContext = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			conns <- far
			if dials++; dials == 1 {
				return frozen{near, &dead}, nil
			}
			return near, nil
		}
		c := client(t, "https://jobs.test", rest.WithRoundTripper(pool), oneAttempt)
		_, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		dead.Store(true)
		start := time.Now()
		for {
			if _, err = c.Status(t.Context(), "7"); err == nil {
				break
			}
			require.Equal(t, transport.Transient, classOf(t, err))
			require.LessOrEqual(t, time.Since(start), 30*time.Second)
		}
		assert.Equal(t, 2, dials)
		pool.CloseIdleConnections()
		require.NoError(t, server.Close())
	})
}

// listener returns the connections that it is given, until it is closed.
type listener chan net.Conn

func (l listener) Accept() (net.Conn, error) {
	c, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l listener) Close() error {
	close(l)
	return nil
}

func (l listener) Addr() net.Addr { return &net.TCPAddr{} }

// fault 8
func TestHeadersHaveTenSecondsAndAreNotAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, func(conn net.Conn) {
			_ = hear(conn)
			_, _ = io.Copy(io.Discard, conn)
		})
		start := time.Now()
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Transient, classOf(t, err))
		assert.ErrorContains(t, err, "timeout awaiting response headers")
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}

// fault 8
func TestAFloodOfHeadersIsCutOff(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	c := client(t, raw(t, func(conn net.Conn) {
		_ = hear(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for i := 0; ; i++ {
			n, err := fmt.Fprintf(conn, "X-%d: %s\r\n", i, strings.Repeat("x", 1000))
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}), oneAttempt)
	_, err := c.Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err))
	assert.ErrorContains(t, err, "server response headers exceeded 65536 bytes")
}

// fault 5
func TestAnUnknownHostIsTransientAndTyped(t *testing.T) {
	t.Parallel()
	pool := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "jobs.test", IsNotFound: true}
	}}
	_, err := client(t, "http://jobs.test", rest.WithRoundTripper(pool)).Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err))
	var dns *net.DNSError
	assert.ErrorAs(t, err, &dns)
}

// certificate returns a certificate for host that is valid until the given time, and a pool that
// trusts it.
func certificate(t *testing.T, host string, until time.Time) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-time.Hour * 24), NotAfter: until,
		DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, trusted
}

// fault 6
func TestUntrustedTLSIsMisdirectedAfterOneRequest(t *testing.T) {
	t.Parallel()
	tomorrow := time.Now().Add(24 * time.Hour)
	for _, c := range []struct {
		name, host string
		until      time.Time
		trusted    bool
		want       string
	}{
		{"good", "127.0.0.1", tomorrow, true, ""},
		{"expired", "127.0.0.1", time.Now().Add(-time.Hour), true, "certificate has expired"},
		{"another name", "other.test", tomorrow, true, "certificate"},
		{"unknown authority", "127.0.0.1", tomorrow, false, "unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			own, trust := certificate(t, c.host, c.until)
			s := httptest.NewUnstartedServer(say(200, status("completed")))
			var dialed atomic.Int64
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					dialed.Add(1)
				}
			}
			s.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
			s.TLS = &tls.Config{Certificates: []tls.Certificate{own}}
			s.EnableHTTP2 = true
			s.StartTLS()
			t.Cleanup(s.Close)
			if !c.trusted {
				trust = x509.NewCertPool()
			}
			config := &tls.Config{RootCAs: trust}
			_, err := client(t, s.URL, rest.WithTLSConfig(config)).Status(t.Context(), "7")
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, transport.Misdirected, classOf(t, err))
			assert.ErrorContains(t, err, c.want)
			assert.EqualValues(t, 1, dialed.Load())
		})
	}
	t.Run("no TLS at all", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewServer(say(200, ""))
		t.Cleanup(s.Close)
		_, err := client(t, strings.Replace(s.URL, "http:", "https:", 1)).Status(t.Context(), "7")
		assert.Equal(t, transport.Misdirected, classOf(t, err))
		assert.ErrorIs(t, err, http.ErrSchemeMismatch)
	})
}

// fault 7, fault 44
func TestTheEnvironmentsProxyIsAskedAndItsRefusalIsPermanent(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		_, err := client(t, scheme+"://jobs.invalid").Status(t.Context(), "7")
		assert.Equal(t, transport.Permanent, classOf(t, err))
		assert.ErrorContains(t, err, "407 Proxy Authentication Required")
		assert.NotContains(t, err.Error(), canary)
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, http.StatusProxyAuthRequired, e.Code)
	}
}

// fault 9
func TestAGETSurvivesAServerThatClosesAfterEachAnswer(t *testing.T) {
	t.Parallel()
	c := client(t, raw(t, func(conn net.Conn) {
		if hear(conn) == nil {
			_, _ = io.WriteString(conn, answer(status("running"))) // without "Connection: close"
		}
	}))
	n := 10_000
	if testing.Short() {
		n = 500
	}
	for range n {
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		require.Equal(t, transport.Running, s.State)
	}
}

// fault 9
func TestACreateIsSentAgainWithAKeyAlone(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var keys []string
	url := raw(t, func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, r.Method+" "+r.Header.Get("Idempotency-Key")+" "+string(body))
	})
	c := client(t, url)
	take := func() []string {
		mu.Lock()
		defer mu.Unlock()
		got := keys
		keys = nil
		return got
	}
	_, err := c.Create(t.Context(), transport.CreateRequest{Input: 1})
	assert.Equal(t, transport.Transient, classOf(t, err))
	assert.Equal(t, []string{"POST  1"}, take())
	_, err = c.Create(t.Context(), transport.CreateRequest{Input: 1, IdempotencyKey: "k"})
	assert.Equal(t, transport.Transient, classOf(t, err))
	assert.Equal(t, []string{"POST k 1", "POST k 1", "POST k 1"}, take())
	assert.Error(t, c.Cancel(t.Context(), "7"))
	assert.Equal(t, []string{"DELETE  ", "DELETE  ", "DELETE  "}, take())

	busy := 0
	c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		busy++
		say(503, "")(w, r)
	}, rest.WithDialect(rest.Dialect{Cancel: rest.Call{Method: http.MethodPost, Path: "/{id}/cancel"}}))
	_, err = c.Create(t.Context(), transport.CreateRequest{})
	assert.Error(t, err)
	assert.Error(t, c.Cancel(t.Context(), "7"))
	assert.Equal(t, 2, busy, "neither may reach the service twice")
}

// closer counts the calls of CloseIdleConnections that go-retryablehttp would make on a shared
// pool.
type closer struct {
	tripper
	closed *int
}

func (c closer) CloseIdleConnections() { *c.closed++ }

// fault 10
func TestCloseIdleConnectionsIsHidden(t *testing.T) {
	t.Parallel()
	closed := 0
	refuse := func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	for _, opt := range []rest.Option{
		rest.WithRoundTripper(closer{refuse, &closed}),
		rest.WithHTTPClient(&http.Client{Transport: closer{refuse, &closed}}),
	} {
		c := client(t, "http://jobs.test", opt)
		_, err := c.Status(t.Context(), "7")
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NoError(t, c.Close())
	}
	assert.Zero(t, closed)
}

// A silent body returns neither bytes nor an error.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }
func (silent) Close() error             { return nil }

// fault 53: a body that returns nothing does not keep its goroutine for ever.
func TestABodyThatSaysNothingIsABrokenOne(t *testing.T) {
	t.Parallel()
	c := client(t, "http://jobs.test", rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: silent{}, Request: r}, nil
	})))
	_, err := c.Status(t.Context(), "7")
	require.ErrorIs(t, err, io.ErrNoProgress)
	assert.Equal(t, transport.Transient, classOf(t, err))
}

// observed returns a context with a clock and a logger, as a Watcher passes it, and the log.
func observed(t *testing.T, clk clock.Clock) (context.Context, *observer.ObservedLogs) {
	core, logs := observer.New(zapcore.DebugLevel)
	return wait.NewContext(t.Context(), wait.Carried{Clock: clk, Logger: zap.New(core)}), logs
}

// fault 15: when the Watcher's budget is empty, a poll is one request.
func TestNoCallIsSentAgainWithoutABudget(t *testing.T) {
	t.Parallel()
	for budget, want := range map[bool]int{true: 1 + rest.DefaultRetries, false: 1} {
		sent := 0
		refuse := func(*http.Request) (*http.Response, error) { sent++; return nil, io.ErrUnexpectedEOF }
		synctest.Test(t, func(t *testing.T) {
			ctx := wait.NewContext(t.Context(), wait.Carried{Clock: clock.New(), Logger: zap.NewNop(), Retry: func(transport.Class) bool { return budget }})
			_, err := client(t, "http://jobs.test", rest.WithRoundTripper(closer{refuse, new(int)})).Status(ctx, "7")
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		})
		assert.Equal(t, want, sent)
	}
}

// The waits between attempts are exact, in virtual time.
func TestAttemptsOfOnePollAreFewAndShortAndLogged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code     int
		after    string
		attempts int
		least    time.Duration
		most     time.Duration
	}{
		{502, "", 3, 150 * time.Millisecond, 300 * time.Millisecond},
		{503, "", 3, 150 * time.Millisecond, 300 * time.Millisecond},
		{504, "1", 3, 2 * time.Second, 2 * time.Second},
		{503, "1", 3, 2 * time.Second, 2 * time.Second},
		{503, "2", 1, 0, 0},
		{502, "3600", 1, 0, 0},
		{429, "1", 1, 0, 0},
		{500, "", 1, 0, 0},
		{408, "", 1, 0, 0},
		{404, "", 1, 0, 0},
		{0, "", 3, 150 * time.Millisecond, 300 * time.Millisecond},
	} {
		t.Run(fmt.Sprintf("%d after %q", row.code, row.after), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, logs := observed(t, clock.New())
				c := client(t, "http://jobs.test", rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
					if row.code == 0 {
						return nil, io.ErrUnexpectedEOF
					}
					return &http.Response{StatusCode: row.code, Header: http.Header{"Retry-After": {row.after}}}, nil
				})))
				start := time.Now()
				_, err := c.Status(ctx, "7")
				assert.Error(t, err)
				waited := time.Since(start)
				assert.GreaterOrEqual(t, waited, row.least)
				assert.LessOrEqual(t, waited, row.most)
				require.Equal(t, row.attempts, logs.Len())
				var logged time.Duration
				for i, entry := range logs.All() {
					fields := entry.ContextMap()
					assert.Equal(t, "jobs.test", fields["host"])
					assert.Equal(t, "/status/7", fields["path"])
					assert.EqualValues(t, i+1, fields["request"])
					assert.NotContains(t, fields, "attempt", "that counts the polls of a watch")
					assert.EqualValues(t, row.code, fields["code"])
					assert.Equal(t, zapcore.DebugLevel, entry.Level)
					assert.Equal(t, "rest", entry.LoggerName)
					next, again := fields["wait"]
					assert.Equal(t, i < row.attempts-1, again)
					if again {
						logged += next.(time.Duration)
					}
					after, named := fields["retry_after"]
					assert.Equal(t, row.after != "", named)
					if named {
						assert.Equal(t, row.after+"s", fmt.Sprint(after.(time.Duration).Seconds(), "s"))
					}
				}
				assert.Equal(t, waited, logged, "each wait is in the line before it")
			})
		})
	}
}

// The same waits use clock.Mock, where time stands still until the test advances it.
func TestAttemptsWaitOnTheContextsClock(t *testing.T) {
	t.Parallel()
	mock := &watched{Mock: clock.NewMock(), parked: make(chan struct{}, 1)}
	ctx, _ := observed(t, mock)
	asked := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 3 {
			say(503, "")(w, r)
			return
		}
		say(200, status("completed"))(w, r)
	})
	done := make(chan transport.Status)
	go func() {
		s, err := c.Status(ctx, "7")
		assert.NoError(t, err)
		done <- s
	}()
	for range 2 {
		<-mock.parked
		mock.Add(200 * time.Millisecond)
	}
	assert.Equal(t, transport.Completed, (<-done).State)
	assert.Equal(t, 3, asked)
}

// watched is a clock that reports when a timer is set.
type watched struct {
	*clock.Mock
	parked chan struct{}
}

func (w *watched) AfterFunc(d time.Duration, f func()) *clock.Timer {
	timer := w.Mock.AfterFunc(d, f)
	w.parked <- struct{}{}
	return timer
}

// fault 39
func TestAContextThatEndsBetweenAttemptsEndsThePollAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t, "http://jobs.test", rest.WithRetries(10), rest.WithRoundTripper(
			tripper(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 503}, nil })))
		ctx, cancel := wait.WithTimeout(t.Context(), clock.New(), 5*time.Second, errPollTimeout)
		defer cancel()
		start := time.Now()
		_, err := c.Status(ctx, "7")
		assert.Equal(t, 5*time.Second, time.Since(start))
		assert.ErrorIs(t, err, errPollTimeout)
		assert.ErrorContains(t, err, "503 Service Unavailable")
		assert.Equal(t, 503, func() int { var e *transport.Error; require.ErrorAs(t, err, &e); return e.Code }())
	})
}

// fault 38
func TestAContextThatEndedIsNoReasonToAskAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []int{401, 503} {
		ctx, logs := observed(t, clock.New())
		ctx, cancel := context.WithCancel(ctx)
		tokens := 0
		c := client(t, "http://jobs.test",
			rest.WithToken(func(context.Context) (string, error) { tokens++; return "t", nil }),
			rest.WithRoundTripper(tripper(func(*http.Request) (*http.Response, error) {
				cancel()
				return &http.Response{StatusCode: code}, nil
			})))
		_, err := c.Status(ctx, "7")
		assert.ErrorContains(t, err, http.StatusText(code), "the answer was there first")
		assert.Equal(t, 1, tokens)
		assert.Zero(t, logs.FilterMessage("asking again").Len())
	}
}

// fault 19
func TestATokenThatIsRefusedIsReplacedOnceInACall(t *testing.T) {
	t.Parallel()
	asked, valid := 0, "token-2"
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+valid:
			say(401, "who are you?")(w, r)
		case r.Method == http.MethodPost:
			say(200, `{"payload":{"jobID":"7"}}`)(w, r)
		default:
			say(200, status("running"))(w, r)
		}
	}, rest.WithToken(func(context.Context) (string, error) { asked++; return fmt.Sprintf("token-%d", asked), nil }))
	_, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, 2, asked)

	valid = "token-3"
	_, err = c.Create(t.Context(), transport.CreateRequest{}) // a refused create has started nothing
	require.NoError(t, err)
	assert.Equal(t, 3, asked)

	valid = "token-9"
	_, err = c.Status(t.Context(), "7")
	assert.Equal(t, transport.Permanent, classOf(t, err))
	assert.ErrorContains(t, err, "401 Unauthorized: `who are you?`")
	assert.Equal(t, 4, asked)
}

// Without a credential, the error of a 401 says which option sets one.
func TestA401WithoutACredentialNamesTheOption(t *testing.T) {
	t.Parallel()
	token := func(context.Context) (string, error) { return "7f3c7f3c", nil }
	for name, o := range map[string][]rest.Option{
		"":                       nil,
		"a header":               {rest.WithHeader("X-Api-Key", "7f3c7f3c")},
		"a header of a dialect":  {rest.WithDialect(rest.Dialect{Header: map[string]string{"X-Api-Key": "7f3c7f3c"}})},
		"a key in the query":     {rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/{id}?key=7f3c7f3c"}})},
		"a token":                {rest.WithToken(token)},
		"a token in some header": {rest.WithToken(token), rest.WithTokenHeader("X-Api-Key")},
	} {
		c := serve(t, say(401, `who are you?`), o...)
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Permanent, classOf(t, err), name)
		const hint = "401 Unauthorized: `who are you?`, and no token was sent (WithToken)"
		if name == "" {
			assert.ErrorContains(t, err, hint)
		} else {
			assert.NotContains(t, err.Error(), "WithToken", name)
		}
		_, err = serve(t, say(403, `{}`), o...).Status(t.Context(), "7")
		assert.NotContains(t, err.Error(), "WithToken", name)
	}
}

// fault 19: some services refuse an expired token with another code than 401.
func TestATokenThatFaultsSayIsRefusedIsReplacedOnceInACall(t *testing.T) {
	t.Parallel()
	for _, expired := range []struct {
		code int
		body string
	}{
		{403, `{"errors":[{"code":"expired"}]}`}, {400, `{"errors":[{"code":"expired"}]}`}, {200, `{"success":false,"errors":[{"code":"expired"}]}`},
	} {
		asked, valid, key := 0, "token-2", ""
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch key = r.Header.Get("X-Key"); {
			case key != valid:
				say(expired.code, expired.body)(w, r)
			case r.Method == http.MethodPost:
				say(200, `{"id":"7"}`)(w, r)
			case r.URL.Path == "/many":
				say(200, `[{"id":"7","state":"running"}]`)(w, r)
			default:
				say(200, `{"id":"7","state":"running"}`)(w, r)
			}
		}, rest.WithToken(func(context.Context) (string, error) { asked++; return fmt.Sprintf("token-%d", asked), nil }), rest.WithTokenHeader("X-Key"),
			rest.WithDialect(rest.Dialect{ID: "id", State: "state", Batch: rest.Batch{Path: "/many?ids={ids}"},
				Fault: "errors[0].code", Faults: map[string]transport.Class{"expired": transport.Unauthorized, "denied": transport.Permanent}}))
		for n, call := range []func() error{
			func() error { _, err := c.Status(t.Context(), "7"); return err },
			func() error { _, err := c.Create(t.Context(), transport.CreateRequest{}); return err },
			func() error { _, err := c.StatusBatch(t.Context(), []string{"7"}); return err },
			func() error { return c.Cancel(t.Context(), "7") },
		} {
			require.NoError(t, call(), "%d, call %d", expired.code, n)
			assert.Equal(t, valid, key)
			assert.Equal(t, n+2, asked)
			valid = fmt.Sprintf("token-%d", n+3)
		}
		valid = "none"
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Unauthorized, classOf(t, err))
		assert.ErrorContains(t, err, "expired")
		assert.Equal(t, 6, asked, "once in a call")
	}
}

// fault 19
func TestATokenSourcesErrorIsTransientUnlessItSaysOtherwise(t *testing.T) {
	t.Parallel()
	var broken error
	c := serve(t, say(401, ""), rest.WithToken(func(context.Context) (string, error) { return "t", broken }))
	broken = io.ErrUnexpectedEOF
	_, err := c.Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	broken = &transport.Error{Class: transport.Permanent, Err: errors.New("revoked")}
	_, err = c.Status(t.Context(), "7")
	assert.Equal(t, transport.Permanent, classOf(t, err))
	assert.ErrorContains(t, err, "/status/7: token source: revoked")
	broken = &transport.Error{Class: transport.Throttled, RetryAfter: 5 * time.Second}
	_, err = c.Status(t.Context(), "7")
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 5*time.Second, e.RetryAfter, "fault 13")
	for _, class := range []transport.Class{transport.NotFound, transport.Malformed, transport.Misdirected, transport.Oversized} {
		broken = &transport.Error{Class: class}
		_, err = c.Status(t.Context(), "7")
		assert.Equal(t, transport.Transient, classOf(t, err), "it says nothing about the job")
	}
}

// fault 41
func TestRedirectsAreForGETAloneAndFiveAtMost(t *testing.T) {
	t.Parallel()
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Key"))
		switch left := strings.TrimPrefix(r.URL.Path, "/status/"); left {
		case "loop":
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		case "0":
			say(200, status("completed"))(w, r)
		default:
			http.Redirect(w, r, "/status/"+string(left[0]-1), http.StatusTemporaryRedirect)
		}
	}, rest.WithHeader("X-Key", "k"))
	s, err := c.Status(t.Context(), "5")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, s.State)
	assert.Equal(t, "5", s.ID)
	require.Len(t, asked, 6)
	assert.Equal(t, "GET /status/0 k", asked[5])

	for id, n := range map[string]int{"6": 6, "loop": 6} {
		asked = nil
		_, err = c.Status(t.Context(), id)
		assert.Equal(t, transport.Misdirected, classOf(t, err))
		assert.ErrorContains(t, err, "more than 5 redirects")
		assert.Len(t, asked, n)
	}
	asked = nil
	err = c.Cancel(t.Context(), "1")
	assert.Equal(t, transport.Misdirected, classOf(t, err))
	assert.ErrorContains(t, err, "only a GET follows one")
	_, err = c.Create(t.Context(), transport.CreateRequest{IdempotencyKey: "k"})
	assert.Equal(t, transport.Misdirected, classOf(t, err))
	assert.Len(t, asked, 2)
}

// fault 42, fault 44
func TestRedirectsToAnotherOriginAreRefusedAndGetNoSecret(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 10)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		say(200, status("completed"))(w, r)
	}))
	t.Cleanup(foreign.Close)
	elsewhere := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, foreign.URL+"/x?t="+canary, http.StatusFound)
	}
	secrets := rest.WithHeader("X-Key", canary)
	_, err := serve(t, elsewhere, secrets).Status(t.Context(), "7")
	assert.Equal(t, transport.Misdirected, classOf(t, err))
	assert.ErrorContains(t, err, "a redirect to another origin")
	assert.NotContains(t, err.Error(), canary)
	assert.Empty(t, seen)

	follow := &http.Client{Transport: new(http.Transport), CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	t.Cleanup(follow.CloseIdleConnections)
	s, err := serve(t, elsewhere, secrets, rest.WithHTTPClient(follow)).Status(t.Context(), "7")
	require.NoError(t, err, "the user's CheckRedirect decides")
	assert.Equal(t, transport.Completed, s.State)
	assert.NotContains(t, fmt.Sprint((<-seen).Header), canary)
}

// fault 44
func TestNoSecretIsInAnyErrorOrLog(t *testing.T) {
	t.Parallel()
	const uncommon = "CANARY-0123456789-CANARY-0123456789" // unknown secrets are masked because of their form
	ctx, logs := observed(t, clock.New())
	echo := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			word := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			fmt.Fprintf(w, `%s? %s? %s %v {"token":"CANARY2","x":%q}`, word, r.URL.Query().Get("key"), r.RequestURI, r.Header, uncommon)
		}
	}
	dialect := rest.WithDialect(rest.Dialect{
		Create: rest.Call{Path: "/?key=CANARY-query"}, Status: rest.Call{Path: "/{id}?key=CANARY-query"},
		Cancel: rest.Call{Path: "/{id}?" + canary},
	})
	token := rest.WithToken(func(context.Context) (string, error) { return "CANARY-token", nil })
	broken := func(err error) rest.Option {
		return rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
			user, password, _ := r.BasicAuth()
			return nil, fmt.Errorf("%s? %s? %s %v: %w", user, password, r.URL, r.Header, err)
		}))
	}
	s := httptest.NewServer(nil)
	t.Cleanup(s.Close)
	withUser := strings.Replace(s.URL, "://", "://CANARY-user:CANARY-password@", 1)
	var clients []*rest.Client
	for _, code := range []int{200, 301, 400, 401, 404, 429, 500, 503} {
		clients = append(clients, serve(t, echo(code), dialect, token, rest.WithHeader("X-Key", "CANARY-header"), oneAttempt))
	}
	clients = append(clients,
		client(t, withUser, dialect, broken(io.ErrUnexpectedEOF)),
		client(t, withUser, dialect, broken(&net.DNSError{}), rest.WithRetries(1)),
		client(t, "http://u:"+canary+"@127.0.0.1:1", dialect, oneAttempt))
	var text strings.Builder
	for _, c := range clients {
		_, err := c.Status(ctx, "7")
		require.Error(t, err)
		_, created := c.Create(ctx, transport.CreateRequest{})
		canceled := c.Cancel(ctx, "7")
		for err := range chain(errors.Join(err, created, canceled)) {
			fmt.Fprintf(&text, "%v\n%+v\n%#v\n", err, err, err)
		}
		fmt.Fprintf(&text, "%v %+v %#v\n", c, c, c)
	}
	for _, entry := range logs.All() {
		fmt.Fprintf(&text, "%s %v\n", entry.Message, entry.ContextMap())
	}
	require.NotZero(t, logs.Len())
	for line := range strings.Lines(text.String()) {
		assert.NotContains(t, line, canary)
	}
}

// chain yields err and all that it wraps, as errors.Is sees it.
func chain(err error) func(func(error) bool) {
	var walk func(error, func(error) bool) bool
	walk = func(err error, yield func(error) bool) bool {
		if err == nil {
			return true
		}
		if _, joined := err.(interface{ Unwrap() []error }); !joined && !yield(err) {
			return false
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			return walk(e.Unwrap(), yield)
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				if !walk(inner, yield) {
					return false
				}
			}
		}
		return true
	}
	return func(yield func(error) bool) { walk(err, yield) }
}

// fault 33
func TestAClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimPrefix(r.URL.Path, "/status/")
		w.Header().Set("ETag", `"`+id+`"`)
		fmt.Fprintf(w, `{"payload":{"status":"running","message":%q,"result":%q,"jobID":"x"}}`, id, id)
	})
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for n := range 20 {
				id := fmt.Sprintf("%d-%d", i, n)
				s, err := c.StatusSince(t.Context(), id, transport.Status{Revision: `"a"`})
				if assert.NoError(t, err) {
					assert.Equal(t, transport.Status{ID: id, State: transport.Running, Raw: "running", Message: id,
						Result: []byte(`"` + id + `"`), Revision: `"` + id + `"`}, s)
				}
				_, err = c.Create(t.Context(), transport.CreateRequest{IdempotencyKey: id})
				assert.NoError(t, err)
				assert.NoError(t, c.Cancel(t.Context(), id))
				assert.NoError(t, c.Close())
			}
		})
	}
	all.Wait()
}
