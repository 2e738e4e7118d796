package mock

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// TB is the part of testing.TB that this package needs, so that a program which is no test does not link package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Guard is how long, on the real clock, a Clock waits for what it set off to come to rest before it fails the test.
const Guard = 10 * time.Second

// Start is what a new Clock shows.
var Start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// far is when a real timer that stands for a virtual one would fire.
const far = time.Duration(math.MaxInt64)

// Clock is a clock.Clock that stands still until a test moves it. Hand it to jobstatus.WithClock.
//
// It moves from event to event, and each time it waits until all that the event set off is at rest: polls over a real socket
// have been answered, and every caller that the test runs waits for time to pass again. So a test neither sleeps nor guesses,
// and takes the same course each time. Events of one instant happen in the order in which they were asked for, each to rest
// before the next.
//
// What is at rest the Clock learns from this library's own code, the requests of transport/rest and of a Server's Client and the
// waits of a Service among it, and from Sleep; a goroutine of the test's own counts if Go or Run started it. Run, Next and Advance are for the test's goroutine; all else is safe for concurrent use.
//
// Timers are those of AfterFunc, Timer, After and Sleep. They can be stopped but not reset, and there are no tickers: both fail
// the test.
type Clock struct {
	t TB

	mu      sync.Mutex
	changed sync.Cond
	now     time.Time
	events  events
	made    int                // events so far
	swept   int                // events that were left by the last sweep
	busy    int                // pieces of work under way
	parked  int                // callers that wait for the library to wake them
	callers int                // functions under way that Go started
	asking  map[string]*asking // requests under way, by the client's address
}

// asking is a request under way.
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

// NewClock returns a Clock that shows Start.
func NewClock(t TB) *Clock {
	c := &Clock{t: t, now: Start, asking: map[string]*asking{}}
	c.changed.L = &c.mu
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, e := range c.events {
			e.timer.Stop()
		}
	})
	return c
}

// Go calls fn on a goroutine of its own. From now on the Clock moves only while fn waits for it.
func (c *Clock) Go(fn func()) {
	c.mu.Lock()
	c.callers++
	c.mu.Unlock()
	go func() {
		defer c.change(&c.callers, -1)
		fn()
	}()
}

// Run calls fn and moves from event to event until it has returned. If fn fails the test at once, as require does, so does Run.
func (c *Clock) Run(fn func()) {
	c.t.Helper()
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
		c.rest(&done)
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
	c.rest(nil)
	if panicked != nil {
		panic(panicked)
	}
	if !returned {
		runtime.Goexit()
	}
}

// Next moves to the next event, lets everything happen that is due at that instant, and returns how far it moved. It fails the
// test if nothing is to come.
func (c *Clock) Next() time.Duration {
	c.t.Helper()
	before := c.Now()
	c.rest(nil)
	if !c.step(far) {
		c.t.Fatalf("mock: there is no next event: %s", c.describe())
	}
	for c.rest(nil); c.step(0); c.rest(nil) {
	}
	return c.Since(before)
}

// Advance moves by d, through every event on the way.
func (c *Clock) Advance(d time.Duration) {
	c.t.Helper()
	end := c.Now().Add(d)
	for c.rest(nil); c.step(c.Until(end)); c.rest(nil) {
	}
	c.mu.Lock()
	c.now = end
	c.mu.Unlock()
}

// step moves to the next event and starts it, unless it is more than limit away.
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
		go func() {
			defer c.End()
			e.fire(e.at)
		}()
		return true
	}
	return false
}

// rest waits until nothing is under way, or until done.
func (c *Clock) rest(done *bool) {
	c.t.Helper()
	hung := false
	guard := time.AfterFunc(Guard, func() {
		c.mu.Lock()
		hung = true
		c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer guard.Stop()
	c.mu.Lock()
	for !hung && !(done != nil && *done) && (c.busy != 0 || c.parked < c.callers) {
		c.changed.Wait()
	}
	c.mu.Unlock()
	if hung {
		c.t.Fatalf("mock: not at rest after %v; is this Clock given to all that waits, by jobstatus.WithClock and mock.WithClock, and do "+
			"its contexts come from WithTimeout? %s", Guard, c.describe())
	}
}

// describe says what the Clock waits for.
func (c *Clock) describe() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep()
	const most = 10
	s := fmt.Sprintf("at %v after the start, %d of %d callers wait to be woken, %d pieces of work are under way, "+
		"%d requests are under way, %d timers are set", c.now.Sub(Start), c.parked, c.callers, c.busy, len(c.asking), len(c.events))
	requests := make([]string, 0, len(c.asking))
	for _, a := range c.asking {
		line := "\n\trequest " + a.what
		if a.served && a.until.IsZero() {
			line += ", which the service does not answer"
		} else if a.served {
			line += fmt.Sprintf(", which the service goes on with in %v", a.until.Sub(c.now))
		}
		requests = append(requests, line)
	}
	slices.Sort(requests)
	s += strings.Join(requests[:min(len(requests), most)], "")
	timers := slices.SortedFunc(slices.Values(c.events), func(a, b *event) int { return a.at.Compare(b.at) })
	for _, e := range timers[:min(len(timers), most)] {
		s += fmt.Sprintf("\n\ttimer in %v, set by %s", e.at.Sub(c.now), e.setter())
	}
	return s
}

// Begin, and End, Park, Unpark and Asking, are how this library's own code says what is under way. No test needs them.
func (c *Clock) Begin() { c.change(&c.busy, 1) }

// End is for this library's own code, as Begin is.
func (c *Clock) End() { c.change(&c.busy, -1) }

// Park is for this library's own code, as Begin is.
func (c *Clock) Park() { c.change(&c.parked, 1) }

// Unpark is for this library's own code, as Begin is.
func (c *Clock) Unpark() { c.change(&c.parked, -1) }

// Asking is for this library's own code, as Begin is.
func (c *Clock) Asking(local, request string) (over func()) {
	a := &asking{what: request}
	c.mu.Lock()
	c.asking[local] = a
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.asking[local] == a { // and not the next request on that connection
			delete(c.asking, local)
		}
		a.left = true
		c.awake(a)
	}
}

