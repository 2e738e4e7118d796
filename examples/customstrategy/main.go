// Command customstrategy waits for a job with a Backoff of its own.
//
// The job is an export that takes about two seconds. Polls before that are wasted. After that, its
// end should be detected within a tenth of a second.
//
//	go run ./examples/customstrategy
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
)

// Expected is a Backoff for jobs of a known duration. It makes no poll until a job is about to end.
// Then it polls often, and less often the later the job is.
type Expected struct {
	Duration time.Duration
}

// Next returns the wait before the next poll. It depends only on the Poll, so one Expected serves
// all watches at once.
func (e Expected) Next(p backoff.Poll) time.Duration {
	if p.Elapsed < e.Duration*9/10 {
		return e.Duration*9/10 - p.Elapsed
	}
	late := max(p.Elapsed-e.Duration, 0)
	return e.Duration/20 + late/4
}

// Validate returns an error for a Duration that jobstatus.New should refuse. A Backoff need not
// have this method.
func (e Expected) Validate() error {
	if e.Duration <= 0 {
		return fmt.Errorf("expected: duration %v: must be above zero", e.Duration)
	}
	return nil
}

func main() {
	exports, err := mock.NewService(mock.Job("export-7", mock.Running(2100*time.Millisecond), mock.Completed(nil)))
	if err != nil {
		log.Fatal(err)
	}
	w, err := jobstatus.New(&mock.Transport{Service: exports},
		jobstatus.WithBackoff(backoff.Jitter(Expected{Duration: 2 * time.Second}, 0.05)))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()

	began := time.Now()
	status, err := w.WaitForJob(context.Background(), "export-7")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v after %.1fs, with %d polls\n", status, time.Since(began).Seconds(), exports.Polls("export-7"))
}
