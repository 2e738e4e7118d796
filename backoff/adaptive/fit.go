package adaptive

import (
	"math"
	"sort"
	"sync"
)

// What is expected of the next duration is found in two steps. Here: familiar shapes of
// distribution, each in many places and widths, are weighed by how well they explain what was seen
// (Bayes' rule on a grid laid around the best). Few jobs suffice for it, and it says what to expect
// beyond the longest. In adaptive_cells.go the result is corrected where the jobs disagree with it.

// shape is a standardized distribution of the logarithm of a duration, as a table.
type shape struct {
	cdf, pdf   [shapeSize]float64
	mean, sd   float64
	begin, end float64 // as good as all lies between
}

const (
	shapeReach = 12 // the table covers ±shapeReach
	shapeSteps = 32 // a unit
	shapeSize  = 2*shapeReach*shapeSteps + 2
)

// shapes are: log-normal; Weibull; Pareto, with a sharp beginning; its mirror image, with a sharp
// end; log-uniform, with both. The sharp edges are a little blurred, so that a grid can find them.
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

// at is the place of z in the table: an index and the fraction of the way to the next.
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

// guess is a shape with a place and a width, and how far it is believed.
type guess struct {
	*shape
	mu, inv float64 // the logarithm of the duration is mu + z/inv
	weight  float64
}

const (
	maxWeighed = 64  // spans that the guesses are weighed by; more would not change the plan
	negligible = 4.0 // guesses whose log weight is this far below the best do not count
	outlier    = 2e-3
	// tooLow and tooHigh are how fast places are believed less the farther they are outside of what
	// was seen. Of a job that ended before the first poll it is not known how long before, and of one
	// that runs it is not known for how long.
	tooLow, tooHigh = 0.7, 1.0
	maxRows         = 30  // of the grid of guesses, each way from its middle
	maxTries        = 25  // in a row, each way
	mostStep        = 0.3 // between the log widths of two rows, where durations are known inexactly
	maxMisses       = 6   // in a row of the kin's shape, which may have gaps
)

// The width of a kind's durations is the standard deviation of their logarithm. Before any is seen
// it is taken to be log-normal around usualWidth, or with a small chance anything from leastWidth
// to mostWidth.
const (
	usualWidth  = 0.7
	widthSpread = 1.5
	anyWidth    = 0.002
	leastWidth  = 1e-4
	mostWidth   = 4
)

// fitter is the workspace of making a plan.
type fitter struct {
	all            []logSpan // that the guesses are weighed by
	middles        []float64 // of them, in order
	low, high      []logSpan // of two sorts
	spans          []span
	ended, running int     // of spans
	frontier       float64 // the greatest age at which anything is known
	kin            *kin    // nil if there is none
	seen           []logSpan
	guesses        []guess
	best           float64

	cells
	table
}

var fitters = sync.Pool{New: func() any { return new(fitter) }}

// logSpan is a span in logarithms.
type logSpan struct{ after, before float64 }

// middle is a point in s, and its width.
func (s logSpan) middle() (y, width float64) {
	switch {
	case math.IsInf(s.after, -1):
		return s.before - 1, 2
	case math.IsInf(s.before, 1):
		return s.after + 0.5, 1
	}
	return (s.after + s.before) / 2, s.before - s.after
}

// believe leaves in f.guesses what the spans let one believe, their weights adding up to 1.
func (f *fitter) believe(spans []span) {
	f.guesses, f.all = f.guesses[:0], f.all[:0]
	n := min(len(spans), maxWeighed)
	for i := range n {
		s := spans[(i+1)*len(spans)/n-1]
		f.all = append(f.all, logSpan{math.Log(float64(s.after)), math.Log(float64(s.before))})
	}
	evidence := f.weigh(f.all, f.kin)
	if low, high, ok := f.divide(); ok {
		f.believeTwo(evidence, low, high)
	}
}

// weigh appends guesses that explain what was seen, their weights adding up to 1. It returns the
// logarithm of the evidence for all of them.
func (f *fitter) weigh(seen []logSpan, x *kin) (evidence float64) {
	f.seen, f.best = seen, math.Inf(-1)
	begin := len(f.guesses)
	if n := len(seen); n > 0 {
		var mean, square, blur float64
		floor, lowest, highest := math.Inf(1), math.Inf(1), math.Inf(-1)
		for _, l := range seen {
			y, w := l.middle()
			lowest, highest = min(lowest, y), max(highest, y)
			mean += y / float64(n)
			square += y * y / float64(n)
			blur += w * w / 24 / float64(n)
			floor = min(floor, w/4) // narrower than a quarter of what was resolved is all one
		}
		width := math.Sqrt(max(square-mean*mean, 0) + blur)
		if n < 3 {
			width = max(width, 0.3)
		}
		floor = max(floor, leastWidth)
		g := grid{fitter: f, floor: math.Log(floor), lowest: lowest, highest: highest, jobs: float64(n)}

		// A coarse walk finds the middle of the grid, a fine one weighs what is around it.
		g.stepWidth = 0.7
		width, mean = g.walk(shapes()[0], math.Log(max(width, floor)), mean)
		g.resolve(width, mean)
		f.guesses, f.best = f.guesses[:begin], math.Inf(-1)
		for _, s := range shapes() {
			g.walk(s, width, mean-math.Exp(width)/s.sd*s.mean)
		}
	}
	if x != nil {
		f.weighKin(x)
	}
	return f.normalize(begin)
}

