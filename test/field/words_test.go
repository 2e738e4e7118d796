package field

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 24: a word is found as it is spelled, or else in any case and without space around it; a
// number by its value. What could mean two words means none.
func TestWordsAndNumbersAreFoundHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "s", States: map[string]transport.State{"Ready": transport.Completed, "2": transport.Completed, "true": transport.Completed,
		"on hold": transport.Failed, "-1": transport.Failed, "Open": transport.Completed, "OPEN": transport.Failed, "0": transport.Running}}
	for body, want := range map[string]transport.State{
		`"Ready"`: transport.Completed, `"READY"`: transport.Completed, `"ready\n"`: transport.Completed, `"\t Ready "`: transport.Completed,
		`"\u0052eady"`: transport.Completed, `"Ready\u00a0"`: transport.Completed,
		`2`: transport.Completed, `2.0`: transport.Completed, `0.2e1`: transport.Completed, `200e-2`: transport.Completed, `"2"`: transport.Completed,
		`true`: transport.Completed, `"TRUE"`: transport.Completed,
		`"On Hold"`: transport.Failed, `-1`: transport.Failed, `-1.0`: transport.Failed,
		`"Open"`: transport.Completed, `"OPEN"`: transport.Failed, // exactly, though two differ by case alone
		`"open"`: transport.Unknown, `" Open "`: transport.Unknown, `"Ready."`: transport.Unknown, `"on_hold"`: transport.Unknown,
		`"\u200bReady"`: transport.Unknown, `2.0000000001`: transport.Unknown, `1e999999999`: transport.Unknown, `-2`: transport.Unknown,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := script(ok(`{"s":`+body+`}`)).wait(t, d, jobstatus.WithTimeout(time.Minute))
				assert.Equal(t, want, o.State)
				if want == transport.Unknown {
					require.ErrorIs(t, o.err, jobstatus.ErrTimeout, "an unknown word is no end")
				}
			})
		})
	}
}

// fault 64: no word that may be said of a failed job is taken for success, and an unknown one is
// quoted in the error and warned of once.
func TestAWordThatTheDialectLacksIsQuotedAndWarnedOfOnce(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"done", "DONE", "finished", "complete", "ended", "closed", "stopped", "terminated", "exited", "resolved", "ok", "partially_succeeded",
		"completed_with_errors", "archived", "deleted"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.WarnLevel)
				g := script(says(word))
				w := g.watcher(t, rest.Dialect{}, jobstatus.WithTimeout(time.Minute), jobstatus.WithLogger(zap.New(core)))
				for st, err := range w.WaitForJobs(t.Context(), func(yield func(string) bool) { _ = yield("1") && yield("2") }) {
					require.ErrorIs(t, err, jobstatus.ErrTimeout)
					assert.ErrorContains(t, err, fmt.Sprintf("%q", word))
					assert.Equal(t, jobstatus.Unknown, st.State)
					assert.Equal(t, word, st.Raw)
				}
				assert.Equal(t, 1, logs.Len())
			})
		})
	}
}

// fault 22: no state yet is no fault, where the service or the dialect says so.
func TestAJobWithoutAStateYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	states := map[string]transport.State{"": transport.Pending, "null": transport.Pending, "ok": transport.Completed, "no": transport.Failed}
	byCode := map[string]transport.State{"404, -": transport.Pending, "418, -": transport.Pending, "200, ok": transport.Completed}
	for name, row := range map[string]struct {
		d    rest.Dialect
		none reply
	}{
		"202":                    {rest.Dialect{State: "s"}, code(202)},
		"202 with a text":        {rest.Dialect{State: "s"}, reply{code: 202, body: "Accepted"}},
		"202 with an object":     {rest.Dialect{State: "s"}, reply{code: 202, body: `{"id":1}`}},
		"202 with null":          {rest.Dialect{State: "s"}, reply{code: 202, body: `{"s":null}`}},
		"202 with what is cut":   {rest.Dialect{State: "s"}, reply{code: 202, body: `{"s":`}},
		"202 with a page":        {rest.Dialect{State: "s"}, reply{code: 202, body: "<p>Accepted"}.with("Content-Type", "text/html")},
		"204":                    {rest.Dialect{State: "s"}, code(204)},
		"null":                   {rest.Dialect{State: "s", States: states}, ok(`{"s":null}`)},
		"absent":                 {rest.Dialect{State: "s", States: states}, ok(`{"id":"1"}`)},
		"the parent is absent":   {rest.Dialect{State: "a.b.s", States: states}, ok(`{"a":null}`)},
		"an empty word":          {rest.Dialect{State: "s", States: states}, ok(`{"s":""}`)},
		"spaces":                 {rest.Dialect{State: "s", States: states}, ok(`{"s":"  "}`)},
		"a code of the dialect":  {rest.Dialect{State: "@code, s", States: byCode}, code(404)},
		"a teapot that is early": {rest.Dialect{State: "@code, s", States: byCode}, reply{code: 418, body: "<p>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if row.d.States == nil {
					row.d.States = map[string]transport.State{"ok": transport.Completed}
				}
				g := newGateway(func(n int, _ *http.Request) reply {
					if n <= 100 {
						return row.none
					}
					return ok(`{"s":"ok","a":{"b":{"s":"ok"}}}`)
				})
				o := g.wait(t, row.d)
				require.NoError(t, o.err)
				assert.Equal(t, 100*time.Second, o.took)
			})
		})
	}
}

