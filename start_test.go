package jobstatus_test

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// starter is a service that starts jobs and has results.
type starter struct {
	*service
	first jobstatus.Status
	err   error
	req   transport.CreateRequest
	fetch func(ctx context.Context) (io.ReadCloser, error)
}

func (s *starter) Start(ctx context.Context, req transport.CreateRequest) (jobstatus.Status, error) {
	s.req = req
	return s.first, s.err
}

func (s *starter) Fetch(ctx context.Context, _ jobstatus.Status) (io.ReadCloser, error) {
	return s.fetch(ctx)
}

func completed(_ context.Context, id string, _ int) (jobstatus.Status, error) {
	return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
}

// creator is a service that can do no more than create.
type creator struct{ *service }

func (creator) Create(context.Context, transport.CreateRequest) (string, error) { return "made", nil }

// fault 13: the wait that the answer to a create names comes before the first poll.
func TestAWaitFromAStartKeepsTheWaitThatItNamed(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := &starter{service: w.service(completed), first: jobstatus.Status{ID: "a", State: jobstatus.Pending, RetryAfter: 7 * time.Second}}
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			first, err := watcher.StartJob(context.Background(), jobstatus.Input(1), jobstatus.IdempotencyKey("k"))
			require.NoError(w, err)
			assert.Equal(w, transport.CreateRequest{Input: 1, IdempotencyKey: "k"}, s.req)
			s.reset()
			st, err := watcher.WaitForJob(context.Background(), first.ID, jobstatus.From(first))
			require.NoError(w, err)
			assert.Equal(w, jobstatus.Completed, st.State)
		})
		assert.Equal(w, []time.Duration{7 * time.Second}, s.asked["a"])
	})
}

// fault 13: the wait that a create named is no longer than is allowed, and never cut short.
func TestTheWaitThatAStartNamedIsCappedAndNotCutShort(t *testing.T) {
	inVirtualTime(t, func(w world) {
		for _, c := range []struct {
			named, most, timeout time.Duration
			asked                []time.Duration
			ends                 time.Duration
			err                  error
		}{
			{time.Hour, 7 * time.Second, time.Minute, []time.Duration{7 * time.Second}, 7 * time.Second, nil},
			{30 * time.Second, 0, 10 * time.Second, nil, 10 * time.Second, jobstatus.ErrTimeout},
			{time.Hour, 0, time.Minute, nil, 0, jobstatus.ErrThrottled},
			{time.Hour, 0, 2 * time.Hour, []time.Duration{time.Hour}, time.Hour, nil},
		} {
			s := w.service(completed)
			watcher := w.watcher(s, every(time.Second), jobstatus.WithMaxRetryAfter(c.most))
			w.run(func() {
				began := w.clock.Now()
				_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.From(jobstatus.Status{ID: "a", RetryAfter: c.named}),
					jobstatus.Timeout(c.timeout))
				require.ErrorIs(w, err, c.err)
				assert.Equal(w, c.ends, w.clock.Since(began))
			})
			assert.Equal(w, c.asked, s.asked["a"])
		}
	})
}

// fault 64: the status of one job is not the end of another.
func TestAStartOfAnotherJobIsNoEnd(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(2, jobstatus.Completed)))
		w.run(func() {
			st, err := watcher.WaitForJob(context.Background(), "a", jobstatus.From(jobstatus.Status{ID: "b", State: jobstatus.Failed}))
			require.NoError(w, err)
			assert.Equal(w, "a", st.ID)
		})
	})
}

func TestAJobThatEndedAtItsStartIsNotPolled(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := &starter{service: w.service(never), first: jobstatus.Status{State: jobstatus.Failed, Message: "why"}}
		watcher := w.watcher(s)
		w.run(func() {
			first, err := watcher.StartJob(context.Background())
			require.NoError(w, err)
			st, err := watcher.WaitForJob(context.Background(), first.ID, jobstatus.From(first))
			assert.ErrorIs(w, err, jobstatus.ErrJobFailed)
			assert.Equal(w, first, st)
			updates := make(chan jobstatus.Status, 1)
			st, err = watcher.WaitForJobWithUpdates(context.Background(), first.ID, updates, jobstatus.From(first))
			assert.ErrorIs(w, err, jobstatus.ErrJobFailed)
			assert.Equal(w, first, st)
			assert.Equal(w, first, <-updates)
			n := 0
			for st, err := range watcher.Updates(context.Background(), first.ID, jobstatus.From(first)) {
				n++
				assert.ErrorIs(w, err, jobstatus.ErrJobFailed)
				assert.Equal(w, first, st)
			}
			assert.Equal(w, 1, n)
			_, err = watcher.WaitForJob(context.Background(), "a", jobstatus.From(first), jobstatus.MaxAttempts(-2))
			assert.ErrorContains(w, err, "MaxAttempts(-2)")
			_, err = watcher.CreateJob(context.Background())
			assert.ErrorContains(w, err, "ended at once")
		})
		assert.Empty(w, s.asked)
	})
}

