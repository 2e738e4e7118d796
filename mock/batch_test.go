package mock_test

import (
	"bytes"
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

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// told formats the answers to a batch: id=state, or id!class, or !class for an error of the whole
// batch.
func told(t *testing.T, answers []transport.Answer, err error) string {
	t.Helper()
	class := func(err error) string {
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		return fmt.Sprintf("!%d", e.Class)
	}
	if err != nil {
		assert.Empty(t, answers)
		return class(err)
	}
	var all []string
	for _, a := range answers {
		if a.Err != nil {
			all = append(all, a.Status.ID+class(a.Err))
		} else {
			all = append(all, a.Status.ID+"="+a.Status.State.String())
		}
	}
	return strings.Join(all, " ")
}

// withBatch returns a dialect with this Batch, whose status is at job.state.
func withBatch(b rest.Batch) rest.Dialect {
	b.Item = "job"
	return rest.Dialect{State: "job.state", Progress: "job.done", Message: "job.text", Error: "job.why", Result: "job.out", Revision: "job.rev", Batch: b}
}

// everyBatch has each form of a batch.
var everyBatch = map[string]rest.Batch{
	"joined":     {Path: "/jobs?brief=1&ids={ids}"},
	"separator":  {Path: "/jobs?q=id+in+({ids})", Separator: " | ", List: "page.jobs"},
	"repeated":   {Path: "/jobs?id[]={id}", List: "jobs", ID: "meta.name"},
	"array":      {Path: "/", Body: "{ids}"}, // the path at which jobs are created
	"body":       {Path: "/status/batch?brief=1", Method: "GET", Body: map[string]any{"what": []any{"job", 1, true, nil}, "of": map[string]string{"ids": "{ids}"}}},
	"by id":      {Path: "/jobs?ids={ids}", ID: "-"},
	"list by id": {Path: "/jobs?ids={ids}", ID: "-", List: "all.jobs"},
	"in path":    {Path: "/jobs/{ids}?brief=1"},
	"like one":   {Path: "/status/{ids}", Separator: "; "},
}

func TestServiceAnswersTheBatchesOfItsClient(t *testing.T) {
	t.Parallel()
	for name, b := range everyBatch {
		for _, notFound := range []string{"", "error.missing"} {
			b := b
			b.NotFound = notFound
			for _, memory := range []bool{false, true} {
				t.Run(fmt.Sprint(name, notFound, memory), func(t *testing.T) {
					t.Parallel()
					run := func(t *testing.T) {
						opts := []mock.Option{mock.WithDialect(withBatch(b)),
							mock.Job("a b", mock.Pending(mock.Polls(1)), mock.Running(mock.Polls(1)).With(0.5, "half way"), mock.Completed([]int{7})),
							mock.Job("ü/&#+", mock.Failed("disk full")), mock.Job("odd", mock.Answer(503, ""), mock.Canceled()),
							mock.Created(mock.Failed("too short"))}
						if memory {
							opts = append(opts, mock.InMemory())
						}
						srv := mock.NewServer(t, opts...)
						client, err := rest.New(srv.URL, rest.WithDialect(withBatch(b)), rest.WithHTTPClient(srv.Client()))
						require.NoError(t, err)
						ids := []string{"ü/&#+", "nobody's", "a b", "odd"}
						missing := map[bool]string{true: " nobody's!3"}[notFound != ""]
						for _, want := range []string{"ü/&#+=failed" + missing + " a b=pending", "ü/&#+=failed" + missing + " a b=running odd=canceled"} {
							got, err := client.StatusBatch(t.Context(), ids)
							require.Equal(t, want, told(t, got, err))
						}
						got, err := client.StatusBatch(t.Context(), []string{"a b", "nobody's"})
						require.Equal(t, "a b=completed"+missing, told(t, got, err))
						assert.Equal(t, transport.Status{ID: "a b", State: transport.Completed, Raw: "completed", Result: []byte("[7]"), Revision: "2"}, got[0].Status)
						st, err := client.Status(t.Context(), "ü/&#+")
						require.NoError(t, err)
						assert.Equal(t, "disk full", st.Message)
						id, err := client.Create(t.Context(), transport.CreateRequest{Input: map[string]string{"kind": "short"}})
						require.NoError(t, err)
						st, err = client.Status(t.Context(), id)
						require.NoError(t, err)
						assert.Equal(t, "too short", st.Message)

						require.Len(t, srv.Calls(""), 6, "a batch is one request")
						require.Len(t, srv.Calls("a b"), 3)
						assert.Equal(t, ids, srv.Calls("a b")[1].IDs)
						assert.Empty(t, srv.Calls("a b")[1].ID)
						assert.Equal(t, transport.Running, srv.Calls("a b")[1].State)
						srv.AssertPolls(t, "a b", 3)
						srv.AssertPolls(t, "odd", 2)
						srv.AssertPolls(t, "nobody's", 3)
						srv.AssertPolls(t, "ü/&#+", 3)
						srv.AssertPolls(t, id, 1)
					}
					if memory {
						synctest.Test(t, run)
					} else {
						run(t)
					}
				})
			}
		}
	}
}

func TestARequestThatIsNoBatchIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	body := rest.Batch{Path: "/jobs?x=1", Method: "PUT", Body: map[string]any{"what": []any{"job", 1}, "ids": "{ids}"}}
	const fine = `{"ids":["a"],"what":["job",1],"more":2}`
	for _, c := range []struct {
		batch               rest.Batch
		method, query, sent string
		code                int
	}{
		{rest.Batch{Path: "/jobs?x=1&ids=({ids})"}, "GET", "?ids=(a,b)&x=1&y=2", "", 200},
		{rest.Batch{Path: "/jobs?x=1&ids=({ids})"}, "GET", "?ids=(a,b)", "", 404},
		{rest.Batch{Path: "/jobs?x=1&ids=({ids})"}, "GET", "?x=1&ids=(a,b)&ids=(c)", "", 404},
		{rest.Batch{Path: "/jobs?x=1&ids=({ids})"}, "GET", "?x=1&ids=a,b", "", 404},
		{rest.Batch{Path: "/jobs?x=1&ids=({ids})"}, "GET", "?x=1&ids=(", "", 404},
		{rest.Batch{Path: "/jobs?x=1&ids=({ids})"}, "GET", "?x=1&ids=()", "", 404},
		{rest.Batch{Path: "/jobs?x=1&ids=({ids})"}, "POST", "?x=1&ids=(a)", "", 404},
		{rest.Batch{Path: "/jobs?ids=x{ids}x"}, "GET", "?ids=x", "", 404},
		{rest.Batch{Path: "/jobs?id={id}"}, "GET", "?id=a&id=a,b", "", 200},
		{rest.Batch{Path: "/jobs?id={id}"}, "GET", "", "", 404},
		{rest.Batch{Path: "/jobs?id={id}"}, "GET", "?id=a&id=", "", 404},
		{body, "PUT", "?x=1", fine, 200},
		{body, "PUT", "", fine, 404},
		{body, "PUT", "?x=1", "", 404},
		{body, "PUT", "?x=1", `[]`, 404},
		{body, "PUT", "?x=1", `{"ids":[],"what":["job",1]}`, 404},
		{body, "PUT", "?x=1", `{"ids":"a","what":["job",1]}`, 404},
		{body, "PUT", "?x=1", `{"ids":[7],"what":["job",1]}`, 404},
		{body, "PUT", "?x=1", `{"ids":["a"],"what":["job"]}`, 404},
		{body, "PUT", "?x=1", `{"ids":["a"],"what":["job",1,2]}`, 404},
		{body, "PUT", "?x=1", `{"ids":["a"],"what":["job",2]}`, 404},
		{body, "PUT", "?x=1", `{"ids":["a"],"what":[{},1]}`, 404},
		{body, "PUT", "?x=1", `{"ids":["a"]}`, 404},
	} {
		srv := mock.NewServer(t, mock.InMemory(), mock.WithDialect(rest.Dialect{Batch: c.batch}), mock.Job("a", mock.Completed(nil)))
		r, err := http.NewRequest(c.method, srv.URL+"/jobs"+c.query, strings.NewReader(c.sent))
		require.NoError(t, err)
		answer, err := srv.Client().Do(r)
		require.NoError(t, err)
		got, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		_ = answer.Body.Close()
		assert.Equal(t, c.code, answer.StatusCode, "%s %s %s", c.method, c.query, c.sent)
		assert.Equal(t, c.code == 200, bytes.Contains(got, []byte(`"completed"`)), string(got))
	}
}

