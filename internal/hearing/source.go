// Package hearing says whether sources of notifications are to be relied on, and remembers what
// they said of jobs that nobody waits for yet. It knows no lock and no clock: instants are
// arguments.
package hearing

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// minRestart and maxRestart bound the wait before a source that was lost is started again. It
	// doubles with each loss.
	minRestart = time.Second
	maxRestart = time.Minute
	// probation is for how long a source that was lost must listen before it is relied on again.
	probation = time.Minute
	// A source that misses maxMissed ends in a row and has said nothing for silence no longer tells
	// what it should, though it seems to listen.
	maxMissed = 3
	silence   = 30 * time.Second
)

// Source says whether one source of notifications is to be relied on. The zero Source has not
// listened yet.
type Source struct {
	listens bool
	lost    bool          // at least once
	since   time.Duration // when it began to listen
	restart time.Duration // the wait before the newest start
	missed  int           // ends since it said anything
	said    time.Duration // when it said anything last, or began to listen
}

// Listens says that the source listens.
func (s *Source) Listens(now time.Duration) {
	if !s.listens {
		s.listens, s.since, s.said = true, now, now
	}
}

// Said says that the source told something of a job.
func (s *Source) Said(now time.Duration) { s.missed, s.said = 0, now }

// Missed says that a poll found an end which the source did not tell. It reports whether the source
// is to be relied on no longer, until it has said something and a minute has passed.
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

// IsWell reports whether the source is to be relied on: it listens, and if it was lost before, has
// listened for a minute.
func (s *Source) IsWell(now time.Duration) bool {
	return s.listens && (!s.lost || now >= instant.Later(s.since, probation))
}

// Lost says that the source listens no longer, and returns the wait before it is to be started
// again. News is whether that is worth a line of the log: it is the first loss, or the first since
// the source was well.
func (s *Source) Lost(now time.Duration) (restart time.Duration, news bool) {
	news = !s.lost || s.IsWell(now)
	if news {
		s.restart = 0
	}
	s.restart = min(max(2*s.restart, minRestart), maxRestart)
	s.listens, s.lost = false, true
	return s.restart, news
}
