package timeline

import "github.com/iamber12/job-status-monitoring/internal/holding"

// A chooser says which of the watches that are due is polled next, and which of them the service is
// to keep the request about. All is guarded by core.mu.
type chooser struct {
	*core
	board   *board
	crew    *crew
	hearer  *hearer
	holding holding.Line
	choice  holding.Choice // of who is held
	picks   int            // of who is polled next
	seed    uint64         // of random
}

// nextLocked returns the watch that is polled next, nil if none may be: one whose wait was extended
// for a last look, then, of the kind whose turn it is, the one that ranks highest, or the one that
// is due for longest if none was ranked.
func (o *chooser) nextLocked(ranked []candidate) *watch {
	if x := o.board.ready.Urgent(); x != nil {
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

// randomLocked returns the next of a sequence of numbers that look random (xorshift64, Marsaglia
// 2003).
func (o *chooser) randomLocked() uint64 {
	o.seed ^= o.seed << 13
	o.seed ^= o.seed >> 7
	o.seed ^= o.seed << 17
	return o.seed
}
