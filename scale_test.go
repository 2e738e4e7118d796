package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// busiest returns the number of polls in the busiest second between two instants.
func (s *service) busiest(from, to int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	polls := make([]int, to)
	for _, asked := range s.asked {
		for _, at := range asked {
			if second := int(at / time.Second); second < to {
				polls[second]++
			}
		}
	}
	return slices.Max(polls[from:])
}

// fault 16: ten thousand watches that begin together are spread over the interval between their
// polls.
func TestTheFirstPollsOfABulkAreSpread(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		const n, seconds = 10_000, 30
		s := w.service(after(seconds/10, jobstatus.Completed))
		watcher := w.watcher(s, every(10*time.Second), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		for range watcher.WaitForJobs(context.Background(), ids(n)) {
		}
		assert.LessOrEqual(t, s.busiest(0, seconds), 2*int(watcher.Stats().Requests)/seconds, "the peak, of the mean")
	})
}

func TestTheFirstPollsOfABulkComeAFewAtATime(t *testing.T) {
	t.Parallel()
	first := func(w world, most int) (together map[time.Duration]int) {
		b := &batcher{service: w.service(after(2, jobstatus.Completed)), most: most} // no job ends while others join
		for _, err := range w.watcher(b, every(10*time.Second)).WaitForJobs(context.Background(), ids(1000)) {
			require.NoError(t, err)
		}
		together = map[time.Duration]int{}
		for _, asked := range b.asked {
			together[asked[0]]++
		}
		return together
	}
	virtually(t, func(w world) {
		together := first(w, 1)
		assert.Equal(t, 64, together[0], "at once")
		delete(together, 0)
		assert.Len(t, together, 59, "instants at which the others come")
		for at, n := range together {
			assert.LessOrEqual(t, n, 16, "at %v", at)
		}
		atOnce := 0
		for at, n := range first(w, 30) {
			if at <= 5*time.Millisecond {
				atOnce += n
			}
		}
		assert.Equal(t, 64, atOnce, "at once, in batches that 64 is no multiple of")
	})
}

func TestPollsThatAreDueAtAboutTheSameTimeShareAWakeUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n       int
		every   time.Duration
		late    time.Duration // the most requests
		wakeUps int           // the most requests in a round
		opts    []jobstatus.Option
	}{
		"few":                {63, time.Second, 0, 63, nil},
		"many":               {100, time.Second, 50 * time.Millisecond, 31, nil},
		"many, seldom":       {100, time.Minute, 50 * time.Millisecond, 100, nil},
		"many, often":        {100, 110 * time.Millisecond, 5500 * time.Microsecond, 28, nil},
		"many, exactly":      {100, time.Second, 0, 100, []jobstatus.Option{jobstatus.WithSlack(jobstatus.Exact)}},
		"few, as asked for":  {10, time.Second, 500 * time.Millisecond, 4, []jobstatus.Option{jobstatus.WithSlack(0.5)}},
		"many, as asked for": {100, time.Minute, 30 * time.Second, 4, []jobstatus.Option{jobstatus.WithSlack(0.5)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) {
				const rounds = 10
				service := w.service(after(rounds, jobstatus.Completed))
				watcher := w.watcher(service, append(c.opts, every(c.every), jobstatus.WithTimeout(jobstatus.Unlimited))...)
				apart := func(yield func(string) bool) {
					for id := range ids(c.n) {
						if w.clock.Sleep(c.every / time.Duration(c.n)); !yield(id) {
							return
						}
					}
				}
				for _, err := range watcher.WaitForJobs(context.Background(), apart) {
					require.NoError(t, err)
				}
				wakeUps := map[time.Duration]bool{}
				for _, asked := range service.asked {
					for i := 3; i < rounds; i++ { // all waits have begun by then
						late := asked[i] - asked[i-1] - c.every
						require.True(t, late >= 0 && late <= c.late, "%v", late)
						wakeUps[asked[i]] = true
					}
				}
				assert.LessOrEqual(t, len(wakeUps), c.wakeUps*(rounds-2))
			})
		})
	}
}

