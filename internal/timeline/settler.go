package timeline

import (
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/internal/batching"
	"github.com/iamber12/job-status-monitoring/internal/health"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A settler carries out what the judge decides: it tells the waiters, and plans the next poll of
// the watch.
type settler struct {
	*core
	board    *board
	pool     *pool
	finisher *finisher
	hub      *hub
	chooser  *chooser
	judge    *judge
	health   health.Health // guarded by core.mu
}

// answeredLocked handles the end of c. The caller sets the alarm.
func (s *settler) answeredLocked(c *call) {
	now := c.ended
	c.leave()
	if c.cause != nil {
		defer s.track.End()
	}
	if c.hold > 0 {
		s.unheldLocked(c)
	} else {
		s.board.ready.End(c.lane)
	}
	s.board.figures.InFlight -= c.present
	switch {
	case c.isHold() && c.pollErr.Err != nil: // a poll follows at once, and shows whether the service works
	case c.pollErr.Err == nil:
		s.board.gate.Answered(now)
		s.judge.answeredAt = now
		s.board.size.Went(len(c.polls), max(c.named, 1))
		s.noteHealthLocked("polls are answered again", "after", nil, s.health.Answered(now, s.board.watches.Len()))
	case !c.abandonedLocked():
		s.board.figures.Errors++
		s.board.gate.Failed(now, c.pollErr.Class)
		s.noteHealthLocked("polls fail", "for", c.pollErr.Err, s.health.Failed(now))
	}
	if c.split {
		s.divideLocked(c, now)
	} else {
		for i := range c.polls {
			if p := &c.polls[i]; p.again {
				s.askAgainLocked(p.x, now, len(c.polls)-c.named, c.named)
			} else {
				s.settledLocked(c, p)
			}
		}
	}
	s.learnLocked(c)
	c.overLocked()
	if len(c.polls) > 1 { // otherwise the next poll replaces it, or the worker ends
		clear(c.polls)
	}
	c.polls, c.batch, c.batchErrs, c.named = c.polls[:0], nil, nil, 0
	if c.status.Result != nil || c.status.Message != "" { // what may be large
		c.status = transport.Status{}
	}
	s.pool.hireLocked(now)
}

// slowFault is the time from which the failure of a batch counts as slow. The wait that the service
// asks for is included. To halve such a batch again and again would take too long for its waits.
const slowFault = 5 * time.Second

// divideLocked makes the watches of a failed batch due again, for smaller batches. They are due at
// once, or after the wait that the service asks for.
func (s *settler) divideLocked(c *call, now time.Duration) {
	size := len(c.polls)
	bySize := false
	switch c.pollErr.Class {
	case transport.Oversized:
		bySize = s.board.size.TooLarge(size)
	case transport.Permanent, transport.NotFound:
		s.board.size.Refused(size)
	}
	part := batching.Half(size)
	retryAfter := s.capped(c.pollErr.RetryAfter)
	if instant.Later(now-c.asked, max(retryAfter, 0)) >= slowFault && !bySize {
		part = batching.Sixteenth(size)
	}
	for i := range c.polls {
		x := c.polls[i].x
		if !s.board.releaseLocked(x) {
			continue
		}
		if part == 1 && !bySize {
			x.batchLimit.Isolate()
		} else {
			x.batchLimit.Narrow(part)
		}
		s.pollAfterLocked(x, now, retryAfter)
	}
}

// pollAfterLocked makes x due at once, or after the wait that the service asks for.
func (s *settler) pollAfterLocked(x *watch, now, retryAfter time.Duration) {
	if retryAfter <= 0 {
		s.board.requeueLocked(x, now)
		return
	}
	for m := x.waiters; m != nil; {
		next := m.next
		s.hub.throttleLocked(m, now, retryAfter)
		m = next
	}
	if x.waiters != nil {
		x.poll = instant.Later(now, retryAfter)
		x.marks |= paused // so that no wait that joins meanwhile brings the poll forward
		s.board.waitsLocked(x, retryAfter)
		s.board.line.Put(x, x.due())
	}
}

// askAgainLocked makes x due at once, because the answer to a batch left it out and named other
// jobs. The arguments leftOut and named are the numbers of these jobs.
func (s *settler) askAgainLocked(x *watch, now time.Duration, leftOut, named int) {
	if !s.board.releaseLocked(x) {
		return
	}
	if leftOut == 1 {
		x.batchLimit.Isolate() // the service may leave out jobs that it does not know
	} else {
		x.batchLimit.Narrow(min(leftOut, max(named, 2)))
	}
	s.board.requeueLocked(x, now)
}

// cutLocked makes x due after its hold failed, which began at the instant asked: at once, or after
// the wait that the service asks for. A wait that an earlier answer named counts from the beginning
// of the hold.
func (s *settler) cutLocked(x *watch, wait, asked, now time.Duration) {
	if x.seen != nil {
		wait = max(wait, instant.Later(asked, s.capped(x.seen.RequestedWait()))-now)
	}
	if wait > 0 {
		x.vain = x.vain.with(aHold, maxSilences) // it is polled, because after the wait holds may be tried again
	}
	meeting := s.board.alignLocked(now, 0) - now // so that jobs whose holds fail together share a request
	s.pollAfterLocked(x, now, max(wait, meeting))
	if wait <= 0 {
		x.marks &^= paused
	}
}

// settledLocked handles one watch that was polled.
func (s *settler) settledLocked(c *call, p *poll) {
	asked, now := c.asked, c.ended
	x := p.x
	if !s.board.releaseLocked(x) {
		return // all waiters have left, with the status that was known then
	}
	if c.isHold() && p.pollErr.Err != nil {
		s.cutLocked(x, p.wait, asked, now)
		return
	}
	s.seeLocked(c, p)
	event := len(s.events)
	if s.audience != nil { // the event must precede the end of the watch
		s.events = append(s.events, observe.Event{Kind: observe.Answered, Time: s.steady.Time(now), ID: x.id, JobKind: p.kind,
			Attempt: int(x.attempt), Elapsed: now - x.began, Status: x.status(), Changed: p.changed, Wait: -1, Err: p.pollErr.Err})
	}
	wasHurried := x.marks.has(hurried) && !p.silent
	x.marks &^= hurried
	for m := x.waiters; m != nil; {
		next := m.next
		if wasHurried {
			m.spare(asked)
		}
		s.tellLocked(m, p, asked, now)
		m = next
	}
	if x.waiters == nil {
		return
	}
	wait := s.hub.quietLocked(x, p.wait, now)
	x.poll = s.board.alignLocked(instant.Later(now, wait), wait)
	x.marks &^= confirmed
	x.urgent = false // unless a waiter still continues after its timeout
	for m := x.waiters; m != nil; m = m.next {
		if m.extended == notExtended && now-m.end() >= standstill { // the process was suspended during the poll
			m.extended, m.began = extendedByStandstill, now-m.timeout
		}
		x.urgent = x.urgent || m.extended != notExtended
		s.board.lookLastLocked(x, m, m.served(asked, wasHurried), now, p.retryAfter)
	}
	s.board.waitsLocked(x, x.poll-now)
	s.checkAgainLocked(x, now)
	s.board.line.Put(x, x.due())
	if s.audience != nil {
		s.events[event].Wait = x.poll - now
	}
	s.hub.recallLocked(x, now)
}

// checkAgainLocked brings the next poll of x forward, to the quiet interval at the latest, if the
// last poll was to confirm a claim and did not. A service may report an end before its answers do.
// Only one poll of a watch is brought forward in this way, so that whoever repeats claims gets no
// more polls by it.
func (s *settler) checkAgainLocked(x *watch, now time.Duration) {
	switch {
	case x.marks.has(checks) && !x.marks.has(checked):
		s.board.lookAtLocked(x, instant.Later(now, max(s.QuietInterval, lookGap)))
	case x.marks.has(claimed) && !x.marks.has(checks):
		x.marks |= checked
	}
	x.marks &^= checks
}

// seeLocked records what the poll p says about its watch.
func (s *settler) seeLocked(c *call, p *poll) {
	x := p.x
	switch {
	case p.silent:
		x.vain = x.vain.with(aHold, x.vain.of(aHold)+1)
	case p.changed || !x.marks.has(told):
		x.attempt, x.vain = x.attempt+1, 0
	default:
		x.attempt, x.vain = x.attempt+1, tally(0).with(aLook, x.vain.of(aLook)+1)
	}
	x.marks &^= told
	if p.seen != x.seen {
		s.board.sawLocked(x, p.seen)
	}
	switch {
	case p.pollErr.NotAnswered, len(c.polls) > 1 && c.pollErr.Err == nil && p.pollErr.Oddity(true):
		x.batchLimit.Isolate() // a request about the job alone may be answered
	case p.pollErr.Err == nil:
		if x.batchLimit.Widen(s.board.size.Now()); c.tried {
			x.batchLimit.Isolate() // it may be the job that makes its batches fail
		}
		if !p.over {
			x.alive = c.ageSeen(x)
			s.noteWordLocked(x)
		}
	}
	if p.over && p.why == nil {
		s.hub.missedByLocked(x, c.ended)
		alive := max(x.alive, c.alive(x))
		st := x.seen.Status()
		o, delay := x.outcome(p.kind, &st, x.alive, alive, c.ended-x.began)
		x.alive = min(alive, o.After)
		s.board.figures.Delay(delay)
		s.board.figures.Of(p.kind).Delay(delay)
	}
}

// tellLocked passes the outcome of the poll p to m, and ends the wait of m if it is over.
func (s *settler) tellLocked(m *waiter, p *poll, asked, now time.Duration) {
	x := p.x
	switch {
	case p.over && p.why != nil:
		s.finisher.settleLocked(m, &Result{Status: x.status(), End: Broken, Err: p.why})
	case p.over:
		s.finisher.settleLocked(m, &Result{Status: x.status(), End: Ended})
	case m.part.consumer.StopWhenBlocked && x.isBlocked():
		s.finisher.giveUpLocked(m, ErrBlocked)
	case !m.persists && m.attempts() >= m.part.consumer.MaxAttempts:
		s.finisher.giveUpLocked(m, ErrMaxAttempts)
	case m.extended != notExtended && asked >= m.end():
		s.finisher.giveUpLocked(m, ErrTimeout) // this was the last look for which it was extended
	case s.hub.throttleLocked(m, now, p.retryAfter):
	case p.changed:
		m.part.consumer.seeLocked(x)
	}
}

// unheldLocked records how the hold of c ended.
func (s *settler) unheldLocked(c *call) {
	s.pool.holds--
	p := &c.polls[0]
	took := c.ended - c.asked
	var news bool
	if c.pollErr.Err == nil && !c.polled {
		s.chooser.holding.Accepted(c.hold)
	}
	switch {
	case c.polled, c.abandonedLocked():
	case c.pollErr.Crowded:
		s.chooser.holding.Crowded(c.ended, s.pool.holds)
	case c.pollErr.Err == nil && p.silent:
		news = s.chooser.holding.Silent(c.ended, took, p.due)
	case c.pollErr.Err == nil:
		s.chooser.holding.News()
	case c.pollErr.Panicked, c.pollErr.Class == transport.NotFound, c.pollErr.Class == transport.Throttled:
		news = s.chooser.holding.Unheld(c.ended, took)
	case c.pollErr.Class == transport.Permanent:
		news = s.chooser.holding.Refused(c.ended, c.hold, took)
	default:
		news = s.chooser.holding.Failed(c.ended, c.hold, took)
	}
	if news {
		s.noteLocked(&note{zapcore.WarnLevel, "requests are not held: jobs are polled meanwhile", []zap.Field{zap.Error(c.pollErr.Err)}})
	}
}

// noteHealthLocked adds a warning about the service to the notes, if r is not nil.
func (s *settler) noteHealthLocked(message, since string, err error, r *health.Report) {
	if r == nil {
		return
	}
	fields := []zap.Field{zap.Int("failures", r.Failures), zap.Duration(since, r.For)}
	if err != nil {
		fields = append(fields, zap.Error(err))
	}
	s.noteLocked(&note{zapcore.WarnLevel, message, fields})
}
