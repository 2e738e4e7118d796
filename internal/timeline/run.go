package timeline

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/instant"

	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A run is one request in flight, about one watch or a batch of them. A worker uses one for all its
// requests.
type run struct {
	work     func() // what its worker does, made once so that a worker is started without allocating
	stage    stage  // what its worker does next
	at       int    // the poll that is judged next
	ctx      context.Context
	cancel   context.CancelCauseFunc
	observed context.Context // ctx as the Observer made it
	unbind   func()          // frees observed; nil if there is nothing to free
	polls    []poll
	ids      []string
	asked    time.Duration // when
	ended    time.Duration // when it was answered or failed
	until    time.Duration // when to cancel it, and once it is canceled, when to write it off
	hold     time.Duration // for how long the service is to keep it, 0 if it is not
	lane     *lane
	status   transport.Status   // the answer about one job
	batch    []transport.Answer // the answer about many
	fault    sighting.Fault     // of the whole request
	split    bool               // the batch is asked about again, in parts
	answers  map[string]int     // places in batch
	named    int                // jobs of the batch that the answer is about
	ranking  bool               // the Backoff ranks, without mu held
	choosing bool               // likewise, who is held
	asking   bool               // the Backoff is asked again, without mu held
	inside   bool               // the Transport is asked
	polled   bool               // the service could not be asked to keep it, and was polled
	claim    atomic.Int32       // who deals with the request's end: see claimed

	// What follows is guarded by Timeline.mu.
	present        int     // polls whose watch is still waited for
	leavers        []*Call // that wait for its end
	cause          error   // why it was canceled, nil if it was not
	in             *flight // the list that it is in, nil if it is in none
	next, previous *run
}

// stage is what the worker of a run does next. It is set before each call of code that is not the
// engine's own: if that code ends the goroutine, another one goes on from there.
type stage uint8

const (
	take     stage = iota // takes what is due
	fit                   // puts back what does not fit into one request
	announce              // tells the Observer that a poll starts
	ask                   // makes the request
	conclude              // sees to it that nobody else deals with the end of the request
	divide                // gives each watch its part of the answer
	report                // tells the Observer that the request has ended
	judge                 // decides what each watch does next
	settle                // tells the waiters
)

// claimed says who deals with the end of a request: its worker, or another one if it was written
// off.
const (
	unclaimed int32 = iota // its worker prepares it
	asking                 // its worker has made all that another one would need
	claimedByWorker
	writtenOff
)

// abandoned reports whether r was canceled because its last waiter left, or at Close. Such an end
// says nothing about the service. It is called with mu held.
func (r *run) abandoned() bool {
	return r.cause != nil && r.cause != ErrPollTimeout
}

// dropped is abandoned for the worker of r, which does not hold mu.
func (r *run) dropped() bool {
	if r.ctx == nil {
		return false
	}
	why := context.Cause(r.ctx)
	return why != nil && why != ErrPollTimeout
}

// leftBy has c told of the end of r. It is called with mu held, as is over.
func (r *run) leftBy(c *Call) {
	if n := len(r.leavers); n > 0 && r.leavers[n-1] == c {
		return
	}
	r.leavers = append(r.leavers, c)
	c.flying++
}

// over tells the calls that have left r that it has ended.
func (r *run) over() {
	for _, c := range r.leavers {
		c.flying--
		c.wakeUp()
	}
	r.leavers = nil
}

// A poll is a watch's part in a run.
type poll struct {
	x          *watch
	last       *sighting.Sighting // what x has seen before
	kind       string
	status     *transport.Status  // the answer, nil if there was none
	fault      sighting.Fault     // why there was none
	again      bool               // it is asked about again at once, and this poll does not count
	entered    bool               // it was begun to judge it
	judged     bool               // that is done
	seen       *sighting.Sighting // once it is judged
	changed    bool               // a consumer is told of seen
	over       bool               // the watch is
	why        error              // without the job's end
	wait       time.Duration
	leaveAlone time.Duration // for how long, by the service
	silent     bool          // the service kept the request, and has nothing new to say
	due        time.Duration // then, the wait after which a poll would have come
}