// fault 16: two thousand waits that give up together do not take their last looks in one second.
func TestTheLastLooksOfABulkAreSpread(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		const n, seconds = 2000, 300
		s := w.service(never)
		watcher := w.watcher(s, every(30*time.Second), jobstatus.WithMaxAttempts(jobstatus.Unlimited), jobstatus.WithTimeout(seconds*time.Second))
		for _, err := range watcher.WaitForJobs(context.Background(), ids(n)) {
			require.ErrorIs(t, err, jobstatus.ErrTimeout)
		}
		var before time.Duration // all their last polls
		for _, asked := range s.asked {
			before += seconds*time.Second - asked[len(asked)-1]
		}
		assert.Less(t, before/n, 13*time.Second, "from the last look of each, on average: half of a wait it would be without")
		assert.LessOrEqual(t, s.busiest(0, seconds), 2*int(watcher.Stats().Requests)/seconds, "the peak, of the mean")
	})
}

// fault 15: a service that is down for a minute gets no more requests than before, during the
// outage or later. It makes no difference whether it refuses requests or does not answer.
func TestAnOutageIsNoReasonToAskMore(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]bool{"refuses": false, "is silent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) {
				const n = 2000
				var began time.Time
				s := w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
					at := w.clock.Since(began)
					switch down := at >= 30*time.Second && at < 90*time.Second; {
					case began.IsZero():
						return after(3, jobstatus.Completed)(ctx, id, n)
					case down && silent:
						return jobstatus.Status{}, wait.Sleep(ctx, w.clock, time.Hour)
					case down:
						return jobstatus.Status{}, errors.New("connection refused")
					case at > 140*time.Second:
						return jobstatus.Status{State: jobstatus.Completed}, nil
					default:
						return jobstatus.Status{State: jobstatus.Running}, nil
					}
				})
				watcher := w.watcher(s, jobstatus.WithBackoff(backoff.ByKind(map[string]backoff.Strategy{"brief": backoff.Constant(10 * time.Millisecond)},
					backoff.Constant(10*time.Second))), jobstatus.WithMaxAttempts(jobstatus.Unlimited), jobstatus.WithTimeout(time.Hour))
				for range watcher.WaitForJobs(context.Background(), ids(300), jobstatus.Kind("brief")) { // what was, does not count
				}
				began = w.clock.Now()
				s.reset()
				done := 0
				for _, err := range watcher.WaitForJobs(context.Background(), ids(n)) {
					require.NoError(t, err)
					done++
				}
				assert.Equal(t, n, done, "nobody is lost")
				steady := s.busiest(15, 30)
				assert.LessOrEqual(t, float64(s.busiest(30, 140)), 1.1*float64(steady), "steady: %d", steady)
				assert.Zero(t, watcher.Stats().Watches)
			})
		})
	}
}

// fault 15: with an empty budget a poll waits for its turn. The turn comes soon, even if no watch
// is left that shows how often polls were made.
func TestAnEmptyBudgetHoldsUpNobodyForLong(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if id[:4] != "good" {
				return jobstatus.Status{}, errors.New("connection refused")
			}
			return after(1, jobstatus.Completed)(ctx, id, n)
		}))
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(200), jobstatus.MaxAttempts(1)) {
				require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
			}
			began := w.clock.Now() // the first polls of the bulk are spread
			for i := range 3 {     // each job is polled when no other one is there
				_, err := watcher.WaitForJob(context.Background(), fmt.Sprint("good", i))
				require.NoError(w, err)
			}
			assert.Less(w, w.clock.Since(began), 5*time.Second)
		})
	})
}

