package timeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A joiner makes a Consumer wait for a job, and adds a watch to the board if the job has none.
type joiner struct {
	*core
	board      *board
	pool       *pool
	finisher   *finisher
	hub        *hub
	catchUps   catchUps
	beginnings *beginnings
}

// A Job is a job that a [Consumer] waits for. It has the fields of jobstatus.Job. If Kind, Began or
// Timeout is zero, the Limits of the Consumer apply.
type Job struct {
	ID, Kind           string
	Began, PolledUntil time.Time
	Timeout            time.Duration
	Last               transport.Status
}

// JobsOf returns a Job for each id. Each Job is valid until the next one is taken.
func JobsOf(ids iter.Seq[string]) iter.Seq[*Job] {
	return func(yield func(*Job) bool) {
		var job Job
		for id := range ids {
			job.ID = id
			if !yield(&job) {
				return
			}
		}
	}
}

// An entry is a Job with the limits that apply to it. It is small, because a goroutine in
// WaitForJob keeps the stack that it needed to join.
type entry struct {
	id, kind           string
	began, polledUntil time.Time
	timeout            time.Duration
	last               *transport.Status
	persists           bool // there is no limit of attempts
	started            bool // the service has just started the job
}

var nothing transport.Status // the last status of a job about which nothing is known

// Join makes c wait for one more job. The argument end is the terminal status of the job if it is
// known, and otherwise nil. If c cannot wait for the job, the Result of the job has the reason.
func (c *Consumer) Join(ctx context.Context, id string, end *transport.Status) {
	e := entry{id: id, kind: c.Kind, began: c.Began, timeout: c.Timeout, last: cmp.Or(end, &nothing),
		persists: c.MaxAttempts == Unlimited, started: c.Started == id}
	c.joiner.join(ctx, c, &e)
}

// joinJob is like Join, for one of many jobs. The first polls of many jobs are spread: see
// spreadFirst.
func (c *Consumer) joinJob(ctx context.Context, job *Job) {
	sighting.Clamp(&job.Last)
	e := entry{id: job.ID, kind: cmp.Or(job.Kind, c.Kind), began: job.Began, polledUntil: job.PolledUntil,
		timeout: cmp.Or(job.Timeout, c.Timeout), last: &job.Last,
		persists: c.MaxAttempts == Unlimited || c.ByDefault && job.Timeout != 0, started: c.Started == job.ID}
	if job.Began.IsZero() {
		e.began = c.Began
	}
	c.joiner.join(ctx, c, &e)
}

// join makes c wait for job. If c cannot wait for the job, join gives c a Result with the reason.
func (j *joiner) join(ctx context.Context, c *Consumer, job *entry) {
	if job.last.ID != "" && job.last.ID != job.id {
		job.last = &nothing // it is about another job
	}
	if job.last.State.Terminal() { // it counts even if the wait could not begin
		r := &Result{Status: *job.last, End: Ended}
		r.ID = job.id
		sighting.Clamp(&r.Status)
		j.put(c, r)
		return
	}
	if err := j.begin(ctx, c, job); err != nil {
		j.put(c, refusal(ctx, job.id, err))
	}
}

// begin makes c wait for job, or returns the reason why c cannot wait.
func (j *joiner) begin(ctx context.Context, c *Consumer, job *entry) error {
	if over := wait.EndOf(ctx); over.Err != nil {
		return over.Err
	}
	if err := transport.CheckID(job.id); err != nil {
		return err
	}
	if job.timeout < 0 && job.timeout != Unlimited {
		return fmt.Errorf("timeout %v: must not be negative; Unlimited lifts the limit", job.timeout)
	}
	if !job.began.IsZero() && j.steady.Time(j.now()).Sub(job.began) > maxAge {
		job.began = time.Time{}
	}
	for {
		if again, err := j.tellAndWatch(c, job); !again {
			return err
		}
	}
}

// put gives c the Result of a job for which no wait began.
func (j *joiner) put(c *Consumer, r *Result) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c.source != nil && r.End == GaveUp {
		c.source.refused++
	}
	c.inbox.put(r)
	c.wakeUpLocked()
}

// watch makes c wait for the watch of job, and adds the watch if there is none. The argument b is
// the beginning of that watch, if there is one. If the Backoff is a Follower and a watch has to be
// added that has no beginning, watch does nothing and reports that tellAndWatch must be called
// again.
func (j *joiner) watch(c *Consumer, job *entry, b *beginning) (again bool, err error) {
	j.mu.Lock()
	p := c.parts.acquire(c, job.kind, &j.board.figures)
	j.mu.Unlock()
	s, err := j.stand(job, p, j.now())
	j.mu.Lock()
	defer j.unlockAside()
	defer p.release()
	x, hash := j.board.watches.Get(job.id)
	if x == nil && j.schedule.Follows() && (b == nil || b.added) {
		return true, nil
	}
	c.joined++
	switch {
	case err != nil:
		return false, err
	case j.closed:
		return false, ErrClosed
	case c.source != nil && c.source.stopped:
		return false, nil // the call is over
	}
	if c.source != nil {
		c.source.tookLocked()
	}
	now := j.now()
	added := x == nil
	if added {
		if x, err = j.addLocked(job, hash, &s, now); err != nil {
			return false, err
		}
		j.beginnings.addedLocked(job.id, b)
	}
	m := j.waitForLocked(x, job, p, &s, now)
	if x.seen != nil {
		c.seeLocked(x)
	}
	if !j.endsAtOnceLocked(x, m, job, added, now) {
		j.planLocked(x, m, &s, added, now)
	}
	return false, nil
}

