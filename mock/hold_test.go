package mock_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// holding is the dialect of a service that holds requests.
var holding = rest.Dialect{Status: rest.Call{Path: "/jobs/{id}?index={rev}&wait={hold}s"}, State: "state", Revision: "@header.X-Index",
	Cancel: rest.Call{Path: "/jobs/{id}"}}

// preferring is the dialect of a service that holds requests and knows revisions by their ETags.
var preferring = rest.Dialect{Status: rest.Call{Path: "/jobs/{id}", Header: map[string]string{"Prefer": "wait={hold}"}}, State: "state"}

// threeSteps is a job that is pending for half a minute and then runs for half a minute.
func threeSteps() mock.Option {
	return mock.Job("a", mock.Pending(30*time.Second), mock.Running(30*time.Second), mock.Completed(nil))
}

// TestAWatcherHearsTheEndOfAHeldJobAtOnce: each hold takes a minute, and the first request is not
// held.
func TestAWatcherHearsTheEndOfAHeldJobAtOnce(t *testing.T) {
	t.Parallel()
	const ends = 200*time.Second + 123*time.Millisecond
	const timeline = `            0s  GET /jobs/a  200 pending
           10s  GET /jobs/a?index=0&wait=60s  200 pending
         1m10s  GET /jobs/a?index=0&wait=60s  200 running
         1m50s  GET /jobs/a?index=1&wait=60s  200 running
         2m50s  GET /jobs/a?index=1&wait=60s  200 completed
`
	job := mock.Job("a", mock.Pending(100*time.Second), mock.Running(ends-100*time.Second), mock.Completed(nil))
	wait := func(t *testing.T, srv *mock.Server, opts ...jobstatus.Option) {
		w, err := jobstatus.NewHTTP(srv.URL, append(opts, jobstatus.WithREST(rest.WithDialect(holding), rest.WithHTTPClient(srv.Client())),
			jobstatus.WithBackoff(backoff.Constant(10*time.Second)), jobstatus.WithTimeout(time.Hour))...)
		require.NoError(t, err)
		defer w.Close()
		_, err = w.WaitForJob(t.Context(), "a")
		assert.NoError(t, err)
		assert.Equal(t, timeline, srv.Timeline("a"))
		srv.AssertPolls(t, "a", 5)
		srv.AssertQuietAfterEnd(t, "a")
		for job := range srv.Jobs() {
			assert.Equal(t, 5, job.Polls)
			assert.Equal(t, ends, job.Told.Sub(job.Created))
		}
	}
	t.Run("on a Clock", func(t *testing.T) {
		t.Parallel()
		clk := mock.NewClock(t)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding), job)
		clk.Run(func() { wait(t, srv, jobstatus.WithClock(clk)) })
		assert.Equal(t, ends, clk.Elapsed())
	})
	t.Run("in a bubble", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			wait(t, mock.NewServer(t, mock.InMemory(), mock.WithDialect(holding), job))
			assert.Equal(t, ends, time.Since(began))
		})
	})
}

