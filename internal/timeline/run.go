package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A run is one request under way, about one watch or a batch of them. A worker uses one for all its requests.
type run struct {
	work    func() // what its worker does
	ctx     context.Context
	cancel  context.CancelCauseFunc
	polls   []poll
	ids     []string
	asked   time.Duration // when
	ended   time.Duration // when it was answered or failed
	until   time.Duration // when to stop it
	lane    *lane
	err     error // of the whole request
	split   bool  // the batch is asked about again, in parts
	answers map[string]int

	// What follows is guarded by Timeline.mu.
	present        int   // polls whose watch is still waited for
	stopped        error // why it is to come back, nil if it is not
	next, previous *run  // in the order in which they began
}

// left reports whether r was stopped because nobody waits any longer, which says nothing of the service.
func (r *run) left() bool { return r.stopped != nil && !errors.Is(r.stopped, context.DeadlineExceeded) }

// A poll is a watch's part in a run.
type poll struct {
	x     *watch
	kind  string
	seen  *sighting // once it is judged
	err   error
	over  bool  // the watch is
	why   error // without the job's end
	wait  time.Duration
	asked time.Duration // for, by the service
}

// runs are all requests under way. As each may take as long as the others, the first that began is the first to stop.
type runs struct{ first, last *run }

func (l *runs) add(r *run) {
	r.previous, r.next = l.last, nil
	if l.last != nil {
		l.last.next = r
	} else {
		l.first = r
	}
	l.last = r
}

func (l *runs) remove(r *run) {
	if r.previous != nil {
		r.previous.next = r.next
	} else if l.first == r {
		l.first = r.next
	} else {
		return // it was stopped
	}
	if r.next != nil {
		r.next.previous = r.previous
	} else {
		l.last = r.previous
	}
	r.next, r.previous = nil, nil
}

// next returns when the first is to stop, forever if there is none.
func (l *runs) next() time.Duration {
	if l.first == nil {
		return forever
	}
	return l.first.until
}

// idle are runs that no worker has. The next worker finds a context in one, and room for a poll.
type idle []*run

// maxIdle is how many are kept.
const maxIdle = 64

// idleRun returns one of them, or a new one.
func (t *Timeline) idleRun() *run {
	n := len(t.idle)
	if n == 0 {
		r := &run{}
		r.work = func() { t.work(r) }
		return r
	}
	r := t.idle[n-1]
	t.idle[n-1] = nil
	t.idle = t.idle[:n-1]
	return r
}

// put takes r back, or reports false if it is of no use.
func (i *idle) put(r *run) bool {
	if len(*i) == maxIdle || cap(r.polls) > 1 {
		return false
	}
	r.lane = nil
	*i = append(*i, r)
	return true
}

// hire starts workers for what is ready. Each is owned by Close, which waits for it, and ends when nothing is left for it to do.
func (t *Timeline) hire(now time.Duration) {
	for waiting := t.ready.waiting; waiting > 0 && t.busy < t.Concurrency && t.limits.gate <= now && !t.closed; waiting -= t.batch {
		t.busy++
		t.workers.Add(1)
		t.track.Begin()
		go t.idleRun().work()
	}
}

func (t *Timeline) work(r *run) {
	defer t.workers.Done()
	defer t.track.End()
	returned := false
	defer func() {
		if !returned { // the goroutine ends here, as a test's FailNow makes it: another takes up its work
			t.workers.Add(1)
			t.track.Begin()
			go r.work()
		}
	}()
	makeRoom(0)
	if len(r.polls) > 0 {
		t.abandon(r)
	}
	t.mu.Lock()
	for r.ended = t.now(); t.begin(r, r.ended); {
		t.mu.Unlock()
		t.ask(r)
		t.mu.Lock()
		t.answered(r)
		if len(t.outcomes)+len(t.events) > 0 {
			t.unlock()
			t.mu.Lock()
			r.ended = t.now() // that may have taken long
		}
	}
	t.busy--
	t.arm()
	kept := t.idle.put(r)
	t.mu.Unlock()
	if !kept && r.cancel != nil {
		r.cancel(context.Canceled)
	}
	returned = true
}

// makeRoom has the stack of its goroutine grow at once to what a request of net/http takes. It would grow step by step, and copy all
// frames each time, for every worker anew.
//
//go:noinline
func makeRoom(i int) byte {
	var room [8 << 10]byte
	return room[i]
}

