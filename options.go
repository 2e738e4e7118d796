package jobstatus

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Defaults of the options. An option that is given zero, or nil, has its default too.
const (
	DefaultMaxAttempts = 10
	DefaultBaseDelay   = 100 * time.Millisecond
	DefaultMaxDelay    = 10 * time.Second
	DefaultTimeout     = 2 * time.Minute
	DefaultPollTimeout = 30 * time.Second
	DefaultPatience    = 30 * time.Second
	DefaultConcurrency = 64
)

// Unlimited lifts the limit of [WithMaxAttempts], [MaxAttempts], [WithTimeout] or [Timeout]. Other
// options refuse it.
const Unlimited = timeline.Unlimited

// Exact, given to [WithSlack], has every poll made at its own instant.
const Exact = timeline.Exact

// Option sets one thing about a Watcher that [New] makes. New reports a nil Option, a value that an
// option refuses, and a nil pointer or function in an interface that an option takes.
type Option func(*config)

type config struct {
	backoff       Backoff
	clock         clock.Clock
	logger        *zap.Logger
	limits        limits
	baseDelay     time.Duration
	maxDelay      time.Duration
	pollTimeout   time.Duration
	patience      time.Duration
	maxRetryAfter time.Duration
	concurrency   int
	limiter       *rate.Limiter
	observer      observe.Observer
	maxWatches    int
	slack         float64
	problems
}

// WithBackoff sets when a watch asks next. The default is exponential, from [WithBaseDelay]
// doubling up to [WithMaxDelay], with equal jitter: each wait is drawn from its upper half.
// Whatever the Backoff, a wait that the service asks for is kept.
//
// With a Backoff there is no limit of attempts unless [WithMaxAttempts] or [MaxAttempts] sets one.
func WithBackoff(b Backoff) Option { return func(c *config) { c.backoff = b } }

// WithClock sets the clock on which all waiting is done. The default is the real one.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.clock = clk } }

// WithLogger sets where the Watcher and its transport log, by loggers named under "jobstatus". The
// default is nowhere. Each poll is a line at debug level. At warn level there is a line when polls
// begin to fail, one a minute while they do, and one when they are answered again; and one for each
// word that the Transport has no state for. A plugin that panics is a line at error level.
func WithLogger(l *zap.Logger) Option { return func(c *config) { c.logger = l } }

// WithMaxAttempts limits how many polls a watch makes before it gives up with [ErrMaxAttempts].
// [Unlimited] lifts the limit.
//
// The default is [DefaultMaxAttempts] as long as neither a timeout nor a Backoff is set. Whoever
// sets one of these, by [WithTimeout], [Timeout] or [WithBackoff], and no limit of attempts, has
// none.
func WithMaxAttempts(n int) Option {
	return func(c *config) { c.limits.attempts = limit(&c.problems, "WithMaxAttempts", n, 0) }
}

// WithBaseDelay sets the default Backoff's first wait. The default is [DefaultBaseDelay]. It is at
// most [WithMaxDelay], and is refused together with [WithBackoff].
func WithBaseDelay(d time.Duration) Option {
	return func(c *config) { c.baseDelay = positive(&c.problems, "WithBaseDelay", d) }
}

// WithMaxDelay sets the longest wait between two polls. The default is [DefaultMaxDelay] for the
// default Backoff, and no limit for another. A wait that the service asks for may be longer.
func WithMaxDelay(d time.Duration) Option {
	return func(c *config) { c.maxDelay = positive(&c.problems, "WithMaxDelay", d) }
}

// WithTimeout limits how long a watch lasts before it gives up with [ErrTimeout]. The default is
// [DefaultTimeout]. [Unlimited] lifts the limit, so that only the context ends a wait. Where a
// timeout is set, the number of attempts is unlimited unless that is set too.
//
// One last poll is made just before the end, unless the service asked to be left alone for longer.
// If it asks for more than five minutes, and for more than is left, the watch ends at once with
// [ErrThrottled]. If it refuses polls and asks for less, the watch ends at its timeout, and its
// error matches [ErrThrottled] too. All but the first 64 jobs of one call make their last polls
// anywhere in the last tenth of the time, so that a service does not meet them all together.
//
// If a poll was due before the end and could not be made, the wait goes on until that poll is
// answered. It is extended by the timeout at most, or by the poll timeout if that is longer. The
// cause is the rate limit, busy workers, or a process that stood still: see [WaitError.HeldUp].
func WithTimeout(d time.Duration) Option {
	return func(c *config) { c.limits.timeout = limit(&c.problems, "WithTimeout", d, 0) }
}

// WithPollTimeout limits how long one poll may take, its answer's body included. A poll that takes
// longer has failed, and the watch goes on. Creating and canceling a job have the same limit. The
// default is [DefaultPollTimeout].
func WithPollTimeout(d time.Duration) Option {
	return func(c *config) { c.pollTimeout = positive(&c.problems, "WithPollTimeout", d) }
}

