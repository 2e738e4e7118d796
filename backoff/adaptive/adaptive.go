package adaptive

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/draw"
)

// Defaults of [New].
const (
	// DefaultAbout is the number of requests a job that an Adaptive aims at.
	DefaultAbout = 5.0
	// DefaultKinds is the number of kinds of job that an Adaptive remembers.
	DefaultKinds = 1024
)

const (
	// firstGuess is how long a job is taken to last, in seconds, for About before any has ended.
	firstGuess = 10.0
	// coldSpread is how far the polls of watches of an unknown kind are spread, as a share of the way to the next.
	coldSpread = 0.6
	// leastWait keeps a plan from spinning, whatever it is asked for.
	leastWait = time.Millisecond
)

// The seeds of what a watch draws from its key.
const (
	seedTie = iota
	seedProbe
	seedWhere
	seedEarly
)

// Adaptive learns how long jobs of each kind take, and polls when they are likely to end. It hears of the end sooner than
// a fixed schedule does for the same number of requests. Weighing both, after twenty jobs it is about 5 % off the best that is
// possible for someone who knows the distribution of durations, or 13 % where the service does not say when jobs ended.
//
// Take it where jobs of a kind recur, and a [Poll]'s Kind says which they are. Told nothing else it makes about
// [DefaultAbout] requests a job; [About] and [Worth] say otherwise.
//
// A schedule costs N + κ·D, with N polls and a detection delay of D seconds, where a second of delay is worth κ polls
// (Barlow, Hunter & Proschan 1963). Adaptive finds the cheapest schedule for what it expects of the next job. Where no
// job of the kind has ended yet, poll n is at n²/κ, which costs at most about √2 times the best fixed interval, however long
// jobs turn out to be. Of a watch it usually learns no more than between which two polls the job ended; so a few watches
// look a little earlier than they need to. Where jobs suddenly take much longer or shorter, what was learned before is
// dropped. Many watches of a kind are spread over the times that are equally good. Where a service reports progress, Adaptive
// learns what share of the time each share of the work stands for, in whatever curve, and asks when the job's own progress lets
// expect its end; progress that has meant nothing so far is not heeded. Where a Watcher's limits bind, Rank says which of the polls
// that are due are likely to find an end.
//
// The history is bounded: some 10 KiB a kind, and [Kinds] kinds, of which the least recently used is forgotten first. It can
// be saved by MarshalBinary and loaded by UnmarshalBinary. Next allocates nothing; Observe plans anew in about 200 µs,
// less and less often as a kind becomes well known. An Adaptive is safe for concurrent use. It is made by [New].
type Learner struct {
	about, worth, within float64 // as asked for; worth in seconds, 0 where not said
	limit                int

	tick  atomic.Uint64 // rises by two with each observation; what was polled since is one above
	mu    sync.RWMutex
	kinds map[string]*kind
}

// kind is what is known of jobs of one kind.
type kind struct {
	plan     atomic.Pointer[plan]
	progress atomic.Pointer[progress] // nil before any was reported
	used     atomic.Uint64

	mu      sync.Mutex
	history history
	stale   int // observations since the plan was made
}

var (
	_ backoff.Learner   = (*Learner)(nil)
	_ backoff.Ranker    = (*Learner)(nil)
	_ backoff.Validator = (*Learner)(nil)
)

// Option is an option of [New].
type Option func(*Learner)

// About asks for about so many requests a job, at least 1, on the average of a kind. The default is [DefaultAbout]. Jobs
// that always take the same time get by with fewer. It cannot be given together with [Worth].
func About(requests float64) Option { return func(a *Learner) { a.about = requests } }

// Worth asks for as many requests as pay for themselves, where one more request is worth hearing of the end sooner by the
// given delay. With Worth(2*time.Second), jobs that take from 58 to 62 seconds are polled once or twice, and jobs of a minute
// on the average whose end cannot be guessed some five times. It cannot be given together with [About].
func Worth(delay time.Duration) Option {
	return func(a *Learner) { a.worth = delay.Seconds() }
}

// Within bounds the delay of each job by a share of its own duration, in (0, 1], by extra polls: with Within(0.1), once a
// watch has begun to poll it never waits longer than a tenth of its age. By default only jobs longer than nearly all before
// are bounded so, by a half.
func Within(share float64) Option { return func(a *Learner) { a.within = share } }

// Kinds limits the number of kinds that are remembered, at least 1. The default is [DefaultKinds].
func Kinds(limit int) Option { return func(a *Learner) { a.limit = limit } }

// New is an Adaptive that knows nothing yet. Options that make no sense are reported by Validate, and the default
// is taken in their place.
func New(opts ...Option) *Learner {
	unset := math.Inf(-1)
	a := &Learner{about: unset, worth: unset, within: unset, limit: DefaultKinds, kinds: map[string]*kind{}}
	for _, opt := range opts {
		if opt != nil {
			opt(a)
		}
	}
	return a
}

