// Package timeline follows jobs: a heap of due times behind one timer of the injected clock, and a bounded number of workers
// that poll. It decides when each watch is polled and what each waiter is told; package jobstatus is its public face.
//
// A watch that waits is a small struct, never a goroutine, a timer or a context. Waiters for the same id share one watch.
package timeline

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Unlimited is a limit that is never reached.
const Unlimited = -1

// Why a wait gives up, other than for its context's end. They are what jobstatus exports under the same names.
var (
	ErrTimeout     error = timeoutError{}
	ErrMaxAttempts       = errors.New("max attempts reached (WithMaxAttempts raises them; MaxAttempts does for one watch)")
	ErrClosed            = errors.New("watcher closed")
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

// Config is what a Timeline is made from. All fields are set, but for MaxDelay and Limiter, which are no limit if zero.
type Config struct {
	Transport   transport.Transport
	Backoff     backoff.Strategy
	Clock       clock.Clock
	Logger      *zap.Logger
	MaxDelay    time.Duration
	PollTimeout time.Duration
	Concurrency int
	Limiter     *rate.Limiter
	Panic       func(value any, stack []byte) error // makes the error of a panic
}

// Timeline follows jobs. It is safe for concurrent use.
type Timeline struct {
	Config
	learner backoff.Learner // the Backoff, if it learns
	track   wait.Tracker
	epoch   time.Time // instants are durations from here

	ctx     context.Context // ends at Close; every poll's is made from it
	cancel  context.CancelCauseFunc
	workers sync.WaitGroup
	clamped atomic.Bool // a bad wait was logged

	mu       sync.Mutex
	watches  *index
	line     line
	ready    queue // due, and waiting for a worker
	busy     int   // workers
	alarm    *wait.Alarm
	plain    map[plainStatus]*sighting
	offers   map[*Call]struct{} // calls that wait for their consumer
	outcomes []backoff.Outcome  // of watches that gave up, not yet told to the Backoff
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
	}
	t.learner, _ = c.Backoff.(backoff.Learner)
	t.alarm = wait.NewAlarm(c.Clock, t.fire)
	t.ctx, t.cancel = context.WithCancelCause(wait.NewContext(context.Background(), c.Clock, c.Logger))
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
		t.ready = queue{}
		t.arm()
		t.cancel(ErrClosed)
	}
	t.mu.Unlock()
	t.workers.Wait()
}

// now returns the instant that it is.
func (t *Timeline) now() time.Duration { return t.Clock.Now().Sub(t.epoch) }

// fire does what is due. The alarm calls it.
func (t *Timeline) fire() {
	t.mu.Lock()
	now := t.now()
	t.alarm.Rang(now)
	for t.line.next() <= now {
		x := t.line[0]
		switch {
		case x.deadline <= now:
			t.expire(x, now)
		case x.cancel != nil:
			t.stop(x, ErrPollTimeout)
			x.poll = forever
			t.line.put(x)
		default:
			t.enqueue(x)
			t.line.put(x)
		}
	}
	t.hire()
	t.arm()
	t.mu.Unlock()
	t.report()
}

// arm sets the alarm to what the line holds next. It is called with mu held.
func (t *Timeline) arm() {
	if next := t.line.next(); next != forever {
		t.alarm.Set(next, next-t.now())
	} else {
		t.alarm.Stop()
	}
}

// expire ends what waits for x no longer than until now.
func (t *Timeline) expire(x *watch, now time.Duration) {
	x.deadline = forever
	for m := x.waiters; m != nil; {
		next := m.next
		if m.deadline <= now {
			t.giveUp(m, ErrTimeout)
		} else {
			x.deadline = min(x.deadline, m.deadline)
		}
		m = next
	}
	if x.waiters != nil {
		t.line.put(x)
	}
}

// enqueue hands x to the workers. Its place on the line is then its deadline's.
func (t *Timeline) enqueue(x *watch) {
	x.poll = forever
	t.ready.push(x)
}

