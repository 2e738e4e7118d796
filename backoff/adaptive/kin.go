package adaptive

import (
	"math"
	"slices"
	"sort"
)

// A new kind begins with what the other kinds have in common: the shape of their distributions
// without its scale, and the spread of their scales and widths. The more alike the other kinds are,
// the more this counts.

const (
	kinPoints = 48 // number of quantiles that describe the shape of a kind
	kinJobs   = 20 // number of ended jobs from which a kind counts, and no longer uses its kin
	kinKinds  = 3  // number of kinds that must count before there is kin
	// kinUnlike is the distance between the standardized quantiles of kinds that count as half alike.
	kinUnlike = 0.6
	// kinPooled is the largest number of kinds from which the shape is computed. kinRounds is how
	// often they are aligned.
	kinPooled = 64
	kinRounds = 3
	// widthNoise, divided by the number of jobs, is the variance of the logarithm of a kind's width
	// that comes from having few jobs.
	widthNoise = 2.0
	// shapeNoise, divided by the number of jobs, is the squared distance between the standardized
	// quantiles of equal kinds. The outermost kinEdge quantiles do not count, because they are known
	// least.
	shapeNoise = 2.0
	kinEdge    = 3
	// kinGap is the distance between two quantiles from which on almost no jobs are between them.
	kinGap = 0.3
	// kinLeast is the smallest spread of scales and widths, in logarithms.
	kinLeast = 0.1
	// kinWorth is the number of jobs that kin count for when rare durations are defined.
	kinWorth = 20
	// kinRange is the range of scales, in logarithms, of the guesses that do not use the kin. The
	// guesses of the kin are preferred by this factor, times the number of shapes.
	kinRange = 15.0
)

// profile is what other kinds use of a kind: the mean and the standard deviation of the logarithm
// of its durations, and their standardized quantiles.
type profile struct {
	mean, sd float64
	points   [kinPoints]float64
	jobs     int // number of ended jobs
}

