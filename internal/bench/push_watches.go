package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"
)

// heardWatches returns the memory of each of n watches that one stream serves, and the number of
// goroutines of all of them.
func heardWatches(n int) (each float64, goroutines int, err error) {
	t, stop, err := newTeller()
	if err != nil {
		return 0, 0, err
	}
	defer stop()
	w, end, err := listening(pushes{pause: time.Second}, t, streamed(true))
	if err != nil {
		return 0, 0, err
	}
	defer end()
	before, already := used(), runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range w.WaitForJobs(ctx, func(yield func(string) bool) {
			for i := 0; i < n && yield(strings.Clone(fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i))); i++ {
			}
		}) {
			break
		}
	}()
	for w.Stats().Waits < n {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	each, goroutines = (float64(used())-float64(before))/float64(n), runtime.NumGoroutine()-already
	cancel()
	<-done
	return each, goroutines, nil
}

// used returns the bytes of heap and stacks after collections.
func used() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
