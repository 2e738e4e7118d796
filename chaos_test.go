package jobstatus_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
)

// chaosSeeds is the number of random runs. Many thousands were tried.
const chaosSeeds = 30

// Whatever service, plugins, callers and clock do at once, each wait has one result, and the
// figures add up. The failing subtest names the seed. The scheduler takes part in a run, so a seed
// may fail only now and then: repeat it with -run 'Chaos/seed_7$' -count 100.
func TestEachWaitHasOneResultInChaos(t *testing.T) {
	t.Parallel()
	for seed := range chaosSeeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newChaos(t, uint64(seed)).play() })
		})
	}
}

// Lengths of the parts of a run.
const (
	chaosMeddling = 140 * time.Second // the calls that do not wait are made for so long
	chaosPatience = 20 * time.Minute  // all waits return within this time after that
)

// chaos is one random run of a Watcher.
type chaos struct {
	*testing.T
	*dice
	service *chaosService
	learner *chaosLearner
	clock   *jumpingClock
	watcher *jobstatus.Watcher
	ended   atomic.Int64 // watches, as the Observer was told
}

// newChaos makes a Watcher with random plugins and options.
func newChaos(t *testing.T, seed uint64) *chaos {
	d := &dice{random: rand.New(rand.NewPCG(seed, 1))}
	c := &chaos{T: t, dice: d, clock: &jumpingClock{Clock: clock.New()}}
	c.service = &chaosService{dice: d, began: time.Now(), misbehaves: d.oneIn(2)}
	c.learner = &chaosLearner{TestingT: t, dice: d, open: map[string]int{}}
	opts := append(c.options(), jobstatus.WithBackoff(c.backoff()), jobstatus.WithObserver(observe.Func(c.observe)))
	if c.oneIn(2) {
		opts = append(opts, jobstatus.WithNotifier(chaosNotifier{c.service, c.oneIn(2)}))
	}
	if c.oneIn(2) {
		opts = append(opts, jobstatus.WithClock(c.clock))
		c.planJumps()
	}
	w, err := jobstatus.New(c.transport(), opts...)
	require.NoError(t, err)
	c.watcher = w
	return c
}

// options returns random limits.
func (c *chaos) options() []jobstatus.Option {
	opts := []jobstatus.Option{
		jobstatus.WithConcurrency(1 + c.below(20)), jobstatus.WithHolds(1 + c.below(10)), jobstatus.WithPollTimeout(2 * time.Second),
		jobstatus.WithTimeout(50 * time.Second), jobstatus.WithQuietInterval(time.Duration(1+c.below(20)) * time.Second),
	}
	if c.oneIn(3) {
		opts = append(opts, jobstatus.WithMaxWatches(20+c.below(60)))
	}
	if c.oneIn(3) {
		opts = append(opts, jobstatus.WithRateLimit(float64(1+c.below(50)), 1+c.below(5)))
	}
	return opts
}

// transport returns the service with or without its optional methods.
func (c *chaos) transport() jobstatus.Transport {
	switch c.below(4) {
	case 0:
		return chaosHolder{c.service}
	case 1:
		return chaosBatcher{c.service}
	case 2:
		return chaosHoldingBatcher{chaosBatcher{c.service}, chaosHolder{c.service}}
	default:
		return c.service
	}
}

// backoff returns the learner with or without its optional methods.
func (c *chaos) backoff() jobstatus.Backoff {
	switch c.below(3) {
	case 0:
		c.learner.follows = true
		return chaosFollower{c.learner}
	case 1:
		return chaosRanker{c.learner}
	default:
		return c.learner
	}
}

// planJumps makes the clock jump up to three times, by milliseconds or by half an hour.
func (c *chaos) planJumps() {
	for range c.below(4) {
		time.AfterFunc(c.within(100*time.Second), func() {
			by := c.within(2*time.Second) * time.Duration([]int{1, 30, 1000}[c.below(3)])
			if c.oneIn(3) {
				by = -by
			}
			c.clock.by.Add(int64(by))
		})
	}
}

// observe counts the watches that end, and sometimes ends its goroutine.
func (c *chaos) observe(ctx context.Context, e *observe.Event) context.Context {
	if e.Kind == observe.WatchEnded {
		c.ended.Add(1)
	}
	if e.Delay < 0 || e.Elapsed < 0 {
		c.Errorf("an impossible event: %+v", e)
	}
	if c.service.misbehaves && c.oneIn(200) {
		runtime.Goexit()
	}
	return ctx
}

