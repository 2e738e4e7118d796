package jobstatus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

var running = jobstatus.Status{State: jobstatus.Running, Raw: "running"}

// say answers poll n with answer n, and later polls with the last answer.
func say(answers ...any) func(context.Context, string, int) (jobstatus.Status, error) {
	return func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
		switch a := answers[min(n, len(answers))-1].(type) {
		case transport.Class:
			return jobstatus.Status{}, &transport.Error{Class: a, Err: fmt.Errorf("odd answer %d", n)}
		case error:
			return jobstatus.Status{}, a
		default:
			return a.(jobstatus.Status), nil
		}
	}
}

// repeat returns a, n times.
func repeat(n int, a any) []any {
	return slices.Repeat([]any{a}, n)
}

// fault 6, fault 17 and fault 18: patience is a time, and is the same for every kind of odd answer.
func TestOddAnswersAreWaitedOutForAsLongAsPatienceLasts(t *testing.T) {
	completed := jobstatus.Status{State: jobstatus.Completed}
	outage := errors.New("connection refused")
	for _, class := range []transport.Class{transport.NotFound, transport.Malformed, transport.Misdirected} {
		for name, test := range map[string]struct {
			answers []any
			polls   int // 0 if the job completes
		}{
			"one":                              {[]any{running, class, completed}, 0},
			"for 29 s":                         {slices.Concat([]any{running}, repeat(30, class), []any{completed}), 0},
			"for 30 s":                         {slices.Concat([]any{running}, repeat(31, class), []any{completed}), 32},
			"twice, with a good one between":   {slices.Concat([]any{running}, repeat(30, class), []any{running}, repeat(30, class), []any{completed}), 0},
			"one after an outage":              {slices.Concat([]any{running}, repeat(60, outage), []any{class, completed}), 0},
			"on both sides of an outage":       {slices.Concat([]any{running, class}, repeat(40, outage), []any{class, completed}), 0},
			"for 30 s without an outage":       {slices.Concat([]any{running}, repeat(15, class), repeat(40, outage), repeat(16, class), []any{completed}), 72},
			"a permanent one is none of these": {[]any{running, transport.Permanent, completed}, 2},
		} {
			t.Run(fmt.Sprint(class, " ", name), func(t *testing.T) {
				inVirtualTime(t, func(w world) {
					s := w.service(say(test.answers...))
					watcher := w.watcher(s, every(time.Second))
					w.run(func() {
						st, err := watcher.WaitForJob(context.Background(), "a")
						if test.polls == 0 {
							require.NoError(w, err)
							return
						}
						require.Error(w, err)
						assert.False(w, errors.As(err, new(*jobstatus.WaitError)))
						assert.Equal(w, jobstatus.Running, st.State)
						assert.Len(w, s.polls("a"), test.polls)
					})
				})
			})
		}
	}
}

func TestOneOddAnswerEndsNoWaitThatPollsSeldom(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(say(running, transport.NotFound, running, transport.Malformed,
			jobstatus.Status{State: jobstatus.Completed})), every(time.Hour), jobstatus.WithTimeout(24*time.Hour))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
	})
}

// If a request about a job that was never seen did not reach the service, the job is certainly out
// of reach.
func TestAMisdirectedRequestEndsTheWaitForAJobThatWasNeverSeen(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(say(transport.Misdirected, running))
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.ErrorContains(w, err, "odd answer 1")
		})
		assert.Len(w, s.polls("a"), 1)
	})
}

// fault 11: a 421 is about the connection and not about the job, so that it is odd at once. A 404
// that is misdirected may come from a proxy whose service is just being replaced.
func TestAMisdirected404Or421EndsNoWaitBeforePatienceIsOver(t *testing.T) {
	inVirtualTime(t, func(w world) {
		for _, code := range []int{http.StatusNotFound, http.StatusMisdirectedRequest} {
			misrouted := &transport.Error{Class: transport.Misdirected, Code: code, Err: errors.New("another host")}
			watcher := w.watcher(w.service(say(slices.Concat(repeat(20, misrouted), []any{running, jobstatus.Status{State: jobstatus.Completed}})...)), every(time.Second))
			w.run(func() {
				_, err := watcher.WaitForJob(context.Background(), "a")
				require.NoError(w, err, code)
			})
			s := w.service(say(misrouted))
			watcher = w.watcher(s, every(time.Second))
			w.run(func() {
				_, err := watcher.WaitForJob(context.Background(), "a")
				require.ErrorIs(w, err, misrouted, code)
			})
			assert.Len(w, s.polls("a"), 31, code)
		}
	})
}

