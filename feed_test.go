package jobstatus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

// diary is a service whose jobs run until the test ends them. It records when each was polled.
type diary struct {
	mu    sync.Mutex
	ended map[string]transport.State
	polls map[string][]time.Time
	all   []time.Time
}

func newDiary() *diary {
	return &diary{ended: map[string]transport.State{}, polls: map[string][]time.Time{}}
}

func (d *diary) end(id string, state transport.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended[id] = state
}

func (d *diary) of(id string) []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.polls[id])
}

func (d *diary) Status(_ context.Context, id string) (transport.Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.polls[id] = append(d.polls[id], now)
	d.all = append(d.all, now)
	if state := d.ended[id]; state != transport.Unknown {
		return transport.Status{ID: id, State: state}, nil
	}
	return transport.Status{ID: id, State: transport.Running}, nil
}

// feedOf returns a closed feed of jobs.
func feedOf(jobs ...jobstatus.Job) <-chan jobstatus.Job {
	feed := make(chan jobstatus.Job, len(jobs))
	for _, j := range jobs {
		feed <- j
	}
	close(feed)
	return feed
}

// count returns how many polls there were.
func (d *diary) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.all)
}

func feedWatcher(t *testing.T, tr jobstatus.Transport, opts ...jobstatus.Option) *jobstatus.Watcher {
	t.Helper()
	w, err := jobstatus.New(tr, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestAFeedYieldsEachJobWhenItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)))
		feed := make(chan jobstatus.Job)
		results := make(chan string, 10)
		over := make(chan struct{})
		go func() {
			defer close(over)
			for st, err := range w.WaitForFeed(t.Context(), feed) {
				results <- fmt.Sprint(st.ID, " ", st.State, " ", err != nil)
			}
		}()
		feed <- jobstatus.Job{ID: "a", Kind: "encode"}
		feed <- jobstatus.Job{ID: "b", Timeout: 10 * time.Second}
		feed <- jobstatus.Job{ID: "", Kind: "bad"}
		feed <- jobstatus.Job{ID: "c", Timeout: -7}
		feed <- jobstatus.Job{ID: "d", Last: transport.Status{State: transport.Failed}}
		synctest.Wait()
		assert.Equal(t, " unknown true", <-results)
		assert.Equal(t, "c unknown true", <-results)
		assert.Equal(t, "d failed true", <-results)
		assert.Empty(t, d.of("d"), "its end was known")
		assert.Equal(t, 1, w.Stats().Kinds["encode"].Watches)
		time.Sleep(5 * time.Second)
		d.end("a", transport.Completed)
		time.Sleep(time.Second)
		assert.Equal(t, "a completed false", <-results, "though the feed is quiet")
		time.Sleep(5 * time.Second)
		assert.Equal(t, "b running true", <-results, "its own timeout")
		select {
		case <-over:
			t.Fatal("more jobs may come")
		default:
		}
		close(feed)
		<-over
	})
}

// fault 13, fault 64: the last status of the first job asks for a pause, which is kept. The last
// status of the second job has the id of the first, so it is ignored.
func TestTheLastStatusOfAFedJobIsHeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := feedWatcher(t, newDiary(), jobstatus.WithTimeout(10*time.Minute))
		feed := make(chan jobstatus.Job, 2)
		feed <- jobstatus.Job{ID: "a", Last: transport.Status{ID: "a", State: transport.Running, RetryAfter: time.Hour}}
		feed <- jobstatus.Job{ID: "b", Last: transport.Status{ID: "a", State: transport.Completed}}
		close(feed)
		began := time.Now()
		for st, err := range w.WaitForFeed(t.Context(), feed) {
			if st.ID == "a" {
				require.ErrorIs(t, err, jobstatus.ErrThrottled)
				assert.Zero(t, time.Since(began))
			} else {
				require.ErrorIs(t, err, jobstatus.ErrTimeout)
				assert.Equal(t, 10*time.Minute, time.Since(began))
			}
		}
	})
}

