package resttest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noted notes what is reported.
type noted struct{ problems []string }

func (n *noted) Helper() {}
func (n *noted) Errorf(format string, args ...any) {
	n.problems = append(n.problems, fmt.Sprintf(format, args...))
}

var run = rest.Dialect{
	State: "status, conclusion", ID: "id", Message: "why", Result: "out", Next: "next", AnswerID: "id",
	States:      map[string]transport.State{"queued, -": transport.Pending, "completed, success": transport.Completed, "completed, *": transport.Failed, "waiting, -": transport.Blocked},
	NextDialect: &rest.Dialect{State: "s", States: map[string]transport.State{"ok": transport.Completed}},
}

var samples = []resttest.Sample{
	{Body: `{"status":"queued"}`, Means: "pending"},
	{Body: `{"status":"waiting","why":"approve"}`, Means: "blocked", Message: "approve"},
	{ID: "7", Code: 200, Body: `{"id":7,"status":"completed","conclusion":"success","out":{"a": 1}}`, Means: "completed", Result: `{"a":1}`},
	{Body: `{"status":"completed","conclusion":"failure"}`, Means: "failed"},
	{Code: 404, Means: "unknown_id"}, {Code: 429, Means: "throttled"}, {Code: 503, Means: "transient"}, {Code: 400, Means: "denied"}, {Body: `{`, Means: "malformed"},
	{Code: 403, Header: http.Header{"retry-after": {"1"}}, Means: "throttled"}, {Code: 202, Means: "pending"}, {Code: 421, Means: "misdirected"},
	{Stage: 1, Body: `{"s":"ok"}`, Means: "completed"}, {Body: `{"status":"odd"}`, Means: "unknown"},
}

func TestADialectThatTellsAllIsRight(t *testing.T) {
	t.Parallel()
	n := &noted{}
	resttest.Check(n, run, samples)
	assert.Empty(t, n.problems)
}

func TestAnAnswerThatSaysNothingIsNotCompletedUnlessASampleShowsIt(t *testing.T) {
	t.Parallel()
	done := resttest.Sample{Body: `{"id":"1","s":"done","n":[{"s":"done"}],"x":{"s":"done","left":3}}`, Means: "completed"}
	failed := resttest.Sample{Body: `{"x":{"s":"failed","left":3}}`, Means: "failed"}
	for name, c := range map[string]struct {
		place   string
		states  map[string]transport.State
		samples []resttest.Sample
		want    string
	}{
		"a word":          {"x.s", map[string]transport.State{"done": transport.Completed, "failed": transport.Failed}, nil, ""},
		"any other word":  {"x.s", map[string]transport.State{"*": transport.Completed, "failed": transport.Failed}, nil, "even with null at x.s: record"},
		"no error":        {"x.s, x.error", map[string]transport.State{"*, -": transport.Completed, "failed, *": transport.Failed, "failed, -": transport.Failed}, nil, "even with null at x.s, x.error"},
		"a number":        {"x.s, x.left", map[string]transport.State{"done, +": transport.Completed, "*, 0": transport.Completed, "failed, *": transport.Failed, "failed, 0": transport.Failed}, nil, "even with 0 at x.s, x.left"},
		"a refinement":    {"x.s, x.left", map[string]transport.State{"done, *": transport.Completed, "failed, *": transport.Failed}, nil, ""},
		"a shown answer":  {"x.s", map[string]transport.State{"done": transport.Completed, "-": transport.Completed, "failed": transport.Failed}, []resttest.Sample{{Body: `{"x":{}}`, Means: "completed"}}, ""},
		"one not shown":   {"x.s", map[string]transport.State{"done": transport.Completed, "-": transport.Completed, "failed": transport.Failed}, nil, "even with null"},
		"a status code":   {"@code", map[string]transport.State{"200": transport.Completed, "500": transport.Failed}, []resttest.Sample{{Code: 500, Means: "failed"}}, ""},
		"equal values":    {"x.s = s", map[string]transport.State{"true": transport.Completed, "-": transport.Failed}, nil, ""},
		"a later dialect": {"first", map[string]transport.State{"go": transport.Pending}, nil, ""},
	} {
		n := &noted{}
		all := append([]resttest.Sample{done, failed}, c.samples...)
		d := rest.Dialect{State: c.place, States: c.states}
		switch name {
		case "a status code":
			all = all[:1:1]
			all = append(all, c.samples...)
		case "equal values":
			all[1].Body = `{"x":{"s":"failed"}}`
		case "a later dialect":
			next := rest.Dialect{State: "x.s", States: map[string]transport.State{"*": transport.Completed, "failed": transport.Failed}}
			d.Next, d.NextDialect, c.want = "next", &next, "even with null at x.s"
			all[0].Stage, all[1].Stage = 1, 1
		}
		resttest.Check(n, d, all)
		if c.want == "" {
			assert.Empty(t, n.problems, name)
		} else if assert.Len(t, n.problems, 1, name) {
			assert.Contains(t, n.problems[0], "samples[0]", name)
			assert.Contains(t, n.problems[0], c.want, name)
		}
	}
}

