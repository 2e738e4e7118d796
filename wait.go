package jobstatus

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/iamber12/job-status-monitoring/internal/timeline"
)

// WaitForJob blocks until the job has ended and returns its terminal status.
//
// If the job failed or was canceled, the status comes with a [JobError]. If the wait gave up first,
// because of ctx, a limit or [Watcher.Close], the newest status seen comes with a [WaitError]. A
// context that has ended already gives one too. Any other error is one that no further poll would
// cure, such as [ErrNotFound].
func (w *Watcher) WaitForJob(ctx context.Context, id string, opts ...WatchOption) (Status, error) {
	for st, err := range w.follow(ctx, id, false, opts) {
		return st, err
	}
	panic("jobstatus: a wait without a result")
}

// WaitForJobWithUpdates is [Watcher.WaitForJob], and also sends each status that differs from the
// one before it, the terminal one last. It closes updates before it returns, so that a range over
// updates ends. A channel serves one wait.
//
// Polls never wait for the receiver. A slow one misses statuses between, not the newest. When the
// job has ended, the call waits for the receiver to take the terminal status, but no longer than
// until ctx is done, the timeout is reached or the Watcher is closed. It returns that status all
// the same.
func (w *Watcher) WaitForJobWithUpdates(ctx context.Context, id string, updates chan<- Status, opts ...WatchOption) (Status, error) {
	if updates == nil {
		return Status{ID: id}, watchError(id, errors.New("the channel of updates is nil"))
	}
	defer close(updates)
	c, err := w.newCall(ctx, true, opts)
	if err != nil {
		return Status{ID: id}, watchError(id, err)
	}
	defer c.Leave()
	began := w.clock.Now()
	if first := ended(opts); first != nil {
		r := timeline.Result{Status: *first, End: timeline.Ended}
		c.Offer(ctx, updates, r.Status, began)
		return r.Status, resultError(r)
	}
	c.Join(ctx, id)
	var out chan<- Status // updates, while there is one to send
	var newest Status
	for {
		r, sent := c.Await(ctx, out, newest)
		switch {
		case sent:
			out = nil
		case r.End == timeline.Update:
			out, newest = updates, r.Status
		case r.End == timeline.Ended:
			c.Offer(ctx, updates, r.Status, began)
			fallthrough
		default:
			return r.Status, resultError(r)
		}
	}
}

// Updates follows a job. It yields each status that differs from the one before it. The last one
// comes with the error that [Watcher.WaitForJob] would return: it is the terminal status, or the
// newest if the wait gave up. Each range over it is a wait of its own, which ends with the range.
//
// Polls never wait for the body of the loop. A slow one misses statuses between, not the newest.
func (w *Watcher) Updates(ctx context.Context, id string, opts ...WatchOption) iter.Seq2[Status, error] {
	return w.follow(ctx, id, true, opts)
}

func (w *Watcher) follow(ctx context.Context, id string, updates bool, opts []WatchOption) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		c, err := w.newCall(ctx, updates, opts)
		if err != nil {
			yield(Status{ID: id}, watchError(id, err))
			return
		}
		defer c.Leave()
		if first := ended(opts); first != nil {
			yield(*first, resultError(timeline.Result{Status: *first, End: timeline.Ended}))
			return
		}
		c.Join(ctx, id)
		for more := true; more; {
			r, _ := c.Await(ctx, nil, Status{})
			more = yield(r.Status, resultError(r)) && r.End == timeline.Update
		}
	}
}

// WaitForJobs waits for many jobs at once. It yields the result of each, as [Watcher.WaitForJob]
// would return it, in the order in which they end. Status.ID says whose it is. Every id that is
// taken has exactly one result: an id that stands twice has two, and one that is not valid has an
// error while the others go on. Options hold for each watch.
//
// The first 64 jobs, or the first two batches, are polled as the Backoff says. The first polls of
// the others come later, 16 or a batch at a time, so that a service does not meet them all
// together. They are spread evenly over the longest wait that the Backoff puts between polls, up to
// ten minutes and a tenth of the timeout. A first wait that the Backoff asks for at most doubles by
// that.
//
// The ids are taken one by one, each is watched from then on, and none is taken during the body of
// the loop. So memory is proportional to the number of pending jobs. A sequence may be slow, quiet
// or endless: finished jobs are yielded meanwhile, and the end of ctx or [Watcher.Close] ends the
// call at once. If either comes before the end of the sequence, the last result has no id and a
// [WaitError] with the reason. At most one id more is taken then, which has no result.
//
// Each range over the result is a wait of its own. Breaking out of it ends what it still waits for.
//
// The sequence runs on a goroutine of its own, which ends when the sequence returns. A break out of
// the range returns after the sequence did if that was between two ids. A sequence that is at work
// on the next id is not waited for; it is stopped when it yields that id. Nothing but the goroutine
// is held by a sequence that never does. If the sequence panics or calls [runtime.Goexit], the same
// happens on the caller's goroutine. A panic after the end of the call is logged.
func (w *Watcher) WaitForJobs(ctx context.Context, ids iter.Seq[string], opts ...WatchOption) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		c, err := w.newCall(ctx, false, opts)
		if err == nil && ids == nil {
			err = errors.New("the ids are nil")
		}
		if err != nil {
			yield(Status{}, fmt.Errorf("jobstatus: watch jobs: %w", err))
			return
		}
		defer c.Leave()
		c.Feed(ctx, ids)
		for r, ok := c.Next(ctx); ok; r, ok = c.Next(ctx) {
			if !yield(r.Status, resultError(r)) {
				return
			}
		}
	}
}

func (w *Watcher) newCall(ctx context.Context, updates bool, opts []WatchOption) (*timeline.Call, error) {
	if err := w.check(ctx); err != nil {
		return nil, err
	}
	limits, err := w.defaults.apply(opts)
	if err != nil {
		return nil, err
	}
	return w.timeline.NewCall(ctx, limits, updates), nil
}

// resultError returns the error that goes with a result.
func resultError(r timeline.Result) error {
	switch {
	case r.End == timeline.GaveUp:
		return &WaitError{ID: r.ID, Reason: r.Err, Last: r.Status, LastErr: r.LastErr, Polls: r.Polls,
			Elapsed: r.Elapsed, HeldUp: r.HeldUp, context: r.Context}
	case r.End == timeline.Broken:
		return watchError(r.ID, r.Err)
	case r.End == timeline.Ended && r.State != Completed:
		return &JobError{Status: r.Status}
	default:
		return nil
	}
}

func watchError(id string, err error) error {
	return fmt.Errorf("jobstatus: watch %s: %w", quoteID(id), err)
}
