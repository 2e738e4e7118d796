package mock_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestAssertionsHoldOrPrintTheTimeLine(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("a", mock.Pending(15*time.Second), mock.Completed(nil)))
	_, _, err := watch(t, clk, srv)
	require.NoError(t, err)
	gaps := []time.Duration{10 * time.Second, 10 * time.Second}
	assert.True(t, srv.AssertPolls(t, "a", 3))
	assert.True(t, srv.AssertGaps(t, "a", gaps...))
	assert.True(t, srv.AssertQuietAfterEnd(t, "a"))
	assert.True(t, srv.AssertQuietAfterEnd(t, ""))
	assert.True(t, srv.AssertUnseen(t, "canary"))

	assert.Contains(t, failure(t, func(t mock.TB) { srv.AssertPolls(t, "a", 4) }), "3 times, not 4:\n")
	assert.Contains(t, failure(t, func(t mock.TB) { srv.AssertPolls(t, "a", 4) }), "10s  GET /status/a  200 pending\n")
	assert.Contains(t, failure(t, func(t mock.TB) { srv.AssertGaps(t, "a", gaps[0]) }), "[10s 10s] apart, not [10s]:\n")

	_, _, err = fetch(t, srv, "a", "X-Secret", "canary")
	require.NoError(t, err)
	assert.Contains(t, failure(t, func(t mock.TB) { srv.AssertQuietAfterEnd(t, "a") }), `"a" was polled after`)
	assert.Contains(t, failure(t, func(t mock.TB) { srv.AssertQuietAfterEnd(t, "") }), `"a" was polled after`)
	message := failure(t, func(t mock.TB) { srv.AssertUnseen(t, "canary") })
	assert.Contains(t, message, "a secret was seen in GET /status/a")
	assert.NotContains(t, message, "canary")
	_, _, err = fetch(t, srv, "b")
	require.NoError(t, err)
	assert.True(t, srv.AssertPolls(t, "b", 1), "a job that there is not was asked about")
}

