// Package dueline orders items by the instants at which they are due. It knows neither a lock nor a
// clock: instants are arguments.
package dueline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Item is what stands on a [Line]. Place returns where the item keeps its place, which is zero
// while it does not stand on a line. Only the line writes it.
type Item[T any] interface {
	*T
	Place() *int32
}

// Line is a heap of items by their instants. Each item has eight below it: that is a third as deep
// as with two, and their instants fill a line of the processor's cache. Adding, moving and removing
// an item costs O(log n). The zero Line is empty.
type Line[T any, P Item[T]] struct {
	dues  []time.Duration
	items []P // of the same places
}

const arity = 8

// Put puts x where an instant belongs, whether it stands on the line or not. An item that is due at
// [instant.Forever] is taken off the line.
func (l *Line[T, P]) Put(x P, due time.Duration) {
	if due == instant.Forever {
		l.Remove(x)
		return
	}
	if place := *x.Place(); place != 0 {
		l.settle(int(place)-1, x, due)
		return
	}
	l.dues, l.items = append(l.dues, due), append(l.items, x)
	l.up(len(l.dues)-1, x, due)
}

// Remove takes x off the line, if it stands there.
func (l *Line[T, P]) Remove(x P) {
	place := x.Place()
	if *place == 0 {
		return
	}
	i, last := int(*place)-1, len(l.dues)-1
	moved, due := l.items[last], l.dues[last]
	l.items[last] = nil
	l.dues, l.items = l.dues[:last], l.items[:last]
	*place = 0
	if i < last {
		l.settle(i, moved, due)
	}
}

// Next returns when something is to be done first, [instant.Forever] if never.
func (l *Line[T, P]) Next() time.Duration {
	if len(l.dues) == 0 {
		return instant.Forever
	}
	return l.dues[0]
}

// First returns the item that is due first. The line is not empty.
func (l *Line[T, P]) First() P { return l.items[0] }

// set puts x at i.
func (l *Line[T, P]) set(i int, x P, due time.Duration) {
	l.dues[i], l.items[i] = due, x
	*x.Place() = int32(i) + 1
}

// settle puts x at i, or wherever from there it belongs.
func (l *Line[T, P]) settle(i int, x P, due time.Duration) {
	if i > 0 && l.dues[(i-1)/arity] > due {
		l.up(i, x, due)
	} else {
		l.down(i, x, due)
	}
}

// up puts x at i or above.
func (l *Line[T, P]) up(i int, x P, due time.Duration) {
	for i > 0 {
		above := (i - 1) / arity
		if l.dues[above] <= due {
			break
		}
		l.set(i, l.items[above], l.dues[above])
		i = above
	}
	l.set(i, x, due)
}

// down puts x at i or below.
func (l *Line[T, P]) down(i int, x P, due time.Duration) {
	for first := arity*i + 1; first < len(l.dues); first = arity*i + 1 {
		least := first + least(l.dues[first:min(first+arity, len(l.dues))])
		if due <= l.dues[least] {
			break
		}
		l.set(i, l.items[least], l.dues[least])
		i = least
	}
	l.set(i, x, due)
}

// least returns the place of the first of some instants. Inlined, its loop would have no registers
// left.
//
//go:noinline
func least(dues []time.Duration) (place int) {
	at := dues[0]
	for i, due := range dues {
		if due < at {
			place, at = i, due
		}
	}
	return place
}
