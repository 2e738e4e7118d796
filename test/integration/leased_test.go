package integration

import (
	"context"
	"fmt"
	"iter"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// leased is the variable of the environment that makes a process one that polls a service as long
// as its lease lasts.
const leased = "INTEGRATION_LEASED"

const (
	lease = time.Second
	// slow is how long it takes to find out that the lease is over.
	slow = 30 * time.Millisecond
)

// pollWhileLeased polls many jobs of the service at url until the lease was not renewed in time.
func pollWhileLeased(url string) error {
	w, err := jobstatus.NewHTTP(url, jobstatus.WithBackoff(backoff.Constant(100*time.Millisecond)))
	if err != nil {
		return err
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with the lease
		for renewed := time.Now(); time.Since(renewed) < lease; time.Sleep(lease / 4) {
			renewed = time.Now()
		}
		time.Sleep(slow)
		cancel()
	}()
	for range w.WaitForJobs(ctx, names(50), jobstatus.Timeout(jobstatus.Unlimited)) {
	}
	return nil
}

func names(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; i < n && yield(fmt.Sprint("job-", i)); i++ {
		}
	}
}
