package transport_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
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

// fault 44
func TestAShortIDHoldsNoQuery(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 40)
	for id, want := range map[string]string{"": "", "a": "a", "/a?b": "/a…", "?b": "…", strings.Repeat("x", 64): strings.Repeat("x", 64),
		strings.Repeat("x", 65): strings.Repeat("x", 64) + "…", long: long[:64] + "…"} {
		assert.Equal(t, want, transport.ShortID(id))
	}
}
