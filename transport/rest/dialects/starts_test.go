package dialects_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func TestAJobThatEndsWithItsCreateIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		s      dialects.Service
		body   string
		id     string
		state  transport.State
		result string
	}{
		{"a search that is done", dialects.ElasticsearchAsyncSearch("books"), `{"is_partial":false,"is_running":false,"response":{"hits":{"total":3}}}`, "", transport.Completed, `{"hits":{"total":3}}`},
		{"a search that left shards out", dialects.ElasticsearchAsyncSearch("books"), `{"is_partial":true,"is_running":false,"response":{"hits":{}}}`, "", transport.Failed, `{"hits":{}}`},
		{"a search that runs", dialects.ElasticsearchAsyncSearch("books"), `{"id":"Rk==","is_partial":true,"is_running":true,"response":{}}`, "Rk==", transport.Running, ""},
		{"a statement that is done", dialects.DatabricksStatement(), `{"statement_id":"01f0","status":{"state":"SUCCEEDED"},"result":{"data_array":[["1"]]}}`, "01f0", transport.Completed, `{"data_array":[["1"]]}`},
		{"a statement that failed", dialects.DatabricksStatement(), `{"statement_id":"01f0","status":{"state":"FAILED","error":{"message":"no table"}}}`, "01f0", transport.Failed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, c.s, fixed(answer{Body: json.RawMessage(c.body)}))
			first, err := client.Start(context.Background(), transport.CreateRequest{Input: map[string]any{}})
			require.NoError(t, err)
			assert.Equal(t, c.id, first.ID)
			assert.Equal(t, c.state, first.State)
			if c.result != "" {
				assert.JSONEq(t, c.result, string(first.Result))
			}
		})
	}
}

func TestTheJobAtALocationIsFollowedToItsNextLocation(t *testing.T) {
	t.Parallel()
	c, service := serve(t, dialects.AcceptedLocation("/things/disk/export"), func(q *http.Request) answer {
		switch {
		case q.Method == http.MethodPost:
			return answer{Code: 202, Header: map[string]string{"Location": "/operations/1?v=1"}}
		case q.URL.Path == "/operations/1":
			return answer{Code: 202, Header: map[string]string{"Location": "http://service.invalid/operations/2?v=1"}}
		default:
			return answer{Body: json.RawMessage(`{"name":"disk"}`)}
		}
	})
	id, err := c.Create(context.Background(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "/operations/1?v=1", id)
	for _, want := range []transport.State{transport.Running, transport.Completed} {
		status, err := c.Status(context.Background(), id)
		require.NoError(t, err)
		assert.Equal(t, want, status.State)
		assert.Equal(t, id, status.ID)
	}
	var paths []string
	for _, r := range service.requests {
		paths = append(paths, r.Path)
	}
	assert.Equal(t, []string{"/things/disk/export", "/operations/1?v=1", "/operations/2?v=1"}, paths)
}

func TestAJobAtALocationIsAskedAboutNowhereElse(t *testing.T) {
	t.Parallel()
	c, service := serve(t, dialects.AcceptedLocation("/things/disk/export"), fixed(answer{Code: 202, Header: map[string]string{"Location": "http://elsewhere.example/operations/1"}}))
	_, err := c.Create(context.Background(), transport.CreateRequest{})
	if err == nil {
		_, err = c.Status(context.Background(), "http://elsewhere.example/operations/1")
	}
	require.Error(t, err)
	assert.Len(t, service.requests, 1)
}

func TestAPageToSignInIsNoBuild(t *testing.T) {
	t.Parallel()
	for _, a := range []answer{
		{Code: 203, Header: map[string]string{"Content-Type": "text/html"}, Body: json.RawMessage(`<html>sign in</html>`)},
		{Code: 302, Header: map[string]string{"Location": "https://login.service.example/signin"}},
	} {
		c, _ := serve(t, dialects.AzureDevOpsBuild("acme/shop"), fixed(a))
		_, err := c.Status(context.Background(), "6140")
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		assert.Contains(t, []transport.Class{transport.Permanent, transport.Misdirected}, e.Class, "%d: %v", a.Code, err)
	}
}

func TestWhatMayBeLeftOutIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s            dialects.Service
		create, path string
	}{
		{dialects.BigQueryJob("ada", ""), "/bigquery/v2/projects/ada/jobs", "/bigquery/v2/projects/ada/jobs/7"},
		{dialects.GitLabPipeline("12", ""), "/api/v4/projects/12/pipeline", "/api/v4/projects/12/pipelines/7"},
		{dialects.GitLabPipeline("a/b", "v1+x"), "/api/v4/projects/a%2Fb/pipeline?ref=v1%2Bx", "/api/v4/projects/a%2Fb/pipelines/7"},
		{dialects.ElasticsearchTask("a,b/_update_by_query"), "/a%2Cb/_update_by_query?wait_for_completion=false", "/_tasks/7"},
	} {
		client, service := serve(t, c.s, fixed(answer{Body: json.RawMessage(`{}`)}))
		_, _ = client.Create(context.Background(), transport.CreateRequest{Input: map[string]any{}})
		assert.Equal(t, c.create, service.take(t).Path)
		_, _ = client.Status(context.Background(), "7")
		assert.Equal(t, c.path, service.take(t).Path)
	}
}
