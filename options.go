package jobstatus

import (
	"cmp"
	"errors"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
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
	DefaultHolds       = 64
	// DefaultQuietInterval is the wait between polls that [WithQuietInterval] sets.
	DefaultQuietInterval = 30 * time.Second
)

// Unlimited lifts the limit of [WithMaxAttempts], [MaxAttempts], [WithTimeout] or [Timeout]. Other
// options refuse it.
const Unlimited = problems.Unlimited

// Exact is the argument of [WithSlack] that has every poll made on time.
const Exact = pace.Exact

// Option sets one thing about a Watcher that [New] or [NewHTTP] makes. They report a nil Option, a
// value that an option refuses, and a typed nil in an interface.
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
	holds         int
	limiter       *rate.Limiter
	observer      observe.Observer
	maxWatches    int
	slack         float64
	rest          []rest.Option
	notifiers     []transport.Notifier
	quiet         time.Duration
	problems.List
}

// WithBackoff sets when a watch polls next. The default is exponential: it doubles from
// [WithBaseDelay] up to [WithMaxDelay], and each wait is drawn from its upper half. With any
// Backoff, a wait that the service asks for is kept.
//
// With WithBackoff there is no limit of attempts, unless [WithMaxAttempts] or [MaxAttempts] sets
// one.
func WithBackoff(b Backoff) Option { return func(c *config) { c.backoff = b } }

// WithClock sets the clock on which the Watcher waits. The default is the real clock.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.clock = clk } }

// WithLogger sets the logger of the Watcher and its transport. The loggers' names begin with
// "jobstatus". The default logs nothing.
//
// Each poll is a line at debug level. A warning is logged when polls begin to fail, once a minute
// while they do, and when they are answered again. Each word that the Transport has no state for is
// a warning too. A plugin that panics is an error.
func WithLogger(l *zap.Logger) Option { return func(c *config) { c.logger = l } }

// WithMaxAttempts limits how many polls a watch makes before it gives up with [ErrMaxAttempts].
// [Unlimited] lifts the limit.
//
// The default is [DefaultMaxAttempts]. A timeout or a Backoff that is set lifts that default: see
// [WithTimeout], [Timeout] and [WithBackoff].
func WithMaxAttempts(n int) Option {
	return func(c *config) { c.limits.attempts = problems.Limit(&c.List, "WithMaxAttempts", n, 0) }
}

// WithBaseDelay sets the first wait of the default Backoff. The default is [DefaultBaseDelay]. New
// refuses a delay above [WithMaxDelay], and any delay together with [WithBackoff].
func WithBaseDelay(d time.Duration) Option {
	return func(c *config) { c.baseDelay = problems.Positive(&c.List, "WithBaseDelay", d) }
}

// WithMaxDelay sets the longest wait between two polls. The default is [DefaultMaxDelay] for the
// default Backoff, and no limit for another. A wait that the service asks for may be longer.
func WithMaxDelay(d time.Duration) Option {
	return func(c *config) { c.maxDelay = problems.Positive(&c.List, "WithMaxDelay", d) }
}

// WithTimeout limits how long a watch lasts before it gives up with [ErrTimeout]. The default is
// [DefaultTimeout]. [Unlimited] lifts the limit, so that only the context ends a wait. A timeout
// also lifts the default limit of attempts.
//
// One last poll is made just before the end, unless the service asked for a longer wait. If it asks
// for more than five minutes, and for more than is left, the watch ends at once with
// [ErrThrottled]. If it refuses polls and asks for less, the watch ends at its timeout, and its
// error matches [ErrThrottled] too. In one call, all but the first 64 jobs make their last polls
// anywhere in the last tenth of the time. So a service does not get all of them at once.
//
// A poll may be due before the end and not be made, because of the rate limit, busy workers or a
// process that stood still. The wait then goes on until that poll is answered, for at most its
// timeout again, or for the poll timeout if that is longer. See [WaitError.HeldUp].
func WithTimeout(d time.Duration) Option {
	return func(c *config) { c.limits.timeout = problems.Limit(&c.List, "WithTimeout", d, 0) }
}

