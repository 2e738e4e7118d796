package timeline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// core is shared by all parts of a Timeline. It holds the one lock, the clock and the plugins, and
// the events that plugins are told once the lock is free.
type core struct {
	Config
	guard    *boundary.Guard
	service  *boundary.Service
	schedule *boundary.Schedule
	audience *boundary.Audience // nil without an Observer
	track    wait.Tracker
	steady   *wait.Steady // the source of instants
	stood    atomic.Int64 // how long the process has been suspended so far, in nanoseconds

	ctx     context.Context // the parent of the contexts of all polls; it ends at Close
	cancel  context.CancelCauseFunc
	workers sync.WaitGroup // all goroutines that Close waits for

	mu     sync.Mutex
	closed bool                // guarded by mu, like the fields below
	words  map[string]struct{} // the unknown words for states about which a warning was written
	untold
}

func newCore(c Config) *core {
	guard := &boundary.Guard{Logger: c.Logger.Named("jobstatus"), Panic: c.Panic}
	service := boundary.NewService(guard, c.Transport)
	return &core{
		Config:   c,
		guard:    guard,
		service:  service,
		schedule: boundary.NewSchedule(guard, c.Backoff(service.Group() > 1), c.MaxDelay),
		audience: boundary.NewAudience(guard, c.Observer),
		track:    wait.Track(c.Clock),
		steady:   wait.NewSteady(c.Clock),
		words:    make(map[string]struct{}),
	}
}

// now returns the present instant.
func (k *core) now() time.Duration { return k.steady.Now() }

// awake returns an instant minus the time for which the process was suspended before it. The
// patience is measured with it, because no job was polled during that time.
func (k *core) awake(now time.Duration) time.Duration { return now - time.Duration(k.stood.Load()) }

// capped returns a wait that the service asks for, bounded by WithMaxRetryAfter.
func (k *core) capped(d time.Duration) time.Duration {
	if k.MaxRetryAfter > 0 {
		return min(d, k.MaxRetryAfter)
	}
	return d
}

// closeGrace is how long Close waits for polls to return after their contexts have ended.
const closeGrace = 5 * time.Second

// lockSoon locks mu. It tries for about a microsecond before it parks its goroutine, because mu is
// seldom held for longer than that. sync.Mutex would park at once while other goroutines are ready
// to run. With many workers, so many of them would be parked that one processor of two is idle.
func (k *core) lockSoon() {
	for range 20 {
		if k.mu.TryLock() {
			return
		}
		for range 40 { // about 20 ns
		}
	}
	k.mu.Lock()
}

// unlock unlocks mu, and then tells the plugins what has happened. It must be called on a goroutine
// of the engine.
func (k *core) unlock() {
	if k.untold.isEmpty() {
		k.mu.Unlock()
		return
	}
	u := k.untold
	k.untold = untold{}
	k.mu.Unlock()
	k.tellAll(&u)
}

// unlockAside is like unlock, for a goroutine of the user. It tells the plugins on another
// goroutine, because a plugin might end or block the calling one.
func (k *core) unlockAside() {
	if k.untold.isEmpty() {
		k.mu.Unlock()
		return
	}
	u := k.untold
	k.untold = untold{}
	k.mu.Unlock()
	k.track.Begin()
	wait.Within(closeGrace, func() {
		defer k.track.End()
		k.tellAll(&u)
	})
}

// tellAll passes everything in u to the plugins. If a plugin ends the goroutine, the rest of u is
// still passed on.
func (k *core) tellAll(u *untold) {
	if u.isEmpty() {
		return
	}
	returned := false
	defer func() {
		if !returned {
			k.tellAll(u)
		}
	}()
	for len(u.outcomes) > 0 {
		o := u.outcomes[0]
		u.outcomes = u.outcomes[1:]
		k.schedule.Learn(o)
	}
	for len(u.events) > 0 {
		e := &u.events[0]
		u.events = u.events[1:]
		k.audience.Observe(k.ctx, e)
	}
	for len(u.notes) > 0 {
		n := u.notes[0]
		u.notes = u.notes[1:]
		k.guard.Log(n.level, n.message, func() []zap.Field { return n.fields })
	}
	returned = true
}