// eachWay runs a test of batches over HTTP and without HTTP.
func eachWay(t *testing.T, opts []mock.Option, test func(t *testing.T, clk *mock.Clock, s *mock.Service, b transport.Batcher)) {
	d := withBatch(rest.Batch{Path: "/jobs?ids={ids}", Max: 10})
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		clk := mock.NewClock(t)
		srv := mock.NewServer(t, append(opts[:len(opts):len(opts)], mock.WithDialect(d), mock.WithClock(clk))...)
		client, err := rest.New(srv.URL, rest.WithDialect(d), rest.WithHTTPClient(srv.Client()), rest.WithRetries(rest.NoRetries))
		require.NoError(t, err)
		test(t, clk, srv.Service, client)
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		clk := mock.NewClock(t)
		tr := mock.NewTransport(t, append(opts[:len(opts):len(opts)], mock.WithClock(clk))...)
		test(t, clk, tr.Service, tr)
	})
}

func TestABatchOfMoreThanTheServiceTakesIsOversized(t *testing.T) {
	t.Parallel()
	eachWay(t, []mock.Option{mock.MaxBatch(2), mock.Job("a", mock.Pending(mock.Polls(1)), mock.Completed(nil))}, func(t *testing.T, _ *mock.Clock, s *mock.Service, b transport.Batcher) {
		got, err := b.StatusBatch(t.Context(), []string{"a", "b", "c"})
		assert.Equal(t, "!5", told(t, got, err))
		assert.Equal(t, 413, s.Calls("")[0].Code)
		got, err = b.StatusBatch(t.Context(), []string{"a", "b"})
		assert.Equal(t, "a=pending", told(t, got, err), "a step does not pass by what is refused")
		s.AssertPolls(t, "a", 2)
		if tr, ok := b.(*mock.Transport); ok {
			assert.Equal(t, 2, tr.MaxBatch())
		}
	})
}

