package dialects_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// TestTrinoIsNeverAskedForAnOldURL answers each URL once, as Trino does.
func TestTrinoIsNeverAskedForAnOldURL(t *testing.T) {
	t.Parallel()
	n := 0
	c, service := serve(t, dialects.TrinoQuery("ada"), func(r *http.Request) answer {
		if n > 0 && r.URL.Path != fmt.Sprintf("/v1/statement/executing/q/y/%d", n) {
			return answer{Code: http.StatusGone}
		}
		if n++; n == 4 {
			return answer{Body: json.RawMessage(`{"id":"q","stats":{"state":"FINISHED"}}`)}
		}
		return answer{Body: json.RawMessage(fmt.Sprintf(`{"id":"q","nextUri":"http://service.invalid/v1/statement/executing/q/y/%d","stats":{"state":"RUNNING"}}`, n))}
	})
	ctx := context.Background()
	id, err := c.Create(ctx, transport.CreateRequest{Input: "delete from a"})
	require.NoError(t, err)
	assert.Equal(t, "delete from a", service.take(t).Text)
	for _, want := range []transport.State{transport.Running, transport.Running, transport.Completed} {
		status, err := c.Status(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, want, status.State)
		assert.Equal(t, id, status.ID)
		assert.Equal(t, "ada", service.take(t).Header["X-Trino-User"])
	}
}
