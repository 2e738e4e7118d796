package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// call waits for random jobs, in a random way.
func (c *chaos) call() {
	time.Sleep(c.within(20 * time.Second))
	patience := 24 * time.Hour
	if c.oneIn(3) {
		patience = c.within(40 * time.Second)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	returned := false
	defer func() { assert.True(c, returned, "a call ends its goroutine or panics") }()
	switch c.below(5) {
	case 0:
		c.waitForJob(ctx)
	case 1:
		c.waitWithUpdates(ctx)
	case 2:
		c.readUpdates(ctx)
	case 3:
		c.waitForJobs(ctx)
	case 4:
		c.waitForFeed(ctx)
	}
	returned = true
}

// watchOptions returns random options of a wait.
func (c *chaos) watchOptions() (opts []jobstatus.WatchOption) {
	if c.oneIn(3) {
		opts = append(opts, jobstatus.Kind(fmt.Sprint("kind-", c.below(5))))
	}
	if c.oneIn(3) {
		opts = append(opts, jobstatus.Timeout(time.Millisecond+c.within(time.Minute)))
	}
	if c.oneIn(5) {
		opts = append(opts, jobstatus.MaxAttempts(1+c.below(5)))
	}
	if c.oneIn(5) {
		opts = append(opts, jobstatus.Began(c.clock.Now().Add(-c.within(100*time.Second))))
	}
	if c.oneIn(5) {
		opts = append(opts, jobstatus.StopWhenBlocked())
	}
	return opts
}

func (c *chaos) waitForJob(ctx context.Context) {
	id := c.job()
	st, err := c.watcher.WaitForJob(ctx, id, c.watchOptions()...)
	c.told(id, st, err)
}

// waitWithUpdates reads its channel slowly.
func (c *chaos) waitWithUpdates(ctx context.Context) {
	id, updates := c.job(), make(chan jobstatus.Status)
	var reader sync.WaitGroup
	reader.Go(func() {
		for range updates {
			time.Sleep(c.within(2 * time.Second))
		}
	})
	st, err := c.watcher.WaitForJobWithUpdates(ctx, id, updates, c.watchOptions()...)
	c.told(id, st, err)
	reader.Wait()
}

// readUpdates reads slowly, and sometimes breaks out of the range.
func (c *chaos) readUpdates(ctx context.Context) {
	id, ended := c.job(), false
	for st, err := range c.watcher.Updates(ctx, id, c.watchOptions()...) {
		assert.False(c, ended, "an update after the end: %v, %v", st, err)
		if ended = err != nil || st.State.Terminal(); ended {
			c.told(id, st, err)
		}
		time.Sleep(c.within(500 * time.Millisecond))
		if c.oneIn(10) {
			return
		}
	}
	assert.True(c, ended, "the updates of %s stop before its end", id)
}

// errChaosBody is the panic of a loop's body.
var errChaosBody = errors.New("the body of a loop panics")

// waitForJobs takes ids from a slow sequence. The body of its loop sometimes breaks or panics.
func (c *chaos) waitForJobs(ctx context.Context) {
	results := &chaosResults{chaos: c, owed: map[string]int{}}
	ids := func(yield func(string) bool) {
		for range 1 + c.below(80) {
			if c.oneIn(4) {
				time.Sleep(c.within(300 * time.Millisecond))
			}
			id := c.job()
			results.owe(id, 1)
			if !yield(id) {
				return
			}
		}
	}
	defer func() {
		if panicked := recover(); panicked != nil && panicked != errChaosBody {
			panic(panicked)
		}
	}()
	for st, err := range c.watcher.WaitForJobs(ctx, ids, c.watchOptions()...) {
		results.take(st, err)
		switch {
		case c.oneIn(60):
			return
		case c.oneIn(100):
			panic(errChaosBody)
		}
		time.Sleep(c.within(100 * time.Millisecond))
	}
	time.Sleep(time.Second) // until the sequence has stopped
	results.check()
}

// waitForFeed receives jobs from a slow channel, and sometimes breaks out of the range.
func (c *chaos) waitForFeed(ctx context.Context) {
	results := &chaosResults{chaos: c, owed: map[string]int{}}
	feed, over := make(chan jobstatus.Job), make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() {
		defer close(feed)
		for range 1 + c.below(80) {
			job := c.feedJob()
			results.owe(job.ID, 1)
			select {
			case feed <- job:
			case <-over:
				results.owe(job.ID, -1)
				return
			}
			time.Sleep(c.within(300 * time.Millisecond))
		}
	})
	broke := false
	for st, err := range c.watcher.WaitForFeed(ctx, feed, c.watchOptions()...) {
		results.take(st, err)
		if broke = c.oneIn(60); broke {
			break
		}
	}
	close(over)
	sender.Wait()
	if !broke {
		results.check()
	}
}

// feedJob returns a new job, or one that is resumed.
func (c *chaos) feedJob() jobstatus.Job {
	job := jobstatus.Job{ID: c.job(), Kind: fmt.Sprint("kind-", c.below(3))}
	if c.oneIn(2) {
		job.Began, job.PolledUntil = c.clock.Now().Add(-c.within(100*time.Second)), c.clock.Now().Add(-c.within(50*time.Second))
	}
	if c.oneIn(10) {
		job.Last.Progress = 0.3
	}
	return job
}

// told checks the result of one wait.
func (c *chaos) told(id string, st jobstatus.Status, err error) {
	assert.Equal(c, id, st.ID)
	var job *jobstatus.JobError
	if err != nil && !errors.As(err, &job) {
		assert.NotEmpty(c, err.Error())
		assert.False(c, st.State.Terminal(), "%v comes with %v", st, err)
		return
	}
	assert.Equal(c, err == nil, st.State == jobstatus.Completed, "%v comes with %v", st, err)
	assert.True(c, st.State.Terminal(), "%v comes with %v", st, err)
	assert.Equal(c, c.service.state(id), st.State, "the service knows another state of %s", id)
}

// chaosResults counts the results of a call that waits for many jobs.
type chaosResults struct {
	*chaos
	mu   sync.Mutex
	owed map[string]int // results, by id
	cut  bool           // the call ended before its jobs
}

// owe adds n to the results that are owed for an id.
func (r *chaosResults) owe(id string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owed[id] += n
}

// take checks one result. The last one of a call that was cut short has no id.
func (r *chaosResults) take(st jobstatus.Status, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.False(r, r.cut, "a result after the last one: %v, %v", st, err)
	if st.ID == "" {
		r.cut = true
		assert.Error(r, err)
		return
	}
	r.owed[st.ID]--
	assert.GreaterOrEqual(r, r.owed[st.ID], 0, "a result of %s too many: %v", st.ID, err)
	r.told(st.ID, st, err)
}

// check checks that no result is missing. If the call was cut short, one may be.
func (r *chaosResults) check() {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing := 0
	for _, n := range r.owed {
		missing += n
	}
	allowed := 0
	if r.cut {
		allowed = 1
	}
	assert.LessOrEqual(r, missing, allowed, "results are missing: %v", r.owed)
}
