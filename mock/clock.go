package mock

import (
	"runtime"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// TB is the part of testing.TB that this package needs. With it, a program that is not a test can
// use this package without package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// start is the time of a new Clock.
var start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// Clock is a [clock.Clock] that stands still until a test advances it. Give it to
// jobstatus.WithClock and to [WithClock].
//
// The Clock advances from event to event. An event is a timer that fires or a call of Sleep that
// ends. After each event the Clock waits until the work that the event started is done. By then,
// polls over a socket have been answered, and all callers wait for time to pass. So a test neither
// sleeps nor guesses, and every run is the same. Events of the same instant happen one after
// another, in the order in which they were set.
//
// The Clock sees the work of this library, calls of [Clock.Sleep], and goroutines started by
// [Clock.Go] and [Clock.Run]. It also sees the requests of transport/rest and of [Server.Client],
// and the waits of a [Service]. While a transport.Notifier starts, no time passes. It has started
// once it reports that it listens, returns an error, or calls Sleep of its transport.Host.
//
// Other code of the test may wait for time too, such as a Transport that waits for its context to
// end. The Clock advances once no such code has run for two seconds of real time. For a later wait
// at the same place in the code, 50 milliseconds are enough. Code that computes, sleeps on the real
// clock or waits for a connection does not count as waiting. Code that waits on a channel for a
// timer of the real clock does count as waiting, so give such code this Clock.
//
// Two mistakes fail the test. One is a wait that cannot end: no call advances the Clock, and the
// test's own goroutine waits too. The other is a context with a deadline on the real clock: use
// [Clock.WithTimeout]. The test also fails if work is in progress and makes no progress for ten
// seconds of real time. On a busy machine that takes up to two minutes, or longer if the process
// gets little CPU time. A Run fails the test if it has taken a minute of real time and has advanced
// the Clock by 30 days, because a wait in it may never end.
//
// Run, Next and Advance must be called by the test's goroutine. All other methods are safe for
// concurrent use. A timer can be stopped, but not reset: Reset does not move it, and usually fails
// the test. Tick and Ticker always fail it, because the Clock has no tickers.
type Clock struct {
	*ground
	agenda  *agenda
	tally   *tally
	rester  *rester
	lookout *lookout
	tracker *tracker
	endless bound
	noTickers
}

// A bound is when a call of Run that has not returned fails the test: the Clock has advanced by at
// least virtual, and at least real has passed meanwhile. Each alone may be what the test is for.
type bound struct{ virtual, real time.Duration }

var usualBound = bound{virtual: 30 * 24 * time.Hour, real: time.Minute}

var _ clock.Clock = (*Clock)(nil)

// NewClock returns a Clock whose time is midnight of 1 January 2030, UTC. The Clock stops when the
// test ends.
func NewClock(t TB) *Clock {
	if t == nil {
		panic("mock: NewClock: the test is nil")
	}
	g := &ground{t: t, owner: quiet.CurrentID(), patience: quiet.Usual}
	g.changed.L = &g.mu
	a := &agenda{ground: g, now: start}
	y := &tally{ground: g, agenda: a, asking: map[string]*asking{}}
	r := &rester{ground: g, agenda: a, tally: y}
	l := &lookout{ground: g, agenda: a, tally: y, rester: r}
	t.Cleanup(l.close)
	c := &Clock{ground: g, agenda: a, tally: y, rester: r, lookout: l, endless: usualBound, noTickers: noTickers{t}}
	c.tracker = &tracker{y, l, c}
	return c
}

// mustBeMade panics if NewClock did not make c, which then has no test to fail.
func mustBeMade(c *Clock) {
	if c == nil || c.ground == nil {
		panic("mock: the Clock is nil, or was not made by NewClock")
	}
}

// Tracker returns the value to which this library reports its work. Tests do not need it.
func (c *Clock) Tracker() wait.Tracker {
	mustBeMade(c)
	return c.tracker
}

// Go calls fn on a new goroutine. Until fn returns, the Clock advances only while fn waits for time
// to pass.
func (c *Clock) Go(fn func()) {
	mustBeMade(c)
	c.t.Helper()
	if fn == nil {
		c.t.Fatalf("mock: Go: the function is nil")
	}
	c.mu.Lock()
	c.tally.callers++
	c.mu.Unlock()
	go func() {
		defer func() {
			c.mu.Lock()
			c.tally.callers--
			c.version++
			c.mu.Unlock()
			c.changed.Broadcast()
		}()
		fn()
	}()
}

// Run calls fn on a new goroutine, and advances the Clock from event to event until fn has
// returned. If fn panics or calls [runtime.Goexit], as require does when it fails the test, so does
// Run.
func (c *Clock) Run(fn func()) {
	mustBeMade(c)
	c.t.Helper()
	if fn == nil {
		c.t.Fatalf("mock: Run: the function is nil")
	}
	defer c.move()()
	done, returned := false, false
	began, since := time.Now(), c.Now()
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
		c.rester.rest(&done, true)
		c.mu.Lock()
		over := done
		c.mu.Unlock()
		if over {
			break
		}
		if !c.rester.step(far) {
			c.t.Fatalf("mock: nothing can happen any more: %s", c.rester.describe())
		}
		if passed := c.Since(since); passed >= c.endless.virtual && time.Since(began) >= c.endless.real {
			c.t.Fatalf("mock: Run has advanced the Clock by %v, and its function has not returned: a wait in it may never end. Give each wait a timeout: %s",
				passed, c.rester.describe())
		}
	}
	c.rester.rest(nil, false)
	if panicked != nil {
		panic(panicked)
	}
	if !returned {
		runtime.Goexit()
	}
}