// WithMaxRetryAfter bounds the wait that the service can ask for. A longer one counts as that long.
// The default is no bound: the wait is always kept, and [WithTimeout] says what becomes of a watch
// whose timeout cannot hold it.
func WithMaxRetryAfter(d time.Duration) Option {
	return func(c *config) { c.maxRetryAfter = positive(&c.problems, "WithMaxRetryAfter", d) }
}

// WithPatience sets for how long a watch goes on while its job is not seen well. Three faults use
// the patience up: the service does not know the job, its answer cannot be read, or, for a job that
// was seen before, the request did not reach the service that was meant ([transport.Misdirected]).
//
// It is measured from the first such poll since the last answer that told the job's state. A later
// one that comes after d or more ends the watch. Its error says for how long and in how many polls.
// So a single odd answer never ends a watch, however rarely it polls. Polls that fail otherwise, as
// in an outage, neither use the patience up nor restore it.
//
// The default is [DefaultPatience]. A service that needs a minute to show a new job everywhere
// needs a patience of more than a minute. With a patience that is at least the timeout, only limits
// end a watch. [Unlimited] is refused, as all that is negative.
func WithPatience(d time.Duration) Option {
	return func(c *config) { c.patience = positive(&c.problems, "WithPatience", d) }
}

// WithRateLimit limits the requests of all watches together to perSecond, with bursts of at most
// burst. A batch is one request. A failed request is repeated within its poll only if the limit has
// room.
//
// The default, WithRateLimit(0, 0), is no limit. A burst of zero is a burst of one: requests come
// one by one, evenly spaced. A burst without a rate, a negative value, NaN and infinity are
// refused.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) {
		switch {
		case perSecond == 0 && burst == 0:
			c.limiter = nil
		case !(perSecond > 0) || math.IsInf(perSecond, 1) || burst < 0:
			c.problem("WithRateLimit(%v, %d): the rate must be above zero and finite, the burst not negative", perSecond, burst)
		default:
			c.limiter = rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
		}
	}
}

// WithConcurrency limits how many polls are in flight at once. The default is [DefaultConcurrency].
func WithConcurrency(n int) Option {
	return func(c *config) { c.concurrency = positive(&c.problems, "WithConcurrency", n) }
}

// WithMaxWatches limits how many jobs are waited for at a time, and so the memory that waiting
// takes, about 250 bytes a job. A wait for one job more ends at once with [ErrMaxWatches]. In
// [Watcher.WaitForJobs] that is the result of that id alone. The default is no limit.
func WithMaxWatches(n int) Option {
	return func(c *config) { c.maxWatches = positive(&c.problems, "WithMaxWatches", n) }
}

// WithSlack sets by what share of its wait, in (0, 1], a poll may be late. Polls that are due at
// about the same time are then made on one wake-up, and with a [transport.Batcher] in one request.
// [Exact] has every poll made on time.
//
// The default depends on what there is to gain. With a Batcher it is a sixth of the wait. Without
// one it is a twentieth, but at most 50 ms, on the real clock while 64 jobs or more are pending,
// and else none. With a Batcher a poll may be 5 ms late whatever the share, unless that is Exact.
func WithSlack(share float64) Option {
	return func(c *config) {
		if share != Exact && !(share >= 0 && share <= 1) {
			c.problem("WithSlack(%v): must be from 0 to 1, or Exact", share)
			return
		}
		c.slack = share
	}
}

// WithObserver sets who is told what the Watcher does. The default is nobody. See package observe.
func WithObserver(o observe.Observer) Option { return func(c *config) { c.observer = o } }

// WatchOption sets one thing about one watch, or about all watches of one [Watcher.WaitForJobs].
type WatchOption func(*watchConfig)

type watchConfig struct {
	kind            string
	limits          limits
	stopWhenBlocked bool
	first           *Status
	problems
}

// Kind names the kind of job that is watched, for a Backoff that treats kinds differently or learns
// how long each takes, and for [Stats]. Jobs that behave alike share a kind, such as
// "transcode-1080p". The default is the empty kind.
func Kind(name string) WatchOption { return func(c *watchConfig) { c.kind = name } }

// MaxAttempts is [WithMaxAttempts] for one watch. The default is what the Watcher was given.
func MaxAttempts(n int) WatchOption {
	return func(c *watchConfig) { c.limits.attempts = limit(&c.problems, "MaxAttempts", n, c.limits.attempts) }
}

// Timeout is [WithTimeout] for one watch. The default is what the Watcher was given.
func Timeout(d time.Duration) WatchOption {
	return func(c *watchConfig) { c.limits.timeout = limit(&c.problems, "Timeout", d, c.limits.timeout) }
}

// StopWhenBlocked ends a wait with [ErrBlocked] once its job is [Blocked]: it goes on only after a
// person has acted. By default the wait goes on, and the job is polled twice a minute at most until
// then.
func StopWhenBlocked() WatchOption { return func(c *watchConfig) { c.stopWhenBlocked = true } }

// From begins a wait with the status that [Watcher.StartJob] returned. Its RetryAfter is waited
// before the first poll. If it is terminal, it is the end: no poll is made. It is for a wait for one
// job.
func From(first Status) WatchOption { return func(c *watchConfig) { c.first = &first } }

