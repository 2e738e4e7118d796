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
// as with two. Adding, moving and removing an item costs O(log n). The zero Line is empty.
type Line[T any, P Item[T]] struct{ heap []entry[T, P] }

// entry has the instant beside the item, so that a comparison does not read the item's memory.
type entry[T any, P Item[T]] struct {
	due time.Duration
	x   P
}

const arity = 8

// Put puts x where an instant belongs, whether it stands on the line or not. An item that is due at
// [instant.Forever] is taken off the line.
func (l *Line[T, P]) Put(x P, due time.Duration) {
	if due == instant.Forever {
		l.Remove(x)
		return
	}
	e := entry[T, P]{due, x}
	if place := *x.Place(); place != 0 {
		l.settle(int(place)-1, e)
		return
	}
	l.heap = append(l.heap, e)
	l.up(len(l.heap)-1, e)
}

// Remove takes x off the line, if it stands there.
func (l *Line[T, P]) Remove(x P) {
	place := x.Place()
	if *place == 0 {
		return
	}
	i, last := int(*place)-1, len(l.heap)-1
	moved := l.heap[last]
	l.heap[last] = entry[T, P]{}
	l.heap = l.heap[:last]
	*place = 0
	if i < last {
		l.settle(i, moved)
	}
}

// Next returns when something is to be done first, [instant.Forever] if never.
func (l *Line[T, P]) Next() time.Duration {
	if len(l.heap) == 0 {
		return instant.Forever
	}
	return l.heap[0].due
}

// First returns the item that is due first. The line is not empty.
func (l *Line[T, P]) First() P { return l.heap[0].x }

// set puts e at i.
func (l *Line[T, P]) set(i int, e entry[T, P]) {
	l.heap[i] = e
	*e.x.Place() = int32(i) + 1
}

// settle puts e at i, or wherever from there it belongs.
func (l *Line[T, P]) settle(i int, e entry[T, P]) {
	if i > 0 && l.heap[(i-1)/arity].due > e.due {
		l.up(i, e)
	} else {
		l.down(i, e)
	}
}

// up puts e at i or above.
func (l *Line[T, P]) up(i int, e entry[T, P]) {
	for i > 0 {
		above := (i - 1) / arity
		if l.heap[above].due <= e.due {
			break
		}
		l.set(i, l.heap[above])
		i = above
	}
	l.set(i, e)
}

// down puts e at i or below.
func (l *Line[T, P]) down(i int, e entry[T, P]) {
	for {
		first := arity*i + 1
		if first >= len(l.heap) {
			break
		}
		least := first
		at := l.heap[first].due
		for j := first + 1; j < min(first+arity, len(l.heap)); j++ {
			if due := l.heap[j].due; due < at {
				least, at = j, due
			}
		}
		if e.due <= at {
			break
		}
		l.set(i, l.heap[least])
		i = least
	}
	l.set(i, e)
}