// Next advances the Clock to the next event, and lets all events of that instant happen. It returns
// the time by which the Clock has advanced. It fails the test if there is no next event.
func (c *Clock) Next() time.Duration {
	mustBeMade(c)
	c.t.Helper()
	defer c.move()()
	before := c.Now()
	c.rester.rest(nil, false)
	if !c.rester.step(far) {
		c.t.Fatalf("mock: there is no next event: %s", c.rester.describe())
	}
	for c.rester.rest(nil, false); c.rester.step(0); c.rester.rest(nil, false) {
	}
	return c.Since(before)
}

// Advance advances the Clock by d, from event to event.
func (c *Clock) Advance(d time.Duration) {
	mustBeMade(c)
	c.t.Helper()
	defer c.move()()
	end := c.Now().Add(d)
	for c.rester.rest(nil, false); c.rester.step(c.Until(end)); c.rester.rest(nil, false) {
	}
	c.mu.Lock()
	c.agenda.now = end
	c.mu.Unlock()
}

// Now returns the time of the Clock.
func (c *Clock) Now() time.Time {
	mustBeMade(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agenda.now
}

// Elapsed returns how far the Clock has advanced since NewClock.
func (c *Clock) Elapsed() time.Duration { return c.Since(start) }

// Since returns the duration from t to Now.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Until returns the duration from Now to t.
func (c *Clock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// AfterFunc calls f on a new goroutine after d. The Clock waits until f has returned. If d is zero
// or negative, f is called the next time that the Clock advances.
func (c *Clock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	mustBeMade(c)
	if f == nil {
		c.t.Helper()
		c.t.Fatalf("mock: AfterFunc: the function is nil")
	}
	return c.lookout.schedule(d, func(time.Time) { f() })
}

// Timer returns a timer that sends the time on its channel after d.
func (c *Clock) Timer(d time.Duration) *clock.Timer {
	ch := make(chan time.Time, 1)
	timer := c.lookout.schedule(d, func(now time.Time) { ch <- now })
	timer.C = ch
	return timer
}

// After returns a channel on which the Clock sends the time after d.
func (c *Clock) After(d time.Duration) <-chan time.Time { return c.Timer(d).C }

// Sleep blocks until d has passed on the Clock.
func (c *Clock) Sleep(d time.Duration) {
	woken := make(chan struct{})
	c.lookout.schedule(d, func(time.Time) {
		c.tally.Unpark()
		close(woken)
	})
	c.lookout.Park()
	<-woken
}
