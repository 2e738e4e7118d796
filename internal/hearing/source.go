// Package hearing decides whether sources of notifications are reliable, and keeps notifications
// about jobs that nobody waits for yet. It knows no lock and no clock: instants are arguments.
package hearing

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// minRestart and maxRestart bound the wait before a lost source is started again. The wait doubles
	// with each loss.
	minRestart = time.Second
	maxRestart = time.Minute
	// probation is how long a lost source must listen before it is reliable again.
	probation = time.Minute
	// A source is no longer reliable if it misses maxMissed ends in a row and has been silent for
	// silence.
	maxMissed = 3
	silence   = 30 * time.Second
)

// Source knows whether one source of notifications is reliable. The zero Source has not listened
// yet.
type Source struct {
	listens bool
	lost    bool          // at least once
	since   time.Duration // when it began to listen
	restart time.Duration // the wait before the newest start
	gap     bool          // it was reliable, and has not listened since
	missed  int           // ends since it said anything
	said    time.Duration // when it said anything last, or began to listen
}

// Listens notes that the source listens. It reports whether a gap ends by that: the source was
// reliable before, and has listened to nothing since.
func (s *Source) Listens(now time.Duration) (afterGap bool) {
	if s.listens {
		return false
	}
	afterGap, s.gap = s.gap, false
	s.listens, s.since, s.said = true, now, now
	return afterGap
}

// Said notes that the source sent a notification about a job.
func (s *Source) Said(now time.Duration) { s.missed, s.said = 0, now }

// Missed notes that a poll found an end that the source had not reported. It reports whether the
// source stops being reliable by that. It is reliable again a minute after its next notification.
func (s *Source) Missed(now time.Duration) (silent bool) {
	if !s.IsWell(now) {
		return false
	}
	if s.missed++; s.missed < maxMissed || now-s.said < silence {
		return false
	}
	s.missed, s.listens, s.lost = 0, false, true
	return true
}

// IsWell reports whether the source is reliable: it listens, and if it was lost before, it has
// listened for a minute.
func (s *Source) IsWell(now time.Duration) bool {
	return s.listens && (!s.lost || now >= instant.Later(s.since, probation))
}

// Lost notes that the source no longer listens. It returns the wait before the source is started
// again, and whether a line must be logged. That is so for the first loss, and for the first since
// the source was reliable.
func (s *Source) Lost(now time.Duration) (restart time.Duration, news bool) {
	well := s.IsWell(now)
	s.gap = s.gap || well
	news = !s.lost || well
	if news {
		s.restart = 0
	}
	s.restart = min(max(2*s.restart, minRestart), maxRestart)
	s.listens, s.lost = false, true
	return s.restart, news
}
