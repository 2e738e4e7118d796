package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 33, fault 34, fault 35, fault 36 and fault 37: whatever callers and plugins do, each wait
// has exactly one result, and the Stats add up.
func TestEveryWaitHasItsResultAndStatsAddUpWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := drawScript(r)
		virtually(t, func(w world) { s.play(w, r) })
	})
}

// A script is what the callers, the service, the Backoff and the Observer of a Watcher do.
type script struct {
	batch, concurrency, maxAttempts, maxWatches, burst int // burst 0 means no rate limit
	rate, slack                                        float64
	every                                              time.Duration // between two polls of a job
	ranks                                              bool          // the Backoff does
	panics                                             bool          // the Observer does
	calm                                               bool          // nothing keeps a job from being polled when it is due
	faults                                             int           // in a hundred requests
	outage                                             time.Duration // from the start
	stubborn                                           bool          // polls that hang do so whatever becomes of their context
	atOnce                                             int           // jobs that the service takes in a batch
	seed                                               uint64        // of the faults
	callers                                            []caller
	close                                              time.Duration // 0 for after all
}

// scriptPollTimeout is the timeout of a script's polls.
const scriptPollTimeout = 2 * time.Second

// A caller waits for jobs.
type caller struct {
	*script
	method      string
	ids         []string
	kind        string
	start       time.Duration
	timeout     time.Duration
	maxAttempts int
	cancel      time.Duration // after the start
	breaks      int           // after so many results, 0 for never
	slow        time.Duration // after each result
}

func drawScript(r *rapid.T) *script {
	pick := func(name string, of ...int) int { return rapid.SampledFrom(of).Draw(r, name) }
	ms := func(name string, of ...int) time.Duration { return time.Duration(pick(name, of...)) * time.Millisecond }
	s := &script{
		batch: pick("batch", 3, 0, 2, 8), concurrency: pick("concurrency", 5, 64, 1, 2), maxAttempts: pick("attempts", jobstatus.Unlimited, 20, 5, 1),
		maxWatches: pick("watches", 100, 1, 5), burst: pick("burst", 0, 5, 1), rate: float64(pick("rate", 20, 1)),
		slack: rapid.SampledFrom([]float64{0, jobstatus.Exact, 1}).Draw(r, "slack"),
		every: ms("every", 300, 1000, 1, 0), ranks: rapid.Bool().Draw(r, "ranks"), panics: rapid.Bool().Draw(r, "panics"),
		faults: pick("faults", 0, 30, 5, 100), outage: ms("outage", 0, 8000, 20_000), atOnce: pick("at once", 8, 2, 1),
		stubborn: rapid.Bool().Draw(r, "stubborn"), seed: rapid.Uint64().Draw(r, "seed"), close: ms("close", 0, 0, 0, 1, 700, 3000),
	}
	if s.calm = rapid.Bool().Draw(r, "calm"); s.calm {
		s.faults, s.outage, s.burst = 0, 0, 0
	}
	id := rapid.Map(rapid.IntRange(0, 99), func(n int) string { return fmt.Sprint("job-", n) })
	// Nobody waits for ever, nor for more polls than a test has time for.
	long := 200 * max(s.every, time.Millisecond)
	for range rapid.IntRange(1, 8).Draw(r, "callers") {
		n := pick("ids", 5, 20, 1, 150)
		s.callers = append(s.callers, caller{script: s,
			method: rapid.SampledFrom([]string{"WaitForJob", "WaitForJobs", "Updates", "WaitForJobWithUpdates"}).Draw(r, "method"),
			ids:    rapid.SliceOfN(id, n, n).Draw(r, "ids"), kind: rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "kind"),
			start: ms("start", 0, 1, 500, 1000), maxAttempts: pick("own attempts", 0, 1, 3),
			timeout: rapid.SampledFrom([]time.Duration{30 * time.Second, 2 * time.Minute, 2 * time.Second, 1500 * time.Millisecond,
				time.Millisecond, jobstatus.Unlimited}).Draw(r, "timeout"),
			cancel: min(ms("cancel", 1_000_000, 1, 400, 2000), long),
			breaks: pick("break", 0, 1, 3), slow: min(ms("slow", 0, 10, 3000), long/20),
		})
	}
	return s
}

