package wait

import (
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// Steady reads a clock as instants, which are durations since an epoch. Instants never decrease. If
// a clock without a monotonic reading is set back, the instants continue from the newest one, and
// the epoch moves. So no event is late by more than the time since the newest reading. A Steady is
// safe for concurrent use.
type Steady struct {
	clk  clock.Clock
	real bool // clk has a monotonic reading, so that the epoch never moves

	mu     sync.Mutex
	epoch  time.Time     // guarded by mu, as is newest
	newest time.Duration // the newest reading
}

// NewSteady returns a Steady whose epoch is now.
func NewSteady(clk clock.Clock) *Steady {
	return &Steady{clk: clk, real: Real(clk), epoch: clk.Now()}
}

// Now returns the present instant.
func (s *Steady) Now() time.Duration {
	if s.real {
		return s.clk.Since(s.epoch) // reads the monotonic clock alone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clk.Now() // under the lock, because an older reading would look like a clock that was set back
	at := now.Sub(s.epoch)
	if at < s.newest {
		at, s.epoch = s.newest, now.Add(-s.newest)
	}
	s.newest = at
	return at
}

// Time returns an instant as a time of the clock. If the clock was set, that is the time that the
// clock would show now.
func (s *Steady) Time(at time.Duration) time.Time {
	if s.real {
		now := s.clk.Now()
		return now.Add(at - now.Sub(s.epoch))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch.Add(at)
}

// Instant returns a time of the clock as an instant.
func (s *Steady) Instant(t time.Time) time.Duration { return t.Sub(s.Time(0)) }
