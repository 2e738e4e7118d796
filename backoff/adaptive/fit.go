package adaptive

import (
	"math"
	"sync"
)

// The distribution of the next duration is estimated in two steps. In this file, familiar shapes of
// distributions, each with many places and widths, get weights by how well they explain the data
// (Bayes' rule on a grid around the best one). This needs only few jobs, and gives an estimate
// beyond the longest of them. In cells.go the result is corrected where the data disagree with it.

// guess is a shape with a place, a width and a weight.
type guess struct {
	*shape
	mu, inv float64 // the logarithm of the duration is mu + z/inv
	weight  float64
}

const (
	maxWeighed = 64  // number of spans that weigh the guesses; more would not change the plan
	minShort   = 16  // minimum number of short spans among them, if there are as many
	negligible = 4.0 // a guess whose log weight is this far below the best does not count
	outlier    = 2e-3
	// tooLow and tooHigh are how fast the weight of a place falls, in logarithms, outside of the
	// durations that were seen. Such places are possible: the duration of a job that ended before the
	// first poll, or that still runs, is not known.
	tooLow, tooHigh = 0.7, 1.0
	maxRows         = 30  // maximum rows of the grid of guesses, each way from its middle
	maxTries        = 25  // maximum guesses in a row, each way
	mostStep        = 0.3 // maximum step between the log widths of two rows, for inexact durations
	maxMisses       = 6   // maximum misses in a row of the kin's shape, which may have gaps
)

// The width of a kind's durations is the standard deviation of their logarithm. Its prior
// distribution is log-normal around usualWidth, or with a small probability anything from
// leastWidth to mostWidth.
const (
	usualWidth  = 0.7
	widthSpread = 1.5
	anyWidth    = 0.002
	leastWidth  = 1e-4
	mostWidth   = 4
)

// fitter is the workspace in which a plan is made.
type fitter struct {
	all            []logSpan // the spans that weigh the guesses
	middles        []float64 // the middles of these spans, in order
	low, high      []logSpan // the spans of each sort, if there are two
	spans          []span
	ended, running int     // how many of the spans are of ended and of running jobs
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

// middle returns a point in s, and the width of s.
func (s logSpan) middle() (y, width float64) {
	switch {
	case math.IsInf(s.after, -1):
		return s.before - 1, 2
	case math.IsInf(s.before, 1):
		return s.after + 0.5, 1
	}
	return (s.after + s.before) / 2, s.before - s.after
}

// believe sets f.guesses to the guesses that the spans support. The sum of their weights is 1.
func (f *fitter) believe(spans []span) {
	f.guesses, f.all = f.guesses[:0], f.all[:0]
	f.sample(spans)
	evidence := f.weigh(f.all, f.kin)
	if low, high, ok := f.divide(); ok {
		f.believeTwo(evidence, low, high)
	}
}

// sample sets f.all to the spans by which the guesses are weighed. They are spread over all spans.
// If all jobs take about as long, most of them end before their first poll. The few others alone
// show how narrow the distribution is. So at least minShort of the short spans are in the sample.
func (f *fitter) sample(spans []span) {
	all, n := len(spans), min(len(spans), maxWeighed)
	short := 0
	for _, s := range spans {
		if s.short() {
			short++
		}
	}
	if n == 0 {
		return
	}
	chosen := max((n*short+all/2)/all, min(short, minShort), n-(all-short))
	f.all = choose(f.all, spans, true, short, chosen)
	f.all = choose(f.all, spans, false, all-short, n-chosen)
}

// choose appends n of the spans that are short, or of those that are not. The argument all is how
// many of these there are.
func choose(to []logSpan, spans []span, short bool, all, n int) []logSpan {
	seen, chosen := 0, 0
	for _, s := range spans {
		if s.short() != short {
			continue
		}
		if seen++; chosen < n && seen == (chosen+1)*all/n {
			to = append(to, logSpan{math.Log(float64(s.after)), math.Log(float64(s.before))})
			chosen++
		}
	}
	return to
}

// weigh appends guesses that explain what was seen. The sum of their weights is 1. It returns the
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
			floor = min(floor, w/64) // all widths that are much narrower than what was resolved are the same
		}
		width := math.Sqrt(max(square-mean*mean, 0) + blur)
		if n < 3 {
			width = max(width, 0.3)
		}
		floor = max(floor, leastWidth)
		g := grid{fitter: f, floor: math.Log(floor), lowest: lowest, highest: highest, jobs: float64(n)}

		// A coarse walk finds the middle of the grid, and a fine walk weighs the guesses around it.
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

// normalize drops negligible guesses from index begin on. It replaces the logarithms of the weights
// by weights whose sum is 1, and returns the logarithm of the earlier sum.
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
