package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault 29: webhooks are lost one by one, and all of them for a while.
func TestWebhooksAreStoodInForByPollsWhileTheyAreLost(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	assert.Equal(t, `The service calls a webhook as a job ends. One poll confirms the end.
  report-1 completed, learned by a webhook 0.0 s after the end, polls: 1
A call is lost on its way. A quiet poll makes up for it; there is one every 30 s or so.
  report-2 completed, learned by a poll 11.8 s after the end, polls: 1
The receiver stops. The Watcher logs that, and polls every 3 s.
notifications are lost: jobs are polled meanwhile {"error": "the receiver has stopped"}
  report-3 completed, learned by a poll 1.0 s after the end, polls: 8
The receiver is back. It is heard at once, and not relied on for a minute: polls go on.
  report-4 completed, learned by a webhook 0.0 s after the end, polls: 8
The minute is over. The Watcher leaves it to webhooks again.
  report-5 completed, learned by a webhook 0.0 s after the end, polls: 1
`, out.String())
}