// With a wrong scale, a job in the middle would seem to be done.
func TestAProgressBeyondItsScaleIsReported(t *testing.T) {
	t.Parallel()
	samples := []resttest.Sample{
		{Body: `{"s":"running","percent":40}`, Means: "running"},
		{Body: `{"s":"done","percent":100}`, Means: "completed"},
		{Body: `{"s":"failed","percent":null}`, Means: "failed"},
	}
	d := rest.Dialect{State: "s", States: map[string]transport.State{"running": transport.Running, "done": transport.Completed, "failed": transport.Failed},
		Progress: "percent"}
	n := &noted{}
	resttest.Check(n, d, samples)
	require.Len(t, n.problems, 2)
	assert.Contains(t, n.problems[0], "samples[0]")
	assert.Contains(t, n.problems[0], "the progress is 40, more than all, which is 1: set ProgressScale")
	d.ProgressScale = 100
	resttest.Check(t, d, samples)
}

func TestThatJobsNeverFailHasToBeSaid(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "done", Error: "-", States: map[string]transport.State{"false": transport.Running, "true": transport.Completed}}
	done := resttest.Sample{Body: `{"done":true}`, Means: "completed"}
	never := resttest.Sample{Name: "https://service.example/docs: a job is tried until it succeeds", Means: "never fails"}
	for want, c := range map[string]struct {
		d       rest.Dialect
		samples []resttest.Sample
	}{
		"":                      {d, []resttest.Sample{done, never}},
		"no sample means":       {d, []resttest.Sample{done}},
		`"never fails" is no`:   {d, []resttest.Sample{done, {Means: "never fails"}}},
		"set only its Name, to": {d, []resttest.Sample{done, {Name: "x", Means: "never fails", Body: "{}"}}},
		"or the dialect (States, Error) has a failure": {run, []resttest.Sample{never}},
		"but another sample":                           {d, []resttest.Sample{never, {Body: `{"done":1}`, Means: "failed"}}},
	} {
		n := &noted{}
		resttest.Check(n, c.d, c.samples)
		if want == "" {
			assert.Empty(t, n.problems)
		}
		assert.Contains(t, strings.Join(n.problems, "\n"), want)
	}
	assert.Equal(t, []string{`States "false"`}, resttest.Unreached(d, []resttest.Sample{done, never}))
}

func TestPlacesThatNoSampleHasAreNamed(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{`Next "next"`}, resttest.Unread(run, samples))
	d := run
	d.Finished, d.AnswerID, d.ID, d.Message = "endTime", "", "jobId", ""
	assert.Equal(t, []string{`Finished "endTime"`, `Next "next"`, `stage 1: State "s"`}, resttest.Unread(d, samples[:3]))
	d.Next, d.NextDialect = "", nil
	assert.Equal(t, []string{`Finished "endTime"`, `AnswerID "jobId"`}, resttest.Unread(d, samples[:3]))
	assert.Empty(t, resttest.Unread(rest.Dialect{State: "a."}, samples))
}

func TestCheckReadsCreates(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{ID: "job.id", State: "s", States: map[string]transport.State{"new": transport.Pending, "bad": transport.Failed}, CreateHasState: true}
	for want, s := range map[string]resttest.Sample{
		"":                       {ID: "7", Create: true, Code: 202, Body: `{"job":{"id":7},"s":"new"}`, Means: "pending"},
		`the id is "8", not "7"`: {ID: "7", Create: true, Body: `{"job":{"id":8},"s":"new"}`, Means: "pending"},
		`no id at job.id`:        {Create: true, Body: `{"id":8}`, Means: "pending"},
		`"x" (429 {"a": 1}): the wait is 7s, not 8s`: {Name: "x", Create: true, Code: 429, Body: "{\"a\":\n  1}", Header: http.Header{"retry-after": {"7"}}, Means: "throttled", RetryAfter: 8 * time.Second},
	} {
		n := &noted{}
		resttest.Check(n, d, []resttest.Sample{s, {Body: `{"s":"bad"}`, Means: "failed"}})
		if want == "" {
			assert.Empty(t, n.problems)
		}
		assert.Contains(t, strings.Join(n.problems, ""), want)
	}
	d.Find = rest.Find{Call: rest.Call{Path: "/jobs"}}
	n := &noted{}
	resttest.Check(n, d, []resttest.Sample{{Create: true, Means: "pending"}})
	assert.Contains(t, n.problems[0], "with Find cannot be tested")
}

