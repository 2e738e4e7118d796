package jobstatus

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Defaults of the options. An option that is given zero, or nil, means its default too.
const (
	DefaultMaxAttempts = 10
	DefaultBaseDelay   = 100 * time.Millisecond
	DefaultMaxDelay    = 10 * time.Second
	DefaultTimeout     = 2 * time.Minute
	DefaultPollTimeout = 30 * time.Second
	DefaultConcurrency = 64
)

// Unlimited lifts a limit where it is given to WithMaxAttempts, MaxAttempts, WithTimeout or Timeout.
const Unlimited = timeline.Unlimited

// Exact, given to WithSlack, has every poll made at its own instant.
const Exact = timeline.Exact

// Option sets one thing about a Watcher that New makes.
type Option func(*config)

type config struct {
	backoff       Backoff
	clock         clock.Clock
	logger        *zap.Logger
	watch         watchConfig
	baseDelay     time.Duration
	maxDelay      time.Duration
	pollTimeout   time.Duration
	maxRetryAfter time.Duration
	concurrency   int
	limiter       *rate.Limiter
	observer      observe.Observer
	maxWatches    int
	slack         float64
	problems      []error
}

// WithBackoff sets when a watch asks next. The default is exponential, from WithBaseDelay doubling up to WithMaxDelay, with
// equal jitter: each wait is drawn from its upper half. Whatever the Backoff, a wait asked for by the service is kept.
func WithBackoff(b Backoff) Option { return func(c *config) { c.backoff = b } }

// WithClock sets the clock that all waiting is done on; the default is the real one.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.clock = clk } }

// WithLogger sets where the Watcher and its transport log; the default is nowhere. Polls are logged at debug level, what
// went wrong and passed at warn level. Nothing is logged that is also returned.
func WithLogger(l *zap.Logger) Option { return func(c *config) { c.logger = l } }

// WithMaxAttempts limits how many polls a watch makes before it gives up with ErrMaxAttempts; Unlimited lifts the limit. The
// default is DefaultMaxAttempts.
func WithMaxAttempts(n int) Option {
	return func(c *config) { c.watch.MaxAttempts = limit(c, "WithMaxAttempts", n, DefaultMaxAttempts) }
}

// WithBaseDelay sets the default Backoff's first wait; the default is DefaultBaseDelay. It is at most WithMaxDelay, and
// does not go together with WithBackoff.
func WithBaseDelay(d time.Duration) Option {
	return func(c *config) { c.baseDelay = positive(c, "WithBaseDelay", d) }
}

// WithMaxDelay sets the longest wait between two polls; the default is DefaultMaxDelay for the default Backoff, and none for
// one of the caller's own. A wait asked for by the service may be longer.
func WithMaxDelay(d time.Duration) Option {
	return func(c *config) { c.maxDelay = positive(c, "WithMaxDelay", d) }
}

// WithTimeout limits how long a watch lasts before it gives up with ErrTimeout; Unlimited lifts the limit. The default is
// DefaultTimeout. One last poll is made just before the end, unless the service asked to be left alone for longer; one that asks for
// more than five minutes, and more than is left, ends the watch with ErrThrottled. While more than 64 jobs of one call are waited for,
// their last polls are spread over the last tenth of the time, so that a service does not meet them all together.
func WithTimeout(d time.Duration) Option {
	return func(c *config) { c.watch.Timeout = limit(c, "WithTimeout", d, DefaultTimeout) }
}

// WithPollTimeout limits how long one poll may take, its answer's body included; a poll that takes longer has failed, and the
// watch goes on. It limits creating and canceling a job likewise. The default is DefaultPollTimeout.
func WithPollTimeout(d time.Duration) Option {
	return func(c *config) { c.pollTimeout = positive(c, "WithPollTimeout", d) }
}

// WithMaxRetryAfter bounds the wait that the service asks for; the default is no bound. A longer one
// counts as that long. Without a bound the wait is always kept: a watch whose timeout cannot hold it
// ends with [ErrThrottled].
func WithMaxRetryAfter(d time.Duration) Option {
	return func(c *config) { c.maxRetryAfter = positive(c, "WithMaxRetryAfter", d) }
}

// WithRateLimit limits the requests of all watches together, a batch being one, to perSecond, with bursts of at most burst. Both are
// above zero. A call that could be sent again within its poll is, only if the limit has room. The
// default is no limit.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) {
		if !(perSecond > 0) || math.IsInf(perSecond, 1) || burst <= 0 {
			c.problem("WithRateLimit(%v, %d): both must be above zero and finite", perSecond, burst)
			return
		}
		c.limiter = rate.NewLimiter(rate.Limit(perSecond), burst)
	}
}

// WithConcurrency limits how many polls are under way at once; the default is DefaultConcurrency.
func WithConcurrency(n int) Option {
	return func(c *config) {
		if n <= 0 {
			c.problem("WithConcurrency(%d): must be above zero", n)
			return
		}
		c.concurrency = n
	}
}

// WithMaxWatches limits how many jobs are waited for at a time, and so the memory that waiting takes: about 250 bytes a job. A wait
// for one job more ends at once with ErrMaxWatches; in WaitForJobs, for that id alone. The default is no limit.
func WithMaxWatches(n int) Option {
	return func(c *config) {
		if n <= 0 {
			c.problem("WithMaxWatches(%d): must be above zero", n)
			return
		}
		c.maxWatches = n
	}
}