// flight lists the requests in flight, oldest first. All share one timeout, so the oldest is the
// next to expire.
type flight struct{ first, last *run }

func (l *flight) add(r *run) {
	r.in, r.previous, r.next = l, l.last, nil
	if l.last != nil {
		l.last.next = r
	} else {
		l.first = r
	}
	l.last = r
}

// insert adds r behind those that expire before it.
func (l *flight) insert(r *run) {
	after := l.last
	for after != nil && after.until > r.until {
		after = after.previous
	}
	if after == l.last {
		l.add(r)
		return
	}
	r.in, r.previous = l, after
	if after == nil {
		r.next, l.first = l.first, r
	} else {
		r.next, after.next = after.next, r
	}
	r.next.previous = r
}

// leave takes r out of its list, if it is in one.
func (r *run) leave() {
	l := r.in
	if l == nil {
		return
	}
	if r.previous != nil {
		r.previous.next = r.next
	} else {
		l.first = r.next
	}
	if r.next != nil {
		r.next.previous = r.previous
	} else {
		l.last = r.previous
	}
	r.in, r.next, r.previous = nil, nil, nil
}

// next returns when the first is to expire, instant.Forever if there is none.
func (l *flight) next() time.Duration {
	if l.first == nil {
		return instant.Forever
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

// hire starts workers for what is ready. Each is owned by Close, which waits for it, and ends when
// nothing is left for it to do.
func (t *Timeline) hire(now time.Duration) {
	size := t.size.Now()
	for waiting := t.ready.Waiting(); waiting > 0 && t.busy < t.Concurrency && t.gate.Shut() <= now && !t.closed; waiting -= size {
		t.busy++
		t.workers.Add(1)
		t.track.Begin()
		go t.idleRun().work()
	}
}

// work does what is ready until nothing is left. Where a plugin ends the goroutine, another one
// goes on with r.
func (t *Timeline) work(r *run) {
	returned := false
	defer func() {
		if !returned {
			go r.work()
		}
	}()
	makeRoom(0)
	for t.step(r) {
	}
	returned = true
}

// makeRoom has the stack of its goroutine grow at once to what a request of net/http takes. It
// would grow step by step, and copy all frames each time, for every worker anew.
//
//go:noinline
func makeRoom(i int) byte {
	var room [8 << 10]byte
	return room[i]
}

// step does the stages of r from the next one on, and reports whether there is another request. A
// stage is left behind before it is begun, so that it is not begun for the second time.
func (t *Timeline) step(r *run) (more bool) {
	switch r.stage {
	case take:
		if !t.takeNext(r) {
			return false
		}
		fallthrough
	case fit:
		r.stage = announce
		t.fitBatch(r)
		fallthrough
	case announce:
		r.stage = ask
		t.announce(r)
		fallthrough
	case ask:
		r.stage, r.inside = conclude, true
		if !t.ask(r) {
			return t.discard(r)
		}
		r.inside = false
		fallthrough
	case conclude:
		if !r.claim.CompareAndSwap(asking, claimedByWorker) {
			return t.discard(r)
		}
		r.stage, r.at = divide, 0
		t.conclude(r)
		fallthrough
	case divide:
		r.stage = report
		t.distribute(r)
		fallthrough
	case report:
		r.stage = judge
		t.report(r)
		fallthrough
	case judge:
		for r.at < len(r.polls) {
			t.judgeNext(r)
		}
		r.stage = settle
		fallthrough
	default:
		return t.settleAll(r)
	}
}

// takeNext fills r with what is due, or ends its worker if nothing is.
func (t *Timeline) takeNext(r *run) (more bool) {
	t.mu.Lock()
	r.ended = t.now() // when the request before ended may be long ago
	return t.continueLocked(r)
}

// continueLocked fills r with what is due at r.ended, or ends its worker. It is called with mu
// held, and lets go of it.
func (t *Timeline) continueLocked(r *run) (more bool) {
	if t.polls(r) && t.begin(r, r.ended) {
		r.stage = fit
		t.mu.Unlock()
		return true
	}
	if r.hold == 0 {
		t.busy--
	} else {
		r.hold = 0
	}
	t.arm()
	kept := t.idle.put(r)
	t.mu.Unlock()
	if !kept && r.cancel != nil {
		r.cancel(context.Canceled)
	}
	t.track.End()
	t.workers.Done()
	return false
}

// begin fills r with what is to be asked next, and reports whether there is anything. It is called
// with mu held, and lets go of it where the Backoff ranks what is due.
func (t *Timeline) begin(r *run, now time.Duration) bool {
	if t.closed || now < t.gate.Shut() {
		return false
	}
	t.gate.Open() // it has been waited for; what holds up a request now is told anew
	ranked := t.rankDue(r, now)
	x := t.next(ranked)
	again := t.schedule.Follows() && !r.asking // else it ended the goroutine when it was asked
	for r.asking = false; again && x != nil && !x.confirmed; x = t.next(ranked) {
		t.reaskLocked(r, x, now)
	}
	x, hold := t.chooseHeld(r, x, ranked, now)
	if x == nil {
		if t.ready.Waiting() == 0 {
			t.gate.CaughtUp(now)
		}
		return false
	}
	size := t.size.Now()
	if t.closed || !t.gate.Admit(now, min(size, t.ready.Waiting())) {
		return false
	}
	r.lane = t.ready.Lane(x.lane)
	r.polls, r.ids, r.split = r.polls[:0], r.ids[:0], false
	if r.fault.Err != nil {
		r.fault = sighting.Fault{}
	}
	most := size
	if r.hold = hold; r.hold > 0 {
		most = 1
	}
	for ; x != nil && x.company.Limit(most) > len(r.polls); x = t.next(ranked) {
		most = min(most, x.company.Limit(most))
		x.queued = false
		t.ready.Take(x, x.lane)
		t.picks++
		r.add(x)
		r.ids = append(r.ids, x.id)
		x.run = r
		if len(r.polls) == most {
			break
		}
	}
	t.launch(r, now)
	if len(r.polls) < size || r.hold > 0 {
		t.hire(now) // for those that could not go along
	}
	t.arm()
	return true
}

// add makes x, of which a zero poll is left from the run before, a part of r.
func (r *run) add(x *watch) {
	if len(r.polls) == cap(r.polls) {
		r.polls = append(r.polls, poll{})
	} else {
		r.polls = r.polls[:len(r.polls)+1]
	}
	p := &r.polls[len(r.polls)-1]
	p.x, p.last, p.kind = x, x.seen, x.waiters.part.kind
}

// launch counts r, which is filled, as in flight.
func (t *Timeline) launch(r *run, now time.Duration) {
	if r.ctx == nil || r.cause != nil {
		r.ctx, r.cancel = context.WithCancelCause(t.ctx)
	}
	r.asked, r.until = now, instant.Later(instant.Later(now, t.PollTimeout), r.hold)
	r.present, r.cause, r.observed, r.unbind, r.polled = len(r.polls), nil, nil, nil, false
	r.claim.Store(unclaimed)
	if r.hold > 0 {
		t.busy--
		t.holds++
		t.held.insert(r)
	} else {
		t.ready.Begin(r.lane)
		t.runs.add(r)
	}
	t.figures.Request(now)
	t.figures.InFlight += len(r.polls)
}

// fitBatch puts back the watches of r that do not fit into one request.
func (t *Timeline) fitBatch(r *run) {
	n := t.service.Fit(r.ids)
	if n == len(r.ids) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for i := range r.polls[n:] {
		if x := r.polls[n+i].x; x.waiters != nil && x.run == r {
			x.run = nil
			r.present--
			t.figures.InFlight--
			t.push(x)
		}
	}
	clear(r.polls[n:])
	r.polls, r.ids = r.polls[:n], r.ids[:n]
	t.proceed(now)
}

// stop cancels the request of r. What that sets off counts as work until it has come back.
func (t *Timeline) stop(r *run, cause error) {
	if r.cause != nil {
		return
	}
	r.cause = cause
	r.leave()
	r.until = instant.Later(t.now(), writeOffAfter)
	t.stopping.add(r)
	t.track.Begin()
	r.cancel(cause)
}

// writeOffAfter is how long after its context has ended a request may take to come back. Then its
// worker is given up, so that the watches go on without it. At most as many workers are given up as
// there may be at once.
const writeOffAfter = time.Second

// writeOff has another worker deal with the end of r, whose own does not come back.
func (t *Timeline) writeOff(r *run) {
	r.leave()
	o := &run{stage: conclude, observed: r.ctx}
	switch {
	case r.claim.CompareAndSwap(unclaimed, writtenOff):
	case r.claim.CompareAndSwap(asking, writtenOff):
		o.observed, o.unbind = r.observed, r.unbind
	default:
		return // it has just come back
	}
	t.strays.add(r)
	t.lost++
	o.ctx, o.cancel, o.cause, o.lane, o.present = r.ctx, r.cancel, r.cause, r.lane, r.present
	o.leavers, r.leavers = r.leavers, nil
	o.hold, o.polled = r.hold, r.polled
	o.polls, o.ids, o.asked, o.ended = slices.Clone(r.polls), slices.Clone(r.ids), r.asked, t.now()
	o.fault = sighting.Fault{Err: r.cause}
	o.claim.Store(asking)
	o.work = func() { t.work(o) }
	for i := range o.polls {
		if x := o.polls[i].x; x.run == r {
			x.run = o
		}
	}
	t.workers.Add(1)
	go o.work() // in the place of r's worker, also as far as a test clock knows
}

// discard ends the worker of r, which was written off and has come back.
func (t *Timeline) discard(r *run) (more bool) {
	if r.unbind != nil {
		r.unbind() // perhaps for the second time
	}
	t.mu.Lock()
	r.leave()
	t.lost--
	t.arm()
	t.mu.Unlock()
	t.workers.Done()
	return false
}

// announce tells the Observer that a poll starts. It writes nothing before that, as r may be
// written off meanwhile.
func (t *Timeline) announce(r *run) {
	observed, unbind := r.ctx, func() {}
	if t.audience != nil {
		made := t.audience.Observe(r.ctx, &observe.Event{Kind: observe.PollStarted, Time: t.epoch.Add(r.asked), IDs: r.ids})
		observed, unbind = t.audience.Bind(r.ctx, made)
	}
	r.observed, r.unbind = observed, unbind
}

// ask makes the request of r, unless it has been written off. It writes nothing but the result.
func (t *Timeline) ask(r *run) bool {
	if r.observed == nil {
		r.observed = r.ctx // the Observer ended the goroutine
	}
	if !r.claim.CompareAndSwap(unclaimed, asking) {
		return false
	}
	if r.hold > 0 {
		t.askHeld(r)
	} else if len(r.polls) == 1 {
		p := &r.polls[0]
		t.service.Status(r.observed, p.x.id, p.last, &r.status, &r.fault)
	} else {
		r.batch, r.fault = t.service.StatusBatch(r.observed, slices.Clone(r.ids))
	}
	r.ended = t.now()
	return true
}

// conclude sees whether the goroutine ended in the request of r, and frees what the Observer made.
func (t *Timeline) conclude(r *run) {
	if r.inside { // it ended the goroutine
		r.inside = false
		r.fault, r.ended = boundary.Broken(t.guard.Panicked(boundary.ErrGoexit)), t.now()
		r.cancel(context.Canceled)
		r.ctx = nil
	}
	if r.unbind != nil {
		r.unbind()
		r.unbind = nil
	}
}

// report tells the Observer that the request of r has ended.
func (t *Timeline) report(r *run) {
	if t.audience != nil {
		t.audience.Observe(r.observed, &observe.Event{Kind: observe.PollEnded, Time: t.epoch.Add(r.ended), IDs: r.ids,
			Took: r.ended - r.asked, Err: r.fault.Err})
	}
	r.observed = nil
}