func TestRulesThatNoSampleReachesAreNamed(t *testing.T) {
	t.Parallel()
	assert.Empty(t, resttest.Unreached(run, samples))
	d := run
	d.Faults, d.Fault = map[string]transport.Class{"LIMIT": transport.Throttled, "GONE": transport.NotFound}, "code"
	few := append([]resttest.Sample{{Body: `{"code":"GONE"}`, Means: "unknown_id"}}, samples[:3]...)
	assert.Equal(t, []string{`Faults "LIMIT"`, `States "completed, *"`, `stage 1: States "ok"`}, resttest.Unreached(d, few))
	assert.Empty(t, resttest.Unreached(rest.Dialect{State: "a.", States: nil}, nil), "a dialect that is refused has no rules to name")
}

func TestRulesThatOnlyACreateReachesAreReached(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		ID: "job", CreateHasState: true, State: "s", States: map[string]transport.State{"launched": transport.Pending, "bad": transport.Failed},
		Fault: "code", Faults: map[string]transport.Class{"QUOTA": transport.Throttled, "TWICE": transport.Permanent},
	}
	samples := []resttest.Sample{
		{ID: "7", Create: true, Body: `{"job":7,"s":"launched"}`, Means: "pending"}, {Create: true, Body: `{"code":"QUOTA"}`, Means: "throttled"},
		{Body: `{"s":"bad"}`, Means: "failed"},
	}
	assert.Equal(t, []string{`Faults "TWICE"`}, resttest.Unreached(d, samples))
	assert.Equal(t, []string{`AnswerID "job"`}, resttest.Unread(d, samples))
	d.CreateHasState = false
	assert.Equal(t, []string{`Faults "TWICE"`, `States "launched"`}, resttest.Unreached(d, samples))
	d.Create.Faults = map[string]transport.Class{"LATE": transport.NotFound}
	samples = append(samples, resttest.Sample{Create: true, Body: `{"code":"LATE"}`, Means: "permanent"})
	n := &noted{}
	resttest.Check(n, d, samples)
	assert.Contains(t, strings.Join(n.problems, ""), "told as the error \"not found\", and means permanent\nclass: not found\nerror: rest: POST ")
	assert.Contains(t, strings.Join(n.problems, ""), "rule: Faults \"LATE\"\n")
}

// fault 64: a configuration that turns a failure into a success does not go unnoticed.
func TestCheckReportsWhatIsToldWrongly(t *testing.T) {
	t.Parallel()
	failure := resttest.Sample{Body: `{"status":"completed","conclusion":"failure"}`, Means: "failed"}
	naive := rest.Dialect{State: "status", States: map[string]transport.State{"completed": transport.Completed}}
	for want, c := range map[string]struct {
		d       rest.Dialect
		samples []resttest.Sample
	}{
		`samples[0] (200 {"status":"completed","conclusion":"failure"}): told as completed, and means failed`: {naive, []resttest.Sample{failure}},
		`no sample means failed`:         {run, samples[:1]},
		`no sample means failed; record`: {run, nil},
		`the dialect is refused: rest: WithDialect: field State: place "a..b"`:     {rest.Dialect{State: "a..b"}, samples},
		`is neither a state nor a class of errors: the words are unknown, pending`: {run, []resttest.Sample{{Means: "done"}}},
		`rule: States "completed"`:                                         {naive, []resttest.Sample{failure}},
		`told as the error "throttled", and means not found`:               {run, []resttest.Sample{{Code: 429, Means: "not found"}}},
		`Means: "done" is neither a state nor a class`:                     {run, []resttest.Sample{{Means: "done"}}},
		`told as the error "transient", and means failed`:                  {run, []resttest.Sample{{Code: 500, Means: "failed"}}},
		`told as the error "transient", and means throttled`:               {run, []resttest.Sample{{Code: 503, Means: "throttled"}}},
		`told as pending, and means denied`:                                {run, []resttest.Sample{{Body: `{"status":"queued"}`, Means: "denied"}}},
		`the message is "no", not "yes"`:                                   {run, []resttest.Sample{{Body: `{"status":"queued","why":"no"}`, Means: "pending", Message: "yes"}}},
		`the result is {"a":1}, not {"a":2}`:                               {run, []resttest.Sample{{Body: `{"status":"queued","out":{"a":1}}`, Means: "pending", Result: `{"a":2}`}}},
		`the result is empty, not x`:                                       {run, []resttest.Sample{{Body: `{"status":"queued"}`, Means: "pending", Result: `x`}}},
		`the dialect has no stage 2`:                                       {run, []resttest.Sample{{Stage: 2, Means: "failed"}}},
		`told as the error "permanent", and means pending: invalid job id`: {run, []resttest.Sample{{ID: "..", Means: "pending"}}},
	} {
		n := &noted{}
		resttest.Check(n, c.d, c.samples)
		assert.Contains(t, strings.ReplaceAll(strings.Join(n.problems, "\n"), "rest: invalid", "invalid"), want)
	}
}
