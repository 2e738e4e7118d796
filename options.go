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
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Defaults of the options. An option that is given zero or nil also has its default.
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

// Option sets one property of a Watcher that [New] or [NewHTTP] makes. Both report a nil Option, a
// value that an option refuses, and a typed nil in an interface. Negative values are refused,
// except [Unlimited] and [Exact] where an option names them.
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

// WithBackoff sets when a watch polls next. The default is exponential: the delay doubles from
// [WithBaseDelay] up to [WithMaxDelay], and each wait is drawn at random from the upper half of the
// delay. Whatever the Backoff, no poll comes sooner than the service asks for.
//
// With WithBackoff there is no limit of attempts, unless [WithMaxAttempts] or [MaxAttempts] sets
// one.
func WithBackoff(b Backoff) Option { return func(c *config) { c.backoff = b } }

// WithClock sets the clock on which the Watcher waits. The default is the real clock.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.clock = clk } }

// WithLogger sets the logger of the Watcher and its transport. The names of the loggers begin with
// "jobstatus". By default nothing is logged.
//
// Each poll is logged at debug level. A warning is logged when polls begin to fail, once a minute
// while they fail, and when they are answered again. Each word that the Transport maps to no state
// is logged once as a warning. A panic of a plugin is logged as an error.
func WithLogger(l *zap.Logger) Option { return func(c *config) { c.logger = l } }

// WithMaxAttempts limits how many polls a watch makes before it gives up with [ErrMaxAttempts].
// [Unlimited] lifts the limit.
//
// The default is [DefaultMaxAttempts]. Setting a timeout or a Backoff lifts that default: see
// [WithTimeout], [Timeout] and [WithBackoff].
func WithMaxAttempts(n int) Option {
	return func(c *config) { c.limits.attempts = problems.Limit(&c.List, "WithMaxAttempts", n, 0) }
}

// WithBaseDelay sets the first wait of the default Backoff. The default is [DefaultBaseDelay].
// [New] refuses a delay above [WithMaxDelay], and any delay together with [WithBackoff].
func WithBaseDelay(d time.Duration) Option {
	return func(c *config) { c.baseDelay = problems.Positive(&c.List, "WithBaseDelay", d) }
}

// WithMaxDelay sets the longest wait between two polls. The default is [DefaultMaxDelay] for the
// default Backoff, and no limit for any other. A wait that the service asks for may be longer.
func WithMaxDelay(d time.Duration) Option {
	return func(c *config) { c.maxDelay = problems.Positive(&c.List, "WithMaxDelay", d) }
}

// WithTimeout limits how long a watch lasts before it gives up with [ErrTimeout]. The default is
// [DefaultTimeout]. [Unlimited] lifts the limit, so that only the context ends a wait. A timeout
// also lifts the default limit of attempts.
//
// One last poll is made just before the end, unless the service asked for a longer wait. If the
// service asks for more than five minutes, and for more than the time left, the watch ends at once
// with [ErrThrottled]. If it refuses polls and asks for less, the watch ends at its timeout, and
// its error also matches [ErrThrottled]. In one call, the last polls of all but the first 64 jobs
// are spread over the last tenth of the time. So they do not all reach the service at once.
//
// A poll that is due before the end may be delayed by the rate limit, busy workers or a process
// that stood still. The wait then goes on until that poll is answered. It goes on for at most its
// timeout again, or for the poll timeout if that is longer. See [WaitError.HeldUp].
func WithTimeout(d time.Duration) Option {
	return func(c *config) { c.limits.timeout = problems.Limit(&c.List, "WithTimeout", d, 0) }
}

// WithPollTimeout limits how long one poll may take, including the body of its answer. A poll that
// takes longer fails, and the watch goes on. The same limit applies to the calls that start or
// cancel a job. The default is [DefaultPollTimeout].
func WithPollTimeout(d time.Duration) Option {
	return func(c *config) { c.pollTimeout = problems.Positive(&c.List, "WithPollTimeout", d) }
}

// WithMaxRetryAfter bounds the wait that a service can ask for. A request for a longer wait is
// shortened to d. By default every wait is kept in full. See [WithTimeout] for a watch that cannot
// last that long.
func WithMaxRetryAfter(d time.Duration) Option {
	return func(c *config) { c.maxRetryAfter = problems.Positive(&c.List, "WithMaxRetryAfter", d) }
}

// WithPatience sets how long a watch tolerates odd answers, which say nothing certain about the
// job. There are three: the service does not know the job, its answer cannot be read, or the
// request did not reach the service ([transport.Misdirected]). The last one is tolerated only for a
// job that was seen before.
//
// The patience starts at the first odd answer after the last answer that told the job's state.
// Another odd answer after d or later ends the watch. The error says how long that took and how
// many polls. So a single odd answer never ends a watch, however rarely it polls. Other failed
// polls, as in an outage, do not count.
//
// The default is [DefaultPatience]. It must exceed the time that a service needs to show a new job
// on all its replicas. With a patience of at least the timeout, odd answers never end a watch
// before its limits do. [Unlimited] and other negative values are refused.
func WithPatience(d time.Duration) Option {
	return func(c *config) { c.patience = problems.Positive(&c.List, "WithPatience", d) }
}