// get makes a request and returns the code, the state in the answer, and when the answer came.
func get(clk *mock.Clock, srv *mock.Server, uri string, header ...string) string {
	r, err := http.NewRequest(http.MethodGet, srv.URL+uri, nil)
	if err != nil {
		return err.Error()
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := srv.Client().Do(r)
	if err != nil {
		return fmt.Sprint("no answer at ", clk.Elapsed())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Sprint(answer.StatusCode, " cut at ", clk.Elapsed())
	}
	_, state, _ := strings.Cut(string(body), `"state":"`)
	state, _, _ = strings.Cut(state, `"`)
	return strings.ReplaceAll(fmt.Sprint(answer.StatusCode, " ", state, " at ", clk.Elapsed()), "  ", " ")
}

func TestARequestIsHeldUntilTheJobChangesOrTheHoldIsOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at    int // the second of the request
		query string
		want  string
	}{
		"no hold":                           {10, "", "200 pending at 10s"},
		"a revision and no hold":            {10, "?index=0", "200 pending at 10s"},
		"the present revision":              {10, "?index=0&wait=60s", "200 running at 30s"},
		"no revision":                       {10, "?wait=60s", "200 running at 30s"},
		"an empty revision":                 {10, "?index=&wait=60s", "200 running at 30s"},
		"another parameter":                 {10, "?index=0&wait=60s&full=1", "200 running at 30s"},
		"an earlier revision":               {40, "?index=0&wait=60s", "200 running at 40s"},
		"a foreign revision":                {40, "?index=x&wait=60s", "200 running at 40s"},
		"a hold that is over":               {35, "?index=1&wait=7s", "200 running at 42s"},
		"no revision and a hold that ends":  {35, "?wait=7s", "200 running at 42s"},
		"the end of the hold and the step":  {35, "?index=1&wait=25s", "200 completed at 1m0s"},
		"the last step":                     {35, "?index=1&wait=60s", "200 completed at 1m0s"},
		"a job that has ended":              {70, "?wait=60s", "200 completed at 1m10s"},
		"the revision of a job that has":    {70, "?index=2&wait=60s", "200 completed at 1m10s"},
		"a hold that is longer than a day":  {10, "?index=0&wait=99999999s", "200 running at 30s"},
		"a hold that is beyond all numbers": {10, "?index=0&wait=99999999999999999999s", "200 pending at 10s"},
		"a hold of zero":                    {10, "?index=0&wait=0s", "200 pending at 10s"},
		"a negative hold":                   {10, "?index=0&wait=-5s", "200 pending at 10s"},
		"a hold in other words":             {10, "?index=0&wait=1m", "200 pending at 10s"},
		"two holds":                         {10, "?index=0&wait=60s&wait=60s", "200 pending at 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding), threeSteps())
			clk.Run(func() {
				clk.Sleep(time.Duration(c.at) * time.Second)
				assert.Equal(t, c.want, get(clk, srv, "/jobs/a"+c.query))
				assert.Equal(t, fmt.Sprint("404 at ", clk.Elapsed()), get(clk, srv, "/jobs/other"+c.query))
			})
			srv.AssertPolls(t, "a", 1)
			assert.Len(t, srv.Calls("a"), 1)
			assert.Equal(t, start.Add(time.Duration(c.at)*time.Second), srv.Calls("a")[0].Time)
		})
	}
}

// TestAHoldAndARevisionCanBeAnywhereInACall: in a path, a header or a body. The revision is what an
// answer has at its place.
func TestAHoldAndARevisionCanBeAnywhereInACall(t *testing.T) {
	t.Parallel()
	body := map[string]string{"id": "{id}", "since": "{rev}"}
	prefer := map[string]string{"Prefer": "respond-async, wait={hold}", "X-Since": "v-{rev}"}
	for name, d := range map[string]rest.Dialect{
		"the path":          {Status: rest.Call{Path: "/jobs/{id}/after/{rev}/for/{hold}"}, Revision: "meta.version"},
		"headers":           {Status: rest.Call{Path: "/jobs/{id}", Header: prefer}, Revision: "version"},
		"an id that is all": {Status: rest.Call{Path: "{+id}", Header: prefer}, Revision: "version", ID: "url"},
		"a body":            {Status: rest.Call{Method: "POST", Path: "/jobs?wait={hold}000", Body: body}, Revision: "version"},
		"a form": {Status: rest.Call{Method: "POST", Path: "/jobs?wait={hold}", Body: "id={id}&since={rev}",
			Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, Revision: "@header.X-Version"},
		"a time":  {Status: rest.Call{Path: "/jobs/{id}?wait={hold}&since={rev}"}, Revision: "updated", Updated: "updated"},
		"no such": {Status: rest.Call{Path: "/jobs/{id}?wait={hold}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.State = "state"
			if d.ID == "" {
				d.ID = "id"
			}
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d), threeSteps())
			client, err := rest.New(srv.URL, rest.WithDialect(d), rest.WithHTTPClient(srv.Client()))
			require.NoError(t, err)
			id := "a"
			if d.Status.Path == "{+id}" {
				id = "/a"
			}
			clk.Run(func() {
				last, err := client.Status(t.Context(), id)
				assert.NoError(t, err)
				for _, want := range []string{"pending at 20s", "running at 30s", "running at 50s", "completed at 1m0s"} {
					last, err = client.Hold(t.Context(), id, last, 20*time.Second)
					assert.NoError(t, err)
					assert.Equal(t, want, fmt.Sprint(last.State, " at ", clk.Elapsed()))
				}
			})
			srv.AssertPolls(t, "a", 5)
		})
	}
}