func TestAFeedMayBeNeitherNilNorCutShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := feedWatcher(t, newDiary())
		for _, err := range w.WaitForFeed(t.Context(), nil) {
			require.ErrorContains(t, err, "the feed is nil")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		feed := make(chan jobstatus.Job, 1)
		feed <- jobstatus.Job{ID: "a"}
		var ids []string
		for st, err := range w.WaitForFeed(ctx, feed) {
			ids = append(ids, st.ID)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Equal(t, []string{"a", ""}, ids)
	})
}

// busy is a Transport that ignores the end of its context for a while.
type busy struct {
	takes  time.Duration
	mu     sync.Mutex
	inside int
}

func (b *busy) Status(_ context.Context, id string) (transport.Status, error) {
	b.mu.Lock()
	b.inside++
	b.mu.Unlock()
	time.Sleep(b.takes)
	b.mu.Lock()
	b.inside--
	b.mu.Unlock()
	return transport.Status{ID: id, State: transport.Running}, nil
}

func (b *busy) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inside
}

func TestNoPollIsInFlightWhenAFeedIsLeft(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"break", "context", "close"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &busy{takes: 700 * time.Millisecond}
				w := feedWatcher(t, b, jobstatus.WithBackoff(backoff.Constant(time.Second)))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				feed := make(chan jobstatus.Job, 3)
				feed <- jobstatus.Job{ID: "a"}
				feed <- jobstatus.Job{ID: "b"}
				go func() {
					time.Sleep(100 * time.Millisecond)
					switch how {
					case "break":
						feed <- jobstatus.Job{ID: "c", Last: transport.Status{State: transport.Completed}}
					case "context":
						cancel()
					case "close":
						_ = w.Close()
					}
				}()
				for range w.WaitForFeed(ctx, feed) {
					assert.Equal(t, 2, b.count())
					break
				}
				assert.Zero(t, b.count())
			})
		})
	}
}

func TestAPollThatNeverReturnsDoesNotHoldUpTheEndOfAFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := feedWatcher(t, &busy{takes: time.Minute}, jobstatus.WithBackoff(backoff.Constant(time.Second)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		for range w.WaitForFeed(ctx, feedOf(jobstatus.Job{ID: "a"})) {
		}
		assert.Equal(t, 2*time.Second, time.Since(began))
		time.Sleep(time.Minute)
	})
}

// fault 37: however many polls never return, none holds up a feed that is left.
func TestManyPollsThatNeverReturnDoNotHoldUpTheEndOfAFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: 24 * time.Hour}
		w := feedWatcher(t, b, jobstatus.WithConcurrency(600), jobstatus.WithPollTimeout(3*time.Second))
		for _, c := range []struct {
			jobs         int
			leaves, late time.Duration
		}{{600, 2 * time.Second, time.Second}, {600, 2 * time.Second, time.Second}, {1, 10 * time.Second, 0}} {
			var jobs []jobstatus.Job
			for i := range c.jobs {
				jobs = append(jobs, jobstatus.Job{ID: fmt.Sprint(i)})
			}
			ctx, cancel := context.WithTimeout(t.Context(), c.leaves)
			began, polls := time.Now(), b.count()
			for _, err := range w.WaitForFeed(ctx, feedOf(jobs...)) {
				require.Error(t, err)
			}
			cancel()
			assert.Equal(t, c.leaves+c.late, time.Since(began))
			assert.Equal(t, c.jobs, b.count()-polls)
		}
		require.NoError(t, w.Close())
		time.Sleep(b.takes)
		synctest.Wait()
		assert.Zero(t, b.count())
		s := w.Stats()
		assert.Zero(t, s.RequestsInFlight)
		assert.Zero(t, s.InFlight)
	})
}

