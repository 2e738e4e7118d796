package adaptive

import (
	"math"
	"sort"
)

const (
	// tie is the share of the cost of a poll and of the delay until it that may be added in order to
	// spread the watches of a kind.
	tie = 0.006
	// A probe is an early poll. It costs at most one poll, and may show that jobs end long before they
	// are polled. The unit of its probability is the number of polls that the delay until the next
	// poll would cost in that case. For each unit the probability is probeAlways, at most probeTop in
	// all. While few polls were made at such ages, probeFirst is added for each unit up to probeRisk,
	// divided by the square of one plus their number, at most probeMost of the job's polls.
	probeAlways = 0.003
	probeTop    = 0.05
	probeFirst  = 0.02
	probeRisk   = 2
	probeMost   = 0.1
	// Before the first poll, probes are more likely: some jobs may end at once, which no poll would
	// show.
	probeBegin = 0.1
	probeLooks = 0.25
	// The part of a wait in which a probe is made: not near its ends. If the probe is made to find
	// jobs that end much earlier, the part begins at probeSoonest.
	probeFrom    = 0.1
	probeSoonest = 0.07
	probeParts   = 3
	// probeWide is the share of probes that are made to find jobs that end much earlier. The others
	// are made where the job is likely to end.
	probeWide = 0.6
	// aimTop limits kappa: it is the largest value of kappa times the mean duration, divided by the
	// square of the requests of About.
	aimTop = 8
	// aimFew is the number of ended jobs that halve the smallest kappa, while jobs run.
	aimFew = 8
	// After a job that ended far sooner than expected, the probability of a probe is at least
	// probeDoubt for some time, because the jobs may have become shorter.
	probeDoubt = 0.4

	// A gap is polled with the probability probeGap for each poll that the delay in it costs. The
	// probability is at least probeGapLeast and at most probeGapTop. Of the jobs that last until a
	// gap, at least the share gapMass ends in it. Its width is less than the share gapWidth of that
	// age.
	probeGap      = 1
	probeGapLeast = 0.02
	probeGapTop   = 0.2
	gapMass       = 0.3
	gapWidth      = 0.03
)

// problem is the problem to find the polls of least cost.
type problem struct {
	*table
	mass []float64
	wish
	rare    float64 // durations with a smaller probability count as never seen
	unknown float64 // share of jobs whose exact end is not known
	jobs    int
	doubt   bool // whether a job lately ended far sooner than expected
}

// solve finds the best next step from each step.
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

// through returns the cost from step i on if the next poll is at step j, times the probability of
// lasting until step i.
func (p problem) through(i, j int) float64 {
	return p.live[i] + p.delay(i, j) + p.cost[j]
}

// delay returns the part of through that is detection delay until step j, in units of a poll.
func (p problem) delay(i, j int) float64 {
	return p.kappa * ((p.live[i]-p.live[j])*p.time[j] - (p.first[j] - p.first[i]))
}

// limit returns the longest wait from step i. Beyond nearly all durations seen, the distribution is
// not reliable. For a job that may last any time, polls at n²/κ are the best. A wait never exceeds
// half of the age there.
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

// divide divides the time from step i to the next step if polls should be closer together. It
// returns the expected number of polls.
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

// aim finds the kappa with which the expected number of polls is about the number of About, and
// solves with it. The number rises about with the square root of kappa, but in steps, so it may
// jump from too few to too many. A kappa above most is not tried: one more request would then save
// less than the share 1/(most·n²) of a job's duration.
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

// mean returns the mean duration, with the rarest durations cut short.
func (p *problem) mean() float64 {
	last := sort.Search(len(p.live)-1, func(i int) bool { return p.live[i] <= p.rare/2 })
	return p.first[last] + p.live[last]*p.time[last]
}

// plan returns the solution as a plan. The argument known has the logarithms of the times at which
// it is known whether some job had ended.
func (p problem) plan(known []float64) *plan {
	out := &plan{wish: p.wish, doubt: p.doubt, unknown: p.unknown, jobs: p.jobs, gap: p.gap(known), steps: make([]step, len(p.time))}
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

// ties returns the range of steps around the best next step that are about as good.
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

// A gap is a short time in which many jobs end, but in which none was polled. So it is not known
// when in it they end. If all jobs of a kind take just as long, a poll in the gap halves it.
type gap struct {
	begin, end float32
	chance     float64 // of a poll in it, for each job that lasts until it, at most probeGapTop
}

// gap returns the gap that costs most in delay. The argument known has the logarithms of the times
// at which it is known whether some job had ended.
func (p problem) gap(known []float64) (found gap) {
	most, from, mass, n := 0.0, 0, 0.0, 0
	for k := range len(p.time) - 1 {
		mass += p.mass[k]
		y := math.Log(p.time[k+1])
		for n < len(known) && known[n] < y-2*sameTime {
			n++
		}
		if n == len(known) || known[n] > y+2*sameTime {
			continue // nothing is known about the end of this cell
		}
		begin, width := p.time[from], p.time[k+1]-p.time[from]
		cost := p.kappa * mass * width / 2
		if cost > most && mass >= gapMass*p.live[from] && width < gapWidth*begin {
			most = cost
			if probeGap*cost < probeGapLeast {
				begin -= width // a wider gap also checks that no job ends before it
			}
			found = gap{roundUp(begin), roundUp(p.time[k+1]), p.unknown * max(probeGap*cost, probeGapLeast)}
		}
		from, mass = k+1, 0
	}
	return found
}

// probe returns the probability of a probe between step i and the best next step, and the third of
// that wait, by [probePart], in which the fewest polls were made.
func (p problem) probe(i int, known []float64) (chance float64, third int) {
	from, width := p.time[i], p.time[p.next[i]]-p.time[i]
	if width <= 0 {
		return 0, 0
	}
	until := func(part float64) int { return sort.SearchFloat64s(known, math.Log(from+part*width)) }
	looks, before := math.MaxInt, until(probePart(0))
	for n := range probeParts {
		to := until(probePart(float64(n+1) / probeParts))
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
	chance = first * min(risk, probeRisk) / ((1 + seen) * (1 + seen))
	if p.doubt {
		return min(max(always+chance, probeDoubt), risk), third
	}
	return always + min(chance, probeMost*p.polls[0]), third
}

// probePart returns the part of a wait after which a probe is made, for u in [0, 1]. The square
// roots of the parts are evenly spread, so that early parts are more likely. If jobs end at once,
// an early probe finds that as well as a late one, and with less delay.
func probePart(u float64) float64 {
	x := math.Sqrt(probeSoonest) + u*(math.Sqrt(1-probeFrom)-math.Sqrt(probeSoonest))
	return x * x
}
