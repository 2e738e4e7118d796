package fleet

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// backlogEvery is how often a process asks the server how many ends wait.
const backlogEvery = 5 * time.Second

// askForBacklog keeps the number of ends that nobody has acknowledged, until ctx ends. A process
// asks once for all its calls of Run and Ends.
func (f *Fleet) askForBacklog(ctx context.Context) {
	for ctx.Err() == nil {
		now, last := time.Now().UnixNano(), f.asked.Load()
		if now-last >= int64(backlogEvery) && f.asked.CompareAndSwap(last, now) {
			n, _, err := f.engine.backlog(ctx)
			if err != nil {
				f.log.Debug("the number of ends that wait is not known", zap.Error(err))
			} else {
				f.counts.backlog.Store(int64(n))
			}
		}
		sleep(ctx, backlogEvery)
	}
}

// acked returns up to which sequence all ends are acknowledged, or 0 if that is not known.
//
// An end that is stored up to there was removed, and came back when the server was killed: the
// server can lose the marks of what was removed from the beginning of a block. Nobody will be given
// it again, so whoever finds it removes it.
func (f *Fleet) acked(ctx context.Context) uint64 {
	_, acked, err := f.engine.backlog(ctx)
	if err != nil {
		f.log.Debug("up to where ends are acknowledged is not known", zap.Error(err))
	}
	return acked
}