// Under a rate limit, the jobs that the Backoff ranks highest come first. The one that is overdue
// longest is not forgotten.
func TestALimitLeavesThoseForLastThatMatterLeast(t *testing.T) {
	inVirtualTime(t, func(w world) {
		const n = 200
		s := w.service(after(1, jobstatus.Completed))
		watcher := w.watcher(s, jobstatus.WithBackoff(byNumber{}), jobstatus.WithRateLimit(10, 1), jobstatus.WithTimeout(time.Hour))
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(n)) {
				require.NoError(w, err)
			}
		})
		var low, high time.Duration
		for id, asked := range s.asked {
			if number(id) < n/2 {
				low += asked[0]
			} else {
				high += asked[0]
			}
		}
		assert.Less(w, high, low*2/3)
		for id, asked := range s.asked {
			if number(id) == 0 {
				assert.LessOrEqual(w, asked[0], time.Second+8*100*time.Millisecond, "due for longest after a second, it ranks last")
			}
		}
	})
}

// Nothing is ranked before a request that the limit does not allow.
func TestDuePollsAreRankedOnceForEachRequest(t *testing.T) {
	inVirtualTime(t, func(w world) {
		var ranked atomic.Int64
		b := countedRanks{byNumber{}, &ranked}
		watcher := w.watcher(w.service(after(2, jobstatus.Completed)), jobstatus.WithBackoff(b), jobstatus.WithRateLimit(10, 1), jobstatus.WithTimeout(time.Hour))
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(100)) {
				require.NoError(w, err)
			}
		})
		assert.LessOrEqual(w, float64(ranked.Load())/float64(watcher.Stats().Requests), 17.0)
	})
}

// countedRanks counts the calls of Rank.
type countedRanks struct {
	byNumber
	ranked *atomic.Int64
}

func (b countedRanks) Rank(p backoff.Poll, since time.Duration) float64 {
	b.ranked.Add(1)
	return b.byNumber.Rank(p, since)
}

// byNumber is a Ranker that ranks jobs by the number in their id. All are polled after a second.
type byNumber struct{}

func (byNumber) Next(backoff.Poll) time.Duration              { return time.Second }
func (byNumber) Rank(p backoff.Poll, _ time.Duration) float64 { return float64(number(p.Key)) }

func number(id string) (n int) {
	_, _ = fmt.Sscanf(id, "job-%d", &n)
	return n
}

// If a Ranker panics, no watch is lost, and the panic is logged.
func TestARankerThatPanicsIsLoggedAndNobodyIsLost(t *testing.T) {
	inVirtualTime(t, func(w world) {
		core, logs := observer.New(zap.ErrorLevel)
		watcher := w.watcher(w.service(after(2, jobstatus.Completed)), jobstatus.WithBackoff(badRanker{}), jobstatus.WithRateLimit(10, 1),
			jobstatus.WithLogger(zap.New(core)))
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(20)) {
				require.NoError(w, err)
			}
		})
		assert.NotZero(w, logs.FilterMessage("backoff panicked in Rank").Len())
	})
}

type badRanker struct{}

func (badRanker) Next(p backoff.Poll) time.Duration {
	return min(time.Duration(p.Attempt), 1) * time.Second
}
func (badRanker) Rank(backoff.Poll, time.Duration) float64 { panic("no rank") }

