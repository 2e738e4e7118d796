// Package dueline orders items by the instants at which they are due. It knows neither a lock nor a
// clock: instants are arguments.
package dueline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/blocks"
	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Item is an item of a [Line]. Place returns a pointer to the place of the item on the line. The
// place is zero while the item is not on a line. Only the line changes it.
type Item[T any] interface {
	*T
	Place() *int32
}

// Line is a heap of items, ordered by their instants. Each item has eight children. So the heap is
// a third as deep as a binary heap, and the instants of the children fill one cache line. Adding,
// moving and removing an item takes O(log n). The zero Line is empty.
//
// The place of the first item is top, and the children of place i begin at arity*(i-top+1).
type Line[T any, P Item[T]] struct {
	dues  blocks.List[time.Duration]
	items blocks.List[P] // at the same places as dues
}

const (
	arity = 8
	top   = arity - 1
)

// Put adds x with the given instant, or moves x if it is on the line already. If the instant is
// [instant.Forever], Put removes x.
func (l *Line[T, P]) Put(x P, due time.Duration) {
	if due == instant.Forever {
		l.Remove(x)
		return
	}
	if place := *x.Place(); place != 0 {
		l.settle(int(place), x, due)
		return
	}
	for l.dues.Len() < top {
		l.dues.Push(0)
		l.items.Push(nil)
	}
	l.dues.Push(due)
	l.items.Push(x)
	l.up(l.dues.Len()-1, x, due)
}

// Remove removes x, if it is on the line.
func (l *Line[T, P]) Remove(x P) {
	place := x.Place()
	if *place == 0 {
		return
	}
	moved, due := l.items.Pop(), l.dues.Pop()
	if moved != x {
		l.settle(int(*place), moved, due)
	}
	*place = 0
}

// Next returns the earliest instant, or [instant.Forever] if the line is empty.
func (l *Line[T, P]) Next() time.Duration {
	if l.dues.Len() <= top {
		return instant.Forever
	}
	return *l.dues.At(top)
}

// First returns the item with the earliest instant. The line must not be empty.
func (l *Line[T, P]) First() P { return *l.items.At(top) }

// set puts x at i.
func (l *Line[T, P]) set(i int, x P, due time.Duration) {
	*l.dues.At(i), *l.items.At(i) = due, x
	*x.Place() = int32(i)
}

// above returns the parent of place i, which must not be top.
func above(i int) int { return i/arity + top - 1 }

// settle puts x at place i, or moves it up or down from there to where it belongs.
func (l *Line[T, P]) settle(i int, x P, due time.Duration) {
	if i > top && *l.dues.At(above(i)) > due {
		l.up(i, x, due)
	} else {
		l.down(i, x, due)
	}
}

// up puts x at place i, or moves it up from there.
func (l *Line[T, P]) up(i int, x P, due time.Duration) {
	for i > top {
		above := above(i)
		if *l.dues.At(above) <= due {
			break
		}
		l.set(i, *l.items.At(above), *l.dues.At(above))
		i = above
	}
	l.set(i, x, due)
}

// down puts x at place i, or moves it down from there.
func (l *Line[T, P]) down(i int, x P, due time.Duration) {
	for first := arity * (i - top + 1); first < l.dues.Len(); first = arity * (i - top + 1) {
		dues := l.dues.From(first)
		least := first + least(dues[:min(arity, len(dues))])
		if due <= *l.dues.At(least) {
			break
		}
		l.set(i, *l.items.At(least), *l.dues.At(least))
		i = least
	}
	l.set(i, x, due)
}

// least returns the index of the earliest of some instants. It is not inlined, because its loop
// would then lack registers.
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
