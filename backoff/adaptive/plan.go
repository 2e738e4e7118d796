package adaptive

import (
	"math"
	"sort"
	"weak"
)

// plan says at any age when to poll next. It does not change after it is made.
type plan struct {
	wish
	doubt   bool
	unknown float64 // share of jobs whose exact end is not known
	jobs    int     // it was made from, those that run included
	gap     gap
	steps   []step // in order of their ends; the first is at 0
}

// step is the end of a cell of durations, and says when to poll next from there.
type step struct {
	end  float32 // seconds
	live float32 // chance of a duration beyond end
	// spread is the standard deviation of the logarithm of a duration beyond end.
	spread float32
	// area is the integral of live up to end.
	area float32
	// probe is the probability of an additional, earlier poll, which is made to learn. third is the
	// third of the wait in which that poll is made.
	probe float32
	// The next poll is between the ends of the steps lo and hi: all these times are about as good. If
	// parts is above 1, polls divide the time to the next step into that many equal parts.
	lo, hi, parts uint16
	third         uint8
}

// The least cost from time i on, times the probability of lasting until time i, is the minimum over
// j > i of
//
//	live[i] + κ·Σ_{i<k≤j} mass[k]·(time[j] − mean[k]) + cost[j].
//
// The best j does not fall as i rises.

// find returns the index of the first step whose end is not before t, or of the last step.
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

// after returns the time of the next poll of the watch w. If w is a scout, the poll may be an early
// one, which is made to learn.
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
	if g := p.gap; scout && begin <= float64(g.begin) && at >= float64(g.end) {
		chance := min(g.chance/float64(s.live), probeGapTop)
		if u := w.unit(seedGap); u < chance {
			at = float64(g.begin) + float64(g.end-g.begin)*(probeFrom+(1-2*probeFrom)*u/chance)
		}
	}
	return at
}

// nearer returns i if age is nearer to the end of step i than to the end of the step before, or
// else i-1. So a poll just before the end of a cell counts as a poll at its end.
func (p *plan) nearer(i int, age float64) int {
	before := p.steps[max(i-1, 0)]
	if before.parts <= 1 && age-float64(before.end) > float64(p.steps[i].end)-age {
		return i
	}
	return max(i-1, 0)
}

// early returns a time between the age of w, which is at step i, and the time at. It is either a
// time in the third of the wait that the step names, or a time at which the job is likely to end:
// see probeWide.
func (p *plan) early(i int, at float64, w *watch) float64 {
	u := w.unit(seedWhere)
	if w.unit(seedEarly) < probeWide {
		u = (float64(p.steps[i].third) + u) / probeParts
		return w.age + (at-w.age)*probePart(u)
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

// expectation returns the distribution of p, at about half as many times. Both ends of a cell in
// which many jobs end are among them.
func (p *plan) expectation() *expected {
	const many = 0.02
	e := &expected{plan: weak.Make(p)}
	last := len(p.steps) - 1
	for i, s := range p.steps {
		if i%2 == 0 || i == last || p.steps[i-1].live-s.live > many || s.live-p.steps[i+1].live > many {
			e.times, e.live = append(e.times, s.end), append(e.live, s.live)
		}
	}
	return e
}

// within returns the age between two ages at which the given share of the jobs that end between
// them will have ended.
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

// take copies the spans that count, and reports whether a plan can be made of them, which needs at
// least one job that ended. Running jobs count unless there are more than 16 times as many ended
// jobs.
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

// plan makes the plan for the spans that take has copied.
func (f *fitter) plan(w wish, doubt bool, x *kin) *plan {
	spans := f.spans
	f.kin = x
	f.expect(spans)
	f.tabulate()
	p := problem{table: &f.table, mass: f.mass, wish: w, rare: min(1.5/(f.worth()+1), 0.5), jobs: len(spans)}
	if p.kappa == 0 {
		p.aim()
		// While few jobs are known to have ended, the estimate for the others is uncertain, and must not
		// make polls too rare.
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

// worth returns the number of jobs that the data counts for.
func (f *fitter) worth() float64 {
	n := float64(len(f.spans))
	if f.kin != nil {
		n += kinWorth * f.kin.alike
	}
	return n
}