// An assertion without a condition fails.
func TestAssertionsThatWouldSayNothingFail(t *testing.T) {
	t.Parallel()
	const notKept = "calls that were not kept"
	service := func(t *testing.T, opts ...mock.Option) *mock.Server {
		srv := mock.NewServer(t, append(opts, mock.Job("a", mock.Pending(mock.Polls(1)), mock.Completed(nil)), mock.Job("b", mock.Pending(mock.Polls(9)), mock.Canceled()),
			mock.Job("idle", mock.Canceled()))...)
		for _, id := range []string{"a", "a", "b", "stranger"} {
			ask(t, "GET", srv.URL+"/status/"+id)
		}
		return srv
	}
	all, newest, none := service(t), service(t, mock.KeepCalls(2)), service(t, mock.KeepCalls(0))
	silent, memory := mock.NewServer(t), mock.NewTransport(t, mock.Job("a", mock.Canceled()))
	_, err := memory.Status(t.Context(), "a")
	require.NoError(t, err)
	gap := func(srv *mock.Server) time.Duration {
		calls := srv.Calls("a")
		return calls[1].Time.Sub(calls[0].Time)
	}(all)
	for name, c := range map[string]struct {
		assertion func(t mock.TB) bool
		want      string // the text of the failure; empty if there is none
	}{
		"polls of a job":                      {func(t mock.TB) bool { return all.AssertPolls(t, "a", 2) }, ""},
		"polls of a job nobody asked about":   {func(t mock.TB) bool { return all.AssertPolls(t, "idle", 0) }, ""},
		"polls of a stranger":                 {func(t mock.TB) bool { return all.AssertPolls(t, "stranger", 1) }, ""},
		"polls of no job":                     {func(t mock.TB) bool { return all.AssertPolls(t, "A", 0) }, `job "A": the service knows no such job`},
		"polls without calls":                 {func(t mock.TB) bool { return none.AssertPolls(t, "a", 2) }, ""},
		"polls of a stranger without calls":   {func(t mock.TB) bool { return none.AssertPolls(t, "stranger", 0) }, notKept},
		"polls of a stranger with some calls": {func(t mock.TB) bool { return newest.AssertPolls(t, "stranger", 1) }, notKept},
		"gaps":                                {func(t mock.TB) bool { return all.AssertGaps(t, "a", gap) }, ""},
		"gaps of one poll":                    {func(t mock.TB) bool { return newest.AssertGaps(t, "b") }, ""},
		"gaps of no poll":                     {func(t mock.TB) bool { return all.AssertGaps(t, "idle") }, "nobody asked about it"},
		"gaps of no job":                      {func(t mock.TB) bool { return all.AssertGaps(t, "A") }, "no such job"},
		"gaps without calls":                  {func(t mock.TB) bool { return none.AssertGaps(t, "a") }, notKept},
		"gaps with some calls":                {func(t mock.TB) bool { return newest.AssertGaps(t, "a", gap) }, notKept},
		"quiet":                               {func(t mock.TB) bool { return all.AssertQuietAfterEnd(t, "a") }, ""},
		"quiet, all":                          {func(t mock.TB) bool { return all.AssertQuietAfterEnd(t, "") }, ""},
		"quiet, no end":                       {func(t mock.TB) bool { return all.AssertQuietAfterEnd(t, "b") }, "no poll was told that a job has ended"},
		"quiet, no job":                       {func(t mock.TB) bool { return all.AssertQuietAfterEnd(t, "A") }, "no such job"},
		"quiet, no call":                      {func(t mock.TB) bool { return silent.AssertQuietAfterEnd(t, "") }, "no such job"},
		"quiet, no poll":                      {func(t mock.TB) bool { return all.AssertQuietAfterEnd(t, "idle") }, "nobody asked about it"},
		"quiet without calls":                 {func(t mock.TB) bool { return none.AssertQuietAfterEnd(t, "a") }, notKept},
		"quiet with some calls":               {func(t mock.TB) bool { return newest.AssertQuietAfterEnd(t, "") }, notKept},
		"unseen":                              {func(t mock.TB) bool { return all.AssertUnseen(t, "canary") }, ""},
		"unseen, nothing":                     {func(t mock.TB) bool { return all.AssertUnseen(t, "") }, "the secret is empty"},
		"unseen, no call":                     {func(t mock.TB) bool { return silent.AssertUnseen(t, "canary") }, "no such job"},
		"unseen without calls":                {func(t mock.TB) bool { return none.AssertUnseen(t, "canary") }, notKept},
		"unseen with some calls":              {func(t mock.TB) bool { return newest.AssertUnseen(t, "canary") }, notKept},
		"unseen in memory":                    {func(t mock.TB) bool { return memory.AssertUnseen(t, "canary") }, "no request came over HTTP"},
		"a Server that was not made":          {func(t mock.TB) bool { return (&mock.Server{}).AssertUnseen(t, "canary") }, "was not made by"},
		"a Service that was not made":         {func(t mock.TB) bool { return (&mock.Service{}).AssertPolls(t, "a", 0) }, "was not made by"},
		"a nil Service":                       {func(t mock.TB) bool { return (*mock.Service)(nil).AssertGaps(t, "a") }, "was not made by"},
	} {
		r := recorder{t, make(chan string, 9)}
		holds := c.assertion(r)
		assert.Equal(t, c.want == "", holds, name)
		if c.want == "" {
			assert.Empty(t, r.failed, name)
		} else if assert.Len(t, r.failed, 1, name) {
			assert.Contains(t, <-r.failed, c.want, name)
		}
	}
	assert.Contains(t, none.Timeline(""), "4 calls were not kept")
	assert.Contains(t, newest.Timeline(""), "2 calls were not kept")
	assert.NotContains(t, all.Timeline(""), "not kept")
}

func TestASecretIsSeenInEachForm(t *testing.T) {
	t.Parallel()
	const secret = "can/ary +1"
	for name, header := range map[string][]string{
		"plain":   {"X-Any", "a " + secret},
		"escaped": {"X-Any", "q=" + url.QueryEscape(secret)},
		"basic":   {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+secret))},
		"path":    nil,
	} {
		srv := mock.NewServer(t)
		path := "/status/a"
		if header == nil {
			path += "?key=" + url.QueryEscape(secret)
		}
		ask(t, "GET", srv.URL+path, header...)
		r := recorder{t, make(chan string, 1)}
		assert.False(t, srv.AssertUnseen(r, secret), name)
		message := <-r.failed
		assert.Contains(t, message, "a secret was seen in GET /status/a", name)
		assert.NotContains(t, message, url.QueryEscape(secret), name)
	}
}

