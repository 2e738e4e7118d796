package timeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/hearing"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A Job is one that a [Call] is to wait for. Its fields are those of jobstatus.Job. Where Kind,
// Began or Timeout is zero, the Limits of the call apply.
type Job struct {
	ID, Kind           string
	Began, PolledUntil time.Time
	Timeout            time.Duration
	Last               transport.Status
}

// JobsOf returns the jobs that have ids.
func JobsOf(ids iter.Seq[string]) iter.Seq[Job] {
	return func(yield func(Job) bool) {
		for id := range ids {
			if !yield(Job{ID: id}) {
				return
			}
		}
	}
}

// An entry is a Job with the limits that apply to it.
type entry struct {
	Job
	persists bool // there is no limit of attempts
}

// Join makes c wait for one job more. If it waits for many, their first polls are spread: see
// spreadFirst. What keeps c from waiting for the job is its Result.
func (c *Call) Join(ctx context.Context, job Job) {
	e := entry{Job: job, persists: c.MaxAttempts == Unlimited || c.ByDefault && job.Timeout != 0}
	e.Kind = cmp.Or(job.Kind, c.Kind)
	e.Timeout = cmp.Or(job.Timeout, c.Timeout)
	if job.Began.IsZero() {
		e.Began = c.Began
	}
	if err := c.join(ctx, &e); err != nil {
		c.refuse(ctx, job.ID, err)
	}
}

// refuse gives c the Result of a job that it does not wait for, because of err.
func (c *Call) refuse(ctx context.Context, id string, err error) {
	r := &Result{Status: transport.Status{ID: id}, End: GaveUp, Err: err}
	switch {
	case ctx.Err() != nil:
		r.Err, r.Context = context.Cause(ctx), ctx.Err()
	case err != ErrClosed:
		r.End = Broken
	}
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if c.source != nil && r.End == GaveUp {
		c.source.refused++
	}
	c.results = append(c.results, r)
	c.wakeUp()
}

func (c *Call) join(ctx context.Context, job *entry) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := transport.CheckID(job.ID); err != nil {
		return err
	}
	if job.Timeout < 0 && job.Timeout != Unlimited {
		return fmt.Errorf("timeout %v: must not be negative; Unlimited lifts the limit", job.Timeout)
	}
	if job.Last.State.Terminal() {
		c.endBefore(job)
		return nil
	}
	t := c.t
	followed := t.followNew(job.ID, job.Kind)
	added, err := c.joinFollowed(job)
	if followed && !added {
		t.schedule.Learn(backoff.Outcome{Key: job.ID, Kind: job.Kind})
	}
	return err
}

// endBefore gives c the Result of a job whose end is known.
func (c *Call) endBefore(job *entry) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	r := &Result{Status: job.Last, End: Ended}
	r.ID = job.ID
	c.results = append(c.results, r)
	c.wakeUp()
}

// lookWithin is a fifth of the time over which the last looks of jobs are spread whose timeout
// passed before they joined.
const lookWithin = 2 * time.Second

// maxAge bounds the age at which a watch begins.
const maxAge = 100 * 365 * 24 * time.Hour

// A stand is where the watch of a job begins: at its first poll, or where it would be if it had
// been there all along.
type stand struct {
	began  time.Duration
	polled time.Duration // when the last of the polls that count was due; began before the first
	made   int           // how many they are
	first  time.Duration // the wait before the next one
	alive  time.Duration // the age at which the job was last polled
	// past is whether the timeout has passed, so that one last look is all that is left.
	past bool
	// unheard is whether notifications about the job may have been missed.
	unheard bool
}

