package adaptive

import (
	"math"
	"sort"
	"weak"
)

// plan says when to poll next from any age. It does not change once made.
type plan struct {
	wish
	doubt   bool
	unknown float64 // share of jobs whose exact end is not known
	jobs    int     // it was made from, those that run included
	steps   []step  // in order of their ends; the first is at 0
}

// step is the end of a cell, and what to do from there.
type step struct {
	end  float32 // seconds
	live float32 // chance of a duration beyond end
	// spread is the standard deviation of the logarithm of a duration beyond end.
	spread float32
	// area is the integral of live up to end.
	area float32
	// probe is the chance of one more poll on the way there, to learn, and third where on the way.
	probe float32
	// The next poll is at the end of one of the steps lo to hi, or anywhere between: all are about
	// as good. parts, where above 1, is into how many equal parts polls divide the way to the next
	// step.
	lo, hi, parts uint16
	third         uint8
}

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

// table is the workspace of planning. Index 0 is time 0, and i+1 is the end of cell i.
type table struct {
	time  []float64
	live  []float64 // chance of a duration beyond time
	first []float64 // sum over the cells so far of chance times mean duration
	cost  []float64 // expected from there on, times live
	polls []float64 // the same for polls only, not counting the rarest durations
	next  []int
	parts []float64
}

// take copies what is known of spans, and tells whether a plan can be made of it: whether any job
// ended. Jobs that run count if they are not few beside those that ended.
func (f *fitter) take(spans []span) bool {
	f.spans, f.frontier = f.spans[:0], 0
	ended, running := 0, 0
	for _, s := range spans {
		switch {
		case s.ended():
			ended++
			f.frontier = max(f.frontier, float64(s.before))
		case !s.blank():
			running++
			f.frontier = max(f.frontier, float64(s.after))
		}
	}
	for _, s := range spans {
		if s.ended() || !s.blank() && 16*running >= ended {
			f.spans = append(f.spans, s)
		}
	}
	f.ended, f.running = ended, running
	return ended > 0
}

// plan makes the plan for what was taken.
func (f *fitter) plan(w wish, doubt bool, x *kin) *plan {
	spans := f.spans
	f.kin = x
	f.expect(spans)
	f.tabulate()
	p := problem{table: &f.table, mass: f.mass, wish: w, rare: min(1.5/(f.worth()+1), 0.5), jobs: len(spans)}
	if p.kappa == 0 {
		p.aim()
		// While few are known to have ended, what is expected of the others is a guess that must
		// not make the polls too rare.
		if floor := w.rate(f.frontier) / (1 + float64(f.ended)/aimFew); f.running*16 >= f.ended && p.kappa < floor {
			p.kappa = floor
			p.solve()
		}
	} else {
		p.solve()
	}
	p.unknown = float64(len(f.wide)+1) / float64(len(spans)+1)
	if len(f.wide) == 0 && len(spans) > 0 {
		p.unknown = 0
	}
	if x != nil {
		p.unknown *= 1 - x.alike // what the kin have looked for need not be looked for again
	}
	p.doubt = doubt
	return p.plan(f.known)
}

// worth is how many jobs what is known counts for.
func (f *fitter) worth() float64 {
	n := float64(len(f.spans))
	if f.kin != nil {
		n += kinWorth * f.kin.alike
	}
	return n
}

// tabulate fills what of the table does not depend on the wish.
func (f *fitter) tabulate() {
	n := len(f.ends) + 1
	for _, s := range []*[]float64{&f.time, &f.live, &f.first, &f.cost, &f.polls, &f.parts} {
		if cap(*s) < n {
			*s = make([]float64, n, 2*n)
		}
		*s = (*s)[:n]
	}
	if cap(f.next) < n {
		f.next = make([]int, n, 2*n)
	}
	f.next = f.next[:n]

	f.time[0], f.first[0] = 0, 0
	for i, y := range f.ends {
		f.time[i+1] = math.Exp(y)
		mean := (f.time[i] + f.time[i+1]) / 2
		if f.exact[i] > 1 && y-f.ends[max(i-1, 0)] < 2*sameTime {
			mean = f.time[i+1] // durations that are all the same
		}
		f.first[i+1] = f.first[i] + f.mass[i]*mean
	}
	beyond := 0.0
	for i := n - 1; i >= 0; i-- {
		beyond += f.mass[i]
		f.live[i] = beyond
	}
}

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

