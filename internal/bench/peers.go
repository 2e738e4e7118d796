package main

import (
	"time"

	"github.com/aws/smithy-go/waiter"
	cenkalti "github.com/cenkalti/backoff/v5"
	"github.com/googleapis/gax-go/v2"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// peer is the schedule of another library. If that library exports the code of the schedule, the
// peer runs that code.
type peer struct {
	name string
	// begin begins a watch. It returns a function whose calls return the waits before each poll.
	begin func(key string) (next func() time.Duration)
}

var peers = []peer{
	{"AWS waiter 5-120 s", func(string) func() time.Duration {
		attempt := int64(0)
		return func() time.Duration {
			if attempt++; attempt == 1 {
				return 0
			}
			d, err := waiter.ComputeDelay(attempt-1, 5*time.Second, 2*time.Minute, 24*time.Hour)
			if err != nil {
				panic(err)
			}
			return d
		}
	}},
	{"Azure poller 30 s", func(string) func() time.Duration {
		return func() time.Duration { return 30 * time.Second }
	}},
	{"gax x2, 1-60 s", paused(gax.Backoff{Initial: time.Second, Max: time.Minute, Multiplier: 2})},
	{"gax x1.3, 1-60 s", paused(gax.Backoff{Initial: time.Second, Max: time.Minute, Multiplier: 1.3})},
	{"apimachinery 10 ms x2, 10 s", func(string) func() time.Duration {
		b := wait.Backoff{Duration: 10 * time.Millisecond, Factor: 2, Steps: 1 << 30, Cap: 10 * time.Second, Jitter: 0.1}
		return b.Step
	}},
	{"cenkalti exponential", func(string) func() time.Duration {
		b := cenkalti.NewExponentialBackOff()
		return b.NextBackOff
	}},
	{"fixed 1 s", fixed(time.Second)},
	{"fixed 2 s", fixed(2 * time.Second)},
	{"fixed 5 s", fixed(5 * time.Second)},
	{"ours: exponential 100 ms x2, 10 s", ours(backoff.Jitter(backoff.Cap(backoff.Exponential(100*time.Millisecond, 2), 10*time.Second), 0.1))},
	{"ours: linear 500 ms, 30 s", ours(backoff.Cap(backoff.Linear(500*time.Millisecond), 30*time.Second))},
	{"ours: quadratic, worth 1 s", ours(backoff.Quadratic(time.Second))},
	{"ours: fibonacci 500 ms, 30 s", ours(backoff.Cap(backoff.Fibonacci(500*time.Millisecond), 30*time.Second))},
	{"ours: decorrelated 500 ms, 10 s", ours(backoff.DecorrelatedJitter(500*time.Millisecond, 10*time.Second))},
	{"ours: adaptive, worth 1 s, untaught", ours(adaptive.New(adaptive.Worth(time.Second)))},
}

func paused(b gax.Backoff) func(string) func() time.Duration {
	return func(string) func() time.Duration {
		b := b
		return b.Pause
	}
}

func fixed(d time.Duration) func(string) func() time.Duration {
	return func(string) func() time.Duration { return func() time.Duration { return d } }
}

// ours follows a Strategy like a Watcher.
func ours(s backoff.Strategy) func(string) func() time.Duration {
	return func(key string) func() time.Duration {
		p := backoff.Poll{Key: key, Kind: kindName}
		return func() time.Duration {
			p.Previous = s.Next(p)
			p.Elapsed += p.Previous
			p.Attempt++
			return p.Previous
		}
	}
}
