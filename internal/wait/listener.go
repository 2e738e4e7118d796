package wait

import (
	"context"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// A Listener is the Tracker of one goroutine that may wait forever, such as for notifications of a
// service. The goroutine counts as work from Begin until End. It stops counting earlier if a test
// clock finds that it only waits, or after two seconds of real time. Begin has no effect if the
// goroutine counts already, and End has none if it does not.
type Listener struct {
	untracked
	clock   clock.Clock
	mu      sync.Mutex
	works   bool
	forgets func() bool // stops the check whether the goroutine only waits
	longest *time.Timer // ends the count of a goroutine that reads a socket, which looks like work
}

// longestStart is the longest real time for which the goroutine counts as work.
const longestStart = 2 * time.Second

var _ Tracker = (*Listener)(nil)

// NewListener returns the Listener of a goroutine that does not count as work yet.
func NewListener(clk clock.Clock) *Listener { return &Listener{clock: clk} }

// Begin makes the goroutine count as work.
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

// End makes the goroutine no longer count as work.
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

// Sleep is [Sleep] with l as the Tracker.
func (l *Listener) Sleep(ctx context.Context, d time.Duration) error {
	return sleep(ctx, l.clock, d, l)
}