// WithSlack sets by what share of its wait, in (0, 1], a poll may be late, so that many that are due at about the same time are made
// on one wake-up, and with a Transport that is a transport.Batcher in one request. Exact is none.
//
// The default depends on what there is to gain. With a Batcher it is a sixth of the wait. Otherwise it is a twentieth, and 50 ms at
// most, on the real clock while 64 jobs or more are waited for, and else none. With a Batcher a poll may always be 5 ms late, whatever the
// share, unless that is Exact.
func WithSlack(share float64) Option {
	return func(c *config) {
		if share != Exact && !(share >= 0 && share <= 1) {
			c.problem("WithSlack(%v): must be from 0 to 1, or Exact", share)
			return
		}
		c.slack = share
	}
}

// WatchOption sets one thing about one watch, or about all watches of one WaitForJobs.
type WatchOption func(*watchConfig)

type watchConfig struct {
	timeline.Limits
	problems []error
}

// Kind names the kind of job that is watched, for a Backoff that treats kinds differently or learns how long each takes. Jobs
// that behave alike share a kind, such as "transcode-1080p".
func Kind(name string) WatchOption { return func(c *watchConfig) { c.Kind = name } }

// MaxAttempts is WithMaxAttempts for one watch.
func MaxAttempts(n int) WatchOption {
	return func(c *watchConfig) { c.MaxAttempts = limit(c, "MaxAttempts", n, c.MaxAttempts) }
}

// Timeout is WithTimeout for one watch.
func Timeout(d time.Duration) WatchOption {
	return func(c *watchConfig) { c.Timeout = limit(c, "Timeout", d, c.Timeout) }
}

// CreateOption sets one thing about a job that CreateJob starts.
type CreateOption func(*transport.CreateRequest)

// Input describes the job to the service; for an HTTP transport it is the request's body, encoded as JSON.
func Input(v any) CreateOption { return func(r *transport.CreateRequest) { r.Input = v } }

// IdempotencyKey makes it safe to create a job twice under the same key; only then is a create that failed sent again.
func IdempotencyKey(key string) CreateOption {
	return func(r *transport.CreateRequest) { r.IdempotencyKey = key }
}

type problems interface {
	problem(format string, args ...any)
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("jobstatus: "+format, args...))
}

func (c *watchConfig) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("jobstatus: "+format, args...))
}

// limit returns v, or otherwise if v is zero.
func limit[T int | time.Duration](c problems, name string, v, otherwise T) T {
	switch {
	case v == 0:
		return otherwise
	case v < 0 && v != Unlimited:
		c.problem("%s(%v): must not be negative; Unlimited lifts the limit", name, v)
		return otherwise
	default:
		return v
	}
}

func positive(c problems, name string, d time.Duration) time.Duration {
	if d < 0 {
		c.problem("%s(%v): must not be negative", name, d)
		return 0
	}
	return d
}

// newConfig applies opts over the defaults and joins all that is wrong with them.
func newConfig(opts []Option) (*config, error) {
	c := &config{
		clock:       clock.New(),
		logger:      zap.NewNop(),
		watch:       watchConfig{Limits: timeline.Limits{MaxAttempts: DefaultMaxAttempts, Timeout: DefaultTimeout}},
		concurrency: DefaultConcurrency,
	}
	for i, opt := range opts {
		if opt == nil {
			c.problem("option %d is nil", i)
			continue
		}
		opt(c)
	}
	if c.clock == nil {
		c.clock = clock.New()
	}
	if c.logger == nil {
		c.logger = zap.NewNop()
	}
	if c.pollTimeout == 0 {
		c.pollTimeout = DefaultPollTimeout
	}
	if c.backoff == nil {
		c.defaultBackoff()
	} else {
		c.checkBackoff()
	}
	return c, errors.Join(c.problems...)
}

func (c *config) checkBackoff() {
	if c.baseDelay != 0 {
		c.problem("WithBaseDelay(%v): has no effect together with WithBackoff", c.baseDelay)
	}
	if v, ok := c.backoff.(backoff.Validator); ok {
		if err := v.Validate(); err != nil {
			c.problem("WithBackoff: %w", err)
		}
	}
}

func (c *config) defaultBackoff() {
	base, ceiling := c.baseDelay, c.maxDelay
	if base == 0 {
		base = DefaultBaseDelay
	}
	if ceiling == 0 {
		ceiling = DefaultMaxDelay
	}
	if base > ceiling {
		c.problem("WithBaseDelay(%v): must be at most WithMaxDelay(%v)", base, ceiling)
	}
	c.backoff = backoff.EqualJitter(backoff.Cap(backoff.Exponential(base, 2), ceiling))
}

// apply returns c with opts applied, or all that is wrong with them.
func (c watchConfig) apply(opts []WatchOption) (*watchConfig, error) {
	for i, opt := range opts {
		if opt == nil {
			c.problem("watch option %d is nil", i)
			continue
		}
		opt(&c)
	}
	return &c, errors.Join(c.problems...)
}

// WithObserver sets who is told what the Watcher does; the default is nobody. See package observe.
func WithObserver(o observe.Observer) Option { return func(c *config) { c.observer = o } }
