package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/batching"
	"github.com/iamber12/job-status-monitoring/internal/dueline"
	"github.com/iamber12/job-status-monitoring/internal/figures"
	"github.com/iamber12/job-status-monitoring/internal/gate"
	"github.com/iamber12/job-status-monitoring/internal/index"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/queue"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A board has all watches: by id, by when they are due, and by kind where they are due. It says
// when the next request may be made, and when a poll is made that is due. All is guarded by
// core.mu.
type board struct {
	*core
	watches *index.Index[watch, *watch]
	line    dueline.Line[watch, *watch]
	ready   *queue.Kinds[watch, *watch]
	gate    *gate.Gate
	pace    pace.Rule
	size    batching.Size
	figures figures.Figures
	plain   map[plainStatus]*sighting.Sighting
}

func newBoard(k *core) *board {
	return &board{
		core:    k,
		watches: index.New[watch](),
		ready:   queue.New[watch](),
		gate:    gate.New(k.Limiter, k.epoch),
		pace:    pace.Rule{Slack: k.Slack, Real: wait.Real(k.Clock), Batches: k.service.Group() > 1},
		size:    batching.NewSize(k.service.Group()),
		plain:   make(map[plainStatus]*sighting.Sighting),
	}
}

// lane is the watches of one kind that are due.
type lane = queue.Lane[watch, *watch]

// addLocked puts x, which is new, among the watches. hash is that of its id, by the index.
func (b *board) addLocked(x *watch, hash uint64, kind string) {
	b.watches.Add(x, hash)
	x.lane = b.ready.Enter(kind)
}

// moveLocked has x go over to a phase. All who change the phase of a watch do it here. A watch that
// waits is put on the line afterwards, once its next poll is known.
func (b *board) moveLocked(x *watch, to phase) {
	from := x.phase
	x.phase = to
	switch {
	case to == ready:
		b.ready.Push(x, x.lane, x.poll)
		if x.urgent {
			b.ready.Hurry(x, x.poll)
		}
	case to == gone:
		b.watches.Remove(x)
		b.ready.Leave(x.lane, from == ready)
		b.line.Remove(x)
	case from == ready && to == asked:
		b.ready.Take(x, x.lane)
	case from == ready:
		b.ready.TakeBack(x.lane)
	}
}

// hurryLocked has x polled before what is not urgent.
func (b *board) hurryLocked(x *watch) {
	if x.urgent {
		return
	}
	x.urgent = true
	if x.phase == ready {
		b.ready.Hurry(x, x.poll)
	}
}

// releaseLocked takes x out of its call, and reports whether somebody still waits for it.
func (b *board) releaseLocked(x *watch) bool {
	x.call = nil
	if x.phase == gone {
		return false
	}
	b.moveLocked(x, waiting)
	return true
}

// requeueLocked has x polled at once.
func (b *board) requeueLocked(x *watch, now time.Duration) {
	x.poll = now
	b.moveLocked(x, ready)
	b.line.Put(x, x.due())
}

// waitsLocked says how long x waits for its next poll.
func (b *board) waitsLocked(x *watch, wait time.Duration) {
	b.gate.Demand(x.previous, wait)
	x.previous = wait
}

// alignLocked rounds the instant of a poll up: see [pace.Rule.Align].
func (b *board) alignLocked(at, wait time.Duration) time.Duration {
	return b.pace.Align(at, wait, b.watches.Len())
}

// retry reports whether a poll that failed with an error of a class may be made again at once,
// within the same poll, and charges it. A Transport that retries asks by package wait.
func (b *board) retry(class transport.Class) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gate.Retry(b.now(), class)
}

// maxPlain bounds the number of sightings that watches share.
const maxPlain = 256

// plainStatus is what an answer says that says no more than the state.
type plainStatus struct {
	state transport.State
	raw   string
}

// shareLocked returns s, or one that is equal to it and that other watches have too.
func (b *board) shareLocked(s *sighting.Sighting) *sighting.Sighting {
	if !s.IsPlain() {
		return s
	}
	key := plainStatus{s.State, s.Raw}
	if shared := b.plain[key]; shared != nil {
		return shared
	}
	if len(b.plain) < maxPlain {
		b.plain[key] = s
	}
	return s
}

// sawLocked notes what was seen last of x.
func (b *board) sawLocked(x *watch, s *sighting.Sighting) {
	if x.isBlocked() {
		b.figures.Blocked--
	}
	x.seen = b.shareLocked(s)
	if x.isBlocked() {
		b.figures.Blocked++
	}
}

// questionLocked returns what the Backoff was asked when the next poll of x was planned, and when
// that was: when the poll before had ended, or x began. The wait before that is not known any more.
func (b *board) questionLocked(x *watch) (p backoff.Poll, polled time.Duration) {
	polled = x.poll - x.previous
	p = backoff.Poll{Key: x.id, Kind: x.waiters.part.kind, Attempt: int(x.attempt), Elapsed: max(polled-x.began, 0)}
	if s := x.seen; s != nil {
		p.RetryAfter, p.Progress, p.State, p.Err = b.capped(s.LeaveAlone()), s.Progress, s.StateName(), s.Fault.Err
	}
	return p, polled
}

// lookAtLocked brings the next poll of x forward to an instant, or to when the service allows it.
func (b *board) lookAtLocked(x *watch, at time.Duration) {
	since := x.poll - x.previous
	var leaveAlone time.Duration
	if x.seen != nil {
		leaveAlone = b.capped(x.seen.LeaveAlone())
	}
	if at = max(at, instant.Later(since, leaveAlone)); at < x.poll {
		x.poll = at
		x.marks |= confirmed
		b.waitsLocked(x, at-since)
	}
}
