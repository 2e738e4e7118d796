package adaptive

import (
	"math"
	"slices"
	"sort"
)

// cells is the distribution of the next duration, in cells of time. Cell i ends at ends[i], and the
// last cell is beyond the last end.
type cells struct {
	logs    []logSpan // what is known of each duration
	ends    []float64 // the ends of the cells, as logarithms
	cluster float64   // the first of the times that count as the last end
	known   []float64 // logarithms of the times about which something is known, in order
	likely  []float64 // where the kin suggest ends, as logarithms
	laid    []float64 // known and likely, in order
	base    []float64 // chance of each cell by the guesses
	mass    []float64 // chance of each cell
	exact   []float64 // durations known to be in each cell
	count   []float64 // the same, with inexact durations shared out over their cells
	fails   float64   // chance that the guesses fail at a node, before anything is seen
	wide    [][2]int  // cells [from, to) of each inexact duration

	cumulative []float64
	nodes      []node // the nodes of the tree, by their middle
	scratch    []float64
}

// node is an inner node of the binary tree whose leaves are the cells.
type node struct {
	share, logLeft, logRight float64 // share of its left half by the guesses, and the logarithms of both halves'
	gain                     float64 // log chance that the guesses do not hold
}

const (
	dataCells = 64   // about the number of cells where the data are
	farOut    = 0.04 // share of the times, at each end, that count as outside
	reach     = 7.0  // how far the cells extend beyond the data, in logarithms
	growth    = 1.25 // factor by which these cells get wider
	sameTime  = 1e-4 // times that differ by a smaller share count as the same

	looseRounds = 10  // rounds of sharing out before the tree is used
	treeRounds  = 6   // rounds of sharing out with the tree
	loosePull   = 3.0 // number of durations for which the guesses count before the tree is used
)

// expect finds the probability of each cell.
func (f *fitter) expect(spans []span) {
	f.believe(spans)
	f.logs = f.logs[:0]
	for _, s := range spans {
		l := logSpan{after: math.Log(float64(s.after))}
		if l.before = l.after; !s.exact() {
			l.before = math.Log(float64(s.before))
		}
		f.logs = append(f.logs, l)
	}
	f.fails = 0.5
	if f.kin != nil {
		f.fails *= 1 - f.kin.alike
	}
	f.likely = f.likely[:0]
	if x := f.kin; x != nil {
		sd := math.Hypot(x.spread, math.Exp(x.width))
		for z := -2.0; z <= 2; z += 0.125 {
			f.likely = append(f.likely, x.mean+z*sd)
		}
	}
	f.lay()
	f.spreadGuesses()
	f.place()
	copy(f.mass, f.base)
	if len(f.wide) == 0 {
		f.share()
		f.correct()
		return
	}
	// Turnbull's self-consistency: distribute each duration over the cells in which it may be, in
	// proportion to their probabilities. Then compute the probabilities from these shares, and repeat.
	pull := loosePull + f.worth() - float64(len(spans))
	for range looseRounds {
		f.share()
		for i := range f.mass {
			f.mass[i] = (pull*f.base[i] + f.count[i]) / (pull + float64(len(spans)))
		}
	}
	for range treeRounds {
		f.share()
		f.correct()
	}
}

// lay sets the ends of the cells. Among the times that were seen, cells end at these times and are
// not too wide. Outside of them, the cells get wider and wider. The few outermost times count as
// outside, because each of them would make all other cells wider.
func (c *cells) lay() {
	c.known = c.known[:0]
	for _, l := range c.logs[max(0, len(c.logs)-maxSpans/2):] {
		if !math.IsInf(l.after, -1) {
			c.known = append(c.known, l.after)
		}
		if l.before != l.after && !math.IsInf(l.before, 1) {
			c.known = append(c.known, l.before)
		}
	}
	slices.Sort(c.known)
	c.laid = append(append(c.laid[:0], c.known...), c.likely...)
	slices.Sort(c.laid)
	out := int(farOut * float64(len(c.laid)))
	first, last := c.laid[out], c.laid[len(c.laid)-1-out]
	width := max((last-first)/dataCells, sameTime)

	c.ends = c.ends[:0]
	for y, w := first-width, width; y > first-reach; y -= w {
		c.ends = append(c.ends, y)
		w *= growth
	}
	slices.Reverse(c.ends)
	c.ends = append(c.ends, first-sameTime)
	c.cluster = math.Inf(-1)
	picks := min(len(c.laid), dataCells)
	pick := func(i int) float64 { return c.laid[(i+1)*len(c.laid)/picks-1] }
	for i := range picks {
		if y := pick(i); y >= first && y <= last {
			c.layTo(y, width, i+1 < picks && pick(i+1) == y)
		}
	}
	for y, w := last+width, width; y < last+reach; y += w {
		c.ends = append(c.ends, y)
		w *= growth
	}
}

// layTo adds cells up to y, none wider than width. If many durations are exactly y, it adds a
// narrow cell for y.
func (c *cells) layTo(y, width float64, many bool) {
	last := c.ends[len(c.ends)-1]
	if y-c.cluster < sameTime {
		c.ends[len(c.ends)-1] = y // the later of two that are the same, so that a poll there finds the end
		return
	}
	c.cluster = y
	n := math.Floor((y - last) / width)
	for k := 1.0; k < n; k++ {
		c.ends = append(c.ends, last+(y-last)*k/n)
	}
	if many && y-sameTime > c.ends[len(c.ends)-1] {
		c.ends = append(c.ends, y-sameTime)
	}
	c.ends = append(c.ends, y)
}

