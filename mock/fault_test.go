package mock_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fetch asks about a job. It returns the answer with its body, or the error of reading it.
func fetch(t *testing.T, srv *mock.Server, id string, header ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, srv.URL+"/status/"+id, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := *srv.Client()
	client.Timeout = time.Minute
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer, string(body), err
}

func TestFaultsBefallTheCallsTheyName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		when fault.When
		want string // the codes of eight calls about a, a second apart; after a semicolon, those of two calls about b
	}{
		"always":          {fault.Always(), "xxxxxxxx;xx"},
		"nth":             {fault.Nth(2, 4), ".x.x....;.."},
		"first":           {fault.First(3), "xxx.....;.."},
		"between":         {fault.Between(2*time.Second, 5*time.Second), "..xxx...;.."},
		"of one job":      {fault.Always().Of("b"), "........;xx"},
		"nth of one job":  {fault.Nth(1).Of("b"), "........;x."},
		"share of none":   {fault.Share(0), "........;.."},
		"share of all":    {fault.Share(1), "xxxxxxxx;xx"},
		"without":         {fault.Without("X-Who", "me"), "xxxxxxxx;xx"},
		"with":            {fault.Without("X-Who", "you"), "........;.."},
		"young":           {fault.Young(3 * time.Second), "xxx.....;.."},
		"both":            {fault.First(3).And(fault.Between(time.Second, time.Minute)), ".xx.....;.."},
		"of other calls":  {fault.Always().OfCreate(), "........;.."},
		"of cancels only": {fault.Always().OfCancel(), "........;.."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, mock.WithClock(clk), mock.Fault(c.when, fault.Code(503)),
				mock.Job("a", mock.Pending(mock.Forever)), mock.Job("b", mock.Pending(mock.Forever)))
			got := ""
			for _, id := range strings.Split("aaaaaaaa;bb", "") {
				if id == ";" {
					got += id
					continue
				}
				answer, _, err := fetch(t, srv, id, "X-Who", "you")
				require.NoError(t, err)
				got += map[int]string{200: ".", 503: "x"}[answer.StatusCode]
				clk.Advance(time.Second)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestAShareIsDrawnTheSameEachTime(t *testing.T) {
	t.Parallel()
	faults := func(seed uint64) (got string) {
		tr := mock.NewTransport(t, mock.WithSeed(seed), mock.Fault(fault.Share(0.3), fault.Code(503)), mock.Job("a", mock.Pending(mock.Forever)))
		for range 1000 {
			_, err := tr.Status(context.Background(), "a")
			got += map[bool]string{false: ".", true: "x"}[err != nil]
		}
		return got
	}
	assert.Equal(t, faults(1), faults(1))
	assert.NotEqual(t, faults(1), faults(2))
	assert.InDelta(t, 300, strings.Count(faults(3), "x"), 60)
}

func TestOtherCallsFailToo(t *testing.T) {
	t.Parallel()
	tr := mock.NewTransport(t, mock.Fault(fault.First(1).OfCreate(), fault.Code(429), fault.RetryAfter("7")),
		mock.Fault(fault.Always().OfCancel(), fault.Code(403)))
	_, err := tr.Create(context.Background(), transport.CreateRequest{})
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 7*time.Second, e.RetryAfter)
	id, err := tr.Create(context.Background(), transport.CreateRequest{})
	require.NoError(t, err)
	require.ErrorAs(t, tr.Cancel(context.Background(), id), &e)
	assert.Equal(t, 403, e.Code)
}

func TestEffects(t *testing.T) {
	t.Parallel()
	const pending = `{"meta":{"message":"Job status"},"payload":{"status":"pending"}}`
	serve := func(t *testing.T, effects ...fault.Effect) (*http.Response, string, error) {
		clk := mock.NewClock(t)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.Fault(fault.Always(), effects...), mock.Job("a", mock.Pending(mock.Forever)))
		return fetch(t, srv, "a")
	}
	for name, check := range map[string]func(t *testing.T){
		"header": func(t *testing.T) {
			answer, body, err := serve(t, fault.Header("Content-Type", "text/html"), fault.RetryAfter("soon"))
			require.NoError(t, err)
			assert.Equal(t, "text/html", answer.Header.Get("Content-Type"))
			assert.Equal(t, "soon", answer.Header.Get("Retry-After"))
			assert.Equal(t, pending, body)
		},
		"date": func(t *testing.T) {
			answer, _, err := serve(t, fault.DateOff(365*24*time.Hour), fault.RetryAt(time.Minute))
			require.NoError(t, err)
			assert.Equal(t, "Wed, 01 Jan 2031 00:00:00 GMT", answer.Header.Get("Date"))
			assert.Equal(t, "Wed, 01 Jan 2031 00:01:00 GMT", answer.Header.Get("Retry-After"))
		},
		"code": func(t *testing.T) {
			answer, body, err := serve(t, fault.Code(502, "<html>"))
			require.NoError(t, err)
			assert.Equal(t, 502, answer.StatusCode)
			assert.Equal(t, "<html>", body)
		},
		"redirect": func(t *testing.T) {
			answer, _, err := serve(t, fault.Redirect("http://127.0.0.2/"))
			require.NoError(t, err)
			assert.Equal(t, "302 http://127.0.0.2/", fmt.Sprint(answer.StatusCode, " ", answer.Header.Get("Location")))
		},
		"body": func(t *testing.T) {
			_, body, err := serve(t, fault.Body("{"))
			require.NoError(t, err)
			assert.Equal(t, "{", body)
		},
		"truncated": func(t *testing.T) {
			_, body, err := serve(t, fault.Truncated())
			require.NoError(t, err)
			assert.Equal(t, pending[:len(pending)/2], body)
		},
		"huge": func(t *testing.T) {
			_, body, err := serve(t, fault.Huge(3<<20))
			require.NoError(t, err)
			assert.Len(t, body, 3<<20)
		},
		"gzip bomb": func(t *testing.T) {
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, mock.WithClock(clk), mock.Fault(fault.Always(), fault.GzipBomb(20<<20)), mock.Job("a", mock.Failed("")))
			answer, body, err := fetch(t, srv, "a", "Accept-Encoding", "gzip")
			require.NoError(t, err)
			assert.Equal(t, "gzip", answer.Header.Get("Content-Encoding"))
			assert.Less(t, len(body), 200<<10)
			z, err := gzip.NewReader(strings.NewReader(body))
			require.NoError(t, err)
			n, err := io.Copy(io.Discard, z)
			require.NoError(t, err)
			assert.EqualValues(t, 20<<20, n)
		},
		"reset": func(t *testing.T) {
			_, body, err := serve(t, fault.Reset())
			require.Error(t, err)
			assert.Less(t, len(body), len(pending))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t)
		})
	}
}

