package adaptive

import (
	"sync"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// kind is what is known about the jobs of one kind.
type kind struct {
	plan     atomic.Pointer[plan]     // nil before any job is known to have ended
	progress atomic.Pointer[progress] // nil before any was reported
	profile  atomic.Pointer[profile]  // nil before enough are known
	used     atomic.Uint64
	crowd    crowd
	change   atomic.Uint64 // a float64: how likely jobs change within a wait, 0 before any did

	planning sync.Mutex // held by whoever plans, without mu

	mu sync.Mutex
	history
	roster     roster
	verdicts   verdicts
	stale      float64 // of what was learned since the plan was made
	plannedFor float64 // the frontier when the plan was made
	ended      int     // spans in history of jobs that ended
}

// begin records that a watch begins.
func (k *kind) begin(key uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.roster.find(key) >= 0 {
		return
	}
	k.crowd.most = max(k.crowd.most, k.crowd.running.Add(1))
	i := k.roster.free(key)
	if i < 0 {
		k.crowd.others++
		return
	}
	k.verdicts.begin(k)
	number := k.append(span{0, forever})
	k.roster.take(i, key, number)
}

// append appends a span to the history. If the history is full, it drops the oldest span and stops
// following its watch.
func (k *kind) append(s span) (number uint32) {
	if len(k.spans) == maxSpans && k.spans[0].ended() {
		k.ended--
	}
	number, full := k.history.begin(s)
	if full {
		k.loseBefore(k.first)
	}
	return number
}

// loseBefore stops following the watches whose spans the history has dropped: those numbered below
// its first span.
func (k *kind) loseBefore(first uint32) {
	alive := 0.0
	k.roster.each(func(i int, n *atomic.Uint32) {
		if int32(n.Load()-first) < 0 {
			k.roster.release(i)
			k.crowd.others++
			return
		}
		alive += float64(k.at(n.Load()).after)
	})
	store(&k.crowd.alive, alive)
}

// seen records that a job was seen to run, and reports whether a new plan is due.
func (k *kind) seen(key uint64, age float32) bool {
	if i := k.roster.find(key); i < 0 && !k.crowd.adopting.Load() {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.roster.find(key)
	if i < 0 && !k.adopt(key) {
		return false
	}
	i = k.roster.find(key)
	s := k.at(k.roster.places[i].number.Load())
	if age <= s.after {
		return false
	}
	grown := float64(age - s.after)
	store(&k.crowd.alive, load(&k.crowd.alive)+grown)
	s.after = age
	k.crowd.reach(float64(age))
	if k.ended == 0 {
		return false
	}
	k.stale += seenCounts * min(seenGrowth*grown/float64(age), 1)
	if !k.due() {
		return false
	}
	k.judge()
	return true
}

// left records that a watch ended, with the span s if ok is true. It reports whether a new plan is
// due.
func (k *kind) left(key uint64, s span, ok bool, marks []backoff.Mark) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if ok && s.ended() && len(marks) > 0 {
		k.progress.Store(k.progress.Load().with(marks, s))
	}
	i, number, late := k.roster.find(key), uint32(0), false
	switch {
	case i >= 0:
		number, late = k.roster.places[i].number.Load(), k.roster.places[i].late
		k.crowd.leave()
		k.roster.release(i)
		if k.roster.followed == 0 {
			k.crowd.leftAll()
		}
		x := k.at(number)
		store(&k.crowd.alive, max(load(&k.crowd.alive)-float64(x.after), 0))
		if !ok || s.after < x.after && !s.exact() { // what was seen before stands
			if s = *x; s.blank() {
				k.removeSpan(number)
				return false
			}
		}
		*x = s
	case k.crowd.others > 0:
		k.crowd.others--
		k.crowd.leave()
		return false
	case k.dropLate():
		return false
	case !ok:
		return false
	default:
		k.verdicts.begin(k)
		number = k.append(s)
	}
	if s.ended() {
		k.ended++
		k.crowd.reach(float64(s.before))
	} else {
		k.crowd.reach(float64(s.after))
	}
	k.stale++
	store(&k.change, load(&k.change)*changeKept)
	remarkable, due := !late && k.verdicts.commit(k, number), k.due()
	changed := (remarkable || due) && k.judge()
	return changed || due
}

// removeSpan removes the span of the given number, which says nothing.
func (k *kind) removeSpan(number uint32) {
	k.history.remove(number)
	k.verdicts.remove(k, number)
	k.roster.each(func(_ int, n *atomic.Uint32) {
		if v := n.Load(); v > number {
			n.Store(v - 1)
		}
	})
}

const (
	// changeLearned is how much one change raises the probability of a change. changeTop is the
	// largest such probability, and changeKept the share that remains of it after one more job.
	changeLearned = 0.01
	changeTop     = 0.05
	changeKept    = 1 - 1.0/400
	// seenCounts is how much a job that is seen to run counts toward a new plan, where a job that ends
	// counts 1.
	seenCounts = 0.25
	// seenGrowth is the inverse of the share of its age by which a job must have aged since it was
	// last seen to run, so that it counts in full.
	seenGrowth = 4
	// frontierStep is the factor by which the frontier may grow before a new plan is due.
	frontierStep = 1.04
)

// due reports whether a new plan is due. The more jobs are known, the less one more job can change.
// So a plan is due after 3 % more jobs.
func (k *kind) due() bool {
	p := k.plan.Load()
	if p == nil {
		return k.stale >= 1
	}
	return k.stale >= max(1, float64(len(k.spans))/32) ||
		load(&k.crowd.frontier) > frontierStep*k.plannedFor && 16*int(k.crowd.running.Load()) >= k.ended
}

// judge drops spans that no longer describe the kind. It reports whether a change is so large that
// a new plan should be made at once.
func (k *kind) judge() (changed bool) {
	doubted := k.verdicts.doubt
	m := k.verdicts.judge(k)
	if m == 0 {
		return k.verdicts.doubt != doubted
	}
	store(&k.change, min(load(&k.change)+changeLearned, changeTop))
	drop := len(k.spans) - m
	if drop <= 0 {
		return true
	}
	k.dropFirst(drop)
	k.loseBefore(k.first)
	k.count()
	return true
}

// count computes what is derived from the spans.
func (k *kind) count() {
	k.ended = 0
	for _, s := range k.spans {
		if s.ended() {
			k.ended++
		}
	}
	store(&k.crowd.frontier, k.frontier())
}

// replan makes the plan from the history, unless another goroutine is doing so.
func (k *kind) replan(a *Learner) {
	if k.planning.TryLock() {
		k.plans(a)
	}
}

// replanNow is like replan, but waits for another goroutine that makes the plan. It then makes a
// plan if there is anything new. For a kind that still uses its kin, kin says that what the kinds
// have in common is new.
func (k *kind) replanNow(a *Learner, kin bool) {
	k.planning.Lock()
	k.mu.Lock()
	fresh := k.stale == 0 && k.plan.Load() != nil && !(kin && k.ended < kinJobs)
	k.mu.Unlock()
	if fresh {
		k.planning.Unlock()
		return
	}
	k.plans(a)
}

// plans makes the plan. The caller holds planning, which plans unlocks.
func (k *kind) plans(a *Learner) {
	defer k.planning.Unlock()
	f := fitters.Get().(*fitter)
	defer fitters.Put(f)
	k.mu.Lock()
	doubt := k.verdicts.doubt
	k.stale, k.plannedFor = 0, load(&k.crowd.frontier)
	ok := f.take(k.spans)
	k.mu.Unlock()
	if !ok { // all that ended was dropped: what runs is as if of a new kind
		k.plan.Store(nil)
		return
	}
	if f.ended < kinJobs {
		k.profile.Store(nil)
		k.plan.Store(f.plan(a.wish(), doubt, a.kin.Load()))
		return
	}
	k.plan.Store(f.plan(a.wish(), doubt, nil))
	k.profile.Store(f.profile())
	a.kinship()
}
