package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 54: the peer keeps the connection open, and no context ends reading the body of a 101.
func TestASwitchOfProtocolsEndsThePollAtOnce(t *testing.T) {
	t.Parallel()
	kept := make(chan error, 3)
	c := client(t, raw(t, func(conn net.Conn) {
		_ = hear(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, err := conn.Read(make([]byte, 1)) // until the other side closes the connection
		kept <- err
	}), batched(joined))
	for _, ask := range []func() error{
		func() error { _, err := c.Status(t.Context(), "7"); return err },
		func() error { _, err := c.StatusBatch(t.Context(), []string{"a", "b"}); return err },
		func() error {
			_, err := c.Create(t.Context(), transport.CreateRequest{IdempotencyKey: "k"})
			return err
		},
	} {
		err := ask()
		assert.Equal(t, transport.Permanent, classOf(t, err))
		assert.ErrorContains(t, err, "101 Switching Protocols")
		assert.Error(t, <-kept, "the connection is closed")
	}
}

// fault 54
func TestInformationalAnswersAreBoundedAndAnErrorByThemselves(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	c := client(t, raw(t, func(conn net.Conn) {
		_ = hear(conn)
		for {
			n, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}), oneAttempt)
	_, err := c.Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err))
	for _, code := range []int{100, 102, 103, 199} {
		read := false
		c := client(t, "http://jobs.test", rest.WithRoundTripper(tripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: code, Body: io.NopCloser(reader(func([]byte) (int, error) { read = true; return 0, io.EOF }))}, nil
		})))
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Permanent, classOf(t, err), code)
		assert.False(t, read, code)
	}
}

type reader func([]byte) (int, error)

func (f reader) Read(p []byte) (int, error) { return f(p) }

func zipped(content string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, content)
	_ = z.Close()
	return b.String()
}

// fault 60: compressed data may decompress to nothing without an end.
func TestCompressedNothingIsBoundedOnTheWire(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	nothing := strings.Repeat(zipped(""), 1000)
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		for {
			n, err := io.WriteString(w, nothing)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}, rest.WithMaxBody(64<<10))
	_, err := c.Status(t.Context(), "7")
	assert.ErrorContains(t, err, "body too large: at most 65536 bytes (WithMaxBody)")
	assert.Equal(t, transport.Malformed, classOf(t, err))
	assert.Less(t, sent.Load(), int64(16<<20), "the rest is what the network holds")
}

// fault 17: the error names the encoding, because nothing else explains the body.
func TestAnEncodingThatIsNotSupportedIsNamed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		encoding string
		isNamed  bool
	}{{"br", true}, {"gzip, zstd", true}, {"gzip", false}, {"none", false}, {"", false}} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", row.encoding)
			_, _ = io.WriteString(w, "\x1b\x10\x00\xf8")
		})
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Malformed, classOf(t, err))
		assert.ErrorContains(t, err, "is not JSON")
		assert.Equal(t, row.isNamed, strings.Contains(err.Error(), fmt.Sprintf("the content encoding %q, and only gzip is supported", row.encoding)), "%v", err)
	}
}

// fault 20
func TestAnAnswerIsReadHoweverItIsCompressed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ encoding, body string }{
		"not at all":                {"", status("running")},
		"gzip":                      {"gzip", zipped(status("running"))},
		"by its old name":           {"X-GZip", zipped(status("running"))},
		"in two members":            {"gzip", zipped(`{"payload":{"status"`) + zipped(`:"running"}}`)},
		"with zeros after it":       {"gzip", zipped(status("running")) + "\x00\x00\x00"},
		"with a line after it":      {"gzip", zipped(status("running")) + "\r\n"},
		"decoded by somebody":       {"gzip", status("running")},
		"with a byte order mark":    {"", "\ufeff" + status("running")},
		"gzip, with a mark":         {"gzip", zipped("\ufeff" + status("running"))},
		"nothing, with a code of 2": {"gzip", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var open gauge
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
				if row.encoding != "" {
					w.Header().Set("Content-Encoding", row.encoding)
				}
				if row.body == "" {
					w.WriteHeader(http.StatusAccepted)
				}
				_, _ = io.WriteString(w, row.body)
			}))
			s.Config.ConnState = open.watch
			s.Start()
			t.Cleanup(s.Close)
			for _, opt := range []rest.Option{rest.WithRoundTripper(nil), rest.WithHTTPClient(&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}})} {
				c := client(t, s.URL, opt)
				for range 16 {
					got, err := c.Status(t.Context(), "7")
					require.NoError(t, err)
					if row.body != "" {
						assert.Equal(t, transport.Running, got.State)
					} else {
						assert.Equal(t, transport.Pending, got.State)
					}
				}
			}
			s.CloseClientConnections()
			open.mu.Lock()
			defer open.mu.Unlock()
			assert.LessOrEqual(t, open.total, 8, "a connection serves again, unless the machine is slow")
		})
	}
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		body := zipped(status("completed"))
		_, _ = io.WriteString(w, body[:len(body)-4]+"oops")
	}, oneAttempt)
	_, err := c.Status(t.Context(), "7")
	assert.Equal(t, transport.Transient, classOf(t, err), "damaged on the way")
}

