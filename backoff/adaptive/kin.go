package adaptive

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// A kind that is new begins with what its sisters have in common: the shape of their distributions,
// whatever their scale, and how far their scales and widths lie apart. That counts for as much as
// the sisters have been alike.

const (
	kinPoints = 48 // quantiles that a kind's shape is known by
	kinJobs   = 20 // that must have ended before a kind counts, and then needs its kin no more
	kinKinds  = 3  // that must count before they are kin
	// kinUnlike is how far the standardized quantiles of kinds lie apart that are taken to be half
	// alike.
	kinUnlike = 0.3
	// kinLeast is the least that scales and widths are taken to lie apart, in logarithms.
	kinLeast = 0.1
	// kinWorth is how many jobs of its own the kin count for in what is as good as never seen.
	kinWorth = 20
	// kinRange and the number of shapes are what the kin's guesses are preferred for: the scale of
	// the others may be any within.
	kinRange = 15.0
)

// profile is what a kind tells its kin: the mean and the standard deviation of the logarithm of its
// durations, and their standardized quantiles.
type profile struct {
	mean, sd float64
	points   [kinPoints]float64
}

// profile is that of what was expected last.
func (f *fitter) profile() *profile {
	p := &profile{}
	f.accumulate(f.mass)
	last := len(f.ends) - 1
	for i := range p.points {
		u := (float64(i) + 0.5) / kinPoints
		j := min(sort.SearchFloat64s(f.cumulative[1:], u), last)
		y := f.ends[j]
		if j > 0 && f.mass[j] > 0 {
			y -= (f.ends[j] - f.ends[j-1]) * min(max((f.cumulative[j+1]-u)/f.mass[j], 0), 1)
		}
		p.points[i] = y
		p.mean += y / kinPoints
	}
	for _, y := range p.points {
		p.sd += (y - p.mean) * (y - p.mean) / kinPoints
	}
	p.sd = max(math.Sqrt(p.sd), leastWidth)
	for i := range p.points {
		p.points[i] = (p.points[i] - p.mean) / p.sd
	}
	return p
}

// kin is what kinds have in common. It does not change once made.
type kin struct {
	shape          *shape
	mean, spread   float64 // of the means of their logarithms
	width, breadth float64 // mean and spread of the logarithms of their standard deviations
	alike          float64 // in (0, 1)
	made           uint64  // the tick when it was made
	plan           *plan   // for a kind of which no job is known
}

// newKin is what kinds of those profiles have in common, or nil if they are too few.
func newKin(all []*profile) *kin {
	if len(all) < kinKinds {
		return nil
	}
	n := float64(len(all))
	var points [kinPoints]float64
	x := &kin{}
	for _, p := range all {
		x.mean += p.mean / n
		x.width += math.Log(p.sd) / n
		for i, z := range p.points {
			points[i] += z / n
		}
	}
	apart := 0.0
	for _, p := range all {
		x.spread += (p.mean - x.mean) * (p.mean - x.mean) / (n - 1)
		x.breadth += (math.Log(p.sd) - x.width) * (math.Log(p.sd) - x.width) / (n - 1)
		for i, z := range p.points {
			apart += (z - points[i]) * (z - points[i]) / n / kinPoints
		}
	}
	x.spread = math.Sqrt(x.spread + kinLeast*kinLeast)
	x.breadth = math.Sqrt(x.breadth + kinLeast*kinLeast)
	x.alike = n / (n + kinKinds) / (1 + apart/kinUnlike/kinUnlike)
	x.shape = newShape(0.04, func(z float64) float64 { return quantileShare(points[:], z) })
	return x
}

// quantileShare is the share below z where points are equally likely quantiles: linear between
// them, and falling off exponentially beyond.
func quantileShare(points []float64, z float64) float64 {
	last := len(points) - 1
	half := 0.5 / float64(len(points))
	step := max((points[last]-points[0])/float64(last), 1e-3)
	i := sort.SearchFloat64s(points, z)
	switch {
	case i == 0:
		return half * math.Exp((z-points[0])/step)
	case i > last:
		return 1 - half*math.Exp((points[last]-z)/step)
	}
	part := (z - points[i-1]) / max(points[i]-points[i-1], 1e-9)
	return (float64(i) - 0.5 + part) / float64(len(points))
}

// priorPlace returns the logarithm of the density of a mean logarithm that the kin let one expect
// before any job of the kind is known.
func (x *kin) priorPlace(place float64) float64 {
	a := (place - x.mean) / x.spread
	return -a*a/2 - math.Log(math.Sqrt(2*math.Pi)*x.spread)
}

// priorWidth is the same for the logarithm of a standard deviation. It is relative to the densities
// of the other shapes, and says how much more the kin's is believed.
func (x *kin) priorWidth(width float64) float64 {
	b := (width - x.width) / x.breadth
	prefer := math.Log(kinRange * float64(len(shapes())) * x.alike / (1 - x.alike))
	return prefer - b*b/2 - math.Log(math.Sqrt(2*math.Pi)*x.breadth)
}

// kinship finds anew what kinds have in common, where much was learned since.
func (a *Learner) kinship() {
	const grown, least = 1.2, 2 * kinKinds * kinJobs // ticks
	now := a.tick.Load()
	due := uint64(least)
	if old := a.kin.Load(); old != nil {
		due = uint64(grown*float64(old.made)) + least
	}
	if now >= due && a.relating.TryLock() {
		a.relate(a.byUse(), now)
		a.relating.Unlock()
	}
}

// relate finds what kinds have in common. The caller holds relating.
func (a *Learner) relate(kinds []named, now uint64) {
	slices.SortFunc(kinds, func(x, y named) int { return cmp.Compare(x.name, y.name) }) // sums depend on the order
	var all []*profile
	for _, k := range kinds {
		if p := k.profile.Load(); p != nil {
			all = append(all, p)
		}
	}
	x := newKin(all)
	if x != nil {
		x.made = now
		f := fitters.Get().(*fitter)
		defer fitters.Put(f)
		f.take(nil)
		x.plan = f.plan(a.wish(), false, x)
	}
	a.kin.Store(x)
}

// settle makes all plans anew that are not what the spans alone let one expect, so that they do not
// depend on the order of what was learned.
func (a *Learner) settle(kinds []named) {
	for _, k := range kinds {
		k.replanNow(a, false)
	}
	a.relating.Lock()
	a.relate(slices.Clone(kinds), a.tick.Load())
	a.relating.Unlock()
	for _, k := range kinds {
		k.replanNow(a, true)
	}
}
