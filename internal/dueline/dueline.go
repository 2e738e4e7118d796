// Package dueline orders items by the instants at which they are due. It knows neither a lock nor a
// clock: instants are arguments.
package dueline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/blocks"
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
//
// The first item's place is top, and those below place i begin at arity*(i-top+1).
type Line[T any, P Item[T]] struct {
	dues  blocks.List[time.Duration]
	items blocks.List[P] // of the same places
}

const (
	arity = 8
	top   = arity - 1
)

// Put puts x where an instant belongs, whether it stands on the line or not. An item that is due at
// [instant.Forever] is taken off the line.
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

// Remove takes x off the line, if it stands there.
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

// Next returns when something is to be done first, [instant.Forever] if never.
func (l *Line[T, P]) Next() time.Duration {
	if l.dues.Len() <= top {
		return instant.Forever
	}
	return *l.dues.At(top)
}

// First returns the item that is due first. The line is not empty.
func (l *Line[T, P]) First() P { return *l.items.At(top) }

// set puts x at i.
func (l *Line[T, P]) set(i int, x P, due time.Duration) {
	*l.dues.At(i), *l.items.At(i) = due, x
	*x.Place() = int32(i)
}

// above returns the place above i, which is not top.
func above(i int) int { return i/arity + top - 1 }

// settle puts x at i, or wherever from there it belongs.
func (l *Line[T, P]) settle(i int, x P, due time.Duration) {
	if i > top && *l.dues.At(above(i)) > due {
		l.up(i, x, due)
	} else {
		l.down(i, x, due)
	}
}

// up puts x at i or above.
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

// down puts x at i or below.
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
