package mock_test

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// watcher returns a service in memory that speaks a dialect, and a Watcher of it.
func watcher(t *testing.T, d rest.Dialect, opts ...mock.Option) (*mock.Server, *jobstatus.Watcher) {
	srv := mock.NewServer(t, append(opts, mock.InMemory(), mock.WithDialect(d))...)
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithREST(rest.WithDialect(d), rest.WithHTTPClient(srv.Client())), jobstatus.WithTimeout(time.Hour))
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return srv, w
}

// A dispatch does not name the run that it starts, and many runs are polled by one list.
func TestJobsAreFoundAndPolledInAList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := dialects.GitHubWorkflowRun("acme/media", "transcode.yml").Dialect
		srv, w := watcher(t, d, mock.Created(mock.Pending(time.Minute), mock.Completed(nil)))
		var ids []string
		for range 3 {
			id, err := w.CreateJob(t.Context(), jobstatus.Input(map[string]string{"ref": "main"}))
			require.NoError(t, err)
			ids = append(ids, id)
		}
		assert.Len(t, slices.Compact(slices.Clone(ids)), 3)
		for status, err := range w.WaitForJobs(t.Context(), slices.Values(ids)) {
			assert.NoError(t, err)
			assert.Contains(t, ids, status.ID)
		}
		for _, c := range srv.Calls("") {
			assert.Equal(t, 200, c.Code, c)
		}
		srv.AssertQuietAfterEnd(t, "")
		assert.Greater(t, srv.Polls(ids[0]), 5)
	})
}

// A client may ask about other jobs in a list than those that have ended.
func TestAPollAfterAListIsNoPollAfterTheEnd(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.InMemory(), mock.WithDialect(dialects.GitHubActionsRun("acme/media").Dialect), mock.Job("7", mock.Completed(nil)))
	get := func(path string) {
		answer, err := srv.Client().Get(srv.URL + "/repos/acme/media/actions/runs" + path)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	get("?per_page=100")
	srv.AssertQuietAfterEnd(t, "7")
	get("/7")
	srv.AssertQuietAfterEnd(t, "7")
	get("?per_page=100")
	srv.AssertPolls(t, "7", 2)
	srv.AssertQuietAfterEnd(t, "7")
	get("/7")
	assert.Contains(t, failure(t, func(t mock.TB) { srv.AssertQuietAfterEnd(t, "7") }), "after an answer had reported its end")
}

func TestAJobIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := rest.Dialect{ID: "id", Status: rest.Call{Path: "/jobs/{id}"}, State: "state",
			Find: rest.Find{Call: rest.Call{Path: "/jobs?key={key}"}, List: "jobs"}}
		srv, w := watcher(t, d)
		for i := range 3 {
			id, err := w.CreateJob(t.Context(), jobstatus.IdempotencyKey(fmt.Sprint("key-", i)))
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1), id)
		}
		assert.Len(t, srv.Calls(""), 6)
	})
}

func TestAResultIsFetched(t *testing.T) {
	t.Parallel()
	byID := rest.Dialect{ID: "id", Create: rest.Call{Path: "/jobs"}, Status: rest.Call{Path: "/jobs/{id}"}, State: "state",
		Fetch: rest.Call{Path: "/jobs/{id}/output"}}
	byLink := byID
	byLink.Fetch, byLink.Result = rest.Call{Path: "{+result}"}, "link"
	for name, c := range map[string]struct {
		d            rest.Dialect
		result       any
		status, body string
	}{
		"by its id":        {byID, map[string]int{"n": 1}, ``, `{"n":1}`},
		"by a name":        {dialects.OpenAIBatch().Dialect, "file-1", `"file-1"`, `"file-1"`},
		"by a number":      {dialects.OpenAIBatch().Dialect, 7, `7`, `7`},
		"with its content": {dialects.OpenAIBatch().Dialect, []int{1, 2}, `"00000000-0000-4000-8000-000000000001"`, `[1,2]`},
		"by a path":        {byLink, "/files/a%20b?x=1", `"/files/a%20b?x=1"`, `"/files/a%20b?x=1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, w := watcher(t, c.d, mock.Created(mock.Running(time.Second), mock.Completed(c.result)))
				id, err := w.CreateJob(t.Context())
				require.NoError(t, err)
				status, err := w.WaitForJob(t.Context(), id)
				require.NoError(t, err)
				if c.status != "" {
					assert.JSONEq(t, c.status, string(status.Result))
				}
				body, err := w.Result(t.Context(), status)
				require.NoError(t, err)
				defer body.Close()
				text, err := io.ReadAll(body)
				require.NoError(t, err)
				assert.JSONEq(t, c.body, string(text))
				srv.AssertQuietAfterEnd(t, id)
			})
		})
	}
}

func TestTheResultOfAJobThatHasNotCompletedIsNotFetched(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.InMemory(), mock.WithDialect(dialects.OpenAIBatch().Dialect), mock.Job("a", mock.Running(mock.Forever)))
	answer, err := srv.Client().Get(srv.URL + "/v1/files/file-1/content")
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, 404, answer.StatusCode)
}
