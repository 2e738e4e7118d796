package adaptive

import (
	"sync"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// kind is what is known about the jobs of one kind, and the plan that was made of it. Polls read
// the plan without a lock.
type kind struct {
	plan     atomic.Pointer[plan]     // nil before any job is known to have ended
	progress atomic.Pointer[progress] // nil before any was reported
	profile  atomic.Pointer[profile]  // nil before enough jobs are known
	used     atomic.Uint64            // the tick of the last use: see kinds

	planning sync.Mutex // held while a plan is made, without mu

	mu     sync.Mutex
	record record
}

// begin records that a watch begins.
func (k *kind) begin(key uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.record.begin(key, k.plan.Load())
}

// seen records that a job was seen to run, and reports whether a new plan is due.
func (k *kind) seen(key uint64, age float32) bool {
	if !k.record.mayFollow(key) {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.record.seen(key, age, k.plan.Load())
}

// left records that a watch ended, with the span s if ok is true. It reports whether a new plan is
// due.
func (k *kind) left(key uint64, s span, ok bool, marks []backoff.Mark) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if ok && s.ended() && len(marks) > 0 {
		k.progress.Store(k.progress.Load().with(marks, s))
	}
	return k.record.left(key, s, ok, k.plan.Load())
}

// replan makes the plan from the history, unless another goroutine is doing so.
func (k *kind) replan(w wish, x *kin) (counts bool) {
	return k.planning.TryLock() && k.plans(w, x)
}

// replanNow is like replan, but waits for another goroutine that makes the plan. It then makes a
// plan if there is anything new. If heeds is true, it also makes a plan for a kind that still uses
// its kin, because what the kinds have in common is new.
func (k *kind) replanNow(w wish, x *kin, heeds bool) (counts bool) {
	k.planning.Lock()
	k.mu.Lock()
	fresh := k.record.stale == 0 && k.plan.Load() != nil && !(heeds && k.record.ended < kinJobs)
	k.mu.Unlock()
	if fresh {
		k.planning.Unlock()
		return false
	}
	return k.plans(w, x)
}

// plans makes the plan. It reports whether the kind has enough jobs to count for the kin of other
// kinds. The argument x is its own kin. The caller holds planning, which plans unlocks.
func (k *kind) plans(w wish, x *kin) (counts bool) {
	defer k.planning.Unlock()
	f := fitters.Get().(*fitter)
	defer fitters.Put(f)
	k.mu.Lock()
	doubt, ok := k.record.hand(f)
	k.mu.Unlock()
	if !ok { // all ended jobs were dropped, so the running jobs count as jobs of a new kind
		k.plan.Store(nil)
		return false
	}
	if f.ended < kinJobs {
		k.profile.Store(nil)
		k.plan.Store(f.plan(w, doubt, x))
		return false
	}
	k.plan.Store(f.plan(w, doubt, nil))
	k.profile.Store(f.profile())
	return true
}