func TestATransportThatWantsNoCompressionAsksForNone(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header["Accept-Encoding"])
		say(200, status("running"))(w, r)
	}))
	t.Cleanup(s.Close)
	pool := &http.Transport{DisableCompression: true}
	t.Cleanup(pool.CloseIdleConnections)
	_, err := client(t, s.URL, rest.WithRoundTripper(pool)).Status(t.Context(), "7")
	assert.NoError(t, err)
}

// fault 20
func TestTheAnswersSizeIsAnOption(t *testing.T) {
	t.Parallel()
	result := strings.Repeat("A", 3<<20)
	body := fmt.Sprintf(`{"payload":{"status":"completed","result":%q}}`, result)
	for _, row := range []struct {
		most int
		fits bool
	}{{0, false}, {1 << 20, false}, {len(body) - 1, false}, {len(body), true}, {4 << 20, true}, {256 << 20, true}} {
		for _, code := range []int{200, 500} {
			c := serve(t, say(code, body), rest.WithMaxBody(row.most))
			s, err := c.Status(t.Context(), "7")
			if row.fits {
				require.NoError(t, err, row.most)
				assert.Len(t, s.Result, len(result)+2)
				continue
			}
			assert.Error(t, err)
			assert.Zero(t, s)
			if code == 200 {
				assert.ErrorContains(t, err, fmt.Sprintf("body too large: at most %d bytes (WithMaxBody)", max(row.most, map[bool]int{true: 1 << 20}[row.most == 0])))
			}
		}
	}
	small := serve(t, say(200, status("running")), rest.WithMaxBody(10))
	_, err := small.Status(t.Context(), "7")
	assert.ErrorContains(t, err, "at most 10 bytes")
}

// fault 20
func TestABatchsSizeGrowsWithTheOption(t *testing.T) {
	t.Parallel()
	size := 0
	ids := []string{"a", "b"}
	for _, row := range []struct{ most, want int }{{0, 1<<20 + 2<<16}, {1 << 10, 1<<10 + 2<<6}, {1, 1}, {8 << 20, 8<<20 + 1<<20}} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "[]"+strings.Repeat(" ", max(size-2, 0)))
		}, batched(rest.Batch{Path: "/jobs", Body: "{ids}"}), rest.WithMaxBody(row.most))
		if size = row.want; size > 2 {
			_, err := c.StatusBatch(t.Context(), ids)
			require.NoError(t, err, row.most)
		}
		size++
		_, err := c.StatusBatch(t.Context(), ids)
		assert.Equal(t, transport.Oversized, classOf(t, err), row.most)
		assert.ErrorContains(t, err, fmt.Sprintf("at most %d bytes", row.want))
	}
}

// fault 25: the body that Classify sees is bounded, whatever the code is.
func TestClassifyIsGivenNoMoreThanTheAnswerMayHave(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 5000} {
		want := max(most, map[bool]int{true: rest.DefaultMaxBody}[most == 0])
		var seen []int
		c := serve(t, say(500, strings.Repeat("x", want+1000)), rest.WithMaxBody(most), rest.WithDialect(rest.Dialect{
			Classify: func(a rest.Answer, s transport.Status, err error) (transport.Status, error) {
				body := a.Body
				seen = append(seen, len(body))
				return s, err
			}}))
		_, err := c.Status(t.Context(), "7")
		assert.Error(t, err)
		assert.Equal(t, []int{want}, seen)
	}
}

