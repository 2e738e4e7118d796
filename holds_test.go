package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// keeper is a service that holds requests until their job ends, and counts them.
type keeper struct {
	*diary
	hold func(ctx context.Context, d time.Duration) error // what a hold does instead of waiting; nil means that it waits

	mu      sync.Mutex
	holds   int
	inside  int
	most    int
	kinds   map[byte]int // the number of holds by the first letter of the id
	lengths []time.Duration
	changed chan struct{}
}

func newKeeper() *keeper { return &keeper{diary: newDiary(), changed: make(chan struct{})} }

func (k *keeper) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	k.mu.Lock()
	k.holds++
	k.inside++
	k.most = max(k.most, k.inside)
	k.lengths = append(k.lengths, d)
	if k.kinds == nil {
		k.kinds = map[byte]int{}
	}
	k.kinds[id[0]]++
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		k.inside--
		k.mu.Unlock()
	}()
	if k.hold != nil {
		if err := k.hold(ctx, d); err != nil {
			return transport.Status{}, err
		}
		k.diary.mu.Lock()
		defer k.diary.mu.Unlock()
		if state := k.ended[id]; state != transport.Unknown {
			last.State = state
		}
		return last, nil
	}
	over := time.After(d)
	for {
		k.mu.Lock()
		changed := k.changed
		k.mu.Unlock()
		k.diary.mu.Lock()
		state := k.ended[id]
		k.diary.mu.Unlock()
		if state != last.State && state != transport.Unknown {
			return transport.Status{ID: id, State: state}, nil
		}
		select {
		case <-changed:
		case <-over:
			return last, nil
		case <-ctx.Done():
			return transport.Status{}, context.Cause(ctx)
		}
	}
}

// end ends a job, and answers the requests that are held for it.
func (k *keeper) end(id string, state transport.State) {
	k.diary.end(id, state)
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.changed)
	k.changed = make(chan struct{})
}

func (k *keeper) held() (holds, most int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.holds, k.most
}

func TestAHeldJobEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		w := feedWatcher(t, k, jobstatus.WithBackoff(backoff.Constant(10*time.Second)), jobstatus.WithTimeout(time.Hour))
		go func() {
			time.Sleep(200*time.Second + 123*time.Millisecond)
			k.end("a", transport.Completed)
		}()
		began := time.Now()
		_, err := w.WaitForJob(t.Context(), "a", jobstatus.MaxAttempts(3))
		require.NoError(t, err, "a hold without news is no attempt")
		assert.Equal(t, 200*time.Second+123*time.Millisecond, time.Since(began))
		holds, _ := k.held()
		assert.Equal(t, 4, holds)
		assert.Len(t, k.of("a"), 1)
		assert.EqualValues(t, 5, w.Stats().Requests)
	})
}

func TestHoldsAreBoundedApartFromPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		w := feedWatcher(t, k, jobstatus.WithBackoff(backoff.Constant(10*time.Second)), jobstatus.WithTimeout(time.Hour),
			jobstatus.WithHolds(5), jobstatus.WithConcurrency(1))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		var ids []string
		for i := range 30 {
			ids = append(ids, fmt.Sprint(i))
		}
		go func() {
			time.Sleep(4 * time.Minute)
			s := w.Stats()
			assert.Equal(t, 5, s.Held)
			assert.Equal(t, 30, s.Watches)
		}()
		for range w.WaitForJobs(ctx, slices.Values(ids)) {
		}
		holds, most := k.held()
		assert.Equal(t, 5, most)
		assert.GreaterOrEqual(t, holds, 20)
		assert.Greater(t, len(k.all), 25*25, "all others are polled")
		assert.Zero(t, w.Stats().Held)
	})
}

func TestAHoldEndsInTimeForTheLastLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		w := feedWatcher(t, k, jobstatus.WithBackoff(backoff.Constant(time.Second)))
		began := time.Now()
		long := heardBy(t.Context(), w, "a", jobstatus.Timeout(100*time.Second))
		time.Sleep(10 * time.Second)
		short := heardBy(t.Context(), w, "a", jobstatus.Timeout(20*time.Second))
		require.ErrorIs(t, (<-short).err, jobstatus.ErrTimeout)
		assert.Equal(t, 30*time.Second, time.Since(began))
		require.ErrorIs(t, (<-long).err, jobstatus.ErrTimeout)
		assert.Equal(t, 100*time.Second, time.Since(began))
		polls := k.of("a")
		var at []time.Duration
		for _, poll := range polls {
			at = append(at, poll.Sub(began))
		}
		assert.Equal(t, []time.Duration{0, 29 * time.Second, 99 * time.Second}, at)
	})
}