// WithPollTimeout limits how long one poll may take, with the body of its answer. A poll that takes
// longer has failed, and the watch goes on. The same limit applies to creating and canceling a job.
// The default is [DefaultPollTimeout].
func WithPollTimeout(d time.Duration) Option {
	return func(c *config) { c.pollTimeout = problems.Positive(&c.List, "WithPollTimeout", d) }
}

// WithMaxRetryAfter bounds the wait that a service can ask for. A longer wait counts as that long.
// By default every wait is kept in full: see [WithTimeout] for a watch that is too short for it.
func WithMaxRetryAfter(d time.Duration) Option {
	return func(c *config) { c.maxRetryAfter = problems.Positive(&c.List, "WithMaxRetryAfter", d) }
}

// WithPatience sets how long a watch goes on while its job is not seen well. Three faults count:
// the service does not know the job, its answer cannot be read, or the request did not reach the
// service ([transport.Misdirected]). The last one counts only for a job that was seen before.
//
// The patience runs from the first such poll since the last answer that told the job's state. A
// further such poll after d ends the watch. Its error says how long and how many polls that took.
// So one odd answer never ends a watch, however rarely it polls. Other failed polls, as in an
// outage, do not count.
//
// The default is [DefaultPatience]. It must exceed the time that a service needs to show a new job
// on all its replicas. With a patience of at least the timeout, only limits end a watch. Unlimited
// and other negative values are refused.
func WithPatience(d time.Duration) Option {
	return func(c *config) { c.patience = problems.Positive(&c.List, "WithPatience", d) }
}

// WithRateLimit limits the requests of all watches together to perSecond, with bursts of at most
// burst. A batch is one request. A failed request is repeated within its poll only if the limit has
// room.
//
// The default, WithRateLimit(0, 0), is no limit. A burst of zero means one: requests are evenly
// spaced. New refuses a burst without a rate, negative values, NaN and infinity.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) {
		c.limiter = nil
		if problems.Rate(&c.List, "WithRateLimit", perSecond, burst) && perSecond != 0 {
			c.limiter = rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
		}
	}
}

// WithConcurrency limits how many polls are in flight at once. The default is [DefaultConcurrency].
// A poll that does not return within a second after its context has ended no longer counts, as long
// as there are at most 1,024 such polls or n.
func WithConcurrency(n int) Option {
	return func(c *config) { c.concurrency = problems.Positive(&c.List, "WithConcurrency", n) }
}

// WithHolds limits how many requests the service keeps at once until their jobs change, where the
// Transport is a [transport.Holder]. They count apart from [WithConcurrency], because each takes a
// connection while nothing happens. All other jobs are polled. The default is [DefaultHolds].
//
// A request is held for a minute at most. A job that was seen by a poll is held when its next poll
// is due and fewer requests than n are held. A Backoff that is a [backoff.Ranker] says which of the
// jobs are likely to end soon; the fewer holds are left, the likelier a job must be. Holds that
// fail, or that the service answers at once, are replaced by polls for a minute. A hold that a
// proxy cuts is no fault, and the next are shorter. After eight holds in a row without news a poll
// looks whether there is none.
func WithHolds(n int) Option {
	return func(c *config) { c.holds = problems.Positive(&c.List, "WithHolds", n) }
}

// WithMaxWatches limits the number of pending jobs, and so the memory: about 250 bytes a job. A
// wait for one job more ends at once with [ErrMaxWatches]. In [Watcher.WaitForJobs] that is the
// result of this id alone. The default is no limit.
func WithMaxWatches(n int) Option {
	return func(c *config) { c.maxWatches = problems.Positive(&c.List, "WithMaxWatches", n) }
}

// WithSlack sets by what share of its wait, in (0, 1], a poll may be late. Polls that are due at
// about the same time then share a wake-up, and with a [transport.Batcher] a request. With [Exact]
// every poll is made on time.
//
// The default with a Batcher is a sixth of the wait. Without a Batcher polls are on time while
// fewer than 64 jobs are pending, and on any other clock than the real one. With 64 jobs or more
// the default is a twentieth of the wait, at most 50 ms. With a Batcher a poll may be 5 ms late in
// any case, except with Exact.
func WithSlack(share float64) Option {
	return func(c *config) {
		if share != Exact && !(share >= 0 && share <= 1) {
			c.Problem("WithSlack(%v): must be from 0 to 1, or Exact", share)
			return
		}
		c.slack = share
	}
}