// stand returns where the watch of job begins that joins p now.
func (c *Call) stand(job *entry, p *part, now time.Duration) (s stand, err error) {
	t := c.t
	s.began, s.polled = now, now
	ask := backoff.Poll{Key: job.ID, Kind: job.Kind}
	if !job.Began.IsZero() {
		age := t.epoch.Add(now).Sub(job.Began)
		s.began = now - min(max(age, 0), maxAge)
	}
	if s.began == now {
		if s.first, err = t.schedule.Ask(ask); err == nil {
			s.first, err = c.spreadFirst(p, job, max(s.first, c.First, job.Last.RetryAfter))
		}
		return s, err
	}
	ask.RetryAfter, ask.Progress = max(job.Last.RetryAfter, 0), job.Last.Progress
	place, err := t.schedule.Resume(ask, now-s.began, c.joined)
	if err != nil {
		return s, err
	}
	s.made, s.polled = place.Attempt, s.began+place.Last
	s.first, err = c.spreadFirst(p, job, max(instant.Later(s.polled, place.Wait)-now, 0))
	if err != nil {
		return s, err
	}
	s.unheard = now-s.began > hearing.Remembered
	if s.past = instant.Later(s.began, job.Timeout) <= now; s.past {
		s.first = min(s.first, pace.CatchUp(lookWithin, t.catchUps.next(now, lookWithin)))
	}
	if job.PolledUntil.IsZero() {
		return s, nil
	}
	gap := min(max(t.epoch.Add(now).Sub(job.PolledUntil), 0), now-s.began)
	s.unheard = s.unheard || gap > 0
	if place.Attempt > 0 && s.polled > now-gap {
		s.first = min(s.first, pace.CatchUp(gap, t.catchUps.next(now, gap)))
		place, err = t.schedule.Resume(ask, now-gap-s.began, c.joined)
	}
	s.alive = place.Last
	return s, err
}

// joinFollowed is join for a job that is worth to wait for. It reports whether it added a watch.
func (c *Call) joinFollowed(job *entry) (added bool, err error) {
	t := c.t
	p := c.partOf(job.Kind)
	s, err := c.stand(job, p, t.now())
	c.joined++
	t.mu.Lock()
	defer t.unlockAside()
	defer p.leave()
	switch {
	case err != nil:
		return false, err
	case t.closed:
		return false, ErrClosed
	case c.source != nil && c.source.stopped:
		return false, nil // nobody hears of the job
	}
	now := t.now()
	x, hash := t.watches.Get(job.ID)
	if x == nil {
		if t.MaxWatches > 0 && t.watches.Len() >= t.MaxWatches {
			return false, fmt.Errorf("%w: %d", ErrMaxWatches, t.MaxWatches)
		}
		x, added = &watch{id: job.ID}, true
		t.start(x, job, &s, now)
		t.watches.Add(x, hash)
		x.lane = t.ready.Enter(job.Kind)
	}
	m := c.waitForLocked(x, job, p, &s, now)
	if x.seen != nil {
		c.see(x)
		if x.isBlocked() && c.StopWhenBlocked {
			t.giveUp(m, ErrBlocked)
			return added, nil
		}
	}
	if x.run == nil && !x.queued { // of one that is due or polled, this is done once it is answered
		first := x.poll
		if !added {
			first = instant.Later(now, s.first)
		}
		t.advance(x, m, first, now)
	}
	t.cut(x, m)
	t.line.Put(x)
	if added {
		t.recall(x, now)
	}
	t.proceed(now)
	return added, nil
}

// start puts x, which is new, where s says.
func (t *Timeline) start(x *watch, job *entry, s *stand, now time.Duration) {
	x.began, x.deadline, x.alive = s.began, instant.Forever, s.alive
	x.attempt = int32(min(s.made, math.MaxInt32/2))
	first := s.first
	if !s.unheard {
		first = t.quiet(x, first, now)
	}
	polled := min(s.polled, now)
	if s.began == now || first != s.first {
		polled = now
	}
	x.poll = t.align(instant.Later(now, first), first)
	t.waits(x, x.poll-polled)
	if job.Last.State != transport.Unknown || job.Last.Raw != "" {
		var seen sighting.Sighting
		seen.See(nil, &job.Last, sighting.Fault{}, now, t.Patience)
		t.saw(x, &seen)
	}
}

