package adaptive

import (
	"sync"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// kind is what is known of jobs of one kind.
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

// begin takes note of a watch that begins.
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

// append appends a span to the history. Where the oldest, which makes way, is followed, it is
// followed no more.
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

// seen takes note of a job that was seen to run, and tells whether it is time to plan.
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

// left takes note of a watch that was left, of which s is known if ok, and tells whether it is time
// to plan.
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

// removeSpan takes out the span of that number, of which nothing is known.
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

// due tells whether it is time to plan. The more is known, the less one job more can change: plan
// again at 3 % more.
func (k *kind) due() bool {
	p := k.plan.Load()
	if p == nil {
		return k.stale >= 1
	}
	return k.stale >= max(1, float64(len(k.spans))/32) ||
		load(&k.crowd.frontier) > frontierStep*k.plannedFor && 16*int(k.crowd.running.Load()) >= k.ended
}

// judge drops what no longer holds, and tells whether something changed that a plan should know of
// at once.
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

// count finds what follows from the spans.
func (k *kind) count() {
	k.ended = 0
	for _, s := range k.spans {
		if s.ended() {
			k.ended++
		}
	}
	store(&k.crowd.frontier, k.frontier())
}

// replan makes the plan from the history. Nobody waits for it but the caller: who finds that
// somebody plans goes on.
func (k *kind) replan(a *Learner) {
	if k.planning.TryLock() {
		k.plans(a)
	}
}

// replanNow is replan that waits for whoever plans, and then plans if there is anything new: for a
// kind that heeds its kin, what they have in common.
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

// plans makes the plan. The caller holds planning, which it gives back.
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