// abandon answers r, in the middle of which the goroutine that asked ended.
func (t *Timeline) abandon(r *run) {
	r.ended, r.err = t.now(), t.panicked(errGoexit)
	if len(r.polls) == 1 {
		t.judge(r, &r.polls[0], &transport.Status{}, r.err)
	} else {
		t.judgeBatch(r, nil, r.err)
	}
	r.cancel(context.Canceled)
	r.ctx = nil
	t.mu.Lock()
	t.answered(r)
	t.unlock()
}

// begin fills r with what is to be asked next, and reports whether there is anything.
func (t *Timeline) begin(r *run, now time.Duration) bool {
	r.polls, r.ids, r.err, r.split = r.polls[:0], r.ids[:0], nil, false
	if t.closed || now < t.limits.gate {
		return false
	}
	t.limits.gate = 0 // it has been waited for; what holds up a request now is told anew
	l := t.ready.choose(t.Concurrency)
	if l == nil {
		if t.ready.waiting == 0 {
			t.limits.caughtUp()
		}
		return false
	}
	if !t.admit(now, min(t.batch, t.ready.waiting)) {
		return false
	}
	most := t.batch
	for more := l; more != nil && len(r.polls) < most; more = t.ready.choose(t.Concurrency) {
		at := t.pick(more, now)
		n := more.queue[at].x.crowd(most)
		if n <= len(r.polls) {
			break // it is the first of the next request
		}
		most = n
		x := t.ready.take(more, at)
		t.picks++
		r.polls = append(r.polls, poll{x: x, kind: x.waiters.call.Kind})
		r.ids = append(r.ids, x.id)
		x.run = r
	}
	if r.ctx == nil || r.stopped != nil {
		r.ctx, r.cancel = context.WithCancelCause(t.ctx)
	}
	r.lane, r.asked, r.until = l, now, later(now, t.PollTimeout)
	r.present, r.stopped = len(r.polls), nil
	l.polling++
	t.ready.polling++
	t.runs.add(r)
	t.figures.request(now)
	t.figures.inFlight += len(r.polls)
	if len(r.polls) < t.batch {
		t.hire(now) // for those that could not go along
	}
	t.arm()
	return true
}

// pick returns where in the queue of a lane, in which somebody waits, the watch is that comes next: the one that is due for longest, or,
// where a limit binds, the one that the Backoff ranks highest of that and a few others. Now and then it is the one that is due for longest
// all the same, so that nobody waits for ever.
func (t *Timeline) pick(l *lane, now time.Duration) (at int) {
	o, _ := l.oldest()
	at = l.head
	binds := l.waiting > 1 && (t.Limiter != nil || t.limits.recovering || t.ready.waiting > t.Concurrency)
	if t.ranker == nil || !binds || t.picks%oldestEvery == oldestEvery-1 {
		return at
	}
	best := t.rank(o, now)
	for range rankSamples {
		i := l.head + int(t.random()%uint64(len(l.queue)-l.head))
		if o := l.queue[i]; o.x != nil && o.x.queued {
			if r := t.rank(o, now); r > best {
				at, best = i, r
			}
		}
	}
	return at
}

// How many that are due are weighed against the one that is due for longest, and how often that one goes first unweighed. More samples
// gain little, and an oldest that goes first more often loses most of the gain: see the table of internal/bench.
const (
	rankSamples = 16
	oldestEvery = 8
)

// rank is the Backoff's rank of a watch that is due.
func (t *Timeline) rank(o overdue, now time.Duration) (rank float64) {
	defer func() {
		if v := recover(); v != nil {
			t.Logger.Error("backoff panicked in Rank", zap.String("id", o.x.id), zap.Error(t.panicked(v)))
		}
	}()
	x := o.x
	polled := o.since - x.previous
	p := backoff.Poll{Key: x.id, Kind: x.waiters.call.Kind, Attempt: int(x.attempt), Elapsed: max(polled-x.began, 0)}
	if x.seen != nil {
		p.RetryAfter, p.Progress, p.State, p.Err = x.seen.retryAfter(), x.seen.Progress, x.seen.stateName(), x.seen.err
	}
	return t.ranker.Rank(p, now-polled)
}

