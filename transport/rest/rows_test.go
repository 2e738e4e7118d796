package rest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 55: no job is lost if a join doubles rows, or if a service writes ids in another case.
func TestRowsThatAgreeAreOneAndCaseIsNoOtherID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, ids, want string }{
		{`[{"id":"a","state":"running","x":1},{"id":"a","state":"running","x":2}]`, "a b", "a=running"},
		{`[{"id":"a","state":"running"},{"id":"a","state":"running"},{"id":"a","state":"completed"}]`, "a b", "a!2"},
		{`[{"id":"a","state":"running","done":0.5},{"id":"a","state":"running","done":0.6}]`, "a b", "a!2"},
		{`[{"id":"a","state":"completed","out":1},{"id":"a","state":"completed","out":2}]`, "a b", "a!2"},
		{`[{"id":"a","state":"running"},{"id":"a","state":"RUNNING"}]`, "a b", "a!2"},
		{`[{"id":"a"},{"id":"a"}]`, "a b", "a!2"},
		{`[{"id":"a","why":"x"},{"id":"a","why":"x"}]`, "a b", "a!3"},
		{`[{"id":"a","why":"x"},{"id":"a"}]`, "a b", "a!2"},
		{`[{"id":"A","state":"running"},{"id":"B","state":"completed"}]`, "a b", "a=running b=completed"},
		{`[{"id":"ÄB","state":"running"}]`, "äb b", "äb=running"},
		{`[{"id":"A","state":"running"},{"id":"A","state":"running"}]`, "a b", "a=running"},
		{`[{"id":"A","state":"running"},{"id":"A","state":"completed"}]`, "a b", "a!2"},
		{`[{"id":"A","state":"completed"},{"id":"a","state":"running"}]`, "a b", "a=running"},
		{`[{"id":"a","state":"running"},{"id":"A","state":"completed"}]`, "a b", "a=running"},
		{`[{"id":"AB","state":"completed"},{"id":"Ab","state":"completed"}]`, "ab b", ""},
		{`[{"id":"AB","state":"completed"},{"id":"Ab","state":"completed"},{"id":"AB","state":"completed"}]`, "ab b", ""},
		{`[{"id":"AB","state":"completed"}]`, "ab Ab", ""},
		{`[{"id":"AB","state":"completed"},{"id":"Ab","state":"running"}]`, "ab Ab", "Ab=running"},
		{`[{"id":"x","state":"completed"},{"id":"","state":"completed"}]`, "a b", ""},
		{`[{"id":7.0,"state":"running"},{"id":8e1,"state":"completed"}]`, "7 80", "7=running 80=completed"},
		{`[{"id":7.5,"state":"running"},{"id":"8.0","state":"completed"},{"id":9007199254740993.0,"state":"running"}]`, "7 8 9007199254740993", ""},
		{`[{"id":7.0,"state":"running"},{"id":8.0,"state":"completed"}]`, "7.0 8", "7.0=running 8=completed"},
	} {
		batch := joined
		batch.NotFound = "why"
		got, err := serve(t, say(200, c.body), batched(batch)).StatusBatch(t.Context(), strings.Fields(c.ids))
		require.NoError(t, err, c.body)
		assert.Equal(t, c.want, told(t, got), c.body)
	}
}

// fault 22: a row about no job is no answer about a job.
func TestABatchThatIsAcceptedSaysNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []int{202, 204} {
		for _, body := range []string{"", "Accepted"} {
			got, err := serve(t, say(code, body), batched(joined)).StatusBatch(t.Context(), []string{"a", "b"})
			require.NoError(t, err)
			assert.Empty(t, got)
		}
	}
	got, err := serve(t, say(202, `[{"id":"a","state":"completed"}]`), batched(joined)).StatusBatch(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	assert.Equal(t, "a=completed", told(t, got))
	for code, body := range map[int]string{200: "", 202: `{}`} {
		_, err := serve(t, say(code, body), batched(joined)).StatusBatch(t.Context(), []string{"a", "b"})
		assert.Equal(t, transport.Malformed, classOf(t, err), code)
	}
}

