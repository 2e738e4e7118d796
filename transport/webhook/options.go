package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// DefaultMaxBody is the default of [WithMaxBody], in bytes.
	DefaultMaxBody = 1 << 20
	// largestMaxBody bounds WithMaxBody: a body is held in memory as a whole.
	largestMaxBody = 16 << 20
)

// Option sets one property of a [Handler] that [New] makes.
type Option func(*config)

type config struct {
	maxBody  int
	clock    Clock // nil for that of the Watcher
	relay    Relay // nil for none
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

// WithClock sets the clock that the times of signatures are compared with. The default, or nil, is
// the clock of the Watcher that listens, or the real clock if none does.
func WithClock(clock Clock) Option { return func(c *config) { c.clock = clock } }

// WithTrust makes a Watcher accept the end of a job from a webhook, without the poll that confirms
// it. The wait then returns the status of the webhook, which has no result if the webhook has none.
// By default a poll confirms each end.
func WithTrust() Option { return func(c *config) { c.trusted = true } }

// Relay passes the statuses that one replica of a program receives on to the others, because a
// service calls only one replica. Its Notify delivers what any replica has published, and calls
// notify with the zero Status once it is subscribed. It may or may not deliver a replica's own
// statuses to that replica.
//
// Publish sends a Status to the other replicas. It does not wait until they have received it. If it
// returns an error, the webhook is answered 503, and the service should send it again.
//
// A Status from a Relay counts as verified, so only the replicas may publish to it.
type Relay interface {
	transport.Notifier
	Publish(ctx context.Context, s transport.Status) error
}

// WithRelay sets the Relay that joins the replicas of a program. The default, or nil, is none.
//
// Each replica remembers only its own deliveries. If the service sends the same delivery to two
// replicas, it reaches a Watcher twice. The second time changes nothing.
func WithRelay(r Relay) Option { return func(c *config) { c.relay = r } }
