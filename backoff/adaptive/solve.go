package adaptive

import (
	"math"
	"sort"
)

const (
	// tie is the share of the cost of a poll and the delay until it that is given up for spreading
	// watches of a kind.
	tie = 0.006
	// A probe costs up to a poll, and may show that jobs end much before they are looked for. Its
	// chance is probeAlways for each poll that the delay until the next would then cost, but at
	// most probeTop; and while one has seldom looked there, probeFirst for each such poll, divided
	// by the square of how often, but at most probeMost of the job's polls.
	probeAlways = 0.003
	probeTop    = 0.05
	probeFirst  = 0.02
	probeMost   = 0.1
	// On the way to the first poll one looks more: some jobs may end at once, and nobody would
	// know.
	probeBegin = 0.1
	probeLooks = 0.25
	// Where in a wait one looks: not near its ends.
	probeFrom  = 0.1
	probeParts = 3
	// aimTop bounds the kappa that is aimed at, times the mean duration, over the square of the
	// requests that are asked for.
	aimTop = 8
	// aimFew is how many ended jobs halve the least kappa, while jobs run.
	aimFew = 8
	// After a most unlikely job it is at least probeDoubt for a while: things may have changed.
	probeDoubt = 0.4
)

// problem is to find the cheapest polls.
type problem struct {
	*table
	mass []float64
	wish
	rare    float64 // durations with a smaller chance are as good as never seen
	unknown float64 // share of jobs whose exact end is not known
	jobs    int
	doubt   bool // whether a job lately was most unlikely
}

// solve finds the best next step from each.
func (p problem) solve() {
	last := len(p.time) - 1
	p.cost[last] = p.live[last] * 2 * math.Sqrt(2*p.kappa*p.time[last])
	p.polls[last] = 0
	p.next[last], p.parts[last] = last, 1
	for i := last - 1; i >= 0; i-- {
		limit := p.limit(i)
		top := p.next[i+1]
		for top > i+1 && p.time[top] > p.time[i]+limit {
			top--
		}
		best, least := i+1, math.Inf(1)
		for j := top; j > i; j-- {
			if c := p.through(i, j); c < least {
				best, least = j, c
			}
		}
		p.next[i], p.cost[i], p.parts[i] = best, least, 1
		polls := p.live[i]
		if best == i+1 && i > 0 {
			polls = p.divide(i, limit)
		}
		p.polls[i] = polls + p.polls[best]
		if i > 0 && p.live[i] <= p.rare {
			p.polls[i] = 0
		}
	}
}

// through is the cost from step i on, times the chance to get there, where the next poll is at step
// j.
func (p problem) through(i, j int) float64 {
	return p.live[i] + p.delay(i, j) + p.cost[j]
}

// delay is the part of through that is detection delay until j, in polls.
func (p problem) delay(i, j int) float64 {
	return p.kappa * ((p.live[i]-p.live[j])*p.time[j] - (p.first[j] - p.first[i]))
}

// limit is the longest wait from step i. Beyond nearly all durations seen, what is expected is not
// to be relied on: what is best for a job that may last any time is polling at n²/κ, and doubling
// is the worst that is tolerable.
func (p problem) limit(i int) float64 {
	limit := math.Inf(1)
	t := p.time[i]
	if p.live[i] <= p.rare {
		limit = min(t/2, math.Sqrt(2*t/p.kappa))
	}
	if p.within > 0 {
		limit = min(limit, t*p.within)
		if t == 0 {
			limit = p.time[max(1, sort.Search(len(p.live), func(i int) bool { return p.live[i] < 0.99 })-1)]
		}
	}
	return limit
}

// divide divides the way from step i to the next where polls should be closer than that. It returns
// the expected polls.
func (p problem) divide(i int, limit float64) float64 {
	width, mass := p.time[i+1]-p.time[i], p.mass[i]
	live := (p.live[i] + p.live[i+1]) / 2
	n := max(math.Round(math.Sqrt(p.kappa*mass*width/(2*live))), math.Ceil(width/limit))
	if n <= 1 {
		return p.live[i]
	}
	n = min(n, math.MaxUint16)
	p.parts[i] = n
	polls := p.live[i] + (n-1)*live
	p.cost[i] = polls + p.kappa*mass*width/(2*n) + p.cost[i+1]
	return polls
}

