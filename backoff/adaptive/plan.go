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

// The least cost from time i on, times the chance to get there, is the least over j > i of
//
//	live[i] + κ·Σ_{i<k≤j} mass[k]·(time[j] − mean[k]) + cost[j].
//
// The best j does not fall as i rises.

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
