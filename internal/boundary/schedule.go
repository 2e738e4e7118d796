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

// Schedule calls the Backoff through a [Guard]. It is safe for concurrent use. Its methods take a
// pointer to a Poll, so that the stack of a waiting goroutine stays small, and do not keep it.
type Schedule struct {
	guard    *Guard
	strategy backoff.Strategy
	learner  backoff.Learner  // strategy, if it is a Learner
	follower backoff.Follower // strategy, if it is a Follower
	ranker   backoff.Ranker   // strategy, if it is a Ranker
	maxDelay time.Duration    // no limit if zero
	clamped  atomic.Bool      // a negative wait was logged
}

// NewSchedule returns the Schedule of b. It limits waits to maxDelay; zero means no limit.
func NewSchedule(g *Guard, b backoff.Strategy, maxDelay time.Duration) *Schedule {
	s := &Schedule{guard: g, strategy: b, maxDelay: maxDelay}
	s.learner, _ = b.(backoff.Learner)
	s.follower, _ = b.(backoff.Follower)
	s.ranker, _ = b.(backoff.Ranker)
	return s
}

// Learns reports whether the Backoff is a [backoff.Learner].
func (s *Schedule) Learns() bool { return s.learner != nil }

// Follows reports whether the Backoff is a [backoff.Follower].
func (s *Schedule) Follows() bool { return s.follower != nil }

// Ranks reports whether the Backoff is a [backoff.Ranker].
func (s *Schedule) Ranks() bool { return s.ranker != nil }

// Ask is [Schedule.Next] within [Guard.Do].
func (s *Schedule) Ask(p *backoff.Poll) (d time.Duration, err error) {
	err = s.guard.Do(func() { d = s.Next(p) })
	return d, err
}

// Next returns the wait of the Backoff, limited to the maximum. The result is at least RetryAfter,
// even beyond the maximum, and at least MinWait except before the first poll. Next must be called
// within [Guard.Do].
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

// Resume returns the place of a watch of the given age in the schedule: see [pace.Resume]. The
// watch is of the nth job of a call. The argument p has what is known about the job; Resume changes
// p. A panic is returned as an error.
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

// Learn passes the outcome of a watch to a Backoff that is a Learner.
func (s *Schedule) Learn(o backoff.Outcome) {
	if s.learner == nil {
		return
	}
	if err := s.guard.Do(func() { s.learner.Observe(o) }); err != nil {
		s.guard.Complain("backoff panicked in Observe", err, zap.String("id", ids.Short(o.Key)))
	}
}

// Follow tells a Backoff that is a Follower that a job was seen to run at the given age of its
// watch.
func (s *Schedule) Follow(id, kind string, age time.Duration) {
	if s.follower == nil {
		return
	}
	if err := s.guard.Do(func() { s.follower.Follow(id, kind, age) }); err != nil {
		s.guard.Complain("backoff panicked in Follow", err, zap.String("id", ids.Short(id)))
	}
}

// Rank returns the rank of p by a Backoff that is a Ranker. The argument since is the time since
// the last poll.
func (s *Schedule) Rank(p *backoff.Poll, since time.Duration) (rank float64) {
	if err := s.guard.Do(func() { rank = s.ranker.Rank(*p, since) }); err != nil {
		s.guard.Complain("backoff panicked in Rank", err, zap.String("id", ids.Short(p.Key)))
	}
	return rank
}
