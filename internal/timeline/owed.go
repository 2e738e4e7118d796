package timeline

import "github.com/iamber12/job-status-monitoring/backoff"

// owed has the outcomes of watches that ended while the answer to their poll was judged, by id. The
// Backoff is told of each after the judging, unless it has already learned from the answer that the
// job has ended. So a Learner hears of each watch once, and a Follower hears nothing afterwards.
type owed map[string]backoff.Outcome

// begin notes that c is judged, if the Backoff is a Learner. A watch that has ended before was
// reported to the Backoff by whoever ended it. A watch that ends later is reported by
// [settler.learnLocked]. If a plugin ends the goroutine, begin is called again and does nothing.
func (j *judge) begin(c *call) {
	if c.judging || !j.schedule.Learns() {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	c.judging = true
	for i := range c.polls {
		p := &c.polls[i]
		p.left, p.alive = p.x.phase == gone, p.x.alive
	}
}

// endedLocked tells the Backoff the outcome of x, which ends without an answer to a poll.
func (f *finisher) endedLocked(x *watch, o backoff.Outcome) {
	switch c := x.call; {
	case !f.schedule.Learns():
	case c == nil || !c.judging:
		f.outcomes = append(f.outcomes, o)
	default:
		if c.owed == nil {
			c.owed = owed{}
		}
		c.owed[x.id] = o
	}
}

// learnLocked tells the Backoff the outcomes that are owed.
func (s *settler) learnLocked(c *call) {
	if len(c.owed) > 0 {
		for i := range c.polls {
			if p := &c.polls[i]; !p.learned {
				if o, ok := c.owed[p.x.id]; ok {
					s.outcomes = append(s.outcomes, o)
				}
			}
		}
	}
	c.judging, c.owed = false, nil
}
