package timeline

import (
	"context"
	"errors"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Unlimited is a limit that is never reached.
const Unlimited = instant.Unlimited

// Config configures a Timeline. All fields must be set, except those whose comment says what zero
// means, and MaxDelay and Limiter, for which zero means no limit.
type Config struct {
	Transport transport.Transport
	// Backoff returns the schedule, given whether the Transport asks about many jobs in one request.
	Backoff     func(batches bool) backoff.Strategy
	Clock       clock.Clock
	Logger      *zap.Logger
	MaxDelay    time.Duration
	PollTimeout time.Duration
	// Patience is how long odd answers are tolerated. Zero means not at all.
	Patience time.Duration
	// MaxRetryAfter bounds the waits that the service asks for. Zero means no limit.
	MaxRetryAfter time.Duration
	Concurrency   int
	// Holds is how many requests may be held at once, in addition to the requests that Concurrency
	// bounds.
	Holds      int
	Limiter    *rate.Limiter
	MaxWatches int     // zero means no limit
	Slack      float64 // the share of a wait by which a poll may be late; Exact means none, zero the default
	Observer   observe.Observer
	// Notifiers are listened to until Close. While one is reliable, a watch is polled at most every
	// QuietInterval.
	Notifiers     []transport.Notifier
	QuietInterval time.Duration
	Panic         func(value any, stack []byte) error // makes the error of a panic
}

// The reasons why a wait gives up, other than the end of its context. Package jobstatus exports
// them under the same names.
var (
	ErrTimeout     error = timeoutError{}
	ErrMaxAttempts       = errors.New("max attempts reached (WithMaxAttempts raises the limit, and WithTimeout removes the default; MaxAttempts and Timeout do so for one wait)")
	ErrBlocked           = errors.New("the job waits for a person")
	ErrClosed            = errors.New("watcher closed")
	ErrMaxWatches        = errors.New("max watches reached (WithMaxWatches raises the limit)")
)

type timeoutError struct{}

func (timeoutError) Error() string {
	return "timeout reached (WithTimeout raises it; Timeout does so for one wait)"
}

func (timeoutError) Timeout() bool { return true }

func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// ErrPollTimeout is the cause of a poll's context that was canceled because the poll took too long.
var ErrPollTimeout error = pollTimeoutError{}

type pollTimeoutError struct{}

func (pollTimeoutError) Error() string {
	return "poll timeout reached (WithPollTimeout raises it)"
}

func (pollTimeoutError) Timeout() bool { return true }

func (pollTimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
