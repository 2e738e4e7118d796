package fleet

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// backlogEvery is how often a process asks the server how many ends wait.
const backlogEvery = 5 * time.Second

// backlog keeps the figure of the ends that nobody has acknowledged. It is safe for concurrent use.
type backlog struct {
	*core
	asked atomic.Int64 // when the server was asked last, in Unix nanoseconds
}

// run keeps the figure until ctx ends. A process asks once for all its calls of Run and Ends.
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
