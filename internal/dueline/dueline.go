// Package dueline orders items by when something is to be done about each. It knows neither a lock
// nor a clock: instants are arguments.
package dueline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Item is what stands on a [Line]. Due returns when something is to be done about the item; it
// changes only between a call of Remove or Put and the next one of Put. Place returns where the
// item keeps its place, which is zero while it does not stand on a line. Only the line writes it.
type Item[T any] interface {
	*T
	Due() time.Duration
	Place() *int32
}

// Line is a heap of items by their instants. Each item has four below it: that is half as deep as
// with two. Adding, moving and removing an item costs O(log n). The zero Line is empty.
type Line[T any, P Item[T]] struct{ heap []P }

const arity = 4

// Put puts x where its instant belongs, whether it stands on the line or not. An item that is due
// at [instant.Forever] is taken off the line.
func (l *Line[T, P]) Put(x P) {
	due, place := x.Due(), x.Place()
	if due == instant.Forever {
		l.Remove(x)
		return
	}
	if *place == 0 {
		l.heap = append(l.heap, nil)
		l.up(len(l.heap)-1, x, due)
		return
	}
	l.settle(int(*place)-1, x, due)
}

// Remove takes x off the line, if it stands there.
func (l *Line[T, P]) Remove(x P) {
	place := x.Place()
	if *place == 0 {
		return
	}
	i, last := int(*place)-1, len(l.heap)-1
	moved := l.heap[last]
	l.heap[last] = nil
	l.heap = l.heap[:last]
	*place = 0
	if i < last {
		l.settle(i, moved, moved.Due())
	}
}

// Next returns when something is to be done first, [instant.Forever] if never.
func (l *Line[T, P]) Next() time.Duration {
	if len(l.heap) == 0 {
		return instant.Forever
	}
	return l.heap[0].Due()
}

// First returns the item that is due first. The line is not empty.
func (l *Line[T, P]) First() P { return l.heap[0] }

// set puts x at i.
func (l *Line[T, P]) set(i int, x P) {
	l.heap[i] = x
	*x.Place() = int32(i) + 1
}

// settle puts x at i, or wherever from there it belongs.
func (l *Line[T, P]) settle(i int, x P, due time.Duration) {
	if i > 0 && l.heap[(i-1)/arity].Due() > due {
		l.up(i, x, due)
	} else {
		l.down(i, x, due)
	}
}

// up puts x at i or above.
func (l *Line[T, P]) up(i int, x P, due time.Duration) {
	for i > 0 {
		above := (i - 1) / arity
		if l.heap[above].Due() <= due {
			break
		}
		l.set(i, l.heap[above])
		i = above
	}
	l.set(i, x)
}

// down puts x at i or below.
func (l *Line[T, P]) down(i int, x P, due time.Duration) {
	for {
		first := arity*i + 1
		if first >= len(l.heap) {
			break
		}
		least, at := first, l.heap[first].Due()
		for j := first + 1; j < min(first+arity, len(l.heap)); j++ {
			if d := l.heap[j].Due(); d < at {
				least, at = j, d
			}
		}
		if due <= at {
			break
		}
		l.set(i, l.heap[least])
		i = least
	}
	l.set(i, x)
}