// TestAHoldByAnETagEndsWith304: if the job has not changed.
func TestAHoldByAnETagEndsWith304(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithETags(), mock.WithDialect(preferring), threeSteps())
	client, err := rest.New(srv.URL, rest.WithDialect(preferring), rest.WithHTTPClient(srv.Client()))
	require.NoError(t, err)
	var got []string
	clk.Run(func() {
		last, err := client.Status(t.Context(), "a")
		assert.NoError(t, err)
		old := last
		for range 4 {
			last, err = client.Hold(t.Context(), "a", last, 20*time.Second)
			assert.NoError(t, err)
			got = append(got, fmt.Sprint(last.State, " at ", clk.Elapsed()))
		}
		assert.Equal(t, "304 at 1m0s", get(clk, srv, "/jobs/a", "Prefer", "wait=60", "If-None-Match", last.Revision))
		assert.Equal(t, "200 completed at 1m0s", get(clk, srv, "/jobs/a", "Prefer", "wait=60", "If-None-Match", old.Revision))
	})
	assert.Equal(t, []string{"pending at 20s", "running at 30s", "running at 50s", "completed at 1m0s"}, got)
	var codes []int
	for _, call := range srv.Calls("a") {
		codes = append(codes, call.Code)
	}
	assert.Equal(t, []int{200, 304, 200, 304, 200, 304, 200}, codes)
}

// TestACancelAndAPollAnswerRequestsThatAreHeld: both change the job sooner than its script.
func TestACancelAndAPollAnswerRequestsThatAreHeld(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding), mock.Job("a", mock.Pending(mock.Forever)),
		mock.Job("b", mock.Pending(mock.Polls(2)), mock.Running(mock.Polls(1)), mock.Completed(nil)))
	var got [4]string
	for i, uri := range []string{"/jobs/a?wait=60s", "/jobs/a?index=0&wait=60s", "/jobs/b?wait=60s", "/jobs/b?index=0&wait=90s"} {
		clk.Go(func() {
			clk.Sleep(time.Duration(i) * time.Second)
			got[i] = get(clk, srv, uri)
		})
	}
	clk.Run(func() {
		clk.Sleep(20 * time.Second)
		assert.Equal(t, "200 pending at 20s", get(clk, srv, "/jobs/b"))
		r, err := http.NewRequest(http.MethodDelete, srv.URL+"/jobs/a", nil)
		assert.NoError(t, err)
		answer, err := srv.Client().Do(r)
		if assert.NoError(t, err) {
			assert.NoError(t, answer.Body.Close())
		}
	})
	clk.Advance(time.Hour)
	// The second poll of b is the one at 1m2s, and ends the first step.
	assert.Equal(t, [4]string{"200 canceled at 20s", "200 canceled at 20s", "200 pending at 1m2s", "200 running at 1m2s"}, got)
	srv.AssertPolls(t, "b", 3)
}

// TestTwoWaitersOfAHeldJobHearItsEndInTurn: and a poll in the meantime is not after the end.
func TestTwoWaitersOfAHeldJobHearItsEndInTurn(t *testing.T) {
	t.Parallel()
	for range 20 {
		clk := mock.NewClock(t)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding), threeSteps())
		var got []string
		note := func(wait time.Duration, uri string) {
			clk.Go(func() {
				clk.Sleep(wait)
				got = append(got, uri+" "+get(clk, srv, uri)) // one after another
			})
		}
		note(35*time.Second, "/jobs/a?index=1&wait=60s")
		note(36*time.Second, "/jobs/a?wait=60s")
		note(37*time.Second, "/jobs/a")
		clk.Advance(time.Hour)
		require.Equal(t, []string{"/jobs/a 200 running at 37s", "/jobs/a?index=1&wait=60s 200 completed at 1m0s",
			"/jobs/a?wait=60s 200 completed at 1m0s"}, got)
		srv.AssertPolls(t, "a", 3)
		require.True(t, srv.AssertQuietAfterEnd(t, "a"))
		clk.Run(func() { get(clk, srv, "/jobs/a") })
		assert.Contains(t, failure(t, func(t mock.TB) { srv.AssertQuietAfterEnd(t, "a") }), "after an answer had reported its end")
	}
}

