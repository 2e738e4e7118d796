package timeline

import (
	"container/heap"
	"math"
	"time"
)

// forever is an instant that the line never reaches.
const forever = time.Duration(math.MaxInt64)

// later returns t+d, or forever if d is Unlimited or the sum does not fit.
func later(t, d time.Duration) time.Duration {
	if d == Unlimited || d > forever-t {
		return forever
	}
	return t + d
}

// nowhere is the place of a watch that does not stand on the line.
const nowhere = -1

// line is a heap of watches by when something is to be done about each. Adding, moving and removing one costs O(log n).
type line []*watch

func (l *line) put(x *watch) {
	if x.place == nowhere {
		heap.Push(l, x)
	} else {
		heap.Fix(l, int(x.place))
	}
}

func (l *line) remove(x *watch) {
	if x.place != nowhere {
		heap.Remove(l, int(x.place))
	}
}

// next returns when something is to be done first, forever if never.
func (l line) next() time.Duration {
	if len(l) == 0 {
		return forever
	}
	return l[0].due()
}

// Len, Less, Swap, Push and Pop are container/heap's.

func (l line) Len() int           { return len(l) }
func (l line) Less(i, j int) bool { return l[i].due() < l[j].due() }

func (l line) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = int32(i), int32(j)
}

func (l *line) Push(x any) {
	x.(*watch).place = int32(len(*l))
	*l = append(*l, x.(*watch))
}

func (l *line) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	x.place = nowhere
	return x
}

// queue holds the watches that are due and wait for a worker, in the order in which they became due.
type queue struct {
	items []*watch
	head  int
}

func (q *queue) push(x *watch) { q.items = append(q.items, x) }

// len returns how many there are.
func (q *queue) len() int { return len(q.items) - q.head }

// pop returns nil if the queue is empty.
func (q *queue) pop() *watch {
	if q.head == len(q.items) {
		return nil
	}
	x := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = nil, 0
	} else if q.head > 1024 && q.head > len(q.items)/2 {
		q.items = append(q.items[:0], q.items[q.head:]...)
		q.head = 0
	}
	return x
}
