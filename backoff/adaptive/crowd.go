package adaptive

import (
	"math"
	"sync/atomic"
)

// crowd is what is known about the watches in progress. It is written under the kind's lock.
type crowd struct {
	running  atomic.Int64  // watches that began and were not left
	others   int64         // those of them that are not followed
	most     int64         // the most that ran at once since none did
	adopting atomic.Bool   // watches that are seen to run are followed late
	frontier atomic.Uint64 // a float64: the greatest age at which anything is known
	alive    atomic.Uint64 // a float64: the sum of the ages at which those followed were last seen to run
}

// leave records that a watch ended.
func (c *crowd) leave() {
	if c.running.Add(-1) == 0 {
		c.most = 0
		c.adopting.Store(false)
	}
}

func load(x *atomic.Uint64) float64     { return math.Float64frombits(x.Load()) }
func store(x *atomic.Uint64, v float64) { x.Store(math.Float64bits(v)) }

// If all followed watches have ended and many others have not, the followed watches were not
// typical. For example, they began first and were the shortest. Other watches are then followed
// when their jobs are seen to run, as long as there is room.
const (
	adoptShare = 8  // one in so many of the most that ran still runs
	adoptLeast = 16 // and at least so many do
)

// leftAll records that all followed watches have ended. Other watches may then be followed late.
func (c *crowd) leftAll() {
	if c.others >= adoptLeast && c.others > c.most/adoptShare {
		c.adopting.Store(true)
	}
}

// reach moves the frontier up to age.
func (c *crowd) reach(age float64) {
	if age > load(&c.frontier) {
		store(&c.frontier, age)
	}
}

// adopt begins to follow a watch that is already running, and reports whether it could. The watch
// gets no score, because it was chosen for its long duration.
func (k *kind) adopt(key uint64) bool {
	if !k.crowd.adopting.Load() || k.crowd.others == 0 {
		return false
	}
	i := k.roster.free(key)
	if i < 0 {
		if k.roster.followed == maxFollowed {
			k.crowd.adopting.Store(false)
		}
		return false
	}
	k.crowd.others--
	k.verdicts.begin(k)
	number := k.append(span{0, forever})
	k.verdicts.done[number%maxScores] = true
	k.roster.take(i, key, number)
	k.roster.places[i].late = true
	return true
}

// dropLate stops following one watch that was followed late, and reports whether there was one. It
// is called when a watch ends that is not followed, although no such watch is in progress by count.
// So one of the late watches was never counted as begun.
func (k *kind) dropLate() (dropped bool) {
	if k.roster.followed == 0 {
		return false
	}
	k.roster.each(func(i int, n *atomic.Uint32) {
		if p := &k.roster.places[i]; p.late && !dropped {
			store(&k.crowd.alive, max(load(&k.crowd.alive)-float64(k.at(n.Load()).after), 0))
			k.roster.release(i)
			k.crowd.leave()
			dropped = true
		}
	})
	return dropped
}
