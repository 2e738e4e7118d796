package mock_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/push"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
	"github.com/iamber12/job-status-monitoring/transport/sse"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// heard collects what a Notifier delivers, with the times.
type heard struct {
	mu  sync.Mutex
	now func() time.Time
	all []string
}

func (h *heard) notify(s transport.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.ID != "" {
		h.all = append(h.all, fmt.Sprintf("%v %s %v", h.now().Sub(start), s.ID, s.State))
	}
}

func (h *heard) list() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.all...)
}

// codes records the status codes of a handler.
type codes struct {
	http.Handler
	mu  sync.Mutex
	all []int
}

type codeWriter struct {
	http.ResponseWriter
	code int
}

func (w *codeWriter) WriteHeader(code int) { w.code = code; w.ResponseWriter.WriteHeader(code) }

func (c *codes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := &codeWriter{w, 200}
	c.Handler.ServeHTTP(seen, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, seen.code)
}

// hear serves a webhook for a dialect, and returns what it delivers.
func hear(t *testing.T, clk *mock.Clock, d rest.Dialect) (*codes, *heard) {
	t.Helper()
	client, err := rest.New("http://service.invalid", rest.WithDialect(d))
	require.NoError(t, err)
	hook, err := webhook.New(client, webhook.StandardWebhooks(hookSecret), webhook.WithClock(clk))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	got, open, done := &heard{now: clk.Now}, make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		_ = hook.Notify(ctx, func(s transport.Status) {
			if s.ID == "" {
				open <- struct{}{}
			}
			got.notify(s)
		})
	}()
	<-open
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return &codes{Handler: hook}, got
}

func script(id string) mock.Option {
	return mock.Job(id, mock.Pending(time.Second), mock.Running(time.Second), mock.Completed(nil))
}

// This is fault 29: what can happen to a webhook on its way.
func TestAServiceCallsAWebhookWithEachChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault mock.Option
		want  []string
		codes []int
	}{
		"well":    {nil, []string{"1s a running", "2s a completed"}, []int{202, 202}},
		"lost":    {mock.Fault(fault.Nth(1).OfPush(), fault.Lost()), []string{"2s a completed"}, []int{202}},
		"doubled": {mock.Fault(fault.Always().OfPush(), fault.Doubled()), []string{"1s a running", "2s a completed"}, []int{202, 202, 202, 202}},
		"late": {mock.Fault(fault.Nth(1).OfPush(), fault.Latency(5*time.Second)),
			[]string{"2s a completed", "6s a running"}, []int{202, 202}},
		"forged":        {mock.Fault(fault.Nth(1).OfPush(), fault.Forged()), []string{"1s a running", "2s a completed"}, []int{401, 202, 202}},
		"of others":     {mock.Fault(fault.Always(), fault.Code(500)), []string{"1s a running", "2s a completed"}, []int{202, 202}},
		"of one job":    {mock.Fault(fault.Always().OfPush().Of("b"), fault.Lost()), []string{"1s a running", "2s a completed"}, []int{202, 202}},
		"of both times": {mock.Fault(fault.Between(0, time.Minute).OfPush(), fault.Lost()), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			hook, got := hear(t, clk, rest.Dialect{})
			opts := []mock.Option{mock.WithClock(clk), mock.Push(push.Handler(hook, hookSecret)), script("a")}
			if c.fault != nil {
				opts = append(opts, c.fault)
			}
			_, err := mock.NewService(opts...)
			require.NoError(t, err)
			clk.Advance(time.Minute)
			assert.Equal(t, c.want, got.list())
			assert.Equal(t, c.codes, hook.all)
		})
	}
}

func TestJobsSayHowTheirEndWasTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hook  http.HandlerFunc
		fault mock.Option
		want  string
	}{
		"accepted":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, nil, "2s webhook"},
		"refused":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, nil, ""},
		"never taken": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, nil, ""},
		"lost":        {func(http.ResponseWriter, *http.Request) {}, mock.Fault(fault.Always().OfPush(), fault.Lost()), ""},
		"forged":      {func(http.ResponseWriter, *http.Request) {}, mock.Fault(fault.Nth(1).OfPush(), fault.Forged()), "2s webhook"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			opts := []mock.Option{mock.WithClock(clk), mock.Push(push.Handler(c.hook, hookSecret)), script("a")}
			if c.fault != nil {
				opts = append(opts, c.fault)
			}
			service, err := mock.NewService(opts...)
			require.NoError(t, err)
			clk.Advance(time.Minute)
			for j := range service.Jobs() {
				got := ""
				if !j.Pushed.IsZero() {
					got = fmt.Sprint(j.Pushed.Sub(start), " ", j.PushedBy)
				}
				assert.Equal(t, c.want, got)
				assert.True(t, j.Told.IsZero(), "nobody polled")
			}
		})
	}
}

// Memory does not grow with the number of jobs that have ended.
func TestWhatWasToldIsForgottenWithItsJob(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	heard := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	service := mock.NewTransport(t, mock.WithClock(clk), mock.KeepJobs(10), mock.Push(push.Handler(heard, hookSecret)),
		mock.Created(mock.Pending(time.Second), mock.Completed(nil)))
	for range 30 {
		_, err := service.Create(t.Context(), transport.CreateRequest{})
		require.NoError(t, err)
		clk.Advance(2 * time.Second)
	}
	assert.Equal(t, 10, service.Remembered())
}

func TestAServiceTellsOfChangesThatCallsMake(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	hook, got := hear(t, clk, rest.Dialect{})
	service := mock.NewTransport(t, mock.Push(push.Handler(hook, hookSecret)), mock.WithClock(clk),
		mock.Job("polled", mock.Pending(mock.Polls(1)), mock.Completed(nil)), mock.Job("canceled", mock.Pending(mock.Forever)),
		mock.Created(mock.Pending(time.Second), mock.Failed("no")))
	_, err := service.Status(t.Context(), "polled")
	require.NoError(t, err)
	require.NoError(t, service.Cancel(t.Context(), "canceled"))
	id, err := service.Create(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	clk.Advance(time.Minute)
	assert.Equal(t, []string{"0s polled completed", "0s canceled canceled", "1s " + id + " failed"}, got.list())
}

func TestAWebhookThatFailsIsSentAgain(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	var asked []string
	failing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, fmt.Sprint(clk.Elapsed(), " ", r.Header.Get("Webhook-Id")[len("msg_"):] != ""))
		if len(asked)%2 == 0 {
			panic("the second time")
		}
		w.WriteHeader(503)
		w.WriteHeader(200)
	})
	_, err := mock.NewService(mock.WithClock(clk), mock.Push(push.Handler(failing, hookSecret)), mock.Job("a", mock.Pending(time.Second), mock.Completed(nil)))
	require.NoError(t, err)
	clk.Advance(time.Hour)
	assert.Equal(t, []string{"1s true", "6s true", "16s true"}, asked)
}

// fault 52: a test that has ended gets no more webhooks, and those under way are broken off.
func TestNoWebhookIsSentAfterTheTest(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	calls, sent, broken := make(chan struct{}, 9), make(chan struct{}, 1), make(chan struct{})
	fails := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls <- struct{}{}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http sees only then that the client has left
		sent <- struct{}{}
		<-r.Context().Done()
		close(broken)
	}))
	defer receiver.Close()
	t.Run("it", func(t *testing.T) {
		mock.NewServer(t, mock.WithClock(clk), script("7"), mock.Push(push.Handler(fails, hookSecret)))
		clk.Advance(time.Second)
		mock.NewServer(t, mock.Job("7", mock.Running(time.Millisecond), mock.Completed(nil)), mock.Push(push.Webhook(receiver.URL, hookSecret)))
		<-sent
	})
	select {
	case <-broken:
	case <-time.After(8 * time.Second): // less than such a request may take
		t.Error("a request goes on")
	}
	assert.Len(t, calls, 1)
	clk.Advance(time.Minute)
	assert.Len(t, calls, 1, "it is sent again")
}

func TestAWebhookFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	var asked []string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked = append(asked, r.Method+" "+r.URL.Path); r.URL.Path == "/" {
			http.Redirect(w, r, "/moved", http.StatusFound)
		}
	})
	s := mock.NewServer(t, mock.WithClock(clk), mock.Job("7", mock.Running(time.Second), mock.Completed(nil)), mock.Push(push.Handler(h, hookSecret)))
	clk.Advance(time.Minute)
	assert.Equal(t, []string{"POST /"}, asked)
	for j := range s.Jobs() {
		assert.Empty(t, j.PushedBy, "it did not arrive")
	}
}

func TestAWebhookHasTheFormOfItsDialect(t *testing.T) {
	t.Parallel()
	for _, s := range []dialects.Service{dialects.OpenAIBatch(), dialects.StripeReportRun(), dialects.GitHubActionsRun("a/b"), dialects.BunnyStreamVideo("1"),
		dialects.ReplicatePrediction(), dialects.GitLabPipeline("1", ""), dialects.CloudConvertJob()} {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			hook, got := hear(t, clk, s.Dialect)
			_, err := mock.NewService(mock.WithClock(clk), mock.WithDialect(s.Dialect), mock.Push(push.Handler(hook, hookSecret)),
				mock.Job("a", mock.Pending(time.Second), mock.Completed(nil)), mock.Job("b", mock.Pending(2*time.Second), mock.Failed("no")))
			require.NoError(t, err)
			clk.Advance(time.Minute)
			assert.Equal(t, []string{"1s a completed", "2s b failed"}, got.list())
		})
	}
}

func TestAServerCallsAURL(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	hook, got := hear(t, clk, rest.Dialect{})
	server := &http.Server{Handler: hook}
	l := listenLocal(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	mock.NewServer(t, mock.WithClock(clk), mock.Push(push.Webhook("http://"+l.Addr().String()+"/hook", hookSecret)), script("a"))
	clk.Advance(time.Minute)
	assert.Equal(t, []string{"1s a running", "2s a completed"}, got.list())
}

func TestAStreamTellsEachChangeAndResumes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		srv := mock.NewServer(t, mock.InMemory(), mock.Push(push.Stream("/events")), script("a"),
			mock.Job("b", mock.Pending(2500*time.Millisecond), mock.Completed(nil)), mock.Job("c", mock.Pending(time.Minute), mock.Completed(nil)),
			mock.Fault(fault.Nth(2).OfPush(), fault.Reset()), mock.Fault(fault.Nth(4).OfPush(), fault.Doubled()))
		client, err := rest.New(srv.URL, rest.WithHTTPClient(srv.Client()))
		require.NoError(t, err)
		stream, err := sse.New(srv.URL+"/events", client, sse.WithHTTPClient(srv.Client()))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		var all []string
		err = stream.Notify(ctx, func(s transport.Status) { all = append(all, fmt.Sprintf("%v %s %v", time.Since(began), s.ID, s.State)) })
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []string{"0s  unknown", "1s a running", "5s  unknown", "5s a completed", "5s b completed", "1m0s c completed", "1m0s c completed"}, all)
		told := map[string]string{}
		for j := range srv.Jobs() {
			told[j.ID] = fmt.Sprint(j.Pushed.Sub(began), " ", j.PushedBy)
		}
		assert.Equal(t, map[string]string{"a": "5s stream", "b": "5s stream", "c": "1m0s stream"}, told, "as a connection had it")
	})
}