// watch waits for job a at a service with one fault. It returns the service and how long the wait
// took.
func watch(t *testing.T, clk *mock.Clock, srv *mock.Server, opts ...jobstatus.Option) (jobstatus.Status, time.Duration, error) {
	t.Helper()
	w, err := jobstatus.NewHTTP(srv.URL, append([]jobstatus.Option{jobstatus.WithClock(clk), jobstatus.WithMaxAttempts(jobstatus.Unlimited),
		jobstatus.WithBackoff(backoff.Constant(10 * time.Second))}, opts...)...)
	require.NoError(t, err)
	defer w.Close()
	var st jobstatus.Status
	clk.Run(func() { st, err = w.WaitForJob(t.Context(), "a", jobstatus.Timeout(10*time.Minute)) })
	return st, clk.Elapsed(), err
}

// The clock advances while a service is slow or never answers, over a real socket too.
func TestAWatchGetsOverFaultsInVirtualTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effects []fault.Effect
		took    time.Duration
		polls   int
	}{
		"latency":        {[]fault.Effect{fault.Latency(7 * time.Second)}, 7 * time.Second, 1},
		"longer latency": {[]fault.Effect{fault.Latency(time.Hour)}, 30*time.Second + 10*time.Second, 2},
		"silence":        {[]fault.Effect{fault.Silence()}, 40 * time.Second, 2},
		"drip":           {[]fault.Effect{fault.Drip(100 * time.Millisecond)}, 6500 * time.Millisecond, 1}, // of 66 bytes
		"slow drip":      {[]fault.Effect{fault.Drip(time.Second)}, 40 * time.Second, 2},
		"retry after":    {[]fault.Effect{fault.Code(429), fault.RetryAfter("60")}, time.Minute, 2},
		"retry at":       {[]fault.Effect{fault.Code(503), fault.RetryAt(2 * time.Minute), fault.DateOff(-9999 * time.Hour)}, 2 * time.Minute, 2},
		"absurd":         {[]fault.Effect{fault.Code(429), fault.RetryAfter("9223372037")}, 10 * time.Second, 2},
		"truncated":      {[]fault.Effect{fault.Truncated()}, 10 * time.Second, 2},
		"portal":         {[]fault.Effect{fault.Body("<html>"), fault.Header("Content-Type", "text/html")}, 10 * time.Second, 2},
		"not yet there":  {[]fault.Effect{fault.Code(404)}, 10 * time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 5 {
				clk := mock.NewClock(t)
				srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Completed(nil)), mock.Fault(fault.Nth(1), c.effects...))
				_, took, err := watch(t, clk, srv)
				require.NoError(t, err)
				assert.Equal(t, c.took, took)
				srv.AssertPolls(t, "a", c.polls)
				srv.AssertQuietAfterEnd(t, "a")
			}
		})
	}
}

