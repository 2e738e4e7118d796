// Package index finds items by their keys, in little memory. It knows no lock.
package index

import (
	"hash/maphash"
	"iter"
)

// Item is what an [Index] holds. Key returns the item's key, which does not change.
type Item[T any] interface {
	*T
	Key() string
}

// Index finds an item by its key. It does what a map[string]*T does in a third of the memory, as
// the key stands in the item already: tables of pointers with linear probing, grown one shard at a
// time so that no single Add takes long. Use [New] to make one.
type Index[T any, P Item[T]] struct {
	seed   maphash.Seed
	shards [64]shard[P]
	taken  int // in all
}

type shard[P comparable] struct {
	slots []P     // a power of two of them, at most three quarters taken
	tags  []uint8 // a part of the hash of each, so that few items of other keys have to be looked at
	taken int
}

// New returns an index that holds nothing.
func New[T any, P Item[T]]() *Index[T, P] { return &Index[T, P]{seed: maphash.MakeSeed()} }

// Len returns how many items ix holds.
func (ix *Index[T, P]) Len() int { return ix.taken }

// Get returns the item of key, nil if there is none, and the hash of key for Add.
func (ix *Index[T, P]) Get(key string) (x P, hash uint64) {
	hash = maphash.String(ix.seed, key)
	if s, h := ix.shard(hash); len(s.slots) > 0 {
		x = s.slots[find[T](s, key, h)]
	}
	return x, hash
}

// Add adds x, whose key has that hash, and no other item in ix.
func (ix *Index[T, P]) Add(x P, hash uint64) {
	s, hash := ix.shard(hash)
	if s.taken >= len(s.slots)/4*3 {
		ix.grow(s)
	}
	put(s, x, hash)
	s.taken++
	ix.taken++
}

// Remove removes x, which is in ix, and moves up those that were put further along because of it
// (Knuth, The Art of Computer Programming, vol. 3, 6.4, algorithm R).
func (ix *Index[T, P]) Remove(x P) {
	s, hash := ix.locate(x.Key())
	mask := uint64(len(s.slots) - 1)
	hole := find[T](s, x.Key(), hash)
	for at := (hole + 1) & mask; s.slots[at] != nil; at = (at + 1) & mask {
		_, home := ix.locate(s.slots[at].Key())
		if (at-home)&mask >= (at-hole)&mask {
			s.slots[hole], s.tags[hole] = s.slots[at], s.tags[at]
			hole = at
		}
	}
	s.slots[hole] = nil
	ix.taken--
	if s.taken--; s.taken == 0 {
		s.slots, s.tags = nil, nil
	}
}

// All returns all items, in no order. The index must not change meanwhile.
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

// locate returns the shard of key and its hash there, at which its probes begin.
func (ix *Index[T, P]) locate(key string) (*shard[P], uint64) {
	return ix.shard(maphash.String(ix.seed, key))
}

func (ix *Index[T, P]) shard(hash uint64) (*shard[P], uint64) {
	return &ix.shards[hash%uint64(len(ix.shards))], hash / uint64(len(ix.shards))
}

func (ix *Index[T, P]) grow(s *shard[P]) {
	old := s.slots
	s.slots = make([]P, max(8, 2*len(old)))
	s.tags = make([]uint8, len(s.slots))
	for _, x := range old {
		if x != nil {
			_, h := ix.locate(x.Key())
			put(s, x, h)
		}
	}
}

// find returns the slot of key, or the free one where it belongs.
func find[T any, P Item[T]](s *shard[P], key string, hash uint64) uint64 {
	mask := uint64(len(s.slots) - 1)
	at := hash & mask
	for s.slots[at] != nil && (s.tags[at] != tag(hash) || s.slots[at].Key() != key) {
		at = (at + 1) & mask
	}
	return at
}

// put puts x, whose key no other item in s has, into the first free slot.
func put[P comparable](s *shard[P], x P, hash uint64) {
	var free P
	mask := uint64(len(s.slots) - 1)
	at := hash & mask
	for s.slots[at] != free {
		at = (at + 1) & mask
	}
	s.slots[at], s.tags[at] = x, tag(hash)
}

// tag is a part of a hash that says nothing of where its probes begin.
func tag(hash uint64) uint8 { return uint8(hash >> 48) }