// weighKin weighs guesses of the shape that the kin have, beside the others. They are in rows of
// one width, which lie around what the kin let one expect. A row's places lie around what the kin
// and what was seen together let one expect.
func (f *fitter) weighKin(x *kin) {
	const reach, steps = 2.5, 6 // spreads, and steps a side
	r := kinRow{kin: x, fitter: f, reach: reach * x.spread, most: x.spread * reach / steps}
	floor := r.look()
	stepWidth := x.breadth * reach / steps
	for i := -steps; i <= steps; i++ {
		width := x.width + float64(i)*stepWidth
		r.weigh(max(math.Exp(width), floor), x.priorWidth(width)+math.Log(stepWidth))
	}
}

// kinRow tries the shape of the kin in rows.
type kinRow struct {
	*kin
	*fitter
	reach, most  float64 // of the places, without any job seen, and of a step
	middle, blur float64 // mean logarithm of what was seen, and the variance it is known in
}

// look looks at what was seen. It returns the least width that can be told from a narrower one.
func (r *kinRow) look() (floor float64) {
	n := float64(len(r.seen))
	if n == 0 {
		return leastWidth
	}
	floor = math.Inf(1)
	for _, l := range r.seen {
		y, w := l.middle()
		r.middle += y / n
		r.blur += w * w / 12 / n
		floor = min(floor, w/4)
	}
	return max(floor, leastWidth)
}

// weigh tries the standard deviation sd, whose logarithm of the prior chance is given.
func (r *kinRow) weigh(sd, prior float64) {
	n := float64(len(r.seen))
	centre, step := r.mean, min(r.most, 0.9*sd)
	if n == 0 {
		// Narrow shapes far apart would leave gaps between them.
		step = max(step, r.reach/maxTries)
		sd = max(sd, step/0.9)
	} else {
		known := r.spread * r.spread / (r.spread*r.spread + (sd*sd+r.blur)/n)
		centre += known * (r.middle - r.mean)
		step = min(r.most, 0.9*sd/math.Sqrt(n))
	}
	sigma := sd / r.shape.sd
	prior += math.Log(step)
	best := math.Inf(-1)
	try := func(place float64) bool {
		mu := place - sigma*r.shape.mean
		w := prior + r.priorPlace(place) + r.likelihood(r.shape, mu, 1/sigma)
		r.guesses = append(r.guesses, guess{r.shape, mu, 1 / sigma, w})
		best = max(best, w)
		return w > best-negligible
	}
	try(centre)
	for _, side := range []float64{step, -step} {
		for j, misses := 1.0, 0; j <= maxTries && misses < maxMisses; j++ {
			if misses++; try(centre + j*side) {
				misses = 0
			}
		}
	}
	r.best = max(r.best, best)
}

// normalize keeps the guesses from begin on that count, turns their log weights into weights, and
// returns the logarithm of the sum.
func (f *fitter) normalize(begin int) float64 {
	kept, sum := f.guesses[:begin], 0.0
	for _, g := range f.guesses[begin:] {
		if g.weight > f.best-negligible {
			g.weight = math.Exp(g.weight - f.best)
			sum += g.weight
			kept = append(kept, g)
		}
	}
	for i := range kept[begin:] {
		kept[begin+i].weight /= sum
	}
	f.guesses = kept
	return f.best + math.Log(sum)
}

// grid tries guesses: rows of one width, a step in logarithms apart, each with places a step of
// that width apart.
type grid struct {
	*fitter
	floor           float64 // of the log width
	lowest, highest float64 // of the logarithms of durations that were seen, about
	jobs, blur      float64 // how many were seen, and the variance in which each is known
	stepWidth       float64
}

// resolve finds how fine the grid must be around its middle: the less exactly the durations are
// known, the coarser.
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

// far is how much less a place is believed, in logarithms, as it is outside of what was seen.
func (g *grid) far(place float64) float64 {
	return tooLow*max(g.lowest-place, 0) + tooHigh*max(place-g.highest, 0)
}

// step is how far apart the places of one sigma are. Were they farther, gaps would be left between
// the shapes.
func (g *grid) step(sigma float64) float64 {
	return 0.9 * min(sigma, math.Sqrt((sigma*sigma+g.blur)/g.jobs))
}

// walk tries s from the given place and log width outward, as far as it counts, and tells where it
// was best.
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

// row tries s with one log width, from mu outward, and tells the best log weight and where it was.
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

// likelihood is the logarithm of the chance of what was seen, where any of it may be an outlier.
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
