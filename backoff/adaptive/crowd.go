package adaptive

import (
	"math"
	"sync/atomic"
)

// crowd is what is known about the watches in progress. The kind's lock must be held to change it.
type crowd struct {
	running  atomic.Int64  // watches that began and have not ended
	others   int64         // those of them that are not followed
	most     int64         // the maximum of running since it was 0
	adopting atomic.Bool   // whether watches that are seen to run are followed late
	frontier atomic.Uint64 // a float64: the greatest age at which anything is known
	alive    atomic.Uint64 // a float64: the sum of the ages at which the followed jobs were last seen to run
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
	adoptShare = 8  // at least the share 1/adoptShare of most still runs
	adoptLeast = 16 // and at least this many watches still run
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