func TestWhatTellsUnaskedIsCheckedWhenTheServiceIsMade(t *testing.T) {
	t.Parallel()
	hook := http.NotFoundHandler()
	for want, opt := range map[string]mock.Option{
		"push_test.go":                        mock.Push(push.Webhook("ftp://a", hookSecret)),
		"push: Webhook: the URL must begin":   mock.Push(push.Webhook("", hookSecret)),
		"secret: it has 3 bytes, at least 24": mock.Push(push.Handler(hook, "whsec_AAAA")),
		"push: a target is zero":              mock.Push(push.Target{}),
		"the handler is nil":                  mock.Push(push.Handler(nil, hookSecret)),
		`push: Stream("events")`:              mock.Push(push.Stream("events")),
	} {
		_, err := mock.NewService(opt)
		assert.ErrorContains(t, err, want)
	}
}

func listenLocal(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// late is a clock whose timers fire late.
type late struct{ clock.Clock }

func (l late) AfterFunc(d time.Duration, f func()) *clock.Timer {
	if d >= time.Second {
		d += 5 * time.Second
	}
	return l.Clock.AfterFunc(d, f)
}

// wall is a clock that runs at another speed than the clock of the receivers.
type wall struct{ clock.Clock }

func (w wall) Now() time.Time                  { return w.Clock.Now().Add(time.Hour) }
func (w wall) Since(t time.Time) time.Duration { return w.Now().Sub(t) }
func (w wall) WallTime() time.Time             { return w.Clock.Now() }

func TestAChangeIsToldThoughTheNextIsDueWhenItIs(t *testing.T) {
	t.Parallel()
	for name, clockOf := range map[string]func(*mock.Clock) clock.Clock{
		"a late timer":  func(clk *mock.Clock) clock.Clock { return late{clk} },
		"another speed": func(clk *mock.Clock) clock.Clock { return wall{clk} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			hook, got := hear(t, clk, rest.Dialect{})
			_, err := mock.NewService(mock.WithClock(clockOf(clk)), mock.Push(push.Handler(hook, hookSecret)), script("a"))
			require.NoError(t, err)
			clk.Advance(time.Minute)
			require.Len(t, got.list(), 2, "%v", hook.all)
			assert.Contains(t, got.list()[0], "a running")
			assert.Contains(t, got.list()[1], "a completed")
		})
	}
}

func TestACrowdOfJobsCallsAFewAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inside, heard atomic.Int64
		release := make(chan struct{})
		slow := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			inside.Add(1)
			<-release
			heard.Add(1)
		})
		opts := []mock.Option{mock.InMemory(), mock.Push(push.Handler(slow, hookSecret))}
		for i := range 200 {
			opts = append(opts, mock.Job(fmt.Sprint(i), mock.Pending(time.Second), mock.Completed(nil)))
		}
		mock.NewServer(t, opts...)
		time.Sleep(time.Minute)
		assert.EqualValues(t, 64, inside.Load())
		close(release)
		synctest.Wait()
		assert.EqualValues(t, 200, heard.Load(), "none is lost")
	})
}

func TestAReceiverThatIsSlowDelaysNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard atomic.Int64
		release := make(chan struct{})
		defer close(release)
		slow := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
		quick := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) })
		mock.NewServer(t, mock.InMemory(), mock.Push(push.Handler(slow, hookSecret), push.Handler(quick, hookSecret)), script("a"))
		time.Sleep(time.Minute)
		assert.EqualValues(t, 2, heard.Load())
	})
}

// An http.Client that reads slowly gets each event of thousands of jobs that end together.
func TestASlowClientOfAStreamMissesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const jobs = 3000
		opts := []mock.Option{mock.InMemory(), mock.Push(push.Stream("/events"))}
		for i := range jobs {
			opts = append(opts, mock.Job(fmt.Sprint(i), mock.Pending(time.Second), mock.Completed(nil)))
		}
		srv := mock.NewServer(t, opts...)
		answer, err := srv.Client().Get(srv.URL + "/events")
		require.NoError(t, err)
		defer answer.Body.Close()
		time.Sleep(2 * time.Second)
		heard := 0
		for lines := bufio.NewScanner(answer.Body); heard < jobs && lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "data:") {
				heard++
			}
		}
		assert.Equal(t, jobs, heard)
	})
}