// WithObserver sets an Observer, which is told what the Watcher does. The default is none. See
// package observe.
func WithObserver(o observe.Observer) Option { return func(c *config) { c.observer = o } }

// WithNotifier has the Watcher listen to n, which tells of jobs unasked, as a webhook or a stream
// does. The Watcher listens from New until Close, to each n that is given. A Transport that is a
// [transport.Notifier] is listened to without this option.
//
// While a Notifier is to be relied on, jobs are polled every [WithQuietInterval] only. A terminal
// status that it delivers is confirmed by a poll, unless it is a [transport.Truster] that says
// otherwise. When notifications may have been lost, every job is polled once, and then at the
// Backoff's pace until the Notifier has listened for a minute. So it is when a Notifier misses
// three ends and says nothing for half a minute.
func WithNotifier(n transport.Notifier) Option {
	return func(c *config) {
		if n == nil {
			c.Problem("WithNotifier: the Notifier is nil")
			return
		}
		c.notifiers = append(c.notifiers, n)
	}
}

// WithQuietInterval sets the shortest wait between two polls of a job while a Notifier is to be
// relied on; up to a quarter is added at random. Default [DefaultQuietInterval]. A longer wait of
// the Backoff is kept.
func WithQuietInterval(d time.Duration) Option {
	return func(c *config) { c.quiet = problems.Positive(&c.List, "WithQuietInterval", d) }
}

// WithREST sets how [NewHTTP] asks the service: its token, its headers, its dialect. It passes the
// options on to [rest.New]. Used again, it adds further options. The default is none. [New] refuses
// it, because the Transport exists already.
func WithREST(opts ...rest.Option) Option {
	return func(c *config) {
		for i, opt := range opts {
			if opt == nil {
				c.Problem("WithREST: option %d is nil", i)
				continue
			}
			c.rest = append(c.rest, opt)
		}
	}
}

// WatchOption sets one thing about one wait, or about all waits of one [Watcher.WaitForJobs].
type WatchOption func(*watchConfig)

type watchConfig struct {
	kind            string
	limits          limits
	stopWhenBlocked bool
	first           *Status
	began           time.Time
	problems.List
}

// Kind names the kind of a job. A Backoff may treat kinds differently or learn how long each takes,
// and [Stats] has figures for each. Jobs that behave alike share a kind, such as "transcode-1080p".
// The default is the empty kind.
func Kind(name string) WatchOption { return func(c *watchConfig) { c.kind = name } }

// MaxAttempts is [WithMaxAttempts] for one wait. The default is that of the Watcher.
func MaxAttempts(n int) WatchOption {
	return func(c *watchConfig) { c.limits.attempts = problems.Limit(&c.List, "MaxAttempts", n, c.limits.attempts) }
}

// Timeout is [WithTimeout] for one wait. The default is that of the Watcher.
func Timeout(d time.Duration) WatchOption {
	return func(c *watchConfig) { c.limits.timeout = problems.Limit(&c.List, "Timeout", d, c.limits.timeout) }
}

// Began says that the wait began at t, before the call: in a process that has ended, say. Its
// timeout, its attempts and the place in the Backoff go on from there: see [Watcher.WaitForFeed].
// The default, and the meaning of the zero time and of one in the future, is now.
func Began(t time.Time) WatchOption { return func(c *watchConfig) { c.began = t } }

// StopWhenBlocked ends a wait with [ErrBlocked] once its job is [Blocked]: it goes on only after a
// person has acted. By default the wait goes on, and the job is polled twice a minute at most until
// then.
func StopWhenBlocked() WatchOption { return func(c *watchConfig) { c.stopWhenBlocked = true } }

// From begins a wait with the status that [Watcher.StartJob] returned. Its RetryAfter is waited
// before the first poll. If it is terminal, it is the end: no poll is made. That of another job is
// no end. It is for a wait for one job.
func From(first Status) WatchOption { return func(c *watchConfig) { c.first = &first } }

// CreateOption sets one thing about a job that [Watcher.StartJob] or [Watcher.CreateJob] starts.
type CreateOption func(*transport.CreateRequest)