// fault 29: polls replace a way of learning of ends that fails.
func TestHoldsThatDoNotWorkAreReplacedByPolls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hold  func(ctx context.Context, d time.Duration) error
		delay time.Duration // the longest time until the end is seen
		holds int           // the most polls in 2 minutes
		lines int
	}{
		"refused":     {func(context.Context, time.Duration) error { return errors.New("refused") }, time.Second, 3, 1},
		"not found":   {func(context.Context, time.Duration) error { return &transport.Error{Class: transport.NotFound} }, time.Second, 3, 1},
		"permanent":   {func(context.Context, time.Duration) error { return &transport.Error{Class: transport.Permanent} }, time.Second, 3, 1},
		"panic":       {func(context.Context, time.Duration) error { panic("boom") }, time.Second, 3, 1},
		"unsupported": {func(context.Context, time.Duration) error { return errors.ErrUnsupported }, time.Second, 20, 0},
		"at once":     {func(context.Context, time.Duration) error { return nil }, time.Second, 9, 1},
		"never answers": {func(ctx context.Context, _ time.Duration) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}, 93 * time.Second, 2, 1},
		"cut by a proxy": {func(ctx context.Context, d time.Duration) error {
			time.Sleep(min(d, 30*time.Second))
			if d > 30*time.Second {
				return errors.New("EOF")
			}
			return nil
		}, 31 * time.Second, 7, 0},
		"throttled for longer than holds pause": {func(context.Context, time.Duration) error {
			return &transport.Error{Class: transport.Throttled, RetryAfter: 90 * time.Second}
		}, 90 * time.Second, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zapcore.WarnLevel)
				k := newKeeper()
				k.hold = c.hold
				w := feedWatcher(t, k, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(time.Hour),
					jobstatus.WithLogger(zap.New(core)))
				end := heardBy(t.Context(), w, "a")
				time.Sleep(2 * time.Minute)
				k.end("a", transport.Completed)
				ended := time.Now()
				got := <-end
				require.NoError(t, got.err)
				assert.LessOrEqual(t, time.Since(ended), c.delay)
				holds, _ := k.held()
				assert.LessOrEqual(t, holds, c.holds)
				assert.NotZero(t, holds)
				assert.Len(t, logs.FilterMessageSnippet("not held").All(), c.lines)
				switch name {
				case "panic", "not found":
					for _, d := range k.lengths {
						assert.Equal(t, time.Minute, d)
					}
				case "cut by a proxy":
					assert.Equal(t, []time.Duration{time.Minute, 22500 * time.Millisecond}, k.lengths[:2])
				}
			})
		})
	}
}

// A service may refuse holds only because they are longer than it allows.
func TestAServiceThatAllowsOnlyShortHoldsGetsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		k.hold = func(_ context.Context, d time.Duration) error {
			if d > 20*time.Second {
				return &transport.Error{Class: transport.Permanent, Code: http.StatusBadRequest}
			}
			time.Sleep(d)
			return nil
		}
		w := feedWatcher(t, k, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited))
		end := heardBy(t.Context(), w, "a")
		time.Sleep(5 * time.Minute)
		before := len(k.of("a"))
		time.Sleep(time.Hour)
		assert.LessOrEqual(t, len(k.of("a"))-before, 31, "nearly all requests are held")
		k.end("a", transport.Completed)
		require.NoError(t, (<-end).err)
		assert.Equal(t, []time.Duration{60e9, 30e9, 15e9, 15e9}, k.lengths[:4])
	})
}

