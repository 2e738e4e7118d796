package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"
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

// patiently sends a request to the server. It repeats the request while the server is away or a
// cluster has no leader, until ctx ends.
func patiently(ctx context.Context, ask func() error) error {
	for pause := time.Duration(0); ; {
		err := ask()
		switch {
		case err == nil, errors.Is(err, errTaken), errors.Is(err, errNone), errors.Is(err, errNewer), errors.Is(err, errRefused), errors.Is(err, errLost):
			return err
		}
		if pause = nextPause(pause); !sleep(ctx, pause) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
