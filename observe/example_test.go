package observe_test

import (
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/observe"
)

// watch waits for a job that is done at the third poll.
func watch(opts ...jobstatus.Option) *jobstatus.Watcher {
	service, err := mock.NewService(mock.Job("report-1", mock.Pending(mock.Polls(2)), mock.Completed(nil)))
	if err != nil {
		log.Fatal(err)
	}
	w, err := jobstatus.New(&mock.Transport{Service: service}, append(opts, jobstatus.WithBaseDelay(time.Millisecond))...)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WaitForJob(context.Background(), "report-1", jobstatus.Kind("report")); err != nil {
		log.Fatal(err)
	}
	return w
}

// A counter counts, and can be read at any time.
type counter struct {
	polls, failed, jobs atomic.Int64
}

func (c *counter) Observe(ctx context.Context, e *observe.Event) context.Context {
	switch e.Kind {
	case observe.PollEnded:
		c.polls.Add(1)
		if e.Err != nil {
			c.failed.Add(1)
		}
	case observe.WatchEnded:
		c.jobs.Add(1)
	}
	return ctx
}

func Example() {
	c := &counter{}
	watch(jobstatus.WithObserver(c))
	fmt.Println(c.jobs.Load(), "job,", c.polls.Load(), "polls,", c.failed.Load(), "failed")
	// Output: 1 job, 3 polls, 0 failed
}

// A line of log for each job that ended.
func ExampleFunc() {
	logger := zap.NewExample()
	watch(jobstatus.WithObserver(observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
		if e.Kind == observe.WatchEnded {
			logger.Info("ended", zap.String("id", e.ID), zap.String("kind", e.JobKind), zap.Stringer("state", e.Status.State),
				zap.Int("polls", e.Attempt), zap.Error(e.Err))
		}
		return ctx
	})))
	// Output:
	// {"level":"info","msg":"ended","id":"report-1","kind":"report","state":"completed","polls":3}
}

// several calls each Observer in turn. Each gets the context of the one before, so that a trace
// that one of them begins reaches the poll and the others.
func several(all ...observe.Observer) observe.Observer {
	return observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
		for _, o := range all {
			if next := o.Observe(ctx, e); next != nil {
				ctx = next
			}
		}
		return ctx
	})
}

// Two Observers of one Watcher, such as a progress.Board and metrics.
func ExampleFunc_several() {
	one, other := &counter{}, &counter{}
	watch(jobstatus.WithObserver(several(one, other)))
	fmt.Println(one.polls.Load(), "polls,", other.jobs.Load(), "job")
	// Output: 3 polls, 1 job
}

// The Stats of a Watcher at /debug/vars.
func Example_expvar() {
	w := watch()
	stats := expvar.Func(func() any { return w.Stats() })
	// expvar.Publish("jobstatus", stats) serves them, once in a program.

	var served struct{ Completed, Requests int }
	if err := json.Unmarshal([]byte(stats.String()), &served); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", served)
	// Output: {Completed:1 Requests:3}
}