func TestJobsTellsWhereEachStands(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	var answered atomic.Int32
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.OnCall(func(mock.Call) { answered.Add(1) }),
		mock.Job("a", mock.Running(10*time.Second).Rising(0.2, 0.8), mock.Completed(nil)),
		mock.Created(mock.Pending(mock.Forever)))
	clk.Advance(5 * time.Second)
	id, err := tr.Create(context.Background(), transport.CreateRequest{Input: map[string]string{"kind": "slow"}})
	require.NoError(t, err)
	jobs := slices.Collect(tr.Jobs())
	require.Len(t, jobs, 2)
	at := start.Add(5 * time.Second)
	assert.Equal(t, mock.JobState{ID: id, Kind: "slow", State: transport.Pending, Created: at, Updated: at}, jobs[0])
	assert.Equal(t, transport.Running, jobs[1].State)
	assert.InDelta(t, 0.5, jobs[1].Progress, 1e-9)
	clk.Advance(6 * time.Second)
	_, err = tr.Status(context.Background(), "a")
	require.NoError(t, err)
	for st := range tr.Jobs() {
		if st.ID == "a" {
			assert.Equal(t, start.Add(10*time.Second), st.Updated)
			assert.Equal(t, start.Add(11*time.Second), st.Told)
		}
	}
	clk.Advance(time.Minute)
	_, err = tr.Status(context.Background(), "a")
	require.NoError(t, err)
	for st := range tr.Jobs() {
		if st.ID == "a" {
			assert.Equal(t, start.Add(11*time.Second), st.Told, "who is told again is told late")
		}
	}
	for range tr.Jobs() {
		break
	}
	assert.EqualValues(t, 3, answered.Load())
}

func TestProgressRisesWithPollsToo(t *testing.T) {
	t.Parallel()
	tr := mock.NewTransport(t, mock.Job("a", mock.Running(mock.Polls(3)).Rising(0, 1), mock.Running(mock.Polls(1)).Rising(0.5, 1), mock.Completed(nil)))
	var got []float64
	for range 5 {
		st, err := tr.Status(context.Background(), "a")
		require.NoError(t, err)
		got = append(got, st.Progress)
	}
	assert.Equal(t, []float64{0, 0.5, 1, 0.5, 0}, got)
}

func TestServiceSpeaksPlainText(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Create: rest.Call{Path: "/run"}, ID: "@text", State: "@text", States: map[string]transport.State{"QUEUED": transport.Pending, "DONE": transport.Completed}}
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d), mock.Created(mock.Pending(time.Minute), mock.Completed(nil)))
	client, err := rest.New(srv.URL, rest.WithDialect(d))
	require.NoError(t, err)
	defer client.Close()
	id, err := client.Create(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	for _, want := range []transport.State{transport.Pending, transport.Completed} {
		s, err := client.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, want, s.State)
		clk.Advance(2 * time.Minute)
	}
}

