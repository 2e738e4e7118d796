package timeline

import "github.com/iamber12/job-status-monitoring/internal/holding"

// A chooser chooses which due watch is polled next, and whether its request is held. All of it is
// guarded by core.mu.
type chooser struct {
	*core
	board   *board
	pool    *pool
	hub     *hub
	holding holding.Line
	choice  holding.Choice // decides which jobs are held
	picks   int            // the number of watches that were chosen so far
	seed    uint64         // the state of randomLocked
}

// nextLocked returns the watch that is polled next, or nil if no watch may be. An urgent watch
// comes first: see expireLocked. Otherwise it is a watch of the kind whose turn it is, which
// [queue.Kinds.Choose] decides. Of that kind, it is the watch of the highest rank, or the oldest if
// none was ranked.
func (o *chooser) nextLocked(ranked []candidate) *watch {
	if x := o.board.urgent.First(); x != nil {
		return x
	}
	l := o.board.ready.Choose(o.Concurrency)
	if l == nil {
		return nil
	}
	for _, c := range ranked {
		if c.lane == l && c.x.phase == ready {
			return c.x
		}
	}
	return l.Oldest()
}

// randomLocked returns the next pseudorandom number (xorshift64, Marsaglia 2003).
func (o *chooser) randomLocked() uint64 {
	o.seed ^= o.seed << 13
	o.seed ^= o.seed >> 7
	o.seed ^= o.seed << 17
	return o.seed
}
