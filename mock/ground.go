package mock

import (
	"sync"

	"github.com/iamber12/job-status-monitoring/mock/internal/quiet"
)

// ground is shared by all parts of a Clock.
type ground struct {
	t        TB
	owner    int64 // the goroutine that made the Clock
	patience quiet.Patience

	mu      sync.Mutex
	changed sync.Cond
	// The fields below are guarded by mu.
	version int   // increases with each change of the work in progress
	moving  int   // calls of Run, Next and Advance in progress
	mover   int64 // the goroutine of the newest of these calls
	closed  bool  // the test has ended
}

// stands reports whether no call advances the Clock.
func (g *ground) stands() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.moving == 0 && !g.closed
}

// move marks the caller as the goroutine that advances the Clock, until it calls over.
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
