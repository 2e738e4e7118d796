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
	// jobs is how many jobs the first worker starts, one in each interval. The first job never ends.
	jobs     = 200
	interval = 10 * time.Millisecond
	// timeout limits the wait for each of them.
	timeout = 6 * time.Second
	// saves is the time between two saves of the ledger.
	saves = 200 * time.Millisecond
)

// work waits for the jobs in a file. If there is no file, it starts jobs and waits for them. It
// prints a line on out for each end. When ctx ends, it saves the pending jobs in the file.
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

// resume sends the saved jobs to feed.
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

// start starts jobs and sends them to feed. It saves each job before it sends it.
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

// wait waits for the jobs of feed, and saves the pending ones at intervals and when ctx ends. Only
// jobs that are waited for can be saved, so the waits end after the last save.
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
