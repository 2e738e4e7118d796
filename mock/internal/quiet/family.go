package quiet

// kinship is the relation of a goroutine to a test.
type kinship uint8

const (
	unknown kinship = iota
	relative
	stranger // it belongs to another test
)

// A family decides which goroutines belong to a test, by the goroutines that created them.
type family struct {
	byID  map[int64]*Goroutine
	ours  map[int64]bool // goroutines of the test; those that they create belong to it too, and so on
	above map[int64]bool // parent tests of the test; goroutines that they create outside of other subtests belong to it too
}

func newFamily(all []Goroutine, test []int64) *family {
	f := &family{byID: make(map[int64]*Goroutine, len(all)), ours: map[int64]bool{}, above: map[int64]bool{}}
	for i := range all {
		f.byID[all[i].id] = &all[i]
	}
	for _, id := range test {
		f.ours[id] = true
		for g, below := f.byID[id], true; g != nil; g = f.byID[g.parent] {
			switch {
			case !g.test():
			case below:
				f.ours[g.id], below = true, false
			default:
				f.above[g.id] = true
			}
		}
	}
	return f
}

func (f *family) relation(g *Goroutine) kinship {
	nearest := int64(0) // the nearest test among the ancestors of g
	for ; g != nil; g = f.byID[g.parent] {
		switch {
		case f.ours[g.id]:
			return relative
		case nearest == 0 && g.test():
			nearest = g.id
			if f.above[nearest] {
				return relative
			}
		}
	}
	if nearest != 0 {
		return stranger
	}
	return unknown
}
