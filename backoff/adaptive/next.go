package adaptive

import "math"

const (
	// coldSpread is how far the polls of watches of an unknown kind are spread, as a share of the
	// distance to the next poll.
	coldSpread = 0.6
	// firstGuess is the assumed duration of a job, in seconds, that About uses before any job has
	// ended.
	firstGuess = 10.0
)

// A view is what decides the next poll of a watch: the plan of its kind, and the other running
// watches.
type view struct {
	kind  *kind
	plan  *plan // nil if nothing is known
	crowd int   // number of running watches of the kind
	scout bool  // whether the watch is followed, so that its polls help the others
}

// next returns the age at which to poll w next. A result of at most w.now means that the poll is
// made now.
func (k *kind) next(w *watch, g *goal, x *kin) float64 {
	v := view{kind: k, plan: k.plan.Load(), crowd: int(k.record.crowd.running.Load())}
	if v.plan == nil && x != nil {
		v.plan = x.plan
	}
	w.phase = w.key.Unit(seedScout, 0)
	if place := k.record.roster.find(max(uint64(w.key), 1)); place >= 0 {
		v.scout = true
		w.phase = golden(k.record.roster.places[place].number.Load())
	}
	var at float64
	switch {
	case v.plan != nil:
		at = v.planned(w)
	case v.crowd > 1:
		at = v.cold(w, g.wish())
	default:
		at = g.wish().cold(w)
	}
	if w.Err != nil {
		// A poll that failed says nothing about the job, so it is not known which polls are worth making.
		if late := w.age + min(failGrowth*max(w.Previous.Seconds(), leastWait.Seconds()), w.age/2); at < late {
			return late
		}
	}
	return at
}

const failGrowth = 1.5

// planned returns the age at which to poll w by the plan.
func (v *view) planned(w *watch) float64 {
	at, sooner := 0.0, false
	if w.Progress > 0 {
		at, sooner = v.plan.progressed(v.kind.progress.Load(), w.age, w.Progress)
	}
	if !sooner {
		at = v.plan.after(w, v.scout || v.crowd <= 1)
	}
	if v.scout || v.crowd <= 1 {
		at = v.probe(w, at)
	}
	if v.crowd <= 1 {
		return at
	}
	return v.amidst(w, at)
}

// slack returns how far a poll may be beyond the greatest age about which anything is known.
func slack(t, kappa float64) float64 { return max(min(t/2, math.Sqrt(2*t/kappa)), 1/kappa) }

// stagger returns the largest share of the slack that a scout with the number u waits. The first
// scout of a crowd of n polls after about 1/√n of the slack. The delay of all watches until that
// poll then costs as much as the poll.
func stagger(u, crowd float64) float64 {
	least := 1 / math.Sqrt(crowd)
	return least + (1-least)*u
}

// amidst returns the age at which to poll w while other watches of the kind run too. Without them,
// it would be the age at.
func (v *view) amidst(w *watch, at float64) float64 {
	plan := v.plan
	edge := max(load(&v.kind.record.crowd.frontier), w.age)
	far := edge + slack(edge, plan.kappa)
	if v.scout {
		u := w.turn(1 / math.Phi / math.Phi / math.Phi)
		part := min(scatter, scatterCrowd*float64(v.crowd)/float64(plan.jobs))
		at = plan.within(w.age, at, 1-part*u)
		far = edge + slack(edge, plan.kappa)*stagger(u, float64(v.crowd))
	}
	at = min(at, far)
	if at <= w.now {
		return at
	}
	// Next is called again before that, because by then the polls of other watches may have shown
	// more.
	return min(at, w.now+math.Sqrt(2*w.now/plan.kappa)/checks)
}

const (
	checks = 4
	// scatter is the largest share of its wait by which a scout polls early, so that ages are sampled
	// at which no other watch is polled. If it gives less, the share is scatterCrowd times the running
	// watches, divided by the known jobs.
	scatter      = 0.5
	scatterCrowd = 0.25
)

