package adaptive

import (
	"math"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/draw"
	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// leastWait is the shortest wait that a Learner returns, so that it never spins.
const leastWait = time.Millisecond

// The seeds of the random numbers that are drawn from the key of a watch.
const (
	seedTie = iota
	seedProbe
	seedWhere
	seedEarly
	seedScout
	seedGap
)

// Learner is a [backoff.Strategy] that learns how long jobs take. Use [New] to make one. A Learner
// is safe for concurrent use. It takes at most 16 KiB of memory for each kind of job.
type Learner struct {
	goal    goal
	kinds   kinds
	kinship kinship
}

var (
	_ backoff.Follower  = (*Learner)(nil)
	_ backoff.Ranker    = (*Learner)(nil)
	_ backoff.Validator = (*Learner)(nil)
)

// Next returns the wait until the next poll. It is at least 1 ms and at least p.RetryAfter. It
// takes a lock only to find the kind, and does not allocate.
func (a *Learner) Next(p backoff.Poll) time.Duration {
	age := max(p.Elapsed, 0).Seconds()
	now := age + max(p.Waited, 0).Seconds()
	w := watch{Poll: p, key: draw.Of(p.Key), age: age, now: now}
	var at float64
	x := a.kinship.kin.Load()
	if k := a.kinds.get(p.Kind); k != nil {
		a.kinds.polled(k)
		at = k.next(&w, &a.goal, x)
	} else if x != nil {
		at = x.plan.after(&w, false)
	} else {
		at = a.goal.wish().cold(&w)
	}
	return max(instant.Saturated(math.Ceil((at-age)*1e9)), leastWait, p.RetryAfter)
}

// watch is the watch about which Next is called.
type watch struct {
	backoff.Poll
	key      draw.Key
	age, now float64 // at the last poll, and now, in seconds
	phase    float64 // in [0, 1), evenly spread over the watches
}

func (w *watch) unit(seed uint64) float64 { return w.key.Unit(seed, w.Attempt) }

// Follow informs the Learner about a watch: see [backoff.Follower]. An age of 0 says that the watch
// begins. Any other age says that the job was seen to run at that age. A Learner follows a limited
// number of watches of each kind at once. It ignores an age of 0 for a watch that it follows, and
// any age that is not above the last one. It ignores an unknown key, unless it has room to begin
// following that watch late.
func (a *Learner) Follow(key, name string, age time.Duration) {
	k := a.kinds.get(name)
	switch {
	case age < 0:
		return
	case age == 0:
		if k == nil {
			k = a.kinds.add(name)
		}
		k.begin(hashOf(key))
	case k != nil:
		if k.seen(hashOf(key), roundUp(age.Seconds())) {
			a.replan(k)
		}
	}
}

// hashOf returns the hash of a key, which is never 0.
func hashOf(key string) uint64 { return max(uint64(draw.Of(key)), 1) }

// Observe informs the Learner about a watch that has ended: see [backoff.Learner]. It ignores an
// impossible outcome, such as a job that ended before it was last seen to run.
func (a *Learner) Observe(o backoff.Outcome) {
	s, ok := newSpan(o)
	k := a.kinds.get(o.Kind)
	if k == nil {
		if !ok {
			return
		}
		k = a.kinds.add(o.Kind)
	}
	a.kinds.observed(k)
	if k.left(hashOf(o.Key), s, ok, o.Marks) {
		a.replan(k)
	}
}

// replan makes the plan of k anew.
func (a *Learner) replan(k *kind) {
	if k.replan(a.goal.wish(), a.kinship.kin.Load()) {
		a.kinship.renew(&a.kinds, a.goal.wish())
	}
}

// settle makes all plans again that are out of date. The plans then depend only on the spans, not
// on the order in which they were learned.
func (a *Learner) settle(all []named) {
	w, s := a.goal.wish(), &a.kinship
	for _, k := range all {
		if k.replanNow(w, s.kin.Load(), false) {
			s.renew(&a.kinds, w)
		}
	}
	s.finding.Lock()
	s.find(slices.Clone(all), w, a.kinds.tick.Load())
	s.finding.Unlock()
	for _, k := range all {
		if k.replanNow(w, s.kin.Load(), true) {
			s.renew(&a.kinds, w)
		}
	}
}