func TestAResetIsAskedAgainWithinThePoll(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Completed(nil)), mock.Fault(fault.First(2), fault.Reset()))
	_, took, err := watch(t, clk, srv)
	require.NoError(t, err)
	assert.Less(t, took, time.Second)
	srv.AssertPolls(t, "a", 3)
}

// Many polls wait at a silent service while time passes for others, and all give up at the same
// instant.
func TestClockKeepsAccountOfManyRequestsThatWait(t *testing.T) {
	t.Parallel()
	for range 20 {
		clk := mock.NewClock(t)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.Created(mock.Pending(time.Minute), mock.Completed(nil)),
			mock.Fault(fault.Nth(2, 3, 5, 8, 13, 21), fault.Silence()), mock.Fault(fault.Share(0.5), fault.Latency(3*time.Second)),
			mock.Fault(fault.Nth(30).OfCreate(), fault.Latency(time.Second)))
		w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithPollTimeout(5*time.Second),
			jobstatus.WithBackoff(backoff.Constant(10*time.Second)), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		require.NoError(t, err)
		clk.Run(func() {
			ended := 0
			for _, err := range w.WaitForJobs(t.Context(), func(yield func(string) bool) {
				for range 30 {
					id, err := w.CreateJob(t.Context())
					if !assert.NoError(t, err) || !yield(id) {
						return
					}
				}
			}) {
				assert.NoError(t, err)
				ended++
			}
			assert.Equal(t, 30, ended)
		})
		assert.LessOrEqual(t, clk.Elapsed(), 80*time.Second)
		require.NoError(t, w.Close())
	}
}

// A caller that leaves during a poll does not disturb the clock.
func TestClockKeepsAccountOfRequestsThatAreGivenUp(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Pending(mock.Forever)), mock.Fault(fault.Always(), fault.Silence()))
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk))
	require.NoError(t, err)
	defer w.Close()
	for range 20 {
		clk.Run(func() {
			_, err := w.WaitForJob(t.Context(), "a", jobstatus.Timeout(time.Second))
			assert.ErrorIs(t, err, jobstatus.ErrTimeout)
		})
	}
	assert.Equal(t, 20*time.Second, clk.Elapsed())
}