// A batch that Fit has cut is never refused before it is sent. Fit cuts no batch that would be
// accepted.
func TestFitIsAsMuchAsARequestTakes(t *testing.T) {
	t.Parallel()
	clients := map[string]*rest.Client{}
	sent := 0
	for name, b := range map[string]rest.Batch{
		"joined": joined, "pairs": {Path: "/a%20b/jobs?full=1&id[]=j:{id}x&n=2", Max: 1000}, "semicolon": {Path: "/?ids={ids}", Separator: "; ", Max: 3},
		"colons": {Path: "/?ids={ids}", Separator: "::"}, "body": {Path: "/jobs", Body: "{ids}", Max: 7},
	} {
		clients[name] = client(t, "http://jobs.test/v1 ü", batched(b), rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
			sent++
			if len(r.URL.String()) > 8000 {
				return nil, fmt.Errorf("a URL of %d bytes", len(r.URL.String()))
			}
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("[]"))}, nil
		})))
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"joined", "pairs", "semicolon", "colons", "body"}).Draw(t, "batch")
		c := clients[name]
		letters := rapid.SampledFrom([]string{"ab", "ab,:; é/+", ":,;"}).Draw(t, "letters")
		id := rapid.StringOfN(rapid.RuneFrom([]rune(letters)), 1, rapid.SampledFrom([]int{3, 40, 500}).Draw(t, "length"), 1024)
		ids := rapid.SliceOfNDistinct(id, 1, 130, rapid.ID[string]).Draw(t, "ids")
		n := c.Fit(ids)
		if n < 1 || n > len(ids) || n > c.MaxBatch() {
			t.Fatalf("Fit is %d of %d", n, len(ids))
		}
		sent = 0
		if _, err := c.StatusBatch(t.Context(), ids[:n]); n > 1 && (err != nil || sent != 1) {
			t.Fatalf("%d fit, and: %v", n, err)
		}
		if n < len(ids) && n < c.MaxBatch() {
			sent = 0
			if _, err := c.StatusBatch(t.Context(), ids[:n+1]); err == nil || sent != 0 {
				t.Fatalf("%d would fit too", n+1)
			}
		}
	})
}

func TestFitOfNoBatchAndOfNoIDs(t *testing.T) {
	t.Parallel()
	var _ transport.Fitter = (*rest.Client)(nil)
	for _, c := range []*rest.Client{nil, new(rest.Client), client(t, "http://h")} {
		assert.Equal(t, 1, c.Fit([]string{"a", "b"}))
		assert.Zero(t, c.Fit(nil))
	}
	assert.Zero(t, client(t, "http://h", batched(joined)).Fit(nil))
	long := strings.Repeat("é", 500)
	c := client(t, "http://h", batched(joined))
	assert.Equal(t, 2, c.Fit([]string{long + "1", long + "2", long + "3", "a"}))
	assert.Equal(t, 1, c.Fit([]string{"a,b", "c"}))
	assert.Equal(t, 1, c.Fit([]string{strings.Repeat("é", 9000)}))
}

// fault 22: calls are pooled, and nothing of one call appears in the next.
func TestNoPollInheritsAFieldFromThePollBefore(t *testing.T) {
	t.Parallel()
	full := `{"payload":{"status":"running","progress":0.5,"message":"m","error":"e","result":{"n":1},"rev":"r","c":1,"u":2,"f":3}}`
	answers := []struct {
		code int
		body string
	}{{200, full}, {200, status("running")}, {202, ""}, {500, status("error")}, {200, `{"payload":{"status":"completed"}}`}, {200, "{}"}, {304, ""}}
	var turn int
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if turn == 0 {
			w.Header().Set("Retry-After", "7")
		}
		say(answers[turn].code, answers[turn].body)(w, r)
	}, rest.WithDialect(rest.Dialect{Revision: "payload.rev", Created: "payload.c", Updated: "payload.u", Finished: "payload.f"}))
	for turn = 1; turn < len(answers); turn++ {
		want := []transport.Status{1: {ID: "7", State: transport.Running, Raw: "running"}, 2: {ID: "7", State: transport.Pending},
			3: {ID: "7", State: transport.Failed, Raw: "error"}, 4: {ID: "7", State: transport.Completed, Raw: "completed"}, 5: {}, 6: {}}[turn]
		for range 20 { // often enough that the pool reuses the same call
			now := turn
			turn = 0
			first, err := c.Status(t.Context(), "6")
			require.NoError(t, err)
			require.Equal(t, json.RawMessage(`{"n":1}`), first.Result)
			turn = now
			for _, ask := range []func() (transport.Status, error){
				func() (transport.Status, error) { return c.Status(t.Context(), "7") },
				func() (transport.Status, error) { return c.StatusSince(t.Context(), "7", first) },
			} {
				got, err := ask()
				assert.Equal(t, want, got, turn)
				assert.Equal(t, want.ID == "", err != nil, turn)
			}
		}
	}
}

// fault 22: the status of a job that has changed comes from the new answer, not from the old one.
func TestAChangedAnswerInheritsNothingFromTheLast(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, `"old"`, r.Header.Get("If-None-Match"))
		_, _ = io.WriteString(w, status("completed"))
	})
	last := transport.Status{ID: "7", State: transport.Running, Raw: "running", Progress: 0.9, Message: "m", Result: json.RawMessage("1"), Revision: `"old"`,
		RetryAfter: 9}
	got, err := c.StatusSince(t.Context(), "7", last)
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed, Raw: "completed"}, got)
}

// fault 32
func TestNilAndZeroClientsPrint(t *testing.T) {
	t.Parallel()
	for _, c := range []*rest.Client{nil, new(rest.Client)} {
		assert.Equal(t, "rest: the Client was not made by New", c.String())
		assert.Zero(t, c.MaxBatch())
		assert.NoError(t, c.Close())
	}
}
