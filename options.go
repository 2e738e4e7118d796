package jobstatus

import (
	"cmp"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Defaults of the options. An option that is called with zero or nil uses its default too; only
// [WithNotifier] refuses nil.
const (
	DefaultMaxAttempts = 10
	DefaultBaseDelay   = 100 * time.Millisecond
	DefaultMaxDelay    = 10 * time.Second
	DefaultTimeout     = 2 * time.Minute
	DefaultPollTimeout = 30 * time.Second
	DefaultPatience    = 30 * time.Second
	DefaultConcurrency = 64
	DefaultHolds       = 64
	// DefaultQuietInterval is the default of [WithQuietInterval].
	DefaultQuietInterval = 30 * time.Second
)

// Unlimited is the argument that removes the limit of [WithMaxAttempts], [MaxAttempts],
// [WithTimeout] or [Timeout]. Other options refuse it. A remaining time that a program computes can
// be negative, but it never has this value. So all other negative times are refused, even -1ns. The
// options for attempts also accept -1 as Unlimited. The value is the same on all platforms, because
// a saved [Job] may have it as its timeout.
const Unlimited = problems.Unlimited

// Exact is the argument of [WithSlack] with which every poll is made on time.
const Exact = pace.Exact

// Option sets one property of a Watcher that [New] or [NewHTTP] makes. New and NewHTTP return an
// error for a nil Option, a value that an option refuses, or an interface that holds a nil pointer.
// All options refuse negative values. The exceptions are [Unlimited], [Exact] and -1, where an
// option says that it accepts them.
type Option func(*config)

// config is what the options set. It extends the configuration of the engine.
type config struct {
	timeline.Config
	backoff   Backoff // nil for the default
	baseDelay time.Duration
	limits    limits
	rest      []rest.Option
	problems.List
}

// WithBackoff sets when a watch polls next. The default is exponential: the delay doubles from
// [WithBaseDelay] up to [WithMaxDelay]. Each wait is drawn at random from the upper half of the
// delay. If the Transport is a [transport.Batcher], each wait is the whole delay, so that jobs that
// began together share requests. With any Backoff, no poll is made sooner than the service allows.
//
// WithBackoff removes the default limit of attempts. [WithMaxAttempts] or [MaxAttempts] sets one
// again.
func WithBackoff(b Backoff) Option { return func(c *config) { c.backoff = b } }

// WithClock sets the clock on which the Watcher measures time and waits. The default is the real
// clock. If the clock is set back, waits go on from the latest time that it showed.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.Clock = clk } }

// WithLogger sets the logger of the Watcher and its transport. The names of the loggers begin with
// "jobstatus". By default nothing is logged.
//
// Each poll is logged at debug level. A warning is logged when polls begin to fail, once a minute
// while they fail, and when polls succeed again. Other warnings say that a Notifier was lost, or
// that the service does not hold requests. A state name that the Transport does not know is logged
// as a warning, once for each of the first 64 names. A panic that no wait returns as a
// [PanicError], such as one in an Observer, is logged as an error.
func WithLogger(l *zap.Logger) Option { return func(c *config) { c.Logger = l } }

// WithMaxAttempts limits how many polls a wait makes before it gives up with [ErrMaxAttempts].
// [Unlimited] removes the limit, and so does -1. A poll that a notification or another wait for the
// same job brings forward is not counted. Nor is a hold that ends without news of the job. But
// after eight such holds in a row a poll is made, so the limit ends such a wait too: see
// [WithHolds].
//
// The default is [DefaultMaxAttempts], or no limit if [WithTimeout], [Timeout] or [WithBackoff] is
// given.
func WithMaxAttempts(n int) Option {
	return func(c *config) { c.limits.attempts = problems.Count(&c.List, "WithMaxAttempts", n, 0) }
}

// WithBaseDelay sets the first delay of the default Backoff: see [WithBackoff]. The default is
// [DefaultBaseDelay], or [WithMaxDelay] if that is less. [New] refuses a delay above WithMaxDelay,
// and any delay together with WithBackoff.
func WithBaseDelay(d time.Duration) Option {
	return func(c *config) { c.baseDelay = problems.Positive(&c.List, "WithBaseDelay", d) }
}

// WithMaxDelay sets the longest wait that a Backoff can ask for. The default is [DefaultMaxDelay]
// for the default Backoff, and no limit for any other.
//
// The waits that the service and [WithQuietInterval] set may be longer, and so may the waits of a
// [Blocked] job. [WithSlack] may delay a poll, too.
func WithMaxDelay(d time.Duration) Option {
	return func(c *config) { c.MaxDelay = problems.Positive(&c.List, "WithMaxDelay", d) }
}

// WithTimeout limits how long a wait lasts before it gives up with [ErrTimeout]. The default is
// [DefaultTimeout]. [Unlimited] removes the limit. A timeout, even Unlimited, also removes the
// default limit of attempts.
//
// One last poll is made before the timeout, unless the service asked for a longer wait. It is made
// a second before, or a tenth of the timeout before if that is less. On the real clock, such a poll
// is also made before the deadline of the context. If a call has many jobs, their last polls are
// spread over the last tenth of the time. Those of the first 64 jobs, or of the first two batches
// if that is more, are not spread.
//
// If the service asks for a pause of more than five minutes that exceeds the time left, the wait
// gives up at once with [ErrThrottled], unless a trusted [transport.Truster] can still report the
// end. If the service refuses polls and asks for a shorter pause, the wait gives up at its timeout,
// and its error also matches ErrThrottled.
//
// A poll that is due before the timeout may be delayed by [WithRateLimit] or [WithConcurrency], by
// the retry budget of a failing service, or because the process was suspended. The wait then
// continues past its timeout until that poll is answered. It continues for at most the timeout once
// more, or for the poll timeout if that is longer. See [WaitError.HeldUp].
func WithTimeout(d time.Duration) Option {
	return func(c *config) { c.limits.timeout = problems.Limit(&c.List, "WithTimeout", d, 0) }
}

// WithPollTimeout limits how long one poll may take, including the body of its answer. A poll that
// takes longer fails, and the watch goes on. The same limit applies to the calls that start or
// cancel a job, and to [Watcher.Result] until it returns. The default is [DefaultPollTimeout].
func WithPollTimeout(d time.Duration) Option {
	return func(c *config) { c.PollTimeout = problems.Positive(&c.List, "WithPollTimeout", d) }
}

// WithMaxRetryAfter bounds the wait that a service can ask for. A longer wait is shortened to d. By
// default there is no bound. See [WithTimeout] for a wait that is longer than the time left.
func WithMaxRetryAfter(d time.Duration) Option {
	return func(c *config) { c.MaxRetryAfter = problems.Positive(&c.List, "WithMaxRetryAfter", d) }
}

// WithPatience sets how long a watch tolerates answers that say nothing certain about the job. Such
// an answer says that the service does not know the job, or cannot be read, or did not come from
// the service ([transport.Misdirected]). The last kind is tolerated only for a job that was seen
// before, unless its code is 404 or 421.
//
// The time runs from the first such answer after the last answer that had the job's state. The
// watch ends at a later such answer, once at least d has passed. The first one never ends it,
// however rarely the job is polled. The error gives the time and the number of these answers. While
// polls fail in another way, as in an outage, the time does not run. Nor does it run while the
// process stands still, as when the machine is suspended.
//
// The default is [DefaultPatience]. It must exceed the time that a service needs to show a new job
// on all its replicas. With a patience of at least the timeout, such answers never end a watch
// before its limits do. Negative values, [Unlimited] included, are refused.
func WithPatience(d time.Duration) Option {
	return func(c *config) { c.Patience = problems.Positive(&c.List, "WithPatience", d) }
}

// WithRateLimit limits the polls of all watches together to perSecond requests a second, with
// bursts of at most burst. A batch counts as one request. A failed request is sent again within its
// poll only if the limit allows another request. But if the service refuses the credential of a
// request, the request is repeated at once with a new one, whatever the limit is. The calls that
// start or cancel a job, or fetch its result, are not limited.
//
// The default, WithRateLimit(0, 0), is no limit. A burst of zero means one, so that requests are
// evenly spaced. New refuses a burst without a rate, negative values, NaN and infinity.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) {
		c.Limiter = nil
		if problems.Rate(&c.List, "WithRateLimit", perSecond, burst) && perSecond != 0 {
			c.Limiter = rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
		}
	}
}

// WithConcurrency limits how many polls are in flight at once, not counting the holds of
// [WithHolds]. The default is [DefaultConcurrency]. A poll that has not returned one second after
// its context ended is no longer counted. This applies to at most 1,024 polls at a time, or to n
// polls if n is larger.
func WithConcurrency(n int) Option {
	return func(c *config) { c.Concurrency = problems.Positive(&c.List, "WithConcurrency", n) }
}

// WithHolds limits the number of holds: requests that the service keeps open until their job
// changes. It has an effect only if the Transport is a [transport.Holder]. A hold occupies a
// connection, but does not count for [WithConcurrency]. Jobs without a hold are polled. The default
// is [DefaultHolds].
//
// A hold lasts for a minute at most. When a poll is due and fewer than n holds are open, the job
// gets a hold in place of the poll. The first request about a new job is always a poll. If the
// Backoff is a [backoff.Ranker], jobs that are likely to end soon get the holds. The fewer holds
// are left, the more likely a job must be to end soon.
//
// If a hold fails early or at its end, the Watcher makes no holds for a minute and polls instead.
// It does the same if three holds in a row end early without news. If a hold fails in the middle,
// as when a proxy closes its connection, later holds are shorter. Later holds are also shorter if
// the service refuses one by a permanent error, and has accepted none of that length before. After
// eight holds in a row without news of a job, which take up to eight minutes, the job is polled
// once.
func WithHolds(n int) Option {
	return func(c *config) { c.Holds = problems.Positive(&c.List, "WithHolds", n) }
}

// WithMaxWatches limits the number of pending jobs, and so the memory: a pending job takes about
// 250 bytes. A wait for one more job ends at once with [ErrMaxWatches]. In a call of
// [Watcher.WaitForJobs], that is the result of this job alone, and the other waits go on. The
// default is no limit.
func WithMaxWatches(n int) Option {
	return func(c *config) { c.MaxWatches = problems.Positive(&c.List, "WithMaxWatches", n) }
}

// WithSlack sets how late a poll may be, as a share of the wait before it. The share is above 0 and
// at most 1. Polls that are due at about the same time then share a wake-up and, with a
// [transport.Batcher], a request. With [Exact] every poll is made on time.
//
// With a Batcher, the default is a sixth of the wait, and a poll may always be 5 ms late, except
// with Exact. Without a Batcher, the default is a twentieth of the wait, at most 50 ms. With this
// default, polls are on time while fewer than 64 jobs are pending, or if the clock is not the real
// one.
func WithSlack(share float64) Option {
	return func(c *config) {
		if share != Exact && !(share >= 0 && share <= 1) {
			c.Problem("WithSlack(%v): must be from 0 to 1, or Exact", share)
			return
		}
		c.Slack = share
	}
}

// WithObserver sets an [observe.Observer], which the Watcher calls for each poll, answer and
// notification, and for the end of each watch. The default is none.
func WithObserver(o observe.Observer) Option { return func(c *config) { c.Observer = o } }

// WithNotifier makes the Watcher listen to n, which reports changes of jobs without being polled,
// as a webhook or a stream of events does. The Watcher listens from [New] until [Watcher.Close].
// The option can be used more than once: the Watcher listens to every n. It also listens to a
// Transport that is a [transport.Notifier]. New refuses a nil n.
//
// While a Notifier is reliable, jobs are polled only every [WithQuietInterval], also for the first
// time. A terminal status from a Notifier is confirmed by a poll, unless the Notifier is a
// [transport.Truster] whose Trusted returns true.
//
// When notifications may have been lost, every job is polled once, and once more when the Notifier
// listens again. Apart from that, the Backoff decides when to poll, until the Notifier has listened
// for a minute. A Notifier that has missed the ends of three jobs in a row, and has reported
// nothing for 30 seconds, counts as lost until a minute after its next report.
func WithNotifier(n transport.Notifier) Option {
	return func(c *config) {
		if n == nil {
			c.Problem("WithNotifier: the Notifier is nil")
			return
		}
		c.Notifiers = append(c.Notifiers, n)
	}
}

// WithQuietInterval sets the shortest wait before each poll of a job while a Notifier is reliable:
// see [WithNotifier]. Up to a quarter of d is added at random. If the Backoff returns a longer
// wait, that wait applies. After an answer that [WithPatience] tolerates, and until a poll has
// confirmed a reported end, the Backoff alone decides. If that poll does not confirm the end, the
// next one comes after d at the latest. This applies only once for each watch. The default is
// [DefaultQuietInterval].
func WithQuietInterval(d time.Duration) Option {
	return func(c *config) { c.QuietInterval = problems.Positive(&c.List, "WithQuietInterval", d) }
}

// WithREST sets options of the [rest.Client] that [NewHTTP] makes, such as the token, the headers
// and the dialect. A second WithREST adds further options. The default is none. [New] refuses
// WithREST, because its caller has already made the Transport.
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
	c.NotNil("WithClock", c.Clock)
	c.NotNil("WithObserver", c.Observer)
	for _, n := range c.Notifiers {
		c.NotNil("WithNotifier", n)
	}
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	c.PollTimeout = cmp.Or(c.PollTimeout, DefaultPollTimeout)
	c.Patience = cmp.Or(c.Patience, DefaultPatience)
	c.QuietInterval = cmp.Or(c.QuietInterval, DefaultQuietInterval)
	c.Concurrency = cmp.Or(c.Concurrency, DefaultConcurrency)
	c.Holds = cmp.Or(c.Holds, DefaultHolds)
	c.checkBackoff()
	return c, c.List.Err()
}

func (c *config) checkBackoff() {
	if base, longest := c.delays(); c.backoff == nil && base > longest {
		c.Problem("WithBaseDelay(%v): must be at most WithMaxDelay(%v)", base, longest)
	}
	if c.backoff != nil && c.baseDelay != 0 {
		c.Problem("WithBaseDelay(%v): has no effect together with WithBackoff", c.baseDelay)
	}
	if v, ok := c.backoff.(backoff.Validator); ok && !problems.IsNil(c.backoff) {
		var err error
		guard := boundary.Guard{Logger: c.Logger, Panic: newPanicError}
		switch panicked := guard.Apart(func() { err = v.Validate() }); {
		case panicked != nil:
			c.Problem("WithBackoff: %w", panicked)
		case err != nil && problems.IsNil(err):
			c.Problem("WithBackoff: Validate returned a nil %T: return a plain nil instead", err)
		case err != nil:
			c.Problem("WithBackoff: %w", err)
		}
	}
}

// delays returns the first and the longest delay of the default Backoff.
func (c *config) delays() (base, longest time.Duration) {
	longest = cmp.Or(c.MaxDelay, DefaultMaxDelay)
	return cmp.Or(c.baseDelay, min(DefaultBaseDelay, longest)), longest
}

// strategy returns the Backoff. The default has no jitter if the Transport is a Batcher, because
// jitter would divide the batches.
func (c *config) strategy(batches bool) Backoff {
	base, longest := c.delays()
	steady := backoff.Cap(backoff.Exponential(base, 2), longest)
	switch {
	case c.backoff != nil:
		return c.backoff
	case batches:
		return steady
	default:
		return backoff.EqualJitter(steady)
	}
}