// A proxy that cuts each request after a minute, as many do, cuts a hold of a minute just at its
// end.
func TestAProxyThatCutsAfterAMinuteCutsOneHold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		k.hold = func(ctx context.Context, d time.Duration) error {
			time.Sleep(min(d, time.Minute))
			if d >= time.Minute {
				return errors.New("EOF")
			}
			return nil
		}
		w := feedWatcher(t, k, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited))
		end := heardBy(t.Context(), w, "a")
		time.Sleep(10 * time.Minute)
		before := len(k.of("a"))
		time.Sleep(time.Hour)
		assert.LessOrEqual(t, len(k.of("a"))-before, 12, "nearly all requests are held")
		k.end("a", transport.Completed)
		require.NoError(t, (<-end).err)
		for i, d := range k.lengths {
			want := 45 * time.Second
			if i == 0 {
				want = time.Minute
			}
			require.Equal(t, want, d)
		}
	})
}

// deaf holds requests and never has news.
type deaf struct{ *keeper }

func (d deaf) Hold(ctx context.Context, _ string, last transport.Status, length time.Duration) (transport.Status, error) {
	select {
	case <-ctx.Done():
		return transport.Status{}, context.Cause(ctx)
	case <-time.After(length):
		return last, nil
	}
}

// fault 29: a service that holds requests but reports no end does not lose an end.
func TestAPollLooksAfterHoldsWithoutNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		w := feedWatcher(t, deaf{k}, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited))
		end := heardBy(t.Context(), w, "a")
		time.Sleep(90 * time.Second)
		k.end("a", transport.Completed)
		ended := time.Now()
		require.NoError(t, (<-end).err)
		assert.LessOrEqual(t, time.Since(ended), 8*time.Minute)
		assert.LessOrEqual(t, len(k.of("a")), 3, "seldom")
	})
}

// both is a Holder and a Notifier.
type both struct {
	*keeper
	*radio
}

func TestNotificationsComeBeforeHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, r := newKeeper(), newRadio(false)
		w := feedWatcher(t, &both{k, r}, jobstatus.WithTimeout(time.Hour), jobstatus.WithBackoff(backoff.Constant(time.Second)))
		synctest.Wait()
		end := heardBy(t.Context(), w, "a")
		time.Sleep(time.Minute)
		holds, _ := k.held()
		assert.Zero(t, holds)
		assert.Equal(t, 1, w.Stats().Heard)
		r.lose <- errors.New("lost")
		time.Sleep(5 * time.Second)
		assert.Equal(t, 1, w.Stats().Held)
		assert.Zero(t, w.Stats().Heard)
		k.end("a", transport.Completed)
		lost := time.Now()
		require.NoError(t, (<-end).err)
		assert.Zero(t, time.Since(lost))
	})
}

func TestTheEndOfAHeldJobIsLearnedExactly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		o := &outcomes{Strategy: backoff.Constant(10 * time.Second)}
		w := feedWatcher(t, k, jobstatus.WithBackoff(o), jobstatus.WithTimeout(time.Hour))
		go func() {
			time.Sleep(95 * time.Second)
			k.end("a", transport.Failed)
		}()
		_, err := w.WaitForJob(t.Context(), "a")
		require.ErrorIs(t, err, jobstatus.ErrJobFailed)
		require.Len(t, o.all, 1)
		assert.Equal(t, 95*time.Second, o.all[0].Before)
		assert.Equal(t, 95*time.Second, o.all[0].After)
	})
}

// A service holds requests over sockets. The job ends while its request is held.
func TestARequestIsHeldOverASocket(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.RawQuery)
		mu.Unlock()
		if r.URL.Query().Get("wait") == "" {
			fmt.Fprint(w, `{"state":"running"}`)
			return
		}
		fmt.Fprint(w, `{"state":"done"}`)
	}))
	defer server.Close()
	w, err := jobstatus.NewHTTP(server.URL, jobstatus.WithBackoff(backoff.Constant(10*time.Millisecond)), jobstatus.WithREST(rest.WithDialect(rest.Dialect{
		Status: rest.Call{Path: "/jobs/{id}?wait={hold}s"}, State: "state",
		States: map[string]transport.State{"running": transport.Running, "done": transport.Completed},
	})))
	require.NoError(t, err)
	defer w.Close()
	_, err = w.WaitForJob(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, []string{"", "wait=60s"}, asked)
}

// judgedBy is a Ranker whose ranks come from a function of the kind.
type judgedBy struct {
	backoff.Strategy
	rank func(kind string) float64
}

func (j judgedBy) Rank(p backoff.Poll, _ time.Duration) float64 { return j.rank(p.Kind) }

