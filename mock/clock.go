package mock

import (
	"container/heap"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// TB is the part of testing.TB that this package needs. A program that is no test then does not
// link package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Start is the time that a new Clock shows.
var Start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// far is the duration of the real timer inside a virtual one, which must never fire.
const far = time.Duration(math.MaxInt64)

// Clock is a [clock.Clock] that stands still until a test moves it. Give it to jobstatus.WithClock
// and to [WithClock].
//
// The Clock moves from event to event. After each event it waits until everything that the event
// started is at rest: polls over a socket are answered, and all callers wait for time to pass. So a
// test neither sleeps nor guesses, and every run takes the same course. Events of the same instant
// happen in the order in which they were set, each to rest before the next.
//
// The Clock knows the work of this library, waits by [Clock.Sleep], and goroutines started by
// [Clock.Go] and [Clock.Run]. It knows requests of transport/rest and of [Server.Client], and the
// waits of a [Service].
//
// Other code of the test may wait for time too, such as a Transport that waits for its context to
// end. The Clock moves on after nothing in the test has run for two seconds of real time. The next
// time, for a wait at the same place, 50 milliseconds are enough. Code that computes, sleeps on the
// real clock or waits for a connection does not count as waiting. Code that waits on a channel for
// a timer of the real clock does: give that code this Clock.
//
// Two mistakes fail the test. One is a wait that begins while nobody moves the Clock, if the test's
// goroutine waits as well. The other is a context with a deadline on the real clock: use
// [Clock.WithTimeout].
//
// Run, Next and Advance are for the test's goroutine. Everything else is safe for concurrent use.
// Timers come from AfterFunc, Timer, After and Sleep. They can be stopped but not reset, and there
// are no tickers: both fail the test.
type Clock struct {
	t        TB
	owner    int64 // the goroutine that made the Clock
	patience quiet.Patience

	mu      sync.Mutex
	changed sync.Cond
	// What follows is guarded by mu.
	now       time.Time
	events    events
	made      int                // events so far
	swept     int                // events that were left by the last sweep
	busy      int                // pieces of work under way
	parked    int                // callers that wait for the library to wake them
	callers   int                // functions under way that Go started
	asking    map[string]*asking // requests under way, by the client's address
	strangers int                // requests that a service lets wait, of clients that the Clock does not know
	version   int                // rises with each change of what is under way
	moving    int                // calls of Run, Next and Advance under way
	mover     int64              // the goroutine that made the newest of these
	stray     *vigil             // over waits that began while nobody moves the Clock
	closed    bool               // the test has ended
}

// asking is a request in flight.
type asking struct {
	what   string
	served bool      // the service lets it wait, so that the call which made it is not counted in busy
	until  time.Time // for how long, zero if for ever
	left   bool      // the client waits no longer
}

var (
	_ clock.Clock = (*Clock)(nil)
	_ wait.Peer   = (*Clock)(nil)
)

// NewClock returns a Clock that shows [Start]. The Clock stops with the test.
func NewClock(t TB) *Clock {
	if t == nil {
		panic("mock: NewClock: the test is nil")
	}
	c := &Clock{t: t, owner: quiet.CurrentID(), patience: quiet.Usual, now: Start, asking: map[string]*asking{}}
	c.changed.L = &c.mu
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.closed = true
		if c.stray != nil {
			c.stray.timer.Stop()
		}
		for _, e := range c.events {
			e.timer.Stop()
		}
	})
	return c
}

// must panics if NewClock did not make c, which then has no test to fail.
func (c *Clock) must() {
	if c == nil || c.t == nil {
		panic("mock: the Clock is nil, or was not made by NewClock")
	}
}

// Go calls fn on a new goroutine. From then on the Clock moves only while fn waits for it.
func (c *Clock) Go(fn func()) {
	c.must()
	c.t.Helper()
	if fn == nil {
		c.t.Fatalf("mock: Go: the function is nil")
	}
	c.mu.Lock()
	c.callers++
	c.mu.Unlock()
	go func() {
		defer func() {
			c.mu.Lock()
			c.callers--
			c.version++
			c.mu.Unlock()
			c.changed.Broadcast()
		}()
		fn()
	}()
}

// move marks the caller as the one who moves the Clock, until it calls over.
func (c *Clock) move() (over func()) {
	id := quiet.CurrentID()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moving, c.mover = c.moving+1, id
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.moving--
	}
}

// Run calls fn and moves the Clock from event to event until fn has returned. If fn ends its
// goroutine, as require does when it fails the test, so does Run.
func (c *Clock) Run(fn func()) {
	c.must()
	c.t.Helper()
	if fn == nil {
		c.t.Fatalf("mock: Run: the function is nil")
	}
	defer c.move()()
	done, returned := false, false
	var panicked any
	c.Go(func() {
		defer func() {
			panicked = recover()
			c.mu.Lock()
			done = true
			c.mu.Unlock()
		}()
		fn()
		returned = true
	})
	for {
		c.rest(&done, true)
		c.mu.Lock()
		over := done
		c.mu.Unlock()
		if over {
			break
		}
		if !c.step(far) {
			c.t.Fatalf("mock: nothing can happen any more: %s", c.describe())
		}
	}
	c.rest(nil, false)
	if panicked != nil {
		panic(panicked)
	}
	if !returned {
		runtime.Goexit()
	}
}

// Next moves the Clock to the next event and lets everything happen that is due at that instant. It
// returns how far it moved. It fails the test if there is no next event.
func (c *Clock) Next() time.Duration {
	c.must()
	c.t.Helper()
	defer c.move()()
	before := c.Now()
	c.rest(nil, false)
	if !c.step(far) {
		c.t.Fatalf("mock: there is no next event: %s", c.describe())
	}
	for c.rest(nil, false); c.step(0); c.rest(nil, false) {
	}
	return c.Since(before)
}

