package mock_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
)

// ask sends a request and returns the code and the body of the answer.
func ask(t *testing.T, method, url string, header ...string) string {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

func TestServerSpeaksTheDialect(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.CreatedBy(func(c mock.Creation) []mock.Step {
		return []mock.Step{mock.Pending(time.Minute), mock.Running(time.Minute).With(0.5, "half way"),
			[]mock.Step{mock.Completed(map[string]int{"n": c.N}), mock.Failed("disk full")}[c.N-1]}
	}))
	const first, second = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
	created := `200 {"meta":{"message":"Job created successfully"},"payload":{"jobID":"%s"}}`
	status := `{"meta":{"message":"Job status"},"payload":{"status":`
	assert.Equal(t, fmt.Sprintf(created, first), ask(t, "POST", srv.URL+"/", "Idempotency-Key", "k"))
	assert.Equal(t, fmt.Sprintf(created, first), ask(t, "POST", srv.URL, "Idempotency-Key", "k"))
	assert.Equal(t, fmt.Sprintf(created, second), ask(t, "POST", srv.URL+"/"))
	assert.Equal(t, "200 "+status+`"pending"}}`, ask(t, "GET", srv.URL+"/status/"+first))
	clk.Advance(time.Minute)
	assert.Equal(t, "200 "+`{"meta":{"message":"Job status"},"payload":{"message":"half way","progress":0.5,"status":"running"}}`, ask(t, "GET", srv.URL+"/status/"+first))
	clk.Advance(time.Minute)
	assert.Equal(t, "200 "+`{"meta":{"message":"Job status"},"payload":{"result":{"n":1},"status":"completed"}}`, ask(t, "GET", srv.URL+"/status/"+first))
	assert.Equal(t, "500 "+`{"meta":{"message":"Job status"},"payload":{"error":"disk full","status":"error"}}`, ask(t, "GET", srv.URL+"/status/"+second))
	assert.Equal(t, `404 {"meta":{"message":"failed to find a job with the given job id: x"},"payload":null}`,
		ask(t, "GET", srv.URL+"/status/x"))
	for _, path := range []string{"/other", "/status", "/status/", "/status/a/b", "/status/a/"} {
		assert.Equal(t, `404 {"code":"Not found","message":"Page not found"}`, ask(t, "GET", srv.URL+path), path)
	}
}

func TestCancelEndsAJobThatHasNotEnded(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk),
		mock.Job("a", mock.Pending(mock.Forever)), mock.Job("b", mock.Pending(time.Second), mock.Completed(nil)))
	clk.Advance(time.Minute)
	for id, want := range map[string]string{"a": "canceled", "b": "completed"} {
		assert.Contains(t, ask(t, "DELETE", srv.URL+"/status/"+id), `200 `)
		assert.Contains(t, ask(t, "GET", srv.URL+"/status/"+id), want)
	}
	assert.Contains(t, ask(t, "DELETE", srv.URL+"/status/c"), `404 `)
}

func TestStepsEndByPollsAndByTime(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.Job("a",
		mock.Pending(mock.Polls(2)), mock.Running(10*time.Second), mock.Answer(503, "busy", "Retry-After", "7"), mock.Canceled()))
	poll := func() string {
		st, err := tr.Status(context.Background(), "a")
		if err != nil {
			return err.Error()
		}
		return st.State.String()
	}
	assert.Equal(t, "pending", poll())
	clk.Advance(time.Hour)
	assert.Equal(t, "pending", poll())
	assert.Equal(t, "running", poll())
	clk.Advance(9 * time.Second)
	assert.Equal(t, "running", poll())
	clk.Advance(time.Second)
	assert.Equal(t, "Service Unavailable", poll())
	assert.Equal(t, "canceled", poll())
	assert.Equal(t, "canceled", poll())
	assert.Equal(t, 7, tr.Polls("a"))
}

func TestTransportAnswersAsRestWould(t *testing.T) {
	t.Parallel()
	tr := mock.NewTransport(t, mock.Job("a", mock.Answer(429, "", "Retry-After", "7"), mock.Answer(403, ""), mock.Answer(502, ""),
		mock.Failed("disk full")))
	for _, want := range []transport.Error{
		{Class: transport.Throttled, Code: 429, RetryAfter: 7 * time.Second}, {Class: transport.Permanent, Code: 403}, {Code: 502},
	} {
		_, err := tr.Status(context.Background(), "a")
		var got *transport.Error
		require.ErrorAs(t, err, &got)
		want.Err = got.Err
		assert.Equal(t, want, *got)
	}
	st, err := tr.Status(context.Background(), "a")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "a", State: transport.Failed, Raw: "error", Message: "disk full"}, st)
	_, err = tr.Status(context.Background(), "b")
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorIs(t, tr.Cancel(context.Background(), "b"), transport.ErrNotFound)
	id, err := tr.Create(context.Background(), transport.CreateRequest{})
	require.NoError(t, err)
	require.NoError(t, tr.Cancel(context.Background(), id))
	st, err = tr.Status(context.Background(), id)
	require.NoError(t, err)
	assert.Equal(t, transport.Canceled, st.State)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = tr.Status(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)
}

// fault 31
func TestAnIDIsOneSegment(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a/b", "a?b#c", "ä b", "%2F", "a+b"} {
		srv := mock.NewServer(t, mock.Job(id, mock.Completed(nil)))
		assert.Contains(t, ask(t, "GET", srv.URL+"/status/"+url.PathEscape(id)), "completed")
		assert.Equal(t, 1, srv.Polls(id))
	}
}

