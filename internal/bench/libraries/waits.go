package main

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// waitsConfig says whose waits to measure, and how many.
type waitsConfig struct {
	Library string
	Waits   int
}

// held is what waits hold that wait: heap and stacks after garbage collection.
type held struct {
	Bytes      float64 // a wait
	Goroutines float64 // a wait
}

// waits is the part of a child that waits for jobs which never end, and measures what that takes.
func waits(parent child.Parent) error {
	var c waitsConfig
	if err := parent.Read(&c); err != nil {
		return err
	}
	l, err := find(c.Library)
	if err != nil {
		return err
	}
	debug.SetGCPercent(400) // what is left is the same, and sooner there
	service := &canned{pending: int64(c.Waits)}
	before, already := inUse(), runtime.NumGoroutine()
	failed := make(chan error, 1)
	fail := func(err error) {
		select {
		case failed <- fmt.Errorf("a wait ended: %v", err):
		default:
		}
	}
	go func() { // ends with the process
		fail(l.run(context.Background(), service.every(2*time.Minute), uuids(c.Waits), fail))
	}()
	for service.polled.Load() < int64(c.Waits) || !settled() {
		select {
		case err := <-failed:
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
	bytes, goroutines := float64(inUse())-float64(before), runtime.NumGoroutine()-already
	return parent.Write(held{bytes / float64(c.Waits), float64(goroutines) / float64(c.Waits)})
}

// settled reports whether goroutines have stopped to come and go, so that all that is left are
// those which wait.
func settled() bool {
	n := runtime.NumGoroutine()
	for range 10 {
		time.Sleep(10 * time.Millisecond)
		if runtime.NumGoroutine() != n {
			return false
		}
	}
	return true
}

// inUse returns the bytes of heap and stacks in use, once collecting garbage makes them no less: a
// collection halves a stack at most.
func inUse() uint64 {
	var m runtime.MemStats
	for last := ^uint64(0); ; {
		runtime.GC()
		runtime.ReadMemStats(&m)
		now := m.HeapAlloc + m.StackInuse
		if now+now/100 >= last {
			return min(now, last)
		}
		last = now
	}
}

// uuids yields n different ids of 36 characters, each a string of its own.
func uuids(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)) {
				return
			}
		}
	}
}