func TestClientOfOnesOwnRunsInVirtualTime(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Failed("")), mock.Fault(fault.Always(), fault.Latency(time.Hour)))
	clk.Run(func() {
		answer, err := srv.Client().Get(srv.URL + "/status/a")
		if assert.NoError(t, err) {
			assert.NoError(t, answer.Body.Close())
		}
		clk.Sleep(time.Minute)
	})
	assert.Equal(t, time.Hour+time.Minute, clk.Elapsed())
}

func TestJobsThatGoBackAndReplicasThatLag(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.WithDialect(rest.Dialect{Created: "created", Updated: "updated", Finished: "finished"}),
		mock.Job("a", mock.Pending(10*time.Second), mock.Running(duration.Uniform(10*time.Second, 10*time.Second)).Rising(0, 1), mock.Completed(nil)),
		mock.Fault(fault.Nth(2), fault.GoesBack()), mock.Fault(fault.Nth(3), fault.Lags(5*time.Second)), mock.Fault(fault.Nth(4), fault.Lags(15*time.Second)),
		mock.Fault(fault.Nth(5), fault.Lags(10*time.Second)))
	clk.Advance(20 * time.Second)
	var got []string
	for range 6 {
		st, err := tr.Status(context.Background(), "a")
		require.NoError(t, err)
		got = append(got, fmt.Sprint(st.State, " ", st.Progress, " ", st.Updated.Sub(start)))
	}
	assert.Equal(t, []string{"completed 0 20s", "pending 0 0s", "running 0.5 10s", "pending 0 0s", "running 0 10s", "completed 0 20s"}, got)
}

// The token is refused until the client brings the new one: fault 19.
func TestTokenThatExpires(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Pending(mock.Polls(5)), mock.Completed(nil)),
		mock.Fault(fault.Without("Authorization", "Bearer new").And(fault.Between(4200*time.Millisecond, time.Hour)), fault.Code(401)))
	var asked atomic.Int32
	tr, err := rest.New(srv.URL, rest.WithToken(func(context.Context) (string, error) {
		return []string{"old", "new"}[min(asked.Add(1), 2)-1], nil
	}))
	require.NoError(t, err)
	defer tr.Close()
	w, err := jobstatus.New(tr, jobstatus.WithClock(clk))
	require.NoError(t, err)
	defer w.Close()
	clk.Run(func() {
		clk.Sleep(4 * time.Second)
		_, err := w.WaitForJob(t.Context(), "a")
		assert.NoError(t, err)
	})
	assert.EqualValues(t, 2, asked.Load())
}

func TestTransportMeetsTheSameFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effect fault.Effect
		class  transport.Class
	}{
		"reset":     {fault.Reset(), transport.Transient},
		"truncated": {fault.Truncated(), transport.Malformed},
		"body":      {fault.Body("{"), transport.Malformed},
		"huge":      {fault.Huge(1), transport.Malformed},
		"bomb":      {fault.GzipBomb(1), transport.Malformed},
		"redirect":  {fault.Redirect("/"), transport.Misdirected},
		"200":       {fault.Code(200), transport.Malformed},
		"503":       {fault.Code(503), transport.Transient},
		"429":       {fault.Code(429), transport.Throttled},
		"404":       {fault.Code(404), transport.NotFound},
	} {
		tr := mock.NewTransport(t, mock.Fault(fault.Always(), c.effect), mock.Job("a", mock.Completed(nil)))
		_, err := tr.Status(context.Background(), "a")
		var e *transport.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, c.class, e.Class, name)
	}
	clk := mock.NewClock(t)
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.Job("a", mock.Completed(nil)),
		mock.Fault(fault.Nth(1), fault.Latency(time.Second), fault.RetryAt(time.Minute)), mock.Fault(fault.Nth(2), fault.Silence()))
	w, err := jobstatus.New(tr, jobstatus.WithClock(clk))
	require.NoError(t, err)
	defer w.Close()
	clk.Run(func() {
		st, err := w.WaitForJob(t.Context(), "a")
		assert.NoError(t, err)
		assert.Equal(t, time.Minute, st.RetryAfter)
		assert.Equal(t, time.Second, clk.Elapsed())
		_, err = w.WaitForJob(t.Context(), "a", jobstatus.MaxAttempts(1))
		assert.ErrorIs(t, err, jobstatus.ErrMaxAttempts)
		assert.Equal(t, 31*time.Second, clk.Elapsed())
	})
}