func TestCallsAreRecordedWithTheirTime(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Failed("")))
	ask(t, "GET", srv.URL+"/status/a", "X-Who", "me")
	clk.Advance(time.Minute)
	ask(t, "POST", srv.URL+"/")
	calls := srv.Calls("a")
	require.Len(t, calls, 1)
	assert.Equal(t, "me", calls[0].Header.Get("X-Who"))
	assert.Equal(t, start, calls[0].Time)
	assert.Equal(t, "a", calls[0].ID)
	assert.Equal(t, "GET /status/a  500 failed", calls[0].String())
	assert.Equal(t, "            0s  GET /status/a  500 failed\n          1m0s  POST /  200\n", srv.Timeline(""))
	all := srv.Calls("")
	require.Len(t, all, 2)
	assert.Equal(t, start.Add(time.Minute), all[1].Time)
	assert.Zero(t, srv.Polls("x"))
}

func TestKeepCallsForgetsTheOldest(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.KeepCalls(2), mock.WithIDs(func() string { return "next" }))
	for _, path := range []string{"/1", "/2", "/3"} {
		ask(t, "GET", srv.URL+path)
	}
	ask(t, "POST", srv.URL+"/")
	calls := srv.Calls("")
	require.Len(t, calls, 2)
	assert.Equal(t, "/3", calls[0].Path)
	assert.Equal(t, "next", calls[1].ID)
}

func TestETagSavesTheBody(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.WithETags(), mock.Job("a", mock.Pending(mock.Polls(2)), mock.Completed(nil)))
	resp, err := srv.Client().Get(srv.URL + "/status/a")
	require.NoError(t, err)
	_ = resp.Body.Close()
	tag := resp.Header.Get("ETag")
	require.NotEmpty(t, tag)
	assert.Equal(t, "304 ", ask(t, "GET", srv.URL+"/status/a", "If-None-Match", tag))
	assert.Contains(t, ask(t, "GET", srv.URL+"/status/a", "If-None-Match", tag), "completed")
}

// fault 48
func TestServerListensOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(mock.NewServer(t).URL)
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1", u.Hostname())
	assert.True(t, net.ParseIP(u.Hostname()).IsLoopback())
	assert.NotEqual(t, "0", u.Port())
}

func TestAScriptThatCannotBeFailsTheTestWithItsLine(t *testing.T) {
	t.Parallel()
	for want, steps := range map[string][]mock.Step{
		"the script is empty":                    {},
		"step 1: no step can follow":             {mock.Completed(nil), mock.Pending(time.Second)},
		"step 2: the last step must end the job": {mock.Pending(mock.Polls(1)), mock.Running(time.Second)},
		"step 1: pending for -1s":                {mock.Pending(-time.Second), mock.Canceled()},
		"step 1: 0 polls":                        {mock.Running(mock.Polls(0)), mock.Canceled()},
		"step 1: progress from 1.5":              {mock.Running(mock.Polls(1)).With(1.5, ""), mock.Canceled()},
		"step 1: answer with code 42":            {mock.Answer(42, ""), mock.Canceled()},
		`header "X": it has no value`:            {mock.Answer(200, "", "X"), mock.Canceled()},
		"step 1: result":                         {mock.Completed(func() {})},
		"the end of a job has no number":         {mock.Completed(nil).Times(2)},
		"can follow, because the job ends":       {mock.Pending(mock.Forever), mock.Completed(nil)},
	} {
		message := failure(t, func(t mock.TB) { mock.NewTransport(t, mock.Job("a", steps...)) })
		assert.Contains(t, message, want)
		assert.Contains(t, message, "service_test.go:", "the line that wrote it")
	}
	message := failure(t, func(t mock.TB) {
		mock.NewServer(t, mock.Job("a", mock.Canceled()), mock.Job("a", mock.Canceled()))
	})
	assert.Contains(t, message, `job "a" has two scripts`)
	message = failure(t, func(t mock.TB) { mock.NewServer(t, mock.Job("", mock.Canceled())) })
	assert.Contains(t, message, `job "": invalid job id: it is empty`, "no client can ask about it")
	assert.Contains(t, failure(t, func(t mock.TB) { mock.NewServer(t, nil) }), "option 0 is nil")
	for want, option := range map[string]mock.Option{
		"KeepCalls(-1): must not be negative": mock.KeepCalls(-1), "KeepJobs(-2): must not be negative": mock.KeepJobs(-2), "MaxBatch(-3): must not be negative": mock.MaxBatch(-3),
	} {
		message := failure(t, func(t mock.TB) { mock.NewServer(t, option) })
		assert.Contains(t, message, want)
		assert.Contains(t, message, "service_test.go:")
	}

	srv := mock.NewServer(t, mock.CreatedBy(func(mock.Creation) []mock.Step { return nil }))
	assert.True(t, strings.HasPrefix(ask(t, "POST", srv.URL+"/"), "500 "))
}

// A cancel that comes too late has no effect, and its answer says so.
func TestACancelOfAnEndedJobTellsHowItEnded(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.InMemory(), mock.Job("a", mock.Failed("no")), mock.Job("b", mock.Running(mock.Forever)))
	for id, want := range map[string]string{"a": "error", "b": "canceled"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, srv.URL+"/status/"+id, http.NoBody)
		require.NoError(t, err)
		answer, err := srv.Client().Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, 200, answer.StatusCode)
		assert.Contains(t, string(text), `"status":"`+want+`"`)
	}
}
