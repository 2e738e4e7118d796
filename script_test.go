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

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// faults 33 to 37: whatever callers do, and whatever becomes of what they call, each wait has its one result, and the Stats add up.
func TestEveryWaitHasItsResultAndStatsAddUpWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := drawScript(r)
		virtually(t, func(w world) { s.play(w, r) })
	})
}

// A script is what callers, a service, a Backoff and an Observer do to a Watcher.
type script struct {
	batch, concurrency, maxAttempts, maxWatches, burst int // burst 0 is for no rate limit
	rate, slack                                        float64
	timeout, wait                                      time.Duration
	ranks, panics                                      bool
	calm                                               bool          // nothing keeps a job from being polled when it is due
	faults                                             int           // in a hundred requests
	outage                                             time.Duration // from the start
	stubborn                                           bool          // polls that hang do so whatever their context says
	atOnce                                             int           // jobs that the service takes in a batch
	seed                                               uint64        // of the faults
	callers                                            []caller
	close                                              time.Duration // 0 for after all
}

// A caller waits for jobs.
type caller struct {
	*script
	call        string
	ids         []int
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
		slack:   rapid.SampledFrom([]float64{0, jobstatus.Exact, 1}).Draw(r, "slack"),
		timeout: ms("timeout", 30_000, 120_000, 2000, 1), wait: ms("wait", 300, 1000, 1, 0),
		ranks: rapid.Bool().Draw(r, "ranks"), panics: rapid.Bool().Draw(r, "panics"),
		faults: pick("faults", 0, 30, 5, 100), outage: ms("outage", 0, 8000, 20_000), atOnce: pick("at once", 8, 2, 1),
		stubborn: rapid.Bool().Draw(r, "stubborn"), seed: rapid.Uint64().Draw(r, "seed"), close: ms("close", 0, 0, 0, 1, 700, 3000),
	}
	if s.calm = rapid.Bool().Draw(r, "calm"); s.calm {
		s.faults, s.outage, s.burst = 0, 0, 0
	}
	for range rapid.IntRange(1, 8).Draw(r, "callers") {
		n := pick("ids", 5, 20, 1, 150)
		c := caller{script: s,
			call: rapid.SampledFrom([]string{"WaitForJob", "WaitForJobs", "Updates", "WaitForJobWithUpdates"}).Draw(r, "call"),
			ids:  rapid.SliceOfN(rapid.IntRange(0, 99), n, n).Draw(r, "ids"), kind: rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "kind"),
			start: ms("start", 0, 1, 500, 1000), timeout: ms("own timeout", 0, 1, 1500, -1), maxAttempts: pick("own attempts", 0, 1, 3),
			cancel: ms("cancel", 0, 1, 400, 2000), breaks: pick("break", 0, 1, 3), slow: ms("slow", 0, 10, 3000),
		}
		switch {
		case c.timeout < 0:
			c.timeout = jobstatus.Unlimited
		case c.timeout == 0:
			c.timeout = s.timeout
		}
		if c.cancel == 0 {
			c.cancel = max(200*s.wait, 2*time.Second) // nobody waits for ever
		}
		s.callers = append(s.callers, c)
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
	opts := []jobstatus.Option{
		jobstatus.WithConcurrency(s.concurrency), jobstatus.WithMaxAttempts(s.maxAttempts), jobstatus.WithMaxWatches(s.maxWatches),
		jobstatus.WithSlack(s.slack), jobstatus.WithTimeout(s.timeout), jobstatus.WithPollTimeout(2 * time.Second),
		jobstatus.WithObserver(observer), jobstatus.WithBackoff(moodyBackoff{s.wait, check}),
	}
	if s.ranks {
		opts = append(opts, jobstatus.WithBackoff(moodyRanker{moodyBackoff{s.wait, check}}))
	}
	if s.burst > 0 {
		opts = append(opts, jobstatus.WithRateLimit(s.rate, s.burst))
	}
	if s.batch > 0 {
		watcher = w.watcher(moodyBatcher{service}, opts...)
	} else {
		watcher = w.watcher(service, opts...)
	}
	var callers sync.WaitGroup
	for _, c := range s.callers {
		callers.Go(func() { c.wait(service, watcher, check) })
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

// wait waits as c says, and checks what it is told.
func (c caller) wait(t *moody, watcher *jobstatus.Watcher, check func()) {
	time.Sleep(c.start)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer time.AfterFunc(c.cancel, cancel).Stop()
	opts := []jobstatus.WatchOption{jobstatus.Kind(c.kind), jobstatus.MaxAttempts(c.maxAttempts), jobstatus.Timeout(c.timeout)}
	id := fmt.Sprint(c.ids[0])
	switch c.call {
	case "WaitForJob":
		st, err := watcher.WaitForJob(ctx, id, opts...)
		c.told(t, id, st, err)
	case "WaitForJobs":
		left := map[string]int{}
		ids := func(yield func(string) bool) {
			for _, n := range c.ids {
				check()
				left[fmt.Sprint(n)]++
				if !yield(fmt.Sprint(n)) {
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
			assert.LessOrEqual(t, now, c.start+c.timeout)
		}
		if c.close > 0 {
			assert.LessOrEqual(t, now, max(c.start, c.close))
		}
		if st.State.Terminal() && c.call != "WaitForJobWithUpdates" {
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
		if n := number("job-" + id); c.calm && n != asksForever && fate(n) != asksForLong {
			assert.GreaterOrEqual(t, gaveUp.Polls+2, int(gaveUp.Elapsed/(2*c.script.wait+10*time.Millisecond)), "%v", err)
		}
	default:
		assert.False(t, st.State.Terminal(), "%v", err)
	}
}

// Jobs with something of their own.
const (
	panics      = 17
	asksRubbish = 18
	asksForever = 19
	leftOut     = 1 // of every three
)

// fate is after how many polls a job ends.
func fate(job int) int { return (11*job + 14) % 16 }

// Fates of their own.
const (
	asksForLong = 13
	neverEnds   = 14 // and the one after
)

// moodyBackoff asks the Watcher for its Stats, answers with rubbish and panics, and learns.
type moodyBackoff struct {
	wait  time.Duration
	check func()
}

func (b moodyBackoff) Next(p backoff.Poll) time.Duration {
	b.check()
	switch n := number("job-" + p.Key); {
	case p.Attempt == 0:
		return 0
	case n == panics && p.Attempt == 3:
		panic("no wait")
	case n == asksRubbish:
		return -1
	case n == asksForever && p.Attempt == 4:
		return math.MaxInt64
	default:
		return b.wait
	}
}

func (b moodyBackoff) Observe(backoff.Outcome) { b.check() }

type moodyRanker struct{ moodyBackoff }

func (moodyRanker) Rank(p backoff.Poll, _ time.Duration) float64 {
	return float64(number("job-" + p.Key))
}

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

// request returns what becomes of one: none is -1.
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

// trouble makes a fault.
func (m *moody) trouble(ctx context.Context, fault, shape int) error {
	switch fault {
	case 0:
		return errors.New("refused")
	case 1, 2:
		return &transport.Error{Class: transport.Throttled, RetryAfter: time.Duration(shape) * []time.Duration{0, 10 * time.Millisecond, 10 * time.Second}[fault]}
	case 3, 4, 5:
		return &transport.Error{Class: []transport.Class{transport.Malformed, transport.NotFound, transport.Oversized}[fault-3]}
	case 6:
		if shape < 20 {
			return &transport.Error{Class: transport.Permanent}
		}
	case 7:
		if shape < 20 {
			panic("no")
		}
	case 8:
		if shape < 20 {
			m.mu.Lock()
			m.exits++
			m.mu.Unlock()
			runtime.Goexit()
		}
	case 9:
		if m.stubborn {
			time.Sleep(3 * time.Second)
			return nil
		}
		return wait.Sleep(ctx, m.clock, time.Duration(shape)*100*time.Millisecond)
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
	fate := fate(number("job-" + id))
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
		case number("job-"+id)%3 == leftOut:
		case fault < 0 || (i+shape)%3 == 0:
			answers = append(answers, transport.Answer{Status: m.status(id, n)})
		case (i+shape)%3 == 1:
			answers = append(answers, transport.Answer{Status: jobstatus.Status{ID: id}, Err: errors.New("not now")})
		}
	}
	return append(answers, transport.Answer{Status: jobstatus.Status{ID: "another", State: jobstatus.Completed}}), nil
}
