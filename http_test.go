package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// overHTTP returns a Watcher of a mock service on a real socket. Both use a clock that the test
// advances.
func overHTTP(t *testing.T, opts []jobstatus.Option, scripts ...mock.Option) (*jobstatus.Watcher, *mock.Server, *mock.Clock) {
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, append(scripts, mock.WithClock(clk))...)
	w, err := jobstatus.NewHTTP(srv.URL, append(opts, jobstatus.WithClock(clk))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w, srv, clk
}

// codes returns the status codes of the answers about a job.
func codes(srv *mock.Server, id string) []int {
	var codes []int
	for _, call := range srv.Calls(id) {
		codes = append(codes, call.Code)
	}
	return codes
}

func TestOverHTTPAJobIsCreatedAndCanceled(t *testing.T) {
	t.Parallel()
	w, srv, clk := overHTTP(t, nil, mock.Created(mock.Pending(mock.Forever)))
	clk.Run(func() {
		id, err := w.CreateJob(t.Context(), jobstatus.IdempotencyKey("once"))
		require.NoError(t, err)
		again, err := w.CreateJob(t.Context(), jobstatus.IdempotencyKey("once"))
		require.NoError(t, err)
		assert.Equal(t, id, again)
		for st, err := range w.Updates(t.Context(), id) {
			if st.State == jobstatus.Pending {
				require.NoError(t, err)
				require.NoError(t, w.CancelJob(t.Context(), id))
				continue
			}
			require.ErrorIs(t, err, jobstatus.ErrJobCanceled)
		}
		assert.Equal(t, []int{200, 200, 200, 200, 200}, codes(srv, id))
		require.ErrorIs(t, w.CancelJob(t.Context(), "unknown"), jobstatus.ErrNotFound)
	})
}

// fault 12
func TestOverHTTPA500ThatTellsOfAFailedJobIsNoFault(t *testing.T) {
	t.Parallel()
	w, srv, clk := overHTTP(t, nil, mock.Job("a", mock.Failed("disk full")))
	clk.Run(func() {
		st, err := w.WaitForJob(t.Context(), "a")
		require.ErrorIs(t, err, jobstatus.ErrJobFailed)
		assert.Equal(t, "disk full", st.Message)
	})
	assert.Equal(t, []int{500}, codes(srv, "a"))
}

func TestOverHTTPAnUnchangedAnswerIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w, srv, clk := overHTTP(t, nil, mock.WithETags(), mock.Job("a", mock.Pending(mock.Polls(3)), mock.Completed(nil)))
	clk.Run(func() {
		var seen []jobstatus.State
		for st, err := range w.Updates(t.Context(), "a") {
			require.NoError(t, err)
			seen = append(seen, st.State)
		}
		assert.Equal(t, []jobstatus.State{jobstatus.Pending, jobstatus.Completed}, seen)
	})
	assert.Equal(t, []int{200, 304, 304, 200}, codes(srv, "a"))
}

// Retries within a poll and polls of a watch both wait on the injected clock.
func TestOverHTTPBothKindsOfRetryWaitOnTheClock(t *testing.T) {
	t.Parallel()
	w, srv, clk := overHTTP(t, []jobstatus.Option{every(time.Minute), jobstatus.WithTimeout(time.Hour)},
		mock.Job("a", mock.Answer(503, "").Times(5), mock.Completed(nil)))
	clk.Run(func() {
		_, err := w.WaitForJob(t.Context(), "a", jobstatus.MaxAttempts(2))
		require.NoError(t, err)
		assert.InDelta(t, 60, clk.Elapsed().Seconds(), 1)
	})
	var gaps []bool // whether the requests belong to one poll
	calls := srv.Calls("a")
	for i := range calls[1:] {
		gap := calls[i+1].Time.Sub(calls[i].Time)
		assert.Positive(t, gap)
		gaps = append(gaps, gap < time.Second)
	}
	assert.Equal(t, []bool{true, true, false, true, true}, gaps)
}