// Validate names each option whose value is impossible.
func (a *Learner) Validate() error {
	var errs []error
	said := func(v float64) bool { return !math.IsInf(v, -1) }
	if said(a.about) && !a.aboutValid() {
		errs = append(errs, fmt.Errorf("backoff: About(%v): requests a job must be at least 1", a.about))
	}
	if said(a.worth) && !a.worthValid() {
		errs = append(errs, fmt.Errorf("backoff: Worth(%vs): the delay must be above zero", a.worth))
	}
	if said(a.about) && said(a.worth) {
		errs = append(errs, fmt.Errorf("backoff: About(%v) and Worth(%vs): only one can be asked for", a.about, a.worth))
	}
	if said(a.within) && !(a.within > 0 && a.within <= 1) {
		errs = append(errs, fmt.Errorf("backoff: Within(%v): the share must be in (0, 1]", a.within))
	}
	if a.limit < 1 {
		errs = append(errs, fmt.Errorf("backoff: Kinds(%d): the limit must be at least 1", a.limit))
	}
	return errors.Join(errs...)
}

func (a *Learner) aboutValid() bool { return a.about >= 1 && a.about <= math.MaxInt32 }
func (a *Learner) worthValid() bool { return a.worth > 0 }

// wish is what the options ask of a plan: kappa polls for a second of delay, or else about so many polls a job.
type wish struct{ kappa, about, within float64 }

func (a *Learner) wish() wish {
	w := wish{about: DefaultAbout}
	if a.aboutValid() {
		w.about = a.about
	}
	if a.worthValid() && !a.aboutValid() {
		w.kappa = 1 / a.worth
	}
	if a.within > 0 && a.within <= 1 {
		w.within = a.within
	}
	return w
}

// Next is the wait until the job is next likely enough to have ended, at least 1 ms and at least p.RetryAfter.
func (a *Learner) Next(p backoff.Poll) time.Duration {
	age := max(p.Elapsed, 0).Seconds()
	var at float64
	if k := a.known(p.Kind); k != nil {
		k.used.Store(a.tick.Load() + 1)
		plan, sooner := k.plan.Load(), false
		if p.Progress > 0 {
			at, sooner = plan.progressed(k.progress.Load(), age, p.Progress)
		}
		if !sooner {
			at = plan.after(age, p)
		}
	} else {
		at = a.wish().cold(age, p)
	}
	return max(saturate(math.Ceil((at-age)*1e9)), leastWait, p.RetryAfter)
}

// cold is the time of the poll after age where nothing is known: the next n²/κ, where each watch moves n a little.
func (w wish) cold(age float64, p backoff.Poll) float64 {
	kappa := w.rate()
	p.Attempt = 0
	shift := coldSpread * (random(seedTie, p) - 0.5)
	n := math.Floor(math.Sqrt(age*kappa)-shift+1e-6) + 1
	at := max(n, 1) + shift
	return w.bound(age, at*at/kappa)
}

// rate is kappa, or what stands for it where nothing is known.
func (w wish) rate() float64 {
	if w.kappa == 0 {
		return w.about * w.about / firstGuess
	}
	return w.kappa
}

// bound keeps the poll that follows age within the asked share of it.
func (w wish) bound(age, at float64) float64 {
	if w.within > 0 && age > 0 {
		return min(at, age*(1+w.within))
	}
	return at
}

// known is the kind of that name if it has a plan, else nil.
func (a *Learner) known(name string) *kind {
	a.mu.RLock()
	k := a.kinds[name]
	a.mu.RUnlock()
	if k == nil || k.plan.Load() == nil {
		return nil
	}
	return k
}

// Observe learns from a finished watch, also from one that gave up. Outcomes that cannot be, such as one that ended before it
// was last seen to run, are ignored.
func (a *Learner) Observe(o backoff.Outcome) {
	s, ok := newSpan(o)
	if !ok {
		return
	}
	k := a.kind(o.Kind)
	k.used.Store(a.tick.Add(2))
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(o.Marks) > 0 && o.Ended {
		k.progress.Store(k.progress.Load().with(o.Marks, s))
	}
	if !k.history.add(s, k.plan.Load()) {
		// The more is known, the less one job more can change: plan again at 3 % more.
		if k.stale++; k.stale < len(k.history.spans)/32 {
			return
		}
	}
	k.replan(a.wish())
}

// replan makes the plan from the history. The caller holds k.mu.
func (k *kind) replan(w wish) {
	f := fitters.Get().(*fitter)
	defer fitters.Put(f)
	k.plan.Store(f.plan(&k.history, w))
	k.stale = 0
}

// kind is the kind of that name, made if it is new.
func (a *Learner) kind(name string) *kind {
	a.mu.RLock()
	k := a.kinds[name]
	a.mu.RUnlock()
	if k != nil {
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
	k = &kind{}
	k.used.Store(a.tick.Load())
	a.kinds[name] = k
	return k
}

// forget drops the kind that was used least recently. The caller holds a.mu.
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

// saturate returns ns as a duration in [0, math.MaxInt64], NaN as the largest.
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

// random returns a number in [0, 1) that looks random: a hash of the seed, the key and the attempt.
func random(seed uint64, p backoff.Poll) float64 { return draw.Of(p.Key).Unit(seed, p.Attempt) }