// WithRateLimit limits the requests of all watches together to perSecond, with bursts of at most
// burst. A batch is one request. A failed request is repeated within its poll only if the limit
// allows another request.
//
// The default, WithRateLimit(0, 0), is no limit. A burst of zero means one, so that requests are
// evenly spaced. New refuses a burst without a rate, negative values, NaN and infinity.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) {
		c.limiter = nil
		if problems.Rate(&c.List, "WithRateLimit", perSecond, burst) && perSecond != 0 {
			c.limiter = rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
		}
	}
}

// WithConcurrency limits how many polls are in flight at once, not counting the holds of
// [WithHolds]. The default is [DefaultConcurrency]. A poll that does not return within a second
// after its context has ended no longer counts, as long as there are at most 1,024 such polls or n.
func WithConcurrency(n int) Option {
	return func(c *config) { c.concurrency = problems.Positive(&c.List, "WithConcurrency", n) }
}

// WithHolds limits the number of holds: requests that the service keeps open until their job
// changes. It has an effect only if the Transport is a [transport.Holder]. Holds do not count for
// [WithConcurrency], because each occupies a connection while nothing happens. All other jobs are
// polled. The default is [DefaultHolds].
//
// A hold lasts for a minute at most. When the next poll of a job is due, and fewer than n holds are
// open, the poll is replaced by a hold. The first request about a new job is always a poll. A
// Backoff that is a [backoff.Ranker] says which jobs are likely to end soon. The fewer holds are
// free, the likelier a job must be to end.
//
// If holds fail, or the service answers them at once, all jobs are polled for a minute. If a proxy
// cuts a hold, later holds are shorter. After eight holds in a row without news, the job is polled
// once.
func WithHolds(n int) Option {
	return func(c *config) { c.holds = problems.Positive(&c.List, "WithHolds", n) }
}

// WithMaxWatches limits the number of pending jobs, and so the memory: about 250 bytes for each
// job. A wait for a further job ends at once with [ErrMaxWatches]. In [Watcher.WaitForJobs] only
// that id has this result. The default is no limit.
func WithMaxWatches(n int) Option {
	return func(c *config) { c.maxWatches = problems.Positive(&c.List, "WithMaxWatches", n) }
}

// WithSlack sets how late a poll may be, as a share of its wait in (0, 1]. Polls that are due at
// about the same time then share a wake-up. With a [transport.Batcher] they also share a request.
// With [Exact] every poll is made on time.
//
// With a Batcher, the default is a sixth of the wait, and a poll may always be 5 ms late, except
// with Exact. Without a Batcher, the default is a twentieth of the wait, at most 50 ms. In that
// case polls are on time while fewer than 64 jobs are pending, or if the clock is not the real one.
func WithSlack(share float64) Option {
	return func(c *config) {
		if share != Exact && !(share >= 0 && share <= 1) {
			c.Problem("WithSlack(%v): must be from 0 to 1, or Exact", share)
			return
		}
		c.slack = share
	}
}

// WithObserver sets an [observe.Observer], which is told what the Watcher does. The default is
// none.
func WithObserver(o observe.Observer) Option { return func(c *config) { c.observer = o } }

// WithNotifier makes the Watcher listen to n, which reports changes of jobs without being asked, as
// a webhook or a stream does. The Watcher listens from [New] until [Watcher.Close]. The option can
// be used more than once: the Watcher listens to every n. It also listens to a Transport that is a
// [transport.Notifier].
//
// While a Notifier is reliable, jobs are polled only every [WithQuietInterval]. A terminal status
// that it delivers is confirmed by a poll, unless it is a [transport.Truster] that says otherwise.
//
// When notifications may have been lost, every job is polled once. Then the pace of the Backoff
// applies until the Notifier has listened for a minute. The same happens when a Notifier misses the
// ends of three jobs and says nothing for half a minute.
func WithNotifier(n transport.Notifier) Option {
	return func(c *config) {
		if n == nil {
			c.Problem("WithNotifier: the Notifier is nil")
			return
		}
		c.notifiers = append(c.notifiers, n)
	}
}

// WithQuietInterval sets the shortest wait between two polls of a job while a Notifier is reliable:
// see [WithNotifier]. Up to a quarter of d is added at random. A longer wait of the Backoff is
// kept. The default is [DefaultQuietInterval].
func WithQuietInterval(d time.Duration) Option {
	return func(c *config) { c.quiet = problems.Positive(&c.List, "WithQuietInterval", d) }
}

// WithREST passes options on to [rest.New]. They set how [NewHTTP] asks the service: with which
// token, headers and dialect. A second WithREST adds further options. The default is none. [New]
// refuses WithREST, because its Transport exists already.
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

// newConfig applies opts over the defaults. The error joins everything that is wrong with them.
func newConfig(opts []Option) (*config, error) {
	c := &config{}
	problems.Apply(&c.List, "option", c, opts)
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
