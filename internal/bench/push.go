package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/sse"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// This file measures, with the real clock and real connections on loopback, how long it takes from
// the notification of a job's end until a wait returns.

// pushes are the parameters of the measurement.
type pushes struct {
	jobs    int           // number of jobs for each way
	within  time.Duration // time in which they end, evenly spread
	pause   time.Duration // pause of the loop that polls
	watches int           // number of watches that one stream serves
}

// way is one way to learn of ends.
type way struct {
	name string
	wait func(p pushes, t *teller, ids []string) ([]time.Duration, error)
}

var waysOfLearning = []way{
	{"a loop that polls every second", looping},
	{"`WaitForJob`, polls every second", heard(nil)},
	{"`WaitForJob`, webhooks", heard(hooked(false))},
	{"`WaitForJob`, webhooks that are trusted", heard(hooked(true))},
	{"`WaitForJob`, a stream", heard(streamed(false))},
	{"`WaitForJob`, a stream that is trusted", heard(streamed(true))},
}

// pushTable prints how late the ends of jobs are learned, and how much memory a watch takes that
// listens.
func pushTable(out io.Writer, p pushes) error {
	trip, err := roundTrip(p)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d jobs that end within %v, over loopback. A round trip takes %s µs.\n\n", p.jobs, p.within, micros(trip))
	fmt.Fprint(out, "| learned by | requests a job | median, µs | 9 in 10, µs | median in round trips |\n|---|---|---|---|---|\n")
	for _, w := range waysOfLearning {
		late, polls, err := measure(w, p)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		half := late[len(late)/2]
		fmt.Fprintf(out, "| %s | %.2f | %s | %s | %.1f |\n", w.name, float64(polls)/float64(p.jobs), micros(half), micros(late[len(late)*9/10]),
			float64(half)/float64(trip))
	}
	each, goroutines, err := heardWatches(p.watches)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d watches that are heard on one stream: %.0f bytes each, heap and stacks; goroutines for all of them: %d.\n", p.watches, each, goroutines)
	return nil
}

// micros returns a duration in microseconds, with separators.
func micros(d time.Duration) string {
	text := strconv.FormatInt(d.Microseconds(), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// roundTrip returns the median time of a poll by net/http. The time between polls is that between
// ends.
func roundTrip(p pushes) (time.Duration, error) {
	t, stop, err := newTeller()
	if err != nil {
		return 0, err
	}
	defer stop()
	var took []time.Duration
	for range 300 {
		time.Sleep(p.within / time.Duration(p.jobs))
		began := time.Now()
		if _, err := t.ask("a"); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	t.client.CloseIdleConnections()
	slices.Sort(took)
	return took[len(took)/2], nil
}

// measure returns how late each end was learned by a way, in ascending order, and how many polls
// that took.
func measure(w way, p pushes) (late []time.Duration, polls int, err error) {
	t, stop, err := newTeller()
	if err != nil {
		return nil, 0, err
	}
	defer stop()
	defer t.client.CloseIdleConnections()
	ids := make([]string, p.jobs)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)
	}
	if late, err = w.wait(p, t, ids); err != nil {
		return nil, 0, err
	}
	if len(late) != len(ids) {
		return nil, 0, fmt.Errorf("%d of %d jobs were seen to end", len(late), len(ids))
	}
	slices.Sort(late)
	t.mu.Lock()
	defer t.mu.Unlock()
	return late, t.polls, nil
}

// waitForEach calls wait for each job, on a goroutine of its own, and ends the jobs meanwhile. It
// returns how long after its end each wait returned.
func waitForEach(p pushes, t *teller, ids []string, wait func(id string) error) ([]time.Duration, error) {
	var mu sync.Mutex
	var late []time.Duration
	var failed error
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() {
			time.Sleep(p.pause * time.Duration(i) / time.Duration(len(ids))) // so that they poll at different times
			err := wait(id)
			after := t.since(id)
			mu.Lock()
			defer mu.Unlock()
			if late = append(late, after); err != nil {
				failed = err
			}
		})
	}
	time.Sleep(p.pause)
	t.endAll(ids, p.within)
	all.Wait()
	return late, failed
}

// looping polls with a loop written by hand.
func looping(p pushes, t *teller, ids []string) ([]time.Duration, error) {
	t.client.Transport = &http.Transport{MaxIdleConnsPerHost: len(ids)}
	return waitForEach(p, t, ids, func(id string) error {
		for {
			if ended, err := t.ask(id); ended || err != nil {
				return err
			}
			time.Sleep(p.pause)
		}
	})
}

// hearFrom makes a Notifier for the notifications of a service.
type hearFrom func(t *teller, r *rest.Client) (n transport.Notifier, stop func(), err error)

// hooked makes the service call a webhook.
func hooked(trusted bool) hearFrom {
	return func(t *teller, r *rest.Client) (transport.Notifier, func(), error) {
		var opts []webhook.Option
		if trusted {
			opts = append(opts, webhook.WithTrust())
		}
		h, err := webhook.New(r, webhook.StandardWebhooks(pushSecret), opts...)
		if err != nil {
			return nil, nil, err
		}
		url, stop, err := listen(h)
		t.byWebhook(url)
		return h, stop, err
	}
}

// streamed makes the service stream events.
func streamed(trusted bool) hearFrom {
	return func(t *teller, r *rest.Client) (transport.Notifier, func(), error) {
		var opts []sse.Option
		if trusted {
			opts = append(opts, sse.WithTrust())
		}
		s, err := sse.New(t.url+"/events", r, opts...)
		if err != nil {
			return nil, nil, err
		}
		t.byStream()
		return s, func() { _ = s.Close() }, nil
	}
}

// heard waits with a Watcher that listens to a source, or polls if the source is nil.
func heard(from hearFrom) func(pushes, *teller, []string) ([]time.Duration, error) {
	return func(p pushes, t *teller, ids []string) ([]time.Duration, error) {
		w, stop, err := listening(p, t, from)
		if err != nil {
			return nil, err
		}
		defer stop()
		return waitForEach(p, t, ids, func(id string) error {
			_, err := w.WaitForJob(context.Background(), id)
			return err
		})
	}
}

// listening returns a Watcher that has begun to listen to a source.
func listening(p pushes, t *teller, from hearFrom) (w *jobstatus.Watcher, stop func(), err error) {
	r, err := rest.New(t.url)
	if err != nil {
		return nil, nil, err
	}
	opts := []jobstatus.Option{jobstatus.WithBackoff(backoff.Constant(p.pause)), jobstatus.WithTimeout(time.Hour)}
	end := func() {}
	begun := make(chan struct{}, 1)
	if from == nil {
		begun <- struct{}{}
	} else {
		n, stop, err := from(t, r)
		if err != nil {
			return nil, nil, err
		}
		end = stop
		opts = append(opts, jobstatus.WithNotifier(&begins{n, begun}))
	}
	if w, err = jobstatus.New(r, opts...); err != nil {
		return nil, nil, err
	}
	<-begun
	return w, func() { _ = w.Close(); _ = r.Close(); end() }, nil
}

// begins is a Notifier that says when it has begun to listen.
type begins struct {
	transport.Notifier
	begun chan<- struct{}
}

// Trusted returns what the Notifier returns.
func (b *begins) Trusted() bool {
	t, ok := b.Notifier.(transport.Truster)
	return ok && t.Trusted()
}

func (b *begins) Notify(ctx context.Context, notify func(transport.Status)) error {
	return b.Notifier.Notify(ctx, func(s transport.Status) {
		notify(s)
		if s.ID == "" {
			select {
			case b.begun <- struct{}{}:
			default:
			}
		}
	})
}
