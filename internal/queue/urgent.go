package queue

import "time"

// Urgent holds the items that come before all other items, whatever their kinds. They are in their
// [Lane] too. The zero Urgent is empty.
type Urgent[T any, P Item[T]] struct{ items []entry[P] }

// Add adds x, which has been due since the given instant.
func (u *Urgent[T, P]) Add(x P, since time.Duration) {
	u.items = append(u.items, entry[P]{x, since})
}

// First returns the first item that still waits, or nil if there is none.
func (u *Urgent[T, P]) First() P {
	for len(u.items) > 0 {
		if e := u.items[0]; e.x.Waits(e.since) {
			return e.x
		}
		u.items = u.items[1:]
	}
	u.items = nil
	return nil
}
