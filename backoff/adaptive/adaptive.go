package adaptive

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/draw"
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
)

// Learner is a [backoff.Strategy] that learns how long jobs take. Use [New] to make one. A Learner
// is safe for concurrent use. It takes at most 16 KiB of memory for each kind of job.
type Learner struct {
	about, worth, within float64 // as asked for; worth in seconds, 0 where not said
	limit                int

	tick  atomic.Uint64 // rises by two with each observation; what was polled since is one above
	mu    sync.RWMutex
	kinds map[string]*kind

	relating sync.Mutex // held by whoever makes kin
	kin      atomic.Pointer[kin]
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
	if k := a.lookup(p.Kind); k != nil {
		k.used.Store(a.tick.Load() + 1)
		at = k.next(&w, a)
	} else if x := a.kin.Load(); x != nil {
		at = x.plan.after(&w, false)
	} else {
		at = a.wish().cold(&w)
	}
	return max(saturate(math.Ceil((at-age)*1e9)), leastWait, p.RetryAfter)
}

// watch is the watch about which Next is called.
type watch struct {
	backoff.Poll
	key      draw.Key
	age, now float64 // at the last poll, and now, in seconds
	phase    float64 // in [0, 1), evenly spread over the watches
}

func (w *watch) unit(seed uint64) float64 { return w.key.Unit(seed, w.Attempt) }

// lookup returns the kind of the given name, or nil.
func (a *Learner) lookup(name string) *kind {
	a.mu.RLock()
	k := a.kinds[name]
	a.mu.RUnlock()
	return k
}

// known returns the kind of the given name, or nil if it has no plan.
func (a *Learner) known(name string) *kind {
	if k := a.lookup(name); k != nil && k.plan.Load() != nil {
		return k
	}
	return nil
}

// Follow informs the Learner about a watch: see [backoff.Follower]. An age of 0 says that the watch
// begins. Any other age says that the job was seen to run at that age. A Learner follows a limited
// number of watches of each kind at once. It ignores an unknown key, a key that begins twice, and
// an age below an earlier one.
func (a *Learner) Follow(key, name string, age time.Duration) {
	k := a.lookup(name)
	switch {
	case age < 0:
		return
	case age == 0:
		if k == nil {
			k = a.kind(name)
		}
		k.begin(hashOf(key))
	case k != nil:
		if k.seen(hashOf(key), roundUp(age.Seconds())) {
			k.replan(a)
		}
	}
}

// hashOf returns the hash of a key, which is never 0.
func hashOf(key string) uint64 { return max(uint64(draw.Of(key)), 1) }

// Observe informs the Learner about a watch that has ended: see [backoff.Learner]. It ignores an
// impossible outcome, such as a job that ended before it was last seen to run.
func (a *Learner) Observe(o backoff.Outcome) {
	s, ok := newSpan(o)
	k := a.lookup(o.Kind)
	if k == nil {
		if !ok {
			return
		}
		k = a.kind(o.Kind)
	}
	k.used.Store(a.tick.Add(2))
	if k.left(hashOf(o.Key), s, ok, o.Marks) {
		k.replan(a)
	}
}

// kind returns the kind of the given name, which it makes if it is new.
func (a *Learner) kind(name string) *kind {
	if k := a.lookup(name); k != nil {
		return k
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if k := a.kinds[name]; k != nil {
		return k
	}
	for len(a.kinds) >= max(a.limit, 1) {
		a.forget()
	}
	k := &kind{}
	k.used.Store(a.tick.Load())
	a.kinds[name] = k
	return k
}

// forget removes the kind that was used least recently. The caller holds a.mu.
func (a *Learner) forget() {
	var oldest string
	least := uint64(math.MaxUint64)
	for name, k := range a.kinds {
		if u := k.used.Load(); u < least {
			oldest, least = name, u
		}
	}
	delete(a.kinds, oldest)
}

// saturate returns ns nanoseconds as a Duration in [0, math.MaxInt64]. For NaN it returns the
// largest.
func saturate(ns float64) time.Duration {
	switch {
	case ns <= 0:
		return 0
	case ns < math.MaxInt64:
		return time.Duration(ns)
	default:
		return math.MaxInt64
	}
}
