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

func TestLabeledKubernetesJobsAreAskedAboutPageByPage(t *testing.T) {
	t.Parallel()
	c, service := serve(t, dialects.KubernetesLabeledJob("batch", "app=x"), func(r *http.Request) answer {
		if r.URL.Query().Get("continue") == "" {
			return answer{Body: json.RawMessage(`{"kind":"JobList","metadata":{"continue":"t2"},"items":[{"metadata":{"name":"a"},"status":{"active":1,"startTime":"2027-03-04T00:00:00Z"}}]}`)}
		}
		return answer{Body: json.RawMessage(`{"kind":"JobList","metadata":{},"items":[{"metadata":{"name":"b"},"status":{"conditions":[{"type":"Failed","status":"True"}]}}]}`)}
	})
	got, err := c.StatusBatch(context.Background(), []string{"a", "b"})
	require.NoError(t, err)
	assert.Equal(t, transport.Running, got[0].Status.State)
	assert.Equal(t, transport.Failed, got[1].Status.State)
	const list = "/apis/batch/v1/namespaces/batch/jobs?labelSelector=app%3Dx&limit=100"
	assert.Equal(t, list, service.take(t).Path)
	assert.Equal(t, list+"&continue=t2", service.take(t).Path)
}
