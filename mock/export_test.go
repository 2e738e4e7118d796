package mock

import (
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// Hasten makes c trust one look at the states of goroutines, taken at once.
func (c *Clock) Hasten() {
	c.patience = quiet.Patience{Looks: 1, Soon: 50 * time.Microsecond, Late: time.Millisecond}
}

// Blind makes c look at the states of goroutines only after an hour, if nothing advances it.
func (c *Clock) Blind() { c.patience.Soon = time.Hour }

// Remembered returns of how many jobs s knows what was told unasked.
func (s *Service) Remembered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(len(s.push.told), len(s.push.arrived))
}
