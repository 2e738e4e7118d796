package mock

import (
	"sync"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// ground is what all parts of a Clock stand on.
type ground struct {
	t        TB
	owner    int64 // the goroutine that made the Clock
	patience quiet.Patience

	mu      sync.Mutex
	changed sync.Cond
	// What follows is guarded by mu.
	version int   // rises with each change of what is under way
	moving  int   // calls of Run, Next and Advance under way
	mover   int64 // the goroutine that made the newest of these
	closed  bool  // the test has ended
}

// stands reports whether nobody moves the Clock.
func (g *ground) stands() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.moving == 0 && !g.closed
}

// move marks the caller as the one who moves the Clock, until it calls over.
func (g *ground) move() (over func()) {
	id := quiet.CurrentID()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.moving, g.mover = g.moving+1, id
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.moving--
	}
}