// random returns the next of a sequence of numbers that look random (xorshift64, Marsaglia 2003).
func (t *Timeline) random() uint64 {
	t.seed ^= t.seed << 13
	t.seed ^= t.seed >> 7
	t.seed ^= t.seed << 17
	return t.seed
}

// stop ends the request of r. What that sets off counts as work until it has come back.
func (t *Timeline) stop(r *run, cause error) {
	if r.stopped == nil {
		r.stopped = cause
		t.runs.remove(r)
		t.track.Begin()
		r.cancel(cause)
	}
}

// ask makes the request of r, and judges what it brings.
func (t *Timeline) ask(r *run) {
	ctx := r.ctx
	if t.Observer != nil {
		ctx = t.observe(ctx, &observe.Event{Kind: observe.PollStarted, Time: t.epoch.Add(r.asked), IDs: r.ids})
	}
	if len(r.polls) == 1 {
		st, err := t.status(ctx, r.polls[0].x)
		t.ended(ctx, r, err)
		t.judge(r, &r.polls[0], &st, err)
	} else {
		answers, err := t.askBatch(ctx, r.ids)
		t.ended(ctx, r, err)
		t.judgeBatch(r, answers, err)
	}
}

// ended notes when and how the request of r ended.
func (t *Timeline) ended(ctx context.Context, r *run, err error) {
	r.ended, r.err = t.now(), err
	if t.Observer != nil {
		t.observe(ctx, &observe.Event{Kind: observe.PollEnded, Time: t.epoch.Add(r.ended), IDs: r.ids, Took: r.ended - r.asked, Err: err})
	}
}

// status asks about one job.
func (t *Timeline) status(ctx context.Context, x *watch) (st transport.Status, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = t.panicked(v)
		}
	}()
	if t.conditional != nil && x.seen != nil && x.seen.Revision != "" {
		st, err = t.conditional.StatusSince(ctx, x.id, x.status())
	} else {
		st, err = t.Transport.Status(ctx, x.id)
	}
	if err != nil {
		err = wait.CauseOf(ctx, err)
	}
	return st, err
}

// askBatch asks about many jobs at once.
func (t *Timeline) askBatch(ctx context.Context, ids []string) (answers []transport.Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = t.panicked(v)
		}
	}()
	answers, err = t.batcher.StatusBatch(ctx, slices.Clone(ids))
	if err != nil {
		err = wait.CauseOf(ctx, err)
	}
	return answers, err
}

var errNotAnswered error = &transport.Error{Class: transport.Transient, Err: transport.ErrNotAnswered}

// judgeBatch gives each watch its part of what a batch brought.
func (t *Timeline) judgeBatch(r *run, answers []transport.Answer, err error) {
	if err != nil {
		class := classOf(err)
		if r.split = class != transport.Transient && class != transport.Throttled; !r.split {
			t.judgeAll(r, err)
		}
		return
	}
	if r.answers == nil {
		r.answers = make(map[string]int, len(r.polls))
	}
	clear(r.answers)
	for i := range answers {
		r.answers[answers[i].Status.ID] = i
	}
	for i := range r.polls {
		p := &r.polls[i]
		if n, ok := r.answers[p.x.id]; ok {
			t.judge(r, p, &answers[n].Status, answers[n].Err)
		} else {
			t.judge(r, p, &transport.Status{}, errNotAnswered)
		}
	}
}

// judgeAll judges a request that brought nothing but err.
func (t *Timeline) judgeAll(r *run, err error) {
	for i := range r.polls {
		t.judge(r, &r.polls[i], &transport.Status{}, err)
	}
}

// judge makes of an answer what the watch does next. It is called without mu: of a watch that is polled, nobody else writes what it
// reads.
func (t *Timeline) judge(r *run, p *poll, st *transport.Status, err error) {
	x, now := p.x, r.ended
	var s sighting
	p.err = err
	p.over, p.why = x.look(&s, st, err, now)
	if t.learner != nil && err == nil && !p.over {
		s.mark(r.asked - x.began)
	}
	p.asked = s.retryAfter()
	switch {
	case !p.over:
		p.wait, p.why = t.nextWait(backoff.Poll{
			Key: x.id, Kind: p.kind, Attempt: int(x.attempt) + 1, Elapsed: now - x.began, Previous: x.previous,
			RetryAfter: min(p.asked, maxRetryAfter), Progress: s.Progress, State: s.stateName(), Err: s.err,
		})
		p.over = p.why != nil
	case p.why == nil && t.learner != nil:
		o, _ := x.outcome(p.kind, &s.Status, now-x.began)
		o.Marks = s.marks
		t.learn(o)
	}
	if p.why == nil {
		t.log(x, &s, now-r.asked)
	}
	p.seen = x.seen
	if !s.same(x.seen) {
		p.seen = new(sighting)
		*p.seen = s
	}
}

