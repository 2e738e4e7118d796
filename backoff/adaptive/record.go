package adaptive

import "sync/atomic"

// record is what is known of the watches of one kind, those that were left and those that run. The
// kind's lock guards it. Anyone may find a watch in the roster, call mayFollow, and read what is
// atomic.
//
// The plan is an argument where it counts: spans are scored by what it expects.
type record struct {
	history
	roster     roster
	verdicts   verdicts
	crowd      crowd
	change     atomic.Uint64 // a float64: how likely jobs change within a wait, 0 before any did
	stale      float64       // of what was learned since the plan was made
	plannedFor float64       // the frontier when the plan was made
}

// begin takes note of a watch that begins.
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

// append appends a span to the history. Where the oldest, which makes way, is followed, it is
// followed no more.
func (r *record) append(s span, p *plan) (number uint32) {
	r.verdicts.begin(&r.history, r.roster.followed, p)
	number, full := r.history.begin(s)
	if full {
		r.loseDropped()
	}
	return number
}

// loseDropped stops following the watches whose spans the history has dropped: those numbered below
// its first span.
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

// mayFollow reports whether a watch is followed, or may be if it is seen to run. It needs no lock.
func (r *record) mayFollow(key uint64) bool {
	return r.roster.find(key) >= 0 || r.crowd.adopting.Load()
}

// seen takes note of a job that was seen to run, and tells whether it is time to plan.
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

// left takes note of a watch that was left, of which s is known if ok, and tells whether it is time
// to plan.
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
		if !ok || s.after < x.after && !s.exact() { // what was seen before stands
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

// unfollow takes out the watch at a place of the roster, which was left.
func (r *record) unfollow(i int) {
	age := float64(r.at(r.roster.places[i].number.Load()).after)
	store(&r.crowd.alive, max(load(&r.crowd.alive)-age, 0))
	r.roster.release(i)
	r.crowd.leave()
}

// removeSpan takes out the span of that number, of which nothing is known.
func (r *record) removeSpan(number uint32) {
	r.history.remove(number)
	r.verdicts.remove(&r.history, number)
	r.roster.each(func(_ int, n *atomic.Uint32) {
		if v := n.Load(); v > number {
			n.Store(v - 1)
		}
	})
}

// adopt follows a watch that began long ago, and returns its place, or -1 if it does not. The watch
// is not scored: that it runs still is why it is followed.
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

// dropLate gives up one watch that is followed late, and reports whether there was one. A watch
// that was left shows that the other never began, as no more of those that are not followed run.
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
	// changeLearned is by how much the chance of a change rises with one, changeTop the most it
	// rises to, and changeKept what is left of it after one job more.
	changeLearned = 0.01
	changeTop     = 0.05
	changeKept    = 1 - 1.0/400
	// seenCounts is how much a job that is seen to run counts for, beside one that ends, in what
	// calls for a new plan.
	seenCounts = 0.25
	// seenGrowth is one over the share of its age by which a job must have aged, since it was last
	// seen to run, to count in full.
	seenGrowth = 4
	// frontierStep is by how much the frontier may move before a new plan.
	frontierStep = 1.04
)

// due tells whether it is time to plan anew. The more is known, the less one job more can change:
// plan again at 3 % more.
func (r *record) due(p *plan) bool {
	if p == nil {
		return r.stale >= 1
	}
	return r.stale >= max(1, float64(len(r.spans))/32) ||
		load(&r.crowd.frontier) > frontierStep*r.plannedFor && 16*int(r.crowd.running.Load()) >= r.ended
}

// judge drops what no longer holds, and tells whether something changed that a plan should know of
// at once.
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

// hand hands what is known to f for a new plan. It reports whether a plan can be made of it, and
// whether it must heed a doubt.
func (r *record) hand(f *fitter) (doubt, ok bool) {
	r.stale, r.plannedFor = 0, load(&r.crowd.frontier)
	return r.verdicts.doubt, f.take(r.spans)
}
