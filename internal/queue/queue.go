// Package queue decides which due item is next, so that no kind of items holds up the others. It
// knows neither a lock nor a clock: instants are arguments.
package queue

import (
	"iter"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Item is an item of [Kinds]. Waits reports whether the item still waits in the queue, due since
// that instant. The entry of an item that no longer waits is skipped.
type Item[T any] interface {
	*T
	Waits(since time.Duration) bool
}

// Kinds holds the due items that wait for a worker or a limit, in a [Lane] for each kind. Lanes
// take turns, so that a kind with many due items leaves room for the others. Within a lane, the
// item that has been due longest comes first. Use [New] to make one.
type Kinds[T any, P Item[T]] struct {
	lanes   []*Lane[T, P]     // by number, nil where one is free
	numbers map[string]uint16 // by kind
	ring    ring[T, P]
	waiting int
	asking  int
}

// ring holds the lanes in which an item waits. They take turns.
type ring[T any, P Item[T]] struct {
	lanes []*Lane[T, P]
	turn  int
}

// Lane holds the items of one kind. It exists as long as it has an item or a request in flight.
type Lane[T any, P Item[T]] struct {
	kind    string
	number  uint16
	items   int
	asking  int // requests in flight that began in this lane
	queue   []entry[P]
	head    int  // the index of the first entry of queue
	waiting int  // entries of queue whose item still waits
	ringed  bool // it is in the ring
	shared  bool // it has items of other kinds, too
}

// entry is an item and the instant since which it has been due.
type entry[P any] struct {
	x     P
	since time.Duration
}

const (
	// maxRoom is the capacity that the queue of a lane keeps while it is empty.
	maxRoom = 64
	// maxLanes is the maximum number of lanes. Items of further kinds share the first lane.
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

// Lane returns the lane with the given number.
func (k *Kinds[T, P]) Lane(number uint16) *Lane[T, P] { return k.lanes[number] }

// Of returns the number of items of a kind, and how many of them wait.
func (k *Kinds[T, P]) Of(kind string) (items, waiting int) {
	n, ok := k.numbers[kind]
	if !ok {
		return 0, 0
	}
	return k.lanes[n].items, k.lanes[n].waiting
}

// Ring returns the lanes in which an item waits. The slice must not be kept.
func (k *Kinds[T, P]) Ring() []*Lane[T, P] { return k.ring.lanes }

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
		} else {
			k.lanes[n].shared = true
		}
	}
	k.lanes[n].items++
	return n
}

// Leave counts one item less in a lane. The argument waited says whether the item waited.
func (k *Kinds[T, P]) Leave(lane uint16, waited bool) {
	l := k.lanes[lane]
	if waited {
		l.waiting--
		k.waiting--
	}
	l.items--
	k.drop(l)
}

// Push adds x to the queue of its lane. The item is due since the given instant.
func (k *Kinds[T, P]) Push(x P, lane uint16, since time.Duration) {
	l := k.lanes[lane]
	if len(l.queue) == cap(l.queue) && l.waiting < len(l.queue)/2 {
		l.compact()
	}
	l.queue = append(l.queue, entry[P]{x, since})
	l.waiting++
	k.waiting++
	k.ring.add(l)
}

// Choose returns the lane whose turn it is, given the total number of workers. It returns nil if no
// lane may get a worker. If there are several kinds, a lane gets at most three quarters of the
// workers that the other lanes do not use. So slow requests of one kind never occupy all workers.
func (k *Kinds[T, P]) Choose(workers int) *Lane[T, P] {
	kinds := len(k.numbers)
	r := &k.ring
	for tries := len(r.lanes); tries > 0; tries-- {
		if r.turn >= len(r.lanes) {
			r.turn = 0
		}
		l := r.lanes[r.turn]
		if l.waiting == 0 {
			l.Oldest() // empties its queue
			r.remove(r.turn)
			continue
		}
		left := workers - (k.asking - l.asking)
		if kinds == 1 || l.asking < max(left-left/4, 1) {
			return l
		}
		r.turn++
	}
	return nil
}

// Take removes x from its lane because it is polled, and gives the next lane its turn.
func (k *Kinds[T, P]) Take(x P, lane uint16) {
	l := k.lanes[lane]
	k.ring.turn++
	l.waiting--
	k.waiting--
	if l.head < len(l.queue) && l.queue[l.head].x == x {
		l.queue[l.head] = entry[P]{}
		l.head++
	}
}

// TakeBack removes an item from its lane, although it is not polled.
func (k *Kinds[T, P]) TakeBack(lane uint16) {
	k.lanes[lane].waiting--
	k.waiting--
}

// Begin counts one more request in flight of a lane.
func (k *Kinds[T, P]) Begin(l *Lane[T, P]) {
	l.asking++
	k.asking++
}

// End counts one request in flight of a lane less.
func (k *Kinds[T, P]) End(l *Lane[T, P]) {
	l.asking--
	k.asking--
	k.drop(l)
}

// Since returns the instant since which the oldest item has been due, or [instant.Forever] if no
// item is due.
func (k *Kinds[T, P]) Since() time.Duration {
	since := instant.Forever
	for _, l := range k.ring.lanes {
		if l.Oldest() != nil {
			since = min(since, l.queue[l.head].since)
		}
	}
	return since
}

// drop removes a lane that is empty.
func (k *Kinds[T, P]) drop(l *Lane[T, P]) {
	if l.items == 0 && l.asking == 0 {
		if l.ringed {
			k.ring.remove(slices.Index(k.ring.lanes, l))
		}
		delete(k.numbers, l.kind)
		k.lanes[l.number] = nil
	}
}

// add adds a lane behind the others, if it is not among them.
func (r *ring[T, P]) add(l *Lane[T, P]) {
	if !l.ringed {
		l.ringed = true
		r.lanes = append(r.lanes, l)
	}
}

// remove removes the lane at the given place.
func (r *ring[T, P]) remove(i int) {
	r.lanes[i].ringed = false
	r.lanes = slices.Delete(r.lanes, i, i+1)
	if i < r.turn {
		r.turn--
	}
}

// Kind returns the kind of the items of l. It reports false if l also has items of other kinds.
func (l *Lane[T, P]) Kind() (kind string, only bool) { return l.kind, !l.shared }

// Waiting returns how many items wait in l.
func (l *Lane[T, P]) Waiting() int { return l.waiting }

// Oldest returns the item of l that has been due longest, or nil if none waits.
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

// Head returns items that wait in l, oldest first. It looks at the first n entries alone, and so
// takes no longer if many items wait. The lane must not change during the iteration.
func (l *Lane[T, P]) Head(n int) iter.Seq[P] {
	return func(yield func(P) bool) {
		for _, e := range l.queue[l.head:min(l.head+n, len(l.queue))] {
			if e.x != nil && e.x.Waits(e.since) && !yield(e.x) {
				return
			}
		}
	}
}

// Sample returns an item of l, chosen by a random number. It returns nil if that item no longer
// waits.
func (l *Lane[T, P]) Sample(random uint64) P {
	e := l.queue[l.head+int(random%uint64(len(l.queue)-l.head))]
	if e.x == nil || !e.x.Waits(e.since) {
		return nil
	}
	return e.x
}

// compact removes the entries of items that no longer wait.
func (l *Lane[T, P]) compact() {
	l.queue = slices.DeleteFunc(l.queue, func(e entry[P]) bool { return e.x == nil || !e.x.Waits(e.since) })
	l.head = 0
}