func TestFaultsApplyToAHeldRequest(t *testing.T) {
	t.Parallel()
	const uri = "/jobs/a?index=0&wait=60s"
	for name, c := range map[string]struct {
		effect fault.Effect
		uri    string
		want   string
	}{
		"an error":               {fault.Code(503), uri, "503 at 10s"},
		"a delay":                {fault.Latency(5 * time.Second), uri, "200 running at 35s"},
		"a delay after the hold": {fault.Latency(40 * time.Second), "/jobs/a?index=0&wait=10s", "200 pending at 1m0s"},
		"a cut":                  {fault.Reset(), uri, "200 cut at 30s"},
		"a wrong body":           {fault.Body("{}"), uri, "200 at 30s"},
		"a replica":              {fault.Lags(5 * time.Second), uri, "200 running at 35s"},
		"a replica from before":  {fault.Lags(time.Minute), "/jobs/a?wait=200s", "200 running at 1m30s"},
		"an old status":          {fault.GoesBack(), uri, "200 pending at 1m10s"},
		"an old status as news":  {fault.GoesBack(), "/jobs/a?index=1&wait=60s", "200 pending at 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding), mock.Fault(fault.Nth(1), c.effect), threeSteps())
			clk.Run(func() {
				clk.Sleep(10 * time.Second)
				assert.Equal(t, c.want, get(clk, srv, c.uri))
			})
			srv.AssertPolls(t, "a", 1)
		})
	}
}

// TestACanceledJobIsHeardOfAReplicaLater: a replica lags behind a cancel as behind any change.
func TestACanceledJobIsHeardOfAReplicaLater(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding), mock.Fault(fault.Always(), fault.Lags(7*time.Second)),
		mock.Job("a", mock.Pending(mock.Forever)))
	client, err := rest.New(srv.URL, rest.WithDialect(holding), rest.WithHTTPClient(srv.Client()))
	require.NoError(t, err)
	clk.Go(func() {
		clk.Sleep(20 * time.Second)
		assert.NoError(t, client.Cancel(t.Context(), "a"))
	})
	clk.Run(func() { assert.Equal(t, "200 canceled at 27s", get(clk, srv, "/jobs/a?wait=60s")) })
}

// TestAHeldRequestGetsTheAnswerOfAStep: an Answer is no status that could stay the same.
func TestAHeldRequestGetsTheAnswerOfAStep(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding),
		mock.Job("a", mock.Pending(30*time.Second), mock.Answer(503, "").Times(2), mock.Failed("")))
	clk.Run(func() {
		assert.Equal(t, "503 at 30s", get(clk, srv, "/jobs/a?index=0&wait=60s"))
		assert.Equal(t, "503 at 30s", get(clk, srv, "/jobs/a?wait=60s"))
		assert.Equal(t, "200 error at 30s", get(clk, srv, "/jobs/a?wait=60s"))
	})
}

// TestAJobThatGetsAnotherIDIsNewsToAHeldRequest: the next dialect holds requests, too.
func TestAJobThatGetsAnotherIDIsNewsToAHeldRequest(t *testing.T) {
	t.Parallel()
	next := rest.Dialect{Status: rest.Call{Path: "/builds/{id}?wait={hold}&index={rev}"}, State: "state", Revision: "rev"}
	queue := holding
	queue.Next, queue.NextDialect, queue.Cancel = "build", &next, rest.Call{Path: "-"}
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(queue), threeSteps())
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithREST(rest.WithDialect(queue)),
		jobstatus.WithBackoff(backoff.Constant(10*time.Second)))
	require.NoError(t, err)
	defer w.Close()
	clk.Go(func() {
		clk.Sleep(40 * time.Second)
		assert.Equal(t, "200 running at 40s", get(clk, srv, "/jobs/a?wait=60s"), "the queue has no more to say")
	})
	clk.Run(func() {
		_, err = w.WaitForJob(t.Context(), "a")
		assert.NoError(t, err)
		assert.Equal(t, time.Minute, clk.Elapsed())
	})
}

