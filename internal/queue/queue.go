// Package queue says who is next among the items that are due, so that no kind of them holds up the
// others. It knows neither a lock nor a clock: instants are arguments.
package queue

import (
	"iter"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Item is what waits in [Kinds]. Waits reports whether the item still waits for what it has been
// due for since that instant. An item that was taken otherwise, or is gone, does not; its entry is
// then passed over.
type Item[T any] interface {
	*T
	Waits(since time.Duration) bool
}

// Kinds holds the items that are due and wait for a worker or for a limit, a [Lane] for each kind.
// Lanes take turns, so that the kind of which most are due leaves room for the others. Within a
// lane the item that is due for longest comes first. Use [New] to make one.
type Kinds[T any, P Item[T]] struct {
	lanes   []*Lane[T, P]     // by number, nil where one is free
	numbers map[string]uint16 // by kind
	ring    []*Lane[T, P]     // those in which somebody waits
	turn    int               // in the ring
	urgent  []entry[P]        // those that come before all others; they stand in their lane too
	waiting int
	asking  int
}

// Lane is the items of one kind. It is there while there is one.
type Lane[T any, P Item[T]] struct {
	kind    string
	number  uint16
	items   int
	asking  int // requests in flight that began in this lane
	queue   []entry[P]
	head    int // of queue
	waiting int // entries of queue that still stand for an item
	ringed  bool
}

// entry is an item that has been due since some time.
type entry[P any] struct {
	x     P
	since time.Duration
}

const (
	// maxRoom is how much room the queue of a lane keeps while nobody waits in it.
	maxRoom = 64
	// maxLanes bounds the kinds that take turns. Items of further kinds share the first lane.
	maxLanes = 1 << 16
)

// New returns a queue in which nothing waits.
func New[T any, P Item[T]]() *Kinds[T, P] {
	return &Kinds[T, P]{numbers: map[string]uint16{}}
}

// Waiting returns how many items wait.
func (k *Kinds[T, P]) Waiting() int { return k.waiting }

// Asking returns how many requests are in flight.
func (k *Kinds[T, P]) Asking() int { return k.asking }

// Lane returns the lane of that number.
func (k *Kinds[T, P]) Lane(number uint16) *Lane[T, P] { return k.lanes[number] }

// Of returns how many items of a kind there are, and how many of them wait.
func (k *Kinds[T, P]) Of(kind string) (items, waiting int) {
	n, ok := k.numbers[kind]
	if !ok {
		return 0, 0
	}
	return k.lanes[n].items, k.lanes[n].waiting
}

// Ring returns the lanes in which somebody waits. The slice must not be kept.
func (k *Kinds[T, P]) Ring() []*Lane[T, P] { return k.ring }

// Enter counts one more item of a kind and returns the number of its lane.
func (k *Kinds[T, P]) Enter(kind string) (lane uint16) {
	n, ok := k.numbers[kind]
	if !ok {
		free := slices.Index(k.lanes, (*Lane[T, P])(nil))
		switch {
		case free >= 0:
			n = uint16(free)
			k.lanes[free] = &Lane[T, P]{kind: kind, number: n}
		case len(k.lanes) < maxLanes:
			n = uint16(len(k.lanes))
			k.lanes = append(k.lanes, &Lane[T, P]{kind: kind, number: n})
		}
		if k.lanes[n].kind == kind {
			k.numbers[kind] = n
		}
	}
	k.lanes[n].items++
	return n
}

// Leave counts an item less in a lane. Whether it waited is said by waited.
func (k *Kinds[T, P]) Leave(lane uint16, waited bool) {
	l := k.lanes[lane]
	if waited {
		l.waiting--
		k.waiting--
	}
	l.items--
	k.drop(l)
}

// Push adds x, which is in a lane and due since an instant.
func (k *Kinds[T, P]) Push(x P, lane uint16, since time.Duration) {
	l := k.lanes[lane]
	if len(l.queue) == cap(l.queue) && l.waiting < len(l.queue)/2 {
		l.compact()
	}
	l.queue = append(l.queue, entry[P]{x, since})
	l.waiting++
	k.waiting++
	if !l.ringed {
		l.ringed = true
		k.ring = append(k.ring, l)
	}
}

// Hurry has x, which waits since an instant, come before all others.
func (k *Kinds[T, P]) Hurry(x P, since time.Duration) {
	k.urgent = append(k.urgent, entry[P]{x, since})
}

// Urgent returns the next item that comes before all others, nil if there is none.
func (k *Kinds[T, P]) Urgent() P {
	for len(k.urgent) > 0 {
		if e := k.urgent[0]; e.x.Waits(e.since) {
			return e.x
		}
		k.urgent = k.urgent[1:]
	}
	k.urgent = nil
	return nil
}

// Choose returns the lane whose turn it is, nil if none may be asked about with so many workers in
// all. As long as there are other kinds, a lane is given no more than three quarters of the workers
// that the others leave, so that requests which take long never hold all.
func (k *Kinds[T, P]) Choose(workers int) *Lane[T, P] {
	kinds := len(k.numbers)
	for tries := len(k.ring); tries > 0; tries-- {
		if k.turn >= len(k.ring) {
			k.turn = 0
		}
		l := k.ring[k.turn]
		if l.waiting == 0 {
			l.Oldest() // empties it
			k.unring(k.turn)
			continue
		}
		left := workers - (k.asking - l.asking)
		if kinds == 1 || l.asking < max((3*left+3)/4, 1) {
			return l
		}
		k.turn++
	}
	return nil
}

// Take says that x, which waited in a lane, is asked about, and that the next lane has its turn.
func (k *Kinds[T, P]) Take(x P, lane uint16) {
	l := k.lanes[lane]
	k.turn++
	l.waiting--
	k.waiting--
	if l.head < len(l.queue) && l.queue[l.head].x == x {
		l.queue[l.head] = entry[P]{}
		l.head++
	}
}

// TakeBack says that an item that waited in a lane does so no longer, and is not asked about.
func (k *Kinds[T, P]) TakeBack(lane uint16) {
	k.lanes[lane].waiting--
	k.waiting--
}

// Begin counts a request in flight that began in a lane.
func (k *Kinds[T, P]) Begin(l *Lane[T, P]) {
	l.asking++
	k.asking++
}

// End counts a request less that began in a lane.
func (k *Kinds[T, P]) End(l *Lane[T, P]) {
	l.asking--
	k.asking--
	k.drop(l)
}

// Since returns since when the item is due that is due for longest, [instant.Forever] if none is.
func (k *Kinds[T, P]) Since() time.Duration {
	since := instant.Forever
	for _, l := range k.ring {
		if l.Oldest() != nil {
			since = min(since, l.queue[l.head].since)
		}
	}
	return since
}

// drop forgets a lane that nothing is in any more.
func (k *Kinds[T, P]) drop(l *Lane[T, P]) {
	if l.items == 0 && l.asking == 0 {
		if l.ringed {
			k.unring(slices.Index(k.ring, l))
		}
		delete(k.numbers, l.kind)
		k.lanes[l.number] = nil
	}
}

func (k *Kinds[T, P]) unring(i int) {
	k.ring[i].ringed = false
	k.ring = slices.Delete(k.ring, i, i+1)
	if i < k.turn {
		k.turn--
	}
}

// Waiting returns how many items wait in l.
func (l *Lane[T, P]) Waiting() int { return l.waiting }

// Oldest returns the item of l that is due for longest, nil if none waits.
func (l *Lane[T, P]) Oldest() P {
	for l.head < len(l.queue) {
		if e := &l.queue[l.head]; e.x != nil && e.x.Waits(e.since) {
			return e.x
		}
		l.queue[l.head] = entry[P]{}
		l.head++
	}
	if l.queue, l.head = l.queue[:0], 0; cap(l.queue) > maxRoom {
		l.queue = nil
	}
	return nil
}

// All returns the items that wait in l, the one that is due for longest first. The lane must not
// change meanwhile.
func (l *Lane[T, P]) All() iter.Seq[P] {
	return func(yield func(P) bool) {
		for _, e := range l.queue[l.head:] {
			if e.x != nil && e.x.Waits(e.since) && !yield(e.x) {
				return
			}
		}
	}
}

// Sample returns an item that waits in l, picked by a random number, or nil if the number picks one
// that waits no longer.
func (l *Lane[T, P]) Sample(random uint64) P {
	e := l.queue[l.head+int(random%uint64(len(l.queue)-l.head))]
	if e.x == nil || !e.x.Waits(e.since) {
		return nil
	}
	return e.x
}

// compact drops all that stands for no item.
func (l *Lane[T, P]) compact() {
	l.queue = slices.DeleteFunc(l.queue, func(e entry[P]) bool { return e.x == nil || !e.x.Waits(e.since) })
	l.head = 0
}
