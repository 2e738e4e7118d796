package mock

import "time"

// Hasten makes c trust one look at the states of goroutines, taken at once.
func (c *Clock) Hasten() {
	c.patience = patience{looks: 1, soon: 50 * time.Microsecond, late: time.Millisecond}
}

// Remembered returns of how many jobs s knows what was told unasked.
func (s *Service) Remembered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(len(s.push.told), len(s.push.arrived))
}
