package exchange

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// pipes is a listener whose connections are pipes, which stand still in a bubble.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }
func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p <- server
	return client, nil
}

// holdSettings returns settings for a service that answers after a while.
func holdSettings(t *testing.T, after time.Duration) *Settings {
	t.Helper()
	return heldBy(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(after):
			_, _ = fmt.Fprint(w, "done")
		case <-r.Context().Done():
		}
	})
}

// heldBy returns settings for a service that answers by a handler.
func heldBy(t *testing.T, answer http.HandlerFunc) *Settings {
	t.Helper()
	c := NewConfig(Defaults{Name: "test", Connections: 2, MaxBody: 1 << 10})
	s := c.Settings("http://service.invalid")
	require.NoError(t, c.Err())
	s.MayHold()
	p := make(pipes)
	for _, pool := range []*http.Transport{s.pool, s.holder, s.patient} {
		pool.DialContext, pool.Proxy = p.dial, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{BaseContext: func(net.Listener) context.Context { return ctx }, Handler: answer}
	done := make(chan error)
	go func() { done <- server.Serve(p) }()
	t.Cleanup(func() {
		cancel()
		s.CloseIdleConnections()
		close(p)
		<-done
		_ = server.Close()
		synctest.Wait()
	})
	return s
}

// TestHeadersTakeLongerByTheHold: the bound of a plain poll stays what it is.
//
// fault 8
func TestHeadersTakeLongerByTheHold(t *testing.T) {
	for _, c := range []struct {
		name        string
		after, hold time.Duration
		ends        time.Duration // 0 for an answer
	}{
		{"a held request", 35 * time.Second, 30 * time.Second, 0},
		{"a plain poll", 35 * time.Second, 0, 10 * time.Second},
		{"a plain poll that is answered", 9 * time.Second, 0, 0},
		{"a hold that never answers", time.Hour, 30 * time.Second, 40 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := holdSettings(t, c.after).NewCall()
				call.Request.Method, call.Request.URL = http.MethodGet, *call.round.Base
				call.Terms.Hold = c.hold
				body := ""
				began := time.Now()
				err := call.Do(t.Context(), ReaderFunc(func() error {
					body = string(call.Answer.Body)
					return nil
				}))
				defer call.Reset()
				if c.ends == 0 {
					require.NoError(t, err)
					assert.Equal(t, "done", body)
					assert.Equal(t, c.after, time.Since(began))
					return
				}
				var e *transport.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, transport.Transient, e.Class)
				assert.Equal(t, c.ends, time.Since(began))
				assert.Equal(t, c.hold > 0, errors.As(err, new(heldError)), err)
			})
		})
	}
}

// A job that was started is lost without the answer, unless the request can be sent again.
//
// fault 8
func TestARequestThatActsOnceWaitsForItsAnswer(t *testing.T) {
	for _, c := range []struct {
		repeatable  bool
		after, ends time.Duration
	}{{false, 25 * time.Second, 0}, {false, time.Hour, 5 * time.Minute}, {true, 25 * time.Second, 10 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			call := holdSettings(t, c.after).NewCall()
			call.Request.Method, call.Request.URL = http.MethodPost, *call.round.Base
			call.Terms.Acts, call.Terms.Repeatable = true, c.repeatable
			began := time.Now()
			err := call.Do(t.Context(), ReaderFunc(func() error { return nil }))
			defer call.Reset()
			if c.ends > 0 {
				assert.ErrorContains(t, err, "timeout awaiting response headers")
				assert.Equal(t, c.ends, time.Since(began))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.after, time.Since(began))
		})
	}
}

// TestAHoldThatIsCutIsNotSentAgain: net/http would send it again by itself, because the connection
// was used before. An idle connection that the service has closed is no such cut.
//
// fault 9
func TestAHoldThatIsCutIsNotSentAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		cut  time.Duration // after which the service closes the connection; 0 for at once
		ends time.Duration // 0 for an answer
	}{
		{"in the middle", 30 * time.Second, 30 * time.Second},
		{"at once", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				s := heldBy(t, func(w http.ResponseWriter, _ *http.Request) {
					if asked++; asked == 2 {
						time.Sleep(c.cut)
						panic(http.ErrAbortHandler)
					}
					_, _ = fmt.Fprint(w, "done")
				})
				hold := func() error {
					call := s.NewCall()
					defer call.Reset()
					call.Request.Method, call.Request.URL = http.MethodGet, *s.Base
					call.Terms.Hold = time.Minute
					return call.Do(t.Context(), ReaderFunc(func() error { return nil }))
				}
				require.NoError(t, hold())
				began := time.Now()
				err := hold()
				assert.Equal(t, c.ends, time.Since(began))
				if c.ends == 0 {
					require.NoError(t, err)
					return
				}
				var e *transport.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, transport.Transient, e.Class)
				assert.ErrorContains(t, err, "held for 30s")
			})
		})
	}
}

// A RoundTripper of the user may send a held request again because of its answer, as for a token.
// That is no cut.
func TestARoundTripperMaySendAHoldThatWasAnsweredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		pool := heldBy(t, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(10 * time.Second)
			if asked++; asked == 1 {
				w.WriteHeader(http.StatusUnauthorized)
			}
		}).holder
		c := NewConfig(Defaults{Name: "x"})
		c.Tripper = tripper(func(q *http.Request) (*http.Response, error) {
			answer, err := pool.RoundTrip(q)
			if err == nil && answer.StatusCode == http.StatusUnauthorized {
				_ = answer.Body.Close()
				answer, err = pool.RoundTrip(q)
			}
			return answer, err
		})
		s := c.Settings("http://jobs.test")
		require.NoError(t, c.Err())
		call := s.NewCall()
		defer call.Reset()
		call.Request.Method, call.Request.URL = http.MethodGet, *s.Base
		call.Terms.Hold = time.Minute
		require.NoError(t, call.Do(t.Context(), ReaderFunc(func() error { return nil })))
		assert.Equal(t, 2, asked)
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }
