// Package timeline follows jobs: a heap of due times behind one timer of the injected clock, and a
// bounded number of workers that poll. It decides when each watch is polled and what each waiter is
// told; package jobstatus is its public face.
//
// A watch that waits is a small struct, never a goroutine, a timer or a context. Waiters for the
// same id share one watch.
package timeline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/dueline"
	"github.com/iamber12/job-status-monitoring/internal/figures"
	"github.com/iamber12/job-status-monitoring/internal/gate"
	"github.com/iamber12/job-status-monitoring/internal/health"
	"github.com/iamber12/job-status-monitoring/internal/hearing"
	"github.com/iamber12/job-status-monitoring/internal/holding"
	"github.com/iamber12/job-status-monitoring/internal/index"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/queue"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/batching"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Unlimited is a limit that is never reached.
const Unlimited = -1

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
func (timeoutError) Timeout() bool        { return true }
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// ErrPollTimeout is the cause of the end of a poll's context when the poll took too long.
var ErrPollTimeout error = pollTimeoutError{}

type pollTimeoutError struct{}

func (pollTimeoutError) Error() string {
	return "poll timeout reached (WithPollTimeout raises it)"
}
func (pollTimeoutError) Timeout() bool        { return true }
func (pollTimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

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

// Timeline follows jobs. It is safe for concurrent use.
type Timeline struct {
	Config
	guard    *boundary.Guard
	service  *boundary.Service
	schedule *boundary.Schedule
	audience *boundary.Audience // nil without an Observer
	track    wait.Tracker
	epoch    time.Time // instants are durations from here
	real     bool      // the clock is
	pace     pace.Rule

	ctx     context.Context // ends at Close; every poll's is made from it
	cancel  context.CancelCauseFunc
	workers sync.WaitGroup

	listeners []*listener // does not change after New
	catchUps  catchUps

	mu       sync.Mutex
	watches  *index.Index[watch, *watch]
	line     dueline.Line[watch, *watch]
	ready    *queue.Kinds[watch, *watch]
	gate     *gate.Gate
	figures  figures.Figures
	runs     flight // in flight
	stopping flight // canceled, and not come back yet
	strays   flight // written off, and not come back yet
	held     flight // that the service keeps, the next to expire first
	holds    int    // workers that wait for them
	holding  holding.Line
	choice   holding.Choice // of who is held
	lost     int            // strays
	idle     idle
	busy     int    // workers
	picks    int    // of who is polled next
	seed     uint64 // of random
	size     batching.Size
	health   health.Health
	words    map[string]struct{} // that the Transport has no state for, and that a warning was written of
	alarm    *wait.Alarm
	plain    map[plainStatus]*sighting.Sighting
	offers   map[*Call]struct{} // calls that wait for their consumer
	untold
	answeredAt time.Duration  // when a request was last answered
	dividedAt  time.Duration  // when a batch was last divided for a trial
	memory     hearing.Memory // of notifications
	closed     bool
}

// New returns a Timeline that holds no goroutine as long as it follows nothing, but for one of each
// Notifier.
func New(c Config) *Timeline {
	t := &Timeline{
		Config:  c,
		track:   wait.Track(c.Clock),
		epoch:   c.Clock.Now(),
		watches: index.New[watch](),
		plain:   make(map[plainStatus]*sighting.Sighting),
		words:   make(map[string]struct{}),
		offers:  make(map[*Call]struct{}),
		real:    wait.Real(c.Clock),
		ready:   queue.New[watch](),
		seed:    0x9e3779b97f4a7c15,
	}
	t.gate = gate.New(c.Limiter, t.epoch)
	t.pace = pace.Rule{Slack: c.Slack, Real: t.real}
	t.guard = &boundary.Guard{Logger: c.Logger.Named("jobstatus"), Panic: c.Panic}
	t.service = boundary.NewService(t.guard, c.Transport)
	t.schedule = boundary.NewSchedule(t.guard, c.Backoff, c.MaxDelay)
	t.audience = boundary.NewAudience(t.guard, c.Observer)
	t.pace.Batches = t.service.Group() > 1
	t.size = batching.NewSize(t.service.Group())
	t.answeredAt, t.dividedAt = -1, -1
	t.alarm = wait.NewAlarm(c.Clock, t.fire)
	t.ctx, t.cancel = context.WithCancelCause(wait.NewContext(context.Background(), wait.Carried{Clock: c.Clock, Logger: t.guard.Logger, Retry: t.Retry}))
	t.listenToAll()
	return t
}

// Context returns the context that every poll's is made from. It ends with Close.
func (t *Timeline) Context() context.Context { return t.ctx }

// closeGrace is how long Close waits for polls to come back whose context has ended.
const closeGrace = 5 * time.Second

// Close ends every wait with ErrClosed, and returns once all polls in flight have come back, or
// five seconds later on the real clock: those that have not are named in the log. It may be called
// more than once.
func (t *Timeline) Close() {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		for _, x := range slices.Collect(t.watches.All()) {
			for x.waiters != nil {
				t.giveUp(x.waiters, ErrClosed)
			}
		}
		for c := range t.offers {
			c.wakeUp()
		}
		t.arm()
		t.cancel(ErrClosed)
	}
	t.unlockAside()
	if !wait.Within(closeGrace, t.workers.Wait) {
		t.guard.Log(zap.ErrorLevel, "polls did not come back after Close", func() []zap.Field {
			return []zap.Field{zap.Strings("ids", t.unreturned())}
		})
	}
}

