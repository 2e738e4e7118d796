package adaptive

import "math"

// weighKin adds guesses with the shape of the kin. They are in rows of one width. The widths are
// around the expected width of the kin. The places of a row are around the place that the kin and
// the data together suggest.
func (f *fitter) weighKin(x *kin) {
	const reach, steps = 2.5, 6 // the reach in spreads, and the steps on each side
	r := kinRow{kin: x, fitter: f, reach: reach * x.spread, most: x.spread * reach / steps}
	floor := r.look()
	stepWidth := x.breadth * reach / steps
	for i := -steps; i <= steps; i++ {
		width := x.width + float64(i)*stepWidth
		r.weigh(max(math.Exp(width), floor), x.priorWidth(width)+math.Log(stepWidth))
	}
}

// kinRow tries guesses with the shape of the kin, in rows.
type kinRow struct {
	*kin
	*fitter
	reach, most  float64 // reach of the places if no job was seen, and largest step
	middle, blur float64 // mean logarithm of what was seen, and its variance due to inexact times
}

// look computes the mean and the blur of what was seen. It returns the smallest width that the data
// can distinguish from a narrower one.
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

// weigh tries a row with the standard deviation sd. The argument prior is the logarithm of its
// prior probability.
func (r *kinRow) weigh(sd, prior float64) {
	n := float64(len(r.seen))
	centre, step := r.mean, min(r.most, 0.9*sd)
	if n == 0 {
		// Narrow shapes that are far apart would leave gaps.
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
