package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// rhythm is how many jobs are polled, and how often each.
type rhythm struct {
	Jobs  int
	Every time.Duration
}

// steadyConfig says which of pollers asks a service about jobs that never end, and for how long
// that is measured.
type steadyConfig struct {
	rhythm
	Poller int
	URL    string
	For    time.Duration
}

// poller is who polls jobs that never end. Every poller asks about a job as soon as its id comes,
// and then each interval.
type poller struct {
	name string
	run  func(ctx context.Context, s service, ids iter.Seq[string], ended func(error)) error
}

// pollers has the loop first: it is what the others are measured by.
var pollers = []poller{
	{"loop written by hand, connections kept", each(keeping)},
	{ourName + ", exact", following(jobstatus.WithSlack(jobstatus.Exact))},
	{ourName, following()},
	{slackName, following(jobstatus.WithSlack(0.25))},
}

// keeping is the loop with a client that keeps each connection for the next poll, as
// http.DefaultClient does not.
func keeping(s service) func(context.Context, string) error {
	pool := http.DefaultTransport.(*http.Transport).Clone()
	pool.MaxIdleConns, pool.MaxIdleConnsPerHost = 0, math.MaxInt
	s.carrier = pool
	return loop(s)
}

// following has a Watcher wait for all jobs in one call. As the first wait is not zero, it spreads
// no first polls of its own.
func following(opts ...jobstatus.Option) func(context.Context, service, iter.Seq[string], func(error)) error {
	return func(ctx context.Context, s service, ids iter.Seq[string], ended func(error)) error {
		return together(append(opts, jobstatus.WithBackoff(backoff.Sequence(time.Nanosecond, s.every)))...)(ctx, s, ids, ended)
	}
}

// leastLead is how long polls go on at least before they are measured.
const leastLead = 50 * time.Millisecond

// steady is the part of a child that polls over real connections, and measures what that takes once
// they are open.
func steady(parent child.Parent) error {
	var c steadyConfig
	if err := parent.Read(&c); err != nil {
		return err
	}
	asked, err := dialAnswers(strings.TrimPrefix(c.URL, "http://"))
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	fail := func(err error) {
		select {
		case failed <- fmt.Errorf("a wait ended: %v", err):
		default:
		}
	}
	go func() { // ends with the process
		s := service{url: c.URL, every: c.Every}
		fail(pollers[c.Poller].run(context.Background(), s, phased(numbered(c.Jobs), c.Jobs, c.Every), fail))
	}()
	time.Sleep(max(2*c.Every, leastLead)) // all have begun in the first interval, and polled again in the second
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	first, err := asked.count()
	if err != nil {
		return err
	}
	began := cpuTime()
	select {
	case err := <-failed:
		return err
	case <-time.After(c.For):
	}
	took := cpuTime() - began
	last, err := asked.count()
	if err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	n := float64(max(last-first, 1))
	return parent.Write(cost{
		Allocations: float64(after.Mallocs-before.Mallocs) / n,
		Bytes:       float64(after.TotalAlloc-before.TotalAlloc) / n,
		CPU:         time.Duration(float64(took) / n),
	})
}

// phased yields each of n ids at a moment of its own within an interval, so that the polls of one
// have nothing to do with when those of another are. The moments are drawn, and the same each time.
func phased(ids iter.Seq[string], n int, every time.Duration) iter.Seq[string] {
	return func(yield func(string) bool) {
		random := rand.New(rand.NewPCG(1, 2))
		moments := make([]time.Duration, n)
		for i := range moments {
			moments[i] = time.Duration(random.Float64() * float64(every))
		}
		slices.Sort(moments)
		began := time.Now()
		i := 0
		for id := range ids {
			time.Sleep(time.Until(began.Add(moments[i])))
			if i++; !yield(id) {
				return
			}
		}
	}
}

// pollSteadily measures a poll of each of pollers in turns, and returns the medians of each.
func pollSteadily(c steadyConfig, turns int, next func(word string)) ([]cost, error) {
	return inTurns(turns, len(pollers), func(i int) (cost, error) {
		next(pollers[i].name)
		c.Poller = i
		m, err := pollInChild(c)
		if err != nil {
			err = fmt.Errorf("%s: %w", pollers[i].name, err)
		}
		return m, err
	})
}

func pollInChild(c steadyConfig) (m cost, err error) {
	service, err := child.Start("answers", struct{}{}, &c.URL)
	if err != nil {
		return m, err
	}
	err = child.Run("steady", c, &m)
	return m, errors.Join(err, service.End(nil))
}