// The real HTTP stack works in a synctest bubble, also with a Retry-After of hours.
func TestServerInMemoryRunsInABubble(t *testing.T) {
	t.Parallel()
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			srv := mock.NewServer(t, mock.InMemory(), mock.Job("a", mock.Pending(90*time.Minute), mock.Completed(nil)),
				mock.Fault(fault.First(3), fault.Code(503), fault.RetryAfter("300")), mock.Fault(fault.Nth(5), fault.Silence()),
				mock.Fault(fault.Nth(6), fault.Reset()), mock.Fault(fault.Nth(7), fault.Latency(20*time.Second)))
			tr, err := rest.New(srv.URL, rest.WithHTTPClient(srv.Client()))
			require.NoError(t, err)
			w, err := jobstatus.New(tr, jobstatus.WithTimeout(3*time.Hour), jobstatus.WithMaxAttempts(jobstatus.Unlimited),
				jobstatus.WithBackoff(backoff.Constant(10*time.Minute)))
			require.NoError(t, err)
			defer w.Close()
			_, err = w.WaitForJob(t.Context(), "a")
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(began), 90*time.Minute)
			assert.Less(t, time.Since(began), 2*time.Hour)
		})
	}
}

func TestServerInMemoryRunsOnAClock(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.InMemory(), mock.WithClock(clk), mock.Job("a", mock.Pending(time.Hour), mock.Completed(nil)),
		mock.Fault(fault.Nth(2), fault.Silence()), mock.Fault(fault.Nth(3), fault.Latency(20*time.Second)))
	tr, err := rest.New(srv.URL, rest.WithHTTPClient(srv.Client()))
	require.NoError(t, err)
	w, err := jobstatus.New(tr, jobstatus.WithClock(clk), jobstatus.WithTimeout(3*time.Hour), jobstatus.WithMaxAttempts(jobstatus.Unlimited),
		jobstatus.WithBackoff(backoff.Constant(10*time.Minute)))
	require.NoError(t, err)
	defer w.Close()
	clk.Run(func() {
		_, err := w.WaitForJob(t.Context(), "a")
		assert.NoError(t, err)
	})
	assert.Equal(t, 60*time.Minute+50*time.Second, clk.Elapsed())
}

func TestFaultsThatCannotBeFailTheTestWithTheirLine(t *testing.T) {
	t.Parallel()
	for want, option := range map[string]func() mock.Option{
		"Nth([0])":       func() mock.Option { return mock.Fault(fault.Nth(0), fault.Reset()) },
		"Nth([])":        func() mock.Option { return mock.Fault(fault.Nth(), fault.Reset()) },
		"First(0)":       func() mock.Option { return mock.Fault(fault.First(0), fault.Reset()) },
		"Share(1.5)":     func() mock.Option { return mock.Fault(fault.Share(1.5), fault.Reset()) },
		"Between(2s, 1s": func() mock.Option { return mock.Fault(fault.Between(2*time.Second, time.Second), fault.Reset()) },
		"Young(0s)":      func() mock.Option { return mock.Fault(fault.Young(0), fault.Reset()) },
		"Without a":      func() mock.Option { return mock.Fault(fault.Always().And(fault.Without("", "")), fault.Reset()) },
		"no effect":      func() mock.Option { return mock.Fault(fault.Always()) },
		"effect is zero": func() mock.Option { return mock.Fault(fault.Always(), fault.Effect{}) },
		"Code(42)":       func() mock.Option { return mock.Fault(fault.Always(), fault.Code(42)) },
		"Latency(-1s)":   func() mock.Option { return mock.Fault(fault.Always(), fault.Latency(-time.Second)) },
		"Drip(0s)":       func() mock.Option { return mock.Fault(fault.Always(), fault.Drip(0)) },
		"Lags(0s)":       func() mock.Option { return mock.Fault(fault.Always(), fault.Lags(0)) },
		"Huge(0)":        func() mock.Option { return mock.Fault(fault.Always(), fault.Huge(0)) },
		"GzipBomb(0)":    func() mock.Option { return mock.Fault(fault.Always(), fault.GzipBomb(0)) },
		"Lost, Doubled and Forged apply only to a push: add OfPush": func() mock.Option { return mock.Fault(fault.Always(), fault.Lost()) },
		"only Lost, Doubled, Forged, Latency and Reset apply to a push": func() mock.Option {
			return mock.Fault(fault.Always().OfPush(), fault.Latency(time.Second), fault.Code(503))
		},
		"OfPush selects nothing, because the service has no Push": func() mock.Option { return mock.Fault(fault.Nth(2).OfPush(), fault.Doubled()) },
		"Lags and GoesBack apply only to polls":                   func() mock.Option { return mock.Fault(fault.Always().OfCancel(), fault.GoesBack()) },
		"Header without":                                          func() mock.Option { return mock.Fault(fault.Always(), fault.Header("", "")) },
	} {
		message := failure(t, func(t mock.TB) { mock.NewTransport(t, option()) })
		assert.Contains(t, message, want)
		assert.Contains(t, message, "fault_test.go:", "the line that wrote it")
	}
}

func TestABombHasTheSizeThatIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 1<<20 - 1, 1 << 20, 2<<20 + 1} {
		srv := mock.NewServer(t, mock.InMemory(), mock.Fault(fault.Always(), fault.GzipBomb(n)))
		answer, err := srv.Client().Get(srv.URL + "/status/a")
		require.NoError(t, err)
		size, err := io.Copy(io.Discard, answer.Body) // net/http decompresses it
		require.NoError(t, err)
		assert.EqualValues(t, n, size)
		_ = answer.Body.Close()
	}
}

func TestAFaultThatNeedsHTTPIsRefusedByATransport(t *testing.T) {
	t.Parallel()
	for want, effect := range map[string]fault.Effect{
		"fault.Drip needs HTTP": fault.Drip(time.Second), "fault.DateOff needs HTTP": fault.DateOff(time.Hour), "fault.Header needs HTTP": fault.Header("X", "y"),
	} {
		assert.Contains(t, failure(t, func(t mock.TB) { mock.NewTransport(t, mock.Fault(fault.Always(), effect)) }), want)
		mock.NewServer(t, mock.InMemory(), mock.Fault(fault.Always(), effect))
	}
	mock.NewTransport(t, mock.Fault(fault.Always(), fault.Code(429), fault.RetryAfter("1")))
}

func TestNoRequestIsUnderWayOnceTheWatchIsOver(t *testing.T) {
	t.Parallel()
	assert.Contains(t, failure(t, func(tb mock.TB) {
		clk := mock.NewClock(tb)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Completed(nil)), mock.Fault(fault.Nth(1), fault.Silence()))
		_, _, err := watch(t, clk, srv)
		assert.NoError(t, err)
		clk.Next()
	}), "there is no next event: at 40s after the start; callers that wait: 0; functions of Run and Go: 0; pieces of work: 0; requests: 0")
}

func TestARequestThatNeverEndsIsNamed(t *testing.T) {
	t.Parallel()
	message := failure(t, func(tb mock.TB) {
		clk := mock.NewClock(tb)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Failed("")), mock.Fault(fault.Always(), fault.Silence()))
		clk.Run(func() {
			clk.AfterFunc(0, func() {})
			answer, err := srv.Client().Get(srv.URL + "/status/a")
			if !errors.Is(err, io.EOF) && answer != nil {
				_ = answer.Body.Close()
			}
		})
	})
	assert.Contains(t, message, "nothing can happen any more")
	assert.Regexp(t, `request GET http://127.0.0.1:\d+/status/a, which the service does not answer`, message)
}