// Input describes the job to the service. For an HTTP transport it is the body of the request,
// encoded as JSON.
func Input(v any) CreateOption { return func(r *transport.CreateRequest) { r.Input = v } }

// IdempotencyKey makes it safe to create a job twice: a service that knows the key returns the job
// that it started before. A create that failed is sent again only with a key.
func IdempotencyKey(key string) CreateOption {
	return func(r *transport.CreateRequest) { r.IdempotencyKey = key }
}

// limits are the limits that were set. Zero means not set.
type limits struct {
	attempts int
	timeout  time.Duration
	schedule bool // a Backoff was set
}

// resolve returns the limits that apply. A timeout or a Backoff that was set lifts the default
// limit of attempts.
func (l limits) resolve(kind string) timeline.Limits {
	r := timeline.Limits{Kind: kind, MaxAttempts: l.attempts, Timeout: l.timeout}
	if r.MaxAttempts == 0 {
		r.MaxAttempts, r.ByDefault = DefaultMaxAttempts, true
		if l.timeout != 0 || l.schedule {
			r.MaxAttempts = Unlimited
		}
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	return r
}

// newConfig applies opts over the defaults. The error joins everything that is wrong with them.
func newConfig(opts []Option) (*config, error) {
	c := &config{}
	for i, opt := range opts {
		if opt == nil {
			c.Problem("option %d is nil", i)
			continue
		}
		opt(c)
	}
	c.limits.schedule = c.backoff != nil
	c.NotNil("WithBackoff", c.backoff)
	c.NotNil("WithClock", c.clock)
	c.NotNil("WithObserver", c.observer)
	for _, n := range c.notifiers {
		c.NotNil("WithNotifier", n)
	}
	if c.clock == nil {
		c.clock = clock.New()
	}
	if c.logger == nil {
		c.logger = zap.NewNop()
	}
	c.pollTimeout = cmp.Or(c.pollTimeout, DefaultPollTimeout)
	c.patience = cmp.Or(c.patience, DefaultPatience)
	c.quiet = cmp.Or(c.quiet, DefaultQuietInterval)
	c.concurrency = cmp.Or(c.concurrency, DefaultConcurrency)
	c.holds = cmp.Or(c.holds, DefaultHolds)
	if c.backoff == nil {
		c.defaultBackoff()
	} else {
		c.checkBackoff()
	}
	return c, errors.Join(c.List...)
}

func (c *config) checkBackoff() {
	if c.baseDelay != 0 {
		c.Problem("WithBaseDelay(%v): has no effect together with WithBackoff", c.baseDelay)
	}
	if v, ok := c.backoff.(backoff.Validator); ok && !problems.IsNil(c.backoff) {
		if err := v.Validate(); err != nil {
			c.Problem("WithBackoff: %w", err)
		}
	}
}

func (c *config) defaultBackoff() {
	base, ceiling := cmp.Or(c.baseDelay, DefaultBaseDelay), cmp.Or(c.maxDelay, DefaultMaxDelay)
	if base > ceiling {
		c.Problem("WithBaseDelay(%v): must be at most WithMaxDelay(%v)", base, ceiling)
	}
	c.backoff = backoff.EqualJitter(backoff.Cap(backoff.Exponential(base, 2), ceiling))
}

// apply returns l with opts applied. The error joins everything that is wrong with them.
func (l limits) apply(opts []WatchOption) (timeline.Limits, error) {
	c := watchConfig{limits: l}
	for i, opt := range opts {
		if opt == nil {
			c.Problem("watch option %d is nil", i)
			continue
		}
		opt(&c)
	}
	resolved := c.limits.resolve(c.kind)
	resolved.StopWhenBlocked, resolved.Began = c.stopWhenBlocked, c.began
	if c.first != nil {
		resolved.First = max(c.first.RetryAfter, 0)
	}
	return resolved, errors.Join(c.List...)
}

// ended returns the status that opts name with From, if it is the end of the job with an id.
func ended(id string, opts []WatchOption) *Status {
	var c watchConfig
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	if c.first == nil || !c.first.State.Terminal() || c.first.ID != "" && c.first.ID != id {
		return nil
	}
	return c.first
}
