package adaptive

import "sync/atomic"

// The span of a followed watch is updated in place. A watch is followed if there is room when it
// begins. So the choice does not depend on how long its job takes.

const (
	maxFollowed = 64 // maximum number of followed watches of a kind
	ways        = 4  // number of places in which the watch of a key may be
	sets        = 2 * maxFollowed / ways
)

// place is the place of a followed watch in a roster.
type place struct {
	key    atomic.Uint64 // hash of the key, 0 if the place is free
	number atomic.Uint32 // the number of its span
	late   bool          // whether it was not followed from its beginning
}

// roster is the followed watches. The method find may be called without a lock. All other methods
// need the kind's lock.
type roster struct {
	places   [sets * ways]place
	followed int
}

// find returns the place of the watch with the given hash, or -1.
func (r *roster) find(key uint64) int {
	at := int(key%sets) * ways
	for i := at; i < at+ways; i++ {
		if r.places[i].key.Load() == key {
			return i
		}
	}
	return -1
}

// free returns a free place for the watch with the given hash, or -1.
func (r *roster) free(key uint64) int {
	if r.followed == maxFollowed {
		return -1
	}
	at := int(key%sets) * ways
	for i := at; i < at+ways; i++ {
		if r.places[i].key.Load() == 0 {
			return i
		}
	}
	return -1
}

func (r *roster) take(i int, key uint64, number uint32) {
	r.places[i].number.Store(number)
	r.places[i].key.Store(key)
	r.followed++
}

func (r *roster) release(i int) {
	r.places[i].key.Store(0)
	r.places[i].late = false
	r.followed--
}

// each calls f for each followed watch.
func (r *roster) each(f func(i int, number *atomic.Uint32)) {
	for i := range r.places {
		if r.places[i].key.Load() != 0 {
			f(i, &r.places[i].number)
		}
	}
}