// fault 1: while the service is down, the watch goes on. The job ends once.
func TestOverHTTPAServiceThatIsDownForAWhileIsWaitedFor(t *testing.T) {
	t.Parallel()
	service, err := mock.NewService(mock.Job("a", mock.Pending(mock.Polls(1)), mock.Completed(nil)))
	require.NoError(t, err)
	serve := func(addr string) (string, func()) {
		l, err := net.Listen("tcp", addr)
		require.NoError(t, err)
		server, done := &http.Server{Handler: service, ReadHeaderTimeout: time.Minute}, make(chan struct{})
		go func() {
			defer close(done)
			_ = server.Serve(l)
		}()
		return l.Addr().String(), func() {
			_ = server.Close()
			<-done
		}
	}
	addr, stop := serve("127.0.0.1:0")
	w, err := jobstatus.NewHTTP("http://"+addr, every(5*time.Millisecond), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
	require.NoError(t, err)
	defer w.Close()
	var seen []jobstatus.State
	for st, err := range w.Updates(t.Context(), "a") {
		require.NoError(t, err)
		if seen = append(seen, st.State); st.State == jobstatus.Pending {
			stop()
			_, err := w.WaitForJob(t.Context(), "b", jobstatus.MaxAttempts(2))
			require.ErrorIs(t, err, jobstatus.ErrMaxAttempts)
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			_, stop = serve(addr)
		}
	}
	stop()
	assert.Equal(t, []jobstatus.State{jobstatus.Pending, jobstatus.Completed}, seen)
}

// fault 44: no error and no log contains a secret.
func TestOverHTTPNothingTellsASecret(t *testing.T) {
	t.Parallel()
	const canary = "c4n4ry-7777"
	core, logs := observer.New(zap.DebugLevel)
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Answer(403, `{"token":"`+canary+`"}`).Times(2), mock.Completed(nil)))
	w, err := jobstatus.NewHTTP("http://user:"+canary+"@"+srv.URL[len("http://"):], jobstatus.WithClock(clk),
		jobstatus.WithLogger(zap.New(core)))
	require.NoError(t, err)
	defer w.Close()
	clk.Run(func() {
		for _, id := range []string{"a", "b"} {
			_, err := w.WaitForJob(t.Context(), id)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), canary)
			assert.NotContains(t, errors.Unwrap(err).Error(), canary)
		}
		_, _ = w.CreateJob(t.Context()) // is logged, too
	})
	require.NotZero(t, logs.FilterLoggerName("jobstatus.rest").FilterField(zap.String("method", "POST")).Len())
	for _, entry := range logs.All() {
		assert.Regexp(t, `^jobstatus\b`, entry.LoggerName)
		for _, field := range entry.Context {
			assert.NotContains(t, field.String, canary)
			if err, ok := field.Interface.(error); ok {
				assert.NotContains(t, err.Error(), canary)
			}
		}
	}
}

// On the real clock, a last look is also taken before the deadline of a context.
func TestADeadlineOfTheContextIsPrecededByALastLook(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s, every(40*time.Second))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := watcher.WaitForJob(ctx, "a")
		require.ErrorIs(w, err, context.DeadlineExceeded)
		assert.NotErrorIs(w, err, jobstatus.ErrTimeout)
		assert.Equal(w, seconds(0, 40, 59), s.polls("a"))
	})
}

// httpService is a service on a real socket that answers every status request with completed.
func httpService(t *testing.T, before func(*http.Request)) *httptest.Server {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before(r)
		_, _ = io.WriteString(w, completedBody)
	}))
	t.Cleanup(srv.Close)
	return srv
}

// The number of connections does not limit the polls further than WithConcurrency. rest.New would
// open at most 256.
func TestNewHTTPHasAConnectionForEachPollInFlight(t *testing.T) {
	t.Parallel()
	const n = 300
	var arrived atomic.Int32
	all := make(chan struct{})
	srv := httpService(t, func(r *http.Request) {
		if arrived.Add(1) == n {
			close(all)
		}
		select {
		case <-all:
		case <-r.Context().Done():
		}
	})
	srv.Start()
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithConcurrency(n), jobstatus.WithBackoff(backoff.Constant(0)),
		jobstatus.WithTimeout(time.Minute))
	require.NoError(t, err)
	defer w.Close()
	var waits sync.WaitGroup
	for i := range n { // each in a call of its own, so that their first polls are made together
		waits.Go(func() {
			_, err := w.WaitForJob(t.Context(), fmt.Sprint("job-", i))
			assert.NoError(t, err)
		})
	}
	waits.Wait()
	assert.EqualValues(t, n, arrived.Load(), "none was given up and asked about again")
}

