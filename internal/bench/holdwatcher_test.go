package main

import (
	"context"
	"errors"
	"flag"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
)

// What is measured here is what hold.go simulates: a Watcher and a service that can hold some
// requests, on a virtual clock.

var figures = flag.Bool("figures", false, "print figures of docs/benchmarks.md that take minutes")

// keeping is a service that keeps a request until its job ends. It counts the requests that are
// made between from and to.
type keeping struct {
	service  *mock.Transport
	clock    *mock.Clock
	ends     map[string]time.Duration
	from, to time.Duration

	mu   sync.Mutex
	made int
}

var _ transport.Holder = (*keeping)(nil)

// keep returns a service that has the jobs.
func keep(t testing.TB, clk *mock.Clock, jobs []*vigil, from, to float64) *keeping {
	k := &keeping{clock: clk, ends: map[string]time.Duration{}, from: seconds(from), to: seconds(to)}
	opts := []mock.Option{mock.WithClock(clk), mock.KeepCalls(0)}
	for _, v := range jobs {
		k.ends[v.Key] = seconds(v.end)
		opts = append(opts, mock.Job(v.Key, mock.Pending(seconds(v.end)), mock.Completed(nil)))
	}
	k.service = mock.NewTransport(t, opts...)
	return k
}

func (k *keeping) Status(ctx context.Context, id string) (transport.Status, error) {
	k.count()
	return k.service.Status(ctx, id)
}

func (k *keeping) Hold(ctx context.Context, id string, _ transport.Status, d time.Duration) (transport.Status, error) {
	k.count()
	if err := transport.HostOf(ctx).Sleep(ctx, min(d, k.ends[id]-k.clock.Elapsed())); err != nil {
		return transport.Status{}, err
	}
	return k.service.Status(ctx, id)
}

func (k *keeping) count() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.clock.Elapsed(); k.from <= now && now < k.to {
		k.made++
	}
}

// unranked is a Backoff that does not rank, so that the polls that are due longest come first.
type unranked struct{ backoff.Follower }

// watched has a Watcher wait for the jobs, each from when it begins, until those have ended that
// end between from and to. It returns the requests a job, and the mean delay after which a wait
// returns.
func watched(t testing.TB, b backoff.Strategy, jobs []*vigil, from, to float64) score {
	clk := mock.NewClock(t)
	service := keep(t, clk, jobs, from, to)
	w, err := jobstatus.New(service, jobstatus.WithBackoff(b), jobstatus.WithClock(clk), jobstatus.WithHolds(slots), jobstatus.WithTimeout(jobstatus.Unlimited))
	require.NoError(t, err)
	var mu sync.Mutex
	var delays []float64
	var waits sync.WaitGroup
	left := 0 // waits that count and did not return. Guarded by mu, as is delays
	clk.Run(func() {
		for _, v := range jobs {
			counts := from <= v.end && v.end < to
			if counts {
				mu.Lock()
				left++
				mu.Unlock()
			}
			clk.Sleep(seconds(v.begin) - clk.Elapsed())
			waits.Add(1)
			clk.Go(func() {
				defer waits.Done()
				_, err := w.WaitForJob(context.Background(), v.Key, jobstatus.Kind(v.Kind))
				delay := clk.Elapsed() - seconds(v.end)
				mu.Lock()
				defer mu.Unlock()
				if counts {
					left--
				}
				switch {
				case errors.Is(err, jobstatus.ErrClosed):
				case err != nil || delay < 0:
					t.Errorf("%s: %v, %v after its end", v.Key, err, delay)
				case counts:
					delays = append(delays, delay.Seconds())
				}
			})
		}
		for over := false; !over; {
			clk.Sleep(time.Second)
			mu.Lock()
			over = left == 0
			mu.Unlock()
		}
		w.Close()
	})
	waits.Wait()
	slices.Sort(delays)
	n := float64(len(delays))
	return score{n: float64(service.made) / n, d: mean(delays), p99: delays[len(delays)*99/100]}
}

// watchedMix has a Watcher wait for a mix. To its learner, a second of delay is worth a request for
// each so many seconds. It ranks the watches, or does not.
func watchedMix(t testing.TB, m holdMix, worth, from, to float64, ranks bool) score {
	var b backoff.Strategy = adaptive.New(adaptive.Worth(seconds(worth)))
	if !ranks {
		b = unranked{b.(backoff.Follower)}
	}
	return watched(t, b, drawVigils(m.kinds, to+30, 1), from, to)
}

// ratioAt returns the delay of a Watcher that ranks over that of one that does not, at the requests
// of the latter. It interpolates between two prices of a request.
func ratioAt(t testing.TB, m holdMix, worth, from, to float64, base score) float64 {
	first := watchedMix(t, m, worth, from, to, true)
	other := worth * math.Pow(first.n/base.n, 2)
	if math.Abs(math.Log(other/worth)) < 0.05 {
		other = worth * 1.1
	}
	second := watchedMix(t, m, other, from, to, true)
	slope := max(min(math.Log(second.d/first.d)/math.Log(second.n/first.n), 0), -3)
	if math.Abs(math.Log(second.n/base.n)) < math.Abs(math.Log(first.n/base.n)) {
		first = second
	}
	return first.d / base.d * math.Pow(base.n/first.n, slope)
}

// TestFiguresOfHolds prints the figures of docs/benchmarks.md that are measured through a Watcher.
// Without -figures it does so for one law and a short time.
func TestFiguresOfHolds(t *testing.T) {
	t.Parallel()
	ratios := map[int]*average{1: {}, 3: {}} // by the number of kinds
	for _, m := range holdMixes() {
		if !*figures && m.name != "mix of bimodal 2/120" {
			continue
		}
		mean, _, from, to := m.span()
		if !*figures {
			from, to = 100, 220
		}
		base := watchedMix(t, m, mean/overlapWorth, from, to, false)
		ratio := ratioAt(t, m, mean/overlapWorth, from, to, base)
		ratios[len(m.kinds)].add(ratio)
		t.Logf("%s: %.2f requests a job, %.2f s by age, and %.2f of that by rank", m.name, base.n, base.d, ratio)
	}
	if *figures {
		t.Logf("geometric mean %.2f with one kind", ratios[1].geometric())
	}
	t.Logf("geometric mean %.2f with three kinds", ratios[3].geometric())
	assert.Less(t, ratios[3].geometric(), 0.85, "those that are likeliest to end are held")
}
