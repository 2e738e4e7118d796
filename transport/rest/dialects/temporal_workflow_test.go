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

func TestATemporalWorkflowNeedsAKeyWhichIsItsID(t *testing.T) {
	t.Parallel()
	c, service := serve(t, dialects.TemporalWorkflow("shop"), fixed(answer{Body: json.RawMessage(`{"runId":"r"}`)}))
	_, err := c.Create(context.Background(), transport.CreateRequest{Input: map[string]any{}})
	require.ErrorContains(t, err, "idempotency key")
	assert.Empty(t, service.requests)
	id, err := c.Create(context.Background(), transport.CreateRequest{Input: map[string]any{}, IdempotencyKey: "order/1"})
	require.NoError(t, err)
	assert.Equal(t, "order/1", id)
	assert.Equal(t, "/api/v1/namespaces/shop/workflows/order%2F1", service.take(t).Path)
}
