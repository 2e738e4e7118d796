package fleet

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/internal/ids"
)

// The pauses between attempts to reach the server again.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// nextPause returns the pause that follows one.
func nextPause(d time.Duration) time.Duration { return min(max(2*d, firstPause), lastPause) }

// quoteID returns an id in quotes, as far as it is printed.
func quoteID(id string) string { return strconv.Quote(ids.Short(id)) }

// follow calls each for all messages that fo matches, until ctx ends or the connection is closed.
// It begins anew where it was when the server was away. No message comes twice.
func (f *Fleet) follow(ctx context.Context, fo following, each func(message), caughtUp func()) {
	caught := false
	for pause := time.Duration(0); ctx.Err() == nil; {
		err := f.engine.follow(ctx, fo, func(m message) {
			if m.seq <= fo.after {
				return
			}
			fo.after, pause = m.seq, 0
			each(m)
		}, func() {
			if !caught {
				caught = true
				caughtUp()
			}
		})
		if ctx.Err() != nil || errors.Is(err, errLost) {
			return
		}
		pause = nextPause(pause)
		f.log.Debug("following the stream begins anew", zap.String("filter", fo.filter), zap.Error(err))
		sleep(ctx, pause)
	}
}
