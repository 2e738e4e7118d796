package mock_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport"
)

// slow is a Transport whose first call about each job waits as the function wait does. Other calls
// return at once.
type slow struct {
	wait func(context.Context) error

	mu   sync.Mutex
	seen map[string]bool
}

func (s *slow) Status(ctx context.Context, id string) (transport.Status, error) {
	s.mu.Lock()
	first := !s.seen[id]
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[id] = true
	s.mu.Unlock()
	if first {
		if err := s.wait(ctx); err != nil {
			return transport.Status{}, err
		}
	}
	return transport.Status{ID: id, State: transport.Completed}, nil
}

func (s *slow) Create(ctx context.Context, _ transport.CreateRequest) (string, error) {
	return "1", s.wait(ctx)
}
func (s *slow) Cancel(ctx context.Context, _ string) error { return s.wait(ctx) }

type slowBatch struct{ *slow }

func (s slowBatch) MaxBatch() int { return 10 }

func (s slowBatch) StatusBatch(ctx context.Context, ids []string) (answers []transport.Answer, err error) {
	for _, id := range ids {
		st, err := s.Status(ctx, id)
		if err != nil {
			return nil, err
		}
		answers = append(answers, transport.Answer{Status: st})
	}
	return answers, nil
}

func untilEnd(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// waits are ways in which code waits for something that only comes with time.
func waits(clk *mock.Clock) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"for its context": untilEnd,
		"in a helper": func(ctx context.Context) error {
			done := make(chan error)
			go func() { done <- untilEnd(ctx) }()
			return <-done
		},
		"for a derived context": func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			return untilEnd(ctx)
		},
		"for the clock": func(ctx context.Context) error {
			select {
			case <-clk.After(time.Hour):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		},
		"for what a timer does": func(ctx context.Context) error {
			ready := make(chan struct{})
			clk.AfterFunc(5*time.Second, func() { close(ready) })
			<-ready
			return errors.New("too late")
		},
		"for a lock": func(ctx context.Context) error {
			var mu sync.Mutex
			mu.Lock()
			defer context.AfterFunc(ctx, mu.Unlock)()
			mu.Lock()
			return context.Cause(ctx)
		},
		"for a group": func(ctx context.Context) error {
			var group sync.WaitGroup
			group.Add(1)
			defer context.AfterFunc(ctx, group.Done)()
			group.Wait()
			return context.Cause(ctx)
		},
		"for a server that is silent": func(ctx context.Context) error {
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
			defer srv.Close()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
			if err != nil {
				return err
			}
			_, err = srv.Client().Do(r)
			return err
		},
	}
}

// A plugin that waits for something that only comes with time ends at its poll timeout, to the
// nanosecond.
func TestAPluginThatWaitsForTimeGetsItsPollTimeout(t *testing.T) {
	t.Parallel()
	const timeout, backoffs = 5 * time.Second, time.Second
	for name := range waits(nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := mock.NewClock(t)
			for range 2 {
				s := &slow{wait: waits(clk)[name]}
				for _, tr := range []transport.Transport{s, slowBatch{s}} {
					s.seen = nil
					w, err := jobstatus.New(tr, jobstatus.WithClock(clk), jobstatus.WithPollTimeout(timeout),
						jobstatus.WithBackoff(backoff.Constant(backoffs)), jobstatus.WithSlack(jobstatus.Exact))
					require.NoError(t, err)
					began := clk.Now()
					clk.Run(func() {
						st, err := w.WaitForJob(t.Context(), "1")
						assert.NoError(t, err)
						assert.Equal(t, jobstatus.Completed, st.State)
					})
					assert.Equal(t, timeout+backoffs, clk.Since(began), "%T", tr)
					require.NoError(t, w.Close())
				}
			}
		})
	}
}

func TestACallThatWaitsForTimeGetsItsPollTimeout(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	w, err := jobstatus.New(&slow{wait: untilEnd}, jobstatus.WithClock(clk), jobstatus.WithPollTimeout(5*time.Second))
	require.NoError(t, err)
	defer w.Close()
	clk.Run(func() {
		_, err := w.CreateJob(t.Context())
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, w.CancelJob(t.Context(), "1"), context.DeadlineExceeded)
	})
	assert.Equal(t, 10*time.Second, clk.Elapsed())
}

// The function of Run may wait for the clock in any way, and so may the functions of Go and of
// timers.
func TestFunctionsMayWaitForTimeInAnyWay(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	got := make(chan string, 3)
	clk.AfterFunc(time.Second, func() {
		<-clk.After(time.Second)
		got <- fmt.Sprint("timer ", clk.Elapsed())
	})
	clk.Go(func() {
		<-clk.After(3 * time.Second)
		got <- fmt.Sprint("go ", clk.Elapsed())
	})
	clk.Run(func() {
		<-clk.After(time.Minute)
		got <- fmt.Sprint("run ", clk.Elapsed())
	})
	assert.Equal(t, "timer 2s go 3s run 1m0s", fmt.Sprint(<-got, " ", <-got, " ", <-got))
}

// In a bubble of testing/synctest real time costs nothing.
func TestAPluginThatWaitsForTimeInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clk := mock.NewClock(t)
		w, err := jobstatus.New(&slow{wait: untilEnd}, jobstatus.WithClock(clk), jobstatus.WithPollTimeout(5*time.Second),
			jobstatus.WithBackoff(backoff.Constant(time.Second)))
		require.NoError(t, err)
		defer w.Close()
		clk.Run(func() {
			_, err := w.WaitForJob(t.Context(), "1")
			assert.NoError(t, err)
		})
		assert.Equal(t, 6*time.Second, clk.Elapsed())
	})
}

// This test looks only at the states of goroutines, as soon as possible. Code that does not wait
// for time still runs to its end first, however slow it is.
func TestBeingSlowDoesNotChangeTheCourse(t *testing.T) {
	t.Parallel()
	course := func() string {
		clk := mock.NewClock(t)
		clk.Hasten()
		srv := mock.NewServer(t, mock.WithClock(clk), mock.Created(mock.Pending(30*time.Second), mock.Completed(nil)),
			mock.Fault(fault.Nth(2), fault.Latency(3*time.Second)), mock.Fault(fault.Nth(3), fault.Silence()),
			mock.Fault(fault.Nth(4), fault.Reset()), mock.Fault(fault.Nth(5), fault.Drip(time.Millisecond)))
		w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		require.NoError(t, err)
		defer w.Close()
		clk.Run(func() {
			id, err := w.CreateJob(t.Context())
			assert.NoError(t, err)
			_, err = w.WaitForJob(t.Context(), id)
			assert.NoError(t, err)
		})
		return fmt.Sprint(srv.Timeline(""), clk.Elapsed())
	}
	want := course()
	for range 20 {
		require.Equal(t, want, course())
	}
}

// The clock waits for a transport that computes for a long time.
func TestAPluginThatComputesIsWaitedFor(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	clk.Hasten()
	w, err := jobstatus.New(&slow{wait: func(ctx context.Context) error {
		for began := time.Now(); time.Since(began) < 20*time.Millisecond && ctx.Err() == nil; {
		}
		return ctx.Err()
	}}, jobstatus.WithClock(clk), jobstatus.WithBackoff(backoff.Constant(time.Second)))
	require.NoError(t, err)
	defer w.Close()
	clk.AfterFunc(time.Minute, func() {})
	clk.Run(func() {
		_, err := w.WaitForJob(t.Context(), "1")
		assert.NoError(t, err)
	})
	assert.Zero(t, clk.Elapsed())
}
