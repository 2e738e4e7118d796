package timeline

import (
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

// line is a heap of watches by when something is to be done about each, where each has four below
// it: half as deep as with two, and the four are compared within a cache line or two. Adding,
// moving and removing one costs O(log n).
type line []*watch

const arity = 4

// put puts x where its time belongs; where there is never anything to be done about it, nowhere.
func (l *line) put(x *watch) {
	switch {
	case x.due() == forever:
		l.remove(x)
		return
	case x.place == nowhere:
		x.place = int32(len(*l))
		*l = append(*l, x)
	}
	if i := int(x.place); !l.up(i) {
		l.down(i)
	}
}

func (l *line) remove(x *watch) {
	if x.place == nowhere {
		return
	}
	i, last := int(x.place), len(*l)-1
	moved := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	x.place = nowhere
	if i < last {
		l.set(i, moved)
		if !l.up(i) {
			l.down(i)
		}
	}
}

// next returns when something is to be done first, forever if never.
func (l line) next() time.Duration {
	if len(l) == 0 {
		return forever
	}
	return l[0].due()
}

func (l line) set(i int, x *watch) {
	l[i] = x
	x.place = int32(i)
}

func (l line) up(i int) (moved bool) {
	x, due := l[i], l[i].due()
	for i > 0 {
		above := (i - 1) / arity
		if l[above].due() <= due {
			break
		}
		l.set(i, l[above])
		i, moved = above, true
	}
	l.set(i, x)
	return moved
}

func (l line) down(i int) {
	x, due := l[i], l[i].due()
	for {
		first := arity*i + 1
		if first >= len(l) {
			break
		}
		least, at := first, l[first].due()
		for j := first + 1; j < min(first+arity, len(l)); j++ {
			if d := l[j].due(); d < at {
				least, at = j, d
			}
		}
		if due <= at {
			break
		}
		l.set(i, l[least])
		i = least
	}
	l.set(i, x)
}
