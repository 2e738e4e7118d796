// Package unittest is an example of code that waits for jobs. Its tests show how to test such code:
// jobs of minutes take milliseconds, and every run is the same. The page README.md explains each
// test.
package unittest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring"
)

// Reports makes reports. Each report is a job of a service.
type Reports struct {
	Jobs *jobstatus.Watcher
}

// ErrRejected is the error of a report that the service could not make. Trying again is of no use.
var ErrRejected = errors.New("report rejected")

// Make starts a report, waits for up to ten minutes, and returns the URL of the result.
func (r Reports) Make(ctx context.Context) (url string, err error) {
	id, err := r.Jobs.CreateJob(ctx)
	if err != nil {
		return "", err
	}
	status, err := r.Jobs.WaitForJob(ctx, id, limits...)
	if err != nil {
		return "", rejected(err)
	}
	return location(status)
}

// MakeAll starts n reports. It returns the URLs of those that were made and the errors of the
// others.
func (r Reports) MakeAll(ctx context.Context, n int) (urls []string, err error) {
	ids := make([]string, n)
	for i := range ids {
		if ids[i], err = r.Jobs.CreateJob(ctx); err != nil {
			return nil, err
		}
	}
	for status, failed := range r.Jobs.WaitForJobs(ctx, slices.Values(ids), limits...) {
		url := ""
		if failed == nil {
			url, failed = location(status)
		}
		if failed != nil {
			err = errors.Join(err, rejected(failed))
			continue
		}
		urls = append(urls, url)
	}
	return urls, err
}

var limits = []jobstatus.WatchOption{jobstatus.Timeout(10 * time.Minute), jobstatus.MaxAttempts(jobstatus.Unlimited)}

func rejected(err error) error {
	if errors.Is(err, jobstatus.ErrJobFailed) {
		return fmt.Errorf("%w: %w", ErrRejected, err)
	}
	return err
}

func location(status jobstatus.Status) (string, error) {
	var result struct{ URL string }
	if err := json.Unmarshal(status.Result, &result); err != nil {
		return "", fmt.Errorf("report %s: %w", status.ID, err)
	}
	return result.URL, nil
}
