package adaptive

import "math"

const (
	// coldSpread is how far the polls of watches of an unknown kind are spread, as a share of the
	// way to the next.
	coldSpread = 0.6
	// firstGuess is how long a job is taken to last, in seconds, for About before any has ended.
	firstGuess = 10.0
)

// next is the age at which to poll w next. The result is not beyond w.now where that is now.
func (k *kind) next(w *watch, a *Learner) float64 {
	at := k.nextPoll(w, a)
	if w.Err != nil {
		// A poll that failed says nothing of the job: what pays for itself is not known.
		if late := w.age + min(failGrowth*max(w.Previous.Seconds(), leastWait.Seconds()), w.age/2); at < late {
			return late
		}
	}
	return at
}

const failGrowth = 1.5

func (k *kind) nextPoll(w *watch, a *Learner) float64 {
	plan := k.plan.Load()
	if x := a.kin.Load(); plan == nil && x != nil {
		plan = x.plan
	}
	crowd := int(k.crowd.running.Load())
	w.phase = w.key.Unit(seedScout, 0)
	place := k.roster.find(max(uint64(w.key), 1))
	scout := place >= 0
	if scout {
		w.phase = golden(k.roster.places[place].number.Load())
	}
	if plan == nil {
		if crowd <= 1 {
			return a.wish().cold(w)
		}
		return k.coldCrowd(w, a.wish(), float64(crowd), scout)
	}
	at, sooner := 0.0, false
	if w.Progress > 0 {
		at, sooner = plan.progressed(k.progress.Load(), w.age, w.Progress)
	}
	if !sooner {
		at = plan.after(w, scout || crowd <= 1)
	}
	if scout || crowd <= 1 {
		at = k.probe(w, plan, at, float64(max(crowd, 1)))
	}
	if crowd <= 1 {
		return at
	}
	return k.amidst(w, plan, at, crowd, scout)
}

// slack is how far beyond an age at which anything is known a poll may be at most.
func slack(t, kappa float64) float64 { return max(min(t/2, math.Sqrt(2*t/kappa)), 1/kappa) }

// stagger is the share of the slack that a scout with the number u waits at most. The first of the
// scouts of a crowd of n polls after about 1/√n of it: the delay of all until there is news, and
// the poll that brings it, then cost the same.
func stagger(u, crowd float64) float64 {
	least := 1 / math.Sqrt(crowd)
	return least + (1-least)*u
}

// amidst is the age at which to poll w, which could be at an age, where others run too.
func (k *kind) amidst(w *watch, plan *plan, at float64, crowd int, scout bool) float64 {
	edge := max(load(&k.crowd.frontier), w.age)
	far := edge + slack(edge, plan.kappa)
	if scout {
		u := w.turn(1 / math.Phi / math.Phi / math.Phi)
		part := min(scatter, scatterCrowd*float64(crowd)/float64(plan.jobs))
		at = plan.within(w.age, at, 1-part*u)
		far = edge + slack(edge, plan.kappa)*stagger(u, float64(crowd))
	}
	at = min(at, far)
	if at <= w.now {
		return at
	}
	// Come back before that: others may have brought news.
	return min(at, w.now+math.Sqrt(2*w.now/plan.kappa)/checks)
}

const (
	checks = 4
	// scatter is by what share of its wait a scout's poll may be early, so that ages are looked at
	// that nobody else looks at; scatterCrowd, where it is less, is that for each watch that runs,
	// for each job known.
	scatter      = 0.5
	scatterCrowd = 0.25
)

// coldCrowd is the age at which to poll w, where others of its kind run too and none is known to
// have ended.
//
// With a total of A seconds seen of jobs of which none ended, the chance to last from a to t falls
// as √(A/(A+t−a)), for one as for many. The best gap is then 2√(A/κ).
//
// A job that has run for far longer than w may be stuck. It says little of w.
func (k *kind) coldCrowd(w *watch, wish wish, crowd float64, scout bool) float64 {
	young := farOlder * max(w.age, 16/wish.rate(w.age))
	edge := min(max(load(&k.crowd.frontier), w.age), young)
	kappa := wish.rate(edge)
	far := edge + slack(edge, kappa)
	at := far
	if scout {
		m := min(crowd, maxFollowed)
		alive := min(load(&k.crowd.alive), young*m)
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

// farOlder is how many times as old another job is that is far older.
const farOlder = 4

// cold is the time of the poll after age where nothing is known: the next n²/κ, where each watch
// moves n a little.
func (wish wish) cold(w *watch) float64 {
	kappa := wish.rate(w.age)
	shift := coldSpread * (w.key.Unit(seedTie, 0) - 0.5)
	n := math.Floor(math.Sqrt(w.age*kappa)-shift+1e-6) + 1
	at := max(n, 1) + shift
	return wish.bound(w.age, at*at/kappa)
}

// rate is kappa, or what stands for it where no more is known than that jobs last as long as an
// age.
func (w wish) rate(age float64) float64 {
	if w.kappa == 0 {
		return w.about * w.about / max(firstGuess, age)
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

// probe is the age at which to poll w, which would be at an age, or, seldom, anywhere before it: to
// find whether jobs have become shorter. With p such polls in a wait of W seconds of a crowd of n,
// and a chance ρ of that, what is paid for it and what is then saved balance at p = √(ρnκW/2).
func (k *kind) probe(w *watch, plan *plan, at, crowd float64) float64 {
	wait := at - w.age
	if plan.unknown == 0 {
		return at // the service says when jobs ended, so that a poll that comes late teaches as much
	}
	rate, most := changeFirst+load(&k.change), changeMost
	switch {
	case crowd == 1:
		most = changeAlone
	case plan.doubt:
		rate, most = changeDoubt, changeDoubt
	}
	probes := min(math.Sqrt(rate*crowd*plan.kappa*wait/2), max(most, load(&k.change))*crowd)
	// The same number says who polls early, and when: so the times are evenly spread.
	if u := w.turn(1/math.Sqrt2) * min(crowd, maxFollowed) / probes; u < 1 {
		return w.age + wait*math.Exp(u*logSoonest)
	}
	return at
}

const (
	changeDoubt = 0.3
	// logSoonest is the logarithm of the least share of the wait that is waited, a tenth.
	logSoonest = -math.Ln10

	// changeFirst is the chance of a change within a wait before it is learned, and changeMost of
	// the polls are made to find one.
	changeFirst = 1e-3
	changeMost  = 0.02
	changeAlone = 0.005 // the same where only one job of the kind runs
)

// golden is the fraction of n times the golden ratio: however many come one after the other, they
// are spread evenly over [0, 1) (Knuth, The Art of Computer Programming, vol. 3, 6.4).
func golden(n uint32) float64 { return float64(n*0x9e3779b9) / (1 << 32) }

// turn is the phase of w at its attempt, where each attempt turns it by a share.
func (w *watch) turn(by float64) float64 {
	_, part := math.Modf(w.phase + float64(w.Attempt)*by)
	return part
}
