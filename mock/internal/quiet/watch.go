package quiet

import (
	"slices"
	"time"
)

// Guard is how long, in real time, work may be in progress with no change. It is up to twelve times
// as long on a busy machine, and beside work that may belong to other tests.
const Guard = 10 * time.Second

// busyLooks is how many looks are taken in a Guard at least, unless the machine is busy.
const busyLooks = 100

// delay is how much later than planned a look may be for all the time before it to count. A process
// that gets little of a core looks late, because its work is as slow.
const delay = time.Second

// Patience says how it is found out that only time can end what is in progress. Its durations are
// of real time.
type Patience struct {
	Grace time.Duration // how long everything has to stand still
	Looks int           // how many snapshots have to say so, one after another
	Soon  time.Duration // how long it is from one of the first looks to the next
	Late  time.Duration // the same for the others
}

// Usual is the patience of a clock. Its grace is longer than the delays of real time that a test's
// code may hide behind a channel. On a busy machine the snapshots take longer, and so does the
// watch.
var Usual = Patience{Grace: 2 * time.Second, Looks: 10, Soon: 5 * time.Millisecond, Late: 50 * time.Millisecond}

// A Watch takes looks at the work in progress, and tells whether it still changes.
type Watch struct {
	Patience
	Last    Stillness     // what the newest look saw that says something
	looked  int           // how often, so far
	at      time.Time     // when it looked last, or began
	paused  time.Duration // until the next look was due
	passed  time.Duration // since it began, as far as it counts: see delay
	changed time.Duration // when something changed last, of passed
	idle    int           // how often since something changed, as far as a look could tell
	quiet   int           // how many of the last looks found that nothing goes on
	since   time.Time     // when the first of these was
	still   []Goroutine   // that have stopped at one place since then
}

// NewWatch returns a Watch that begins now.
func NewWatch(p Patience, now time.Time) Watch { return Watch{Patience: p, at: now, paused: p.Soon} }

// Looked counts a look.
func (w *Watch) Looked(now time.Time) {
	w.looked++
	w.idle++
	w.passed += min(now.Sub(w.at), w.paused+delay)
	w.at = now
}

// Changed says that something changed since the look before.
func (w *Watch) Changed() { w.changed, w.quiet, w.idle = w.passed, 0, 0 }

// See records what a look saw. It reports whether only time can end the work in progress.
func (w *Watch) See(s Stillness, now time.Time) bool {
	if s.Quiet || s.Own || w.quiet < w.Looks {
		w.Last = s
	}
	if !s.Quiet {
		switch {
		case s.Own:
			w.quiet = 0
		case len(s.Moving) > 0:
			w.idle-- // the look says nothing: what goes on is this library's, perhaps for other tests
		}
		return false
	}
	still := same(w.still, s.Stopped)
	if w.quiet == 0 || len(still) == 0 && len(w.still) > 0 {
		w.quiet, w.since, still = 0, now, s.Stopped
	}
	w.quiet++
	w.still = still
	return w.quiet >= w.Looks && (now.Sub(w.since) >= w.Grace || places.all(still))
}

// Still returns for how long nothing has gone on, 0 if too few looks say so.
func (w *Watch) Still(now time.Time) time.Duration {
	if w.quiet < w.Looks {
		return 0
	}
	return now.Sub(w.since)
}

// Remember has waits at the same places watched for a shorter time from now on.
func (w *Watch) Remember() { places.add(w.still) }

// IsLong reports whether the Watch began too long ago, however much has changed.
func (w *Watch) IsLong() bool { return w.passed >= 24*Guard }

// IsOver reports whether nothing has changed for too long.
func (w *Watch) IsOver() bool {
	still := w.passed - w.changed
	return still >= 12*Guard || still >= Guard && w.idle >= busyLooks
}

// Pause returns the time to the next look. The cost of a look bounds how often there is one.
func (w *Watch) Pause(cost time.Duration) time.Duration {
	w.paused = max(w.Late, 10*cost)
	if w.looked < 2*w.Looks {
		w.paused = max(w.Soon, 10*cost)
	}
	return w.paused
}

// same returns the goroutines that are in both lists, and wait at the same place.
func same(before, now []Goroutine) (both []Goroutine) {
	for _, g := range now {
		if slices.ContainsFunc(before, func(b Goroutine) bool { return b.id == g.id && b.mark() == g.mark() }) {
			both = append(both, g)
		}
	}
	return both
}