func TestAJobAtAnAnswerIsLeftOutOfABatch(t *testing.T) {
	t.Parallel()
	eachWay(t, []mock.Option{mock.MaxBatch(2), mock.Job("a", mock.Answer(429, ""), mock.Completed(nil)), mock.Job("b", mock.Canceled())},
		func(t *testing.T, _ *mock.Clock, s *mock.Service, b transport.Batcher) {
			for _, want := range []string{"b=canceled", "a=completed b=canceled"} {
				got, err := b.StatusBatch(t.Context(), []string{"a", "b"})
				assert.Equal(t, want, told(t, got, err))
			}
			assert.Equal(t, transport.Unknown, s.Calls("a")[0].State)
		})
}

func TestABatchIsAsYoungAsTheYoungestOfItsJobs(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.MaxBatch(2), mock.Fault(fault.Young(time.Minute), fault.Code(503)), mock.Job("old", mock.Canceled()))
	clk.Advance(time.Hour)
	id, err := tr.Create(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	got, err := tr.StatusBatch(t.Context(), []string{"old", id})
	assert.Equal(t, "!0", told(t, got, err))
	clk.Advance(time.Minute)
	got, err = tr.StatusBatch(t.Context(), []string{"old", id})
	assert.Equal(t, "old=canceled "+id+"=completed", told(t, got, err))
}

func TestATransportBatchesIfItIsToldTo(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 7} {
		assert.Equal(t, n, mock.NewTransport(t, mock.MaxBatch(n)).MaxBatch())
	}
	tr := mock.NewTransport(t, mock.Job("a", mock.Completed(nil)))
	got, err := tr.StatusBatch(t.Context(), []string{"a"})
	assert.Equal(t, "!4", told(t, got, err))
	tr = mock.NewTransport(t, mock.MaxBatch(2), mock.Fault(fault.Always(), fault.Code(503)))
	got, err = tr.StatusBatch(t.Context(), nil)
	assert.Empty(t, told(t, got, err))
	assert.Empty(t, tr.Calls(""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = tr.StatusBatch(ctx, []string{"a"})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestFaultsBefallABatchAsAWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		when fault.When
		want string // the results of four batches a second apart: two of a and b, then two of b and c
	}{
		"always":           {fault.Always(), "xxxx"},
		"nth":              {fault.Nth(2, 4), ".x.x"},
		"of one":           {fault.Always().Of("a"), "xx.."},
		"of the last":      {fault.Always().Of("c"), "..xx"},
		"nth of one":       {fault.Nth(2).Of("c"), "...x"},
		"of another":       {fault.Always().Of("d"), "...."},
		"share of all":     {fault.Share(1), "xxxx"},
		"share of none":    {fault.Share(0), "...."},
		"young":            {fault.Young(1500 * time.Millisecond), "xx.."},
		"young of one":     {fault.Young(1500 * time.Millisecond).Of("b"), "xx.."},
		"young of nobody":  {fault.Young(time.Minute).Of("c"), "...."},
		"of creates alone": {fault.Always().OfCreate(), "...."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			tr := mock.NewTransport(t, mock.WithClock(clk), mock.MaxBatch(9), mock.Fault(c.when, fault.Code(503)),
				mock.Job("a", mock.Pending(mock.Forever)), mock.Job("b", mock.Pending(mock.Forever)))
			got := ""
			for _, ids := range [][]string{{"a", "b"}, {"a", "b"}, {"b", "c"}, {"b", "c"}} {
				answers, err := tr.StatusBatch(t.Context(), ids)
				if err != nil {
					got += "x"
				} else {
					got += "."
					assert.NotEmpty(t, answers)
				}
				clk.Advance(time.Second)
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, 4, tr.Polls("b"))
		})
	}
}

