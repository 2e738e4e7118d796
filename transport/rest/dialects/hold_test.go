package dialects_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// TestACallIsHeldAsTheServiceWantsIt asks those for a hold that hold no calls, too.
func TestACallIsHeldAsTheServiceWantsIt(t *testing.T) {
	t.Parallel()
	for name, s := range services() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			c, service := serve(t, s, func(*http.Request) answer { return answer{Code: http.StatusNoContent} })
			last := transport.Status{ID: r.ID, State: transport.Running}
			if r.Hold != nil {
				last.Revision = r.Hold.Revision
			}
			got, err := c.Hold(t.Context(), r.ID, last, 30*time.Second)
			if r.Hold == nil {
				require.ErrorIs(t, err, errors.ErrUnsupported)
				assert.Empty(t, service.requests)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, last, got)
			same(t, r.Token, &r.Hold.Request, service.take(t))
		})
	}
}
