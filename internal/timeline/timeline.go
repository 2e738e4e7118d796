// Package timeline follows jobs: a heap of due times behind one timer of the injected clock, and a bounded number of workers
// that poll. It decides when each watch is polled and what each waiter is told; package jobstatus is its public face.
//
// A watch that waits is a small struct, never a goroutine, a timer or a context. Waiters for the same id share one watch.
package timeline

import (
	"context"
	"errors"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Unlimited is a limit that is never reached.
const Unlimited = -1

// Why a wait gives up, other than for its context's end. They are what jobstatus exports under the same names.
var (
	ErrTimeout     error = timeoutError{}
	ErrMaxAttempts       = errors.New("max attempts reached (WithMaxAttempts raises them; MaxAttempts does for one watch)")
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

// Config is what a Timeline is made from. All fields are set, but for those that say what zero means, and MaxDelay and Limiter,
// which are no limit if zero.
type Config struct {
	Transport   transport.Transport
	Backoff     backoff.Strategy
	Clock       clock.Clock
	Logger      *zap.Logger
	MaxDelay    time.Duration
	PollTimeout time.Duration
	Patience    time.Duration // how long a job may not be seen well before its watch ends
	Concurrency int
	Limiter     *rate.Limiter
	MaxWatches  int     // no limit if zero
	Slack       float64 // share of a wait by which a poll may be late, Exact for none, the default if zero
	Observer    observe.Observer
	Panic       func(value any, stack []byte) error // makes the error of a panic
}

// Timeline follows jobs. It is safe for concurrent use.
type Timeline struct {
	Config
	learner     backoff.Learner       // the Backoff, if it learns
	ranker      backoff.Ranker        // the Backoff, if it ranks
	conditional transport.Conditional // the Transport, if it is one
	batcher     transport.Batcher     // the Transport, if it batches
	group       int                   // how many jobs it takes at once, 1 if it doesn't
	track       wait.Tracker
	epoch       time.Time // instants are durations from here
	real        bool      // the clock is

	ctx     context.Context // ends at Close; every poll's is made from it
	cancel  context.CancelCauseFunc
	workers sync.WaitGroup
	clamped atomic.Bool // a bad wait was logged

	mu       sync.Mutex
	watches  *index
	line     line
	ready    backlog
	limits   limits
	figures  figures
	runs     runs
	idle     idle
	busy     int    // workers
	picks    int    // of who is polled next
	seed     uint64 // of random
	batch    int    // the largest batch that the service takes, as far as is known
	alarm    *wait.Alarm
	plain    map[plainStatus]*sighting
	offers   map[*Call]struct{} // calls that wait for their consumer
	outcomes []backoff.Outcome  // of watches that gave up, not yet told to the Backoff
	events   []observe.Event    // not yet told to the Observer
	closed   bool
}

// New returns a Timeline that holds no goroutine as long as it follows nothing.
func New(c Config) *Timeline {
	t := &Timeline{
		Config:  c,
		track:   wait.Track(c.Clock),
		epoch:   c.Clock.Now(),
		watches: newIndex(),
		plain:   make(map[plainStatus]*sighting),
		offers:  make(map[*Call]struct{}),
		real:    wait.Real(c.Clock),
		ready:   backlog{numbers: map[string]uint16{}},
		limits:  limits{tokens: budgetTokens},
		seed:    0x9e3779b97f4a7c15,
	}
	t.learner, _ = c.Backoff.(backoff.Learner)
	t.ranker, _ = c.Backoff.(backoff.Ranker)
	t.conditional, _ = c.Transport.(transport.Conditional)
	t.group = 1
	if b, ok := c.Transport.(transport.Batcher); ok && b.MaxBatch() > 1 {
		t.batcher, t.group = b, min(b.MaxBatch(), math.MaxUint16)
	}
	t.batch = t.group
	t.alarm = wait.NewAlarm(c.Clock, t.fire)
	t.ctx, t.cancel = context.WithCancelCause(wait.NewContext(context.Background(), wait.Carried{Clock: c.Clock, Logger: c.Logger, Retry: t.Retry}))
	return t
}

// Context returns the context that every poll's is made from. It ends with Close.
func (t *Timeline) Context() context.Context { return t.ctx }

// Close ends every wait with ErrClosed and returns once all polls under way have come back. It may be called more than once.
func (t *Timeline) Close() {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		for _, x := range t.watches.all() {
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
	t.unlock()
	t.workers.Wait()
}

// now returns the instant that it is.
func (t *Timeline) now() time.Duration { return t.Clock.Now().Sub(t.epoch) }

// unlock unlocks mu and tells the Backoff and the Observer what has happened meanwhile.
func (t *Timeline) unlock() {
	outcomes, events := t.outcomes, t.events
	t.outcomes, t.events = nil, nil
	t.mu.Unlock()
	for _, o := range outcomes {
		t.learn(o)
	}
	for i := range events {
		t.observe(t.ctx, &events[i])
	}
}

// fire does what is due. The alarm calls it.
func (t *Timeline) fire() {
	t.mu.Lock()
	defer t.unlock()
	now := t.now()
	t.alarm.Rang()
	for r := t.runs.first; r != nil && r.until <= now; r = t.runs.first {
		t.stop(r, ErrPollTimeout)
	}
	for t.line.next() <= now {
		if x := t.line[0]; x.deadline <= now {
			t.expire(x, now)
		} else {
			t.enqueue(x)
			t.line.put(x)
		}
	}
	t.proceed(now)
}

// proceed starts workers for what is ready, and sets the alarm to what comes next. It is called with mu held.
func (t *Timeline) proceed(now time.Duration) {
	t.hire(now)
	t.arm()
}

// arm sets the alarm to what comes next. It is called with mu held.
func (t *Timeline) arm() {
	next := min(t.line.next(), t.runs.next())
	if t.ready.waiting > 0 && t.busy < t.Concurrency && t.limits.gate > 0 {
		next = min(next, t.limits.gate)
	}
	if next != forever && !t.closed {
		t.alarm.Set(next, func() time.Duration { return next - t.now() })
	} else {
		t.alarm.Stop()
	}
}

// expire ends what waits for x no longer than until now.
func (t *Timeline) expire(x *watch, now time.Duration) {
	x.deadline = forever
	for m := x.waiters; m != nil; {
		next := m.next
		if end := m.deadline(); end <= now {
			t.giveUp(m, ErrTimeout)
		} else {
			x.deadline = min(x.deadline, end)
		}
		m = next
	}
	if x.waiters != nil {
		t.line.put(x)
	}
}

// enqueue hands x, which is due, to the workers. Its place on the line is then its deadline's.
func (t *Timeline) enqueue(x *watch) {
	t.ready.push(x, x.poll)
	x.poll = forever
}

// observe tells the Observer of e, and returns the context that it makes of ctx.
func (t *Timeline) observe(ctx context.Context, e *observe.Event) (made context.Context) {
	made = ctx
	defer func() {
		if v := recover(); v != nil {
			t.Logger.Error("observer panicked", zap.Stringer("event", e.Kind), zap.Error(t.panicked(v)))
		}
	}()
	if c := t.Observer.Observe(ctx, e); c != nil {
		made = c
	}
	return made
}

var errGoexit = errors.New("runtime.Goexit called")

// panicked returns the error of a panic with v, which ends a watch.
func (t *Timeline) panicked(v any) error {
	return &transport.Error{Class: transport.Permanent, Err: t.Panic(v, debug.Stack())}
}

// nextWait asks the Backoff, and keeps what it answers within bounds.
func (t *Timeline) nextWait(p backoff.Poll) (d time.Duration, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = t.panicked(v)
		}
	}()
	d = t.Backoff.Next(p)
	if d < 0 && t.clamped.CompareAndSwap(false, true) {
		t.Logger.Warn("backoff answered with a negative wait", zap.Duration("wait", d), zap.Int("attempt", p.Attempt))
	}
	if t.MaxDelay > 0 {
		d = min(d, t.MaxDelay)
	}
	least := minWait
	if p.Attempt == 0 {
		least = 0
	}
	return max(d, least, p.RetryAfter), nil
}

// learn tells the Backoff of a finished watch, if it learns.
func (t *Timeline) learn(o backoff.Outcome) {
	if t.learner == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			t.Logger.Error("backoff panicked in Observe", zap.String("id", o.Key), zap.Error(t.panicked(v)))
		}
	}()
	t.learner.Observe(o)
}

// log writes a line for a poll of x that was answered at debug level, for one that was not at warn level.
func (t *Timeline) log(x *watch, seen *sighting, took time.Duration) {
	if seen.err != nil {
		if e := t.Logger.Check(zap.WarnLevel, "poll without an answer"); e != nil {
			e.Write(zap.String("id", x.id), zap.Int32("attempt", x.attempt), zap.Duration("took", took),
				zap.Error(seen.err))
		}
		return
	}
	if e := t.Logger.Check(zap.DebugLevel, "poll"); e != nil {
		e.Write(zap.String("id", x.id), zap.Int32("attempt", x.attempt), zap.Duration("took", took),
			zap.Stringer("state", seen.State), zap.String("raw", seen.Raw))
	}
}
