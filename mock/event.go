package mock

import (
	"container/heap"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/benbjohnson/clock"
)

// An event happens at one instant. Only package clock can make a clock.Timer: with a real timer
// inside, or with a clock.Mock, which sleeps at each tick. So each event has a real timer that
// never fires. As long as that timer is set, the event was not stopped.
type event struct {
	at    time.Time
	order int
	fire  func(now time.Time)
	timer *clock.Timer
	stack [8]uintptr // of who set it
}

// setter returns the function that set the event: the first one outside of this package and of the
// package that waits.
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
	c.must()
	c.mu.Lock()
	timer := c.scheduleLocked(d, fire)
	watch := c.moving == 0 && !c.closed && c.stray == nil
	c.mu.Unlock()
	if watch {
		c.watchStray(false)
	}
	return timer
}

func (c *Clock) scheduleLocked(d time.Duration, fire func(time.Time)) *clock.Timer {
	c.made++
	c.version++
	timer := clock.New().AfterFunc(far, func() { c.t.Errorf("mock: a timer of the Clock was reset: make a new one") })
	e := &event{at: c.now.Add(max(d, 0)), order: c.made, fire: fire, timer: timer}
	runtime.Callers(2, e.stack[:])
	heap.Push(&c.events, e)
	if len(c.events) > 2*c.swept+1024 {
		c.sweep()
	}
	return timer
}

// sweep removes the events that were stopped.
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

// events is a heap, ordered by instant and, within an instant, by the order in which they were set.
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
