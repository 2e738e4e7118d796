package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// pollsConfig says how much to measure: turns of each library, with so many waits of so many polls
// in each.
type pollsConfig struct{ Turns, Waits, Polls int }

// cost is what a poll takes.
type cost struct {
	Allocations, Bytes float64
	CPU                time.Duration
	Ratio              float64 // of the CPU time to that of the first, the loop, in the same turn
}

// polls is the part of a child that measures the libraries in turns, and answers with the medians
// of each.
func polls(parent child.Parent) error {
	var c pollsConfig
	if err := parent.Read(&c); err != nil {
		return err
	}
	flag.Bool("test.v", false, "") // lifts azcore's floor of a second between two polls, as in a test
	costs, err := inTurns(c.Turns, len(libraries), func(i int) (cost, error) {
		m, err := pollOnce(libraries[i], c)
		if err != nil {
			err = fmt.Errorf("%s: %w", libraries[i].name, err)
		}
		return m, err
	})
	if err != nil {
		return err
	}
	return parent.Write(costs)
}

// inTurns has each of n measured once a turn, and returns the medians of each.
func inTurns(turns, n int, measure func(i int) (cost, error)) ([]cost, error) {
	all := make([][]cost, n)
	for turn := range turns {
		for i := range n {
			m, err := measure(i)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], m)
			all[i][turn].Ratio = float64(m.CPU) / float64(all[0][turn].CPU)
		}
	}
	return medians(all), nil
}

// medians returns those of the turns of each.
func medians(turns [][]cost) []cost {
	costs := make([]cost, len(turns))
	for i, all := range turns {
		costs[i] = cost{
			Allocations: median(all, func(c cost) float64 { return c.Allocations }),
			Bytes:       median(all, func(c cost) float64 { return c.Bytes }),
			CPU:         time.Duration(median(all, func(c cost) float64 { return float64(c.CPU) })),
			Ratio:       median(all, func(c cost) float64 { return c.Ratio }),
		}
	}
	return costs
}

func pollOnce(l library, c pollsConfig) (cost, error) {
	service := &canned{pending: int64(c.Waits) * int64(c.Polls-1)}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpuTime()
	var wrong atomic.Pointer[error]
	err := l.run(context.Background(), service.every(time.Millisecond), uuids(c.Waits), func(err error) {
		if err != nil {
			wrong.Store(&err)
		}
	})
	took := cpuTime() - began
	runtime.ReadMemStats(&after)
	if p := wrong.Load(); p != nil && err == nil {
		err = *p
	}
	n := float64(service.polled.Load())
	return cost{
		Allocations: float64(after.Mallocs-before.Mallocs) / n,
		Bytes:       float64(after.TotalAlloc-before.TotalAlloc) / n,
		CPU:         time.Duration(float64(took) / n),
	}, err
}

// median returns the middle of what is measured, or the upper of two.
func median[T any](all []T, of func(T) float64) float64 {
	values := make([]float64, len(all))
	for i, v := range all {
		values[i] = of(v)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// cpuTime returns the processor time that this process has taken, in the kernel too.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
