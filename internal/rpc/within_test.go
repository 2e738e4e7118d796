package rpc

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// slow is a Host that takes a second to notice that a context has ended.
type slow struct {
	transport.Host
	ended bool
}

func (s *slow) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	time.Sleep(time.Second)
	s.ended = true
	return ctx.Err()
}

// fault 52
func TestNoGoroutineOutlivesWithin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host := &slow{}
		ctx := transport.WithHost(t.Context(), host)
		require.NoError(t, within(ctx, time.Minute, func(context.Context) error { return nil }))
		assert.True(t, host.ended)
	})
}

func TestWhatIsRunHasATime(t *testing.T) {
	t.Parallel()
	broken, gone := errors.New("broken"), errors.New("gone")
	for name, c := range map[string]struct {
		takes time.Duration
		says  error
		gone  time.Duration // when the caller leaves
		want  error
		ends  time.Duration
	}{
		"returns":     {takes: time.Second, ends: time.Second},
		"fails":       {takes: time.Second, says: broken, want: broken, ends: time.Second},
		"elapses":     {takes: time.Hour, want: errElapsed, ends: time.Minute},
		"is left":     {takes: time.Hour, gone: time.Second, want: gone, ends: time.Second},
		"left late":   {takes: time.Hour, gone: time.Hour, want: errElapsed, ends: time.Minute},
		"at no delay": {want: nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if c.gone > 0 {
					left := time.AfterFunc(c.gone, func() { cancel(gone) })
					defer left.Stop()
				}
				begun := time.Now()
				err := within(ctx, time.Minute, func(ctx context.Context) error {
					select {
					case <-time.After(c.takes):
						return c.says
					case <-ctx.Done():
						return context.Cause(ctx)
					}
				})
				require.ErrorIs(t, err, c.want)
				assert.Equal(t, c.ends, time.Since(begun))
			})
		})
	}
}