func TestARankerSaysWhichJobsAreHeld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rank        func(kind string) float64
		least, most float64 // the share of holds that fast jobs get
	}{
		"prefers": {func(kind string) float64 { return float64(len(kind)) }, 0.85, 1},
		"alike":   {func(string) float64 { return 1 }, 0.4, 0.6},
		"panics":  {func(string) float64 { panic("rank") }, 0.4, 0.6},
		"ends": {func(string) float64 {
			runtime.Goexit()
			return 0
		}, 0.4, 0.6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := newKeeper()
				w := feedWatcher(t, k, jobstatus.WithBackoff(judgedBy{backoff.Jitter(backoff.Constant(10*time.Second), 0.5), c.rank}),
					jobstatus.WithTimeout(time.Hour))
				var jobs []jobstatus.Job
				for i := range 500 {
					jobs = append(jobs, jobstatus.Job{ID: fmt.Sprint("fast-", i), Kind: "fast!"}, jobstatus.Job{ID: fmt.Sprint("slow-", i), Kind: "slow"})
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
				defer cancel()
				for range w.WaitForFeed(ctx, feedOf(jobs...)) {
				}
				share := float64(k.kinds['f']) / float64(k.kinds['f']+k.kinds['s'])
				assert.Greater(t, k.kinds['f']+k.kinds['s'], 64*15, "the holds are used")
				assert.GreaterOrEqual(t, share, c.least)
				assert.LessOrEqual(t, share, c.most)
			})
		})
	}
}

// A hold without news is no attempt. But a limit of attempts ends a wait whose holds never have
// news.
func TestALimitOfAttemptsEndsAWaitOfHoldsWithoutNews(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(ctx context.Context, last transport.Status, d time.Duration) (transport.Status, error){
		"kept": func(_ context.Context, last transport.Status, d time.Duration) (transport.Status, error) {
			time.Sleep(d)
			return last, nil
		},
		"kept, and empty": func(_ context.Context, _ transport.Status, d time.Duration) (transport.Status, error) {
			time.Sleep(d)
			return transport.Status{}, nil
		},
		"early": func(_ context.Context, last transport.Status, d time.Duration) (transport.Status, error) {
			time.Sleep(d / 4)
			return last, nil
		},
		"at once": func(_ context.Context, last transport.Status, _ time.Duration) (transport.Status, error) {
			return last, nil
		},
		"cut": func(_ context.Context, _ transport.Status, d time.Duration) (transport.Status, error) {
			time.Sleep(d / 2)
			return transport.Status{}, errors.New("EOF")
		},
		"never answered": func(ctx context.Context, _ transport.Status, _ time.Duration) (transport.Status, error) {
			<-ctx.Done()
			return transport.Status{}, context.Cause(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &pliable{counter: newCounter(), hold: func(ctx context.Context, _ string, last transport.Status, d time.Duration) (transport.Status, error) {
					return hold(ctx, last, d)
				}}
				w := feedWatcher(t, p, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited))
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				_, err := w.WaitForJob(ctx, "a", jobstatus.MaxAttempts(3))
				require.ErrorIs(t, err, jobstatus.ErrMaxAttempts)
				assert.Equal(t, 3, p.count())
				assert.LessOrEqual(t, time.Since(began), 2*8*time.Minute+2*time.Second)
			})
		})
	}
}

// A holdless service cannot hold requests, and finds that out after a second whatever becomes of
// the context. Its polls take two seconds.
type holdless struct{ *diary }

func (h holdless) Hold(context.Context, string, transport.Status, time.Duration) (transport.Status, error) {
	time.Sleep(time.Second)
	return transport.Status{}, errors.ErrUnsupported
}

func (h holdless) Status(ctx context.Context, id string) (transport.Status, error) {
	select {
	case <-time.After(2 * time.Second):
		return h.diary.Status(ctx, id)
	case <-ctx.Done():
		return transport.Status{}, context.Cause(ctx)
	}
}

