package rules

// set is a set of rules, by their numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) isEmpty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s set) and(o set) set {
	both := make(set, len(s))
	for i := range s {
		both[i] = s[i] & o[i]
	}
	return both
}

// in reports whether s is a subset of o.
func (s set) in(o set) bool {
	for i := range s {
		if s[i]&^o[i] != 0 {
			return false
		}
	}
	return true
}

// keepLeast adds s to sets, and keeps only the sets that have no other set as a subset.
func keepLeast(sets []set, s set) []set {
	least := sets[:0]
	for _, o := range sets {
		if o.in(s) {
			return sets // s is not smaller
		}
	}
	for _, o := range sets {
		if !s.in(o) {
			least = append(least, o)
		}
	}
	return append(least, s)
}