// play does what s says, and notes on t what is wrong.
func (s *script) play(w world, t assert.TestingT) {
	var watcher *jobstatus.Watcher
	check := func() {
		st := watcher.Stats()
		assert.Equal(t, st.Watches, st.Waiting+st.Overdue+st.InFlight, "%+v", st)
		assert.GreaterOrEqual(t, min(st.Waiting, st.Overdue, st.InFlight), 0, "%+v", st)
	}
	atRest := func(when string) {
		st := watcher.Stats()
		assert.Equal(t, [4]int{}, [4]int{st.Watches, st.Waiting, st.Overdue, st.InFlight}, when)
	}
	service := &moody{script: s, TestingT: t, clock: w.clock, began: w.clock.Now(), random: rand.New(rand.NewPCG(s.seed, 0)),
		polls: map[string]int{}, live: map[string]context.Context{}, ended: map[string]time.Duration{}}
	observer := &moodyObserver{check: check, panics: s.panics}
	var asks jobstatus.Transport = service
	if s.batch > 0 {
		asks = moodyBatcher{service}
	}
	var waits jobstatus.Backoff = moodyBackoff{s.every, check}
	if s.ranks {
		waits = moodyRanker{moodyBackoff{s.every, check}}
	}
	opts := []jobstatus.Option{
		jobstatus.WithConcurrency(s.concurrency), jobstatus.WithMaxAttempts(s.maxAttempts), jobstatus.WithMaxWatches(s.maxWatches),
		jobstatus.WithSlack(s.slack), jobstatus.WithPollTimeout(scriptPollTimeout), jobstatus.WithObserver(observer), jobstatus.WithBackoff(waits),
	}
	if s.burst > 0 {
		opts = append(opts, jobstatus.WithRateLimit(s.rate, s.burst))
	}
	watcher = w.watcher(asks, opts...)
	var callers sync.WaitGroup
	for _, c := range s.callers {
		callers.Go(func() { c.play(service, watcher, check) })
	}
	if s.close > 0 {
		time.Sleep(s.close)
		assert.NoError(t, watcher.Close())
		atRest("when it is closed")
	}
	callers.Wait()
	atRest("when all have left")
	assert.NoError(t, watcher.Close())
	synctest.Wait()
	st := watcher.Stats()
	assert.EqualValues(t, observer.ended, st.Completed+st.Failed+st.Canceled+st.GaveUp)
	assert.EqualValues(t, service.requests, st.Requests)
	assert.LessOrEqual(t, st.Errors, uint64(observer.errors+service.exits))
}

// play waits as c says, and checks what it is told.
func (c caller) play(t *moody, watcher *jobstatus.Watcher, check func()) {
	time.Sleep(c.start)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer time.AfterFunc(c.cancel, cancel).Stop()
	opts := []jobstatus.WatchOption{jobstatus.Kind(c.kind), jobstatus.MaxAttempts(c.maxAttempts), jobstatus.Timeout(c.timeout)}
	id := c.ids[0]
	switch c.method {
	case "WaitForJob":
		st, err := watcher.WaitForJob(ctx, id, opts...)
		c.told(t, id, st, err)
	case "WaitForJobs":
		left := map[string]int{}
		ids := func(yield func(string) bool) {
			for _, id := range c.ids {
				check()
				left[id]++
				if !yield(id) {
					return
				}
			}
		}
		results := 0
		for st, err := range watcher.WaitForJobs(ctx, ids, opts...) {
			check()
			left[st.ID]--
			c.told(t, st.ID, st, err)
			time.Sleep(c.slow)
			if results++; results == c.breaks {
				return
			}
		}
		for id, n := range left {
			assert.Zero(t, n, "results of %s that are missing", id)
		}
	case "Updates":
		var seen []jobstatus.Status
		for st, err := range watcher.Updates(ctx, id, opts...) {
			check()
			if n := len(seen); n > 0 {
				assert.False(t, seen[n-1].State.Terminal())
				assert.True(t, err != nil || seen[n-1].Progress < st.Progress)
			}
			if seen = append(seen, st); err != nil || st.State.Terminal() {
				c.told(t, id, st, err)
			}
			time.Sleep(c.slow)
			if len(seen) == c.breaks {
				return
			}
		}
	case "WaitForJobWithUpdates":
		updates := make(chan jobstatus.Status)
		var reader sync.WaitGroup
		reader.Go(func() {
			for range updates {
				if c.breaks > 0 {
					return // and is absent from then on
				}
				time.Sleep(c.slow)
			}
		})
		st, err := watcher.WaitForJobWithUpdates(ctx, id, updates, opts...)
		c.told(t, id, st, err)
		reader.Wait()
	}
}

