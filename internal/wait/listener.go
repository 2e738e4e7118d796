package wait

import (
	"context"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// A Listener is the Tracker of one goroutine that may wait for others forever, as for notifications
// of a service. The goroutine counts as work from Begin until End, until a test clock finds that it
// does nothing but wait, or for two seconds of real time. Begin changes nothing if it counts
// already, and End if it does not.
type Listener struct {
	untracked
	clock   clock.Clock
	mu      sync.Mutex
	works   bool
	forgets func() bool // stops the look at whether the goroutine only waits
	longest *time.Timer // for one that reads a socket, which looks like work for ever
}

// longestStart is for how much real time a goroutine counts as work at most.
const longestStart = 2 * time.Second

var _ Tracker = (*Listener)(nil)

// NewListener returns the Listener of a goroutine that counts as no work yet.
func NewListener(clk clock.Clock) *Listener { return &Listener{clock: clk} }

// Begin says that the goroutine has something to do.
func (l *Listener) Begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.works || !IsTracked(l.clock) {
		return
	}
	l.works = true
	Track(l.clock).Begin()
	l.forgets = AfterIdle(l.clock, l.End)
	l.longest = time.AfterFunc(longestStart, l.End)
}

// End says that the goroutine waits for others.
func (l *Listener) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.works {
		l.works = false
		l.forgets()
		l.longest.Stop()
		Track(l.clock).End()
	}
}

// Sleep is [Sleep] for the goroutine.
func (l *Listener) Sleep(ctx context.Context, d time.Duration) error {
	return sleep(ctx, l.clock, d, l)
}