// answered tells the waiters what r brought, and puts the watches back on the line unless they are over. It is called with mu held.
func (t *Timeline) answered(r *run) {
	now := r.ended
	if r.stopped != nil {
		defer t.track.End()
	} else {
		t.runs.remove(r)
	}
	r.lane.polling--
	t.ready.polling--
	t.ready.drop(r.lane)
	t.figures.inFlight -= r.present
	switch {
	case r.err == nil:
		t.limits.charge(nil)
	case !r.left():
		t.figures.errors++
		t.limits.charge(r.err)
	}
	if r.split {
		t.divide(r, now)
	} else {
		for i := range r.polls {
			t.settled(&r.polls[i], r.asked, now)
		}
	}
	clear(r.polls)
	r.polls = r.polls[:0]
	t.proceed(now)
}

// divide hands the watches of a batch, which could not be answered as a whole, back to be asked about in smaller ones: at once, unless the
// service asks to be left alone.
func (t *Timeline) divide(r *run, now time.Duration) {
	n := half(len(r.polls))
	if classOf(r.err) == transport.Oversized {
		t.batch = min(t.batch, n)
	}
	leave := min(hintOf(r.err), maxRetryAfter)
	for i := range r.polls {
		x := r.polls[i].x
		x.run = nil
		if x.waiters != nil {
			x.narrow(n)
			if leave > 0 {
				x.poll = later(now, leave)
				t.waits(x, leave)
			} else {
				t.ready.push(x, now)
			}
			t.line.put(x)
		}
	}
}

// settled deals with one watch that was asked about.
func (t *Timeline) settled(p *poll, asked, now time.Duration) {
	x := p.x
	x.run = nil
	if x.waiters == nil {
		return // all have left, and were told what was seen by then
	}
	changed := p.seen != x.seen && p.err == nil && (x.seen == nil || !x.seen.answered || !sameStatus(&x.seen.Status, &p.seen.Status))
	x.attempt++
	if p.seen != x.seen {
		x.seen = t.share(p.seen)
	}
	switch {
	case errors.Is(p.err, transport.ErrNotAnswered):
		x.narrow(1) // a service that passes over what it does not know says so of a single job
	case p.err == nil:
		x.widen(t.batch)
		if !p.over {
			x.alive = asked - x.began
		}
	}
	if p.over && p.why == nil {
		_, delay := x.outcome(p.kind, &x.seen.Status, now-x.began)
		t.figures.delay(delay)
	}
	event := len(t.events)
	if t.Observer != nil { // before the end of the watch
		t.events = append(t.events, observe.Event{Kind: observe.Answered, Time: t.epoch.Add(now), ID: x.id, JobKind: p.kind,
			Attempt: int(x.attempt), Elapsed: now - x.began, Status: x.status(), Changed: changed, Wait: -1, Err: p.err})
	}
	for m := x.waiters; m != nil; {
		next := m.next
		switch {
		case p.over && p.why != nil:
			t.settle(m, Result{Status: x.status(), End: Broken, Err: p.why})
		case p.over:
			t.settle(m, Result{Status: x.status(), End: Ended})
		case m.call.MaxAttempts != Unlimited && int(x.attempt-m.joined) >= m.call.MaxAttempts:
			t.giveUp(m, ErrMaxAttempts)
		case p.asked > maxRetryAfter && m.deadline()-now < p.asked:
			t.giveUp(m, fmt.Errorf("%w: the service asks to be left alone for %v", transport.ErrThrottled, p.asked))
		case changed:
			m.call.see(x)
		}
		m = next
	}
	if x.waiters != nil {
		x.poll = t.align(later(now, p.wait), p.wait)
		allowed := min(p.asked, maxRetryAfter)
		for m := x.waiters; m != nil; m = m.next {
			x.lookLast(m, now, now, allowed)
		}
		t.waits(x, x.poll-now)
		t.line.put(x)
		if t.Observer != nil {
			t.events[event].Wait = x.poll - now
		}
	}
}
