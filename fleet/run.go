package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// Run watches a share of the fleet's jobs with w, until ctx ends. Call it once in each process.
// When ctx ends, Run hands its partitions over to other workers, and returns nil once none of its
// polls is in flight. It returns an error if that takes longer than a lease or four seconds,
// whichever is more.
//
// If w was closed, Run returns an error that matches [jobstatus.ErrClosed]. The limits and the
// Backoff of a job are those of the Watcher that polls it. So the Watchers of all workers should
// have the same options. With [RateLimit], use w for one fleet only, because each fleet would set
// the limit of w to its own.
func (f *Fleet) Run(ctx context.Context, w *jobstatus.Watcher) error {
	if err := f.check(ctx); err != nil {
		if err == errNotOpened || ctx == nil {
			return err
		}
		return nil // ctx has ended
	}
	if w == nil {
		return errors.New("fleet: Run: the Watcher is nil")
	}
	r := newWorker(ctx, f.core, w)
	ends := newRecorder(f.core, r.log)
	r.owned.watch = func(ctx context.Context, partition int, gap time.Time) {
		s := &share{
			core: f.core, register: &f.register, ears: &f.ears, recorder: ends, w: w, clock: r.clock,
			partition: partition, gap: gap, log: r.log.With(zap.Int("partition", partition)),
		}
		if err := s.run(ctx); err != nil {
			r.loop.post(func() { r.leave(fmt.Errorf("fleet: Run: %w", err)) })
		}
	}
	r.loop.start(f.backlog.run)
	if f.learner == nil {
		r.studied = true
	} else {
		s := &study{core: f.core, worker: r.self, log: r.log}
		r.loop.start(func(life context.Context) {
			if f.loaded.CompareAndSwap(false, true) {
				early, cancel := context.WithTimeout(ctx, max(f.lease, grace))
				f.loaded.Store(s.load(early)) // if it is false, the next Run tries again
				cancel()
			}
			r.loop.post(func() { r.studied = true })
			s.run(life)
		})
	}
	err := r.run(ctx)
	r.loop.close()
	return err
}
