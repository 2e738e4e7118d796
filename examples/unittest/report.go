// Package unittest is code of a consumer's own that waits for jobs. Its test shows how such code is tested: a job that takes two
// minutes is over in milliseconds, and takes the same course each time.
package unittest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring"
)

// Reports has reports made by a service.
type Reports struct {
	Jobs *jobstatus.Watcher
}

// ErrRejected is returned for a report that the service could not make. To ask again is no use.
var ErrRejected = errors.New("report rejected")

// Make starts a report, waits for up to ten minutes, and returns where it can be fetched.
func (r Reports) Make(ctx context.Context) (url string, err error) {
	id, err := r.Jobs.CreateJob(ctx)
	if err != nil {
		return "", err
	}
	status, err := r.Jobs.WaitForJob(ctx, id, jobstatus.Timeout(10*time.Minute), jobstatus.MaxAttempts(jobstatus.Unlimited))
	if errors.Is(err, jobstatus.ErrJobFailed) {
		return "", fmt.Errorf("%w: %s", ErrRejected, status.Message)
	} else if err != nil {
		return "", err
	}
	var result struct{ URL string }
	if err := json.Unmarshal(status.Result, &result); err != nil {
		return "", fmt.Errorf("report %s: %w", id, err)
	}
	return result.URL, nil
}