func TestAResumedWaitPollsWhenItWouldHavePolled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		uncut, resumed := newDiary(), newDiary()
		limit := jobstatus.WithTimeout(time.Hour)
		first, second := feedWatcher(t, uncut, limit), feedWatcher(t, resumed, limit)
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		wait := func(w *jobstatus.Watcher, id string, opts ...jobstatus.WatchOption) {
			group.Go(func() { _, _ = w.WaitForJob(ctx, id, opts...) })
		}
		for i := range 20 {
			wait(first, fmt.Sprint(i))
		}
		time.Sleep(90 * time.Second)
		cut := time.Now()
		for i := range 20 {
			wait(second, fmt.Sprint(i), jobstatus.Began(began))
		}
		time.Sleep(90 * time.Second)
		cancel()
		group.Wait()
		for i := range 20 {
			all := uncut.of(fmt.Sprint(i))
			after := slices.IndexFunc(all, func(at time.Time) bool { return at.After(cut) })
			assert.Equal(t, all[after:], resumed.of(fmt.Sprint(i)))
		}
	})
}

func TestTheTimeoutOfAResumedWaitCountsFromItsBeginning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithTimeout(time.Minute))
		d.end("done", transport.Completed)
		now := time.Now()
		_, err := w.WaitForJob(t.Context(), "a", jobstatus.Began(now.Add(-45*time.Second)))
		require.ErrorIs(t, err, jobstatus.ErrTimeout)
		assert.Equal(t, 15*time.Second, time.Since(now))
		now = time.Now()
		_, err = w.WaitForJob(t.Context(), "late", jobstatus.Began(now.Add(-time.Hour)))
		require.ErrorIs(t, err, jobstatus.ErrTimeout)
		require.ErrorContains(t, err, "; held up: a pause, after which the wait was resumed: its timeout had passed by then")
		assert.Len(t, d.of("late"), 1, "one last look")
		_, err = w.WaitForJob(t.Context(), "done", jobstatus.Began(now.Add(-time.Hour)))
		require.NoError(t, err)
		assert.Zero(t, time.Since(now))
		for _, odd := range []time.Time{{}, now.Add(time.Hour), time.Time{}.Add(time.Second), time.Unix(0, 0), now.AddDate(-11, 0, 0)} {
			now = time.Now()
			_, err = w.WaitForJob(t.Context(), "b", jobstatus.Began(odd))
			var gave *jobstatus.WaitError
			require.ErrorAs(t, err, &gave)
			require.ErrorIs(t, err, jobstatus.ErrTimeout)
			assert.Equal(t, time.Minute, time.Since(now), "it begins now")
			assert.Equal(t, time.Minute, gave.Elapsed)
			assert.Less(t, gave.Polls, 100)
			for _, err = range w.WaitForFeed(t.Context(), feedOf(jobstatus.Job{ID: "c", Began: odd, PolledUntil: odd})) {
				require.ErrorAs(t, err, &gave)
			}
			assert.Equal(t, 2*time.Minute, time.Since(now))
			assert.Less(t, gave.Polls, 100)
		}
		_, err = w.WaitForJob(t.Context(), "done", jobstatus.Began(time.Unix(math.MinInt32, 0).AddDate(-500, 0, 0)))
		require.NoError(t, err, "an age that does not fit")
	})
}

// fault 56: a wait that is resumed just before its timeout makes a poll, too, although its last
// look was due before.
func TestAWaitThatIsResumedJustBeforeItsTimeoutHasItsLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(time.Minute))
		d.end("done", transport.Completed)
		for _, left := range []time.Duration{1, time.Millisecond, 500 * time.Millisecond, time.Second - 1, time.Second} {
			began := time.Now().Add(left - time.Minute)
			_, err := w.WaitForJob(t.Context(), left.String(), jobstatus.Began(began))
			require.ErrorIs(t, err, jobstatus.ErrTimeout)
			assert.Len(t, d.of(left.String()), 1, left)
			began = time.Now().Add(left - time.Minute)
			_, err = w.WaitForJob(t.Context(), "done", jobstatus.Began(began))
			require.NoError(t, err, left)
		}
	})
}

func TestTheAttemptsOfAResumedWaitCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithMaxAttempts(10))
		for age, polls := range map[time.Duration]int{6500 * time.Millisecond: 3, time.Hour: 1} {
			id := age.String()
			_, err := w.WaitForJob(t.Context(), id, jobstatus.Began(time.Now().Add(-age)), jobstatus.Timeout(jobstatus.Unlimited))
			require.ErrorIs(t, err, jobstatus.ErrMaxAttempts)
			assert.Len(t, d.of(id), polls, id)
			var gave *jobstatus.WaitError
			require.ErrorAs(t, err, &gave)
			assert.Equal(t, 10, gave.Polls)
		}
	})
}

func TestAPollThatCameDueInTheGapIsMadeUpFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(10*time.Minute)), jobstatus.WithTimeout(24*time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		now := time.Now()
		feed := feedOf(
			jobstatus.Job{ID: "missed", Began: now.Add(-61 * time.Minute), PolledUntil: now.Add(-2 * time.Minute)},
			jobstatus.Job{ID: "not missed", Began: now.Add(-61 * time.Minute), PolledUntil: now.Add(-30 * time.Second)},
			jobstatus.Job{ID: "never away", Began: now.Add(-61 * time.Minute)},
			jobstatus.Job{ID: "in the future", Began: now.Add(-61 * time.Minute), PolledUntil: now.Add(time.Hour)},
		)
		for range w.WaitForFeed(ctx, feed) {
		}
		assert.Equal(t, now, d.of("missed")[0])
		assert.Equal(t, now.Add(9*time.Minute), d.of("not missed")[0])
		assert.Equal(t, now.Add(9*time.Minute), d.of("never away")[0])
		assert.Equal(t, now.Add(9*time.Minute), d.of("in the future")[0])
	})
}

// When many watches are taken over, the rate of requests rises by at most a fifth.
func TestTheJobsOfAGapComeWithoutABurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const jobs = 5000
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithTimeout(time.Hour), jobstatus.WithSlack(jobstatus.Exact))
		now := time.Now()
		var all []jobstatus.Job
		for i := range jobs {
			all = append(all, jobstatus.Job{ID: fmt.Sprint(i), Began: now.Add(-10*time.Minute - time.Duration(i)*time.Second/17),
				PolledUntil: now.Add(-5 * time.Second)})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range w.WaitForFeed(ctx, feedOf(all...)) {
		}
		var rate [60]int
		for _, at := range d.all {
			rate[min(int(at.Sub(now)/time.Second), 59)]++
		}
		const usual = jobs / 7.5
		for second, n := range rate[:59] {
			assert.Less(t, float64(n), 1.2*usual+64, "second %d", second)
		}
	})
}

// outcomes is a Learner that keeps what it is told.
type outcomes struct {
	backoff.Strategy
	mu  sync.Mutex
	all []backoff.Outcome
}

func (o *outcomes) Observe(out backoff.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, out)
}

func TestTheAgeOfAResumedWaitIsLearned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		o := &outcomes{Strategy: backoff.Constant(10 * time.Second)}
		w := feedWatcher(t, d, jobstatus.WithBackoff(o), jobstatus.WithTimeout(time.Hour))
		d.end("a", transport.Completed)
		now := time.Now()
		for _, err := range w.WaitForFeed(t.Context(), feedOf(jobstatus.Job{ID: "a", Kind: "k", Began: now.Add(-65 * time.Second), PolledUntil: now})) {
			require.NoError(t, err)
		}
		assert.Equal(t, []backoff.Outcome{{Key: "a", Kind: "k", After: time.Minute, Before: 70 * time.Second, Ended: true}}, o.all)
	})
}

