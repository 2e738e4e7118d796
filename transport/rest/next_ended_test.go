package rest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// A service can name a result only when the job has ended.
func TestTheMockSpeaksANextDialectOfEndsOnly(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/queue/{id}"}, ID: "id", State: "state", States: states{"queued": pending, "running": isRunning}, Next: "result",
		NextDialect: &rest.Dialect{Status: rest.Call{Path: "/results/{id}"}, State: "outcome", States: states{"ok": completed, "bad": failed}, Error: "-"}}
	for want, end := range map[transport.State]mock.Step{completed: mock.Completed(nil), failed: mock.Failed("why")} {
		srv := mock.NewServer(t, mock.WithDialect(d), mock.Job("1", mock.Pending(mock.Polls(1)), mock.Running(mock.Polls(1)), end))
		c := client(t, srv.URL, rest.WithDialect(d))
		var told []transport.State
		for range 4 {
			s, err := c.Status(t.Context(), "1")
			require.NoError(t, err)
			if told = append(told, s.State); s.State.Terminal() {
				break
			}
		}
		assert.Equal(t, want, told[len(told)-1], told)
		assert.Equal(t, []transport.State{pending, isRunning}, told[:2], told)
	}
}