// planLocked plans the next poll of x for m, which has the stand s and joins x now. The argument
// added is whether x is new.
func (j *joiner) planLocked(x *watch, m *waiter, s *stand, added bool, now time.Duration) {
	if x.phase == waiting { // otherwise the next poll is planned when the present one is answered
		first := x.poll
		if !added {
			first = j.board.alignLocked(instant.Later(now, s.first), s.first)
		}
		j.advanceLocked(x, m, first, now, added)
	}
	j.cutLocked(x, m)
	j.board.line.Put(x, x.due())
	if added {
		j.hub.recallLocked(x, now)
	}
	j.pool.proceedLocked(now)
}

// endsAtOnceLocked ends the wait of m, which joins x, if what is known about x ends it. It reports
// whether it did.
func (j *joiner) endsAtOnceLocked(x *watch, m *waiter, job *entry, added bool, now time.Duration) bool {
	c := m.part.consumer
	switch {
	case c.StopWhenBlocked && x.isBlocked():
		j.finisher.giveUpLocked(m, ErrBlocked)
		return true
	case added:
		return job.began.IsZero() && j.hub.throttleLocked(m, now, j.capped(max(c.First, job.last.RetryAfter)))
	case x.phase != waiting:
		return false
	default:
		return j.hub.throttleLocked(m, x.poll-x.previous, j.board.pauseLocked(x))
	}
}

// addLocked adds a watch of job, whose id has the given hash.
func (j *joiner) addLocked(job *entry, hash uint64, s *stand, now time.Duration) (*watch, error) {
	if j.MaxWatches > 0 && j.board.watches.Len() >= j.MaxWatches {
		return nil, fmt.Errorf("%w: %d", ErrMaxWatches, j.MaxWatches)
	}
	x := &watch{id: job.id}
	j.startLocked(x, job, s, now)
	j.board.addLocked(x, hash, job.kind)
	return x, nil
}

// startLocked sets the fields of x, which is new, from s.
func (j *joiner) startLocked(x *watch, job *entry, s *stand, now time.Duration) {
	x.began, x.deadline, x.alive = s.began, instant.Forever, s.alive
	x.attempt = int32(min(s.made, math.MaxInt32/2))
	if job.started {
		x.marks = started
	}
	first := s.first
	if !s.unheard {
		first = j.hub.quietLocked(x, first, now)
	}
	polled := min(s.polled, now)
	if s.began == now || first != s.first {
		polled = now
	}
	x.poll = j.board.alignLocked(instant.Later(now, first), first)
	j.board.waitsLocked(x, x.poll-polled)
	if job.last.State != transport.Unknown || job.last.Raw != "" {
		var seen sighting.Sighting
		seen.See(nil, job.last, sighting.PollError{}, j.awake(now), j.Patience)
		j.board.sawLocked(x, &seen)
	}
}

// waitForLocked adds a waiter of the Consumer of p to x.
func (j *joiner) waitForLocked(x *watch, job *entry, p *part, s *stand, now time.Duration) *waiter {
	c := p.consumer
	counted := s.made
	if !job.persists {
		counted = min(counted, c.MaxAttempts-1) // at least one more poll is made
	}
	m := &waiter{part: p, watch: x, next: x.waiters, began: s.began, timeout: job.timeout, persists: job.persists,
		joined: x.attempt - int32(min(counted, math.MaxInt32/2)), member: int32(c.members.Len()),
		cohort: int32(min(pace.Cohort(c.joined-1, j.service.Group()), math.MaxInt32))}
	if s.past {
		m.began, m.extended = now-job.timeout, extendedByAbsence
	}
	if m.next != nil {
		m.next.previous = m
	}
	x.waiters = m
	c.members.Push(m)
	p.users++
	p.figures.Waits++
	j.board.figures.Waits++
	x.deadline = min(x.deadline, m.deadline())
	return m
}

// fresh is the age from which the newest status is too old for a waiter that joins. A poll is then
// made for the waiter.
const fresh = time.Second

// advanceLocked brings the next poll of x forward for m, which joins x now. If the newest status is
// not fresh, the poll is made at the instant first, when a new watch would be polled. The one poll
// of a wait whose timeout has passed is made then too. The function also plans the last look of m.
// The argument added is whether x is new.
func (j *joiner) advanceLocked(x *watch, m *waiter, first, now time.Duration, added bool) {
	since := x.poll - x.previous // the last answer, or when x began
	retryAfter := j.capped(m.part.consumer.First)
	if x.seen != nil || x.marks.has(paused) {
		retryAfter = j.board.pauseLocked(x)
	}
	soon := max(first, instant.Later(since, retryAfter))
	if soon < x.poll && (x.seen != nil && now-since >= fresh || m.extended == extendedByAbsence) {
		x.poll = soon
		x.marks |= hurried
	}
	asked := since
	if added && x.poll >= min(m.end(), m.part.consumer.until) {
		asked = m.began // a last look before m was resumed is none of m, which would end without a poll
	}
	j.board.lookLastLocked(x, m, asked, since, retryAfter)
	x.poll = max(x.poll, now) // the last look of a resumed wait may be long due
	j.board.waitsLocked(x, x.poll-since)
	if x.poll <= now {
		j.board.moveLocked(x, ready)
	}
}

// cutLocked cancels the hold of x if m, which joins x, needs a poll sooner.
func (j *joiner) cutLocked(x *watch, m *waiter) {
	c := x.call
	switch {
	case c == nil || !c.isHold():
	case m.extended != notExtended || m.end() < instant.Later(c.asked, c.hold):
		j.pool.stopLocked(c, errCut)
	case c.in == &j.pool.held && m.holdsUntil() < c.until:
		c.leave()
		c.until = m.holdsUntil()
		j.pool.held.insert(c)
	}
}