func TestEffectsOfAFaultOnABatch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effect fault.Effect
		want   string
	}{
		"throttled": {fault.Code(429), "!1"}, "not found": {fault.Code(404), "!4"}, "too many": {fault.Code(413), "!5"}, "long": {fault.Code(414), "!5"},
		"huge": {fault.Huge(20 << 20), "!5"}, "truncated": {fault.Truncated(), "!2"}, "reset": {fault.Reset(), "!0"}, "body": {fault.Body("{"), "!2"},
		"lags": {fault.Lags(time.Minute), "a=pending b=pending"}, "back": {fault.GoesBack(), "a=pending b=pending"}, "hint": {fault.RetryAfter("7"), "a=completed b=completed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := []mock.Step{mock.Pending(time.Minute), mock.Completed(nil)}
			eachWay(t, []mock.Option{mock.MaxBatch(9), mock.Fault(fault.Always(), c.effect), mock.Job("a", script...), mock.Job("b", script...)},
				func(t *testing.T, clk *mock.Clock, s *mock.Service, b transport.Batcher) {
					clk.Advance(time.Minute)
					got, err := b.StatusBatch(t.Context(), []string{"a", "b"})
					assert.Equal(t, c.want, told(t, got, err))
					for _, a := range got {
						assert.Equal(t, map[string]time.Duration{"hint": 7 * time.Second}[name], a.Status.RetryAfter)
					}
					assert.Equal(t, strings.HasPrefix(c.want, "a=completed"), s.Calls("a")[0].State == transport.Completed)
				})
		})
	}
}

func TestAssertionsSeeTheJobsOfABatch(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.MaxBatch(9),
		mock.Job("a", mock.Pending(mock.Polls(1)), mock.Completed(nil)), mock.Job("b", mock.Pending(mock.Forever)))
	poll := func(ids ...string) {
		t.Helper()
		_, err := tr.StatusBatch(t.Context(), ids)
		require.NoError(t, err)
		clk.Advance(time.Second)
	}
	poll("a", "b", "c")
	poll("b", "a")
	assert.True(t, tr.AssertQuietAfterEnd(t, "a"))
	assert.True(t, tr.AssertQuietAfterEnd(t, ""))
	assert.True(t, tr.AssertGaps(t, "a", time.Second))
	for st := range tr.Jobs() {
		assert.Equal(t, 2, st.Polls)
		assert.Equal(t, map[string]time.Time{"a": start.Add(time.Second)}[st.ID], st.Told)
	}
	assert.Equal(t, "            0s  a,b,c  200 a pending, b pending, c unknown\n            1s  b,a  200 b pending, a completed\n", tr.Timeline(""))
	assert.Equal(t, "            0s  a,b,c  200 a pending, b pending, c unknown\n", tr.Timeline("c"))
	poll("b", "a")
	assert.Contains(t, failure(t, func(t mock.TB) { tr.AssertQuietAfterEnd(t, "a") }), `"a" was polled after`)
	assert.Contains(t, failure(t, func(t mock.TB) { tr.AssertQuietAfterEnd(t, "") }), `"a" was polled after`)
	assert.Contains(t, failure(t, func(t mock.TB) { tr.AssertQuietAfterEnd(t, "b") }), "no poll was told that a job has ended")
}

func TestABatchThatIsNotAnsweredIsACallAllTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tr := mock.NewTransport(t, mock.MaxBatch(9), mock.Fault(fault.Always(), fault.Silence()), mock.Job("a", mock.Completed(nil)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := tr.StatusBatch(ctx, []string{"a", "b"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, "            0s  a,b  no answer\n", tr.Timeline("a"))
		tr.AssertPolls(t, "a", 1)
	})
}