// The least cost from time i on, times the chance to get there, is the least over j > i of
//
//	live[i] + κ·Σ_{i<k≤j} mass[k]·(time[j] − mean[k]) + cost[j].
//
// The best j does not fall as i rises.

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

// find is the first step whose end is not before t, or the last.
func (p *plan) find(t float32) int {
	lo, hi := 0, len(p.steps)-1
	for lo < hi {
		if mid := (lo + hi) / 2; p.steps[mid].end < t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// after is the time of the poll that follows age, for the watch w, whose data counts if it is a
// scout.
func (p *plan) after(w *watch, scout bool) float64 {
	age := w.age
	last := len(p.steps) - 1
	if age >= float64(p.steps[last].end)*0.999 {
		return p.bound(age, age+min(max(age, 1e-3)/2, math.Sqrt(2*age/p.kappa)))
	}
	i := p.find(float32(age * (1 - 1e-6)))
	if float64(p.steps[i].end) > age*(1+1e-6) {
		i = p.nearer(i, age)
	}
	s := p.steps[i]
	begin := float64(s.end)
	if s.parts > 1 {
		part := (float64(p.steps[i+1].end) - begin) / float64(s.parts)
		return begin + part*(math.Floor(max(age-begin, 0)/part+0.01)+1)
	}
	lo, hi := float64(p.steps[s.lo].end), float64(p.steps[s.hi].end)
	at := lo
	if hi > lo {
		at += w.unit(seedTie) * (hi - lo)
	}
	if scout && s.probe > 0 && w.unit(seedProbe) < float64(s.probe) {
		at = p.early(i, at, w)
	}
	return at
}

// nearer is the step before i, or i if age is nearer to it: a poll just before the end of a cell
// counts as one at it.
func (p *plan) nearer(i int, age float64) int {
	before := p.steps[max(i-1, 0)]
	if before.parts <= 1 && age-float64(before.end) > float64(p.steps[i].end)-age {
		return i
	}
	return max(i-1, 0)
}

// early is a time between the age of w, at step i, and at: one of two times anywhere, else where
// the job is expected to end.
func (p *plan) early(i int, at float64, w *watch) float64 {
	u := w.unit(seedWhere)
	if w.unit(seedEarly) < 0.5 {
		u = (float64(p.steps[i].third) + u) / probeParts
		return w.age + (at-w.age)*(probeFrom+(1-2*probeFrom)*u)
	}
	u = probeFrom + (1-2*probeFrom)*u
	begin, end := p.steps[i].live, p.steps[p.steps[i].hi].live
	for _, s := range p.steps[i+1 : p.steps[i].hi+1] {
		if s.live <= begin-float32(u)*(begin-end) {
			return min(max(float64(s.end), w.age), at)
		}
	}
	return at
}

// expectation is what p expects of a job, in about half as many times.
func (p *plan) expectation() *expected {
	e := &expected{plan: weak.Make(p)}
	for i, s := range p.steps {
		if i%2 == 0 || i == len(p.steps)-1 {
			e.times, e.live = append(e.times, s.end), append(e.live, s.live)
		}
	}
	return e
}

// within is the age between two at which, of the jobs that end between them, a share will have
// ended.
func (p *plan) within(age, at, share float64) float64 {
	from, _ := p.beyond(age)
	to, _ := p.beyond(at)
	if from-to < 1e-4*from {
		return age + (at-age)*share
	}
	target := float32(from - share*(from-to))
	i := sort.Search(len(p.steps)-1, func(i int) bool { return p.steps[i].live <= target })
	if i == 0 {
		return age + (at-age)*share
	}
	b, s := p.steps[i-1], p.steps[i]
	t := float64(b.end)
	if b.live > s.live {
		t += float64((b.live-target)/(b.live-s.live)) * float64(s.end-b.end)
	}
	return min(max(t, age), at)
}
