package mock

import (
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// Hasten makes c decide after one look at the states of goroutines, which it takes at once.
func (c *Clock) Hasten() {
	c.patience = quiet.Patience{Looks: 1, Soon: 50 * time.Microsecond, Late: time.Millisecond}
}

// Blind makes c look at the states of goroutines only after an hour, if nothing advances it.
func (c *Clock) Blind() { c.patience.Soon = time.Hour }

// Bound sets when a call of Run that has not returned fails the test.
func (c *Clock) Bound(virtual, real time.Duration) { c.endless = bound{virtual, real} }

// Remembered returns the number of jobs whose notifications s remembers.
func (s *Service) Remembered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(len(s.push.told), len(s.push.arrived))
}