// fault 53
func TestWhatAStartSaysIsWithinBounds(t *testing.T) {
	t.Parallel()
	done := func(context.Context, string, int) (jobstatus.Status, error) {
		return jobstatus.Status{State: jobstatus.Completed}, nil
	}
	for name, c := range map[string]struct{ first, want jobstatus.Status }{
		"unknown": {
			jobstatus.Status{ID: "a", State: 99, Progress: math.Inf(1), RetryAfter: transport.NoWait},
			jobstatus.Status{ID: "a", Progress: 1},
		},
		"completed": {
			jobstatus.Status{ID: "a", State: jobstatus.Completed, Progress: math.NaN(), RetryAfter: math.MinInt64},
			jobstatus.Status{ID: "a", State: jobstatus.Completed},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				watcher := w.watcher(&starter{service: w.service(done), first: c.first})
				w.run(func() {
					first, err := watcher.StartJob(context.Background())
					require.NoError(w, err)
					assert.Equal(w, c.want, first)
					st, err := watcher.WaitForJob(context.Background(), "a", jobstatus.From(c.first))
					require.NoError(w, err)
					assert.Equal(w, jobstatus.Status{ID: "a", State: jobstatus.Completed}, st)
				})
			})
		})
	}
}

func TestStartJobTakesWhatTheTransportCan(t *testing.T) {
	virtually(t, func(w world) {
		first, err := w.watcher(creator{w.service(never)}).StartJob(context.Background())
		require.NoError(w, err)
		assert.Equal(w, jobstatus.Status{ID: "made", State: jobstatus.Pending}, first)
		_, err = w.watcher(w.service(never)).StartJob(context.Background())
		assert.ErrorIs(w, err, errors.ErrUnsupported)
		_, err = w.watcher(&starter{service: w.service(never), err: errors.New("no")}).StartJob(context.Background())
		assert.EqualError(w, err, "jobstatus: start job: no")
		_, err = w.watcher(&starter{service: w.service(never), first: jobstatus.Status{State: jobstatus.Pending}}).StartJob(context.Background())
		assert.EqualError(w, err, "jobstatus: start job: the transport named no id of the job that it started")
		_, err = w.watcher(&starter{}).StartJob(context.Background(), nil)
		assert.EqualError(w, err, "jobstatus: start job: option 0 is nil")
		_, err = (*jobstatus.Watcher)(nil).StartJob(context.Background())
		assert.ErrorContains(w, err, "was not made by New")
	})
}

// blockedFrom answers that a job waits for a person from its nth poll on, until it completes.
func blockedFrom(n, until int) func(context.Context, string, int) (jobstatus.Status, error) {
	return func(_ context.Context, id string, poll int) (jobstatus.Status, error) {
		switch {
		case poll >= until:
			return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
		case poll >= n:
			return jobstatus.Status{ID: id, State: jobstatus.Blocked, Message: "approve?"}, nil
		default:
			return jobstatus.Status{ID: id, State: jobstatus.Running}, nil
		}
	}
}

func TestAWaitMayStopWhenItsJobIsBlocked(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(blockedFrom(3, 9))
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			st, err := watcher.WaitForJob(context.Background(), "a", jobstatus.StopWhenBlocked())
			assert.ErrorIs(w, err, jobstatus.ErrBlocked)
			var gaveUp *jobstatus.WaitError
			require.ErrorAs(w, err, &gaveUp)
			assert.Equal(w, "approve?", gaveUp.Last.Message)
			assert.Equal(w, jobstatus.Status{ID: "a", State: jobstatus.Blocked, Message: "approve?"}, st)
			assert.False(w, st.State.Terminal())
		})
		assert.Len(w, s.asked["a"], 3)
	})
}

// A wait that joins another stops at once, and the other goes on, at a slower pace.
func TestABlockedJobIsPolledSlowly(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(blockedFrom(2, 4))
		watcher := w.watcher(s, every(time.Second), jobstatus.WithTimeout(time.Hour))
		w.run(func() {
			for st, err := range watcher.Updates(context.Background(), "a") {
				require.NoError(w, err)
				if st.State == jobstatus.Blocked {
					began := w.clock.Now()
					_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.StopWhenBlocked())
					assert.ErrorIs(w, err, jobstatus.ErrBlocked)
					assert.Zero(w, w.clock.Since(began))
				}
			}
		})
		asked := s.asked["a"]
		require.Len(w, asked, 4)
		assert.Equal(w, []time.Duration{time.Second, 30 * time.Second, 30 * time.Second}, []time.Duration{asked[1] - asked[0], asked[2] - asked[1], asked[3] - asked[2]})
	})
}