func TestOneJobIsPolledOnceForThousandsOfWaiters(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		const n = 5000
		s := w.service(after(5, jobstatus.Completed))
		watcher := w.watcher(s, every(time.Second), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		var wg sync.WaitGroup
		var mu sync.Mutex
		var gaveUp int
		for i := range n {
			wg.Go(func() {
				timeout := time.Hour
				if i%2 == 1 {
					timeout = time.Duration(i) * 600 * time.Microsecond
				}
				if _, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(timeout)); err != nil {
					assert.ErrorIs(t, err, jobstatus.ErrTimeout)
					mu.Lock()
					gaveUp++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		assert.Positive(t, gaveUp)
		assert.LessOrEqual(t, gaveUp, n/2)
		stats := watcher.Stats()
		assert.EqualValues(t, 1, stats.Completed)
		assert.EqualValues(t, len(s.polls("a")), stats.Requests)
	})
}

// A kind whose polls take a minute gets three of four workers while another kind is there.
func TestASlowKindLeavesRoomForTheOthers(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if id != "quick" {
				return jobstatus.Status{State: jobstatus.Completed}, wait.Sleep(ctx, w.clock, time.Minute)
			}
			return after(3, jobstatus.Completed)(ctx, id, n)
		}), every(time.Second), jobstatus.WithConcurrency(4), jobstatus.WithPollTimeout(time.Hour), jobstatus.WithTimeout(time.Hour))
		began := w.clock.Now()
		for range watcher.Updates(context.Background(), "quick", jobstatus.Kind("quick")) { // it has been polled once
			var wg sync.WaitGroup
			wg.Go(func() {
				for _, err := range watcher.WaitForJobs(context.Background(), ids(40), jobstatus.Kind("slow")) {
					assert.NoError(t, err)
				}
				assert.Less(t, w.clock.Since(began), 15*time.Minute, "the slow ones have three workers")
			})
			_, err := watcher.WaitForJob(context.Background(), "quick", jobstatus.Kind("quick"))
			require.NoError(t, err)
			assert.Equal(t, 2*time.Second, w.clock.Since(began))
			wg.Wait()
			break
		}
	})
}

func TestKindsTakeTurnsWhereALimitBinds(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(1, jobstatus.Completed))
		watcher := w.watcher(s, jobstatus.WithRateLimit(1, 1), jobstatus.WithTimeout(time.Hour), jobstatus.WithBackoff(backoff.Constant(time.Second)))
		w.run(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			many := watcher.WaitForJobs(ctx, ids(50), jobstatus.Kind("many"))
			for range many { // all have begun, and one has ended
				_, err := watcher.WaitForJob(ctx, "one", jobstatus.Kind("few"))
				require.NoError(w, err)
				break
			}
		})
		assert.LessOrEqual(w, s.polls("one")[0], 5*time.Second)
	})
}

// A kind that uses all its workers, and was delayed by the rate limit before, waits until a worker
// is free.
func TestAKindThatHasItsWorkersIsNotTriedAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clk := &counting{Clock: clock.New(), most: 100}
		w := world{t, clk, func(f func()) { f() }}
		release := make(chan struct{})
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			<-release
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}), jobstatus.WithConcurrency(4), jobstatus.WithRateLimit(1, 3), jobstatus.WithPollTimeout(time.Hour), jobstatus.WithBackoff(
			backoff.Func(func(p backoff.Poll) time.Duration { return map[string]time.Duration{"later": time.Hour}[p.Kind] })))
		var wg sync.WaitGroup
		wg.Go(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(6)) {
				assert.NoError(t, err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			_, err := watcher.WaitForJob(context.Background(), "x", jobstatus.Kind("later"), jobstatus.Timeout(2*time.Hour))
			assert.NoError(t, err)
		})
		time.Sleep(10 * time.Second)
		assert.Less(t, clk.timers.Load(), clk.most)
		close(release)
		wg.Wait()
	})
}

// counting is a clock that counts the timers that are set. It slows down when there are too many.
type counting struct {
	clock.Clock
	timers atomic.Int64
	most   int64
}

func (c *counting) AfterFunc(d time.Duration, f func()) *clock.Timer {
	if c.timers.Add(1) > c.most {
		return c.Clock.AfterFunc(max(d, time.Second), f)
	}
	return c.Clock.AfterFunc(d, f)
}

func TestMaxWatchesRefusesTheNextAndNoOther(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(after(2, jobstatus.Completed)), every(time.Second), jobstatus.WithMaxWatches(3))
		w.run(func() {
			var refused []string
			done := 0
			for st, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"a", "b", "c", "a", "d", "e"})) {
				if err != nil {
					require.ErrorIs(w, err, jobstatus.ErrMaxWatches)
					refused = append(refused, st.ID)
				} else {
					done++
				}
			}
			assert.Equal(w, []string{"d", "e"}, refused)
			assert.Equal(w, 4, done, "that of a job that is watched already costs nothing")
			_, err := watcher.WaitForJob(context.Background(), "d")
			assert.NoError(w, err, "there is room again")
		})
	})
}

