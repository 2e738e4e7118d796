// Package blocks has a list that grows without copying all of its items. It knows no lock.
package blocks

import "slices"

// size is the number of items in a full block. It is a power of two. A full block of pointers takes
// 32 KiB. A smaller block would get a header from the allocator, and with it the next larger size
// class.
const size = 4096

// List is a stack of items in blocks: items are added and removed at the end. A slice that grows to
// a million items by append copies four million items, and leaves as much garbage. A List copies an
// item only while its block grows. The zero List is empty.
type List[T any] struct {
	blocks [][]T // all are full except the last one with items; one empty block may follow it
	taken  int   // the number of items
}

// Len returns the number of items in l.
func (l *List[T]) Len() int { return l.taken }

// At returns a pointer to item i. It is valid until the item is removed or l grows.
func (l *List[T]) At(i int) *T { return &l.blocks[uint(i)/size][uint(i)%size] }

// From returns item i and the items after it in its block. If i is a multiple of n, and n is a
// power of two of at most size, these are at least n items, or all that remain.
func (l *List[T]) From(i int) []T { return l.blocks[uint(i)/size][uint(i)%size:] }

// All returns all items in a new slice.
func (l *List[T]) All() []T { return slices.Concat(l.blocks...) }

// Push adds x at the end.
func (l *List[T]) Push(x T) {
	b := l.taken / size
	if b == len(l.blocks) {
		l.blocks = append(l.blocks, nil)
	}
	if block := l.blocks[b]; len(block) == cap(block) {
		least := 8
		if b > 0 {
			least = size / 4
		}
		l.blocks[b] = append(make([]T, 0, max(least, 2*len(block))), block...)
	}
	l.blocks[b] = append(l.blocks[b], x)
	l.taken++
}

// Pop removes and returns the last item. The list must not be empty.
func (l *List[T]) Pop() T {
	l.taken--
	b, i := l.taken/size, l.taken%size
	block := l.blocks[b]
	x := block[i]
	clear(block[i:])
	l.blocks[b] = block[:i]
	if i == 0 {
		l.blocks = slices.Delete(l.blocks, min(b+1, len(l.blocks)), len(l.blocks))
	}
	return x
}
