package fleet

import (
	"cmp"
	"maps"
	"slices"
	"time"
	"unique"
)

// watch is a watch of a partition, as far as its end needs it. It is small, because there is one
// for each pending job.
type watch struct {
	seq  uint64 // of its submission
	kind unique.Handle[string]
}

// opening is a watch that is to begin.
type opening struct {
	submission
	digest digest
	seq    uint64
	at     time.Time // by the server's clock
}

// ledger is what a worker knows of the watches of a partition. It knows neither lock nor clock.
//
// While the stored messages are replayed, watches are collected, so that those which have ended
// never begin.
type ledger struct {
	pending map[digest]watch
	replay  map[digest]opening // nil once all stored messages are through
}

func newLedger() *ledger {
	return &ledger{pending: map[digest]watch{}, replay: map[digest]opening{}}
}

// submitted takes in a submission. It reports whether its watch is to begin now.
func (l *ledger) submitted(o opening) bool {
	if l.replay != nil {
		l.replay[o.digest] = o
		return false
	}
	return l.begin(o)
}

func (l *ledger) begin(o opening) bool {
	_, known := l.pending[o.digest]
	l.pending[o.digest] = watch{seq: o.seq, kind: unique.Make(o.Kind)}
	return !known // a known one goes on, for the new submission
}

// ended takes in the end of the submission of, and reports whether it was pending.
func (l *ledger) ended(d digest, of uint64) bool {
	if o, ok := l.replay[d]; ok && o.seq <= of {
		delete(l.replay, d)
	}
	if w, ok := l.pending[d]; ok && w.seq <= of {
		delete(l.pending, d)
		return true
	}
	return false
}

// caughtUp ends the replay. It returns the watches that are to begin, the oldest first.
func (l *ledger) caughtUp() []opening {
	begin := slices.SortedFunc(maps.Values(l.replay), func(a, b opening) int { return cmp.Compare(a.seq, b.seq) })
	l.replay = nil
	for _, o := range begin {
		l.begin(o)
	}
	return begin
}

// take removes a watch that has ended here. It reports false if it is not pending any more.
func (l *ledger) take(d digest) (watch, bool) {
	w, ok := l.pending[d]
	delete(l.pending, d)
	return w, ok
}