// told checks one result.
func (c caller) told(t *moody, id string, st jobstatus.Status, err error) {
	assert.Equal(t, id, st.ID)
	if c.slow == 0 {
		now := t.now()
		assert.LessOrEqual(t, now, c.start+c.cancel)
		if c.timeout != jobstatus.Unlimited {
			extension := max(c.timeout, scriptPollTimeout) // where it is held on for a last look
			if c.calm {
				extension = 0
			}
			assert.LessOrEqual(t, now, c.start+c.timeout+extension)
		}
		if c.close > 0 {
			assert.LessOrEqual(t, now, max(c.start, c.close))
		}
		if st.State.Terminal() && c.method != "WaitForJobWithUpdates" {
			assert.Equal(t, now, t.end(id), "%s is told of at once", id)
		}
	}
	var job *jobstatus.JobError
	var gaveUp *jobstatus.WaitError
	switch {
	case err == nil:
		assert.Equal(t, jobstatus.Completed, st.State)
	case errors.As(err, &job):
		assert.Contains(t, []jobstatus.State{jobstatus.Failed, jobstatus.Canceled}, st.State)
	case errors.As(err, &gaveUp):
		assert.False(t, st.State.Terminal(), "%v", err)
		if n := number(id); c.calm && n != asksForever && fate(n) != asksForLong && !c.spreadsLong() {
			longest := 2*c.every + 10*time.Millisecond // with a slack of 1, and what a batch is late by at least
			assert.GreaterOrEqual(t, gaveUp.Polls+2, int(gaveUp.Elapsed/longest), "%v", err)
		}
	default:
		assert.False(t, st.State.Terminal(), "%v", err)
	}
}

// spreadsLong reports whether the first polls of c's jobs may be spread over minutes. The first
// polls are spread over the longest wait that the Backoff returns for one of the jobs. For the job
// asksForever that wait is long.
func (c caller) spreadsLong() bool {
	return len(c.ids) > pace.SmallBulk && slices.Contains(c.ids, fmt.Sprint("job-", asksForever))
}

// Jobs for which the Backoff does something of its own.
const (
	panics      = 17
	asksRubbish = 18
	asksForever = 19
)

// leftOut is which of every three jobs is left out of every batch.
const leftOut = 1

// fate is after how many polls a job ends.
func fate(job int) int { return (11*job + 14) % 16 }

// Fates of their own.
const (
	asksForLong = 13 // the service, until the job ends
	neverEnds   = 14 // and the one after
)

// moodyBackoff asks the Watcher for its Stats, answers with rubbish and panics, and learns.
type moodyBackoff struct {
	every time.Duration
	check func()
}

func (b moodyBackoff) Next(p backoff.Poll) time.Duration {
	b.check()
	switch n := number(p.Key); {
	case p.Attempt == 0:
		return 0
	case n == panics && p.Attempt == 3:
		panic("no wait")
	case n == asksRubbish && p.Attempt <= 20:
		return -1
	case n == asksForever && p.Attempt == 4:
		return math.MaxInt64
	default:
		return b.every
	}
}

func (b moodyBackoff) Observe(backoff.Outcome) { b.check() }

type moodyRanker struct{ moodyBackoff }

func (moodyRanker) Rank(p backoff.Poll, _ time.Duration) float64 { return float64(number(p.Key)) }

// moodyObserver asks the Watcher for its Stats, and panics.
type moodyObserver struct {
	check  func()
	panics bool

	mu            sync.Mutex
	ended, errors int
}

func (o *moodyObserver) Observe(ctx context.Context, e *observe.Event) context.Context {
	o.check()
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case e.Kind == observe.WatchEnded:
		o.ended++
	case e.Kind == observe.PollEnded && e.Err != nil:
		o.errors++
	}
	if o.panics && e.Attempt%2 == 1 {
		panic("an observer's")
	}
	return ctx
}

// moody is a service that does anything.
type moody struct {
	*script
	assert.TestingT
	clock clock.Clock
	began time.Time

	mu       sync.Mutex
	random   *rand.Rand
	requests int
	exits    int // of the goroutine that asks
	polls    map[string]int
	live     map[string]context.Context // of the newest poll under way
	ended    map[string]time.Duration   // when it was last said that a job has
}

