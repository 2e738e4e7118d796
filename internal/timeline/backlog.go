package timeline

import (
	"slices"
	"time"
)

// backlog holds the watches that are due and wait for a worker or for a limit, a lane for each kind
// of job. Lanes take turns, so that the kind of which most are due leaves room for the others;
// within a lane the one that is due for longest comes first.
type backlog struct {
	lanes   []*lane           // by number, nil where one is free
	numbers map[string]uint16 // by kind
	ring    []*lane           // those in which somebody waits
	turn    int               // in the ring
	urgent  []overdue         // those whose wait ends once they were polled; they stand in their lane too
	waiting int               // watches
	polling int               // requests under way
}

// A lane is the watches of one kind. It is there while there is one.
type lane struct {
	kind    string
	number  uint16
	watches int
	polling int // requests under way that began in this lane
	queue   []overdue
	head    int // of queue
	waiting int // entries of queue that still stand for a watch
	ringed  bool
}

// overdue is a watch that has been due since some time.
type overdue struct {
	x     *watch
	since time.Duration
}

// stands reports whether the watch still waits for what it has been due for.
func (o overdue) stands() bool { return o.x != nil && o.x.queued && o.x.poll == o.since }

// maxRoom is how much room the queue of a lane keeps while nobody waits in it.
const maxRoom = 64

// maxLanes bounds the kinds that take turns; watches of further kinds share the first lane.
const maxLanes = 1 << 16

// enter counts x as one of a kind.
func (b *backlog) enter(x *watch, kind string) {
	n, ok := b.numbers[kind]
	if !ok {
		free := slices.Index(b.lanes, (*lane)(nil))
		switch {
		case free >= 0:
			b.lanes[free] = &lane{kind: kind, number: uint16(free)}
			n = uint16(free)
		case len(b.lanes) < maxLanes:
			n = uint16(len(b.lanes))
			b.lanes = append(b.lanes, &lane{kind: kind, number: n})
		}
		if l := b.lanes[n]; l.kind == kind {
			b.numbers[kind] = n
		}
	}
	x.lane = n
	b.lanes[n].watches++
}

// leave takes x out, wherever it is.
func (b *backlog) leave(x *watch) {
	l := b.lanes[x.lane]
	if x.queued {
		x.queued = false
		l.waiting--
		b.waiting--
	}
	l.watches--
	b.drop(l)
}

// drop forgets a lane that nothing is in any more.
func (b *backlog) drop(l *lane) {
	if l.watches == 0 && l.polling == 0 {
		if l.ringed {
			b.unring(slices.Index(b.ring, l))
		}
		delete(b.numbers, l.kind)
		b.lanes[l.number] = nil
	}
}

// push adds x, which is due since x.poll.
func (b *backlog) push(x *watch) {
	l := b.lanes[x.lane]
	if len(l.queue) == cap(l.queue) && l.waiting < len(l.queue)/2 {
		l.compact()
	}
	l.queue = append(l.queue, overdue{x, x.poll})
	x.queued = true
	l.waiting++
	b.waiting++
	if !l.ringed {
		l.ringed = true
		b.ring = append(b.ring, l)
	}
}

// hurry has x, which waits, polled before all others.
func (b *backlog) hurry(x *watch) { b.urgent = append(b.urgent, overdue{x, x.poll}) }

// mostUrgent returns the next watch that is polled before all others, nil if there is none.
func (b *backlog) mostUrgent() *watch {
	for len(b.urgent) > 0 {
		if o := b.urgent[0]; o.stands() {
			return o.x
		}
		b.urgent = b.urgent[1:]
	}
	b.urgent = nil
	return nil
}

func (b *backlog) unring(i int) {
	b.ring[i].ringed = false
	b.ring = slices.Delete(b.ring, i, i+1)
	if i < b.turn {
		b.turn--
	}
}

// oldest drops what stands for no watch from the front of l and returns the next watch, nil if
// there is none.
func (l *lane) oldest() *watch {
	for l.head < len(l.queue) {
		if o := l.queue[l.head]; o.stands() {
			return o.x
		}
		l.queue[l.head] = overdue{}
		l.head++
	}
	if l.queue, l.head = l.queue[:0], 0; cap(l.queue) > maxRoom {
		l.queue = nil
	}
	return nil
}

// compact drops all that stands for no watch.
func (l *lane) compact() {
	l.queue = slices.DeleteFunc(l.queue, func(o overdue) bool { return !o.stands() })
	l.head = 0
}

// choose returns the lane whose turn it is, nil if none may be polled with so many workers in all.
// As long as there are other kinds, a lane is given no more than three quarters of the workers that
// the others leave, so that polls which take long never hold all.
func (b *backlog) choose(workers int) *lane {
	kinds := len(b.numbers)
	for tries := len(b.ring); tries > 0; tries-- {
		if b.turn >= len(b.ring) {
			b.turn = 0
		}
		l := b.ring[b.turn]
		if l.waiting == 0 {
			l.oldest() // empties it
			b.unring(b.turn)
			continue
		}
		left := workers - (b.polling - l.polling)
		if kinds == 1 || l.polling < max((3*left+3)/4, 1) {
			return l
		}
		b.turn++
	}
	return nil
}

// take takes x, whose turn it is, out of its queue.
func (b *backlog) take(x *watch) {
	l := b.lanes[x.lane]
	b.turn++
	x.queued = false
	l.waiting--
	b.waiting--
	if l.head < len(l.queue) && l.queue[l.head].x == x {
		l.queue[l.head] = overdue{}
		l.head++
	}
}

// takeBack takes x, which is not polled yet, out of its queue.
func (b *backlog) takeBack(x *watch) {
	x.queued = false
	b.lanes[x.lane].waiting--
	b.waiting--
}

// since returns since when the watch is due that is due for longest, forever if none is.
func (b *backlog) since() time.Duration {
	since := forever
	for _, l := range b.ring {
		if x := l.oldest(); x != nil {
			since = min(since, x.poll)
		}
	}
	return since
}
