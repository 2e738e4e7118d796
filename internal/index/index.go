// Package index finds items by their keys, in little memory. It knows no lock.
package index

import (
	"hash/maphash"
	"iter"
)

// Item is an item of an [Index]. Key returns the key of the item, which must not change.
type Item[T any] interface {
	*T
	Key() string
}

// Index finds an item by its key. It takes a third of the memory of a map[string]*T, because it
// does not store the keys. It consists of 64 tables of pointers with linear probing. Each table
// grows by itself, so that no call of Add takes long. Use [New] to make one.
type Index[T any, P Item[T]] struct {
	seed   maphash.Seed
	shards [64]shard[P]
	taken  int // the number of items
}

// A shard is a table that is at most seven eighths full. It has a tag for each item, so that a
// search reads hardly any other item, and growing reads none. That saves time, because with a
// million items each read of an item waits for the main memory.
type shard[P comparable] struct {
	tags  []uint32 // 0 for a free slot
	slots []P
	taken int
}

// New returns an empty index.
func New[T any, P Item[T]]() *Index[T, P] { return &Index[T, P]{seed: maphash.MakeSeed()} }

// Len returns the number of items in ix.
func (ix *Index[T, P]) Len() int { return ix.taken }

// Get returns the item with the given key, or nil if there is none. It also returns the hash of the
// key, for [Index.Add].
func (ix *Index[T, P]) Get(key string) (x P, hash uint64) {
	hash = maphash.String(ix.seed, key)
	if s := ix.shard(hash); s.taken > 0 {
		x = s.slots[find[T](s, key, tag(hash))]
	}
	return x, hash
}

// Add adds x. The argument hash is the hash of its key, which no other item in ix may have.
func (ix *Index[T, P]) Add(x P, hash uint64) {
	s := ix.shard(hash)
	if s.taken >= len(s.slots)*7/8 {
		s.grow()
	}
	s.put(x, tag(hash))
	s.taken++
	ix.taken++
}

// Remove removes x, which must be in ix. It moves items back that were put into later slots because
// of x (Knuth, The Art of Computer Programming, vol. 3, 6.4, algorithm R).
func (ix *Index[T, P]) Remove(x P) {
	hash := maphash.String(ix.seed, x.Key())
	s := ix.shard(hash)
	hole := find[T](s, x.Key(), tag(hash))
	for at := s.after(hole); s.tags[at] != 0; at = s.after(at) {
		if s.distance(s.home(s.tags[at]), at) >= s.distance(hole, at) {
			s.slots[hole], s.tags[hole] = s.slots[at], s.tags[at]
			hole = at
		}
	}
	s.slots[hole], s.tags[hole] = nil, 0
	ix.taken--
	if s.taken--; s.taken == 0 {
		s.slots, s.tags = nil, nil
	}
}

// All returns all items in no particular order. The index must not change during the iteration.
func (ix *Index[T, P]) All() iter.Seq[P] {
	return func(yield func(P) bool) {
		for i := range ix.shards {
			for _, x := range ix.shards[i].slots {
				if x != nil && !yield(x) {
					return
				}
			}
		}
	}
}

// shard returns the shard of a key with the given hash. It uses other bits of the hash than tag
// does.
func (ix *Index[T, P]) shard(hash uint64) *shard[P] { return &ix.shards[hash%uint64(len(ix.shards))] }

// tag returns the tag of an item, which is a part of the hash of its key and never 0.
func tag(hash uint64) uint32 { return uint32(hash>>32) | 1 }

// find returns the slot of the item with the given key, or the free slot for it.
func find[T any, P Item[T]](s *shard[P], key string, tag uint32) int {
	at := s.home(tag)
	for s.tags[at] != 0 && (s.tags[at] != tag || s.slots[at].Key() != key) {
		at = s.after(at)
	}
	return at
}

// put puts x into the first free slot for its tag. No other item in s may have the key of x.
func (s *shard[P]) put(x P, tag uint32) {
	at := s.home(tag)
	for s.tags[at] != 0 {
		at = s.after(at)
	}
	s.slots[at], s.tags[at] = x, tag
}

// grow makes s larger by half. The items keep the order of their homes, so that growing reads each
// table only once, from front to back.
func (s *shard[P]) grow() {
	old := *s
	n := max(10, len(old.slots)+len(old.slots)/2)
	s.slots, s.tags = make([]P, n), make([]uint32, n)
	for i, tag := range old.tags {
		if tag != 0 {
			s.put(old.slots[i], tag)
		}
	}
}

// home returns the slot at which the probes for a tag begin (Lemire, Fast Random Integer Generation
// in an Interval, 2019).
func (s *shard[P]) home(tag uint32) int { return int(uint64(tag) * uint64(len(s.tags)) >> 32) }

// after returns the slot after the given one. The first slot follows the last.
func (s *shard[P]) after(at int) int {
	if at++; at == len(s.tags) {
		return 0
	}
	return at
}

// distance returns the number of slots from one slot to another.
func (s *shard[P]) distance(from, to int) int {
	if to < from {
		return to - from + len(s.tags)
	}
	return to - from
}
