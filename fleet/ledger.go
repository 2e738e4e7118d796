package fleet

import (
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
// While the stored messages are replayed, no watch begins, because its end may be among those that
// follow.
type ledger struct {
	pending   map[digest]watch
	replaying bool      // not all stored messages are through yet
	replayed  []opening // the submissions among them, in the stream's order
}

func newLedger() *ledger {
	return &ledger{pending: map[digest]watch{}, replaying: true}
}

// watched returns how many watches have begun and are pending.
func (l *ledger) watched() int {
	if l.replaying {
		return 0
	}
	return len(l.pending)
}

// submitted takes in a submission. It reports whether its watch is to begin now.
func (l *ledger) submitted(o opening) bool {
	kind := unique.Make(o.Kind)
	_, known := l.pending[o.digest]
	l.pending[o.digest] = watch{seq: o.seq, kind: kind}
	if l.replaying {
		o.Kind = kind.Value()
		l.replayed = append(l.replayed, o)
		return false
	}
	return !known // a known one goes on, for the new submission
}

// ended takes in the end of the submission of, and reports whether its watch had begun and was
// pending.
func (l *ledger) ended(d digest, of uint64) bool {
	w, ok := l.pending[d]
	if !ok || w.seq > of {
		return false
	}
	delete(l.pending, d)
	return !l.replaying
}

// caughtUp ends the replay. It returns the watches that are to begin, the oldest first.
func (l *ledger) caughtUp() []opening {
	begin := slices.DeleteFunc(l.replayed, func(o opening) bool { return l.pending[o.digest].seq != o.seq })
	l.replaying, l.replayed = false, nil
	return begin
}

// take removes a watch that has ended here. It reports false if it is not pending any more.
func (l *ledger) take(d digest) (watch, bool) {
	w, ok := l.pending[d]
	delete(l.pending, d)
	return w, ok
}