// profile returns the profile of the newest fit.
func (f *fitter) profile() *profile {
	p := &profile{jobs: f.ended}
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

// kin is what kinds have in common. It does not change after it is made.
type kin struct {
	shape          *shape
	mean, spread   float64 // mean and spread of the means of their logarithms
	width, breadth float64 // mean and spread of the logarithms of their standard deviations
	alike          float64 // in (0, 1)
	made           uint64  // the tick when it was made
	plan           *plan   // for a kind of which no job is known
}

// newKin returns what kinds with the given profiles have in common, or nil if there are too few.
func newKin(all []*profile) *kin {
	if len(all) < kinKinds {
		return nil
	}
	n := float64(len(all))
	x := &kin{}
	aligned := x.widths(all)
	points := pool(aligned)
	for range kinRounds {
		align(aligned, points)
		points = pool(aligned)
	}
	apart, noise := 0.0, 0.0
	for _, p := range aligned {
		x.mean += p.mean / n
		noise += shapeNoise / float64(max(p.jobs, 1)) / n
		for i := kinEdge; i < kinPoints-kinEdge; i++ {
			d := p.points[i] - quantile(points, i)
			apart += d * d / n / (kinPoints - 2*kinEdge)
		}
	}
	apart = max(apart-noise, 0)
	for _, p := range aligned {
		x.spread += (p.mean - x.mean) * (p.mean - x.mean) / (n - 1)
	}
	x.spread = math.Sqrt(x.spread + kinLeast*kinLeast)
	x.alike = n / (n + kinKinds) / (1 + apart/kinUnlike/kinUnlike)
	x.shape = newShape(0.04, func(z float64) float64 { return quantileShare(points, z) })
	return x
}

// widths computes the mean and the spread of the widths. It returns copies of the profiles with
// widths closer to the mean, because the width of few jobs is uncertain.
func (x *kin) widths(all []*profile) []*profile {
	n, noise, square := float64(len(all)), 0.0, 0.0
	for _, p := range all {
		x.width += math.Log(p.sd) / n
		noise += widthNoise / float64(max(p.jobs, 1)) / n
	}
	for _, p := range all {
		d := math.Log(p.sd) - x.width
		square += d * d / (n - 1)
	}
	known := max(square-noise, 0)
	x.breadth = math.Sqrt(known + kinLeast*kinLeast)
	out := make([]*profile, len(all))
	for i, p := range all {
		c := *p
		c.sd = math.Exp(x.width + known/max(square, 1e-12)*(math.Log(p.sd)-x.width))
		for j := range c.points {
			c.points[j] *= p.sd / c.sd
		}
		out[i] = &c
	}
	return out
}

// pool returns quantiles of all profiles together, in order.
func pool(all []*profile) []float64 {
	every := (len(all) + kinPooled - 1) / kinPooled
	var points []float64
	for i := 0; i < len(all); i += every {
		points = append(points, all[i].points[:]...)
	}
	slices.Sort(points)
	const most = 4 * kinPoints
	if len(points) <= most {
		return points
	}
	out := make([]float64, most)
	for i := range out {
		out[i] = points[(2*i+1)*len(points)/(2*most)]
	}
	return out
}

// quantile returns the i-th of kinPoints quantiles of points.
func quantile(points []float64, i int) float64 {
	return points[(2*i+1)*len(points)/(2*kinPoints)]
}

// align shifts the profiles so that they agree with the pooled points. The more the kinds agree on
// a quantile, the more it counts. For example, almost nothing is known about jobs that ended before
// the first poll.
func align(all []*profile, points []float64) {
	var weight [kinPoints]float64
	total := 0.0
	for i := range weight {
		apart := 0.0
		for _, p := range all {
			d := p.points[i] - quantile(points, i)
			apart += d * d / float64(len(all))
		}
		weight[i] = 1 / (apart + 1e-4)
		total += weight[i]
	}
	for _, p := range all {
		shift := 0.0
		for i, z := range p.points {
			shift += weight[i] / total * (z - quantile(points, i))
		}
		p.mean += shift * p.sd
		for i := range p.points {
			p.points[i] -= shift
		}
	}
}

// quantileShare returns the share below z, if points are equally likely quantiles. The share is
// linear between points, except in wide gaps, and falls off exponentially outside of them.
func quantileShare(points []float64, z float64) float64 {
	last := len(points) - 1
	each := 1 / float64(len(points))
	step := max((points[last]-points[0])/float64(last), 1e-3)
	i := sort.SearchFloat64s(points, z)
	switch {
	case i == 0:
		return each / 2 * math.Exp((z-points[0])/step)
	case i > last:
		return 1 - each/2*math.Exp((points[last]-z)/step)
	}
	gap := points[i] - points[i-1]
	part := (z - points[i-1]) / max(gap, 1e-9)
	if gap > kinGap { // no duration is known to be in the middle
		part = (1 - math.Exp((points[i-1]-z)/step) + math.Exp((z-points[i])/step)) / 2
	}
	return (float64(i) - 0.5 + part) * each
}

// priorPlace returns the logarithm of the prior density of a mean logarithm, by the kin, before any
// job of the kind is known.
func (x *kin) priorPlace(place float64) float64 {
	a := (place - x.mean) / x.spread
	return -a*a/2 - math.Log(math.Sqrt(2*math.Pi)*x.spread)
}

// priorWidth returns the same for the logarithm of a standard deviation. It is relative to the
// densities of the other shapes, and includes the preference for the shape of the kin.
func (x *kin) priorWidth(width float64) float64 {
	b := (width - x.width) / x.breadth
	prefer := math.Log(kinRange * float64(len(shapes())) * x.alike / (1 - x.alike))
	return prefer - b*b/2 - math.Log(math.Sqrt(2*math.Pi)*x.breadth)
}
