package mock_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 32: a value that no constructor made returns an error that says so.
func TestWhatWasNotMadeSaysSo(t *testing.T) {
	t.Parallel()
	const notMade = "was not made by NewServer, NewTransport or NewService"
	for _, tr := range []*mock.Transport{nil, {}, {Service: &mock.Service{}}} {
		_, err := tr.Status(context.Background(), "a")
		require.ErrorContains(t, err, notMade)
		_, err = tr.Create(context.Background(), transport.CreateRequest{})
		require.ErrorContains(t, err, notMade)
		require.ErrorContains(t, tr.Cancel(context.Background(), "a"), notMade)
		assert.Zero(t, tr.MaxBatch())
		_, err = tr.StatusBatch(context.Background(), []string{"a"})
		require.ErrorContains(t, err, "no MaxBatch")
	}
	for _, s := range []*mock.Service{nil, {}} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.Contains(t, w.Body.String(), notMade)
		assert.Empty(t, s.Calls(""))
		assert.Zero(t, s.Polls("a"))
		assert.Empty(t, s.Timeline(""))
		for range s.Jobs() {
			t.Error("there are none")
		}
	}
	for _, s := range []*mock.Server{nil, {}} {
		_, err := s.Client().Get("http://mock.test/")
		require.ErrorContains(t, err, notMade)
	}
	//lint:ignore SA1012 a nil context is what is tested
	_, err := mock.NewTransport(t).Status(nil, "a") //nolint:staticcheck // that is the point
	require.ErrorContains(t, err, "the context is nil")
	for what, f := range map[string]func(){
		"the Clock is nil":                  func() { (*mock.Clock)(nil).Now() },
		"the Clock is nil, or was not made": func() { (&mock.Clock{}).Advance(time.Second) },
		"NewClock: the test is nil":         func() { mock.NewClock(nil) },
		"NewServer: the test is nil":        func() { mock.NewServer(nil) },
		"NewTransport: the test is nil":     func() { mock.NewTransport(nil) },
	} {
		func() {
			defer func() { assert.Contains(t, recover(), what) }()
			f()
		}()
	}
	for want, f := range map[string]func(clk *mock.Clock){
		"Go: the function is nil":        func(clk *mock.Clock) { clk.Go(nil) },
		"Run: the function is nil":       func(clk *mock.Clock) { clk.Run(nil) },
		"AfterFunc: the function is nil": func(clk *mock.Clock) { clk.AfterFunc(time.Second, nil) },
	} {
		assert.Contains(t, failure(t, func(t mock.TB) { f(mock.NewClock(t)) }), want)
	}
}

// Nil means the default of an option.
func TestNilIsTheDefaultOfAnOption(t *testing.T) {
	t.Parallel()
	tr := mock.NewTransport(t, mock.WithClock(nil), mock.WithIDs(nil), mock.OnCall(nil))
	id, err := tr.Create(context.Background(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "00000000-0000-4000-8000-000000000001", id)
}

// fault 52: a Server that never answers some requests ends with its test, even if nobody reads what
// it still receives.
func TestAServerEndsWithItsTestWhateverWaits(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	var client *http.Client
	t.Run("test", func(t *testing.T) {
		srv := mock.NewServer(t, mock.Job("a", mock.Canceled()), mock.Fault(fault.Always(), fault.Silence()))
		client = srv.Client()
		body, in := io.Pipe() // whose end never comes
		defer in.Close()
		go func() {
			defer close(asked)
			r, err := http.NewRequest(http.MethodGet, srv.URL+"/status/a", body)
			if err == nil {
				_, err = client.Do(r)
			}
			assert.Error(t, err)
		}()
		require.Eventually(t, func() bool { return len(srv.Calls("a")) == 1 }, 2*time.Minute, time.Millisecond)
	})
	<-asked
}