func TestServiceSpeaksTheDialectOfItsClient(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]rest.Dialect{
		"default": {},
		"google": {
			Create: rest.Call{Path: "/v1/operations"}, Status: rest.Call{Path: "/v1/operations/{id}"}, Cancel: rest.Call{Method: "POST", Path: "/v1/operations/{id}:cancel"},
			ID: "name", State: "metadata.state", States: map[string]transport.State{"RUNNING": transport.Running, "DONE": transport.Completed, "FAILED": transport.Failed},
			Progress: "metadata.percent", ProgressScale: 100, Message: "metadata.note", Error: "error.message", Result: "response", Revision: "etag",
			Created: "metadata.create", Updated: "metadata.update", Finished: "metadata.end",
		},
		"slashes and several places": {
			Create: rest.Call{Path: "/v1/things"}, Status: rest.Call{Path: "/v1/{+id}"}, Cancel: rest.Call{Method: "POST", Path: "/v1/{+id}:cancel"}, ID: "@header.Location", IDPattern: "*/{id}",
			AnswerID: "-", State: "jobs[id={id}].done, jobs[id={id}].code", States: map[string]transport.State{"-, -": transport.Pending, "false, -": transport.Running,
				"true, -": transport.Completed, "true, 1": transport.Canceled, "true, *": transport.Failed, "true, E*": transport.Failed},
			Progress: "n.done / n.all", Message: "notes[-1]", Error: "error.message", Result: "jobs[id={id}].out",
		},
		"all by one path": {
			Create: rest.Call{Method: "POST", Path: "/", Header: map[string]string{"X-Target": "Start"}}, ID: "RunId", AnswerID: "-",
			Status: rest.Call{Method: "POST", Path: "/", Header: map[string]string{"X-Target": "Get"}, Body: map[string]any{"RunId": "{id}", "n": 1}},
			Cancel: rest.Call{Method: "POST", Path: "/", Header: map[string]string{"X-Target": "Stop"}, Body: map[string]any{"RunIds": []string{"{id}"}}},
			State:  "Run.State", Message: "Run.Note", Error: "Run.Error", Result: "Run.Out", Progress: "Run.Share",
		},
		"comparisons in brackets, and a hold": {
			Status: rest.Call{Path: "/jobs/{id}?index={rev}&wait={hold}s", Header: map[string]string{"Prefer": "wait={hold}"}},
			Cancel: rest.Call{Path: "/jobs/{id}"},
			State:  "parts[of=x,ok!=true].state", Message: "parts[of=x,ok!=true].note", Error: "parts[ok!=true,of=x].why", Progress: "n", Result: "out",
		},
		"JSON in a text": {
			Status: rest.Call{Path: "/jobs/{id}"}, Cancel: rest.Call{Path: "/jobs/{id}"}, State: "data.@json.state", Message: "data.@json.note", Error: "data.@json.why", Progress: "data.@json.n", Result: "data.@json.out",
		},
		"query": {
			Status: rest.Call{Path: "/jobs?id={id}&verbose=1"}, Create: rest.Call{Method: "PUT", Path: "/jobs"}, State: "state", ID: "id",
			Message: "-", Error: "why", Result: "-", Progress: "-", IdempotencyHeader: "X-Key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d), mock.WithETags(),
				mock.CreatedBy(func(c mock.Creation) []mock.Step {
					switch c.Kind {
					case "good":
						return []mock.Step{mock.Pending(time.Minute), mock.Running(time.Minute).Rising(0, 1).With(0.4, "second pass"), mock.Completed([]int{7})}
					case "bad":
						return []mock.Step{mock.Running(time.Minute), mock.Failed("disk full")}
					default:
						return []mock.Step{mock.Pending(mock.Forever)}
					}
				}))
			client, err := rest.New(srv.URL, rest.WithDialect(d))
			require.NoError(t, err)
			defer client.Close()
			w, err := jobstatus.New(client, jobstatus.WithClock(clk), jobstatus.WithBackoff(backoff.Constant(50*time.Second)))
			require.NoError(t, err)
			defer w.Close()
			clk.Run(func() {
				id, err := w.CreateJob(t.Context(), jobstatus.Input(map[string]string{"kind": "good"}), jobstatus.IdempotencyKey("k"))
				require.NoError(t, err)
				again, err := w.CreateJob(t.Context(), jobstatus.Input(map[string]string{"kind": "good"}), jobstatus.IdempotencyKey("k"))
				require.NoError(t, err)
				assert.Equal(t, id, again)
				var seen []jobstatus.Status
				for st, err := range w.Updates(t.Context(), id, jobstatus.Timeout(time.Hour)) {
					assert.NoError(t, err)
					seen = append(seen, st)
				}
				last := seen[len(seen)-1]
				assert.Equal(t, jobstatus.Completed, last.State)
				if d.Result != "-" {
					assert.JSONEq(t, "[7]", string(last.Result))
					assert.Equal(t, "second pass", seen[len(seen)-2].Message)
					assert.InDelta(t, 0.4, seen[len(seen)-2].Progress, 1e-9)
				}
				if d.Finished != "" {
					assert.Equal(t, "2m0s 2m0s", fmt.Sprint(last.Finished.Sub(start), last.Updated.Sub(start)))
					assert.Equal(t, "2", last.Revision)
				}
				id, err = w.CreateJob(t.Context(), jobstatus.Input(map[string]string{"kind": "bad"}))
				require.NoError(t, err)
				st, err := w.WaitForJob(t.Context(), id)
				assert.ErrorIs(t, err, jobstatus.ErrJobFailed)
				calls := srv.Calls(id)
				assert.Equal(t, 200, calls[len(calls)-1].Code)
				assert.Equal(t, "disk full", st.Message)
				_, err = w.WaitForJob(t.Context(), "nobody's")
				assert.ErrorIs(t, err, jobstatus.ErrNotFound)
				id, err = w.CreateJob(t.Context())
				require.NoError(t, err)
				if name != "query" {
					require.NoError(t, w.CancelJob(t.Context(), id))
					_, err = w.WaitForJob(t.Context(), id)
					assert.ErrorIs(t, err, map[bool]error{true: jobstatus.ErrJobCanceled, false: jobstatus.ErrJobFailed}[name != "google"])
				}
			})
		})
	}
	srv := mock.NewServer(t, mock.WithDialect(rest.Dialect{Status: rest.Call{Path: "/jobs?id={id}"}}), mock.Job("a", mock.Completed(nil)))
	for path, want := range map[string]string{"?id=a": "200", "?id=a&id=a": "404", "?id=": "404", "": "404", "?id=a&more=1": "200", "/?id=a": "404"} {
		assert.Contains(t, ask(t, "GET", srv.URL+"/jobs"+path), want+" ", path)
	}
	assert.Contains(t, failure(t, func(t mock.TB) {
		mock.NewServer(t, mock.WithDialect(rest.Dialect{States: map[string]transport.State{"on": transport.Running}}))
	}), "no word for a job that is")
}