// hire starts workers for what is ready. Each is owned by Close, which waits for it, and ends when nothing is ready.
func (t *Timeline) hire() {
	for waiting := t.ready.len(); waiting > 0 && t.busy < t.Concurrency; waiting-- {
		t.busy++
		t.workers.Add(1)
		t.track.Begin()
		go t.work()
	}
}

func (t *Timeline) work() {
	for {
		t.mu.Lock()
		x := t.ready.pop()
		for x != nil && (x.waiters == nil || !t.admit(x)) {
			x = t.ready.pop()
		}
		if x == nil {
			t.busy--
			t.mu.Unlock()
			break
		}
		ctx, cancel := context.WithCancelCause(t.ctx)
		x.cancel, x.stopped = cancel, false
		x.poll = later(t.now(), t.PollTimeout)
		t.line.put(x)
		t.arm()
		p := poll{watch: x, kind: x.waiters.call.Kind, asked: t.now()}
		t.mu.Unlock()

		st, err := t.ask(ctx, p)
		cancel(context.Canceled)
		t.answered(p, st, err)
	}
	t.track.End()
	t.workers.Done()
}

// stop ends the poll of x that is under way. What that sets off counts as work until the poll has come back.
func (t *Timeline) stop(x *watch, cause error) {
	if !x.stopped {
		x.stopped = true
		t.track.Begin()
		x.cancel(cause)
	}
}

// admit reports whether the rate limit lets x be polled now. If not, x is back on the line for when it will.
func (t *Timeline) admit(x *watch) bool {
	if t.Limiter == nil || x.reserved {
		x.reserved = false
		return true
	}
	now := t.Clock.Now()
	delay := t.Limiter.ReserveN(now, 1).DelayFrom(now)
	if delay <= 0 {
		return true
	}
	x.reserved = true
	x.poll = later(now.Sub(t.epoch), delay)
	t.line.put(x)
	t.arm()
	return false
}

// A poll is one that is under way.
type poll struct {
	*watch
	kind  string
	asked time.Duration // when
}

var errGoexit = errors.New("runtime.Goexit called")

// ask polls once.
func (t *Timeline) ask(ctx context.Context, p poll) (st transport.Status, err error) {
	came := false
	defer func() {
		if v := recover(); v != nil {
			err = t.panicked(v)
		} else if !came { // the goroutine ends here, as a test's FailNow makes it: another takes up its work
			go func() {
				p.cancel(context.Canceled)
				t.answered(p, transport.Status{}, t.panicked(errGoexit))
				t.work()
			}()
		}
	}()
	if c, ok := t.Transport.(transport.Conditional); ok && p.seen != nil && p.seen.Revision != "" {
		st, err = c.StatusSince(ctx, p.id, p.status())
	} else {
		st, err = t.Transport.Status(ctx, p.id)
	}
	came = true
	return st, wait.CauseOf(ctx, err)
}

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

// report tells the Backoff of the watches that gave up. It is called without mu.
func (t *Timeline) report() {
	if t.learner == nil {
		return
	}
	t.mu.Lock()
	outcomes := t.outcomes
	t.outcomes = nil
	t.mu.Unlock()
	for _, o := range outcomes {
		t.observe(o)
	}
}

// observe tells the Backoff of a finished watch, if it learns.
func (t *Timeline) observe(o backoff.Outcome) {
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

// log writes a line for a poll that was answered at debug level, for one that was not at warn level.
func (t *Timeline) log(p poll, seen *sighting, now time.Duration) {
	if seen.err != nil {
		if e := t.Logger.Check(zap.WarnLevel, "poll without an answer"); e != nil {
			e.Write(zap.String("id", p.id), zap.Int32("attempt", p.attempt), zap.Duration("took", now-p.asked),
				zap.Error(seen.err))
		}
		return
	}
	if e := t.Logger.Check(zap.DebugLevel, "poll"); e != nil {
		e.Write(zap.String("id", p.id), zap.Int32("attempt", p.attempt), zap.Duration("took", now-p.asked),
			zap.Stringer("state", seen.State), zap.String("raw", seen.Raw))
	}
}
