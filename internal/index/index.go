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

// A shard is a table of which at most seven eighths are taken. Beside each item stands its tag. So
// only the item that is looked for has to be read, also when the table grows. Among a million
// items, each read has to wait for the main memory.
type shard[P comparable] struct {
	tags  []uint32 // 0 for a slot that is free
	slots []P
	taken int
}

// New returns an index that holds nothing.
func New[T any, P Item[T]]() *Index[T, P] { return &Index[T, P]{seed: maphash.MakeSeed()} }

// Len returns how many items ix holds.
func (ix *Index[T, P]) Len() int { return ix.taken }

// Get returns the item of key, nil if there is none, and the hash of key for Add.
func (ix *Index[T, P]) Get(key string) (x P, hash uint64) {
	hash = maphash.String(ix.seed, key)
	if s := ix.shard(hash); s.taken > 0 {
		x = s.slots[find[T](s, key, tag(hash))]
	}
	return x, hash
}

// Add adds x, whose key has that hash, and no other item in ix.
func (ix *Index[T, P]) Add(x P, hash uint64) {
	s := ix.shard(hash)
	if s.taken >= len(s.slots)*7/8 {
		s.grow()
	}
	s.put(x, tag(hash))
	s.taken++
	ix.taken++
}

// Remove removes x, which is in ix, and moves up those that were put further along because of it
// (Knuth, The Art of Computer Programming, vol. 3, 6.4, algorithm R).
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

// shard returns the shard of the key with that hash. It uses other bits than tag.
func (ix *Index[T, P]) shard(hash uint64) *shard[P] { return &ix.shards[hash%uint64(len(ix.shards))] }

// tag returns the part of a hash that stands beside an item.
func tag(hash uint64) uint32 { return uint32(hash>>32) | 1 }

// find returns the slot of key, or the free one where it belongs.
func find[T any, P Item[T]](s *shard[P], key string, tag uint32) int {
	at := s.home(tag)
	for s.tags[at] != 0 && (s.tags[at] != tag || s.slots[at].Key() != key) {
		at = s.after(at)
	}
	return at
}

// put puts x, whose key no other item in s has, into the first free slot.
func (s *shard[P]) put(x P, tag uint32) {
	at := s.home(tag)
	for s.tags[at] != 0 {
		at = s.after(at)
	}
	s.slots[at], s.tags[at] = x, tag
}

// grow makes s larger by half. The homes of the items keep their order, so that both tables are
// gone through once.
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

// after returns the slot after another. The first one follows the last.
func (s *shard[P]) after(at int) int {
	if at++; at == len(s.tags) {
		return 0
	}
	return at
}

// distance returns how many slots further to is than from.
func (s *shard[P]) distance(from, to int) int {
	if to < from {
		return to - from + len(s.tags)
	}
	return to - from
}
