package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// requestTimeout limits one request to the server.
const requestTimeout = 5 * time.Second

// grace is the time for the last writes of a worker, such as the ends of a partition that it gives
// up.
const grace = 2 * time.Second

// The pauses between attempts to reach the server again.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// nextPause returns the pause that follows the given one.
func nextPause(d time.Duration) time.Duration { return min(max(2*d, firstPause), lastPause) }

// sleep waits for d. It reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// complainEvery is the time between two warnings about requests that are repeated.
const complainEvery = 10 * time.Second

// complain logs a warning about a request that is repeated, once the pause before the next attempt
// is the longest. All requests of a process share the warnings.
func (c *core) complain(pause time.Duration, err error) {
	now, last := time.Now().UnixNano(), c.complained.Load()
	if pause == lastPause && now-last >= int64(complainEvery) && c.complained.CompareAndSwap(last, now) {
		c.log.Warn("a request to the server is repeated", zap.Error(err))
	}
}

// patiently sends a request to the server. It repeats the request while the server is away or a
// cluster has no leader, until ctx ends.
func (c *core) patiently(ctx context.Context, ask func() error) error {
	for pause := time.Duration(0); ; {
		err := ask()
		switch {
		case err == nil, errors.Is(err, errTaken), errors.Is(err, errNone), errors.Is(err, errNewer), errors.Is(err, errRefused), errors.Is(err, errLost):
			return err
		}
		pause = nextPause(pause)
		c.complain(pause, err)
		if !sleep(ctx, pause) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