// batcher answers batches, and records the number of jobs in each.
type batcher struct {
	*service
	most  int
	reply func(ids []string) ([]transport.Answer, error)

	mu    sync.Mutex
	sizes []int
}

func (b *batcher) MaxBatch() int { return b.most }

func (b *batcher) StatusBatch(_ context.Context, ids []string) ([]transport.Answer, error) {
	b.mu.Lock()
	b.sizes = append(b.sizes, len(ids))
	b.mu.Unlock()
	if b.reply != nil {
		if answers, err := b.reply(ids); answers != nil || err != nil {
			return answers, err
		}
	}
	var answers []transport.Answer
	for _, id := range slices.Backward(ids) {
		st, err := b.Status(context.Background(), id)
		st.ID = id
		answers = append(answers, transport.Answer{Status: st, Err: err})
	}
	return answers, nil
}

func TestJobsThatAreDueTogetherAreAskedAboutInOneRequest(t *testing.T) {
	t.Parallel()
	for _, n := range []int{100, 400, 1000, 10_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) {
				const rounds = 8
				b := &batcher{service: w.service(after(rounds, jobstatus.Completed)), most: 100}
				watcher := w.watcher(b, every(10*time.Second), jobstatus.WithMaxAttempts(jobstatus.Unlimited),
					jobstatus.WithTimeout(jobstatus.Unlimited))
				done := 0
				for _, err := range watcher.WaitForJobs(context.Background(), ids(n)) {
					require.NoError(t, err)
					done++
				}
				assert.Equal(t, n, done)
				assert.LessOrEqual(t, float64(watcher.Stats().Requests)/rounds, max(float64(n)/80, 1), "requests a round")
				for id, asked := range b.asked {
					require.Len(t, asked, rounds, id)
				}
			})
		})
	}
}

func TestByDefaultJobsThatBeganTogetherStayInOneBatch(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		const rounds = 8
		b := &batcher{service: w.service(after(rounds, jobstatus.Completed)), most: 100}
		watcher := w.watcher(b)
		for _, err := range watcher.WaitForJobs(context.Background(), ids(120)) {
			require.NoError(t, err)
		}
		assert.Equal(t, uint64(2*rounds), watcher.Stats().Requests, "%d", b.sizes)
	})
}

func TestNothingIsLostWhereABatchIsNotAnsweredWhole(t *testing.T) {
	t.Parallel()
	all := func() (list []string) {
		for id := range ids(40) {
			list = append(list, id)
		}
		return list
	}()
	bad := all[17]
	for name, reply := range map[string]func(ids []string) ([]transport.Answer, error){
		"it is too large": func(ids []string) ([]transport.Answer, error) {
			if len(ids) > 7 {
				return nil, &transport.Error{Class: transport.Oversized, Code: 413}
			}
			return nil, nil
		},
		"one job breaks it": func(ids []string) ([]transport.Answer, error) {
			if slices.Contains(ids, bad) {
				return nil, &transport.Error{Class: transport.Permanent, Code: 400}
			}
			return nil, nil
		},
		"nothing in it was asked for": func([]string) ([]transport.Answer, error) {
			return []transport.Answer{{Status: jobstatus.Status{ID: "alien", State: jobstatus.Completed}}}, nil
		},
		"it panics": func([]string) ([]transport.Answer, error) { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				b := &batcher{service: w.service(after(8, jobstatus.Completed)), most: 16, reply: reply}
				watcher := w.watcher(b, every(time.Second), jobstatus.WithMaxAttempts(100))
				w.run(func() {
					done := map[string]bool{}
					for st, err := range watcher.WaitForJobs(context.Background(), slices.Values(all)) {
						require.NoError(w, err)
						done[st.ID] = true
					}
					assert.Len(w, done, len(all))
				})
				if name == "it is too large" {
					late := b.sizes[len(b.sizes)/2:]
					assert.LessOrEqual(w, slices.Max(late), 7, "the size is remembered: %v", b.sizes)
				}
			})
		})
	}
}

