package mock

import "time"

// Hasten makes c trust one look at the states of goroutines, taken at once.
func (c *Clock) Hasten() {
	c.patience = patience{looks: 1, soon: 50 * time.Microsecond, late: time.Millisecond}
}
