package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

const (
	// jobs is how many jobs the first worker starts, one each interval. The first never ends.
	jobs     = 200
	interval = 10 * time.Millisecond
	// timeout limits the wait for each of them.
	timeout = 6 * time.Second
	// saves is how often what is known of the jobs is saved.
	saves = 200 * time.Millisecond
)

// work waits for the jobs that a file names. Without a file it starts jobs, and waits for them. A
// line on out tells of each end. As ctx ends, the file names the jobs that are left.
func work(ctx context.Context, t jobstatus.Transport, file string, out io.Writer) error {
	learner := adaptive.New(adaptive.About(5))
	w, err := jobstatus.New(t, jobstatus.WithBackoff(learner))
	if err != nil {
		return err
	}
	defer w.Close()
	before, there, err := load(file)
	if err == nil && there {
		err = learner.UnmarshalBinary(before.Learned)
	}
	if err != nil {
		return err
	}
	known, _ := learner.Forecast("render")
	fmt.Fprintln(out, "begins", len(before.Jobs), known.Jobs)

	l := newLedger(file, learner, before.Jobs)
	feed, failed := make(chan jobstatus.Job), make(chan error, 1)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // ends with ctx
		defer close(feed)
		if there {
			failed <- resume(ctx, before.Jobs, feed)
		} else {
			failed <- start(ctx, w, l, feed)
		}
	}()
	err = wait(ctx, w, l, feed, out)
	stop(nil)
	return errors.Join(err, <-failed)
}

// resume feeds jobs that were waited for before.
func resume(ctx context.Context, all []jobstatus.Job, feed chan<- jobstatus.Job) error {
	for _, j := range all {
		select {
		case feed <- j:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// start starts jobs and feeds them. Each is saved before it is waited for.
func start(ctx context.Context, w *jobstatus.Watcher, l *ledger, feed chan<- jobstatus.Job) error {
	next := time.NewTicker(interval)
	defer next.Stop()
	for range jobs {
		id, err := w.CreateJob(ctx)
		if err != nil {
			return err
		}
		j := jobstatus.Job{ID: id, Kind: "render", Began: time.Now(), Timeout: timeout}
		if err := l.begun(w, j); err != nil {
			return err
		}
		select {
		case feed <- j:
		case <-ctx.Done():
			return nil
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// wait waits for jobs, and saves what is left of them from time to time and as ctx ends. What is
// waited for can be saved only while it is, so the waits end after that.
func wait(ctx context.Context, w *jobstatus.Watcher, l *ledger, feed <-chan jobstatus.Job, out io.Writer) (err error) {
	waits, leave := context.WithCancel(context.WithoutCancel(ctx))
	over, kept := make(chan struct{}), make(chan error, 1)
	go func() { // ends with over
		defer leave()
		kept <- l.keep(ctx, w, over)
	}()
	for status, err := range w.WaitForFeed(waits, feed) {
		if waits.Err() == nil {
			tell(out, status, err)
			l.ended(status.ID)
		}
	}
	close(over)
	return errors.Join(<-kept, context.Cause(ctx))
}

// tell prints how the wait for a job ended.
func tell(out io.Writer, status jobstatus.Status, err error) {
	var gaveUp *jobstatus.WaitError
	if errors.As(err, &gaveUp) {
		fmt.Fprintln(out, "gave-up", status.ID, gaveUp.Elapsed.Round(100*time.Millisecond))
		return
	}
	fmt.Fprintln(out, "ended", status.ID, status.State)
}