// fault 13: a wait that comes with the error for which a batch is divided applies like any other.
func TestABatchThatIsDividedIsLeftAloneAsLongAsTheServiceAsks(t *testing.T) {
	inVirtualTime(t, func(w world) {
		b := &batcher{service: w.service(after(1, jobstatus.Completed)), most: 8}
		b.reply = func(ids []string) ([]transport.Answer, error) {
			if len(ids) > 4 {
				return nil, &transport.Error{Class: transport.Oversized, Code: 413, RetryAfter: time.Minute}
			}
			return nil, nil
		}
		watcher := w.watcher(b, jobstatus.WithBackoff(backoff.Func(func(backoff.Poll) time.Duration { return time.Second })))
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(8)) {
				require.NoError(w, err)
			}
		})
		assert.Equal(w, []int{8, 4, 4}, b.sizes)
		for id, asked := range b.asked {
			assert.GreaterOrEqual(w, asked[0], time.Minute+time.Second, id)
		}
	})
}

// A job that must be asked about alone does not wait for the worker that asks about another one.
func TestJobsThatGoAloneAreAskedAboutAtOnce(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		b := &batcher{service: w.service(nil), most: 100, reply: func(ids []string) ([]transport.Answer, error) {
			return []transport.Answer{}, nil
		}}
		b.answer = func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			return jobstatus.Status{State: jobstatus.Completed}, wait.Sleep(ctx, w.clock, 10*time.Second)
		}
		watcher := w.watcher(b, every(time.Second))
		began := w.clock.Now()
		for _, err := range watcher.WaitForJobs(context.Background(), ids(20)) {
			require.NoError(t, err)
		}
		assert.Less(t, w.clock.Since(began), 12*time.Second)
	})
}

// Under a permanent rate limit, a job that must be asked about alone still gets its turn.
func TestAJobThatGoesAloneIsNotPassedOverForEver(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		b := &batcher{service: w.service(nil), most: 4}
		b.reply = func(ids []string) ([]transport.Answer, error) {
			var answers []transport.Answer
			for _, id := range ids {
				if id != "alone" {
					answers = append(answers, transport.Answer{Status: jobstatus.Status{ID: id, State: jobstatus.Running}})
				}
			}
			return answers, nil
		}
		b.answer = func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if id == "alone" {
				return jobstatus.Status{State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{State: jobstatus.Running}, nil
		}
		watcher := w.watcher(b, every(time.Millisecond), jobstatus.WithRateLimit(1, 1), jobstatus.WithTimeout(time.Hour),
			jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			for range watcher.WaitForJobs(ctx, ids(7)) {
			}
		})
		for range 10 { // wherever it comes in
			time.Sleep(100 * time.Millisecond)
			_, err := watcher.WaitForJob(ctx, "alone", jobstatus.Timeout(time.Minute))
			assert.NoError(t, err)
		}
		cancel()
		wg.Wait()
	})
}

func TestStatsSayWhatAWatcherDoes(t *testing.T) {
	inVirtualTime(t, func(w world) {
		ends := map[string]jobstatus.State{"a": jobstatus.Completed, "b": jobstatus.Failed, "c": jobstatus.Canceled, "d": jobstatus.Running}
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			return after(11, ends[id])(ctx, id, n)
		}), every(time.Second), jobstatus.WithMaxAttempts(20))
		assert.Zero(w, watcher.Stats())
		w.run(func() {
			for st, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"a", "b", "c", "d"})) {
				if st.ID == "a" {
					require.NoError(w, err)
					s := watcher.Stats()
					assert.InDelta(w, 4, s.Rate, 0.5)
				}
			}
		})
		s := watcher.Stats()
		assert.Equal(w, []uint64{1, 1, 1, 1, 53}, []uint64{s.Completed, s.Failed, s.Canceled, s.GaveUp, s.Requests})
		assert.Zero(w, s.Watches+s.Waiting+s.Overdue+s.InFlight)
		assert.InEpsilon(w, time.Second, s.Delay.P50, 0.13)
		assert.InEpsilon(w, time.Second, s.Delay.P99, 0.13)
		assert.Zero(w, (*jobstatus.Watcher)(nil).Stats())
	})
}