func TestResultIsFetchedOrKept(t *testing.T) {
	virtually(t, func(w world) {
		done := jobstatus.Status{ID: "a", State: jobstatus.Completed, Result: []byte(`{"n":1}`)}
		s := &starter{service: w.service(never)}
		watcher := w.watcher(s, jobstatus.WithPollTimeout(time.Second))
		read := func() string {
			w.Helper()
			body, err := watcher.Result(context.Background(), done)
			require.NoError(w, err)
			defer body.Close()
			time.Sleep(time.Minute) // the poll timeout is for the beginning alone
			text, err := io.ReadAll(body)
			require.NoError(w, err)
			return string(text)
		}
		var given context.Context
		s.fetch = func(ctx context.Context) (io.ReadCloser, error) {
			given = ctx
			return io.NopCloser(&careful{ctx, strings.NewReader("large")}), nil
		}
		assert.Equal(w, "large", read())
		assert.Error(w, given.Err(), "it ends with the result")
		s.fetch = func(context.Context) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }
		assert.Equal(w, `{"n":1}`, read())
		s.fetch = func(ctx context.Context) (io.ReadCloser, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		_, err := watcher.Result(context.Background(), done)
		assert.ErrorContains(w, err, "poll timeout")
		s.fetch = func(context.Context) (io.ReadCloser, error) { panic("oh") }
		_, err = watcher.Result(context.Background(), done)
		assert.ErrorContains(w, err, "panic: oh")
		done.State = jobstatus.Running
		_, err = watcher.Result(context.Background(), done)
		assert.EqualError(w, err, `jobstatus: result of job "a": the job is running, not completed`)
		done.State = jobstatus.Completed
		watcher = w.watcher(w.service(never))
		assert.Equal(w, `{"n":1}`, read())
	})
}

// careful reads as long as its context lasts.
type careful struct {
	ctx context.Context
	io.Reader
}

func (c *careful) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.Reader.Read(p)
}

// fault 44: an id may be a URL with a token.
func TestAnIDIsPrintedWithoutItsQuery(t *testing.T) {
	virtually(t, func(w world) {
		const id = "/ops/7?t=CANARY"
		watcher := w.watcher(w.service(never), jobstatus.WithMaxAttempts(1))
		st, err := watcher.WaitForJob(context.Background(), id)
		for _, text := range []string{err.Error(), st.String()} {
			assert.NotContains(w, text, "CANARY")
			assert.Contains(w, text, "/ops/7…")
		}
		assert.Equal(w, id, st.ID)
	})
}

// A Transport's author waits, logs and retries as the Watcher does.
func TestATransportIsLentItsHost(t *testing.T) {
	inVirtualTime(t, func(w world) {
		var at []time.Duration
		began := w.clock.Now()
		s := w.service(func(ctx context.Context, id string, _ int) (jobstatus.Status, error) {
			h := transport.HostOf(ctx)
			assert.True(w, h.MayRetry(transport.Transient))
			if err := h.Sleep(ctx, 3*time.Second); err != nil {
				return jobstatus.Status{}, err
			}
			at = append(at, h.Now().Sub(began))
			return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
		})
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
		assert.Len(w, slices.Compact(at), 1)
		assert.GreaterOrEqual(w, at[0], 3*time.Second)
	})
}

func TestAResumedWaitKeepsTheWaitThatAStartNamed(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(2, jobstatus.Completed))
		watcher := w.watcher(s, jobstatus.WithTimeout(time.Hour))
		first := jobstatus.Status{ID: "a", State: jobstatus.Pending, RetryAfter: time.Minute}
		for age, polled := range map[time.Duration]time.Duration{time.Second: 59 * time.Second, time.Minute: 0} {
			s.reset()
			w.run(func() {
				_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.From(first), jobstatus.Began(w.clock.Now().Add(-age)))
				require.NoError(w, err)
			})
			if polled > 0 {
				assert.Equal(w, polled, s.polls("a")[0])
			} else {
				assert.Less(w, s.polls("a")[0], time.Minute)
			}
		}
	})
}

// An id that comes with an error is the caller's to follow.
func TestAnIDThatComesWithAnErrorIsNotLost(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		s := &starter{service: w.service(completed), first: jobstatus.Status{ID: "a", State: jobstatus.Running}, err: io.ErrUnexpectedEOF}
		watcher := w.watcher(s)
		first, err := watcher.StartJob(w.Context())
		require.ErrorIs(w, err, io.ErrUnexpectedEOF)
		require.ErrorContains(w, err, `"a"`)
		assert.Equal(w, jobstatus.Status{ID: "a"}, first)
		id, err := watcher.CreateJob(w.Context())
		require.ErrorIs(w, err, io.ErrUnexpectedEOF)
		assert.Equal(w, "a", id)
	})
}
