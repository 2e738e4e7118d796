package dialects_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func TestAJenkinsItemBecomesABuildUnderTheSameID(t *testing.T) {
	t.Parallel()
	c, service := serve(t, dialects.JenkinsBuild("web/nightly"), func(r *http.Request) answer {
		switch r.URL.Path {
		case "/job/web/job/nightly/build":
			return answer{Code: 201, Header: map[string]string{"Location": "http://service.invalid/queue/item/7/"}}
		case "/queue/item/7/api/json":
			return answer{Body: json.RawMessage(`{"id":7,"cancelled":false,"executable":{"number":3}}`)}
		case "/job/web/job/nightly/3/api/json":
			return answer{Body: json.RawMessage(`{"number":3,"building":false,"result":"UNSTABLE","artifacts":[{"relativePath":"a.txt"}]}`)}
		default:
			return answer{}
		}
	})
	ctx := context.Background()
	id, err := c.Create(ctx, transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "7", id)
	status, err := c.Status(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, transport.Running, status.State)
	status, err = c.Status(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, status.State)
	assert.Equal(t, "7", status.ID)
	assert.JSONEq(t, `[{"relativePath":"a.txt"}]`, string(status.Result))

	require.NoError(t, c.Cancel(ctx, id))
	for range 3 {
		service.take(t)
	}
	assert.Equal(t, "/job/web/job/nightly/3/stop", service.take(t).Path)
}

// The service of package mock makes a build of an item, as Jenkins does.
func TestAWaitForAJenkinsBuildOfPackageMockEnds(t *testing.T) {
	t.Parallel()
	d := dialects.JenkinsBuild("web/nightly").Dialect
	ctx := context.Background()
	for want, course := range map[transport.State][]mock.Step{
		transport.Completed: {mock.Pending(5 * time.Second), mock.Running(5 * time.Second), mock.Completed(json.RawMessage(`[]`))},
		transport.Failed:    {mock.Failed("the disk is full")},
	} {
		clk := mock.NewClock(t)
		server := mock.NewServer(t, mock.InMemory(), mock.WithClock(clk), mock.WithDialect(d), mock.Created(course...))
		client, err := rest.New(server.URL, rest.WithDialect(d), rest.WithHTTPClient(server.Client()))
		require.NoError(t, err)
		w, err := jobstatus.New(client, jobstatus.WithClock(clk))
		require.NoError(t, err)
		clk.Run(func() {
			id, err := w.CreateJob(ctx)
			require.NoError(t, err)
			status, err := w.WaitForJob(ctx, id)
			assert.Equal(t, want == transport.Completed, err == nil, "%v", err)
			assert.Equal(t, want, status.State)
			assert.Equal(t, id, status.ID)
		})
		require.NoError(t, w.Close())
	}
	server := mock.NewServer(t, mock.InMemory(), mock.WithDialect(d), mock.Job("7", mock.Pending(mock.Forever)), mock.Job("8", mock.Running(mock.Forever)))
	client, err := rest.New(server.URL, rest.WithDialect(d), rest.WithHTTPClient(server.Client()))
	require.NoError(t, err)
	for _, id := range []string{"7", "8"} {
		_, err = client.Status(ctx, id)
		require.NoError(t, err)
		require.NoError(t, client.Cancel(ctx, id), id)
	}
	for range 2 {
		status, err := client.Status(ctx, "8")
		require.NoError(t, err)
		assert.Equal(t, transport.Canceled, status.State, "it is a build")
	}
}
