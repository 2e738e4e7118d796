package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// DefaultMaxBody is the default of [WithMaxBody], in bytes.
	DefaultMaxBody = 1 << 20
	// largestMaxBody is the largest limit that WithMaxBody accepts, because a body is held in memory.
	largestMaxBody = 16 << 20
)

// Option sets one property of a [Handler] that [New] makes.
type Option func(*config)

type config struct {
	maxBody  int
	clock    Clock // nil means the clock of the Watcher
	relay    Relay // nil means none
	trusted  bool
	problems []error
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("webhook: "+format, args...))
}

// WithMaxBody sets the largest body, in bytes. A larger body is answered 413. The default, or 0, is
// [DefaultMaxBody]. The maximum is 16 MiB.
func WithMaxBody(bytes int) Option {
	return func(c *config) {
		switch {
		case bytes < 0 || bytes > largestMaxBody:
			c.problem("WithMaxBody(%d): must be from 1 to %d, or 0 for the default", bytes, largestMaxBody)
		case bytes == 0:
			c.maxBody = DefaultMaxBody
		default:
			c.maxBody = bytes
		}
	}
}

// Clock tells the time. The clock.Clock of jobstatus.WithClock is one.
type Clock interface{ Now() time.Time }

// WithClock sets the clock with which the times of signatures are compared. The default, or nil, is
// the clock of the Watcher that began to listen last, or the real clock while none listens.
func WithClock(clock Clock) Option {
	return func(c *config) {
		if c.clock = clock; clock != nil && problems.IsNil(clock) {
			c.problem("WithClock: the Clock is a nil %T", clock)
		}
	}
}

// WithTrust makes a Watcher accept the end of a job from a webhook without a poll. The wait then
// returns the status in the webhook, without a result if the webhook has none. By default a poll
// confirms each end.
func WithTrust() Option { return func(c *config) { c.trusted = true } }

// Relay connects the replicas of a program. A service calls only one replica, and the Relay passes
// the status to the others. Its Notify delivers what any replica has published, and calls notify
// with the zero Status once it is subscribed. It may or may not deliver a replica's own statuses to
// that replica.
//
// Publish sends a Status to the other replicas. It may return before they have received it. If it
// returns an error, the webhook is answered 503, and the service should send it again. Its context
// ends with the webhook's request, and after ten seconds at the latest. The request is then
// answered 503, even if Publish has not returned. While 256 such calls have not returned, Publish
// is not called, and requests are answered 503. Publish must be safe for concurrent use.
//
// A Status from a Relay counts as verified. So make sure that only the replicas can publish to it.
type Relay interface {
	transport.Notifier
	Publish(ctx context.Context, s transport.Status) error
}

// WithRelay sets the Relay that connects the replicas of a program. The default, or nil, is none.
//
// Each replica remembers only its own deliveries. If the service sends the same delivery to two
// replicas, a Watcher receives it twice. The second time has no effect.
func WithRelay(r Relay) Option {
	return func(c *config) {
		if c.relay = r; r != nil && problems.IsNil(r) {
			c.problem("WithRelay: the Relay is a nil %T", r)
		}
	}
}