// CreateOption sets one thing about a job that [Watcher.StartJob] or [Watcher.CreateJob] starts.
type CreateOption func(*transport.CreateRequest)

// Input describes the job to the service; for an HTTP transport it is the request's body, encoded
// as JSON.
func Input(v any) CreateOption { return func(r *transport.CreateRequest) { r.Input = v } }

// IdempotencyKey makes it safe to create a job twice under the same key; only then is a create that
// failed sent again.
func IdempotencyKey(key string) CreateOption {
	return func(r *transport.CreateRequest) { r.IdempotencyKey = key }
}

// problems are what is wrong with options.
type problems []error

func (p *problems) problem(format string, args ...any) {
	*p = append(*p, fmt.Errorf("jobstatus: "+format, args...))
}

// limit returns v, or otherwise if v is zero or refused.
func limit[T int | time.Duration](p *problems, name string, v, otherwise T) T {
	switch {
	case v == 0:
		return otherwise
	case v < 0 && v != Unlimited:
		p.problem("%s(%v): must not be negative; Unlimited lifts the limit", name, v)
		return otherwise
	default:
		return v
	}
}

// positive returns v, or zero if v is refused.
func positive[T int | time.Duration](p *problems, name string, v T) T {
	if v < 0 {
		p.problem("%s(%v): must not be negative", name, v)
		return 0
	}
	return v
}

// limits are those that were said, with zero for one that was not.
type limits struct {
	attempts int
	timeout  time.Duration
	schedule bool // a Backoff was set
}

// resolve returns the limits that hold. The default of a limit holds as long as nothing else was
// said: a timeout or a Backoff that was set is not cut short by a number of attempts that was not.
func (l limits) resolve(kind string) timeline.Limits {
	r := timeline.Limits{Kind: kind, MaxAttempts: l.attempts, Timeout: l.timeout}
	if r.MaxAttempts == 0 {
		r.MaxAttempts = DefaultMaxAttempts
		if l.timeout != 0 || l.schedule {
			r.MaxAttempts = Unlimited
		}
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	return r
}

// isNil reports whether v, which is not nil, holds a nil pointer, function or the like.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return r.IsNil()
	default:
		return false
	}
}

// newConfig applies opts over the defaults and joins all that is wrong with them.
func newConfig(opts []Option) (*config, error) {
	c := &config{}
	for i, opt := range opts {
		if opt == nil {
			c.problem("option %d is nil", i)
			continue
		}
		opt(c)
	}
	c.limits.schedule = c.backoff != nil
	c.checkNil("WithBackoff", c.backoff)
	c.checkNil("WithClock", c.clock)
	c.checkNil("WithObserver", c.observer)
	if c.clock == nil {
		c.clock = clock.New()
	}
	if c.logger == nil {
		c.logger = zap.NewNop()
	}
	c.pollTimeout = cmp.Or(c.pollTimeout, DefaultPollTimeout)
	c.patience = cmp.Or(c.patience, DefaultPatience)
	c.concurrency = cmp.Or(c.concurrency, DefaultConcurrency)
	if c.backoff == nil {
		c.defaultBackoff()
	} else {
		c.checkBackoff()
	}
	return c, errors.Join(c.problems...)
}

// checkNil refuses an interface that holds a nil of some type: its first use would panic.
func (c *config) checkNil(name string, v any) {
	if v != nil && isNil(v) {
		c.problem("%s: a nil %T", name, v)
	}
}

func (c *config) checkBackoff() {
	if c.baseDelay != 0 {
		c.problem("WithBaseDelay(%v): has no effect together with WithBackoff", c.baseDelay)
	}
	if v, ok := c.backoff.(backoff.Validator); ok && !isNil(c.backoff) {
		if err := v.Validate(); err != nil {
			c.problem("WithBackoff: %w", err)
		}
	}
}

func (c *config) defaultBackoff() {
	base, ceiling := cmp.Or(c.baseDelay, DefaultBaseDelay), cmp.Or(c.maxDelay, DefaultMaxDelay)
	if base > ceiling {
		c.problem("WithBaseDelay(%v): must be at most WithMaxDelay(%v)", base, ceiling)
	}
	c.backoff = backoff.EqualJitter(backoff.Cap(backoff.Exponential(base, 2), ceiling))
}

// apply returns l with opts applied, or all that is wrong with them.
func (l limits) apply(opts []WatchOption) (timeline.Limits, error) {
	c := watchConfig{limits: l}
	for i, opt := range opts {
		if opt == nil {
			c.problem("watch option %d is nil", i)
			continue
		}
		opt(&c)
	}
	resolved := c.limits.resolve(c.kind)
	resolved.StopWhenBlocked = c.stopWhenBlocked
	if c.first != nil {
		resolved.First = max(c.first.RetryAfter, 0)
	}
	return resolved, errors.Join(c.problems...)
}

// ended returns the status that opts name with From, if it is the end of its job.
func ended(opts []WatchOption) *Status {
	var c watchConfig
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	if c.first == nil || !c.first.State.Terminal() {
		return nil
	}
	return c.first
}
