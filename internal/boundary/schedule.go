package boundary

import (
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/transport"
)

// MinWait is the shortest wait between two polls of a job, whatever the Backoff says.
const MinWait = time.Millisecond

// Schedule is the Backoff, behind a [Guard]. It is safe for concurrent use. A Poll is passed by
// pointer and not kept, which keeps the stack of a goroutine that joins small.
type Schedule struct {
	guard    *Guard
	strategy backoff.Strategy
	learner  backoff.Learner  // the strategy, if it learns
	follower backoff.Follower // likewise, if it follows
	ranker   backoff.Ranker   // likewise, if it ranks
	maxDelay time.Duration    // no limit if zero
	clamped  atomic.Bool      // a bad wait was logged
}

// NewSchedule looks at what b can do. Its waits are at most maxDelay, without a limit if that is
// zero.
func NewSchedule(g *Guard, b backoff.Strategy, maxDelay time.Duration) *Schedule {
	s := &Schedule{guard: g, strategy: b, maxDelay: maxDelay}
	s.learner, _ = b.(backoff.Learner)
	s.follower, _ = b.(backoff.Follower)
	s.ranker, _ = b.(backoff.Ranker)
	return s
}

// Learns reports whether the Backoff wants to hear of watches that end.
func (s *Schedule) Learns() bool { return s.learner != nil }

// Follows reports whether the Backoff wants to hear of watches that go on.
func (s *Schedule) Follows() bool { return s.follower != nil }

// Ranks reports whether the Backoff says which poll matters most.
func (s *Schedule) Ranks() bool { return s.ranker != nil }

// Ask asks for a wait, and returns a panic as an error.
func (s *Schedule) Ask(p *backoff.Poll) (d time.Duration, err error) {
	err = s.guard.Do(func() { d = s.Next(p) })
	return d, err
}

// Next asks for a wait, and keeps the answer within bounds. It is called inside [Guard.Do].
func (s *Schedule) Next(p *backoff.Poll) time.Duration {
	d := s.strategy.Next(*p)
	if d < 0 && s.clamped.CompareAndSwap(false, true) {
		s.noteNegative(d, p.Attempt)
	}
	if s.maxDelay > 0 {
		d = min(d, s.maxDelay)
	}
	least := MinWait
	if p.Attempt == 0 {
		least = 0
	}
	return max(d, least, p.RetryAfter)
}

func (s *Schedule) noteNegative(d time.Duration, attempt int) {
	s.guard.Log(zap.WarnLevel, "backoff answered with a negative wait", func() []zap.Field {
		return []zap.Field{zap.Duration("wait", d), zap.Int("attempt", attempt)}
	})
}

// Resume returns where the watch of the nth job of a call stands at an age: see [pace.Resume]. The
// Poll says what is known of the job, and is changed. It returns a panic as an error.
func (s *Schedule) Resume(p *backoff.Poll, age time.Duration, n int) (at pace.Place, err error) {
	err = s.guard.Do(func() {
		at = pace.Resume(age, n, func(attempt int, age, last time.Duration) time.Duration {
			if p.Attempt, p.Elapsed, p.Previous = attempt, age, last; attempt > 0 {
				p.State = transport.Running.String()
			}
			return s.Next(p)
		})
	})
	return at, err
}

// Learn tells a Backoff that learns of a watch that has ended or was given up.
func (s *Schedule) Learn(o backoff.Outcome) {
	if s.learner == nil {
		return
	}
	if err := s.guard.Do(func() { s.learner.Observe(o) }); err != nil {
		s.guard.Complain("backoff panicked in Observe", err, zap.String("id", ids.Short(o.Key)))
	}
}

// Follow tells a Backoff that follows that a job was seen to run when its watch was so old.
func (s *Schedule) Follow(id, kind string, age time.Duration) {
	if s.follower == nil {
		return
	}
	if err := s.guard.Do(func() { s.follower.Follow(id, kind, age) }); err != nil {
		s.guard.Complain("backoff panicked in Follow", err, zap.String("id", ids.Short(id)))
	}
}

// Rank returns the rank of p, which was polled so long ago, by a Backoff that ranks.
func (s *Schedule) Rank(p *backoff.Poll, since time.Duration) (rank float64) {
	if err := s.guard.Do(func() { rank = s.ranker.Rank(*p, since) }); err != nil {
		s.guard.Complain("backoff panicked in Rank", err, zap.String("id", ids.Short(p.Key)))
	}
	return rank
}
