package adaptive

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// kinship finds what kinds have in common, and keeps it.
type kinship struct {
	finding sync.Mutex          // held while it is found
	kin     atomic.Pointer[kin] // nil if there are too few kinds
}

// renew finds again what kinds have in common, if much was learned since the last time.
func (s *kinship) renew(all *kinds, w wish) {
	const grown, least = 1.2, 2 * kinKinds * kinJobs // ticks
	now := all.tick.Load()
	due := uint64(least)
	if old := s.kin.Load(); old != nil {
		due = uint64(grown*float64(old.made)) + least
	}
	if now >= due && s.finding.TryLock() {
		s.find(all.byUse(), w, now)
		s.finding.Unlock()
	}
}

// find finds what kinds have in common at a tick. The caller holds finding.
func (s *kinship) find(all []named, w wish, now uint64) {
	slices.SortFunc(all, func(x, y named) int { return cmp.Compare(x.name, y.name) }) // sums depend on the order
	var profiles []*profile
	for _, k := range all {
		if p := k.profile.Load(); p != nil {
			profiles = append(profiles, p)
		}
	}
	x := newKin(profiles)
	if x != nil {
		x.made = now
		f := fitters.Get().(*fitter)
		defer fitters.Put(f)
		f.take(nil)
		x.plan = f.plan(w, false, x)
	}
	s.kin.Store(x)
}