// fault 50
func TestPendingJobsGoOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithTimeout(time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			for range w.WaitForJobs(ctx, slices.Values([]string{"a", "b"}), jobstatus.Kind("k")) {
			}
		}()
		time.Sleep(time.Minute)
		saved, err := json.Marshal(slices.Collect(w.Pending()))
		require.NoError(t, err)
		cancel()
		<-over
		time.Sleep(time.Minute)
		d.end("a", transport.Completed)
		var jobs []jobstatus.Job
		require.NoError(t, json.Unmarshal(saved, &jobs))
		next := feedWatcher(t, d)
		began := time.Now()
		states := map[string]string{}
		for st, err := range next.WaitForFeed(t.Context(), feedOf(jobs...)) {
			states[st.ID] = fmt.Sprint(st.State)
			if st.ID == "b" {
				require.ErrorIs(t, err, jobstatus.ErrTimeout)
				assert.Equal(t, 58*time.Minute, time.Since(began))
			} else {
				assert.Zero(t, time.Since(began), "the poll that was missed is made up for")
			}
		}
		assert.Equal(t, map[string]string{"a": "completed", "b": "running"}, states)
	})
}

func TestTheRateLimitChangesAtRunTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Hour)), jobstatus.WithTimeout(time.Hour),
			jobstatus.WithRateLimit(0.001, 1))
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		began := time.Now()
		var jobs []jobstatus.Job
		for i := range 50 {
			jobs = append(jobs, jobstatus.Job{ID: fmt.Sprint(i)})
		}
		go func() {
			defer close(over)
			for range w.WaitForFeed(ctx, feedOf(jobs...)) {
			}
		}()
		time.Sleep(time.Second)
		assert.Equal(t, 1, d.count())
		require.NoError(t, w.SetRateLimit(10, 5))
		synctest.Wait()
		assert.Equal(t, 1, d.count(), "the burst is not filled by the change")
		time.Sleep(2*time.Second + time.Millisecond)
		assert.Equal(t, 21, d.count())
		require.NoError(t, w.SetRateLimit(0, 0))
		synctest.Wait()
		assert.Equal(t, 50, d.count(), "no limit")
		assert.Equal(t, 3*time.Second+time.Millisecond, time.Since(began))
		for _, bad := range []float64{-1, math.NaN(), math.Inf(1), 0} {
			require.Error(t, w.SetRateLimit(bad, 1), "%v", bad)
		}
		require.Error(t, w.SetRateLimit(1, -1))
		require.Error(t, (*jobstatus.Watcher)(nil).SetRateLimit(1, 1))
		cancel()
		<-over
	})
}

func TestAFeedRunsInAnyVirtualTime(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(func(_ context.Context, id string, n int) (jobstatus.Status, error) {
			if n == len(id) {
				return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{ID: id, State: jobstatus.Running}, nil
		})
		watcher := w.watcher(s, jobstatus.WithBackoff(backoff.Constant(time.Second)))
		began := w.clock.Now()
		w.run(func() {
			feed := make(chan jobstatus.Job, 2)
			feed <- jobstatus.Job{ID: "aaaa"}
			feed <- jobstatus.Job{ID: "b"}
			var ends []string
			for st, err := range watcher.WaitForFeed(context.Background(), feed) {
				require.NoError(w, err)
				ends = append(ends, fmt.Sprint(st.ID, " ", w.clock.Since(began).Round(time.Millisecond)))
				switch len(ends) {
				case 1:
					feed <- jobstatus.Job{ID: "cc"}
				case 3:
					close(feed)
				}
			}
			assert.Equal(w, []string{"b 0s", "cc 1s", "aaaa 3s"}, ends)
		})
	})
}

// Without jitter, jobs that began together would all be polled together.
func TestABulkThatIsResumedComesWithoutABurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const jobs = 2000
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(20*time.Second)), jobstatus.WithTimeout(time.Hour),
			jobstatus.WithSlack(jobstatus.Exact))
		now := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var all []jobstatus.Job
		for i := range jobs {
			all = append(all, jobstatus.Job{ID: fmt.Sprint(i), Began: now.Add(-610 * time.Second), PolledUntil: now.Add(-15 * time.Second)})
		}
		for range w.WaitForFeed(ctx, feedOf(all...)) {
		}
		var rate [60]int
		for _, at := range d.all {
			rate[min(int(at.Sub(now)/time.Second), 59)]++
		}
		for second, n := range rate[:59] {
			assert.LessOrEqual(t, n, 3*jobs/20, "second %d", second)
		}
	})
}