// find returns the cell of a duration with logarithm y.
func (c *cells) find(y float64) int {
	y -= sameTime / 4
	lo, hi := 0, len(c.ends)
	for lo < hi {
		if mid := (lo + hi) / 2; c.ends[mid] < y {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// spreadGuesses computes the probability of each cell by the guesses.
func (f *fitter) spreadGuesses() {
	n := len(f.ends) + 1
	for _, s := range []*[]float64{&f.base, &f.mass, &f.exact, &f.count, &f.scratch, &f.cumulative} {
		*s = slices.Grow((*s)[:0], n+1)[:n]
		clear(*s)
	}
	f.cumulative = f.cumulative[:n+1]
	f.nodes = slices.Grow(f.nodes[:0], n)[:n]
	for _, g := range f.guesses {
		// Only the cells between the begin and the end of the shape matter.
		i, before := sort.SearchFloat64s(f.ends, g.mu+g.begin/g.inv), 0.0
		for end := g.mu + g.end/g.inv; i < len(f.ends) && f.ends[i] < end; i++ {
			upTo := g.cumulative((f.ends[i] - g.mu) * g.inv)
			f.base[i] += g.weight * (upTo - before)
			before = upTo
		}
		f.base[i] += g.weight * (1 - before)
	}
	for i := range f.base {
		f.base[i] = max(f.base[i], 1e-7)
	}
	f.accumulate(f.base)
	f.split(0, n)
}

// split computes the share of the left half of each node by the guesses.
func (c *cells) split(from, to int) {
	if to-from == 1 {
		return
	}
	mid := (from + to) / 2
	share := (c.cumulative[mid] - c.cumulative[from]) / (c.cumulative[to] - c.cumulative[from])
	c.nodes[mid] = node{share: share, logLeft: math.Log(share), logRight: math.Log(1 - share)}
	c.split(from, mid)
	c.split(mid, to)
}

// place finds the cells in which each duration may be.
func (c *cells) place() {
	c.wide = c.wide[:0]
	for _, l := range c.logs {
		if l.after == l.before {
			c.exact[c.find(l.after)]++
			continue
		}
		from, to := 0, len(c.ends)+1
		if !math.IsInf(l.after, -1) {
			from = c.find(l.after) + 1
		}
		if !math.IsInf(l.before, 1) {
			to = c.find(l.before) + 1
		}
		c.wide = append(c.wide, [2]int{min(from, to-1), to})
	}
}

// accumulate sets c.cumulative to the cumulative sums of x.
func (c *cells) accumulate(x []float64) {
	sum := 0.0
	for i, v := range x {
		c.cumulative[i] = sum
		sum += v
	}
	c.cumulative[len(x)] = sum
}

// share counts the durations in each cell. It distributes a duration that is not known exactly over
// its cells, in proportion to c.mass.
func (c *cells) share() {
	copy(c.count, c.exact)
	if len(c.wide) == 0 {
		return
	}
	c.accumulate(c.mass)
	clear(c.scratch)
	for _, w := range c.wide {
		v := 1 / (c.cumulative[w[1]] - c.cumulative[w[0]] + 1e-12)
		c.scratch[w[0]] += v
		if w[1] < len(c.scratch) {
			c.scratch[w[1]] -= v
		}
	}
	sum := 0.0
	for i := range c.count {
		sum += c.scratch[i]
		c.count[i] += sum * c.mass[i]
	}
}

// correct computes the probabilities from the guesses and the counts. The cells are the leaves of a
// binary tree. At each node, either the guesses hold for all cells below, or the share of the left
// half is free, with the prior Beta(½, ½). The prior probability of the latter is c.fails. This is
// an optional Pólya tree (Wong & Ma 2010), whose mean is exact and cheap to compute.
func (c *cells) correct() {
	c.accumulate(c.base)
	c.weigh(0, len(c.mass))
	c.descend(0, len(c.mass), 1, 0)
}

// weigh computes the gain of each node. It returns the count of cells [from, to), and the logarithm
// of how much better than the guesses the tree explains it.
func (c *cells) weigh(from, to int) (n, better float64) {
	if to-from == 1 {
		return c.count[from], 0
	}
	mid := (from + to) / 2
	left, betterLeft := c.weigh(from, mid)
	right, betterRight := c.weigh(mid, to)
	n = left + right
	x := &c.nodes[mid]
	if n < 0.5 {
		x.gain = math.Inf(-1)
		return n, 0
	}
	split := logBeta(left+0.5, right+0.5) - logPi + betterLeft + betterRight - left*x.logLeft - right*x.logRight
	better = max(split, 0) + math.Log((1-c.fails)*math.Exp(min(-split, 0))+c.fails*math.Exp(min(split, 0)))
	x.gain = split - better + math.Log(c.fails)
	return n, better
}

var logPi = math.Log(math.Pi)

// descend distributes probability down the tree to cells [from, to). The part free belongs to the
// case that the guesses may still fail below, and the part held to the case that they hold.
func (c *cells) descend(from, to int, free, held float64) {
	if to-from == 1 {
		c.mass[from] = free + held
		return
	}
	mid := (from + to) / 2
	x := &c.nodes[mid]
	if math.IsInf(x.gain, -1) {
		all := c.cumulative[to] - c.cumulative[from]
		for i := from; i < to; i++ {
			c.mass[i] = (free + held) * c.base[i] / all
		}
		return
	}
	split := math.Exp(x.gain)
	held += free * (1 - split)
	free *= split
	var left, right float64
	for _, v := range c.count[from:mid] {
		left += v
	}
	for _, v := range c.count[mid:to] {
		right += v
	}
	q := (left + 0.5) / (left + right + 1)
	c.descend(from, mid, free*q, held*x.share)
	c.descend(mid, to, free*(1-q), held*(1-x.share))
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}