// The service named the job when it started it, so the job counts as seen.
func TestAMisdirectedRequestDoesNotEndTheWaitForAJobThatWasJustStarted(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(say(transport.Misdirected, transport.Misdirected, jobstatus.Status{State: jobstatus.Completed}))
		watcher := w.watcher(s, every(time.Second))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.From(jobstatus.Status{ID: "a", State: jobstatus.Pending}))
			require.NoError(w, err)
			_, err = watcher.WaitForJob(context.Background(), "b", jobstatus.From(jobstatus.Status{ID: "a", State: jobstatus.Pending}))
			require.ErrorContains(w, err, "odd answer 1", "it is another job")
		})
		assert.Len(w, s.polls("a"), 3)
	})
}

func TestPatienceIsAnOptionAndTheErrorSaysHowMuchWasUsed(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(say(transport.NotFound)), every(time.Second), jobstatus.WithPatience(5*time.Second))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.ErrorIs(w, err, jobstatus.ErrNotFound)
			assert.ErrorContains(w, err, "(for 5s, 6 polls); WithPatience allows more")
			_, err = watcher.WaitForJob(context.Background(), "b", jobstatus.Timeout(2*time.Second))
			require.ErrorIs(w, err, jobstatus.ErrNotFound)
			assert.ErrorContains(w, err, "(for 2s, ")
		})
	})
}

// fault 27: an impossible time of the service does not make later answers look old.
func TestATimeInTheFarFutureDoesNotFreezeUpdates(t *testing.T) {
	inVirtualTime(t, func(w world) {
		at := w.clock.Now()
		step := func(n int) jobstatus.Status {
			return jobstatus.Status{State: jobstatus.Running, Progress: float64(n) / 100, Updated: at.Add(time.Duration(n) * time.Second)}
		}
		wrong := jobstatus.Status{State: jobstatus.Running, Updated: at.AddDate(7000, 0, 0)}
		answers := []any{step(1), wrong}
		for n := 2; n < 60; n++ {
			answers = append(answers, step(n))
		}
		watcher := w.watcher(w.service(say(append(answers, jobstatus.Status{State: jobstatus.Completed})...)), every(time.Second))
		var last float64
		dropped := 0
		w.run(func() {
			for st, err := range watcher.Updates(context.Background(), "a") {
				require.NoError(w, err)
				last = max(last, st.Progress)
				dropped++
			}
		})
		assert.InDelta(w, 0.59, last, 1e-9)
		assert.Less(w, dropped, 40, "those of half a minute were taken for a replica's that lags")
	})
}