// Advance moves the Clock by d, through every event on the way.
func (c *Clock) Advance(d time.Duration) {
	c.must()
	c.t.Helper()
	defer c.move()()
	end := c.Now().Add(d)
	for c.rest(nil, false); c.step(c.Until(end)); c.rest(nil, false) {
	}
	c.mu.Lock()
	c.now = end
	c.mu.Unlock()
}

// step moves to the next event and starts it. It does nothing if the event is more than limit away.
func (c *Clock) step(limit time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.events) > 0 {
		e := c.events[0]
		if !e.live() {
			heap.Pop(&c.events)
			continue
		}
		if e.at.Sub(c.now) > limit {
			return false
		}
		heap.Pop(&c.events)
		if !e.timer.Stop() { // it was stopped since
			continue
		}
		if e.at.After(c.now) {
			c.now = e.at
		}
		c.busy++
		c.version++
		go func() { // ends with what it fires
			defer c.End()
			e.fire(e.at)
		}()
		return true
	}
	return false
}

// Begin marks the start of a piece of work. It is for this library's own code, like End, Park,
// Unpark and Asking. No test needs it.
func (c *Clock) Begin() { c.count(1, 0) }

// End marks the end of a piece of work. It is for this library's own code.
func (c *Clock) End() { c.count(-1, 0) }

// Park marks a caller that waits for the library. It is for this library's own code.
func (c *Clock) Park() {
	c.count(0, 1)
	if c.stands() {
		c.watchStray(quiet.CurrentID() == c.owner)
	}
}

// stands reports whether nobody moves the Clock.
func (c *Clock) stands() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moving == 0 && !c.closed
}

// Unpark marks a caller that waits no longer. It is for this library's own code.
func (c *Clock) Unpark() { c.count(0, -1) }

// Asking marks a request in flight from a client's address, until over is called. It is for this
// library's own code.
func (c *Clock) Asking(local, request string) (over func()) {
	c.must()
	a := &asking{what: request}
	c.mu.Lock()
	c.asking[local] = a
	c.version++
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.asking[local] == a { // and not the next request on that connection
			delete(c.asking, local)
		}
		a.left = true
		c.version++
		c.awake(a)
	}
}

// serve marks the request of a client as waiting for d in a service. Until then, or until the
// client has left, the call that made it does not count as work. At the end of the wait serve calls
// end. The caller calls over after the wait, or sooner; over reports whether the client is still
// there. The Clock knows that before the connection does.
func (c *Clock) serve(client string, d time.Duration, end func()) (over func() (there bool)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.asking[client] // nil if it has left, or if this Clock does not know it
	awake := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.awake(a)
	}
	until := time.Time{}
	stop := func() bool { return true }
	if d != Forever { // before the call stops being work, as the clock then moves on
		until = c.now.Add(d)
		stop = c.scheduleLocked(d, func(time.Time) {
			awake()
			end()
		}).Stop
	}
	c.version++
	if a != nil {
		a.served, a.until = true, until
		c.busy--
		c.changed.Broadcast()
	} else {
		c.strangers++
	}
	return func() bool {
		stop()
		awake()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.version++
		if a == nil {
			c.strangers--
		}
		return a == nil || !a.left
	}
}

// awake counts the call that made a request as work again.
func (c *Clock) awake(a *asking) {
	if a != nil && a.served {
		a.served = false
		c.busy++
		c.version++
		c.changed.Broadcast()
	}
}

// count adds to the pieces of work in progress and to the callers that are parked.
func (c *Clock) count(busy, parked int) {
	c.must()
	c.mu.Lock()
	c.busy += busy
	c.parked += parked
	c.version++
	c.mu.Unlock()
	c.changed.Broadcast()
}

// Now returns the time that the Clock shows.
func (c *Clock) Now() time.Time {
	c.must()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Since returns the time from t to Now.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Until returns the time from Now to t.
func (c *Clock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// AfterFunc calls f on a new goroutine after d, and f counts as work until it returns. Zero and
// less mean the next time that the Clock moves.
func (c *Clock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	c.must()
	if f == nil {
		c.t.Helper()
		c.t.Fatalf("mock: AfterFunc: the function is nil")
	}
	return c.schedule(d, func(time.Time) { f() })
}

// Timer returns a timer that sends the time on its channel after d.
func (c *Clock) Timer(d time.Duration) *clock.Timer {
	ch := make(chan time.Time, 1)
	timer := c.schedule(d, func(now time.Time) { ch <- now })
	timer.C = ch
	return timer
}

// After returns a channel on which the Clock sends the time after d.
func (c *Clock) After(d time.Duration) <-chan time.Time { return c.Timer(d).C }

// Sleep blocks until d has passed.
func (c *Clock) Sleep(d time.Duration) {
	woken := make(chan struct{})
	c.schedule(d, func(time.Time) {
		c.Unpark()
		close(woken)
	})
	c.Park()
	<-woken
}

// Ticker fails the test: the Clock has no tickers.
func (c *Clock) Ticker(time.Duration) *clock.Ticker {
	c.must()
	c.t.Helper()
	c.t.Fatalf("mock: the Clock has no tickers: set a timer again each time it fires")
	return nil
}

// Tick fails the test: the Clock has no tickers.
func (c *Clock) Tick(d time.Duration) <-chan time.Time {
	c.must()
	c.t.Helper()
	return c.Ticker(d).C
}