func TestStatsTellAWatchFromThePollThatOutlivesIt(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		release := make(chan struct{})
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if id == "hangs" {
				<-release
			}
			return after(2, jobstatus.Completed)(ctx, id, n)
		}), every(time.Minute))
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := watcher.WaitForJob(context.Background(), "waits")
			assert.NoError(t, err)
		})
		_, err := watcher.WaitForJob(context.Background(), "hangs", jobstatus.Timeout(time.Second))
		require.ErrorIs(t, err, jobstatus.ErrTimeout)
		synctest.Wait()
		s := watcher.Stats()
		assert.Equal(t, []int{1, 1, 0, 0}, []int{s.Watches, s.Waiting, s.Overdue, s.InFlight})
		close(release)
		wg.Wait()
		assert.Zero(t, watcher.Stats().InFlight)
	})
}

// fault 15: a poll that was canceled because its waits ended does not count as a failure of the
// service.
func TestAWaitThatIsLeftIsNoFailureOfTheService(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		core, logs := observer.New(zap.WarnLevel)
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if n == 1 {
				return jobstatus.Status{}, wait.Sleep(ctx, w.clock, time.Minute)
			}
			return after(2, jobstatus.Completed)(ctx, id, n)
		}), jobstatus.WithConcurrency(60), jobstatus.WithLogger(zap.New(core)))
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		for _, err := range watcher.WaitForJobs(ctx, ids(60)) {
			require.ErrorIs(t, err, context.Canceled)
		}
		synctest.Wait()
		assert.Zero(t, watcher.Stats().Errors)
		assert.Empty(t, logs.All())
		began := w.clock.Now()
		for _, err := range watcher.WaitForJobs(context.Background(), ids(60)) {
			require.NoError(t, err)
		}
		assert.Zero(t, w.clock.Since(began), "the retry budget is whole")
	})
}

// fault 15: a poll that the service had not answered at the timeout counts as a failure.
func TestAPollThatItsWaitCutsOffIsNoFailureOfTheService(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			return jobstatus.Status{}, wait.Sleep(ctx, w.clock, time.Hour)
		}))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Timeout(time.Second))
			require.ErrorIs(w, err, jobstatus.ErrTimeout)
		})
		require.NoError(w, watcher.Close()) // the poll has returned
		assert.Zero(w, watcher.Stats().Errors)
	})
}

func TestAWaitThatIsLeftTellsWhatItSawItself(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if n == 3 && id != "shared" {
				return jobstatus.Status{}, wait.Sleep(ctx, w.clock, time.Hour)
			}
			return after(8, jobstatus.Completed)(ctx, id, n)
		}), every(time.Second), jobstatus.WithConcurrency(100))
		var wg sync.WaitGroup
		wg.Go(func() {
			time.Sleep(500 * time.Millisecond) // the watch has begun, and was polled once
			_, err := watcher.WaitForJob(context.Background(), "shared")
			assert.NoError(t, err)
		})
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(2500*time.Millisecond, cancel)
		for st, err := range watcher.WaitForJobs(ctx, slices.Values([]string{"a", "b", "shared", "c"})) {
			var gaveUp *jobstatus.WaitError
			require.ErrorAs(t, err, &gaveUp)
			assert.NoError(t, gaveUp.LastErr, st.ID)
			assert.Equal(t, 2500*time.Millisecond, gaveUp.Elapsed, st.ID)
			assert.Equal(t, jobstatus.Pending, st.State)
			assert.Equal(t, map[bool]int{true: 3, false: 2}[st.ID == "shared"], gaveUp.Polls, st.ID)
			time.Sleep(10 * time.Second)
		}
		wg.Wait()
	})
}

