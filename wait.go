package jobstatus

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/iamber12/job-status-monitoring/internal/timeline"
)

// WaitForJob blocks until the job has ended, and returns its terminal status.
//
// If the job failed or was canceled, the status comes with a [JobError]. If the wait gave up first,
// because of ctx, a limit or [Watcher.Close], the newest status seen comes with a [WaitError]. If
// ctx has ended before the call, the error is a WaitError too. Any other error, such as
// [ErrNotFound], means that no further poll would help. The newest status seen comes with that
// error too.
func (w *Watcher) WaitForJob(ctx context.Context, id string, opts ...WatchOption) (Status, error) {
	c, err := w.newConsumer(ctx, false, opts)
	if err != nil {
		return Status{ID: id}, watchError(id, err)
	}
	defer c.Leave()
	c.Join(ctx, id, end(opts))
	r, _ := c.Await(ctx, nil, nil)
	return r.Status, resultError(r)
}

// WaitForJobWithUpdates is like [Watcher.WaitForJob], and also sends each update to a channel. An
// update is a status that differs from the one before. The terminal status is sent last.
// WaitForJobWithUpdates closes the channel before it returns, so that a range over updates ends.
// Each call needs a channel of its own. A nil channel is an error.
//
// Polls do not wait for the receiver. If the receiver is slow, only the newest update is kept for
// it. When the job has ended, the call waits until the receiver takes the terminal status. It stops
// waiting when ctx ends, the Watcher is closed, or the timeout has passed since the call. It
// returns the terminal status in any case.
func (w *Watcher) WaitForJobWithUpdates(ctx context.Context, id string, updates chan<- Status, opts ...WatchOption) (Status, error) {
	if updates == nil {
		return Status{ID: id}, watchError(id, errors.New("the channel of updates is nil"))
	}
	defer close(updates)
	c, err := w.newConsumer(ctx, true, opts)
	if err != nil {
		return Status{ID: id}, watchError(id, err)
	}
	defer c.Leave()
	began := w.timeline.Now()
	c.Join(ctx, id, end(opts))
	var out chan<- Status // is updates while there is one to send, and otherwise nil
	var newest *Status
	for {
		r, sent := c.Await(ctx, out, newest)
		switch {
		case sent:
			out = nil
		case r.End == timeline.Update:
			out, newest = updates, &r.Status
		case r.End == timeline.Ended:
			c.Offer(ctx, updates, &r.Status, began)
			fallthrough
		default:
			return r.Status, resultError(r)
		}
	}
}

// Updates follows a job and yields each update: a status that differs from the one before. The last
// update comes with the error that [Watcher.WaitForJob] would return. Each range over the result is
// a separate wait, which ends when the range ends.
//
// Polls do not wait for the body of the loop. If the body is slow, only the newest update is kept
// for it.
func (w *Watcher) Updates(ctx context.Context, id string, opts ...WatchOption) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		c, err := w.newConsumer(ctx, true, opts)
		if err != nil {
			yield(Status{ID: id}, watchError(id, err))
			return
		}
		defer c.Leave()
		c.Join(ctx, id, end(opts))
		for more := true; more; {
			r, _ := c.Await(ctx, nil, nil)
			more = yield(r.Status, resultError(r)) && r.End == timeline.Update
		}
	}
}

// WaitForJobs waits for many jobs at once. It yields the result of each, as [Watcher.WaitForJob]
// would return it, in the order in which the jobs end. Status.ID is the job's id. Every id that is
// taken from the sequence has exactly one result, apart from the exception below. An id that occurs
// twice has two results. An invalid id yields an error, and the other waits go on. The options
// apply to each wait.
//
// The ids are taken one by one, and a job is watched as soon as its id is taken. No id is taken
// while the body of the loop runs. So memory is proportional to the number of pending jobs. The
// sequence may be slow or endless: results are yielded while it computes the next id.
//
// The call ends when ctx ends or the Watcher is closed. Ids that the sequence then yields without
// delay are still taken, about 1,000 at most, and each has a result. If the sequence does not end
// meanwhile, the last result has no id, and its error is a [WaitError] with the reason. In that
// case at most one id that was taken has no result.
//
// Each range over the result takes the ids again and waits for them. Breaking out of the range ends
// all its pending waits.
//
// # Large bulks
//
// The first polls of the first 64 jobs, or of the first two batches if that is more, are made when
// the Backoff says. The first polls of all other jobs are spread over an interval, so that they do
// not reach the service at once. The interval is the longest wait that the Backoff returns, at most
// ten minutes and at most a tenth of the timeout. If the Backoff returns a first wait above zero,
// spreading at most doubles it.
//
// # The goroutine of the sequence
//
// The sequence runs on a goroutine of its own, which ends when the sequence returns. After a break
// out of the range, the sequence is stopped. If it has yielded an id and was not asked for the next
// one, the break waits until it has returned. If it is computing the next id, the break does not
// wait, and the sequence is stopped when it yields that id. If it never yields one, its goroutine
// never ends.
//
// If the sequence panics or calls [runtime.Goexit], the same happens on the caller's goroutine. A
// panic after the end of the call is logged.
func (w *Watcher) WaitForJobs(ctx context.Context, ids iter.Seq[string], opts ...WatchOption) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		c, err := w.newConsumer(ctx, false, opts)
		if err == nil && ids == nil {
			err = errors.New("the ids are nil")
		}
		if err != nil {
			yield(Status{}, fmt.Errorf("jobstatus: watch jobs: %w", err))
			return
		}
		defer c.Leave()
		c.Feed(ctx, timeline.JobsOf(ids))
		yieldAll(ctx, c, yield)
	}
}

// yieldAll yields the results of c, which takes its jobs from a sequence.
func yieldAll(ctx context.Context, c *timeline.Consumer, yield func(Status, error) bool) {
	for r, ok := c.Next(ctx); ok && yield(r.Status, resultError(r)); {
		r, ok = c.Next(ctx)
	}
}

func (w *Watcher) newConsumer(ctx context.Context, updates bool, opts []WatchOption) (*timeline.Consumer, error) {
	if err := w.check(ctx); err != nil {
		return nil, err
	}
	limits, err := w.defaults.apply(opts)
	if err != nil {
		return nil, err
	}
	return w.timeline.NewConsumer(ctx, limits, updates), nil
}

// resultError returns the error of a result.
func resultError(r *timeline.Result) error {
	switch {
	case r.End == timeline.GaveUp:
		return &WaitError{ID: r.ID, Reason: r.Err, Last: r.Status, LastErr: r.LastErr, Polls: r.Polls,
			Elapsed: r.Elapsed, HeldUp: r.HeldUp, answered: r.Answered, context: r.Context}
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