// maxNamed bounds the ids that a line of the log names.
const maxNamed = 16

// unreturned returns some of the ids of the polls that have not come back.
func (t *Timeline) unreturned() (ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, list := range []*flight{&t.strays, &t.stopping, &t.runs, &t.held} {
		for r := list.first; r != nil && len(ids) < maxNamed; r = r.next {
			ids = append(ids, r.ids...)
		}
	}
	return ids[:min(len(ids), maxNamed)]
}

// now returns the instant that it is.
func (t *Timeline) now() time.Duration { return t.Clock.Now().Sub(t.epoch) }

// standstill is by how much the timer may be late before the process counts as having stood still.
const standstill = 500 * time.Millisecond

// fire does what is due. The alarm calls it.
func (t *Timeline) fire() {
	t.mu.Lock()
	defer t.unlock()
	now := t.now()
	t.alarm.Rang()
	late := now - min(t.line.Next(), t.runs.next(), t.held.next())
	if late >= standstill {
		t.prolong(late)
	}
	for r := t.runs.first; r != nil && r.until <= now; r = t.runs.first {
		t.stop(r, ErrPollTimeout)
	}
	for r := t.held.first; r != nil && r.until <= now; r = t.held.first {
		t.stop(r, ErrPollTimeout)
	}
	for r := t.stopping.first; r != nil && r.until <= now && t.lost < t.Concurrency; r = t.stopping.first {
		t.writeOff(r)
	}
	for t.line.Next() <= now {
		x := t.line.First()
		if x.poll <= now && !x.queued && x.run == nil {
			t.enqueue(x)
		}
		if x.deadline <= now {
			t.expire(x, now, late >= standstill)
		}
		if x.waiters != nil {
			t.line.Put(x)
		}
	}
	t.proceed(now)
}

// prolong gives the requests in flight the time for which the process stood still. Their answers
// may be there.
func (t *Timeline) prolong(still time.Duration) {
	for _, list := range []*flight{&t.runs, &t.held} {
		for r := list.first; r != nil; r = r.next {
			r.until = instant.Later(r.until, still)
		}
	}
}

// proceed starts workers for what is ready, and sets the alarm to what comes next. It is called
// with mu held.
func (t *Timeline) proceed(now time.Duration) {
	t.hire(now)
	t.arm()
}

// arm sets the alarm to what comes next. It is called with mu held.
func (t *Timeline) arm() {
	next := min(t.line.Next(), t.runs.next(), t.held.next())
	if t.lost < t.Concurrency {
		next = min(next, t.stopping.next())
	}
	if shut := t.gate.Shut(); shut > 0 && t.ready.Waiting() > 0 && t.busy < t.Concurrency {
		next = min(next, shut)
	}
	if next != instant.Forever && !t.closed {
		t.alarm.Set(next, func() time.Duration { return next - t.now() })
	} else {
		t.alarm.Stop()
	}
}

// enqueue hands x, which is due, to the workers. Its place on the line is then its deadline's.
func (t *Timeline) enqueue(x *watch) {
	t.push(x)
	if x.urgent {
		t.ready.Hurry(x, x.poll)
	}
}

// push has x, which is due since x.poll, wait for a worker.
func (t *Timeline) push(x *watch) {
	x.queued = true
	t.ready.Push(x, x.lane, x.poll)
}

// waits says how long x waits for its next poll.
func (t *Timeline) waits(x *watch, wait time.Duration) {
	t.gate.Demand(x.previous, wait)
	x.previous = wait
}

// align rounds the instant of a poll up: see [pace.Rule.Align].
func (t *Timeline) align(at, wait time.Duration) time.Duration {
	return t.pace.Align(at, wait, t.watches.Len())
}

// SetRateLimit changes the limit of requests, to none if perSecond is zero.
func (t *Timeline) SetRateLimit(perSecond float64, burst int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.gate.SetLimit(now, perSecond, burst)
	t.proceed(now)
}

// Retry reports whether a poll that failed with an error of a class may be made again at once,
// within the same poll, and charges it. A Transport that retries asks by package wait.
func (t *Timeline) Retry(class transport.Class) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gate.Retry(t.now(), class)
}

// random returns the next of a sequence of numbers that look random (xorshift64, Marsaglia 2003).
func (t *Timeline) random() uint64 {
	t.seed ^= t.seed << 13
	t.seed ^= t.seed >> 7
	t.seed ^= t.seed << 17
	return t.seed
}
