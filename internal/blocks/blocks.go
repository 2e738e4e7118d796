// Package blocks has a list that grows without copying what it holds. It knows no lock.
package blocks

import "slices"

// size is how many items a block has room for. It is a power of two. A full block of pointers is 32
// KiB: smaller ones get a header from the allocator, and so the next larger class of size.
const size = 4096

// List is a list of items in blocks, to which items are added and from which they are taken at the
// end. A slice of a million items that grows by append has made four million copies and as much
// garbage; here, an item is copied at most twice, while its block grows. The zero List is empty.
type List[T any] struct {
	blocks [][]T // all full but the last one that holds something; after that one, one may be empty
	taken  int
}

// Len returns how many items l holds.
func (l *List[T]) Len() int { return l.taken }

// At returns where item i is, until it is taken off or l grows.
func (l *List[T]) At(i int) *T { return &l.blocks[uint(i)/size][uint(i)%size] }

// From returns item i and those that follow it in its block. They are at least n, or all that
// follow, if i is a multiple of n and n is a power of two.
func (l *List[T]) From(i int) []T { return l.blocks[uint(i)/size][uint(i)%size:] }

// All returns all items, in a slice of its own.
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

// Pop takes the last item off, and returns it.
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