func (m *moody) now() time.Duration { return m.clock.Since(m.began) }

func (m *moody) end(id string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended[id]
}

// request returns what becomes of one: what fault it has, negative for none, and of what shape in
// [0, 100).
func (m *moody) request() (fault, shape int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	switch {
	case m.now() < m.outage:
		return 0, 0
	case m.random.IntN(100) >= m.faults:
		return -1, 0
	default:
		return m.random.IntN(10), m.random.IntN(100)
	}
}

// trouble makes a fault. Those that end a watch are rare.
func (m *moody) trouble(ctx context.Context, fault, shape int) error {
	rare := shape < 20
	long := time.Duration(shape) * 100 * time.Millisecond
	switch {
	case fault == 0:
		return errors.New("refused")
	case fault == 1:
		return &transport.Error{Class: transport.Throttled, RetryAfter: long / 10}
	case fault == 2:
		return &transport.Error{Class: transport.Throttled, RetryAfter: long * 100}
	case fault == 3:
		return &transport.Error{Class: transport.Malformed}
	case fault == 4:
		return &transport.Error{Class: transport.NotFound}
	case fault == 5:
		return &transport.Error{Class: transport.Oversized}
	case fault == 6 && rare:
		return &transport.Error{Class: transport.Permanent}
	case fault == 7 && rare:
		panic("no")
	case fault == 8 && rare:
		m.mu.Lock()
		m.exits++
		m.mu.Unlock()
		runtime.Goexit()
	case fault == 9 && m.stubborn:
		time.Sleep(3 * time.Second)
	case fault == 9:
		return wait.Sleep(ctx, m.clock, long)
	}
	return nil
}

// poll notes that a job is polled, and returns how often it was.
func (m *moody) poll(ctx context.Context, id string) (n int, over func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if other := m.live[id]; other != nil && m.batch == 0 { // a batch goes on when one job is left
		assert.Error(m, other.Err(), "polls of %s overlap", id)
	}
	m.live[id] = ctx
	m.polls[id]++
	return m.polls[id], func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.live[id] == ctx {
			delete(m.live, id)
		}
	}
}

func (m *moody) status(id string, n int) jobstatus.Status {
	fate := fate(number(id))
	st := jobstatus.Status{ID: id, State: jobstatus.Running, Progress: float64(n) / 100_000}
	if fate < neverEnds && n > fate {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.ended[id] = m.now()
		st.State = []jobstatus.State{jobstatus.Completed, jobstatus.Failed, jobstatus.Canceled}[fate%3]
	}
	if fate == asksForLong {
		st.RetryAfter = 5 * time.Minute
	}
	return st
}

func (m *moody) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	fault, shape := m.request()
	n, over := m.poll(ctx, id)
	defer over()
	if err := m.trouble(ctx, fault, shape); err != nil {
		return jobstatus.Status{}, err
	}
	return m.status(id, n), nil
}

// moodyBatcher also leaves jobs out, fails for some, and answers about others.
type moodyBatcher struct{ *moody }

func (m moodyBatcher) MaxBatch() int { return m.batch }

func (m moodyBatcher) StatusBatch(ctx context.Context, ids []string) (answers []transport.Answer, err error) {
	assert.LessOrEqual(m, len(ids), m.batch)
	assert.Len(m, slices.Compact(slices.Sorted(slices.Values(ids))), len(ids), "no id twice")
	fault, shape := m.request()
	if err := m.trouble(ctx, fault, shape); err != nil {
		return nil, err
	}
	if len(ids) > m.atOnce {
		return nil, &transport.Error{Class: transport.Oversized}
	}
	for i, id := range slices.Backward(ids) {
		n, over := m.poll(ctx, id)
		over()
		switch {
		case number(id)%3 == leftOut:
		case fault < 0 || (i+shape)%3 == 0:
			answers = append(answers, transport.Answer{Status: m.status(id, n)})
		case (i+shape)%3 == 1:
			answers = append(answers, transport.Answer{Status: jobstatus.Status{ID: id}, Err: errors.New("not now")})
		}
	}
	return append(answers, transport.Answer{Status: jobstatus.Status{ID: "another", State: jobstatus.Completed}}), nil
}