// serve says that a service lets the request of a client wait for d: the call that made it is no work until then, or until the
// client has left. What it returns is called at the end of the wait, and may be called sooner; it reports whether the client is still
// there, as far as this Clock knows, which is before the connection tells.
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
	if a != nil {
		a.served, a.until = true, until
		c.busy--
		c.changed.Broadcast()
	}
	return func() bool {
		stop()
		awake()
		c.mu.Lock()
		defer c.mu.Unlock()
		return a == nil || !a.left
	}
}

// awake counts the call that made a request as work again.
func (c *Clock) awake(a *asking) {
	if a != nil && a.served {
		a.served = false
		c.busy++
		c.changed.Broadcast()
	}
}

func (c *Clock) change(count *int, by int) {
	c.mu.Lock()
	*count += by
	c.mu.Unlock()
	c.changed.Broadcast()
}

// Now returns the time that the Clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Since returns the time from t to Now.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Until returns the time from Now to t.
func (c *Clock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// AfterFunc calls f on a goroutine of its own once d has passed; f counts as under way until it returns. Zero and less mean the
// next time that the Clock is moved.
func (c *Clock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	return c.schedule(d, func(time.Time) { f() })
}

// Timer returns a timer on whose channel the time is sent once d has passed.
func (c *Clock) Timer(d time.Duration) *clock.Timer {
	ch := make(chan time.Time, 1)
	timer := c.schedule(d, func(now time.Time) { ch <- now })
	timer.C = ch
	return timer
}

// After returns a channel on which the time is sent once d has passed.
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

// Ticker fails the test, as the Clock has no tickers.
func (c *Clock) Ticker(time.Duration) *clock.Ticker {
	c.t.Helper()
	c.t.Fatalf("mock: the Clock has no tickers: set a timer again each time it fires")
	return nil
}

// Tick fails the test, as Ticker does.
func (c *Clock) Tick(d time.Duration) <-chan time.Time {
	c.t.Helper()
	return c.Ticker(d).C
}

// WithTimeout is context.WithTimeout on this Clock. A wait whose context it made counts as under way from the moment that the
// context ends, as it does at its deadline or by its cancel function; how soon a wait notices the end of any other context, the
// Clock can't tell.
func (c *Clock) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return c.WithDeadline(parent, c.Now().Add(d))
}

// WithDeadline is context.WithDeadline on this Clock.
func (c *Clock) WithDeadline(parent context.Context, at time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	ctx, ending := wait.WithEnding(ctx)
	end := func(cause error) {
		cancel(cause)
		ending.Tell()
	}
	stop := wait.AfterFunc(c, c.Until(at), func() { end(context.DeadlineExceeded) })
	return deadline{ctx, at}, func() {
		stop()
		end(context.Canceled)
	}
}

// deadline is a context that ends at an instant of a Clock.
type deadline struct {
	context.Context
	at time.Time
}

func (d deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

func (d deadline) Err() error {
	if err := d.Context.Err(); err == nil || context.Cause(d.Context) != context.DeadlineExceeded {
		return err
	}
	return context.DeadlineExceeded
}

// An event is what happens at one instant. A clock.Timer can only be had from package clock, and only with a real timer inside
// or with a clock.Mock, which sleeps at each tick. So each event has a real timer that never fires: that it is still set says
// that the event was not stopped.
type event struct {
	at    time.Time
	order int
	fire  func(now time.Time)
	timer *clock.Timer
	stack [8]uintptr // of who set it
}

// setter returns who set the event: the first function outside of this package and of the one that waits.
func (e *event) setter() string {
	frames := runtime.CallersFrames(e.stack[:])
	for {
		f, more := frames.Next()
		if !more || !strings.Contains(f.Function, "/mock.(*Clock)") && !strings.Contains(f.Function, "/internal/wait.") {
			return fmt.Sprintf("%s (%s:%d)", f.Function[strings.LastIndexByte(f.Function, '/')+1:], filepath.Base(f.File), f.Line)
		}
	}
}

// live reports whether the event was not stopped.
func (e *event) live() bool {
	if e.timer.Reset(far) {
		return true
	}
	e.timer.Stop()
	return false
}

func (c *Clock) schedule(d time.Duration, fire func(time.Time)) *clock.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scheduleLocked(d, fire)
}

func (c *Clock) scheduleLocked(d time.Duration, fire func(time.Time)) *clock.Timer {
	c.made++
	timer := clock.New().AfterFunc(far, func() { c.t.Errorf("mock: a timer of the Clock was reset: make a new one") })
	e := &event{at: c.now.Add(max(d, 0)), order: c.made, fire: fire, timer: timer}
	runtime.Callers(2, e.stack[:])
	heap.Push(&c.events, e)
	if len(c.events) > 2*c.swept+1024 {
		c.sweep()
	}
	return timer
}

// sweep forgets the events that were stopped.
func (c *Clock) sweep() {
	kept := c.events[:0]
	for _, e := range c.events {
		if e.live() {
			kept = append(kept, e)
		}
	}
	clear(c.events[len(kept):])
	c.events, c.swept = kept, len(kept)
	heap.Init(&c.events)
}

// events is a heap by instant, and at one instant by order.
type events []*event

func (h events) Len() int { return len(h) }

func (h events) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}

func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)   { *h = append(*h, x.(*event)) }

func (h *events) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
