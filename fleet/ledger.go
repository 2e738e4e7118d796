package fleet

import (
	"slices"
	"time"
	"unique"
)

// watch holds what is needed at the end of a watch. It is small, because there is one for each
// pending job.
type watch struct {
	seq  uint64 // the sequence of its submission
	key  uint64 // the Key of its submission
	kind unique.Handle[string]
}

// opening is a watch that will begin.
type opening struct {
	submission
	digest digest
	seq    uint64
	at     time.Time // by the server's clock
}

// ledger is what a worker knows of the watches of a partition. It has no lock and no clock.
//
// No watch begins while the stored messages are replayed, because its end may be among the later
// messages.
type ledger struct {
	pending   map[digest]watch
	replaying bool      // whether stored messages are still being replayed
	replayed  []opening // the submissions among these messages, in the stream's order
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

// submitted records a submission. It reports whether its watch begins now.
func (l *ledger) submitted(o opening) bool {
	kind := unique.Make(o.Kind)
	_, known := l.pending[o.digest]
	l.pending[o.digest] = watch{seq: o.seq, key: o.Key, kind: kind}
	if l.replaying {
		o.Kind = kind.Value()
		l.replayed = append(l.replayed, o)
		return false
	}
	return !known // a known watch continues for the new submission
}

// ended records the end of a submission. It reports whether the watch had begun and was pending.
func (l *ledger) ended(d digest, of uint64) bool {
	w, ok := l.pending[d]
	if !ok || w.seq > of {
		return false
	}
	delete(l.pending, d)
	return !l.replaying
}

// caughtUp ends the replay. It returns the watches that begin now, the oldest first.
func (l *ledger) caughtUp() []opening {
	begin := slices.DeleteFunc(l.replayed, func(o opening) bool { return l.pending[o.digest].seq != o.seq })
	l.replaying, l.replayed = false, nil
	return begin
}

// take removes a watch that has ended here. It reports false if the watch is no longer pending.
func (l *ledger) take(d digest) (watch, bool) {
	w, ok := l.pending[d]
	delete(l.pending, d)
	return w, ok
}
