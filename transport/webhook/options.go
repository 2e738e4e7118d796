package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// DefaultMaxBody is how many bytes a body has at most by default: see [WithMaxBody].
	DefaultMaxBody = 1 << 20
	// largestMaxBody bounds WithMaxBody: a body is held in memory as a whole.
	largestMaxBody = 16 << 20
)

// Option sets one thing about a Handler that New makes.
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

// WithMaxBody sets the largest body, in bytes. A larger one is answered 413. The default, or 0, is
// [DefaultMaxBody]; the most is 16 MiB.
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

// Clock tells the time. A clock.Clock, as jobstatus.WithClock takes it, is one.
type Clock interface{ Now() time.Time }

// WithClock sets the clock by which signatures grow stale. The default, or nil, is the clock of the
// Watcher that listens, or the real clock if none does.
func WithClock(clock Clock) Option { return func(c *config) { c.clock = clock } }

// WithTrust makes a Watcher take an end that a webhook tells as the job's end, without the poll
// that confirms it. The wait then returns what the webhook says: without a result, if the webhook
// carries none. The default is not to trust.
func WithTrust() Option { return func(c *config) { c.trusted = true } }

// Relay passes on what one replica of a program hears to the others, because a service calls only
// one of them. Its Notify delivers what any replica has published, and calls notify with the zero
// Status once it is subscribed. Whether a replica hears its own publications does not matter.
//
// Publish returns once the Status is on its way. It does not wait for the other replicas. After an
// error the service is asked to send its webhook again.
//
// What comes from a Relay counts as verified. So only the replicas may publish to it.
type Relay interface {
	transport.Notifier
	Publish(ctx context.Context, s transport.Status) error
}

// WithRelay sets the Relay that joins the replicas of a program. The default, or nil, is none.
//
// Each replica remembers only its own deliveries. A delivery that the service sends to two replicas
// reaches a Watcher twice, and changes nothing the second time.
func WithRelay(r Relay) Option { return func(c *config) { c.relay = r } }
