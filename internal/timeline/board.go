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

// A board has all watches: by id, by due time, and the due ones by kind. It also has the leaves
// that decide when requests and polls are made. All of it is guarded by core.mu.
type board struct {
	*core
	watches *index.Index[watch, *watch]
	line    dueline.Line[watch, *watch]
	ready   *queue.Kinds[watch, *watch]
	urgent  queue.Urgent[watch, *watch]
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
		gate:    gate.New(k.Limiter, k.steady.Time(0)),
		pace:    pace.Rule{Slack: k.Slack, Real: wait.Real(k.Clock), Batches: k.service.Group() > 1},
		size:    batching.NewSize(k.service.Group()),
		plain:   make(map[plainStatus]*sighting.Sighting),
	}
}

// lane holds the due watches of one kind.
type lane = queue.Lane[watch, *watch]

// addLocked adds x, which is new, to the watches. The argument hash is the index's hash of its id.
func (b *board) addLocked(x *watch, hash uint64, kind string) {
	b.watches.Add(x, hash)
	x.lane = b.ready.Enter(kind)
}

// kindLocked returns the kind of x, which is the kind of its first wait. So x is learned from and
// counted under one kind, even if its waits name several. If there are too many kinds for a lane
// each, it is the kind of p, a part of x.
func (b *board) kindLocked(x *watch, p *part) string {
	if kind, only := b.ready.Lane(x.lane).Kind(); only {
		return kind
	}
	return p.kind
}

// moveLocked moves x to a phase. Every change of phase goes through here. The caller puts a waiting
// watch on the due line afterwards, once its next poll is known.
func (b *board) moveLocked(x *watch, to phase) {
	from := x.phase
	x.phase = to
	switch {
	case to == ready:
		b.ready.Push(x, x.lane, x.poll)
		if x.urgent {
			b.urgent.Add(x, x.poll)
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

// hurryLocked marks x as urgent, so that it is polled before watches that are not.
func (b *board) hurryLocked(x *watch) {
	if x.urgent {
		return
	}
	x.urgent = true
	if x.phase == ready {
		b.urgent.Add(x, x.poll)
	}
}

// releaseLocked removes x from its call, and reports whether somebody still waits for it.
func (b *board) releaseLocked(x *watch) bool {
	x.call = nil
	x.marks &^= paused
	if x.phase == gone {
		return false
	}
	b.moveLocked(x, waiting)
	return true
}

// requeueLocked makes x due at once.
func (b *board) requeueLocked(x *watch, now time.Duration) {
	x.poll = now
	b.moveLocked(x, ready)
	b.line.Put(x, x.due())
}

// waitsLocked records how long x waits for its next poll.
func (b *board) waitsLocked(x *watch, wait time.Duration) {
	b.gate.Demand(x.previous, wait)
	x.previous = wait
}

// alignLocked rounds up the instant of a poll: see [pace.Rule.Align].
func (b *board) alignLocked(at, wait time.Duration) time.Duration {
	return b.pace.Align(at, wait, b.watches.Len())
}

// retry is [Timeline.Retry].
func (b *board) retry(class transport.Class) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gate.Retry(b.now(), class)
}

// maxPlain bounds the number of sightings that watches share.
const maxPlain = 256

// plainStatus is an answer with nothing but a state and its word.
type plainStatus struct {
	state transport.State
	raw   string
}

// shareLocked returns s, or an equal sighting that other watches share.
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

// sawLocked sets the newest sighting of x.
func (b *board) sawLocked(x *watch, s *sighting.Sighting) {
	if x.isBlocked() {
		b.figures.Blocked--
	}
	x.seen = b.shareLocked(s)
	if x.isBlocked() {
		b.figures.Blocked++
	}
}

// questionLocked returns the Poll with which the Backoff planned the next poll of x, and the
// instant at which it did: the end of the poll before, or the beginning of x. The Previous of that
// Poll is no longer known.
func (b *board) questionLocked(x *watch) (p backoff.Poll, polled time.Duration) {
	polled = x.poll - x.previous
	p = backoff.Poll{Key: x.id, Kind: b.kindLocked(x, x.waiters.part), Attempt: int(x.attempt), Elapsed: max(polled-x.began, 0)}
	if s := x.seen; s != nil {
		p.RetryAfter, p.Progress, p.State, p.Err = b.capped(s.RequestedWait()), s.Progress, s.StateName(), s.Err()
	}
	return p, polled
}

// pauseLocked returns the wait that the service asks for after the last answer about x.
func (b *board) pauseLocked(x *watch) (wait time.Duration) {
	if x.seen != nil {
		wait = b.capped(x.seen.RequestedWait())
	}
	if x.marks.has(paused) {
		wait = max(wait, x.previous)
	}
	return wait
}

// lookAtLocked brings the next poll of x forward to the given instant, or to the later one that the
// service allows. With a Batcher, the polls of several watches meet.
func (b *board) lookAtLocked(x *watch, at time.Duration) {
	since := x.poll - x.previous
	if at = b.alignLocked(max(at, instant.Later(since, b.pauseLocked(x))), 0); at < x.poll {
		x.poll = at
		x.marks |= confirmed | hurried
		b.waitsLocked(x, at-since)
	}
}

// lookLastLocked brings the next poll of x forward to shortly before m gives up, if it would come
// too late for m. There is one such poll only: once a poll was made at that time or later, none is
// brought forward. The poll comes no sooner than retryAfter after the last answer. A waiter whose
// timeout was extended for its last poll gets that poll at once.
func (b *board) lookLastLocked(x *watch, m *waiter, asked, answered, retryAfter time.Duration) {
	end := min(m.deadline(), m.part.consumer.until)
	if end == instant.Forever || m.extended == extendedByAbsence && answered <= m.end() { // its one poll is planned already
		return
	}
	look := answered
	if m.extended == notExtended {
		var latest time.Duration
		if look, latest = pace.LastLook(m.began, end, int(m.cohort)); asked >= look || x.poll <= latest {
			return
		}
		if meeting := b.alignLocked(look, end-latest); meeting < end {
			look = meeting
		}
	}
	if look = max(look, instant.Later(answered, retryAfter)); look < min(x.poll, end) {
		x.poll = look
		x.marks |= hurried
	}
}