// fault 25, fault 64: where two places speak, neither alone is the end, and what says that the job
// failed comes first.
func TestOneWordAloneDoesNotDecide(t *testing.T) {
	t.Parallel()
	build := rest.Dialect{State: "status, conclusion", States: map[string]transport.State{
		"queued, -": transport.Pending, "in_progress, -": transport.Running, "completed, success": transport.Completed,
		"completed, cancelled": transport.Canceled, "completed, failure": transport.Failed}}
	running := ok(`{"status":"in_progress","conclusion":null}`)
	failing := rest.Dialect{State: "status", Error: "error, errors", States: map[string]transport.State{"running": transport.Running, "done": transport.Completed}}
	gateway := rest.Dialect{State: "status", Fault: "@code", Faults: map[string]transport.Class{"500": transport.Transient},
		States: map[string]transport.State{"running": transport.Running, "success": transport.Completed, "error": transport.Failed}}
	other := rest.Dialect{State: "status", ID: "id", States: map[string]transport.State{"done": transport.Completed}}
	for name, row := range map[string]struct {
		d       rest.Dialect
		answers []reply
		want    transport.State
	}{
		"the conclusion is null":          {build, []reply{running, running, ok(`{"status":"completed","conclusion":"success"}`)}, transport.Completed},
		"it completed, and failed":        {build, []reply{running, ok(`{"status":"completed","conclusion":"failure"}`)}, transport.Failed},
		"it completed, and was canceled":  {build, []reply{ok(`{"status":"COMPLETED","conclusion":"Cancelled"}`)}, transport.Canceled},
		"it completed, and nobody knows":  {build, []reply{ok(`{"status":"completed","conclusion":null}`), ok(`{"status":"completed","conclusion":"failure"}`)}, transport.Failed},
		"done with an error":              {failing, []reply{ok(`{"status":"done","error":{"code":7}}`)}, transport.Failed},
		"done with errors":                {failing, []reply{ok(`{"status":"done","error":null,"errors":["x"]}`)}, transport.Failed},
		"done with an empty error":        {failing, []reply{ok(`{"status":"done","error":{},"errors":[]}`)}, transport.Completed},
		"done without an error":           {failing, []reply{ok(`{"status":"done","error":"","errors":null}`)}, transport.Completed},
		"an envelope of a gateway":        {gateway, []reply{ok(`{"status":"running"}`), {code: 500, body: `{"status":"error"}`}, ok(`{"status":"success"}`)}, transport.Completed},
		"502 in the words of the service": {gateway, []reply{{code: 502, body: `{"status":"error"}`}, ok(`{"status":"success"}`)}, transport.Completed},
		"503 in the words of the service": {gateway, []reply{{code: 503, body: `{"status":"success"}`}, ok(`{"status":"error"}`)}, transport.Failed},
		"504 in the words of the service": {gateway, []reply{{code: 504, body: `{"status":"error"}`}, ok(`{"status":"success"}`)}, transport.Completed},
		"522 in the words of the service": {gateway, []reply{{code: 522, body: `{"status":"error"}`}, ok(`{"status":"success"}`)}, transport.Completed},
		"511 in the words of the service": {gateway, []reply{{code: 511, body: `{"status":"success"}`}, ok(`{"status":"error"}`)}, transport.Failed},
		"an answer about another job":     {other, []reply{ok(`{"id":"2","status":"done"}`), ok(`{"id":"11","status":"done"}`), ok(`{"id":1,"status":"done"}`)}, transport.Completed},
		"an answer about nobody":          {other, []reply{ok(`{"id":null,"status":"done"}`)}, transport.Completed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := script(row.answers...).wait(t, row.d)
				assert.Equal(t, row.want, o.State, "%v", o.err)
				assert.Len(t, o.at, max(len(row.answers), o.requests(name)))
			})
		})
	}
}

// requests returns how many requests a row takes whose polls take more than one.
func (o outcome) requests(name string) int {
	if strings.HasPrefix(name, "50") { // it is sent again within the poll
		return len(o.at)
	}
	return 0
}

// fault 30, fault 31: the name of an operation keeps its slashes where the dialect says so.
func TestAnIDKeepsItsSlashesWhereTheDialectSaysSo(t *testing.T) {
	t.Parallel()
	for id, path := range map[string]string{
		"projects/p/operations/77": "/v1/projects/p/operations/77",
		"a/ü %":                    "/v1/a/%C3%BC%20%25",
		"a/b?c":                    "",
		"a/b#c":                    "",
		"operations/a%2Fb":         "/v1/operations/a%252Fb",
		"a//b":                     "",
		"a/../b":                   "",
		"/a":                       "",
		"a/":                       "",
		"a/./b":                    "",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := script(ok(`{"state":"completed"}`))
				w := g.watcher(t, rest.Dialect{Status: rest.Call{Path: "/v1/{+id}"}, State: "state"})
				_, err := w.WaitForJob(t.Context(), id)
				if path == "" {
					require.Error(t, err)
					assert.Empty(t, g.at(), "no request is made")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, []string{path}, g.paths)
			})
		})
	}
}