func TestAnObserverHearsOfEachPollAndEnd(t *testing.T) {
	inVirtualTime(t, func(w world) {
		type key struct{}
		var heard []string
		var carried []any
		s := w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			carried = append(carried, ctx.Value(key{}))
			if n == 2 {
				return jobstatus.Status{}, errors.New("no answer")
			}
			return after(3, jobstatus.Completed)(ctx, id, n)
		})
		watcher := w.watcher(s, every(time.Second), jobstatus.WithObserver(observe.Func(
			func(ctx context.Context, e *observe.Event) context.Context {
				heard = append(heard, fmt.Sprint(e.Kind, e.IDs, e.ID, " ", e.Attempt, e.Changed, e.Wait, e.Err, e.Status.State))
				if e.Kind == observe.PollStarted {
					return context.WithValue(ctx, key{}, len(heard))
				}
				panic("an observer's")
			})))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.Kind("k"))
			require.NoError(w, err)
		})
		require.NoError(w, watcher.Close())
		assert.Equal(w, []string{
			"poll started [a] 0 false 0s <nil> unknown", "poll ended [a] 0 false 0s <nil> unknown", "answered []a 1 true 1s <nil> pending",
			"poll started [a] 0 false 0s <nil> unknown", "poll ended [a] 0 false 0s no answer unknown", "answered []a 2 false 1s no answer pending",
			"poll started [a] 0 false 0s <nil> unknown", "poll ended [a] 0 false 0s <nil> unknown", "answered []a 3 true -1ns <nil> completed",
			"watch ended []a 3 false 0s <nil> completed",
		}, heard)
		assert.Equal(w, []any{1, 4, 7}, carried)
	})
}

// A slow Observer delays only its own poll.
func TestASlowObserverDoesNotShortenTheNextPoll(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		watcher := w.watcher(w.service(func(ctx context.Context, id string, n int) (jobstatus.Status, error) {
			if err := wait.Sleep(ctx, w.clock, time.Second); err != nil {
				return jobstatus.Status{}, err
			}
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}), jobstatus.WithConcurrency(1), jobstatus.WithPollTimeout(2*time.Second),
			jobstatus.WithObserver(observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
				if e.Kind == observe.Answered {
					time.Sleep(3 * time.Second)
				}
				return ctx
			})))
		for _, err := range watcher.WaitForJobs(context.Background(), slices.Values([]string{"a", "b", "c"})) {
			require.NoError(t, err)
		}
		assert.Zero(t, watcher.Stats().Errors)
	})
}

// A limit that is too large for any sum does not limit a kind.
func TestTheLargestConcurrencyIsNoLimit(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		s := w.service(func(_ context.Context, id string, _ int) (jobstatus.Status, error) {
			time.Sleep(time.Second)
			return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
		})
		watcher := w.watcher(s, jobstatus.WithConcurrency(math.MaxInt), jobstatus.WithBackoff(backoff.Func(func(p backoff.Poll) time.Duration {
			return map[string]time.Duration{"slow": time.Hour}[p.Kind]
		})))
		ctx, cancel := context.WithCancel(w.Context())
		slow := heardBy(ctx, watcher, "slow", jobstatus.Kind("slow"), jobstatus.Timeout(2*time.Hour))
		began := time.Now()
		ids := slices.Values([]string{"a", "b", "c", "d", "e", "f", "g", "h"})
		for _, err := range watcher.WaitForJobs(w.Context(), ids, jobstatus.Kind("quick")) {
			require.NoError(w, err)
		}
		assert.Equal(w, time.Second, time.Since(began))
		cancel()
		<-slow
	})
}
