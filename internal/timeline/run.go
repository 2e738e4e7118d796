package timeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A run is one request under way, about one watch or a batch of them. A worker uses one for all its requests.
type run struct {
	work    func() // what its worker does, made once so that a worker is started without allocating
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
	present        int  // polls whose watch is still waited for
	stopped        bool // it is to come back
	next, previous *run // in the order in which they began
}

// left reports whether r was stopped because nobody waits any longer, which says nothing of the service, unless time ran out.
func (r *run) left() bool {
	why := context.Cause(r.ctx)
	return why != nil && !errors.Is(why, context.DeadlineExceeded)
}

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
	} else {
		l.first = r.next
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
		wait.Go(t.track, t.idleRun().work)
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
	t.mu.Lock()
	t.answered(r)
	r.cancel(context.Canceled)
	r.ctx = nil
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
	if r.ctx == nil || r.stopped {
		r.ctx, r.cancel = context.WithCancelCause(t.ctx)
	}
	r.lane, r.asked, r.until = l, now, later(now, t.PollTimeout)
	r.present, r.stopped = len(r.polls), false
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

// stop ends the request of r. What that sets off counts as work until it has come back.
func (t *Timeline) stop(r *run, cause error) {
	if !r.stopped {
		r.stopped = true
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
