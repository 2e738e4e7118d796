package timeline

import (
	"context"
	"errors"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Unlimited is a limit that is never reached.
const Unlimited = -1

// Config is what a Timeline is made from. All fields are set, but for those that say what zero
// means, and MaxDelay and Limiter, which are no limit if zero.
type Config struct {
	Transport   transport.Transport
	Backoff     backoff.Strategy
	Clock       clock.Clock
	Logger      *zap.Logger
	MaxDelay    time.Duration
	PollTimeout time.Duration
	// Patience is for how long odd answers are waited out, zero for not at all.
	Patience time.Duration
	// MaxRetryAfter bounds the waits that the service asks for, no limit if zero.
	MaxRetryAfter time.Duration
	Concurrency   int
	// Holds is how many requests the service keeps at once, beside those that Concurrency bounds.
	Holds      int
	Limiter    *rate.Limiter
	MaxWatches int     // no limit if zero
	Slack      float64 // share of a wait by which a poll may be late, Exact for none, the default if zero
	Observer   observe.Observer
	// Notifiers are listened to until Close. While one is to be relied on, a watch is polled every
	// QuietInterval at most.
	Notifiers     []transport.Notifier
	QuietInterval time.Duration
	Panic         func(value any, stack []byte) error // makes the error of a panic
}

// Why a wait gives up, other than for its context's end. They are what jobstatus exports under the
// same names.
var (
	ErrTimeout     error = timeoutError{}
	ErrMaxAttempts       = errors.New("max attempts reached (WithMaxAttempts raises them; MaxAttempts does for one watch)")
	ErrBlocked           = errors.New("the job waits for a person")
	ErrClosed            = errors.New("watcher closed")
	ErrMaxWatches        = errors.New("max watches reached (WithMaxWatches raises them)")
)

type timeoutError struct{}

func (timeoutError) Error() string {
	return "timeout reached (WithTimeout raises it; Timeout does for one watch)"
}

func (timeoutError) Timeout() bool { return true }

func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// ErrPollTimeout is the cause of the end of a poll's context when the poll took too long.
var ErrPollTimeout error = pollTimeoutError{}

type pollTimeoutError struct{}

func (pollTimeoutError) Error() string {
	return "poll timeout reached (WithPollTimeout raises it)"
}

func (pollTimeoutError) Timeout() bool { return true }

func (pollTimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
