package timeline

import (
	"errors"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

var errNotAnswered error = &transport.Error{Class: transport.Transient, Err: transport.ErrNotAnswered}

// judgeBatch gives each watch its part of what a batch brought.
func (t *Timeline) judgeBatch(r *run, answers []transport.Answer, err error) {
	if err != nil {
		class := classOf(err)
		if r.split = class != transport.Transient && class != transport.Throttled; r.split {
			return // to be asked about in parts
		}
		for i := range r.polls {
			t.judge(r, &r.polls[i], &transport.Status{}, err)
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
	if p.why == nil && (err == nil || !r.left()) {
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
	if r.stopped {
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
