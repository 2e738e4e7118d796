package jobstatus

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/timeline"
)

// Job is a job to wait for, together with what is known about it. [Watcher.Pending] returns the
// jobs that a Watcher waits for. [Watcher.WaitForFeed] waits for such jobs, in the same process or
// in another. A Job can be encoded as JSON.
type Job struct {
	// ID is the job's id, and Kind is its kind: see [Kind].
	ID   string `json:"id"`
	Kind string `json:"kind,omitzero"`
	// Began is when the wait for the job began: see [Began]. Zero means now, and so does a
	// time in the future or more than ten years ago.
	Began time.Time `json:"began,omitzero"`
	// PolledUntil is a time before which no poll was missed: each was made when it was due. A poll
	// that was due between then and now was missed, and is made soon. Zero means that no poll was
	// missed. PolledUntil has no effect without Began.
	PolledUntil time.Time `json:"polledUntil,omitzero"`
	// Timeout limits the wait, counted from Began: see [Timeout]. Zero means the timeout of the call.
	// Like that option, it removes the default limit of attempts.
	Timeout time.Duration `json:"timeout,omitzero"`
	// Last is the newest status seen. Its State is Unknown if no status was seen yet. A terminal
	// status is yielded without a poll. A status whose ID names another job is ignored.
	Last Status `json:"last,omitzero"`
}

// Pending returns the jobs that the Watcher waits for when the iteration begins, in no particular
// order. A program can save them, and pass them to [Watcher.WaitForFeed] after a restart. The
// iteration takes memory in proportion to their number. It is safe for concurrent use.
func (w *Watcher) Pending() iter.Seq[Job] {
	return func(yield func(Job) bool) {
		if w == nil || w.timeline == nil {
			return
		}
		for _, job := range w.timeline.Pending() {
			if !yield(Job(job)) {
				return
			}
		}
	}
}

// WaitForFeed waits for the jobs that it receives from a channel. It yields results as
// [Watcher.WaitForJobs] does, in the order in which the jobs end. It returns when the channel is
// closed and all jobs have ended. The options apply to each job, except where the fields of the
// [Job] say otherwise.
//
// If ctx ends or the Watcher is closed first, the last result has no id, and its error is a
// [WaitError] with the reason.
//
// Results are yielded while the channel is empty. No job is received while the body of the loop
// runs, so that memory is proportional to the number of pending jobs.
//
// All waits end when the caller breaks out of the range, or when ctx ends. The range then returns
// once none of its polls is in flight, so that another process can take over the jobs. A poll that
// ignores the end of its context delays the return by one second at most. A batch that is also
// about jobs of other calls is not canceled, and the range waits for its answer. The range does not
// wait for the poll of a job that another call also waits for.
//
// # Resuming
//
// A Job whose Began is set is resumed: the wait continues as if it had not been interrupted. Its
// timeout counts from Began. The next poll is made when it would have been due. The Watcher finds
// that time by asking the Backoff for each wait since Began. After about 1,000 waits it estimates
// the time, and for all but the first 64 jobs of a call it does so earlier.
//
// The polls that would have been made count as attempts, but at least one more poll is made. A wait
// whose timeout has already passed makes one last poll. Of these last polls, the first 64 of the
// Watcher are made at once, and the others are spread over ten seconds.
//
// The gap is the time between PolledUntil and now. If a poll of a job was due in the gap, the job
// is polled soon. The first 64 such polls of the Watcher are made at once. The others are spread
// over five times the gap, so that they raise the rate of requests by at most a fifth. If the next
// poll of a job is due sooner, that poll is made instead. When a time as long as the gap has passed
// without a further such poll, the next 64 are again made at once.
func (w *Watcher) WaitForFeed(ctx context.Context, feed <-chan Job, opts ...WatchOption) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		c, err := w.newConsumer(ctx, false, opts)
		if err == nil && feed == nil {
			err = errors.New("the feed is nil")
		}
		if err != nil {
			yield(Status{}, fmt.Errorf("jobstatus: watch feed: %w", err))
			return
		}
		c.Drain()
		defer c.Leave()
		over := make(chan struct{})
		defer close(over)
		c.Feed(ctx, jobsFrom(feed, over))
		yieldAll(ctx, c, yield)
	}
}

// jobsFrom returns the jobs of a feed, until over is closed. Each job is valid until the next one
// is taken.
func jobsFrom(feed <-chan Job, over <-chan struct{}) iter.Seq[*timeline.Job] {
	return func(yield func(*timeline.Job) bool) {
		job, more := receive(feed, over)
		for more && yield((*timeline.Job)(&job)) {
			job, more = receive(feed, over)
		}
	}
}

// receive returns the next job of a feed, unless over is closed. Package mock recognizes this
// function by its name.
func receive(feed <-chan Job, over <-chan struct{}) (job Job, more bool) {
	select {
	case job, more = <-feed:
	case <-over:
	}
	return job, more
}
