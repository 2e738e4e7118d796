package timeline

import (
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A judge decides what an answer means for each watch that it is about.
type judge struct {
	*core
	board      *board
	answeredAt time.Duration // when a request was last answered; guarded by core.mu
	triedAt    time.Duration // when a job was last asked about alone as a trial; guarded by core.mu
}

var (
	notAnswered = sighting.PollErrorOf(&transport.Error{Class: transport.Transient, Err: transport.ErrNotAnswered})
	disputed    = sighting.PollErrorOf(&transport.Error{Class: transport.Malformed, Err: errors.New("two answers of a batch disagree about the job")})
)

// isDisputed marks a job about which several answers of a batch disagree. It takes the place of the
// index of the answer.
const isDisputed = -1

// blockedWait is the shortest wait between polls while a job waits for a person.
const blockedWait = 30 * time.Second

// judgeNext judges the next poll of c, and tells the log and the Backoff about it. If a plugin ends
// the goroutine, the next goroutine continues after the call of that plugin.
func (j *judge) judgeNext(c *call) {
	p := &c.polls[c.at]
	if !p.again {
		j.judge(c, p)
	}
	c.at++ // the rest is not needed for the next wait
	if p.over && p.why == nil && c.judging && !p.left {
		st := p.seen.Status()
		o, _ := p.x.outcome(p.kind, &st, p.alive, max(p.alive, c.alive(p.x)), c.ended-p.x.began)
		o.Marks, p.learned = p.seen.Marks(), true
		j.schedule.Learn(o)
	}
}

// judge decides what the watch of p does next, and logs the poll.
func (j *judge) judge(c *call, p *poll) {
	if p.entered {
		if !p.judged {
			p.breakOff(j.guard.Panicked(boundary.ErrGoexit))
		}
		return
	}
	p.entered = true
	err := j.guard.Do(func() {
		j.look(c, p)
		p.judged = true
		j.logPoll(c, p) // a panic of the logger cannot be logged
	})
	if !p.judged {
		p.breakOff(err)
	}
}

// distribute gives each poll of c its part of the answer.
func (j *judge) distribute(c *call) {
	switch {
	case len(c.polls) == 1:
		p := &c.polls[0]
		if p.status = &c.status; c.pollErr.Err != nil {
			p.pollErr = c.pollErr
		}
	case c.pollErr.Err != nil:
		c.split = j.divisible(c)
		for i := range c.polls {
			c.polls[i].pollErr, c.polls[i].again = c.pollErr, c.split
		}
	default:
		j.distributeBatch(c)
	}
}

func (j *judge) distributeBatch(c *call) {
	if c.answers == nil {
		c.answers = make(map[string]int, len(c.polls))
	}
	clear(c.answers)
	for i := range c.batch {
		c.answers[c.batch[i].Status.ID] = i
	}
	if len(c.answers) < len(c.batch) {
		c.dispute()
	}
	for i := range c.polls {
		p := &c.polls[i]
		n, ok := c.answers[p.x.id]
		switch {
		case !ok:
			continue
		case n == isDisputed:
			p.pollErr = disputed
		default:
			if p.status = &c.batch[n].Status; c.batchErrs != nil {
				p.pollErr = c.batchErrs[n]
			}
		}
		c.named++
	}
	for i := range c.polls {
		if p := &c.polls[i]; p.status == nil && p.pollErr.Err == nil {
			p.pollErr, p.again = notAnswered, c.named > 0
		}
	}
}

// dispute finds the jobs about which several answers of c disagree.
func (c *call) dispute() {
	for i := range c.batch {
		a := &c.batch[i]
		if n := c.answers[a.Status.ID]; n != isDisputed && !agree(a, &c.batch[n]) {
			c.answers[a.Status.ID] = isDisputed
		}
	}
}

// agree reports whether two answers have the same state and word. An error agrees only with itself.
func agree(a, b *transport.Answer) bool {
	return a == b || a.Err == nil && b.Err == nil && a.Status.State == b.Status.State && a.Status.Raw == b.Status.Raw
}

// divisible reports whether one job of a batch may have caused the fault of the batch, so that the
// batch is divided. A batch is divided at once if its fault would end a watch, also because a
// patience is over. With any other fault it is divided only if two things are true. The last poll
// of one of its jobs failed too, and the service has answered another request since. In an outage
// everything fails, and dividing would only add requests. If there are no other requests,
// triesAloneLocked decides.
func (j *judge) divisible(c *call) bool {
	class := c.pollErr.Class
	endsOne := func(p poll) bool {
		var s sighting.Sighting
		return s.See(p.x.seenBefore(), &transport.Status{}, c.pollErr, j.awake(c.ended), j.Patience).Over
	}
	if class == transport.NotFound || class == transport.Oversized || slices.ContainsFunc(c.polls, endsOne) {
		return true
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	before := instant.Forever
	for i := range c.polls {
		before = min(before, c.polls[i].x.failedAt())
	}
	return before <= j.answeredAt && !c.abandonedLocked()
}

// triesAloneLocked reports whether to ask about x alone, although other jobs are due. It returns
// true if the last poll of x failed, and since then no request was answered and no other job was
// tried alone. The trial shows whether the service answers about single jobs while batches fail.
func (j *judge) triesAloneLocked(x *watch, now time.Duration) bool {
	failed := x.failedAt()
	if failed == instant.Forever || max(j.answeredAt, j.triedAt) >= failed {
		return false
	}
	j.triedAt = now
	return true
}

// failedAt returns the instant since which x has waited after a poll that failed, or
// [instant.Forever] if the last poll did not fail.
func (x *watch) failedAt() time.Duration {
	if x.seen == nil || x.seen.Err() == nil {
		return instant.Forever
	}
	return x.poll - x.previous
}

// look decides what the watch of p does next. It reads the watch without the lock: nobody else
// writes those fields while the watch is polled.
func (j *judge) look(c *call, p *poll) {
	x, now := p.x, c.ended
	st := p.status
	switch {
	case st != nil:
	case p.pollErr.Err == nil: // its part of the answer is missing
		p.pollErr = boundary.Broken(j.guard.Panicked(boundary.ErrGoexit))
		fallthrough
	default:
		st = &transport.Status{}
	}
	if p.seen = x.seen; p.pollErr.Err != nil || !p.seen.IsRepeatedBy(st) {
		j.see(c, p, st)
	}
	p.retryAfter = j.capped(p.seen.RequestedWait())
	if c.isHold() && p.pollErr.Err != nil {
		p.over, p.why, p.seen, p.wait = false, nil, x.seen, max(j.capped(p.pollErr.RetryAfter), 0)
		return
	}
	if p.over {
		return
	}
	if age := c.ageSeen(x); p.pollErr.Err == nil && !p.left && age > 0 { // an age of 0 would say that a watch begins
		j.schedule.Follow(x.id, p.kind, age)
	}
	made := int(x.attempt) + 1
	if c.isHold() && !p.changed && x.seen != nil {
		p.silent, made = true, max(made-1, 1)
	}
	p.wait = j.schedule.Next(&backoff.Poll{
		Key: x.id, Kind: p.kind, Attempt: made, Elapsed: now - x.began, Previous: x.previous,
		RetryAfter: p.retryAfter, Progress: p.seen.Progress, State: p.seen.StateName(), Err: p.seen.Err(),
	})
	if p.seen.State == transport.Blocked {
		p.wait = max(p.wait, blockedWait)
	}
	if p.silent { // only a wait that this answer names counts from its end
		p.due, p.wait = p.wait, max(p.wait-(now-c.asked), j.capped(st.RetryAfter), 0)
	}
}

// see decides what p means for its watch, and whether the watch is over.
func (j *judge) see(c *call, p *poll, st *transport.Status) {
	var s sighting.Sighting
	v := s.See(p.x.seenBefore(), st, p.pollErr, j.awake(c.ended), j.Patience)
	if j.schedule.Learns() && p.pollErr.Err == nil && !v.Over {
		s.Mark(c.ageSeen(p.x))
	}
	p.over, p.why = v.Over, v.Err
	if !s.Same(p.x.seen) {
		p.changed = p.pollErr.Err == nil && s.Differs(p.x.seen)
		p.seen = new(sighting.Sighting)
		*p.seen = s
	}
}

// logPoll logs the poll p at debug level. It must be called within guard.Do.
func (j *judge) logPoll(c *call, p *poll) {
	if p.why != nil || p.pollErr.Err != nil && c.dropped() {
		return
	}
	e := j.guard.Logger.Check(zap.DebugLevel, pollMessage(p))
	if e == nil {
		return
	}
	fields := []zap.Field{zap.String("id", ids.Short(p.x.id)), zap.Int32("attempt", p.x.attempt+1), zap.Duration("took", c.ended-c.asked)}
	if p.pollErr.Err != nil {
		fields = append(fields, zap.Error(p.pollErr.Err))
	} else {
		fields = append(fields, zap.Stringer("state", p.seen.State), zap.String("raw", p.seen.Raw))
	}
	if !p.over {
		fields = append(fields, zap.Duration("wait", p.wait))
	}
	e.Write(fields...)
}

func pollMessage(p *poll) string {
	if p.pollErr.Err != nil {
		return "poll failed"
	}
	return "poll"
}
