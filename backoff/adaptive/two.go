package adaptive

import (
	"math"
	"slices"
)

// Some kinds have two sorts of jobs: those that end at once, because there is nothing to do, and
// all others. No familiar shape has this form. So if the times fall into two groups with a gap
// between them, guesses with a shape for each group are added to those with one shape.

const (
	// gapLeast is the smallest ratio of the gap to the standard deviation within the groups.
	gapLeast = 1.5
	// twoLeast is the smallest size of a group.
	twoLeast = 2
	// twoPrior is the logarithm of the prior ratio of two sorts to one sort: a tenth. It includes a
	// second place, which may be anywhere within kinRange, a second width and a second choice of
	// shapes.
	twoPrior = -2.3 - 2.7 - 0.9 - 1.6
)

// divide reports whether the times that were seen fall into two groups, and the logarithms between
// which the gap is.
func (f *fitter) divide() (low, high float64, ok bool) {
	f.middles = f.middles[:0]
	for _, l := range f.all {
		if !math.IsInf(l.before, 1) {
			y, _ := l.middle()
			f.middles = append(f.middles, y)
		}
	}
	n := len(f.middles)
	if n < 2*twoLeast {
		return 0, 0, false
	}
	slices.Sort(f.middles)
	var sum, square float64
	for _, y := range f.middles {
		sum += y
		square += y * y
	}
	// The gap is the one with the least variance within the groups.
	var left, leftSquare float64
	least := math.Inf(1)
	for i, y := range f.middles[:n-twoLeast] {
		left += y
		leftSquare += y * y
		if i+1 < twoLeast {
			continue
		}
		a, b := float64(i+1), float64(n-i-1)
		within := square - left*left/a - (sum-left)*(sum-left)/b
		if within < least {
			least, low, high = within, y, f.middles[i+1]
		}
	}
	return low, high, high-low > gapLeast*math.Sqrt(max(least, 0)/float64(n))
}

// believeTwo adds guesses with two sorts to the guesses with one sort, whose evidence is given.
func (f *fitter) believeTwo(one, low, high float64) {
	f.low, f.high = f.low[:0], f.high[:0]
	cut := (low + high) / 2
	for _, l := range f.all {
		switch y, _ := l.middle(); {
		case math.IsInf(l.before, 1):
			if l.after > cut {
				f.high = append(f.high, l) // a job that still runs says something only about the slow sort
			}
		case y < cut:
			f.low = append(f.low, l)
		default:
			f.high = append(f.high, l)
		}
	}
	first := len(f.guesses)
	two := f.weigh(f.low, nil)
	second := len(f.guesses)
	a, b := float64(len(f.low)), float64(len(f.high))
	two += f.weigh(f.high, nil) + twoPrior + logBeta(a+1, b+1)
	best := max(one, two)
	share := math.Exp(two-best) / (math.Exp(one-best) + math.Exp(two-best))
	part := (a + 0.5) / (a + b + 1)
	for i := range f.guesses {
		g := &f.guesses[i]
		switch {
		case i < first:
			g.weight *= 1 - share
		case i < second:
			g.weight *= share * part
		default:
			g.weight *= share * (1 - part)
		}
	}
}