// fault 61
func TestLittleIsKeptOfWhatIsNotFinal(t *testing.T) {
	inVirtualTime(t, func(w world) {
		large := jobstatus.Status{State: jobstatus.Running, Raw: strings.Repeat("r", 1<<20), Message: strings.Repeat("m", 1<<20),
			Result: json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`), Revision: strings.Repeat("v", 1<<20)}
		final := large
		final.State = jobstatus.Completed
		watcher := w.watcher(w.service(say(large, final)), every(time.Second))
		w.run(func() {
			for st, err := range watcher.Updates(context.Background(), "a") {
				require.NoError(w, err)
				size := len(st.Raw) + len(st.Message) + len(st.Result) + len(st.Revision)
				if st.State == jobstatus.Running {
					assert.Less(w, size, 4<<10)
				} else {
					assert.Greater(w, size, 4<<20, "the end is told whole")
				}
			}
		})
	})
}

// Every consumer owns the Status that it gets.
func TestNobodySharesTheBytesOfAResult(t *testing.T) {
	inVirtualTime(t, func(w world) {
		shared := []byte(`{"n":1}`)
		watcher := w.watcher(w.service(say(jobstatus.Status{State: jobstatus.Running, Result: shared},
			jobstatus.Status{State: jobstatus.Completed, Result: shared})), every(time.Second))
		w.run(func() {
			spoil := func(st jobstatus.Status) {
				assert.JSONEq(w, `{"n":1}`, string(st.Result))
				copy(st.Result, "garbage")
			}
			for st := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"a", "a", "a"})) {
				spoil(st)
			}
			for st := range watcher.Updates(context.Background(), "b") {
				spoil(st)
			}
		})
	})
}

// The log stays short enough to read: an outage makes a few lines, however many jobs it affects.
func TestAnOutageIsAFewWarnings(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		core, logs := observer.New(zap.DebugLevel)
		s := w.service(nil)
		s.answer = func(context.Context, string, int) (jobstatus.Status, error) {
			switch at := w.clock.Since(s.began); {
			case at > 5*time.Second && at < 150*time.Second:
				return jobstatus.Status{}, errors.New("connection refused")
			case at > 4*time.Minute:
				return jobstatus.Status{State: jobstatus.Completed}, nil
			default:
				return jobstatus.Status{State: jobstatus.Unknown, Raw: "warming"}, nil
			}
		}
		watcher := w.watcher(s, every(time.Second), jobstatus.WithTimeout(time.Hour), jobstatus.WithLogger(zap.New(core)))
		for _, err := range watcher.WaitForJobs(context.Background(), ids(100)) {
			require.NoError(t, err)
		}
		var lines []string
		for _, l := range logs.FilterLevelExact(zap.WarnLevel).All() {
			assert.Equal(t, "jobstatus", l.LoggerName)
			lines = append(lines, l.Message)
		}
		assert.Equal(t, []string{"unknown state: the watch goes on, as if the job had not ended",
			"polls fail", "polls fail", "polls fail", "polls are answered again"}, lines)
		poll := logs.FilterMessage("poll").All()[0].ContextMap()
		assert.EqualValues(t, 1, poll["attempt"])
		assert.Contains(t, poll, "wait")
	})
}

// fault 56: no wait gives up before its overdue poll is made, and the error says what delayed that
// poll.
func TestAWaitThatIsHeldUpGetsItsLook(t *testing.T) {
	hangs := func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
		if strings.HasPrefix(id, "job") {
			<-ctx.Done()
			return jobstatus.Status{}, context.Cause(ctx)
		}
		return running, nil
	}
	for name, test := range map[string]struct {
		opt    jobstatus.Option
		answer func(context.Context, string, int) (jobstatus.Status, error)
		others int
		heldUp string
	}{
		"by a rate limit": {jobstatus.WithRateLimit(0.1, 1), say(running), 5, "the rate limit (WithRateLimit)"},
		"by busy workers": {jobstatus.WithConcurrency(4), hangs, 4, "busy workers (WithConcurrency)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) {
				s := w.service(test.answer)
				watcher := w.watcher(s, test.opt, every(time.Hour), jobstatus.WithPollTimeout(20*time.Second))
				var others sync.WaitGroup
				for id := range ids(test.others) {
					others.Go(func() { _, _ = watcher.WaitForJob(context.Background(), id, jobstatus.Timeout(time.Hour)) })
				}
				synctest.Wait()
				began := w.clock.Now()
				_, err := watcher.WaitForJob(context.Background(), "late", jobstatus.Timeout(5*time.Second))
				require.ErrorIs(t, err, jobstatus.ErrTimeout)
				var gaveUp *jobstatus.WaitError
				require.ErrorAs(t, err, &gaveUp)
				assert.Equal(t, test.heldUp, gaveUp.HeldUp)
				assert.ErrorContains(t, err, test.heldUp)
				assert.ErrorContains(t, err, "timeout reached (WithTimeout raises it; Timeout does so for one wait)")
				if name == "by busy workers" {
					assert.Len(t, s.polls("late"), 1)
				}
				assert.LessOrEqual(t, w.clock.Since(began), 25*time.Second)
				require.NoError(t, watcher.Close())
				others.Wait()
			})
		})
	}
}

// fault 57: a last look is taken once, whatever wait the service asks for.
func TestALastLookIsTakenOnce(t *testing.T) {
	t.Parallel()
	for name, pace := range map[string]time.Duration{"none": 0, "a second": time.Second, "a nanosecond": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) {
				st := running
				st.RetryAfter = pace
				s := w.service(say(st))
				watcher := w.watcher(s, every(time.Minute), jobstatus.WithTimeout(time.Hour))
				for range watcher.WaitForJobs(context.Background(), ids(1000)) {
				}
				assert.LessOrEqual(t, s.within(59*time.Minute, time.Hour), 1200, "in the last minute")
			})
		})
	}
}

// within counts the polls between two instants.
func (s *service) within(from, until time.Duration) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, polls := range s.asked {
		for _, at := range polls {
			if at >= from && at < until {
				n++
			}
		}
	}
	return n
}

// fault 16 and fault 59: the rate of first polls of a bulk is no higher than the later rate. This
// holds for any size, and for the default Backoff too.
func TestABulkBeginsAtAPaceThatItKeeps(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1000, 10_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) {
				s := w.service(never)
				watcher := w.watcher(s)
				for range watcher.WaitForJobs(context.Background(), ids(n)) {
				}
				const interval = 10 // in seconds: the longest wait of the default Backoff
				all := s.within(0, interval*time.Second)
				assert.LessOrEqual(t, s.busiest(0, interval), 2*all/interval, "the peak second, of the mean")
			})
		})
	}
}

func TestAWaiterThatJoinsAWatchWhoseNextPollIsFarGetsOneAtOnce(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(2, jobstatus.Completed))
		watcher := w.watcher(s, every(time.Hour), jobstatus.WithTimeout(3*time.Hour))
		w.run(func() {
			for range watcher.Updates(context.Background(), "a") {
				w.clock.Sleep(10 * time.Minute)
				_, err := watcher.WaitForJob(context.Background(), "a")
				require.NoError(w, err)
				break
			}
		})
		assert.Equal(w, seconds(0, 600), s.polls("a"))
	})
}

// A Transport that does not return delays nobody else. Its polls fail at the poll timeout, and
// Close does not wait for ever.
func TestPollsThatDoNotComeBackAreWrittenOff(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		core, logs := observer.New(zap.ErrorLevel)
		release := make(chan struct{})
		s := w.service(func(_ context.Context, id string, n int) (jobstatus.Status, error) {
			if strings.HasPrefix(id, "job") && n == 1 {
				<-release
			}
			return jobstatus.Status{State: jobstatus.Completed}, nil
		})
		watcher := w.watcher(s, every(time.Second), jobstatus.WithConcurrency(2), jobstatus.WithPollTimeout(5*time.Second),
			jobstatus.WithLogger(zap.New(core)))
		for st, err := range watcher.WaitForJobs(context.Background(), func(yield func(string) bool) {
			_ = yield("job-1") && yield("job-2") && yield("fine")
		}) {
			require.NoError(t, err, st.ID)
		}
		began := w.clock.Now()
		require.NoError(t, watcher.Close())
		assert.Equal(t, 5*time.Second, w.clock.Since(began))
		require.Equal(t, 1, logs.FilterMessage("polls did not come back after Close").Len())
		assert.ElementsMatch(t, []any{"job-1", "job-2"}, logs.All()[0].ContextMap()["ids"])
		close(release)
		synctest.Wait()
	})
}

// fault 55: one job that spoils a batch, by any fault, costs the other jobs nothing.
func TestAJobThatSpoilsItsBatchEndsNoOthersWait(t *testing.T) {
	for name, fault := range map[string]error{
		"transient": errors.New("internal"),
		"malformed": &transport.Error{Class: transport.Malformed, Err: errors.New("not JSON")},
		"permanent": &transport.Error{Class: transport.Permanent, Err: errors.New("bad request")},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				b := &batcher{service: w.service(after(10, jobstatus.Completed)), most: 50}
				b.reply = func(ids []string) ([]transport.Answer, error) {
					if slices.Contains(ids, "job-7") {
						return nil, fault
					}
					return nil, nil
				}
				watcher := w.watcher(b, every(5*time.Second), jobstatus.WithMaxAttempts(14))
				w.run(func() {
					for st, err := range watcher.WaitForJobs(context.Background(), func(yield func(string) bool) {
						for i := range 50 {
							if !yield(fmt.Sprintf("job-%d", i)) {
								return
							}
						}
					}) {
						require.NoError(w, err, st.ID)
					}
				})
				assert.Greater(w, slices.Max(b.sizes[len(b.sizes)/2:]), 20, "the size grows back: %v", b.sizes)
				assert.Less(w, len(b.sizes), 60)
			})
		})
	}
}

// It makes no difference which job spoils the batch, or in which order the others are polled.
func TestABatchIsDividedWhicheverJobSpoilsIt(t *testing.T) {
	t.Parallel()
	for spoiler := range 50 {
		virtually(t, func(w world) {
			b := &batcher{service: w.service(after(10, jobstatus.Completed)), most: 50}
			b.reply = func(ids []string) ([]transport.Answer, error) {
				if slices.Contains(ids, fmt.Sprintf("job-%032d", spoiler)) {
					return nil, errors.New("internal")
				}
				return nil, nil
			}
			watcher := w.watcher(b, every(5*time.Second), jobstatus.WithMaxAttempts(13))
			for st, err := range watcher.WaitForJobs(context.Background(), ids(50)) {
				assert.NoError(t, err, "%s, if %d spoils the batch", st.ID, spoiler)
			}
			require.NoError(t, watcher.Close())
		})
	}
}

// In an outage, batches are not divided: all requests fail, so smaller batches would only be more
// requests.
func TestAnOutageOfABatchedServiceIsNoReasonToAskMore(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		var down atomic.Bool
		alone := 0
		b := &batcher{most: 100}
		b.service = w.service(func(context.Context, string, int) (jobstatus.Status, error) {
			if down.Load() {
				alone++
				return jobstatus.Status{}, errors.New("connection refused")
			}
			return jobstatus.Status{State: jobstatus.Pending}, nil
		})
		b.reply = func([]string) ([]transport.Answer, error) {
			if down.Load() {
				return nil, errors.New("connection refused")
			}
			return nil, nil
		}
		watcher := w.watcher(b, every(10*time.Second), jobstatus.WithTimeout(10*time.Minute))
		count := func() int { b.mu.Lock(); defer b.mu.Unlock(); return len(b.sizes) }
		go func() {
			for range watcher.WaitForJobs(context.Background(), ids(2000)) {
			}
		}()
		time.Sleep(time.Minute)
		before := count()
		time.Sleep(time.Minute)
		steady := count() - before
		down.Store(true)
		before = count()
		time.Sleep(time.Minute)
		assert.LessOrEqual(t, count()-before+alone, steady*12/10, "steady: %d, alone: %d", steady, alone)
		require.NoError(t, watcher.Close())
	})
}

// A service that answers in pages of fixed length gets batches of at most one page.
func TestABatchIsNoLargerThanAPageOfTheService(t *testing.T) {
	inVirtualTime(t, func(w world) {
		b := &batcher{service: w.service(after(10, jobstatus.Completed)), most: 100}
		b.reply = func(ids []string) ([]transport.Answer, error) {
			var page []transport.Answer
			for _, id := range ids[:min(len(ids), 25)] {
				st, err := b.Status(context.Background(), id)
				st.ID = id
				page = append(page, transport.Answer{Status: st, Err: err})
			}
			return page, nil
		}
		watcher := w.watcher(b, every(5*time.Second), jobstatus.WithMaxAttempts(10))
		w.run(func() {
			for st, err := range watcher.WaitForJobs(context.Background(), ids(100)) {
				require.NoError(w, err, st.ID)
			}
		})
		assert.Equal(w, 25, slices.Max(b.sizes[4:]), "%v", b.sizes)
		assert.Less(w, len(b.sizes), 60)
	})
}
