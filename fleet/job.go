package fleet

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Job is a job for the fleet to watch.
type Job struct {
	// ID is the job's id. It is stored in plain text, unless [EncryptIDs] is given.
	ID string
	// Kind is the job's kind: see [jobstatus.Kind].
	Kind string
	// Timeout limits the watch, counted from Submit on the server's clock: see [jobstatus.Timeout].
	// Zero means the timeout of the worker's Watcher. [jobstatus.Unlimited] removes the limit.
	Timeout time.Duration
}

func (j Job) check() error {
	switch {
	case transport.CheckID(j.ID) != nil:
		return transport.CheckID(j.ID)
	case !utf8.ValidString(j.Kind):
		return errors.New("the kind is not UTF-8")
	case j.Timeout < 0 && j.Timeout != jobstatus.Unlimited:
		return fmt.Errorf("the timeout is %v", j.Timeout)
	}
	return nil
}

// quoteID returns an id in quotes, cut to the length that is printed.
func quoteID(id string) string { return strconv.Quote(ids.Short(id)) }
