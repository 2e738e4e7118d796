package quiet

import (
	"slices"
	"time"
)

// Guard is how long, in real time, work may be in progress without a change. The time is up to
// twelve times as long on a busy machine, and while there is work that may belong to other tests.
const Guard = 10 * time.Second

// busyLooks is the least number of looks in a Guard, unless the machine is busy.
const busyLooks = 100

// delay is how late a look may be so that all the time before it counts. A process that gets little
// of a core looks late, and its work is equally slow.
const delay = time.Second

// Patience has the settings by which a Watch decides that only time can end the work in progress.
// Its durations are of real time.
type Patience struct {
	Grace time.Duration // how long all goroutines must be still
	Looks int           // how many snapshots in a row must show it
	Soon  time.Duration // the time between the first looks
	Late  time.Duration // the time between later looks
}

// Usual is the patience of a clock. Its grace is longer than the usual waits for real time that
// look like waits on a channel. On a busy machine the snapshots take longer, and so does the watch.
var Usual = Patience{Grace: 2 * time.Second, Looks: 10, Soon: 5 * time.Millisecond, Late: 50 * time.Millisecond}

// A Watch looks at the work in progress again and again, and decides whether it still changes.
type Watch struct {
	Patience
	Last    Stillness     // the result of the newest look that was conclusive
	looked  int           // the number of looks so far
	at      time.Time     // when it looked last, or when it began
	paused  time.Duration // the planned time from at to the next look
	passed  time.Duration // the time since it began that counts: see delay
	changed time.Duration // the value of passed at the last change
	idle    int           // the number of conclusive looks since the last change
	unsure  bool          // whether the newest look was inconclusive
	quiet   int           // the number of looks in a row that found no work in progress
	since   time.Time     // when the first of these looks was
	still   []Goroutine   // the goroutines that have waited at the same place since then
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

// Changed notes that something has changed since the last look.
func (w *Watch) Changed() { w.changed, w.quiet, w.idle = w.passed, 0, 0 }

// See records what a look saw. It reports whether only time can end the work in progress.
func (w *Watch) See(s Stillness, now time.Time) bool {
	if s.Quiet || s.Own || w.quiet < w.Looks {
		w.Last = s
	}
	w.unsure = !s.Quiet && !s.Own && len(s.Moving) > 0 // the work may be this library's for other tests
	if !s.Quiet {
		switch {
		case s.Own:
			w.quiet = 0
		case w.unsure:
			w.idle--
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

// Still returns how long there has been no work in progress, or 0 if there were too few looks.
func (w *Watch) Still(now time.Time) time.Duration {
	if w.quiet < w.Looks {
		return 0
	}
	return now.Sub(w.since)
}

// Remember makes later waits at the same places be watched for a shorter time.
func (w *Watch) Remember() { places.add(w.still) }

// IsLong reports whether the Watch has lasted too long, even if there were changes.
func (w *Watch) IsLong() bool { return w.passed >= 24*Guard }

// IsOver reports whether nothing has changed for too long. After an inconclusive look it waits for
// the next one, unless the longest time has passed.
func (w *Watch) IsOver() bool {
	still := w.passed - w.changed
	return still >= 12*Guard || still >= Guard && w.idle >= busyLooks && !w.unsure
}

// Pause returns the time until the next look. The more a look costs, the longer the time is.
func (w *Watch) Pause(cost time.Duration) time.Duration {
	w.paused = max(w.Late, 10*cost)
	if w.looked < 2*w.Looks {
		w.paused = max(w.Soon, 10*cost)
	}
	return w.paused
}

// same returns the goroutines that are in both lists and wait at the same place.
func same(before, now []Goroutine) (both []Goroutine) {
	for _, g := range now {
		if slices.ContainsFunc(before, func(b Goroutine) bool { return b.id == g.id && b.mark() == g.mark() }) {
			both = append(both, g)
		}
	}
	return both
}
