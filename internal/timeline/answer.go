package timeline

import (
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/instant"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/batching"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

var notAnswered = sighting.FaultOf(&transport.Error{Class: transport.Transient, Err: transport.ErrNotAnswered})

// blockedWait is the least wait between polls while a job waits for a person, who takes longer than
// a machine.
const blockedWait = 30 * time.Second

// judgeNext judges the next poll of r, and tells the log and the Backoff of it. Where a plugin ends
// the goroutine meanwhile, the next one goes on behind that plugin's call.
func (t *Timeline) judgeNext(r *run) {
	p := &r.polls[r.at]
	if !p.again {
		t.judge(r, p)
	}
	r.at++ // what follows is not needed for the wait
	if p.over && p.why == nil && t.schedule.Learns() {
		o, _ := p.x.outcome(p.kind, &p.seen.Status, max(p.x.alive, r.alive(p.x)), r.ended-p.x.began)
		o.Marks = p.seen.Marks
		t.schedule.Learn(o)
	}
}

// judge decides what the watch of p does next, and writes a line about it.
func (t *Timeline) judge(r *run, p *poll) {
	if p.entered {
		if !p.judged {
			p.breakOff(t.guard.Panicked(boundary.ErrGoexit))
		}
		return
	}
	p.entered = true
	err := t.guard.Do(func() {
		t.look(r, p)
		p.judged = true
		t.logPoll(r, p) // a logger that panics has nobody to tell
	})
	if !p.judged {
		p.breakOff(err)
	}
}

// breakOff has the watch of p end with err, as a plugin panicked or ended its goroutine.
func (p *poll) breakOff(err error) {
	if p.over, p.why = true, err; p.seen != nil {
		return
	}
	s := sighting.Sighting{Fault: boundary.Broken(err)}
	if last := p.x.seen; last != nil {
		s.Status, s.Answered = last.Status, last.Answered
	}
	p.seen = &s
}

// distribute gives each watch of r its part of the answer.
func (t *Timeline) distribute(r *run) {
	switch {
	case len(r.polls) == 1:
		p := &r.polls[0]
		if p.status = &r.status; r.fault.Err != nil {
			p.fault = r.fault
		}
	case r.fault.Err != nil:
		r.split = t.divisible(r)
		for i := range r.polls {
			r.polls[i].fault, r.polls[i].again = r.fault, r.split
		}
	default:
		t.distributeBatch(r)
	}
}

func (t *Timeline) distributeBatch(r *run) {
	if r.answers == nil {
		r.answers = make(map[string]int, len(r.polls))
	}
	clear(r.answers)
	for i := range r.batch {
		r.answers[r.batch[i].Status.ID] = i
	}
	for i := range r.polls {
		p := &r.polls[i]
		if n, ok := r.answers[p.x.id]; ok {
			p.status, p.fault = &r.batch[n].Status, t.service.Fault(r.ctx, r.batch[n].Err)
			r.named++
		}
	}
	for i := range r.polls {
		if p := &r.polls[i]; p.status == nil {
			p.fault, p.again = notAnswered, r.named > 0
		}
	}
}

// divisible reports whether the fault of a batch may be that of one of its jobs, so that fewer of
// them are asked about at a time. A fault that would end a watch is looked into at once. One that
// passes is looked into when it comes for the second time, and if the service answers others
// meanwhile: in an outage everything fails, and dividing would only add to it. As there may be no
// others, one batch at a time is divided for a trial.
func (t *Timeline) divisible(r *run) bool {
	switch r.fault.Class {
	case transport.Permanent, transport.NotFound, transport.Oversized:
		return true
	case transport.Throttled, transport.Misdirected:
		return false
	}
	x := r.polls[0].x
	if x.seen == nil || x.seen.Fault.Err == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before := x.poll - x.previous // when the poll before ended
	switch {
	case r.abandoned():
		return false
	case t.answeredAt >= before:
		return true
	case t.dividedAt >= before || t.gate.Recovering(r.ended):
		return false
	default:
		t.dividedAt = r.asked
		return true
	}
}

// look makes of an answer what the watch of p does next. Of a watch that is polled, nobody else
// writes what it reads.
func (t *Timeline) look(r *run, p *poll) {
	x, now := p.x, r.ended
	st := p.status
	switch {
	case st != nil:
	case p.fault.Err == nil: // its part of the answer was lost
		p.fault = boundary.Broken(t.guard.Panicked(boundary.ErrGoexit))
		fallthrough
	default:
		st = &transport.Status{}
	}
	var s sighting.Sighting
	v := s.See(x.seen, st, p.fault, now, t.Patience)
	if t.schedule.Learns() && p.fault.Err == nil && !v.Over {
		s.Mark(r.ageSeen(x))
	}
	p.leaveAlone = t.capped(s.LeaveAlone())
	if r.isHold() && p.fault.Err != nil {
		p.seen, p.wait = x.seen, max(t.capped(p.fault.RetryAfter), 0)
		return
	}
	p.over, p.why, p.seen = v.Over, v.Err, x.seen
	if !s.Same(x.seen) {
		p.changed = p.fault.Err == nil && s.Differs(x.seen)
		p.seen = new(sighting.Sighting)
		*p.seen = s
	}
	if v.Over {
		return
	}
	if p.fault.Err == nil {
		t.schedule.Follow(x.id, p.kind, r.ageSeen(x))
	}
	made := int(x.attempt) + 1
	if r.isHold() && !p.changed && x.seen != nil {
		p.silent, made = true, max(made-1, 1)
	}
	p.wait = t.schedule.Next(backoff.Poll{
		Key: x.id, Kind: p.kind, Attempt: made, Elapsed: now - x.began, Previous: x.previous,
		RetryAfter: p.leaveAlone, Progress: s.Progress, State: s.StateName(), Err: s.Fault.Err,
	})
	if s.State == transport.Blocked {
		p.wait = max(p.wait, blockedWait)
	}
	if p.silent {
		p.due, p.wait = p.wait, max(p.wait-(now-r.asked), 0)
	}
}

// capped returns a wait that the service asks for, within the user's bound.
func (t *Timeline) capped(d time.Duration) time.Duration {
	if t.MaxRetryAfter > 0 {
		return min(d, t.MaxRetryAfter)
	}
	return d
}

// settleAll tells the waiters what r brought, puts the watches back on the line unless they are
// over, and goes on with what is due next.
func (t *Timeline) settleAll(r *run) (more bool) {
	t.mu.Lock()
	r.stage = take
	t.answered(r)
	if !t.untold.isEmpty() {
		t.unlock()
		return true
	}
	return t.continueLocked(r)
}

// answered deals with the end of r. It is called with mu held.
func (t *Timeline) answered(r *run) {
	now := r.ended
	r.leave()
	if r.cause != nil {
		defer t.track.End()
	}
	if r.hold > 0 {
		t.unheld(r)
	} else {
		t.ready.End(r.lane)
	}
	t.figures.InFlight -= r.present
	switch {
	case r.isHold() && r.fault.Err != nil: // a poll follows at once, and tells
	case r.fault.Err == nil:
		t.gate.Answered(now)
		t.answeredAt = now
		t.size.Went(len(r.polls), max(r.named, 1))
		t.noteHealth("polls are answered again", "after", nil, t.health.Answered(now, t.watches.Len()))
	case !r.abandoned():
		t.figures.Errors++
		t.gate.Failed(now, r.fault.Class)
		t.noteHealth("polls fail", "for", r.fault.Err, t.health.Failed(now))
	}
	if r.split {
		t.divide(r, now)
	} else {
		for i := range r.polls {
			if p := &r.polls[i]; p.again {
				t.askAgain(p.x, now, len(r.polls)-r.named, r.named)
			} else {
				t.settled(r, p)
			}
		}
	}
	r.over()
	clear(r.polls)
	r.polls, r.batch, r.named = r.polls[:0], nil, 0
	if r.status.Result != nil || r.status.Message != "" { // what may be large
		r.status = transport.Status{}
	}
	t.proceed(now)
}

// divide hands the watches of a batch that could not be answered as a whole back, to be asked about
// in smaller ones: at once, unless the service asks to be left alone.
func (t *Timeline) divide(r *run, now time.Duration) {
	size := len(r.polls)
	switch r.fault.Class {
	case transport.Oversized:
		t.size.TooLarge(size)
	case transport.Permanent, transport.NotFound:
		t.size.Refused(size)
	}
	leaveAlone := t.capped(r.fault.RetryAfter)
	for i := range r.polls {
		x := r.polls[i].x
		x.run = nil
		if x.waiters == nil {
			continue
		}
		if size <= 2 && r.fault.Class != transport.Oversized {
			x.company.Expel()
		} else {
			x.company.Narrow(batching.Half(size))
		}
		if leaveAlone <= 0 {
			t.requeue(x, now)
			continue
		}
		for m := x.waiters; m != nil; {
			next := m.next
			t.throttle(m, now, leaveAlone)
			m = next
		}
		if x.waiters != nil {
			x.poll = instant.Later(now, leaveAlone)
			t.waits(x, leaveAlone)
			t.line.Put(x)
		}
	}
}

// askAgain has x, which the answer to a batch left out as one of so many, asked about again at
// once, where the answer named others.
func (t *Timeline) askAgain(x *watch, now time.Duration, leftOut, named int) {
	x.run = nil
	if x.waiters == nil {
		return
	}
	if leftOut == 1 {
		x.company.Expel() // the service passes over what it does not know
	} else {
		x.company.Narrow(min(leftOut, max(named, 2)))
	}
	t.requeue(x, now)
}

// requeue has x polled at once.
func (t *Timeline) requeue(x *watch, now time.Duration) {
	x.poll = now
	t.push(x)
	t.line.Put(x)
}

// throttle ends the wait of m at once if it cannot last for as long as the service asks to be left
// alone, and that is long.
func (t *Timeline) throttle(m *waiter, now, leaveAlone time.Duration) (ended bool) {
	if leaveAlone <= longRetryAfter || instant.Later(now, leaveAlone) <= m.deadline() {
		return false
	}
	t.giveUp(m, fmt.Errorf("%w: the service asks to be left alone for %v", transport.ErrThrottled, leaveAlone))
	return true
}

// settled deals with one watch that was asked about.
func (t *Timeline) settled(r *run, p *poll) {
	asked, now := r.asked, r.ended
	x := p.x
	x.run = nil
	if x.waiters == nil {
		return // all have left, and were told what was seen by then
	}
	if r.isHold() && p.fault.Err != nil {
		t.stepDown(x, p, now)
		return
	}
	if !p.silent {
		x.attempt++
	}
	if p.seen != x.seen {
		t.saw(x, p.seen)
	}
	switch {
	case p.fault.NotAnswered:
		x.company.Expel()
	case p.fault.Err == nil:
		x.company.Widen(t.size.Now())
		if !p.over {
			x.alive = r.ageSeen(x)
			t.noteWord(x)
		}
	}
	if p.over && p.why == nil {
		t.missedBy(x, now)
		alive := max(x.alive, r.alive(x))
		o, delay := x.outcome(p.kind, &x.seen.Status, alive, now-x.began)
		x.alive = min(alive, o.After)
		t.figures.Delay(delay)
		t.figures.Of(p.kind).Delay(delay)
	}
	event := len(t.events)
	if t.audience != nil { // before the end of the watch
		t.events = append(t.events, observe.Event{Kind: observe.Answered, Time: t.epoch.Add(now), ID: x.id, JobKind: p.kind,
			Attempt: int(x.attempt), Elapsed: now - x.began, Status: x.status(), Changed: p.changed, Wait: -1, Err: p.fault.Err})
	}
	for m := x.waiters; m != nil; {
		next := m.next
		t.tell(m, p, asked, now)
		m = next
	}
	if x.waiters == nil {
		return
	}
	wait := t.quiet(x, p.wait, now)
	x.poll, x.confirmed = t.align(instant.Later(now, wait), wait), false
	for m := x.waiters; m != nil; m = m.next {
		if m.extended == notExtended && now-m.end() >= standstill { // the process stood still during the poll
			m.extended, m.began = extendedByStandstill, now-m.timeout
		}
		x.lookLast(m, asked, now, p.leaveAlone)
	}
	t.waits(x, x.poll-now)
	t.line.Put(x)
	if t.audience != nil {
		t.events[event].Wait = x.poll - now
	}
	t.recall(x, now)
}

// tell tells m what the poll p of its watch brought, and ends its wait if that is the end.
func (t *Timeline) tell(m *waiter, p *poll, asked, now time.Duration) {
	x := p.x
	switch {
	case p.over && p.why != nil:
		t.settle(m, &Result{Status: x.status(), End: Broken, Err: p.why})
	case p.over:
		t.settle(m, &Result{Status: x.status(), End: Ended})
	case m.part.call.StopWhenBlocked && x.isBlocked():
		t.giveUp(m, ErrBlocked)
	case !m.persists && int(x.attempt-m.joined) >= m.part.call.MaxAttempts:
		t.giveUp(m, ErrMaxAttempts)
	case m.extended != notExtended && asked >= m.end():
		t.giveUp(m, ErrTimeout) // the look for which it was held on
	case t.throttle(m, now, p.leaveAlone):
	case p.changed:
		m.part.call.see(x)
	}
}

// logPoll writes a line for a poll of p at debug level. It is called inside guard.
func (t *Timeline) logPoll(r *run, p *poll) {
	if p.why != nil || p.fault.Err != nil && r.dropped() {
		return
	}
	e := t.guard.Logger.Check(zap.DebugLevel, pollMessage(p))
	if e == nil {
		return
	}
	fields := []zap.Field{zap.String("id", ids.Short(p.x.id)), zap.Int32("attempt", p.x.attempt+1), zap.Duration("took", r.ended-r.asked)}
	if p.fault.Err != nil {
		fields = append(fields, zap.Error(p.fault.Err))
	} else {
		fields = append(fields, zap.Stringer("state", p.seen.State), zap.String("raw", p.seen.Raw))
	}
	if !p.over {
		fields = append(fields, zap.Duration("wait", p.wait))
	}
	e.Write(fields...)
}

func pollMessage(p *poll) string {
	if p.fault.Err != nil {
		return "poll failed"
	}
	return "poll"
}