func TestKeepJobsForgetsTheOldest(t *testing.T) {
	t.Parallel()
	tr := mock.NewTransport(t, mock.KeepJobs(2))
	var ids []string
	for _, key := range []string{"a", "b", "c", "a", "c"} {
		id, err := tr.Create(context.Background(), transport.CreateRequest{IdempotencyKey: key})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	assert.NotEqual(t, ids[0], ids[3], "the first a is forgotten")
	assert.Equal(t, ids[2], ids[4])
	assert.Len(t, slices.Collect(tr.Jobs()), 2)
	_, err := tr.Status(context.Background(), ids[0])
	require.ErrorIs(t, err, transport.ErrNotFound)
}

// fault 51, for the service.
func TestAMillionJobsFitInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short: it takes a second")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	script := []mock.Step{mock.Pending(duration.LogNormal(time.Minute, 1)), mock.Completed(nil)}
	opts := []mock.Option{mock.KeepCalls(0)}
	for i := range 1_000_000 {
		opts = append(opts, mock.Job(fmt.Sprintf("00000000-0000-4000-8000-%012d", i), script...))
	}
	tr := mock.NewTransport(t, opts...)
	opts = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(400<<20))
	t.Logf("%d MB", (after.HeapAlloc-before.HeapAlloc)>>20)
	_, err := tr.Status(context.Background(), "00000000-0000-4000-8000-000000999999")
	require.NoError(t, err)
}

// A dialect may have the word for its state at the place of its error, too.
func TestServiceSaysNumbersAndBooleansAsSuch(t *testing.T) {
	t.Parallel()
	for _, d := range []rest.Dialect{
		{State: "state.failed, ended", States: map[string]transport.State{"false, true": transport.Completed, "true, true": transport.Failed, "*, false": transport.Running, "false, false": transport.Running, "true, false": transport.Running}, Error: "state.failed"},
		{State: "exit", States: map[string]transport.State{"-1": transport.Pending, "0": transport.Completed, "1": transport.Failed}, Error: "exit"},
	} {
		clk := mock.NewClock(t)
		d.Status = rest.Call{Path: "/{id}"}
		srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d), mock.Job("good", mock.Completed(nil)), mock.Job("bad", mock.Failed("")))
		client, err := rest.New(srv.URL, rest.WithDialect(d), rest.WithHTTPClient(srv.Client()))
		require.NoError(t, err)
		defer client.Close()
		s, err := client.Status(t.Context(), "good")
		require.NoError(t, err)
		assert.Equal(t, transport.Completed, s.State, d.State)
		s, err = client.Status(t.Context(), "bad")
		require.NoError(t, err)
		assert.Equal(t, transport.Failed, s.State, d.State)
	}
}
