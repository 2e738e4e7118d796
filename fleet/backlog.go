package fleet

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// backlogEvery is the time between two requests of a process for the number of waiting ends.
const backlogEvery = 5 * time.Second

// backlog updates the figure of the ends that are not acknowledged. It is safe for concurrent use.
type backlog struct {
	*core
	asked atomic.Int64 // when the server was asked last, in Unix nanoseconds
}

// run updates the figure until ctx ends. All calls of Run and Ends in a process share one request.
func (b *backlog) run(ctx context.Context) {
	for ctx.Err() == nil {
		now, last := time.Now().UnixNano(), b.asked.Load()
		if now-last >= int64(backlogEvery) && b.asked.CompareAndSwap(last, now) {
			n, _, err := b.engine.backlog(ctx)
			if err != nil {
				b.log.Debug("the number of ends that wait is not known", zap.Error(err))
			} else {
				b.counts.backlog.Store(int64(n))
			}
		}
		sleep(ctx, backlogEvery)
	}
}
