package timeline

import "hash/maphash"

// index finds a watch by its job's id. It does what a map[string]*watch does in a third of the
// memory, as the id stands in the watch already: tables of pointers with linear probing, grown one
// shard at a time so that no single join takes long.
type index struct {
	seed   maphash.Seed
	shards [64]shard
	taken  int // in all
}

type shard struct {
	slots []*watch // a power of two of them, at most three quarters taken
	tags  []uint8  // a part of the hash of each, so that few watches of other ids have to be looked at
	taken int
}

func newIndex() *index { return &index{seed: maphash.MakeSeed()} }

// locate returns the shard of id and its hash there, at which its probes begin.
func (ix *index) locate(id string) (*shard, uint64) { return ix.shard(maphash.String(ix.seed, id)) }

func (ix *index) shard(hash uint64) (*shard, uint64) {
	return &ix.shards[hash%uint64(len(ix.shards))], hash / uint64(len(ix.shards))
}

// get returns the watch of id, nil if there is none, and the hash of id for add.
func (ix *index) get(id string) (x *watch, hash uint64) {
	hash = maphash.String(ix.seed, id)
	if s, h := ix.shard(hash); len(s.slots) > 0 {
		x = s.slots[s.find(id, h)]
	}
	return x, hash
}

// find returns the slot of id, or the free one where it belongs.
func (s *shard) find(id string, hash uint64) uint64 {
	mask := uint64(len(s.slots) - 1)
	at := hash & mask
	for s.slots[at] != nil && (s.tags[at] != tag(hash) || s.slots[at].id != id) {
		at = (at + 1) & mask
	}
	return at
}

// tag is a part of a hash that says nothing of where its probes begin.
func tag(hash uint64) uint8 { return uint8(hash >> 48) }

func (s *shard) put(x *watch, hash uint64) {
	at := s.find(x.id, hash)
	s.slots[at], s.tags[at] = x, tag(hash)
}

// add adds x, whose id has that hash, and no other watch in ix.
func (ix *index) add(x *watch, hash uint64) {
	s, hash := ix.shard(hash)
	if s.taken >= len(s.slots)/4*3 {
		old := s.slots
		s.slots = make([]*watch, max(8, 2*len(old)))
		s.tags = make([]uint8, len(s.slots))
		for _, o := range old {
			if o != nil {
				_, h := ix.locate(o.id)
				s.put(o, h)
			}
		}
	}
	s.put(x, hash)
	s.taken++
	ix.taken++
}

// remove removes x, which is in ix, and moves up those that were put further along because of it
// (Knuth, The Art of Computer Programming, vol. 3, 6.4, algorithm R).
func (ix *index) remove(x *watch) {
	s, hash := ix.locate(x.id)
	mask := uint64(len(s.slots) - 1)
	hole := s.find(x.id, hash)
	for at := (hole + 1) & mask; s.slots[at] != nil; at = (at + 1) & mask {
		_, home := ix.locate(s.slots[at].id)
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

// all returns all watches.
func (ix *index) all() []*watch {
	var all []*watch
	for i := range ix.shards {
		for _, x := range ix.shards[i].slots {
			if x != nil {
				all = append(all, x)
			}
		}
	}
	return all
}