// cold returns the age at which to poll w while other watches of the kind run too, and no job is
// known to have ended.
//
// If jobs were seen to run for A seconds in total and none ended, the probability of lasting from a
// to t falls as √(A/(A+t−a)), whether A is the time of one job or of many. The best gap is then
// 2√(A/κ).
//
// A job that has run far longer than w may be stuck, and says little about w.
func (v *view) cold(w *watch, wish wish) float64 {
	about := &v.kind.record.crowd
	crowd := float64(v.crowd)
	young := farOlder * max(w.age, 16/wish.rate(w.age))
	edge := min(max(load(&about.frontier), w.age), young)
	kappa := wish.rate(edge)
	far := edge + slack(edge, kappa)
	at := far
	if v.scout {
		m := min(crowd, maxFollowed)
		alive := min(load(&about.alive), young*m)
		seen := max(alive, w.age*m/2) + m/(4*kappa)
		gap := 2 * math.Sqrt(seen/kappa*m/crowd)
		u := w.turn(1 / math.Phi / math.Phi / math.Phi)
		if w.Attempt == 0 {
			gap *= u
		} else {
			gap *= 0.75 + 0.5*u
		}
		at = min(w.age+gap, edge+slack(edge, kappa)*stagger(u, crowd))
	}
	at = wish.bound(w.age, at)
	if at <= w.now {
		return at
	}
	return min(at, w.now+slack(w.now, kappa)/checks)
}

// farOlder is the ratio of ages from which another job counts as far older.
const farOlder = 4

// cold returns the time of the next poll of a kind without any data: the next n²/κ, with n shifted
// a little for each watch.
func (wish wish) cold(w *watch) float64 {
	kappa := wish.rate(w.age)
	shift := coldSpread * (w.key.Unit(seedTie, 0) - 0.5)
	n := math.Floor(math.Sqrt(w.age*kappa)-shift+1e-6) + 1
	at := max(n, 1) + shift
	return wish.bound(w.age, at*at/kappa)
}

// rate returns kappa. If no kappa is set, it returns an estimate for jobs that are known only to
// last as long as the given age.
func (w wish) rate(age float64) float64 {
	if w.kappa == 0 {
		return w.about * w.about / max(firstGuess, age)
	}
	return w.kappa
}

// bound limits the time of the poll after age to the share of age that the option Within sets.
func (w wish) bound(age, at float64) float64 {
	if w.within > 0 && age > 0 {
		return min(at, age*(1+w.within))
	}
	return at
}

// probe returns the age at which to poll w. That is usually the age at, and seldom an earlier age,
// to find whether jobs have become shorter. Let a crowd of n make p such polls in a wait of W
// seconds. Let ρ be the probability that jobs have become shorter. Then the polls cost as much as
// they gain at p = √(ρnκW/2).
func (v *view) probe(w *watch, at float64) float64 {
	plan, crowd := v.plan, float64(max(v.crowd, 1))
	wait := at - w.age
	if plan.unknown == 0 {
		return at // the service says when jobs ended, so a later poll shows as much
	}
	change := load(&v.kind.record.change)
	rate, most := changeFirst+change, changeMost
	switch {
	case crowd == 1:
		most = changeAlone
	case plan.doubt:
		rate, most = changeDoubt, changeDoubt
	}
	probes := min(math.Sqrt(rate*crowd*plan.kappa*wait/2), max(most, change)*crowd)
	// The same number decides which watch polls early, and when, so that the times are evenly spread.
	if u := w.turn(1/math.Sqrt2) * min(crowd, maxFollowed) / probes; u < 1 {
		return w.age + wait*math.Exp(u*logSoonest)
	}
	return at
}

const (
	changeDoubt = 0.3
	// logSoonest is the logarithm of the smallest share of the wait before an early poll, which is a
	// tenth.
	logSoonest = -math.Ln10

	// changeFirst is the assumed probability of a change within a wait, before any was seen.
	// changeMost is the largest share of polls that are made to find a change.
	changeFirst = 1e-3
	changeMost  = 0.02
	changeAlone = 0.005 // the same while only one job of the kind runs
)

// golden returns the fraction of n times the golden ratio. The fractions of consecutive numbers are
// evenly spread over [0, 1), however many they are (Knuth, The Art of Computer Programming, vol. 3,
// 6.4).
func golden(n uint32) float64 { return float64(n*0x9e3779b9) / (1 << 32) }

// turn returns the phase of w at its attempt. Each attempt adds the argument to the phase, modulo
// 1.
func (w *watch) turn(by float64) float64 {
	_, part := math.Modf(w.phase + float64(w.Attempt)*by)
	return part
}
