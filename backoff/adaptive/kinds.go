package adaptive

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// kinds are the kinds that a Learner remembers, by name. They are safe for concurrent use.
type kinds struct {
	limit int
	tick  atomic.Uint64 // rises by two with each observation; a kind that is polled gets the tick plus one
	mu    sync.RWMutex
	all   map[string]*kind
}

// get returns the kind of that name, or nil.
func (s *kinds) get(name string) *kind {
	s.mu.RLock()
	k := s.all[name]
	s.mu.RUnlock()
	return k
}

// planned returns the kind of that name if it has a plan, or nil.
func (s *kinds) planned(name string) *kind {
	if k := s.get(name); k != nil && k.plan.Load() != nil {
		return k
	}
	return nil
}

// polled records that a job of the kind k was polled.
func (s *kinds) polled(k *kind) { k.used.Store(s.tick.Load() + 1) }

// observed records that something was learned about k.
func (s *kinds) observed(k *kind) { k.used.Store(s.tick.Add(2)) }

// add returns the kind of that name. It makes the kind if it is new.
func (s *kinds) add(name string) *kind {
	if k := s.get(name); k != nil {
		return k
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.all[name]; k != nil {
		return k
	}
	for len(s.all) >= max(s.limit, 1) {
		s.forget()
	}
	k := &kind{}
	k.used.Store(s.tick.Load())
	s.all[name] = k
	return k
}

// forget drops the kind that was used least recently. Of several it drops the first by name, so
// that each run forgets the same kinds. The caller holds mu.
func (s *kinds) forget() {
	var oldest string
	least := uint64(math.MaxUint64)
	for name, k := range s.all {
		if u := k.used.Load(); u < least || u == least && name < oldest {
			oldest, least = name, u
		}
	}
	delete(s.all, oldest)
}

// replace sets all kinds.
func (s *kinds) replace(all []named) {
	byName := make(map[string]*kind, len(all))
	for _, n := range all {
		byName[n.name] = n.kind
	}
	s.mu.Lock()
	s.all = byName
	s.mu.Unlock()
}

// named is a kind with its name and the tick of its last use.
type named struct {
	*kind
	name string
	used uint64
}

// byUse returns the kinds, the least recently used first.
func (s *kinds) byUse() []named {
	s.mu.RLock()
	all := make([]named, 0, len(s.all))
	for name, k := range s.all {
		all = append(all, named{k, name, k.used.Load()})
	}
	s.mu.RUnlock()
	slices.SortFunc(all, func(x, y named) int {
		return cmp.Or(cmp.Compare(x.used, y.used), cmp.Compare(x.name, y.name))
	})
	return all
}
