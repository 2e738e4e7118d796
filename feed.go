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
// jobs that a Watcher waits for. [Watcher.WaitForFeed] waits for them, in the same process or in
// another. A Job can be encoded as JSON.
type Job struct {
	// ID is the job's id, and Kind is its kind: see [Kind].
	ID   string `json:"id"`
	Kind string `json:"kind,omitzero"`
	// Began is when the wait for the job began: see [Began]. Zero means now.
	Began time.Time `json:"began,omitzero"`
	// PolledUntil is the time until which the job was polled as the Backoff says. A poll that came due
	// later was missed, and is made up for. Zero means that no poll was missed. PolledUntil has no
	// effect without Began.
	PolledUntil time.Time `json:"polledUntil,omitzero"`
	// Timeout limits the wait, counted from Began: see [Timeout]. Zero means the limit of the call.
	// Like that option, it lifts the default limit of attempts.
	Timeout time.Duration `json:"timeout,omitzero"`
	// Last is the newest status seen. Its State is Unknown if there was none yet. A terminal status
	// is the end of the job: it is yielded without a poll. The status of another job is ignored.
	Last Status `json:"last,omitzero"`
}

// Pending returns the jobs that are waited for when the iteration begins, in no order. A program
// can save them, and continue to wait with [Watcher.WaitForFeed] after a restart. Memory is
// proportional to their number.
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

// WaitForFeed waits for the jobs that come from a channel, until it is closed and all of them have
// ended. It yields results as [Watcher.WaitForJobs] does, in the order in which the jobs end. The
// options apply to each job, except where the fields of the [Job] say otherwise.
//
// If ctx ends or the Watcher is closed first, the last result has no id, and its error is a
// [WaitError] with the reason.
//
// The feed never holds up results. No job is taken from it during the body of the loop, so that
// memory is proportional to the number of pending jobs.
//
// Each range over the result is a call of its own. All its waits end when the caller breaks out of
// the range, or when ctx ends. The range then returns once none of its polls is in flight, so that
// another process can take over the jobs. A poll that ignores the end of its context delays the
// return by one second at most.
//
// # Resuming
//
// A Job whose Began is set is resumed. Its age counts for its timeout. The Backoff is followed from
// its first wait to that age, so that the next poll comes when it would have come if the wait had
// gone on. The polls until then count as attempts, but at least one poll is made. After very many
// polls, the place in the Backoff is estimated. For all but the first 64 jobs of a call it is
// estimated sooner. A wait whose timeout has passed makes one last poll.
//
// A poll that came due in the gap between PolledUntil and now is made up for. The Watcher makes the
// first 64 such polls at once. It spreads all further ones over five times the gap, unless the
// job's next poll comes before. So they raise the rate of requests by at most a fifth. After a time
// as long as the gap without such polls, the next 64 are made at once again.
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

// jobsFrom returns the jobs of a feed, until over is closed.
func jobsFrom(feed <-chan Job, over <-chan struct{}) iter.Seq[timeline.Job] {
	return func(yield func(timeline.Job) bool) {
		for {
			if job, more := receive(feed, over); !more || !yield(timeline.Job(job)) {
				return
			}
		}
	}
}

// receive returns the next job of a feed, unless over is closed. Package mock knows its name.
func receive(feed <-chan Job, over <-chan struct{}) (job Job, more bool) {
	select {
	case job, more = <-feed:
		return job, more
	case <-over:
		return Job{}, false
	}
}