// TestAHoldEndsWithItsClient: a request whose client has left does not end a step of polls.
func TestAHoldEndsWithItsClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mock.NewServer(t, mock.InMemory(), mock.WithDialect(holding), mock.Job("a", mock.Pending(mock.Polls(1)), mock.Completed(nil)))
		client, err := rest.New(srv.URL, rest.WithDialect(holding), rest.WithHTTPClient(srv.Client()))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err = client.Hold(ctx, "a", transport.Status{}, time.Minute)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		for _, want := range []transport.State{transport.Pending, transport.Completed} {
			st, err := client.Hold(t.Context(), "a", transport.Status{}, time.Minute)
			require.NoError(t, err)
			assert.Equal(t, want, st.State)
		}
		assert.Equal(t, `            0s  GET /jobs/a?wait=60s  no answer
           20s  GET /jobs/a?wait=60s  200 pending
         1m20s  GET /jobs/a?wait=60s  200 completed
`, srv.Timeline("a"))
		srv.AssertPolls(t, "a", 3)
	})
}

// TestAHoldEndsWithItsServer: TestMain sees that nothing is left.
func TestAHoldEndsWithItsServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := &program{}
		srv := mock.NewServer(end, mock.InMemory(), mock.WithDialect(holding), mock.Job("a", mock.Pending(mock.Forever)))
		failed := make(chan error)
		for range 2 {
			go func() {
				_, err := srv.Client().Get(srv.URL + "/jobs/a?wait=60s") //nolint:bodyclose // there is no answer
				failed <- err
			}()
		}
		began := time.Now()
		time.Sleep(20 * time.Second)
		end.end()
		for range 2 {
			require.Error(t, <-failed)
		}
		assert.Equal(t, 20*time.Second, time.Since(began))
	})
}

// TestAJobThatIsDroppedIsNotFoundByAHeldRequest: see KeepJobs.
func TestAJobThatIsDroppedIsNotFoundByAHeldRequest(t *testing.T) {
	t.Parallel()
	d := holding
	d.Create = rest.Call{Path: "/jobs"}
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d), mock.KeepJobs(1), mock.Job("a", mock.Pending(mock.Forever)))
	clk.Go(func() {
		clk.Sleep(20 * time.Second)
		answer, err := srv.Client().Post(srv.URL+"/jobs", "", nil)
		if assert.NoError(t, err) {
			assert.NoError(t, answer.Body.Close())
		}
	})
	clk.Run(func() { assert.Equal(t, "404 at 20s", get(clk, srv, "/jobs/a?wait=60s")) })
}

// TestARequestOfTheServersClientEndsWithItsContext: at the instant of the deadline, whatever the
// service waits for.
func TestARequestOfTheServersClientEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, effect := range map[string]fault.Effect{"a hold": fault.Header("X", "y"), "a delay": fault.Latency(50 * time.Second), "silence": fault.Silence()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(holding), mock.Job("a", mock.Pending(mock.Forever)),
				mock.Fault(fault.Always(), effect))
			client, err := rest.New(srv.URL, rest.WithDialect(holding), rest.WithHTTPClient(srv.Client()))
			require.NoError(t, err)
			clk.Run(func() {
				for range 3 {
					began := clk.Now()
					ctx, cancel := clk.WithTimeout(t.Context(), 20*time.Second)
					_, err := client.Hold(ctx, "a", transport.Status{}, time.Minute)
					cancel()
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					assert.Equal(t, 20*time.Second, clk.Since(began))
				}
			})
		})
	}
}