// waitForLocked makes c one more that waits for x.
func (c *Call) waitForLocked(x *watch, job *entry, p *part, s *stand, now time.Duration) *waiter {
	counted := s.made
	if !job.persists {
		counted = min(counted, c.MaxAttempts-1) // one poll is made in any case
	}
	m := &waiter{part: p, watch: x, next: x.waiters, began: s.began, timeout: job.Timeout, persists: job.persists,
		joined: x.attempt - int32(min(counted, math.MaxInt32/2)), member: int32(len(c.members)),
		ordinal: int32(min(c.joined-1, math.MaxInt32))}
	if s.past {
		m.began, m.extended = now-job.Timeout, extendedByAbsence
	}
	if m.next != nil {
		m.next.previous = m
	}
	x.waiters = m
	c.members = append(c.members, m)
	p.holders++
	p.figures.Waits++
	c.t.figures.Waits++
	x.deadline = min(x.deadline, m.deadline())
	return m
}

// partOf returns the part of c of one kind. Its caller holds it until it calls leave.
func (c *Call) partOf(kind string) *part {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	p := c.own
	if kind != c.Kind {
		p = c.parts[kind]
	}
	if p == nil {
		p = &part{call: c, kind: kind, figures: c.t.figures.Of(kind)}
		switch {
		case kind == c.Kind:
			c.own = p
		case c.parts == nil:
			c.parts = make(map[string]*part)
			fallthrough
		default:
			c.parts[kind] = p
		}
	}
	p.holders++
	return p
}

// leave gives p up. One that nobody holds is forgotten, so that a call can be endless. It is called
// with mu held.
func (p *part) leave() {
	if p.holders--; p.holders == 0 && p != p.call.own {
		delete(p.call.parts, p.kind)
	}
}

// advance brings the next poll of x forward for m, which joins it now, unless the newest status is
// fresh: to the instant first, at which a new watch would be polled. m also gets its last look.
func (t *Timeline) advance(x *watch, m *waiter, first, now time.Duration) {
	since := x.poll - x.previous // the last answer, or when x began
	var leaveAlone time.Duration
	if x.seen != nil {
		leaveAlone = t.capped(x.seen.LeaveAlone())
		if now-since >= fresh {
			x.poll = min(x.poll, max(first, instant.Later(since, leaveAlone)))
		}
	}
	x.lookLast(m, since, since, leaveAlone)
	t.waits(x, x.poll-since)
	if x.poll <= now {
		t.enqueue(x)
	}
}

// spreadFirst returns the wait before the first poll of job, where the Backoff says first. The
// first jobs of a call wait no longer. Those that follow are put into cohorts, which are spread
// evenly over the interval at which the Backoff asks in the long run. So a bulk that begins
// together never asks much more often than it does later. A first wait that is not zero at most
// doubles.
func (c *Call) spreadFirst(p *part, job *entry, first time.Duration) (time.Duration, error) {
	t := c.t
	if c.joined < max(pace.SmallBulk, pace.AtOnce*t.service.Group()) {
		return first, nil
	}
	if p.interval == 0 {
		interval, err := t.longRun(job.ID, job.Kind, job.Timeout)
		if err != nil {
			return 0, err
		}
		p.interval = interval
	}
	return pace.First(first, p.interval, c.joined, t.service.Group()), nil
}

// longRun returns the interval at which the Backoff asks about a job in the long run.
func (t *Timeline) longRun(id, kind string, timeout time.Duration) (time.Duration, error) {
	return pace.LongRun(timeout, func(attempt int, age, last time.Duration) (time.Duration, error) {
		return t.schedule.Ask(backoff.Poll{Key: id, Kind: kind, Attempt: attempt, Elapsed: age, Previous: last,
			State: transport.Running.String()})
	})
}
