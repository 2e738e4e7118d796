package adaptive

import (
	"math"
	"sort"
	"sync"
)

// shape is a standardized distribution of the logarithm of a duration, as a table.
type shape struct {
	cdf, pdf   [shapeSize]float64
	mean, sd   float64
	begin, end float64 // nearly all probability is between them
}

const (
	shapeReach = 12 // the table covers ±shapeReach
	shapeSteps = 32 // steps in a unit
	shapeSize  = 2*shapeReach*shapeSteps + 2
)

// shapes returns five shapes: log-normal, Weibull, Pareto with a sharp beginning, its mirror image
// with a sharp end, and log-uniform with both. The sharp edges are blurred a little, so that a grid
// can find them.
var shapes = sync.OnceValue(func() []*shape {
	const blur = 0.08
	return []*shape{
		newShape(0, func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }),
		newShape(0, func(z float64) float64 { return -math.Expm1(-math.Exp(z)) }),
		newShape(blur, func(z float64) float64 { return -math.Expm1(-max(z, 0)) }),
		newShape(blur, func(z float64) float64 { return math.Exp(min(z, 0)) }),
		newShape(blur, func(z float64) float64 { return min(max((z+1)/2, 0), 1) }),
	}
})

// newShape tabulates cdf, averaged over a normal deviation of blur.
func newShape(blur float64, cdf func(float64) float64) *shape {
	const h = 1.0 / shapeSteps
	blurred := func(z float64) float64 {
		sum, norm := 0.0, 0.0
		for d := -3.0; d <= 3; d += 0.25 {
			w := math.Exp(-d * d / 2)
			sum += w * cdf(z-blur*d)
			norm += w
		}
		return sum / norm
	}
	if blur == 0 {
		blurred = cdf
	}
	s := &shape{}
	var m1, m2 float64
	for i := range s.cdf {
		z := float64(i)*h - shapeReach
		s.cdf[i] = blurred(z)
		s.pdf[i] = (blurred(z+h/2) - blurred(z-h/2)) / h
		m1 += s.pdf[i] * h * z
		m2 += s.pdf[i] * h * z * z
	}
	const none = 1e-9
	place := func(share float64) float64 { return float64(sort.SearchFloat64s(s.cdf[:], share))*h - shapeReach }
	s.begin, s.end = place(none)-h, place(1-none)
	last := shapeSize - 1
	s.cdf[0], s.pdf[0], s.cdf[last], s.pdf[last] = 0, 0, 1, 0
	s.mean, s.sd = m1, math.Sqrt(m2-m1*m1)
	return s
}

// at returns the position of z in the table: an index and the fraction of the distance to the next
// index.
func (s *shape) at(z float64) (int, float64) {
	x := (z + shapeReach) * shapeSteps
	if !(x > 0) {
		return 0, 0
	}
	if x >= shapeSize-2 {
		return shapeSize - 2, 1
	}
	i := int(x)
	return i, x - float64(i)
}

func (s *shape) cumulative(z float64) float64 {
	i, f := s.at(z)
	return s.cdf[i] + f*(s.cdf[i+1]-s.cdf[i])
}

func (s *shape) density(z float64) float64 {
	i, f := s.at(z)
	return s.pdf[i] + f*(s.pdf[i+1]-s.pdf[i])
}
