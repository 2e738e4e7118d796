package transport_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/transport"
)

func TestWithoutAWatcherTheHostIsTheRealClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := transport.HostOf(t.Context())
		began := time.Now()
		assert.NoError(t, h.Sleep(t.Context(), time.Minute))
		assert.NoError(t, h.Sleep(t.Context(), 0))
		assert.Equal(t, time.Minute, h.Now().Sub(began))
		assert.True(t, h.MayRetry(transport.Throttled))
		assert.False(t, h.Logs(slog.LevelError))
		h.Log(slog.LevelError, "a", "b")
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		time.AfterFunc(time.Second, func() { cancel(gone) })
		assert.ErrorIs(t, h.Sleep(ctx, time.Hour), gone)
		assert.ErrorIs(t, h.Sleep(ctx, time.Hour), gone)
		assert.Equal(t, time.Minute+time.Second, h.Now().Sub(began))
	})
}

type host struct{ transport.Host }

func TestAContextCarriesItsHost(t *testing.T) {
	t.Parallel()
	h := &host{}
	assert.Same(t, h, transport.HostOf(transport.WithHost(t.Context(), h)))
}
