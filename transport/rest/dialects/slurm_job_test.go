package dialects_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func TestManySlurmJobsAreAskedAboutAtOnce(t *testing.T) {
	t.Parallel()
	c, service := serve(t, dialects.SlurmJob("v0.0.44"), fixed(answer{Body: json.RawMessage(
		`{"jobs":[{"job_id":1,"state":["RUNNING"]},{"job_id":2,"state":["FAILED"]},{"job_id":3,"state":["COMPLETED","COMPLETING"]},{"job_id":4,"state":["COMPLETED"]}],"errors":[]}`)}))
	got, err := c.StatusBatch(context.Background(), []string{"1", "2", "3", "4"})
	require.NoError(t, err)
	var states []transport.State
	for _, a := range got {
		require.NoError(t, a.Err)
		states = append(states, a.Status.State)
	}
	assert.Equal(t, []transport.State{transport.Running, transport.Failed, transport.Running, transport.Completed}, states)
	assert.Equal(t, "/slurm/v0.0.44/jobs/state/?job_id=1,2,3,4", service.take(t).Path)
}
