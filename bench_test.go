package jobstatus_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
)

// BenchmarkWaitingWatch reports the memory of a watch that waits between two polls: heap and stacks
// after a garbage collection, including its id of 36 characters.
func BenchmarkWaitingWatch(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				bytes, goroutines := waitingWatches(b, n)
				b.ReportMetric(bytes/float64(n), "B/watch")
				b.ReportMetric(float64(goroutines), "goroutines")
			}
		})
	}
}

// waitingWatches returns the memory of n waiting watches in bytes, and their goroutines.
func waitingWatches(tb testing.TB, n int) (bytes float64, goroutines int) {
	polled := make(chan struct{}, n)
	w, err := jobstatus.New(transportFunc(func(context.Context, string) (jobstatus.Status, error) {
		polled <- struct{}{}
		return jobstatus.Status{State: jobstatus.Pending, Raw: "pending"}, nil
	}), jobstatus.WithBackoff(backoff.Sequence(time.Nanosecond, time.Hour)), jobstatus.WithTimeout(24*time.Hour))
	require.NoError(tb, err)
	before, already := inUse(), runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range w.WaitForJobs(ctx, uuids(n)) {
			break
		}
	}()
	late := time.After(guard)
	for range n {
		select {
		case <-polled:
		case <-late:
			require.FailNow(tb, "not all were polled")
		}
	}
	// The workers end once the last polls are back on the timeline.
	for end := time.Now().Add(guard); runtime.NumGoroutine() > already+1; runtime.Gosched() {
		require.True(tb, time.Now().Before(end), "goroutines are left")
	}
	bytes, goroutines = float64(inUse())-float64(before), runtime.NumGoroutine()-already
	cancel()
	<-done
	require.NoError(tb, w.Close())
	return bytes, goroutines
}

// BenchmarkStart reports the CPU time for beginning a million watches, including garbage
// collection. The ids exist already, and no watch is polled yet.
func BenchmarkStart(b *testing.B) {
	const n = 1_000_000
	w, err := jobstatus.New(transportFunc(func(context.Context, string) (jobstatus.Status, error) {
		return jobstatus.Status{State: jobstatus.Pending}, nil
	}), jobstatus.WithBackoff(backoff.Sequence(time.Hour)), jobstatus.WithTimeout(24*time.Hour))
	require.NoError(b, err)
	defer w.Close()
	all := slices.Collect(uuids(n))
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		before, began := cpuSeconds(), time.Now()
		for range w.WaitForJobs(ctx, func(yield func(string) bool) {
			for _, id := range all {
				if !yield(id) {
					return
				}
			}
			b.ReportMetric(time.Since(began).Seconds(), "s")
			b.ReportMetric(cpuSeconds()-before, "CPU-s")
			cancel()
		}) {
			break
		}
	}
}

// cpuSeconds returns the CPU time that this program has used. It runs a garbage collection first,
// which updates the runtime's estimate.
func cpuSeconds() float64 {
	runtime.GC()
	samples := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(samples)
	return samples[0].Value.Float64() - samples[1].Value.Float64()
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
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

// fault 51
func TestWaitingWatchTakesAFewBytesAndNoGoroutine(t *testing.T) {
	const n = 20_000
	bytes, goroutines := waitingWatches(t, n)
	require.LessOrEqual(t, bytes/n, 280.0)
	require.LessOrEqual(t, goroutines, 1, "the caller's own")
}

// fault 51: each job that a stream reports keeps what was reported, with a time of its own.
func TestAWatchThatIsHeardTakesAFewBytesAndNoGoroutine(t *testing.T) {
	const n = 10_000
	begin, told := make(chan struct{}), make(chan struct{})
	stream := notifierFunc(func(ctx context.Context, notify func(jobstatus.Status)) error {
		notify(jobstatus.Status{}) // it listens
		<-begin
		i := 0
		for id := range uuids(n) {
			notify(jobstatus.Status{ID: id, State: jobstatus.Running, Raw: "running", Updated: time.Unix(int64(i), 0)})
			i++
		}
		close(told)
		<-ctx.Done()
		return nil
	})
	w, err := jobstatus.New(transportFunc(func(context.Context, string) (jobstatus.Status, error) {
		return jobstatus.Status{State: jobstatus.Pending}, nil
	}), jobstatus.WithNotifier(stream), jobstatus.WithQuietInterval(time.Hour), jobstatus.WithTimeout(24*time.Hour))
	require.NoError(t, err)
	all := slices.Collect(uuids(n))
	before, already := inUse(), runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range w.WaitForJobs(ctx, func(yield func(string) bool) {
			for i := 0; i < n && yield(all[i]); i++ {
			}
			close(begin) // each job is watched
		}) {
			break
		}
	}()
	<-told
	require.EqualValues(t, n, w.Stats().Notifications)
	require.Equal(t, n, w.Stats().Waits)
	assert.LessOrEqual(t, (float64(inUse())-float64(before))/n, 300.0, "without the ids")
	runtime.KeepAlive(all)
	assert.LessOrEqual(t, runtime.NumGoroutine(), already+1, "the caller's own")
	cancel()
	<-done
	require.NoError(t, w.Close())
}
