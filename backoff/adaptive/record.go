package adaptive

import "sync/atomic"

// record is what is known about the watches of one kind, both ended and running. The kind's lock
// guards it. Without the lock, a goroutine may find a watch in the roster, call mayFollow, and read
// atomic values.
//
// Some methods have the plan as an argument, because spans are scored by what the plan expects.
type record struct {
	history
	roster     roster
	verdicts   verdicts
	crowd      crowd
	change     atomic.Uint64 // a float64: probability that the jobs change within a wait; 0 before any change
	stale      float64       // how much was learned since the plan was made, in ended jobs
	plannedFor float64       // the frontier when the plan was made
}

// begin records that a watch begins.
func (r *record) begin(key uint64, p *plan) {
	if r.roster.find(key) >= 0 {
		return
	}
	r.crowd.most = max(r.crowd.most, r.crowd.running.Add(1))
	i := r.roster.free(key)
	if i < 0 {
		r.crowd.others++
		return
	}
	r.roster.take(i, key, r.append(span{0, forever}, p))
}

// append appends a span to the history. If the history drops the span of a followed watch for it,
// that watch is no longer followed.
func (r *record) append(s span, p *plan) (number uint32) {
	r.verdicts.begin(&r.history, r.roster.followed, p)
	number, full := r.history.begin(s)
	if full {
		r.loseDropped()
	}
	return number
}

// loseDropped stops following the watches whose spans the history has dropped. Their numbers are
// below the number of its first span.
func (r *record) loseDropped() {
	alive := 0.0
	r.roster.each(func(i int, n *atomic.Uint32) {
		if int32(n.Load()-r.first) < 0 {
			r.roster.release(i)
			r.crowd.others++
			return
		}
		alive += float64(r.at(n.Load()).after)
	})
	store(&r.crowd.alive, alive)
}

// mayFollow reports whether a watch is followed, or may be followed when its job is seen to run. It
// needs no lock.
func (r *record) mayFollow(key uint64) bool {
	return r.roster.find(key) >= 0 || r.crowd.adopting.Load()
}

// seen records that a job was seen to run. It reports whether a new plan is due.
func (r *record) seen(key uint64, age float32, p *plan) bool {
	i := r.roster.find(key)
	if i < 0 {
		if i = r.adopt(key, p); i < 0 {
			return false
		}
	}
	s := r.at(r.roster.places[i].number.Load())
	if age <= s.after {
		return false
	}
	grown := float64(age - s.after)
	store(&r.crowd.alive, load(&r.crowd.alive)+grown)
	s.after = age
	r.crowd.reach(float64(age))
	if r.ended == 0 {
		return false
	}
	r.stale += seenCounts * min(seenGrowth*grown/float64(age), 1)
	if !r.due(p) {
		return false
	}
	r.judge()
	return true
}

// left records that a watch ended, with the span s if ok is true. It reports whether a new plan is
// due.
func (r *record) left(key uint64, s span, ok bool, p *plan) bool {
	i, number, late := r.roster.find(key), uint32(0), false
	switch {
	case i >= 0:
		number, late = r.roster.places[i].number.Load(), r.roster.places[i].late
		r.unfollow(i)
		if r.roster.followed == 0 {
			r.crowd.leftAll()
		}
		x := r.at(number)
		if !ok || s.after < x.after && !s.exact() { // what was seen before is kept
			if s = *x; s.blank() {
				r.removeSpan(number)
				return false
			}
		}
		r.complete(number, s)
	case r.crowd.others > 0:
		r.crowd.others--
		r.crowd.leave()
		return false
	case r.dropLate():
		return false
	case !ok:
		return false
	default:
		number = r.append(s, p)
	}
	r.crowd.reach(s.known())
	r.stale++
	store(&r.change, load(&r.change)*changeKept)
	remarkable, due := !late && r.verdicts.commit(&r.history, number), r.due(p)
	changed := (remarkable || due) && r.judge()
	return changed || due
}

// unfollow removes the watch at a place of the roster, which has ended.
func (r *record) unfollow(i int) {
	age := float64(r.at(r.roster.places[i].number.Load()).after)
	store(&r.crowd.alive, max(load(&r.crowd.alive)-age, 0))
	r.roster.release(i)
	r.crowd.leave()
}

// removeSpan removes the span of the given number, which says nothing.
func (r *record) removeSpan(number uint32) {
	r.history.remove(number)
	r.verdicts.remove(&r.history, number)
	r.roster.each(func(_ int, n *atomic.Uint32) {
		if v := n.Load(); v > number {
			n.Store(v - 1)
		}
	})
}

// adopt begins to follow a watch that began long ago. It returns the place of the watch, or -1 if
// it cannot be followed. The watch is not scored, because it was chosen for its long duration.
func (r *record) adopt(key uint64, p *plan) (place int) {
	if !r.crowd.adopting.Load() || r.crowd.others == 0 {
		return -1
	}
	i := r.roster.free(key)
	if i < 0 {
		if r.roster.followed == maxFollowed {
			r.crowd.adopting.Store(false)
		}
		return -1
	}
	r.crowd.others--
	number := r.append(span{0, forever}, p)
	r.verdicts.done[number%maxScores] = true
	r.roster.take(i, key, number)
	r.roster.places[i].late = true
	return i
}

// dropLate stops following one watch that is followed late, and reports whether there was one. It
// is called when an unknown watch ends although all watches that began are accounted for. So one of
// the late watches was counted wrongly.
func (r *record) dropLate() (dropped bool) {
	if r.roster.followed == 0 {
		return false
	}
	r.roster.each(func(i int, _ *atomic.Uint32) {
		if r.roster.places[i].late && !dropped {
			r.unfollow(i)
			dropped = true
		}
	})
	return dropped
}

const (
	// changeLearned is how much one change adds to the probability of a change. changeTop is the
	// maximum of that probability. Each ended job multiplies it by changeKept.
	changeLearned = 0.01
	changeTop     = 0.05
	changeKept    = 1 - 1.0/400
	// seenCounts is how much a job that is seen to run adds to stale. A job that ends adds 1.
	seenCounts = 0.25
	// A job that is seen to run counts fully if at least the share 1/seenGrowth of its age has passed
	// since it was last seen to run.
	seenGrowth = 4
	// frontierStep is the factor by which the frontier may rise before a new plan is due.
	frontierStep = 1.04
)

// due reports whether a new plan is due. It is due when about 3 % more is known, because one more
// job changes less if more jobs are known.
func (r *record) due(p *plan) bool {
	if p == nil {
		return r.stale >= 1
	}
	return r.stale >= max(1, float64(len(r.spans))/32) ||
		load(&r.crowd.frontier) > frontierStep*r.plannedFor && 16*int(r.crowd.running.Load()) >= r.ended
}

// judge drops the spans that are out of date. It reports whether a plan should take account of a
// change at once.
func (r *record) judge() (changed bool) {
	doubted := r.verdicts.doubt
	m := r.verdicts.judge(&r.history)
	if m == 0 {
		return r.verdicts.doubt != doubted
	}
	store(&r.change, min(load(&r.change)+changeLearned, changeTop))
	drop := len(r.spans) - m
	if drop <= 0 {
		return true
	}
	r.dropFirst(drop)
	r.loseDropped()
	store(&r.crowd.frontier, r.frontier())
	return true
}

// hand copies the spans to f for a new plan. It reports whether a plan can be made from them, and
// whether the plan must take account of a doubt.
func (r *record) hand(f *fitter) (doubt, ok bool) {
	r.stale, r.plannedFor = 0, load(&r.crowd.frontier)
	return r.verdicts.doubt, f.take(r.spans)
}
