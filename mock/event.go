package mock

import (
	"container/heap"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/benbjohnson/clock"
)

// far is the duration of the real timer inside a virtual one, which must never fire.
const far = time.Duration(math.MaxInt64)

// An event happens at one instant. Only package clock can make a clock.Timer: with a real timer
// inside, or with a clock.Mock, which sleeps at each tick. So each event has a real timer that
// never fires. As long as that timer is set, the event was not stopped.
type event struct {
	at    time.Time
	order int
	fire  func(now time.Time)
	timer *clock.Timer
	stack [8]uintptr // the stack of the goroutine that set it
}

// setter returns the function that set the event: the first one outside of this package and of the
// package that waits.
func (e *event) setter() string {
	frames := runtime.CallersFrames(e.stack[:])
	for {
		f, more := frames.Next()
		if !more || !isPartOfClock(f.Function) && !strings.Contains(f.Function, "/internal/wait.") {
			return fmt.Sprintf("%s (%s:%d)", f.Function[strings.LastIndexByte(f.Function, '/')+1:], filepath.Base(f.File), f.Line)
		}
	}
}

// isPartOfClock reports whether a function is a method of a Clock or of one of its parts.
func isPartOfClock(function string) bool {
	_, method, _ := strings.Cut(function, "/mock.(*")
	receiver, _, _ := strings.Cut(method, ")")
	return slices.Contains([]string{"Clock", "agenda", "tally", "lookout", "tracker"}, receiver)
}

// live reports whether the event was not stopped. A timer that its owner reset, and that has not
// fired yet, counts as live and is set as before. So such a mistake can stay unnoticed.
func (e *event) live() bool {
	if e.timer.Reset(far) {
		return true
	}
	e.timer.Stop()
	return false
}

// An agenda is the events of a Clock, and the time that it shows. It is guarded by ground.mu.
type agenda struct {
	*ground
	now    time.Time
	events events
	made   int // the number of events so far
	swept  int // the number of events that the last sweep left
}

func (a *agenda) scheduleLocked(d time.Duration, fire func(time.Time)) *clock.Timer {
	a.made++
	a.version++
	timer := clock.New().AfterFunc(far, func() { a.t.Errorf("mock: a timer of the Clock was reset: make a new one") })
	e := &event{at: a.now.Add(max(d, 0)), order: a.made, fire: fire, timer: timer}
	runtime.Callers(2, e.stack[:])
	heap.Push(&a.events, e)
	if len(a.events) > 2*a.swept+1024 {
		a.sweepLocked()
	}
	return timer
}

// sweepLocked removes the events that were stopped.
func (a *agenda) sweepLocked() {
	kept := a.events[:0]
	for _, e := range a.events {
		if e.live() {
			kept = append(kept, e)
		}
	}
	clear(a.events[len(kept):])
	a.events, a.swept = kept, len(kept)
	heap.Init(&a.events)
}

// comingLocked reports whether any event is set.
func (a *agenda) comingLocked() bool {
	a.sweepLocked()
	return len(a.events) > 0
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
