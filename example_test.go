package jobstatus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"slices"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
)

// reports is a service with a few jobs, in memory.
func reports() jobstatus.Transport {
	s, err := mock.NewService(
		mock.Job("report-1", mock.Pending(mock.Polls(1)), mock.Running(mock.Polls(2)).With(0.5, "half way"), mock.Completed("report.pdf")),
		mock.Job("report-2", mock.Pending(mock.Polls(1)), mock.Failed("no such table")),
		mock.Job("report-3", mock.Pending(mock.Forever)),
	)
	if err != nil {
		log.Fatal(err)
	}
	return &mock.Transport{Service: s}
}

func Example() {
	service, err := mock.NewService(mock.Created(mock.Pending(mock.Polls(2)), mock.Completed(nil)))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()

	w, err := jobstatus.NewHTTP(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	ctx := context.Background()
	id, err := w.CreateJob(ctx)
	if err != nil {
		log.Fatal(err)
	}
	status, err := w.WaitForJob(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status.State)
	// Output: completed
}

func ExampleWatcher_WaitForJob() {
	w, err := jobstatus.New(reports())
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	for _, id := range []string{"report-1", "report-2", "report-3", "report-4"} {
		status, err := w.WaitForJob(context.Background(), id, jobstatus.MaxAttempts(5))
		var gaveUp *jobstatus.WaitError
		switch {
		case err == nil:
			fmt.Println("done:", status)
		case errors.Is(err, jobstatus.ErrJobFailed):
			fmt.Println("failed:", status.Message)
		case errors.As(err, &gaveUp):
			fmt.Println("still", gaveUp.Last.State, "after", gaveUp.Polls, "polls")
		case errors.Is(err, jobstatus.ErrNotFound):
			fmt.Println("no such job")
		}
	}
	// Output:
	// done: report-1: completed
	// failed: no such table
	// still pending after 5 polls
	// no such job
}

func ExampleWatcher_Updates() {
	w, err := jobstatus.New(reports())
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	for status, err := range w.Updates(context.Background(), "report-1") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(status)
	}
	// Output:
	// report-1: pending
	// report-1: running 50%: half way
	// report-1: completed
}

// A program waits for jobs that arrive one by one. When it stops, it saves those that it still
// waits for. The next process continues with them.
func ExampleWatcher_WaitForFeed() {
	service := reports()
	w, err := jobstatus.New(service)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	feed := make(chan jobstatus.Job, 2)
	feed <- jobstatus.Job{ID: "report-1", Kind: "report"}
	feed <- jobstatus.Job{ID: "report-3", Kind: "report", Timeout: time.Hour}
	var saved []byte
	for status := range w.WaitForFeed(ctx, feed) {
		fmt.Println(status)
		if saved, err = json.Marshal(slices.Collect(w.Pending())); err != nil {
			log.Fatal(err)
		}
		break
	}

	var jobs []jobstatus.Job
	if err := json.Unmarshal(saved, &jobs); err != nil {
		log.Fatal(err)
	}
	for _, job := range jobs {
		fmt.Println("to go on with:", job.ID, job.Kind, job.Timeout)
	}
	// Output:
	// report-1: completed
	// to go on with: report-3 report 1h0m0s
}

func ExampleWatcher_WaitForJobWithUpdates() {
	w, err := jobstatus.New(reports())
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	updates := make(chan jobstatus.Status, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for u := range updates {
			fmt.Println(u)
		}
	}()
	_, err = w.WaitForJobWithUpdates(context.Background(), "report-2", updates)
	<-done
	fmt.Println(err)
	// Output:
	// report-2: pending
	// report-2: failed (error): no such table
	// jobstatus: job "report-2" failed: "no such table"
}

func ExampleWatcher_WaitForJobs() {
	w, err := jobstatus.New(reports())
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	ids := []string{"report-1", "report-2"}
	for status, err := range w.WaitForJobs(context.Background(), slices.Values(ids)) {
		fmt.Println(status, err != nil)
	}
	// Output:
	// report-2: failed (error): no such table true
	// report-1: completed false
}

func ExampleNew() {
	_, err := jobstatus.New(reports(), jobstatus.WithTimeout(-time.Second), jobstatus.WithConcurrency(-4))
	fmt.Println(err)
	// Output:
	// jobstatus: WithTimeout(-1s): must not be negative; Unlimited lifts the limit
	// jobstatus: WithConcurrency(-4): must not be negative
}

func ExampleWithBackoff() {
	w, err := jobstatus.New(reports(), jobstatus.WithBackoff(
		backoff.Jitter(backoff.Cap(backoff.Exponential(time.Millisecond, 1.5), time.Second), 0.1)))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	fmt.Println(w.WaitForJob(context.Background(), "report-1"))
	// Output: report-1: completed <nil>
}

// answers is a Transport of the program's own.
type answers map[string]transport.State

func (a answers) Status(_ context.Context, id string) (jobstatus.Status, error) {
	return jobstatus.Status{State: a[id]}, nil
}

func ExampleTransport() {
	w, err := jobstatus.New(answers{"a": jobstatus.Completed})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	fmt.Println(w.WaitForJob(context.Background(), "a"))
	// Output: a: completed <nil>
}
