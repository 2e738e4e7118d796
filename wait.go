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
// If the job failed or was canceled, the status comes together with a *JobError. If the wait gave up first, because of ctx,
// a limit or Close, the newest status seen comes with a *WaitError. Any other error is one that no further poll would
// cure, such as ErrNotFound.
func (w *Watcher) WaitForJob(ctx context.Context, id string, opts ...WatchOption) (Status, error) {
	for st, err := range w.follow(ctx, id, false, opts) {
		return st, err
	}
	panic("jobstatus: a wait without a result")
}

// WaitForJobWithUpdates is WaitForJob, and also sends each status that differs from the one before it, the terminal one
// last. It closes updates before it returns, so that a range over updates ends; a channel serves one wait.
//
// Polls never wait for the receiver: one that is slow misses statuses between, not the newest. When the job has ended, the
// call waits for the receiver to take the terminal status until ctx is done, the watch's timeout is reached or the Watcher is
// closed, and returns it all the same.
func (w *Watcher) WaitForJobWithUpdates(ctx context.Context, id string, updates chan<- Status, opts ...WatchOption) (Status, error) {
	if updates == nil {
		return Status{ID: id}, fmt.Errorf("jobstatus: watch %.128q: the channel of updates is nil", id)
	}
	defer close(updates)
	c, err := w.newCall(ctx, true, opts)
	if err == nil {
		err = c.Join(ctx, id)
	}
	if err != nil {
		return Status{ID: id}, watchError(id, err)
	}
	defer c.Leave()
	began := w.clock.Now()
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

// Updates follows a job: it yields each status that differs from the one before it, and last, with the error that WaitForJob
// would return, the terminal one, or the newest if the wait gave up. Each range over it is a wait of its own, which ends with
// the range.
//
// Polls never wait for the body of the loop: one that is slow misses statuses between, not the newest.
func (w *Watcher) Updates(ctx context.Context, id string, opts ...WatchOption) iter.Seq2[Status, error] {
	return w.follow(ctx, id, true, opts)
}

func (w *Watcher) follow(ctx context.Context, id string, updates bool, opts []WatchOption) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		c, err := w.newCall(ctx, updates, opts)
		if err == nil {
			err = c.Join(ctx, id)
		}
		if err != nil {
			yield(Status{ID: id}, watchError(id, err))
			return
		}
		defer c.Leave()
		for more := true; more; {
			r, _ := c.Await(ctx, nil, Status{})
			more = yield(r.Status, resultError(r)) && r.End == timeline.Update
		}
	}
}

// WaitForJobs waits for many jobs at once and yields the result of each, as WaitForJob would return it, in the order in which
// they end; Status.ID says whose it is. Every id gets exactly one result, one that stands twice gets two, and one that is not
// valid gets an error while the rest go on. Options hold for each watch.
//
// The first 64 jobs, or the first batch, are polled as the Backoff says. Of the others, where that is at once, the first polls are spread
// evenly over the wait that the Backoff puts after a first poll, 16 or a batch at a time, so that a service does not meet them all
// together.
//
// The ids are taken one by one, and watched from that moment; results that are ready are yielded between. Memory grows with
// what is pending. Each range over the result is a wait of its own, and breaking out of it ends what it still waits for.
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
		for id := range ids {
			if err := c.Join(ctx, id); err != nil && !yield(Status{ID: id}, watchError(id, err)) {
				return
			}
			for r, ok := c.Poll(); ok; r, ok = c.Poll() {
				if !yield(r.Status, resultError(r)) {
					return
				}
			}
		}
		for c.Pending() {
			r, _ := c.Await(ctx, nil, Status{})
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
	c, err := w.defaults.apply(opts)
	if err != nil {
		return nil, err
	}
	return w.timeline.NewCall(ctx, c.Limits, updates), nil
}

// resultError returns the error that goes with a result.
func resultError(r timeline.Result) error {
	switch {
	case r.End == timeline.GaveUp:
		return &WaitError{ID: r.ID, Reason: r.Err, Last: r.Status, LastErr: r.LastErr, Polls: r.Polls, Elapsed: r.Elapsed}
	case r.End == timeline.Broken:
		return watchError(r.ID, r.Err)
	case r.End == timeline.Ended && r.State != Completed:
		return &JobError{Status: r.Status}
	default:
		return nil
	}
}

func watchError(id string, err error) error {
	return fmt.Errorf("jobstatus: watch %.128q: %w", id, err)
}