// goingAway is an HTTP/2 server that answers a number of requests of each connection. It answers
// the next one with a GOAWAY that says that the request was not processed.
func goingAway(t *testing.T, serves int) (url string, trust *tls.Config, asked *atomic.Int64) {
	own, roots := certificate(t, "127.0.0.1", time.Now().Add(time.Hour))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	asked = new(atomic.Int64)
	over, end := context.WithCancel(context.Background())
	rawOn(t, l, func(conn net.Conn) {
		defer context.AfterFunc(over, func() { _ = conn.Close() })()
		c := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}})
		const preface = 24
		if _, err := io.CopyN(io.Discard, c, preface); err != nil {
			return
		}
		settings, goAway := [9]byte{3: 4}, [17]byte{2: 8, 3: 7} // the error code stays zero
		_, _ = c.Write(settings[:])
		served := 0
		for {
			var head [9]byte
			if _, err := io.ReadFull(c, head[:]); err != nil {
				return
			}
			length := binary.BigEndian.Uint32(append([]byte{0}, head[:3]...))
			if _, err := io.CopyN(io.Discard, c, int64(length)); err != nil {
				return
			}
			if head[3] == 1 { // HEADERS
				asked.Add(1)
				stream := head[5:]
				if served++; served <= serves {
					copy(goAway[9:], stream)
					_, _ = c.Write(slices.Concat([]byte{2: 1, 3: 1, 4: 4}, stream, []byte{0x88})) // HEADERS: 200
					body := status("completed")
					_, _ = c.Write(slices.Concat([]byte{2: byte(len(body)), 3: 0, 4: 1}, stream, []byte(body))) // DATA
					continue
				}
				_, _ = c.Write(goAway[:])
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, conn)
				return
			}
		}
	})
	t.Cleanup(end) // a connection whose only request was canceled stays open
	return "https://" + l.Addr().String(), &tls.Config{RootCAs: roots}, asked
}

// fault 9, fault 15: net/http alone would repeat the request for as long as the poll lasts.
func TestGoingAwayIsAnsweredByFewRequestsThatTheBudgetSees(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		retries int
		budget  int
		want    int64
	}{
		{"by default", 0, 100, 2 + rest.DefaultRetries},
		{"without retries", rest.NoRetries, 100, 2},
		{"without a budget", 0, 0, 2},
		{"with a small budget", 10, 1, 3},
		{"with many retries", 5, 100, 7},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			url, trust, asked := goingAway(t, 0)
			var budget atomic.Int64
			budget.Store(int64(row.budget))
			ctx := wait.NewContext(t.Context(), wait.Carried{Clock: clock.New(), Logger: zap.NewNop(),
				Retry: func(transport.Class) bool { return budget.Add(-1) >= 0 }})
			_, err := client(t, url, rest.WithTLSConfig(trust), rest.WithRetries(row.retries)).Status(ctx, "7")
			assert.Equal(t, transport.Transient, classOf(t, err))
			assert.ErrorContains(t, err, "connections in a row before it answered")
			assert.Equal(t, row.want, asked.Load())
		})
	}
}

// fault 9: a service may close each connection after a few requests. With many requests at once,
// the last ones are sent several times, and none fails.
func TestNoneOfManyRequestsFailsThoughConnectionsServeFew(t *testing.T) {
	t.Parallel()
	url, trust, asked := goingAway(t, 3)
	ctx := wait.NewContext(t.Context(), wait.Carried{Clock: clock.New(), Logger: zap.NewNop(), Retry: func(transport.Class) bool { return false }})
	c := client(t, url, rest.WithTLSConfig(trust))
	var calls sync.WaitGroup
	const n = 9
	for i := range n {
		calls.Go(func() {
			s, err := c.Status(ctx, fmt.Sprint(i))
			assert.NoError(t, err)
			assert.Equal(t, transport.Completed, s.State)
		})
	}
	calls.Wait()
	assert.Less(t, asked.Load(), int64(n*n))
}

// The limit of one poll does not affect the next, which has its own limit.
func TestEachPollHasItsOwnBoundOfRequests(t *testing.T) {
	t.Parallel()
	url, trust, asked := goingAway(t, 0)
	c := client(t, url, rest.WithTLSConfig(trust), oneAttempt)
	for n := range int64(5) {
		_, err := c.Status(t.Context(), "7")
		assert.Error(t, err)
		assert.Equal(t, 2*(n+1), asked.Load())
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errPollTimeout)
	_, err := c.Status(ctx, "7")
	assert.ErrorIs(t, err, errPollTimeout)
}