// fault 52: no connection is left.
func TestCloseClosesTheConnectionsOfNewHTTP(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	srv := httpService(t, func(*http.Request) {})
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}
	srv.Start()
	w, err := jobstatus.NewHTTP(srv.URL)
	require.NoError(t, err)
	_, err = w.WaitForJob(t.Context(), "a")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection is still open")
	}
}

// fault 38: under an ended context no job is created or canceled, and the error is the cause of the
// context.
func TestCreateAndCancelMakeNoRequestUnderAnEndedContext(t *testing.T) {
	t.Parallel()
	srv := httpService(t, func(r *http.Request) { t.Error("asked: ", r.URL) })
	srv.Start()
	w, err := jobstatus.NewHTTP(srv.URL)
	require.NoError(t, err)
	defer w.Close()
	left := errors.New("the user left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(left)
	_, err = w.CreateJob(ctx, jobstatus.IdempotencyKey("k"))
	require.ErrorIs(t, err, left)
	require.ErrorIs(t, w.CancelJob(ctx, "a"), left)
	_, err = w.WaitForJob(ctx, "a")
	require.ErrorIs(t, err, left)
}

// A real service needs a token, headers and a dialect. One line sets them.
func TestNewHTTPAsksAsWithRESTSays(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Create: rest.Call{Path: "/builds"}, ID: "id", Status: rest.Call{Path: "/builds/{id}"}, State: "phase"}
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d), mock.Created(mock.Completed(nil)))
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk),
		jobstatus.WithREST(rest.WithDialect(d), rest.WithHeader("X-Team", "blue")),
		jobstatus.WithREST(rest.WithToken(func(context.Context) (string, error) { return "t0ken", nil })))
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	clk.Run(func() {
		id, err := w.CreateJob(t.Context())
		require.NoError(t, err)
		_, err = w.WaitForJob(t.Context(), id)
		require.NoError(t, err)
	})
	calls := srv.Calls("")
	require.Len(t, calls, 2)
	for _, call := range calls {
		assert.Equal(t, "blue", call.Header.Get("X-Team"))
		assert.Equal(t, "Bearer t0ken", call.Header.Get("Authorization"))
	}
}

// fault 32
func TestWithRESTReportsWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := jobstatus.NewHTTP("http://127.0.0.1", jobstatus.WithREST(rest.WithRetries(-7), nil), jobstatus.WithREST(rest.WithHeader("", "v")))
	require.ErrorContains(t, err, "WithRetries(-7)")
	require.ErrorContains(t, err, `WithHeader("")`)
	require.ErrorContains(t, err, "WithREST: option 1 is nil")
	_, err = jobstatus.New(silent{}, jobstatus.WithREST(rest.WithRetries(1)))
	require.EqualError(t, err, "jobstatus: New: WithREST is for NewHTTP; give its options to rest.New")
	_, err = jobstatus.New(silent{}, jobstatus.WithREST())
	require.NoError(t, err)
	w, err := jobstatus.NewHTTP("http://127.0.0.1", jobstatus.WithREST())
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

// A client that the user made keeps its own number of connections, however many polls may be in
// flight.
func TestNewHTTPTakesAClientOfTheUsers(t *testing.T) {
	t.Parallel()
	for _, polls := range []int{1, 2 * rest.DefaultMaxConnections} {
		synctest.Test(t, func(t *testing.T) {
			srv := mock.NewServer(t, mock.InMemory(), mock.Job("a", mock.Completed(nil)))
			w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithConcurrency(polls), jobstatus.WithREST(rest.WithHTTPClient(srv.Client())))
			require.NoError(t, err)
			defer w.Close()
			_, err = w.WaitForJob(t.Context(), "a")
			require.NoError(t, err)
		})
	}
	_, err := jobstatus.NewHTTP("http://127.0.0.1", jobstatus.WithConcurrency(1000), jobstatus.WithREST(rest.WithRetries(-7)))
	require.EqualError(t, err, "rest: WithRetries(-7): must be from 1 to 10, 0 for the default, or NoRetries")
}
