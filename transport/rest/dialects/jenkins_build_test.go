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