// Whatever needs a poll sooner cancels a hold, but not the poll that is made in its place.
func TestAPollInPlaceOfAHoldIsNotCut(t *testing.T) {
	t.Parallel()
	for name, needs := range map[string]func(*jobstatus.Watcher, *radio) <-chan ending{
		"a wait that joins": func(w *jobstatus.Watcher, _ *radio) <-chan ending {
			return heardBy(context.Background(), w, "a", jobstatus.Timeout(20*time.Second))
		},
		"a notification": func(_ *jobstatus.Watcher, r *radio) <-chan ending {
			r.say(transport.Status{ID: "a", State: transport.Running, Progress: 0.5})
			return nil
		},
	} {
		for during, at := range map[string]time.Duration{"hold": 3500 * time.Millisecond, "poll": 4500 * time.Millisecond} {
			t.Run(name+", "+during, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h, r := holdless{newDiary()}, newRadio(false)
					w := newHearing(t, h, r, jobstatus.WithBackoff(backoff.Sequence(0, time.Second)), jobstatus.WithMaxAttempts(2))
					r.lose <- errors.New("lost") // so that holds are not spared
					ended := heardBy(t.Context(), w, "a")
					time.Sleep(at)
					other := needs(w, r)
					e := <-ended
					require.ErrorIs(t, e.err, jobstatus.ErrMaxAttempts)
					assert.NotContains(t, e.err.Error(), "last error")
					assert.Len(t, h.of("a"), 2, "both polls were answered")
					if other != nil {
						<-other
					}
				})
			})
		}
	}
}

// crowded is a Transport with room for two holds, as a rest.Client with two connections is.
type crowded struct {
	*keeper
	room    chan struct{}
	refused atomic.Int32
}

func newCrowded() *crowded { return &crowded{keeper: newKeeper(), room: make(chan struct{}, 2)} }

func (c *crowded) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	select {
	case c.room <- struct{}{}:
	default:
		c.refused.Add(1)
		return transport.Status{}, &transport.Error{Class: transport.Throttled, Err: errors.ErrUnsupported}
	}
	defer func() { <-c.room }()
	return c.keeper.Hold(ctx, id, last, d)
}

// crowdedBatcher is a crowded Transport that asks about many jobs at once.
type crowdedBatcher struct{ *crowded }

func (c crowdedBatcher) MaxBatch() int { return 50 }

func (c crowdedBatcher) StatusBatch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	answers := make([]transport.Answer, len(ids))
	for i, id := range ids {
		answers[i].Status, answers[i].Err = c.Status(ctx, id)
	}
	return answers, nil
}

// A Transport may have room for fewer holds than the Watcher has.
func TestAsManyRequestsAreHeldAsTheTransportHasRoomFor(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(*crowded) jobstatus.Transport{
		"alone":      func(c *crowded) jobstatus.Transport { return c },
		"in batches": func(c *crowded) jobstatus.Transport { return crowdedBatcher{c} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zapcore.WarnLevel)
				c := newCrowded()
				w := feedWatcher(t, of(c), jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited),
					jobstatus.WithHolds(8), jobstatus.WithLogger(zap.New(core)))
				var ends []<-chan ending
				for i := range 20 {
					ends = append(ends, heardBy(t.Context(), w, fmt.Sprint(i)))
				}
				const minutes = 30
				held := 0
				for range minutes * 60 {
					time.Sleep(time.Second)
					held += w.Stats().Held
				}
				assert.InDelta(t, 2, float64(held)/(minutes*60), 0.1)
				assert.LessOrEqual(t, c.refused.Load(), int32(8+minutes))
				for i := range 20 {
					c.end(fmt.Sprint(i), transport.Completed)
				}
				for _, end := range ends {
					require.NoError(t, (<-end).err)
				}
				assert.Zero(t, logs.Len(), logs.All())
			})
		})
	}
}

// A Transport may have no room for holds for a while, because another Watcher uses it too.
func TestRequestsAreHeldAgainWhenTheTransportHasRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded()
		c.room <- struct{}{}
		c.room <- struct{}{}
		w := feedWatcher(t, crowdedBatcher{c}, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited))
		end := heardBy(t.Context(), w, "a")
		time.Sleep(10*time.Minute + time.Second)
		assert.LessOrEqual(t, c.refused.Load(), int32(11))
		assert.Greater(t, len(c.of("a")), 500, "it is polled")
		<-c.room
		<-c.room
		time.Sleep(time.Minute)
		assert.Equal(t, 1, w.Stats().Held)
		c.end("a", transport.Completed)
		require.NoError(t, (<-end).err)
	})
}