// play lets callers wait and meddlers meddle, and checks that all of them return.
func (c *chaos) play() {
	defer c.watcher.Close()
	var callers, meddlers sync.WaitGroup
	for range 3 + c.below(15) {
		callers.Go(c.call)
	}
	over := make(chan struct{})
	for range c.below(3) {
		meddlers.Go(func() { c.meddle(over) })
	}
	if c.oneIn(3) {
		meddlers.Go(func() {
			time.Sleep(c.within(time.Minute))
			assert.NoError(c, c.watcher.Close())
		})
	}
	time.Sleep(chaosMeddling)
	close(over)
	meddlers.Wait()
	returned := make(chan struct{})
	go func() {
		callers.Wait()
		close(returned)
	}()
	select {
	case <-returned:
	case <-time.After(chaosPatience):
		c.Fatalf("a wait does not return: %+v", c.watcher.Stats())
	}
	c.checkNobodyWaits()
	time.Sleep(chaosPatience) // until the requests that ignore their context have returned
	assert.NoError(c, c.watcher.Close())
	synctest.Wait()
	c.checkTotals()
}

// meddle changes the rate limit, and asks for Stats and pending jobs, until over is closed.
func (c *chaos) meddle(over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(c.within(2 * time.Second)):
		}
		switch c.below(3) {
		case 0:
			assert.NoError(c, c.watcher.SetRateLimit(float64(20*(1+c.below(3))), 1+c.below(4)))
		case 1:
			c.checkPending()
		case 2:
			c.checkStats()
		}
	}
}

// checkPending checks that each pending job could be resumed.
func (c *chaos) checkPending() {
	for j := range c.watcher.Pending() {
		now := c.clock.Now()
		if j.ID == "" || j.Timeout < 0 || j.Began.After(now) || j.PolledUntil.After(now) || j.PolledUntil.Before(j.Began) {
			c.Errorf("an impossible pending job: %+v", j)
		}
	}
}

// checkStats checks that the figures of one moment add up.
func (c *chaos) checkStats() {
	s := c.watcher.Stats()
	assert.Equal(c, s.Watches, s.Waiting+s.Overdue+s.InFlight, "%+v", s)
	assert.GreaterOrEqual(c, min(s.Waiting, s.Overdue, s.InFlight, s.Held, s.Blocked, s.Waits), 0, "%+v", s)
}

// checkNobodyWaits checks that no figure counts a pending wait.
func (c *chaos) checkNobodyWaits() {
	s := c.watcher.Stats()
	assert.Equal(c, [6]int{}, [6]int{s.Watches, s.Waiting, s.Overdue, s.InFlight, s.Blocked, s.Waits}, "%+v", s)
	assert.Empty(c, slices.Collect(c.watcher.Pending()))
	for name, k := range s.Kinds {
		assert.Equal(c, [3]int{}, [3]int{k.Watches, k.Waits, k.Overdue}, name)
	}
}

// checkTotals checks that no request is left, and that the Observer, the Backoff and the Stats
// agree on how many watches have ended.
func (c *chaos) checkTotals() {
	s := c.watcher.Stats()
	assert.Zero(c, s.Held+s.RequestsInFlight, "%+v", s)
	assert.EqualValues(c, c.ended.Load(), s.Completed+s.Failed+s.Canceled+s.GaveUp, "the Observer and the Stats differ")
	c.learner.check(int(c.ended.Load()))
}

// dice is a source of random choices. It is safe for concurrent use.
type dice struct {
	mu     sync.Mutex
	random *rand.Rand
}

// below returns a number in [0, n).
func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.IntN(n)
}

// oneIn reports true once in n calls.
func (d *dice) oneIn(n int) bool { return d.below(n) == 0 }

// within returns a duration in [0, longest), in whole microseconds.
func (d *dice) within(longest time.Duration) time.Duration {
	return time.Duration(d.below(int(longest/time.Microsecond))) * time.Microsecond
}

// job returns the id of one of 200 jobs, so that callers share many of them.
func (d *dice) job() string { return fmt.Sprint("job-", d.below(200)) }
