package adaptive

import "math"

// grid tries guesses in rows. A row has one width and many places. The rows are a step apart in the
// logarithm of the width, and the places of a row a step apart that depends on its width.
type grid struct {
	*fitter
	floor           float64 // smallest log width
	lowest, highest float64 // about the lowest and highest logarithm of a duration that was seen
	jobs, blur      float64 // how many jobs were seen, and the variance with which each duration is known
	stepWidth       float64
}

// resolve finds how fine the grid must be around its middle. The less exactly the durations are
// known, the coarser it can be.
func (g *grid) resolve(width, mu float64) {
	s := shapes()[0]
	sigma := math.Exp(width) / s.sd
	best := g.likelihood(s, mu, 1/sigma)
	// If the log likelihood falls by d at a distance h, the standard deviation is h/√(2d).
	deviation := func(h, a, b float64) float64 { return h / math.Sqrt(2*max(best-max(a, b), 1e-3)) }
	h := 2 * sigma / math.Sqrt(g.jobs)
	sd := deviation(h, g.likelihood(s, mu+h, 1/sigma), g.likelihood(s, mu-h, 1/sigma))
	g.blur = max(g.jobs*sd*sd-sigma*sigma, 0)
	const apart = 0.3
	grow := math.Exp(apart)
	sd = deviation(apart, g.likelihood(s, mu, 1/(sigma*grow)), g.likelihood(s, mu, grow/sigma))
	least := max(0.15, 0.8/math.Sqrt(2*g.jobs))
	g.stepWidth = min(max(least, 0.9*sd), max(least, mostStep))
}

// far returns by how much the logarithm of the weight of a place is reduced because the place is
// outside of what was seen.
func (g *grid) far(place float64) float64 {
	return tooLow*max(g.lowest-place, 0) + tooHigh*max(place-g.highest, 0)
}

// step returns the distance between the places of one sigma. With a longer distance there would be
// gaps between the shapes.
func (g *grid) step(sigma float64) float64 {
	return 0.9 * min(sigma, math.Sqrt((sigma*sigma+g.blur)/g.jobs))
}

// walk tries the shape s from the given place and log width outward, until the weights are
// negligible. It returns the best log width and place.
func (g *grid) walk(s *shape, width, mu float64) (bestWidth, bestMu float64) {
	top, mu := g.row(s, width, mu)
	bestWidth, bestMu = width, mu
	middle := mu
	for _, step := range []float64{g.stepWidth, -g.stepWidth} {
		mu := middle
		for j := 1; j < maxRows; j++ {
			w := width + float64(j)*step
			if w < g.floor || w > math.Log(mostWidth) {
				break
			}
			var b float64
			if b, mu = g.row(s, w, mu); b > top {
				top, bestWidth, bestMu = b, w, mu
			}
			if b < top-negligible || b < g.best-2*negligible {
				break
			}
		}
	}
	return bestWidth, bestMu
}

// row tries the shape s with one log width, from the place mu outward. It returns the best log
// weight and its place.
func (g *grid) row(s *shape, width, mu float64) (best, at float64) {
	sigma := math.Exp(width) / s.sd
	z := (width - math.Log(usualWidth)) / widthSpread
	step := g.step(sigma)
	prior := math.Log((math.Exp(-z*z/2)/widthSpread + anyWidth) * step * g.stepWidth)
	best, at = math.Inf(-1), mu
	try := func(mu float64) bool {
		w := g.likelihood(s, mu, 1/sigma) + prior - g.far(mu+sigma*s.mean)
		g.guesses = append(g.guesses, guess{s, mu, 1 / sigma, w})
		if w > best {
			best, at = w, mu
		}
		return w > best-negligible
	}
	try(mu)
	for _, step := range []float64{step, -step} {
		for i := 1; i < maxTries && try(mu+float64(i)*step); i++ {
		}
	}
	g.best = max(g.best, best)
	return best, at
}

// likelihood returns the logarithm of the likelihood of what was seen, in which each duration may
// be an outlier.
func (f *fitter) likelihood(s *shape, mu, inv float64) float64 {
	sum, product := 0.0, 1.0
	for i, l := range f.seen {
		if l.after == l.before {
			product *= s.density((l.after-mu)*inv)*inv + outlier
		} else {
			product *= s.cumulative((l.before-mu)*inv) - s.cumulative((l.after-mu)*inv) + outlier
		}
		if i%64 == 63 { // a logarithm costs more than the rest
			sum += math.Log(product)
			product = 1
		}
	}
	return sum + math.Log(product)
}
