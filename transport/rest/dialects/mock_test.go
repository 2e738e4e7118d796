package dialects_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TestAServiceOfPackageMockIsUnderstood asks about jobs of a service that speaks the dialect.
func TestAServiceOfPackageMockIsUnderstood(t *testing.T) {
	t.Parallel()
	for name, s := range services() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			for _, c := range []struct {
				step mock.Step
				want transport.State
			}{
				{mock.Completed(json.RawMessage(`{"a":1}`)), transport.Completed},
				{mock.Failed("the disk is full"), transport.Failed},
			} {
				server := mock.NewServer(t, mock.InMemory(), mock.WithDialect(s.Dialect), mock.Job(r.ID, c.step))
				client, err := rest.New(server.URL, rest.WithDialect(s.Dialect), rest.WithHTTPClient(server.Client()), rest.WithRetries(rest.NoRetries))
				require.NoError(t, err)
				status, err := client.Status(context.Background(), r.ID)
				if c.want == transport.Failed && neverFails[name] {
					require.ErrorContains(t, err, "the dialect has no word for a job that is failed")
					return
				}
				require.NoError(t, err)
				if s.Dialect.NextDialect != nil { // the first answer names the next id
					assert.Equal(t, transport.Running, status.State)
					status, err = client.Status(context.Background(), r.ID)
					require.NoError(t, err)
				}
				assert.Equal(t, c.want, status.State)
				require.NoError(t, client.Close())
			}
		})
	}
}