// aim solves with the kappa that brings the expected polls to about as many as are asked for. Polls
// rise with about its square root, but in steps, of which one may lie between too few and too many.
// A kappa beyond most is not looked for: then one request more would save less than the share
// 1/(most·n²) of a job's duration.
func (p *problem) aim() {
	const rounds, close, narrow, stride = 6, 0.06, 1.2, 64
	median := p.time[sort.Search(len(p.live)-1, func(i int) bool { return p.live[i] < 0.5 })]
	most := aimTop * p.about * p.about / p.mean()
	low, high := 0.0, math.Inf(1) // kappas known to give too few polls, and too many
	best, least := 0.0, math.Inf(1)
	p.kappa = min(1.8*p.about*p.about/median, most)
	for range rounds {
		p.solve()
		ratio := max(p.about-0.5, 0.25) / max(p.polls[0]-0.5, 0.25)
		miss := math.Abs(math.Log(ratio))
		if miss < least {
			best, least = p.kappa, miss
		}
		if ratio > 1 {
			low = p.kappa
		} else {
			high = p.kappa
		}
		if miss < close || high < narrow*low || low == most {
			break
		}
		p.kappa = min(p.kappa*min(max(ratio*ratio, 1.0/stride), stride), most)
		if p.kappa <= low || p.kappa >= high {
			p.kappa = math.Sqrt(max(low, high/stride) * high)
		}
	}
	if p.kappa != best {
		p.kappa = best
		p.solve()
	}
}

// mean is the mean duration, but for the rarest.
func (p *problem) mean() float64 {
	last := sort.Search(len(p.live)-1, func(i int) bool { return p.live[i] <= p.rare/2 })
	return p.first[last] + p.live[last]*p.time[last]
}

// plan is the solution. known are the logarithms of the times at which it is known whether a job
// had ended.
func (p problem) plan(known []float64) *plan {
	out := &plan{wish: p.wish, doubt: p.doubt, unknown: p.unknown, jobs: p.jobs, steps: make([]step, len(p.time))}
	for i, t := range p.time {
		lo, hi := p.ties(i)
		out.steps[i] = step{
			end: roundUp(t), live: float32(p.live[i]),
			lo: uint16(lo), hi: uint16(hi), parts: uint16(p.parts[i]),
		}
		chance, third := p.probe(i, known)
		out.steps[i].probe, out.steps[i].third = float32(p.unknown*chance), uint8(third)
	}
	out.steps[0].end = 0
	p.spread(out.steps)
	p.area(out.steps)
	return out
}

// ties are the steps around the best next that are about as good.
func (p problem) ties(i int) (lo, hi int) {
	best := p.next[i]
	if p.parts[i] > 1 || best == i {
		return best, best
	}
	bound := p.cost[i] + tie*(p.live[i]+p.delay(i, best))
	limit := p.time[i] + p.limit(i)
	lo, hi = best, best
	for lo > i+1 && p.through(i, lo-1) <= bound {
		lo--
	}
	for hi+1 < len(p.time) && p.time[hi+1] <= limit && p.through(i, hi+1) <= bound {
		hi++
	}
	return lo, hi
}

// probe is the chance of a poll between step i and the best next, and the third of the wait that
// was looked at least.
func (p problem) probe(i int, known []float64) (chance float64, third int) {
	from, width := p.time[i], p.time[p.next[i]]-p.time[i]
	if width <= 0 {
		return 0, 0
	}
	until := func(part float64) int { return sort.SearchFloat64s(known, math.Log(from+part*width)) }
	looks, before := math.MaxInt, until(probeFrom)
	for n := range probeParts {
		to := until(probeFrom + (1-2*probeFrom)*float64(n+1)/probeParts)
		if to-before < looks {
			looks, third = to-before, n
		}
		before = to
	}
	looks *= probeParts
	risk := p.kappa * (p.live[i] - p.live[p.next[i]]) / p.live[i] * width / 2
	always := min(probeAlways*risk, probeTop)
	first, seen := probeFirst, float64(looks)
	if i == 0 {
		first, seen = probeBegin, seen*probeLooks
	}
	chance = first * risk / ((1 + seen) * (1 + seen))
	if p.doubt {
		return min(max(always+chance, probeDoubt), risk), third
	}
	return always + min(chance, probeMost*p.polls[0]), third
}