// An unyielding is a Transport that ignores the end of its context until it is released.
type unyielding struct{ release chan struct{} }

func (d unyielding) Status(_ context.Context, id string) (transport.Status, error) {
	<-d.release
	return transport.Status{ID: id, State: transport.Running}, nil
}

func TestAPollThatNeverReturnsHoldsUpNoFeedAfterClose(t *testing.T) {
	t.Parallel()
	for _, leaves := range []bool{false, true} {
		t.Run(fmt.Sprint("left before ", leaves), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := unyielding{make(chan struct{})}
				defer close(d.release)
				w := feedWatcher(t, d)
				feed := make(chan jobstatus.Job, 2)
				feed <- jobstatus.Job{ID: "a"}
				over := make(chan time.Time, 1)
				began := time.Now()
				go func() {
					for range w.WaitForFeed(t.Context(), feed) {
						if leaves {
							break
						}
					}
					over <- time.Now()
				}()
				synctest.Wait()
				if leaves {
					feed <- jobstatus.Job{ID: "b", Last: transport.Status{State: transport.Completed}}
					synctest.Wait()
				}
				require.NoError(t, w.Close())
				select {
				case at := <-over:
					assert.Equal(t, time.Second, at.Sub(began))
				default:
					t.Error("the range has not returned")
				}
			})
		})
	}
}

// A job whose timeout has passed counts once among the jobs that are polled at once.
func TestJobsWhoseTimeoutHasPassedAreLookedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Minute)), jobstatus.WithTimeout(time.Hour))
		now := time.Now()
		var jobs []jobstatus.Job
		for i := range 64 {
			jobs = append(jobs, jobstatus.Job{ID: fmt.Sprint(i), Began: now.Add(-2*time.Hour - 5*time.Second), PolledUntil: now.Add(-time.Hour)})
		}
		for range w.WaitForFeed(t.Context(), feedOf(jobs...)) {
		}
		for i := range 64 {
			assert.Equal(t, []time.Time{now}, d.of(fmt.Sprint(i)))
		}
	})
}

// A process that resumes a wait makes up for a poll that was delayed by a limit or was in flight.
func TestAPollThatWasNotMadeInTimeIsMadeUpForElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		hourly := []jobstatus.Option{jobstatus.WithBackoff(backoff.Constant(time.Hour)), jobstatus.WithTimeout(24 * time.Hour)}
		w := feedWatcher(t, d, append(hourly, jobstatus.WithRateLimit(1e-9, 2))...)
		ctx, cancel := context.WithCancel(t.Context())
		a, b := heardBy(ctx, w, "a"), heardBy(ctx, w, "b")
		time.Sleep(70 * time.Minute)
		jobs := slices.Collect(w.Pending())
		cancel()
		<-a
		<-b
		next := feedWatcher(t, d, hourly...)
		now := time.Now()
		for _, j := range jobs {
			assert.Equal(t, 70*time.Minute, now.Sub(j.PolledUntil))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range next.WaitForFeed(ctx, feedOf(jobs...)) {
		}
		assert.Equal(t, now, d.of("a")[1])
		assert.Equal(t, now, d.of("b")[1])
	})
}

func TestTheLagOfResumedJobsCountsFromTheirResumption(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := feedWatcher(t, newDiary(), jobstatus.WithTimeout(10*time.Hour), jobstatus.WithBackoff(backoff.Constant(5*time.Hour)),
			jobstatus.WithRateLimit(1e-9, 70))
		now := time.Now()
		var jobs []jobstatus.Job
		for i := range 200 {
			jobs = append(jobs, jobstatus.Job{ID: fmt.Sprint(i), Began: now.Add(-10*time.Hour + 2*time.Second)})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.AfterFunc(500*time.Millisecond, func() { assert.Equal(t, 500*time.Millisecond, w.Stats().Lag) })
		for range w.WaitForFeed(ctx, feedOf(jobs...)) {
		}
	})
}
